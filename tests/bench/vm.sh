#!/bin/bash
# How long a VM takes from `rollout vm up` to a verified login, beside the same
# image booted by a QEMU command line written by hand; and four at once beside one.
# Prints figures; judges nothing.
#
#   tests/bench/vm.sh [build/release/rollout]     BENCH_ACCEL=auto
set -uo pipefail
ROLLOUT=$(realpath "${1:-${ROLLOUT:-$(dirname "$0")/../../build/release/rollout}}")
. "$(dirname "$0")/../vm/lib/scenario.sh"
accel=${BENCH_ACCEL:-auto}

seconds() { # CMD...
    local begin=$EPOCHREALTIME
    "$@" >"$scratch/bench.log" 2>&1 || { tail -n 20 "$scratch/bench.log" >&2; exit 1; }
    awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f\n", b - a }'
}

login() { ssh -F "$scratch/by_hand" -o BatchMode=yes -o ConnectTimeout=3 vm true 2>/dev/null; }

# What somebody writes who needs one VM: the same disk, seed, memory and CPU.
by_hand() {
    local dir=$scratch/project/.rollout/vm/machines/a1 kind=$1
    qemu-img create -q -f qcow2 -F qcow2 -b "$image" "$scratch/disk.qcow2" 6G
    qemu-system-x86_64 -machine q35 -accel "$kind" -cpu "$([ "$kind" = tcg ] && echo max || echo host)" -smp 1 -m 640 \
        -display none -serial "file:$scratch/serial.log" \
        -drive "file=$scratch/disk.qcow2,if=virtio" -drive "file=$dir/seed.iso,if=virtio,format=raw,readonly=on" \
        -device "virtio-net-pci,netdev=n,mac=${macs[0]}" -netdev user,id=n,hostfwd=tcp:127.0.0.1:22999-:22 \
        -device "virtio-net-pci,netdev=s,mac=${macs[1]}" -netdev hubport,id=s,hubid=0 &
    qemu=$!
    for _ in {1..600}; do
        login && return
        sleep 0.5
    done
    return 1
}

need_qemu
scenario_begin
user=root
image=$(test_image qemu) || exit 1
cat >"$scratch/project/inventory.yaml" <<END
all:
  vars: {ansible_user: admin, vm: {image: "$image", accel: $accel, memory: 640M, disk: 6G}}
  hosts: {"a[1:4]": {}}
END

one=$(seconds vm up a1) || exit 1
kind=$(vm status --json | jq -r '.[0].accel')
echo "one VM, rollout vm up:          $one s ($kind)"
state=$scratch/project/.rollout/vm
mapfile -t macs < <(tr '\0' '\n' <"/proc/$(cat "$state/machines/a1/pid")/cmdline" | sed -n 's/.*netdev=.*mac=\([0-9a-f:]*\).*/\1/p')
vm halt -f a1 >/dev/null
cat >"$scratch/by_hand" <<END
Host vm
    HostName 127.0.0.1
    Port 22999
    User admin
    IdentityFile $state/id_ed25519
    StrictHostKeyChecking yes
    HostKeyAlias a1
    UserKnownHostsFile $state/known_hosts
END
alone=$(seconds by_hand "$kind") || exit 1
pkill -KILL -f "$scratch/disk.qcow2"
echo "the same by hand:               $alone s, ratio $(awk -v a="$one" -v b="$alone" 'BEGIN { printf "%.2f", a / b }')"
vm destroy -f >/dev/null
four=$(seconds vm up) || exit 1
echo "four VMs at once:               $four s, ratio $(awk -v a="$four" -v b="$one" 'BEGIN { printf "%.2f", a / b }')"
