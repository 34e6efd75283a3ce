#!/bin/bash
# Real machines for tests: `rollout vm` with its nspawn driver, and what only tests
# want of them. README.md has the verbs.
#
# In the lab's folder: inventory.yaml (Ansible's, works with Ansible itself), vm.yaml
# (the machines, for rollout vm), ssh_config, known_hosts, id_ed25519, lab.conf.
set -euo pipefail

HOSTS_HOME=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROLLOUT=${ROLLOUT:-$HOSTS_HOME/../../build/release/rollout}
LAB_DIR=${ROLLOUT_LAB:-/tmp/rollout-lab}
CACHE=${ROLLOUT_TEST_CACHE:-/var/cache/rollout-tests}
SUBNET=10.77.0 # .1 is the controller, .11 the first machine
PATH=$PATH:/usr/sbin:/sbin

say() { echo "hosts.sh: $*" >&2; }
die() { say "$*"; exit 1; }
skip() { say "skipped: $*"; exit 77; } # 77: what ctest and automake call a skipped test

usage() {
    cat <<-EOF
	usage: hosts.sh up [-d DIR] [-n N | --names A,B,...] [--groups 'G=A,B;H=C'] [--nat] [--python | --programs] [--kubernetes]
	       hosts.sh down|status [-d DIR]
	       hosts.sh ssh [-d DIR] NAME [CMD...]
	       hosts.sh enter [-d DIR] NAME CMD...       as root in the machine, without ssh
	       hosts.sh net [-d DIR] NAME CMD...         a command of ours in the machine's network
	       hosts.sh stop [-d DIR] [--hard] NAME...   shut down, or cut the power
	       hosts.sh start|wipe [-d DIR] NAME...      wipe: the same host with a blank disk
	       hosts.sh small-mount [-d DIR] NAME PATH SIZE
	       hosts.sh log [-d DIR] NAME
	       hosts.sh tree [--python | --programs]     build the cached root tree only
	DIR is \$ROLLOUT_LAB or /tmp/rollout-lab.
	EOF
}

require() {
    local tool
    [ "$(id -u)" = 0 ] || skip "needs root"
    [ -x "$ROLLOUT" ] || die "no rollout at $ROLLOUT: build it, or set ROLLOUT"
    for tool in mmdebstrap dpkg-scanpackages systemd-nspawn ip nsenter ssh ssh-keygen flock; do
        command -v "$tool" >/dev/null || skip "needs $tool (README.md lists the Debian packages)"
    done
}

vm() { # VERB ARGS...
    local verb=$1
    shift
    "$ROLLOUT" vm "$verb" -i "$LAB_DIR/vm.yaml" "$@"
}

# ---- the root tree ----

list() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$@" | paste -sd' '; }

tree_path() { # VARIANT: plain, python, programs
    local hash
    hash=$({
        dpkg --print-architecture
        echo "$1"
        cat "$HOSTS_HOME"/packages.{base,offline,python}
        [ "$1" != programs ] || cat "$HOSTS_HOME/packages.programs"
        cat "$HOSTS_HOME/lib/tree-setup.sh"
    } | sha256sum | cut -c1-12)
    echo "$CACHE/tree-$1-$hash"
}

tree_ensure() { # VARIANT
    local tree package options=() lists=("$HOSTS_HOME/packages.base")
    tree=$(tree_path "$1")
    [ ! -d "$tree" ] || return 0
    [ "$1" = plain ] || lists+=("$HOSTS_HOME/packages.$1")
    for package in $(list "${lists[@]}"); do options+=(--package "$package"); done
    mkdir -p "$CACHE"
    say "building the tree ($1), once; log: $tree.log"
    ROLLOUT_OFFLINE=$(list "$HOSTS_HOME/packages.offline") \
        "$ROLLOUT" vm image build debian-12 --driver nspawn "${options[@]}" \
        --hook "$HOSTS_HOME/lib/tree-setup.sh" --output "$tree" >"$tree.log" 2>&1 || {
        tail -n 20 "$tree.log" >&2
        die "no tree; log: $tree.log"
    }
}

# ---- the lab ----

