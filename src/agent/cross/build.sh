#!/bin/bash
# The agent for hosts of another architecture, on Debian and its like:
#   src/agent/cross/build.sh [aarch64] [FOLDER]     (FOLDER: build/agent-aarch64)
# makes FOLDER/rollout-agent, and says how to build a rollout that carries it. Needs
# what `tests/packages.sh build cross` installs; no root. Exit code 77: the packages of
# that architecture cannot be had.
set -euo pipefail
cd "$(dirname "$0")/../../.."
machine=${1:-aarch64}
folder=${2:-build/agent-$machine}
suite=bookworm
libraries=libc6-dev,libyaml-dev,libjansson-dev,libpcre2-dev,zlib1g-dev,libmd-dev

case $machine in
aarch64) architecture=arm64 ;;
*) echo "no cross build for $machine, only for aarch64" >&2; exit 5 ;;
esac
mkdir -p "$folder"
folder=$(realpath "$folder")

# The packages' files alone: nothing of them is run. Links that begin at / would leave the tree.
make_sysroot() { # DIR
    local link to
    mmdebstrap --quiet --variant=extract --architectures="$architecture" --include="$libraries" \
        "$suite" "$1" "deb http://deb.debian.org/debian $suite main" || return 1
    find "$1/usr/lib" "$1/lib" -type l -lname '/*' 2>/dev/null | while read -r link; do
        to=$(readlink "$link")
        ln -sfnr "$1$to" "$link"
    done
}

if [ ! -e "$folder/sysroot/usr" ]; then
    rm -rf "$folder/sysroot.new"
    make_sysroot "$folder/sysroot.new" || { echo "the packages of $architecture cannot be had" >&2; exit 77; }
    mv "$folder/sysroot.new" "$folder/sysroot"
fi
cmake -G Ninja -S . -B "$folder/build" -DCMAKE_BUILD_TYPE=Release -DROLLOUT_AGENT_ONLY=ON \
    -DCMAKE_TOOLCHAIN_FILE="$PWD/src/agent/cross/toolchain.cmake" \
    -DROLLOUT_CROSS_MACHINE="$machine" -DROLLOUT_CROSS_SYSROOT="$folder/sysroot"
cmake --build "$folder/build" --target rollout-agent
"$machine-linux-gnu-strip" -s -o "$folder/rollout-agent" "$folder/build/rollout-agent"
echo "now: cmake --preset release -DROLLOUT_EXTRA_AGENTS=$machine=$folder/rollout-agent && cmake --build --preset release"
