#!/bin/bash
# A host of another architecture: an sshd and a user land of arm64, as programs that
# qemu-user emulates, in a chroot. The agent that goes there is the one that
# src/agent/cross/build.sh makes, so rollout must carry it (ROLLOUT_EXTRA_AGENTS).
set -uo pipefail
ROLLOUT=${ROLLOUT:-$(cd "$(dirname "$0")/../.." && pwd)/build/release/rollout}
emulator=/usr/bin/qemu-aarch64-static
binfmt=/proc/sys/fs/binfmt_misc
packages=openssh-server,dash,coreutils,gzip,sed,grep,mawk,base-passwd,base-files,libc-bin,passwd,tar
port=22064
outcome=0

skip() { echo "skipped: $*"; exit 77; }
[ "$(id -u)" = 0 ] || skip 'needs root, to make a chroot and to name an emulator to the kernel'
for program in "$emulator" mmdebstrap ssh-keygen unshare; do
    command -v "$program" >/dev/null || skip "needs $program"
done

remove() {
    [ -z "${server:-}" ] || { kill -9 -- "-$server"; wait "$server"; } 2>/dev/null
    [ -z "${registered:-}" ] || echo -1 >"$binfmt/rollout-test-aarch64"
    rm -rf --one-file-system "$scratch"
}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/rollout-arm64.XXXXXX")
root=$scratch/root
trap remove EXIT
export HOME=$scratch/home
mkdir "$HOME"

# Files of Debian's packages; none of their programs has run yet.
make_root() {
    mmdebstrap --quiet --variant=extract --architectures=arm64 --include="$packages" bookworm "$root" \
        'deb http://deb.debian.org/debian bookworm main' || return 1
    cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
    cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
    echo 'sshd:x:100:65534::/run/sshd:/usr/sbin/nologin' >>"$root/etc/passwd"
    sed -i '/^root:/s,[^:]*$,/bin/sh,' "$root/etc/passwd"
    ln -sf dash "$root/bin/sh"
    : >"$root/etc/ssh/sshd_config"
    mkdir -p "$root/root/.ssh" "$root/run/sshd" "$root/srv"
    ssh-keygen -q -t ed25519 -N '' -f "$root/etc/ssh/ssh_host_ed25519_key"
    ssh-keygen -q -t ed25519 -N '' -f "$scratch/key"
    cp "$scratch/key.pub" "$root/root/.ssh/authorized_keys"
    chmod 700 "$root/root" "$root/root/.ssh"
    echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 "$root/etc/ssh/ssh_host_ed25519_key.pub")" >"$scratch/known_hosts"
}

# F: the kernel opens the emulator now, so the chroot need not have it.
name_emulator() {
    [ -e "$binfmt/register" ] || mount -t binfmt_misc binfmt_misc "$binfmt" || return 1
    grep -ls '^enabled' "$binfmt"/*aarch64* 2>/dev/null && return
    printf '%s' ':rollout-test-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:'"$emulator:F" \
        >"$binfmt/register" && registered=yes
}

serve() {
    setsid unshare --mount --pid --fork sh -c "mount -t proc proc '$root/proc'
        mount --bind /dev '$root/dev'
        exec chroot '$root' /usr/sbin/sshd -D -e -p $port -o ListenAddress=127.0.0.1 -o UsePAM=no" \
        >"$scratch/sshd.log" 2>&1 &
    server=$!
    for _ in {1..300}; do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
        kill -0 "$server" 2>/dev/null || return
        sleep 0.1
    done
    return 1
}

make_root || skip 'the packages of arm64 cannot be had'
name_emulator >"$scratch/binfmt.log" 2>&1 || skip "the kernel takes no emulator: $(<"$scratch/binfmt.log")"
serve || { echo 'FAILED  no sshd:'; cat "$scratch/sshd.log"; exit 1; }

cat >"$scratch/inventory.yaml" <<END
all:
  vars:
    ansible_user: root
    ansible_port: $port
    ansible_ssh_private_key_file: $scratch/key
    ansible_ssh_common_args: -o UserKnownHostsFile=$scratch/known_hosts
  hosts: {pi: {ansible_host: 127.0.0.1}}
END
cat >"$scratch/play.yml" <<'END'
- hosts: all
  tasks:
    - assert: {that: "ansible_architecture == 'aarch64' and ansible_distribution == 'Debian'"}
    - copy: {content: "{{ 'x' * 300000 }}\n", dest: /srv/copied, mode: "0640"}
    - lineinfile: {path: /etc/hosts, line: 10.0.0.1 pi, create: true, mode: "0644"}
    - file: {path: /srv/a/b, state: directory, owner: daemon, mode: "0750"}
    - blockinfile: {path: /etc/hosts, block: 10.0.0.2 other}
    - group: {name: deploy}
    - unarchive: {src: some.tar.gz, dest: /srv/a}
    - command: {cmd: uname -m, creates: /srv/never}
      changed_when: false
      check_mode: false
      register: machine
    - template: {src: t.j2, dest: /srv/rendered, mode: "0644"}
END
echo '{{ machine.stdout }} {{ ansible_facts.distribution_release }}' >"$scratch/t.j2"
tar -C "$scratch" -czf "$scratch/some.tar.gz" t.j2

run() { # CHANGED ARGS...
    local changed=$1
    shift
    timeout 120 "$ROLLOUT" -i "$scratch/inventory.yaml" "$scratch/play.yml" "$@" >"$scratch/run.log" 2>&1 </dev/null
    if grep -q "^pi  *: .*changed=$changed  *unreachable=0  *failed=0" "$scratch/run.log"; then
        echo "ok      ${*:-run}: $changed changed ($SECONDS s)"
        return
    fi
    grep -q 'this rollout carries agents for' "$scratch/run.log" &&
        skip 'this rollout carries no agent for aarch64 (src/agent/cross/build.sh)'
    outcome=1
    echo "FAILED  ${*:-run}: not $changed changed"
    cat "$scratch/run.log" "$scratch/sshd.log"
}

run 7 --check
run 7
run 0
run 0 --check
[ "$(cat "$root/srv/rendered")" = 'aarch64 bookworm' ] || { outcome=1; echo 'FAILED  what was rendered'; }
[ "$(stat -c '%a %s' "$root/srv/copied")" = '640 300001' ] || { outcome=1; echo 'FAILED  what was copied'; }
exit "$outcome"
