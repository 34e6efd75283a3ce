# shellcheck shell=bash
# What the scripts of tests/vm share: a project of VMs in a folder of its own, whose
# user is not root, checks, and the proof that nothing is left.
#
#   scratch    the folder, gone at the end
#   as_user    a command as the unprivileged user, in a clean environment
#   vm ARGS…   rollout vm ARGS… of the project, as that user

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
rollout=${ROLLOUT:-$repo/build/release/rollout}
cache=${ROLLOUT_TEST_CACHE:-/var/cache/rollout-tests}
user=${ROLLOUT_TEST_USER:-nobody}
PATH=$PATH:/usr/sbin:/sbin
bad=0

skip() { echo "skipped: $*"; exit 77; }

failed() { # WHAT [LOG]
    echo "FAILED  $1 ($SECONDS s)"
    [ -z "${2:-}" ] || tail -n 60 "$2" | sed 's/^/    /'
    bad=1
}

check() { # WHAT CMD...
    local what=$1
    shift
    if "$@" >"$scratch/check.log" 2>&1; then echo "ok      $what ($SECONDS s)"; else failed "$what" "$scratch/check.log"; fi
}

# A command that must fail with an exit code and say something.
refused() { # WHAT CODE REGEX CMD...
    local what=$1 code=$2 regex=$3 status=0
    shift 3
    "$@" >"$scratch/check.log" 2>&1 || status=$?
    if [[ $status =~ ^$code$ ]] && grep -qE -- "$regex" "$scratch/check.log"; then
        echo "ok      $what ($SECONDS s)"
    else
        failed "$what: exit code $status instead of $code, or nothing that matches $regex" "$scratch/check.log"
    fi
}

need_qemu() {
    local tool
    [ "$(id -u)" = 0 ] || skip 'needs root, to become another user and to build the image'
    for tool in qemu-system-x86_64 qemu-img ssh ssh-keygen jq mmdebstrap sgdisk runuser; do
        command -v "$tool" >/dev/null || skip "needs $tool (tests/packages.debian)"
    done
    [ "$(uname -m)" = x86_64 ] || skip 'the test image is for x86_64'
}

# The image that the tests boot, built once; prints its path.
test_image() { # DRIVER
    local options=()
    [ "$1" = qemu ] || options=(--hook "$repo/tests/vm/lib/downloads.sh")
    mkdir -p "$cache"
    XDG_CACHE_HOME=$cache "$rollout" vm image build debian-12 --driver "$1" "${options[@]}" 2>"$scratch/image.log" | tail -n 1 || {
        tail -n 30 "$scratch/image.log" >&2
        exit 1
    }
}

scenario_begin() {
    scratch=$(mktemp -d /tmp/rollout-vm.XXXXXX)
    chmod 0755 "$scratch"
    mkdir "$scratch/home" "$scratch/project"
    trap scenario_cleanup EXIT
}

as_user() {
    runuser -u "$user" -- env -i PATH="$PATH" HOME="$scratch/home" LC_ALL=C.UTF-8 TERM=dumb "$@"
}

own() { chown -R "$user:" "$scratch/home" "$scratch/project"; }

vm() { # VERB ARGS...
    local verb=$1
    shift
    as_user "$rollout" vm "$verb" -i "$scratch/project/inventory.yaml" "$@"
}

scenario_cleanup() {
    [ ! -e "$scratch/project/.rollout" ] || vm destroy --force >/dev/null 2>&1
    rm -rf "$scratch"
}

scenario_end() { exit "$bad"; }

# Processes that work in the project's folder, and what is left of it.
left() {
    local pid
    for pid in /proc/[0-9]*; do
        case $(readlink "$pid/cwd" 2>/dev/null) in "$scratch/project"*) echo "process ${pid#/proc/}: $(tr '\0' ' ' <"$pid/cmdline")" ;; esac
    done
    [ ! -e "$scratch/project/.rollout/vm" ] || find "$scratch/project/.rollout/vm"
}
nothing_left() {
    local what
    what=$(left)
    echo "$what"
    [ -z "$what" ]
}
