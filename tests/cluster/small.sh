#!/bin/bash
# examples/small on four VMs under QEMU, by `rollout up`: from nothing to verified, and
# once more. By hand: without hardware acceleration it takes a while (docs/cluster.md).
set -uo pipefail
. "$(dirname "$0")/../vm/lib/scenario.sh"
. "$(dirname "$0")/lib.sh"

up() { # NAME: JSON lines in $scratch/NAME.jsonl
    as_user timeout -k 5 3600 "$rollout" up -i "$scratch/project/inventory.yaml" --json "$cluster_site" \
        >"$scratch/$1.jsonl" && return
    jq -r 'select(.status == "failed" or .status == "unreachable")' "$scratch/$1.jsonl"
    return 1
}
silent() { # it ended, and nothing changed or failed
    ended "$1" '[.host_stats[] | .changed + .failed + .unreachable] | add == 0' | grep -qx true
}

need_qemu
scenario_begin
binaries=$(made_by build-kubernetes.sh) || exit $?
etcd=$(made_by etcd-archives.sh) || exit $?
images=$(made_by images.sh) || exit $?
image=$(test_image qemu) || exit 1
images_here
cp "$repo/examples/small/inventory.yaml" "$scratch/project/"
mkdir "$scratch/project/group_vars" "$scratch/web"
ln -s "$binaries" "$scratch/web/kubernetes"
ln -s "$etcd/etcd-io" "$scratch/web/etcd-io"
{
    release_variables "$binaries" "$etcd" "file://$scratch/web"
    echo 'kubernetes_timeout: 900' # emulated
    printf 'vm: {image: {path: "%s"}}\n' "$image"
} >"$scratch/project/group_vars/all.yml"
own
check 'VMs and cluster, from nothing to verified' up first
steps_of first
check 'once more' up second
check 'and silent' silent second
echo "        $(seconds_of second) s"
scenario_end
