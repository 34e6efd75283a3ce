#!/bin/bash
# Four VMs under QEMU, started by a user who is not root, to a healthy cluster; one
# switched off, one destroyed, and both up again; taken away. Emulation is slow, so
# what is not QEMU's is shown elsewhere: each verb, and the repair of a lost member, by
# test_nspawn.sh; what can go wrong by test_faults.sh.
set -uo pipefail
. "$(dirname "$0")/lib/scenario.sh"

site=$repo/examples/etcd-haproxy/site.roles
members=(etcd-1 etcd-2 etcd-3)

project() {
    cp "$repo/examples/quickstart/inventory.yaml" "$scratch/project/"
    mkdir "$scratch/project/group_vars"
    printf 'vm: {image: {path: "%s"}}\n' "$image" >"$scratch/project/group_vars/all.yml"
    own
}

run_site() { # NAME ARGS...
    local name=$1
    shift
    as_user timeout -k 5 900 "$rollout" -i "$scratch/project/inventory.yaml" --json \
        -e "pki_dir=$scratch/project/pki" "$site" "$@" >"$scratch/$name.jsonl" && return
    jq -r 'select(.status == "failed" or .status == "unreachable")' "$scratch/$name.jsonl"
    return 1
}

figures() { jq -r 'select(.event == "run_ended") | .host_stats[] | "\(.host) changed=\(.changed) failed=\(.failed) unreachable=\(.unreachable)"' "$scratch/$1.jsonl"; }
silent() {
    figures "$1"
    [ "$(figures "$1" | grep -c 'changed=0 failed=0 unreachable=0')" = 5 ]
}
etcdctl_on() {
    local host=$1
    shift
    vm ssh "$host" -- sudo sh -c "'set -a; . /etc/etcd/etcdctl.env; $*'"
}
healthy() { # HOST MEMBERS
    [ "$(etcdctl_on "$1" etcdctl endpoint health --cluster 2>&1 | tee /dev/stderr | grep -c 'is healthy')" = "$2" ] &&
        etcdctl_on "$1" ETCDCTL_ENDPOINTS=https://lb-1:2379 etcdctl endpoint health
}
soon() { # CMD...: it may still be starting
    for _ in {1..30}; do
        "$@" && return
        sleep 5
    done
    return 1
}
states() { vm status --json | jq -r 'map(.name + " " + .state) | sort | join(", ")'; }
have_states() { # those of etcd-1 to etcd-3, and lb-1
    local is want
    is=$(states) want="etcd-1 $1, etcd-2 $2, etcd-3 $3, lb-1 $4"
    echo "$is"
    [ "$is" = "$want" ]
}
not_root() { ! pgrep -u root -f "$scratch/project/.rollout"; }
identity() { vm ssh "$1" -- sudo cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub; }
# Layer 2 between the VMs: an ARP answer with the other's address.
sees() { vm ssh "$1" -- "ping -c 2 -W 5 $2 >/dev/null && ip neigh show" | grep -E 'REACHABLE|STALE|DELAY'; }

need_qemu
scenario_begin
image=$(test_image qemu) || exit 1
project
check 'four VMs up, in parallel' vm up
check 'they run' have_states running running running running
check 'QEMU without root' not_root
check 'one segment for all' sees etcd-1 lb-1
before=$(identity etcd-2)
check 'the site, from blank' run_site first
check 'healthy' healthy etcd-1 3
check 'once more' run_site second
check 'and silent' silent second

check 'etcd-3 halted' vm halt etcd-3
check 'etcd-2 destroyed' vm destroy --force etcd-2
check 'the others run' have_states running 'not created' stopped running
check 'both up, in parallel' vm up
check 'all run' have_states running running running running
check 'etcd-2 is the same host' test "$(identity etcd-2)" = "$before"
check 'on a new disk' vm ssh etcd-2 -- test ! -e /etc/etcd
check 'etcd-3 has its disk, and is a member again' soon healthy etcd-3 2
check 'destroy' vm destroy --force
check 'nothing is left' nothing_left
scenario_end
