#!/bin/bash
# Four VMs under QEMU, started by a user who is not root, to a healthy cluster; a
# member destroyed and made again; switched off and on; taken away.
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
healthy() {
    [ "$(etcdctl_on "$1" etcdctl endpoint health --cluster 2>&1 | tee /dev/stderr | grep -c 'is healthy')" = 3 ] &&
        etcdctl_on "$1" ETCDCTL_ENDPOINTS=https://lb-1:2379 etcdctl endpoint health
}
all_running() { [ "$(vm status --json | jq -r '[.[] | select(.state == "running")] | length')" = 4 ]; }
all_stopped() { [ "$(vm status --json | jq -r '[.[] | select(.state == "stopped")] | length')" = 4 ]; }
not_root() { ! pgrep -u root -f "$scratch/project/.rollout"; }
identity() { vm ssh "$1" -- sudo cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub; }
# Layer 2 between the VMs: an ARP answer with the other's address.
sees() { vm ssh "$1" -- "ping -c 2 -W 5 $2 >/dev/null && ip neigh show" | grep -E 'REACHABLE|STALE|DELAY'; }

need_qemu
scenario_begin
image=$(test_image qemu) || exit 1
project
check 'four VMs up, in parallel' vm up
check 'they run' all_running
check 'QEMU without root' not_root
check 'one segment for all' sees etcd-1 lb-1
before=$(identity etcd-2)
check 'the site, from blank' run_site first
check 'healthy' healthy etcd-1
check 'once more' run_site second
check 'and silent' silent second

check 'etcd-2 destroyed' vm destroy --force etcd-2
check 'and made again' vm up etcd-2
check 'as the same host' test "$(identity etcd-2)" = "$before"
check 'the same command repairs it' run_site repaired
check 'healthy again' healthy etcd-2
check 'then silent' run_site after
check 'on all' silent after

check 'halt' vm halt
check 'they are off' all_stopped
check 'up again' vm up
check 'healthy after that' healthy etcd-3
check 'destroy' vm destroy --force
check 'nothing is left' nothing_left
scenario_end
