# shellcheck shell=bash
# Does a secret show anywhere? Canaries are what must not be seen: a password that is
# planted, and the inside of every private key there is. Sourced after lib.sh.

canary=canary-$(head -c 12 /dev/urandom | base64 | tr -dc 'A-Za-z0-9')

# Every argument list on every machine, all the time: their processes are this one's.
watch_arguments_begin() {
    (
        while [ ! -e "$scratch/watch.stop" ]; do
            cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | sort -u
            sleep 0.05
        done >"$scratch/arguments"
    ) &
    watcher=$!
}
watch_arguments_end() {
    touch "$scratch/watch.stop"
    wait "$watcher"
    rm "$scratch/watch.stop"
    sort -u -o "$scratch/arguments" "$scratch/arguments"
}

private_keys() { # of the controller, the jump host's copy, and all machines
    find "$scratch/pki" -name '*.key' -exec cat {} + 2>/dev/null
    for host in ${cluster_names//,/ }; do
        hosts enter "$host" find /etc /home /root /var/lib/kubelet -xdev -type f \( -name '*.key' -o -name 'id_*' -o -name 'ssh_host_*_key' \) ! -name '*.pub' -exec cat {} + 2>/dev/null
    done
}
# A line of each key, the passphrase, the encryption key, and a service account's token.
canaries() {
    echo "$canary"
    private_keys | awk '/^-----BEGIN.*PRIVATE KEY/ { inside = /OPENSSH/ ? 3 : 2; next } inside && --inside == 1 { print }' | sort -u
    hosts enter master-1 sed -n 's/.*secret: \([^} ]*\).*/\1/p' /etc/kubernetes/encryption.yaml
    kubectl_on master-1 -n kube-system get secrets -o 'jsonpath={range .items[*]}{.data.token}{"\n"}{end}' | base64 -d | tr '.' '\n' | awk 'length > 60' | sort -u
}

# Lines of FILE... that have one, cut short.
tell_canaries() { # WHERE FILE...
    local where=$1
    shift
    grep -aoF -f "$scratch/canaries" -- "$@" 2>/dev/null | cut -c1-160 | sort | uniq -c | sed "s|^|$where: |"
}

in_output() { tell_canaries output "$scratch"/*.jsonl "$scratch"/run.err; }
in_arguments() { tell_canaries arguments "$scratch/arguments"; }

# Journals, logs and whatever others can read on a machine: $1 is where it is.
in_machine() { # NAME
    hosts enter "$1" sh -c 'cat >/run/canaries; chmod 600 /run/canaries
        journalctl --no-pager -o cat 2>/dev/null | grep -aoF -f /run/canaries | sed "s/^/journal: /" | sort -u
        find /etc /home /root /var /tmp /opt /run /usr/local /srv -xdev -type f -size -8M \( -perm -004 -o -path "/var/log/*" \) ! -path /run/canaries \
            -exec grep -alF -f /run/canaries {} + 2>/dev/null
        find / -xdev -type f -perm /044 -exec grep -alE -m1 -e "^-----BEGIN ([A-Z]+ )?PRIVATE KEY" {} + 2>/dev/null | grep -v -e ^/usr/share -e ^/usr/lib -e ^/srv/packages
        rm /run/canaries' <"$scratch/canaries" | sed "s/^/$1: /"
}

no_secret_shows() {
    local host
    canaries >"$scratch/canaries"
    [ "$(wc -l <"$scratch/canaries")" -ge 20 ] || { echo "too few canaries: $(wc -l <"$scratch/canaries")"; return 1; }
    {
        in_output
        in_arguments
        for host in ${cluster_names//,/ }; do in_machine "$host"; done
        find "$scratch/pki" \( -name '*.key' -o -type d \) -perm /077
    } >"$scratch/seen"
    rm "$scratch/canaries"
    cut -c1-200 "$scratch/seen"
    [ ! -s "$scratch/seen" ]
}
