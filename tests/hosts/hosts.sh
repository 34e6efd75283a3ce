#!/bin/bash
# Real machines for tests: systemd and sshd in containers, one command up, one
# command down. README.md has the verbs; lib/ has the work.
set -euo pipefail

HOSTS_HOME=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_DIR=${ROLLOUT_LAB:-/tmp/rollout-lab}
WAIT_SECONDS=${ROLLOUT_TEST_WAIT:-60}
PATH=$PATH:/usr/sbin:/sbin

say() { echo "hosts.sh: $*" >&2; }
die() { say "$*"; exit 1; }
skip() { say "skipped: $*"; exit 77; } # 77: what ctest and automake call a skipped test

. "$HOSTS_HOME/lib/tree.sh"
. "$HOSTS_HOME/lib/net.sh"
. "$HOSTS_HOME/lib/machine.sh"
. "$HOSTS_HOME/lib/lab.sh"

usage() {
    cat <<-EOF
	usage: hosts.sh up [-d DIR] [-n N | --names A,B,...] [--groups 'G=A,B;H=C'] [--nat] [--python] [--kubernetes]
	       hosts.sh down|status [-d DIR]
	       hosts.sh exec [-d DIR] CMD...             a command in the lab's network
	       hosts.sh ssh [-d DIR] NAME [CMD...]
	       hosts.sh enter [-d DIR] NAME CMD...       as root in the machine, without ssh
	       hosts.sh stop [-d DIR] [--hard] NAME...   shut down, or cut the power
	       hosts.sh start|wipe [-d DIR] NAME...      wipe: the same host with a blank disk
	       hosts.sh small-mount [-d DIR] NAME PATH SIZE
	       hosts.sh log [-d DIR] NAME
	       hosts.sh tree [--python]                  build the cached root tree only
	DIR is \$ROLLOUT_LAB or /tmp/rollout-lab.
	EOF
}

require() {
    local tool
    [ "$(id -u)" = 0 ] || skip "needs root"
    for tool in mmdebstrap dpkg-scanpackages systemd-nspawn ip nsenter unshare ssh ssh-keygen flock; do
        command -v "$tool" >/dev/null || skip "needs $tool (README.md lists the Debian packages)"
    done
    grep -qw overlay /proc/filesystems || modprobe overlay 2>/dev/null || skip "the kernel has no overlay filesystem"
    [ -z "$LAB_NAT" ] || command -v nft >/dev/null || skip "--nat needs nft"
}

# Machines are started from where the lab was made: inside its network the
# outer /sys and the outer namespaces are out of reach.
refuse_inside() {
    [ "$(ip netns identify $$)" != "$LAB_NETNS" ] || die "call this from outside the lab's network, not through exec"
}

# Each systemd takes some inotify instances, and the usual limit is 128 per user.
raise_limits() {
    local limit
    limit=$(sysctl -n fs.inotify.max_user_instances)
    [ "$limit" -ge 1024 ] || sysctl -qw fs.inotify.max_user_instances=1024 2>/dev/null ||
        say "cannot raise fs.inotify.max_user_instances above $limit; many machines may fail to boot"
}

verb_up() {
    local count=4 names='' groups='' variant=plain name
    while [ $# -gt 0 ]; do
        case $1 in
        -n) count=$2; shift 2 ;;
        --names) names=$2; shift 2 ;;
        --groups) groups=$2; shift 2 ;;
        --nat) LAB_NAT=1; shift ;;
        --python) variant=python; shift ;;
        --kubernetes) LAB_KUBERNETES=1; shift ;;
        *) usage >&2; exit 2 ;;
        esac
    done
    require
    ! lab_exists || die "a lab is already in $LAB_DIR; hosts.sh down -d $LAB_DIR"
    [ -n "$names" ] || names=$(seq -f 'n%g' -s , "$count")
    IFS=, read -ra LAB_NAMES <<<"$names"
    [ "${#LAB_NAMES[@]}" -le 200 ] || die "at most 200 machines"
    for name in "${LAB_NAMES[@]}"; do
        [[ $name =~ ^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$ ]] || die "not a host name: '$name'"
    done
    tree_ensure "$variant"
    LAB_TREE=$(tree_path "$variant")
    raise_limits
    lab_down # what a killed lab may have left
    mkdir -p "$LAB_DIR"
    lab_create "$groups"
    for name in "${LAB_NAMES[@]}"; do machine_start "$name"; done
    lab_wait "${LAB_NAMES[@]}"
    say "up: ${LAB_NAMES[*]} in $LAB_DIR"
}

verb_down() { lab_down; }

verb_status() {
    local name state
    lab_need
    echo "lab $LAB_DIR, namespace $LAB_NETNS, tree $LAB_TREE"
    for name in "${LAB_NAMES[@]}"; do
        state=stopped
        if machine_pid "$name" >/dev/null; then state=running; fi
        echo "$name $(net_address "$(lab_index "$name")") $state"
    done
}

verb_exec() {
    lab_need
    exec ip netns exec "$LAB_NETNS" "$@"
}

verb_ssh() {
    lab_need_machine "${1:-}"
    exec ip netns exec "$LAB_NETNS" ssh -F "$LAB_DIR/ssh_config" "$@"
}

verb_enter() {
    lab_need_machine "${1:-}"
    machine_enter "$@"
}

verb_stop() {
    local name how=''
    if [ "${1:-}" = --hard ]; then how=hard; shift; fi
    for name in "${@:-}"; do lab_need_machine "$name"; done
    lab_stop "$how" "$@"
}

verb_start() {
    local name
    for name in "${@:-}"; do lab_need_machine "$name"; done
    for name in "$@"; do machine_start "$name"; done
    lab_wait "$@"
}

verb_wipe() {
    local name
    for name in "${@:-}"; do lab_need_machine "$name"; done
    lab_stop hard "$@"
    for name in "$@"; do machine_blank_disk "$name"; done
    verb_start "$@"
}

verb_small_mount() {
    lab_need_machine "${1:-}"
    [ $# = 3 ] || die "small-mount NAME PATH SIZE"
    machine_enter "$1" mkdir -p "$2"
    machine_enter "$1" mount -t tmpfs -o "size=$3,mode=0755" small "$2"
}

verb_log() {
    lab_need_machine "${1:-}"
    machine_log "$1"
}

verb_tree() {
    local variant=plain
    if [ "${1:-}" = --python ]; then variant=python; fi
    require
    tree_ensure "$variant"
    tree_path "$variant"
}

# Takes `-d DIR` out of the arguments and leaves the rest in `rest`. Where a
# command follows (exec, ssh, enter), only a leading -d is ours.
take_dir() { # VERB ARGS...
    local verb=$1
    shift
    rest=()
    while [ $# -gt 0 ]; do
        if [ "$1" = -d ]; then
            LAB_DIR=${2:?-d needs a folder}
            shift 2
        else
            rest+=("$1")
            shift
            case $verb in exec | ssh | enter) rest+=("$@"); return ;; esac
        fi
    done
}

main() {
    local verb=${1:-help} rest
    shift || true
    take_dir "$verb" "$@"
    set -- "${rest[@]}"
    lab_open
    case $verb in
    up | down | stop | start | wipe) refuse_inside ;;
    esac
    case $verb in
    up | down | status | exec | ssh | enter | stop | start | wipe | log | tree) "verb_$verb" "$@" ;;
    small-mount) verb_small_mount "$@" ;;
    help | -h | --help) usage ;;
    *) usage >&2; exit 2 ;;
    esac
}

main "$@"