lab_open() {
    LAB_DIR=$(realpath -m -- "$LAB_DIR")
    LAB_NAMES=() LAB_TREE=''
    # shellcheck disable=SC1091 # written by lab_create
    [ ! -e "$LAB_DIR/lab.conf" ] || . "$LAB_DIR/lab.conf"
}

lab_exists() { [ -e "$LAB_DIR/lab.conf" ]; }
lab_need() { lab_exists || die "no lab in $LAB_DIR; hosts.sh up -d $LAB_DIR"; }

lab_need_machine() {
    lab_need
    [[ " ${LAB_NAMES[*]} " == *" ${1:-} "* ]] || die "no machine '${1:-}' in $LAB_DIR (${LAB_NAMES[*]})"
}

address() { # NAME
    local i
    for i in "${!LAB_NAMES[@]}"; do
        if [ "${LAB_NAMES[i]}" = "$1" ]; then echo "$SUBNET.$((11 + i))"; fi
    done
}

write_vm() { # NAT KUBERNETES
    local name file key
    key=$(cat "$LAB_DIR/id_ed25519.pub")
    cat <<-EOF
	all:
	  vars:
	    ansible_user: ops
	    vm_driver: nspawn
	    vm_network: {mode: bridge, subnet: $SUBNET.0/24, nat: ${1:-false}}
	    vm:
	      image: $LAB_TREE
	      nesting: ${2:-false}
	      authorized_keys: ["$key"]
	      files:
	        - {path: /root/.ssh/authorized_keys, mode: "0600", content: "$key\n"}
	        - {path: /home/ops-pw/.ssh/authorized_keys, mode: "0600", owner: "ops-pw:ops-pw", content: "$key\n"}
	EOF
    if [ -n "$1" ]; then
        for file in sources.list.d/mirror.list apt.conf.d/99mirror; do
            [ ! -e "$LAB_TREE/etc/rollout-mirror/${file##*/}" ] ||
                echo "        - {path: /etc/apt/$file, src: $LAB_TREE/etc/rollout-mirror/${file##*/}}"
        done
    fi
    echo '  hosts:'
    for name in "${LAB_NAMES[@]}"; do echo "    $name: {vm: {address: $(address "$name")}}"; done
}

write_inventory() { # GROUPS, as "etcd=n1,n2;lb=n3"
    local name group entries
    cat <<-EOF
	all:
	  vars:
	    ansible_user: ops
	    ansible_ssh_private_key_file: $LAB_DIR/id_ed25519
	    ansible_ssh_common_args: >-
	      -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes
	      -o UserKnownHostsFile=$LAB_DIR/known_hosts -o GlobalKnownHostsFile=/dev/null
	  hosts:
	EOF
    for name in "${LAB_NAMES[@]}"; do echo "    $name: {ansible_host: $(address "$name")}"; done
    [ -z "$1" ] || echo '  children:'
    IFS=';' read -ra entries <<<"$1"
    for group in "${entries[@]}"; do
        echo "    ${group%%=*}: {hosts: {$(sed -E 's/[^,]+/&: {}/g; s/,/, /g' <<<"${group#*=}")}}"
    done
}

write_ssh_config() {
    local name
    for name in "${LAB_NAMES[@]}"; do printf 'Host %s\n    HostName %s\n' "$name" "$(address "$name")"; done
    cat <<-EOF
	Host *
	    User ops
	    IdentityFile $LAB_DIR/id_ed25519
	    IdentitiesOnly yes
	    UserKnownHostsFile $LAB_DIR/known_hosts
	    GlobalKnownHostsFile /dev/null
	    StrictHostKeyChecking yes
	EOF
}

verb_up() {
    local count=4 names='' groups='' variant=plain nat='' kubernetes=''
    while [ $# -gt 0 ]; do
        case $1 in
        -n) count=$2; shift 2 ;;
        --names) names=$2; shift 2 ;;
        --groups) groups=$2; shift 2 ;;
        --nat) nat=true; shift ;;
        --python | --programs) variant=${1#--}; shift ;;
        --kubernetes) kubernetes=true; shift ;;
        *) usage >&2; exit 2 ;;
        esac
    done
    require
    ! lab_exists || die "a lab is already in $LAB_DIR; hosts.sh down -d $LAB_DIR"
    [ -n "$names" ] || names=$(seq -f 'n%g' -s , "$count")
    IFS=, read -ra LAB_NAMES <<<"$names"
    tree_ensure "$variant"
    LAB_TREE=$(tree_path "$variant")
    mkdir -p "$LAB_DIR"
    rm -f "$LAB_DIR/id_ed25519" "$LAB_DIR/id_ed25519.pub"
    ssh-keygen -q -t ed25519 -N '' -C rollout-lab -f "$LAB_DIR/id_ed25519"
    write_vm "$nat" "$kubernetes" >"$LAB_DIR/vm.yaml"
    write_inventory "$groups" >"$LAB_DIR/inventory.yaml"
    write_ssh_config >"$LAB_DIR/ssh_config"
    declare -p LAB_TREE LAB_NAMES | sed 's/^declare/declare -g/' >"$LAB_DIR/lab.conf"
    verb_start "${LAB_NAMES[@]}"
    cp "$LAB_DIR/.rollout/vm/known_hosts" "$LAB_DIR/known_hosts"
}

