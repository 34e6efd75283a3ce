#!/bin/bash
# Other Debians and Ubuntus than the one that tests/run.sh is made for: in a chroot of
# each, bare, what is missing is installed, rollout is built from what is committed, and
# the tests run that need neither machines nor Ansible.
#   tests/distributions.sh [SUITE...]     (trixie noble); as root; needs mmdebstrap
#
#   ROLLOUT_FOLDER   where the chroots are made and kept (a temporary folder, removed)
set -euo pipefail
repo=$(cd "$(dirname "$0")/.." && pwd)
ubuntu=http://archive.ubuntu.com/ubuntu
# The keys of Ubuntu's archive, which Debian has no package of.
keyring='ubuntu-keyring_2023.11.28.1_all.deb'
keyring_sha256=36de43b15853ccae0028e9a767613770c704833f82586f28eb262f0311adb8a8

[ "$(id -u)" = 0 ] || { echo 'needs root, to make a chroot' >&2; exit 77; }
for program in mmdebstrap unshare curl; do
    command -v "$program" >/dev/null || { echo "needs $program" >&2; exit 77; }
done
folder=${ROLLOUT_FOLDER:-}
if [ -z "$folder" ]; then
    folder=$(mktemp -d)
    trap 'rm -rf --one-file-system "$folder"' EXIT
fi

make_debian() { mmdebstrap --quiet --variant=minbase "$1" "$2" http://deb.debian.org/debian; }
make_ubuntu() { # SUITE ROOT
    curl --silent --show-error --fail --max-time 60 -o "$folder/$keyring" "$ubuntu/pool/main/u/ubuntu-keyring/$keyring"
    echo "$keyring_sha256  $folder/$keyring" | sha256sum --quiet --check
    dpkg-deb --extract "$folder/$keyring" "$folder/keys"
    mmdebstrap --quiet --variant=minbase --include=apt \
        --keyring="$folder/keys/usr/share/keyrings/ubuntu-archive-keyring.gpg" "$1" "$2" \
        "deb $ubuntu $1 main universe"
}
make_chroot() { # SUITE ROOT
    case $1 in
    jammy | noble | plucky | questing) make_ubuntu "$@" ;;
    *) make_debian "$@" ;;
    esac
}

# What is mounted goes with the namespace.
inside() { # ROOT SCRIPT
    unshare --mount --pid --fork sh -c '
        mount --bind "$1" "$1" && mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && mount --rbind /sys "$1/sys" &&
        cp /etc/resolv.conf /etc/hosts "$1/etc/" &&
        exec env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$1" sh -euc "$2"' - "$@"
}

try() { # SUITE
    local root=$folder/$1
    echo "=== $1"
    [ -e "$root/usr" ] || make_chroot "$1" "$root"
    rm -rf "$root/root/rollout"
    git clone -q "$repo" "$root/root/rollout"
    inside "$root" '
        cd /root/rollout
        tests/packages.sh build run test >/root/packages.log 2>&1 || { tail -n 20 /root/packages.log; exit 1; }
        cmake --preset release >/root/build.log
        cmake --build --preset release >>/root/build.log 2>&1 || { grep -v "^\[" /root/build.log | head -n 100; exit 1; }
        ctest --test-dir build/release -LE "^(machines|oracle)$" -j "$(nproc)" --output-on-failure >/root/tests.log 2>&1 ||
            { grep -A 50 "\*\*\*" /root/tests.log | head -n 200; exit 1; }
        grep -h -E "\*\*\*Skipped|tests passed" /root/tests.log'
}

failed=()
for suite in "${@:-trixie noble}"; do
    for one in $suite; do
        try "$one" || failed+=("$one")
    done
done
[ ${#failed[@]} = 0 ] || { echo "failed: ${failed[*]}"; exit 1; }
