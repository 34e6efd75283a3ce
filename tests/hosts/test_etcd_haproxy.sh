#!/bin/bash
# The example from blank machines to a healthy cluster; once more and silent; a
# member's machine lost, and brought back by the same command.
set -uo pipefail
. "$(dirname "$0")/lib/scenario.sh"
. "$(dirname "$0")/lib/etcd-haproxy.sh"

no_client_without_certificate() {
    ! hosts enter etcd-1 etcdctl --insecure-skip-tls-verify --endpoints=https://127.0.0.1:2379 endpoint health &&
        ! hosts enter etcd-1 etcdctl --endpoints=http://127.0.0.1:2379 endpoint health
}

keys_are_private() { # on the hosts and on the controller
    local host open
    for host in "${members[@]}"; do
        open=$(hosts enter "$host" find /etc/etcd -name '*.key' -perm /077)
        [ -z "$open" ] || { echo "$host: $open"; return 1; }
        [ "$(hosts enter "$host" find /etc/etcd -name '*.key' | wc -l)" -ge 3 ] || { echo "$host: too few keys"; return 1; }
    done
    open=$(find "$pki" \( -name '*.key' -perm /077 \) -o \( -type d -perm /077 \))
    [ -z "$open" ] || { echo "controller: $open"; return 1; }
    [ "$(stat -c %a "$pki")" = 700 ]
}

no_key_was_shown() {
    ! grep -l 'PRIVATE KEY' "$scratch"/*.jsonl
}

example_begin
example first --diff
expect_exit 'the site on blank machines' 0
expect_healthy 'first run'
check 'no client without a certificate' no_client_without_certificate
check 'keys are private' keys_are_private
check 'no key in the output, with --diff and --json' no_key_was_shown
example second
expect_exit 'once more' 0
expect_silent 'and silent' second

check 'etcd-2 loses its disk' hosts wipe etcd-2
example wiped
expect_exit 'the same command' 0
expect_healthy 'etcd-2 replaced'
example again
expect_silent 'then silent' again

check 'etcd-2 loses its disk again' hosts wipe etcd-2
example limited --limit etcd-2
expect_exit 'the same command with --limit etcd-2' 0
check 'it touched etcd-2 alone' test "$(jq -r 'select(.event == "run_ended") | [.host_stats[].host] | join(",")' "$scratch/limited.jsonl")" = etcd-2
expect_healthy 'etcd-2 replaced with --limit'
example last
expect_silent 'then silent, on all' last
expect_clean 'nothing of rollout is left on the machines' "${machines[@]}"
lab_end
