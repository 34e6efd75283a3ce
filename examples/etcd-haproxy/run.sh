#!/bin/bash
# From nothing to a healthy cluster on one Debian machine: installs what is
# missing, builds rollout, boots four machines of its own (systemd and sshd in
# containers, in a network of their own) and runs this example on them.
#
#   sudo examples/etcd-haproxy/run.sh          once more: it goes on, and is silent
#   sudo examples/etcd-haproxy/run.sh down     takes the machines away
#   sudo examples/etcd-haproxy/run.sh --check --diff     further options are rollout's
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)
lab=${ROLLOUT_LAB:-/tmp/rollout-lab}
pki=$lab.pki
build=${ROLLOUT_BUILD:-$repo/build}/release
hosts=("$repo/tests/hosts/hosts.sh")

step() { printf '\n--- %s\n' "$*"; }
inside() { "${hosts[@]}" exec -d "$lab" "$@"; }
on_member() { "${hosts[@]}" enter -d "$lab" etcd-1 sh -c 'set -a; . /etc/etcd/etcdctl.env; exec "$@"' - "$@"; }

[ "$(id -u)" = 0 ] || { echo "needs root, to boot the machines: sudo $0" >&2; exit 77; }
if [ "${1:-}" = down ]; then
    "${hosts[@]}" down -d "$lab"
    rm -rf "$pki"
    exit
fi

step 'packages that are missing'
"$repo/tests/packages.sh" build run hosts

step "build $build/rollout"
cmake --preset release -S "$repo" -B "$build" >/dev/null
cmake --build "$build" --target rollout

if [ ! -e "$lab/lab.conf" ]; then
    step 'four machines'
    "${hosts[@]}" up -d "$lab" --names etcd-1,etcd-2,etcd-3,lb-1 --groups 'etcd=etcd-1,etcd-2,etcd-3;lb=lb-1'
fi

command=("$build/rollout" -i "$lab/inventory.yaml" -e "pki_dir=$pki" "$here/site.roles" "$@")
step "${command[*]}"
inside "${command[@]}"
[ $# = 0 ] || exit 0

step 'what came of it'
on_member etcdctl endpoint health --cluster
on_member etcdctl member list -w table
echo 'through the balancer on lb-1:'
on_member env ETCDCTL_ENDPOINTS=https://lb-1:2379 etcdctl endpoint health

cat <<END

The machines go on running. To look further:
  tests/hosts/hosts.sh ssh -d $lab etcd-1             a login; sudo needs no password
  tests/hosts/hosts.sh wipe -d $lab etcd-2            lose a member's disk; then run this again
  tests/hosts/hosts.sh exec -d $lab ${command[0]#"$repo/"} -i $lab/inventory.yaml …
  examples/etcd-haproxy/run.sh down                   take all away
END
