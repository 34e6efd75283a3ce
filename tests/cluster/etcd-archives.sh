#!/bin/bash
# etcd's release archives for tests where no release server can be reached, of
# Debian's packages. Prints the folder, laid out as the release server is; in
# etcd-io/etcd/releases/download:
#
#   v3.4.23/etcd-v3.4.23-linux-ARCH.tar.gz
#   v3.4.23+1/etcd-v3.4.23+1-linux-ARCH.tar.gz   the same program with another digest
#
# Kept in $ROLLOUT_TEST_CACHE or /var/cache/rollout-tests. Exit status 77: cannot be
# done here.
set -euo pipefail

CACHE=${ROLLOUT_TEST_CACHE:-/var/cache/rollout-tests}
VERSIONS=(3.4.23 3.4.23+1)
say() { echo "etcd-archives.sh: $*" >&2; }
skip() { say "skipped: $*"; exit 77; }

programs() { # DIR: etcd and etcdctl, out of the packages
    (
        cd "$1"
        apt-get -q -o APT::Sandbox::User=root download etcd-server etcd-client &&
            for package in ./*.deb; do dpkg-deb --extract "$package" tree; done
    ) >&2 || skip "etcd's packages cannot be fetched"
    mv "$1/tree/usr/bin/etcd" "$1/tree/usr/bin/etcdctl" "$1"
}

archive() { # DIR VERSION OUT
    local name
    name=etcd-v$2-linux-$(dpkg --print-architecture)
    rm -rf "${1:?}/$name"
    mkdir -p "$1/$name" "$3/v$2"
    cp "$1/etcd" "$1/etcdctl" "$1/$name/"
    # Bytes behind an ELF file's end are nothing to it.
    printf '\n%s\n' "$2" | tee -a "$1/$name/etcd" >>"$1/$name/etcdctl"
    tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$1" -czf "$3/v$2/$name.tar.gz" "$name"
}

build() { # OUT
    local version
    work=$(mktemp -d) # for the trap: not local
    trap 'rm -rf "$work"' EXIT
    rm -rf "$1.partial"
    programs "$work"
    for version in "${VERSIONS[@]}"; do
        archive "$work" "$version" "$1.partial/etcd-io/etcd/releases/download"
    done
    mv "$1.partial" "$1"
}

for tool in dpkg-deb apt-get flock tar; do command -v "$tool" >/dev/null || skip "needs $tool"; done
# Count up when what is built changes.
out=$CACHE/etcd-archives-$({ echo "recipe 1"; dpkg --print-architecture; } | sha256sum | cut -c1-12)
mkdir -p "$CACHE"
if [ ! -d "$out" ]; then
    exec 9>"$CACHE/etcd-archives.lock"
    flock 9
    if [ ! -d "$out" ]; then (build "$out"); fi
fi
echo "$out"
