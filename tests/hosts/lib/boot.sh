#!/bin/bash
# Runs one machine until it powers off: boot.sh DIR NAME NETNS, in a mount
# namespace of its own, so that the mounts go when the machine goes.
set -euo pipefail
dir=$1 name=$2 netns=$3
echo $$ >"$dir/pid"

# A cgroup of its own in every hierarchy, below the present one (v1, hybrid and
# v2). nspawn roots the machine's cgroup namespace there.
enter_cgroups() {
    local line controllers path mount own
    while IFS= read -r line; do
        controllers=${line#*:} path=${line#*:*:}
        controllers=${controllers%%:*}
        mount=/sys/fs/cgroup/${controllers#name=}
        if [ -z "$controllers" ] && [ -d /sys/fs/cgroup/unified ]; then mount=/sys/fs/cgroup/unified; fi
        own=${mount%/}${path%/}/$netns
        [ -d "${own%/*}" ] || continue
        mkdir -p "$own"
        if [ -e "$own/cpuset.cpus" ] && [ -e "${own%/*}/cgroup.procs" ] && [ ! -e "$own/cgroup.controllers" ]; then
            cat "${own%/*}/cpuset.cpus" >"$own/cpuset.cpus"
            cat "${own%/*}/cpuset.mems" >"$own/cpuset.mems"
        fi
        echo "$BASHPID" >"$own/cgroup.procs"
    done </proc/self/cgroup
}

options=(
    --quiet --boot --register=no --keep-unit --settings=no
    --machine="$netns" --hostname="$name" --directory="$dir/root"
    --network-namespace-path="/run/netns/$netns"
    --resolv-conf=off --timezone=off --link-journal=no --console=read-only
    --capability=all
)
filter='@raw-io bpf keyctl'

# A Kubernetes node: writable /sys and /proc/sys, and real directories where
# containerd would stack an overlay on ours.
if [ -n "${LAB_KUBERNETES:-}" ]; then
    filter+=' @mount @privileged'
    export SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes
    options+=(--bind=/dev/kmsg)
    for path in containerd kubelet; do
        mkdir -p "$dir/binds/$path"
        options+=(--bind="$dir/binds/$path:/var/lib/$path")
    done
fi

boot() { # nspawn joins the cgroups, this shell does not, so that they can go with it
    enter_cgroups
    exec systemd-nspawn "${options[@]}" --system-call-filter="$filter"
}

run() {
    local reboot=133 status=133 # nspawn's exit status for: start me again
    mount -t overlay overlay -o "lowerdir=$LAB_TREE,upperdir=$dir/upper,workdir=$dir/work" "$dir/root"
    while [ "$status" = "$reboot" ]; do
        status=0
        (boot) || status=$?
    done
    exit "$status"
}

run # a function, so that bash has read it all when this file is edited under a running machine
