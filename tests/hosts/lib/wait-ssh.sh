#!/bin/bash
# wait-ssh.sh SSH_CONFIG NAME ADDRESS SECONDS: returns 0 once a login works.
# The port is tried first, since a whole ssh client per attempt costs more.
deadline=$((SECONDS + $4))
while [ "$SECONDS" -lt "$deadline" ]; do
    if timeout 2 bash -c ": </dev/tcp/$3/22" 2>/dev/null &&
        timeout 10 ssh -n -F "$1" -o BatchMode=yes -o ConnectTimeout=5 -o LogLevel=ERROR "$2" true 2>/dev/null; then
        exit 0
    fi
    sleep 0.2
done
exit 1
