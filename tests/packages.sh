#!/bin/bash
# Installs the packages of tests/packages.debian that are missing, on Debian and
# its like:  tests/packages.sh USE…   (uses: build cross run vm hosts cluster test lint oracle)
set -euo pipefail
list=$(dirname "$0")/packages.debian

missing() { # USE...
    local package
    awk -v uses=" $* " '!/^#/ && index(uses, " " $1 " ") { for (i = 2; i <= NF; i++) print $i }' "$list" | sort -u |
        while read -r package; do
            dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || echo "$package"
        done
}

command -v apt-get >/dev/null || { echo "not a Debian: install by hand what $list lists" >&2; exit 1; }
mapfile -t packages < <(missing "$@")
[ "${#packages[@]}" -gt 0 ] || exit 0
if [ "$(id -u)" != 0 ]; then
    echo "missing, and only root can install them: apt-get install ${packages[*]}" >&2
    exit 1
fi
echo "installing ${packages[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${packages[@]}"
