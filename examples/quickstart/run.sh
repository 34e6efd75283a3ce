#!/bin/bash
# From nothing to a healthy cluster on one Debian or Ubuntu machine: installs what
# is missing, builds rollout, and lets it boot four machines and configure them.
#
#   examples/quickstart/run.sh                     QEMU, no root needed once the packages are there
#   sudo examples/quickstart/run.sh --driver nspawn      systemd-nspawn machines: under a minute
#   examples/quickstart/run.sh …                   once more: it goes on, and changes nothing
#   examples/quickstart/run.sh down                takes the machines away
#   ROLLOUT_BUILD   folder of the build (build)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)
site=$here/../etcd-haproxy/site.roles
build=${ROLLOUT_BUILD:-$repo/build}/release
rollout=$build/rollout
inventory=$here/inventory.yaml
pki=$here/.rollout/pki

step() { printf '\n--- %s\n' "$*"; }
on_member() { "$rollout" vm ssh -i "$inventory" etcd-1 -- sudo sh -c "'set -a; . /etc/etcd/etcdctl.env; $*'"; }

if [[ " $* " == *" down "* ]]; then
    "$rollout" vm destroy -i "$inventory" --force
    rm -rf "$pki"
    exit
fi
uses=(build run vm)
case " $* " in *nspawn*) uses=(build run hosts) ;; esac

step 'packages that are missing'
"$repo/tests/packages.sh" "${uses[@]}"

step "build $rollout"
cmake --preset release -S "$repo" -B "$build" >/dev/null
cmake --build "$build" --target rollout

# Where no image server can be reached, the image is made of Debian packages (root).
case " ${uses[*]} " in
*vm*)
    step 'the image'
    "$rollout" vm image pull debian-12 || "$rollout" vm image build debian-12
    ;;
esac

command=("$rollout" up -i "$inventory" -e "pki_dir=$pki" "$@" "$site")
step "${command[*]}"
"${command[@]}"

step 'what came of it'
on_member etcdctl endpoint health --cluster
on_member etcdctl member list -w table
echo 'through the balancer on lb-1:'
on_member ETCDCTL_ENDPOINTS=https://lb-1:2379 etcdctl endpoint health

cat <<END

The machines go on running. To look further, in $here:
  rollout vm status
  rollout vm ssh etcd-1                     a login; sudo needs no password
  rollout vm recreate etcd-2                lose a member's disk; then run this again
  $0 down         take all away
END