verb_down() {
    local file
    lab_exists || return 0
    quietly destroy --force
    for file in inventory.yaml vm.yaml ssh_config known_hosts id_ed25519 id_ed25519.pub lab.conf .rollout; do
        rm -rf "${LAB_DIR:?}/$file"
    done
    rmdir --ignore-fail-on-non-empty "$LAB_DIR"
}

verb_status() {
    lab_need
    echo "lab $LAB_DIR, bridge $(ip -o -4 address show to "$SUBNET.1/32" | awk '{ print $2 }'), tree $LAB_TREE"
    vm status
}

verb_ssh() {
    lab_need_machine "${1:-}"
    exec ssh -F "$LAB_DIR/ssh_config" "$@"
}

# ---- one machine ----

child() { # PID: its youngest child
    local children
    children=$(cat "/proc/$1/task/$1/children" 2>/dev/null) || return 1
    children=${children% }
    [ -n "$children" ] || return 1
    echo "${children##* }"
}

init_of() { # NAME: its PID 1, as seen from here: runner, keeper, nspawn, init
    local pid
    pid=$(cat "$LAB_DIR/.rollout/vm/machines/$1/pid" 2>/dev/null) || die "$1 is not running"
    pid=$(child "$pid") || die "$1 is not running"
    pid=$(child "$pid") || die "$1 is not running"
    child "$pid" || die "$1 is not running"
}

verb_enter() {
    local init
    lab_need_machine "${1:-}"
    init=$(init_of "$1")
    shift
    nsenter --target "$init" --mount --uts --ipc --net --pid --root --wd -- "$@"
}

verb_net() {
    local init
    lab_need_machine "${1:-}"
    init=$(init_of "$1")
    shift
    nsenter --target "$init" --net -- "$@"
}

quietly() { # VERB ARGS...: what it said only when it fails
    local said
    said=$(vm "$@" 2>&1) || {
        echo "$said" >&2
        die "$1 failed"
    }
}

verb_stop() {
    local options=()
    if [ "${1:-}" = --hard ]; then options=(--force); shift; fi
    quietly halt "${options[@]}" "$@"
}
verb_start() { quietly up "$@"; }
verb_wipe() { quietly recreate "$@"; }
verb_log() { vm log "$@"; }

verb_small_mount() {
    [ $# = 3 ] || die "small-mount NAME PATH SIZE"
    verb_enter "$1" mkdir -p "$2"
    verb_enter "$1" mount -t tmpfs -o "size=$3,mode=0755" small "$2"
}

verb_tree() {
    local variant=plain
    case ${1:-} in --python | --programs) variant=${1#--} ;; esac
    require
    tree_ensure "$variant"
    tree_path "$variant"
}

# Takes `-d DIR` out of the arguments and leaves the rest in `rest`. Where a
# command follows (ssh, enter, net), only a leading -d is ours.
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
            case $verb in ssh | enter | net) rest+=("$@"); return ;; esac
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
    up | down | status | ssh | enter | net | stop | start | wipe | log | tree) "verb_$verb" "$@" ;;
    small-mount) verb_small_mount "$@" ;;
    help | -h | --help) usage ;;
    *) usage >&2; exit 2 ;;
    esac
}

main "$@"
