# shellcheck shell=bash
# One machine: its folder LAB_DIR/machines/NAME, its disk (an overlay over the
# shared tree), its life. Verbs take NAME.
#
#   host_key{,.pub}, machine-id   who it is; survive machine_wipe
#   upper, work, root             its disk; root is mounted only inside the machine's mount namespace
#   pid                           of a running machine: boot.sh, whose child is nspawn, whose child is init
#   console.log                   what nspawn and the machine's init said

machine_dir() { echo "$LAB_DIR/machines/$1"; }

machine_exists() { [ -d "$(machine_dir "$1")" ]; }

machine_pid() { # the boot.sh that runs it; fails if it does not run
    local pid
    pid=$(cat "$(machine_dir "$1")/pid" 2>/dev/null) || return 1
    grep -qzFx -e "$LAB_NETNS-$1" "/proc/$pid/cmdline" 2>/dev/null || return 1
    echo "$pid"
}

machine_child() { # PID: its youngest child
    local children
    children=$(cat "/proc/$1/task/$1/children" 2>/dev/null) || return 1
    children=${children% }
    [ -n "$children" ] || return 1
    echo "${children##* }"
}

machine_init() { # the machine's PID 1, as seen from outside
    local pid
    pid=$(machine_pid "$1") && pid=$(machine_child "$pid") && machine_child "$pid"
}

machine_create() { # an identity and a blank disk
    local dir
    dir=$(machine_dir "$1")
    mkdir -p "$dir/root"
    ssh-keygen -q -t ed25519 -N '' -C "root@$1" -f "$dir/host_key"
    printf '%s' "$LAB_ID/$1/$RANDOM$RANDOM" | md5sum | cut -c1-32 >"$dir/machine-id"
    machine_blank_disk "$1"
}

machine_blank_disk() {
    local dir up home user
    dir=$(machine_dir "$1")
    up=$dir/upper
    rm -rf "$up" "$dir/work" "$dir/binds"
    mkdir -p "$up/etc/ssh" "$up/home" "$up/root/.ssh" "$dir/work"
    chmod 0700 "$up/root"
    echo "$1" >"$up/etc/hostname"
    cp "$LAB_DIR/hosts" "$up/etc/hosts"
    cp "$dir/machine-id" "$up/etc/machine-id"
    cp "$dir/host_key" "$up/etc/ssh/ssh_host_ed25519_key"
    cp "$dir/host_key.pub" "$up/etc/ssh/ssh_host_ed25519_key.pub"
    for user in ops ops-pw; do
        cp -a "$LAB_TREE/home/$user" "$up/home/"
        home=$up/home/$user
        mkdir "$home/.ssh"
        cp "$LAB_DIR/id_ed25519.pub" "$home/.ssh/authorized_keys"
        chmod 0700 "$home/.ssh"
        chown -R --reference="$home" "$home/.ssh"
    done
    cp "$LAB_DIR/id_ed25519.pub" "$up/root/.ssh/authorized_keys"
    chmod 0700 "$up/root/.ssh"
    : >"$up/etc/resolv.conf"
    if [ -n "$LAB_NAT" ]; then machine_add_mirror "$up"; fi
    if [ -n "$LAB_KUBERNETES" ]; then machine_add_cgroup_unit "$up"; fi
}

machine_add_mirror() { # UPPER
    mkdir -p "$1/etc/apt/sources.list.d" "$1/etc/apt/apt.conf.d"
    cp "$LAB_TREE/etc/rollout-mirror/mirror.list" "$1/etc/apt/sources.list.d/mirror.list"
    if [ -e "$LAB_TREE/etc/rollout-mirror/mirror.conf" ]; then
        cp "$LAB_TREE/etc/rollout-mirror/mirror.conf" "$1/etc/apt/apt.conf.d/99mirror"
    fi
    cat /etc/resolv.conf >"$1/etc/resolv.conf"
}

# nspawn mounts the v1 controllers read-only; a kubelet makes cgroups in them.
machine_add_cgroup_unit() { # UPPER
    local units=$1/etc/systemd/system
    mkdir -p "$units/sysinit.target.wants"
    cat >"$units/writable-cgroups.service" <<-'EOF'
	[Unit]
	Description=Make the machine's own cgroups writable
	DefaultDependencies=no
	Before=sysinit.target

	[Service]
	Type=oneshot
	RemainAfterExit=yes
	ExecStart=/bin/sh -c 'for c in /sys/fs/cgroup/*; do mountpoint -q $c && mount -o remount,rw,bind $c; done; true'

	[Install]
	WantedBy=sysinit.target
	EOF
    ln -sf ../writable-cgroups.service "$units/sysinit.target.wants/"
}

machine_start() { # returns at once; see lab_wait
    local dir
    dir=$(machine_dir "$1")
    if machine_pid "$1" >/dev/null; then return 0; fi
    rm -f "$dir/pid"
    LAB_TREE=$LAB_TREE LAB_KUBERNETES=$LAB_KUBERNETES \
        setsid unshare --mount --propagation slave \
        bash "$HOSTS_HOME/lib/boot.sh" "$dir" "$1" "$LAB_NETNS-$1" \
        >>"$dir/console.log" 2>&1 </dev/null 9>&- &
}

machine_stop() { # NAME [hard]: shuts down, or cuts the power
    local pid nspawn init
    pid=$(machine_pid "$1") || return 0
    if [ "${2:-}" != hard ]; then
        if nspawn=$(machine_child "$pid"); then kill -TERM "$nspawn" 2>/dev/null || true; fi # it asks init to power off
        machine_wait_gone "$pid" 20 || say "$1 does not shut down; cutting its power"
    fi
    if init=$(machine_init "$1"); then kill -KILL "$init" 2>/dev/null || true; fi
    if ! machine_wait_gone "$pid" 10; then
        nspawn=$(machine_child "$pid") || nspawn=
        # shellcheck disable=SC2086 # none or one
        kill -KILL "$pid" $nspawn 2>/dev/null || true
        net_kill "$(net_machine "$1")"
        machine_wait_gone "$pid" 5 || die "$1 cannot be ended: process $pid"
    fi
    machine_clean_cgroups "$1"
    rm -f "$(machine_dir "$1")/pid"
}

machine_wait_gone() { # PID SECONDS
    local deadline=$((SECONDS + $2))
    while [ -e "/proc/$1" ]; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.05
    done
}

machine_clean_cgroups() { # NAME or *; a dead machine's processes may leave their cgroups a moment later
    local cgroup
    { find /sys/fs/cgroup -type d -name "$LAB_NETNS-$1" -prune 2>/dev/null || true; } | while read -r cgroup; do
        for _ in {1..10}; do
            find "$cgroup" -depth -type d -exec rmdir {} \; 2>/dev/null && break
            sleep 0.05
        done
    done
}

machine_enter() { # NAME CMD...: a command in the machine, without ssh
    local init name=$1
    shift
    init=$(machine_init "$name") || die "$name is not running"
    nsenter --target "$init" --mount --uts --ipc --net --pid --root --wd -- "$@"
}

machine_log() {
    local dir journal
    dir=$(machine_dir "$1")
    journal=$dir/upper/var/log/journal
    echo "--- $1: console"
    cat "$dir/console.log"
    if [ -d "$journal" ]; then
        echo "--- $1: journal"
        journalctl --no-pager --quiet --directory="$journal" || true
    fi
}
