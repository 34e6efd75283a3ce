#!/bin/bash
# One HTTP request on standard input, a file of the folder $1 as the answer; each
# request is noted in $1/requests. For systemd-socket-activate --inetd --accept.
read -r method path _
while IFS= read -r header && [ "$header" != $'\r' ] && [ -n "$header" ]; do :; done
echo "$method $path" >>"$1/requests"
file=$1$path
if [[ $path != *..* && -f $file ]]; then
    type=application/octet-stream
    [[ $path != *.json ]] || type=application/json
    printf 'HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %s\r\nConnection: close\r\n\r\n' "$type" "$(stat -c %s "$file")"
    [ "$method" = HEAD ] || cat "$file"
else
    printf 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
fi
