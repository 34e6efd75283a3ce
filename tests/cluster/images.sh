#!/bin/bash
# Container images for tests where no registry can be reached, as archives for
# `ctr -n k8s.io images import`. Prints the folder, which holds:
#
#   pause.tar     example.test/pause:1     waits, reaps
#   busybox.tar   example.test/busybox:1   Debian's busybox-static
#   coredns.tar   example.test/coredns:1   the same: CoreDNS's health and readiness, no DNS
#
# Kept in $ROLLOUT_TEST_CACHE or /var/cache/rollout-tests. Needs gcc, libc6-dev,
# and busybox-static or apt-get to fetch it. Exit status 77: cannot be done here.
set -euo pipefail

CACHE=${ROLLOUT_TEST_CACHE:-/var/cache/rollout-tests}
say() { echo "images.sh: $*" >&2; }
skip() { say "skipped: $*"; exit 77; }

digest() { sha256sum "$1" | cut -d' ' -f1; }

pause_program() { # OUT
    gcc -Os -static -s -o "$1" -x c - <<-'C'
	#include <signal.h>
	#include <stdlib.h>
	#include <sys/wait.h>
	#include <unistd.h>
	static void end(int s) { (void)s; _exit(0); }
	static void reap(int s) { (void)s; while (waitpid(-1, NULL, WNOHANG) > 0) {} }
	int main(void)
	{
		signal(SIGINT, end), signal(SIGTERM, end), signal(SIGCHLD, reap);
		for (;;) pause();
	}
	C
}

busybox_program() { # OUT: this machine's, or out of the package
    local binary
    if dpkg-query -W -f '${db:Status-Status}' busybox-static 2>/dev/null | grep -qx installed; then
        cp "$(command -v busybox)" "$1"
        return
    fi
    (
        cd "$work"
        apt-get -q -o APT::Sandbox::User=root download busybox-static
        dpkg-deb --extract busybox-static_*.deb busybox-tree
    ) >&2 || skip "busybox-static can neither be found nor fetched"
    for binary in "$work"/busybox-tree/bin/busybox "$work"/busybox-tree/usr/bin/busybox; do
        if [ -e "$binary" ]; then cp "$binary" "$1"; fi
    done
}

coredns_stand_in() { # TREE
    mkdir "$1/www"
    echo OK | tee "$1/www/health" >"$1/www/ready"
    printf '#!/bin/sh\nhttpd -p 8080 -h /www\nexec httpd -f -p 8181 -h /www\n' >"$1/bin/stand-in"
    chmod 0755 "$1/bin/stand-in"
}

# An archive in docker-save's format, of one layer: the tree in DIR.
archive() { # DIR IMAGE ENTRYPOINT OUT
    local dir=$1 image=$2 entrypoint=$3 out=$4 box=$work/box layer config
    rm -rf "$box"
    mkdir "$box"
    tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$dir" -cf "$box/layer.tar" .
    layer=$(digest "$box/layer.tar")
    printf '{"architecture":"%s","os":"linux","config":{"Env":["PATH=/bin"],"Entrypoint":["%s"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
        "$(dpkg --print-architecture)" "$entrypoint" "$layer" >"$box/config.json"
    config=$(digest "$box/config.json").json
    mv "$box/config.json" "$box/$config"
    printf '[{"Config":"%s","RepoTags":["%s"],"Layers":["layer.tar"]}]' "$config" "$image" >"$box/manifest.json"
    tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$box" -cf "$out" manifest.json "$config" layer.tar
}

build() { # OUT
    local applet
    work=$(mktemp -d) # for the trap: not local
    trap 'rm -rf "$work"' EXIT
    rm -rf "$1.partial"
    mkdir -p "$1.partial" "$work/pause" "$work/busybox/bin" "$work/busybox/tmp" "$work/busybox/etc"
    pause_program "$work/pause/pause"
    busybox_program "$work/busybox/bin/busybox"
    for applet in sh timeout sleep httpd wget nslookup cat hostname ip ping true; do ln -s busybox "$work/busybox/bin/$applet"; done
    cp -r "$work/busybox" "$work/coredns"
    coredns_stand_in "$work/coredns"
    archive "$work/pause" example.test/pause:1 /pause "$1.partial/pause.tar"
    archive "$work/busybox" example.test/busybox:1 /bin/sh "$1.partial/busybox.tar"
    archive "$work/coredns" example.test/coredns:1 /bin/stand-in "$1.partial/coredns.tar"
    mv "$1.partial" "$1"
}

for tool in gcc tar dpkg-deb flock; do command -v "$tool" >/dev/null || skip "needs $tool"; done
# Count up when what is built changes.
out=$CACHE/images-$({ echo "recipe 3"; dpkg --print-architecture; } | sha256sum | cut -c1-12)
mkdir -p "$CACHE"
if [ ! -d "$out" ]; then
    exec 9>"$CACHE/images.lock"
    flock 9
    if [ ! -d "$out" ]; then (build "$out"); fi
fi
echo "$out"
