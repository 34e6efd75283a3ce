#!/bin/bash
# The nspawn driver: eleven machines, the verbs one after the other, `rollout up`
# from nothing to a healthy cluster, and nothing left.
set -uo pipefail
. "$(dirname "$0")/lib/scenario.sh"
user=root

site=$repo/examples/etcd-haproxy/site.roles

project() {
    cp "$repo/examples/quickstart/inventory.yaml" "$scratch/project/"
    mkdir "$scratch/project/group_vars"
    printf 'vm_driver: nspawn\nvm: {image: "%s"}\n' "$tree" >"$scratch/project/group_vars/all.yml"
}
eleven() {
    cat >"$scratch/project/inventory.yaml" <<-END
	all:
	  vars: {vm_driver: nspawn, vm: {image: "$tree"}}
	  hosts: {"m[1:11]": {}}
	END
}

state_of() { vm status --json | jq -r --arg n "$1" '.[] | select(.name == $n) | .state'; }
has_state() { [ "$(state_of "$1")" = "$2" ]; }
identity() { vm ssh "$1" -- cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub /etc/hostname; }
under() { # SECONDS CMD...: from nothing; on a busy machine the best of three
    local limit=$1 begin i
    shift
    for i in 1 2 3; do
        [ "$i" = 1 ] || vm destroy --force || return 1
        begin=$EPOCHREALTIME
        "$@" || return 1
        awk -v a="$begin" -v b="$EPOCHREALTIME" -v l="$limit" 'BEGIN { printf "%.1f s\n", b - a; exit b - a > l }' && return
    done
    return 1
}
healthy() {
    [ "$(vm ssh "$1" -- sudo sh -c "'set -a; . /etc/etcd/etcdctl.env; etcdctl endpoint health --cluster'" 2>&1 | tee /dev/stderr | grep -c 'is healthy')" = 3 ]
}
silent() { grep -q '^total .* 0 changed$' "$scratch/up.log"; }
nothing_of_it() { # in the kernel
    ip -br link | grep "rl-$id" && return 1
    ip netns list | grep "rl-$id" && return 1
    nft list tables | grep "rollout_$id" && return 1
    [ -z "$(find /sys/fs/cgroup -name "rl-$id*" 2>/dev/null)" ]
}

[ "$(id -u)" = 0 ] || skip 'needs root'
for tool in systemd-nspawn mmdebstrap jq nft ip ssh; do
    command -v "$tool" >/dev/null || skip "needs $tool (tests/packages.debian)"
done
scenario_begin
tree=$(test_image nspawn) || exit 1
eleven
check 'eleven machines in less than 15 s' under 15 vm up
id=$(ip -br link | sed -n 's/^rl-\([0-9a-f]\{8\}\) .*/\1/p' | head -n 1)
check 'their login needs no prompt' vm ssh m7 -- sudo -n true
check 'they reach each other by name' vm ssh m1 -- ping -c 1 -W 2 m11
before=$(identity m3)
check 'a file' vm ssh m3 -- sudo touch /root/mark
check 'halt m3' vm halt m3
check 'it is off' has_state m3 stopped
check 'up m3' vm up m3
check 'on the same disk' vm ssh m3 -- sudo test -e /root/mark
check 'suspend' vm suspend m3
check 'it is suspended' has_state m3 suspended
check 'resume' vm resume m3
check 'it answers' vm ssh m3 -- true
check 'reload' vm reload m3
check 'halt for a snapshot' vm halt m3
check 'snapshot save' vm snapshot save m3 one
check 'up again' vm up m3
check 'the file goes' vm ssh m3 -- sudo rm /root/mark
check 'halt to go back' vm halt -f m3
check 'snapshot restore' vm snapshot restore m3 one
check 'up once more' vm up m3
check 'the file is back' vm ssh m3 -- sudo test -e /root/mark
check 'recreate' vm recreate m3
check 'its disk is new' vm ssh m3 -- sudo test ! -e /root/mark
check 'it is the same host' test "$(identity m3)" = "$before"
check 'destroy of one' vm destroy --force m3
check 'it is gone' has_state m3 'not created'
check 'the others are not' has_state m4 running
check 'up of the lost one' vm up m3
check 'it is the same host again' test "$(identity m3)" = "$before"
check 'destroy' vm destroy --force
check 'nothing is left' nothing_left
check 'nor in the kernel' nothing_of_it

project
up_site() { as_user "$rollout" up -i "$scratch/project/inventory.yaml" -e "pki_dir=$scratch/pki" "$site" | tee "$scratch/up.log"; }
check 'rollout up: a cluster from nothing, in less than a minute' under 60 up_site
check 'healthy' healthy etcd-1
check 'once more' up_site
check 'and silent' silent
before=$(identity etcd-2)
check 'a member is destroyed' vm destroy --force etcd-2
check 'the same command makes it again, and repairs it' up_site
check 'as the same host' test "$(identity etcd-2)" = "$before"
check 'healthy again' healthy etcd-2
check 'once more' up_site
check 'and silent, on all' silent
check 'destroy' vm destroy --force
check 'nothing is left' nothing_left
scenario_end
