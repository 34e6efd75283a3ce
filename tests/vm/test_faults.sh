#!/bin/bash
# What can go wrong before and while machines come up: each with a message that
# says what it is, no VM left behind, and the next `up` as if nothing had been.
set -uo pipefail
. "$(dirname "$0")/lib/scenario.sh"

write() { # KEYS of vm:, the rest of all's variables
    {
        echo "all:"
        echo "  vars: {ansible_user: admin, vm: {$1}${2:+, $2}}"
        echo "  hosts: {n1: {}, n2: {}}"
    } >"$scratch/project/inventory.yaml"
    own
}
away() { # the project's state, whatever it is
    vm destroy --force >/dev/null 2>&1
    rm -rf "$scratch/project/.rollout"
}
without_qemu() { # CMD...: as the user, where no QEMU can be executed
    unshare --mount sh -c 'mount --bind /dev/null "$1"; shift; exec "$@"' - "$(command -v qemu-system-x86_64)" \
        runuser -u "$user" -- env -i PATH="$PATH" HOME="$scratch/home" LC_ALL=C.UTF-8 "$@"
}
listen() { # PORT
    systemd-socket-activate --inetd --accept -l "127.0.0.1:$1" /bin/cat >/dev/null 2>&1 &
    listener=$!
    for _ in {1..600}; do (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return; sleep 0.1; done
}
small_disk() { # the state folder on a file system of SIZE
    mkdir -p "$scratch/project/.rollout"
    mount -t tmpfs -o "size=$1,mode=0777" small "$scratch/project/.rollout"
}

need_qemu
scenario_begin
image=$(test_image qemu) || exit 1

# ---- before anything starts ----

write "image: \"$image\", memory: 900G"
refused 'memory for nobody: the sums' 1 'n1.* 900\.0.*n2|2 VMs need 1800' vm up
refused 'a machine that is not there' 1 "n1" vm up m1
write "image: {path: \"$image\", sha256: \"$(printf '0%.0s' {1..64})\"}"
refused 'a wrong digest' 2 '0000000000.*|digest' vm up n1
away
head -c 300000000 "$image" >"$scratch/short.qcow2"
write "image: \"$scratch/short.qcow2\""
refused 'a truncated image' 2 'short\.qcow2.*(truncated|ends|too short)' vm up n1
away
echo 'not an image' >"$scratch/none.qcow2"
write "image: \"$scratch/none.qcow2\""
refused 'no image at all' 2 'none\.qcow2' vm up n1
away
write "image: \"$scratch/absent.qcow2\""
refused 'an image that is not there' 2 'absent\.qcow2' vm up n1
away
write 'image: {url: "http://127.0.0.1:9/x.qcow2", sha256: "0000000000000000000000000000000000000000000000000000000000000000"}'
refused 'no image server' 2 '127\.0\.0\.1:9|http://127' vm up n1
away
write "image: \"$image\", accel: kvm"
[ ! -e /dev/kvm ] || refused 'no permission on /dev/kvm' 2 'usermod -aG kvm' vm up n1
away
write "image: \"$image\""
refused 'no QEMU' 1 'qemu-system-x86' without_qemu "$rollout" vm up -i "$scratch/project/inventory.yaml" n1
away
write "image: \"$image\", ssh_port: 2299"
sed -i 's/n2: {}/n2: {vm: {ssh_port: 2298}}/' "$scratch/project/inventory.yaml"
listen 2299
refused 'a port that is taken' 2 '2299' vm up n1
kill "$listener"
away
write "image: \"$image\""
small_disk 600k
refused 'a full disk' '[12]' '([Nn]o space|[Ff]ree|disk)' vm up n1
umount "$scratch/project/.rollout"
away
check 'no process is left of all that' nothing_left

# ---- a host key that is not the one it was given ----

user=root
tree=$(test_image nspawn) || exit 1
write "image: \"$tree\"" 'vm_driver: nspawn'
check 'two machines' vm up
check 'one gets another host key' vm ssh n1 -- sudo sh -c "'rm /etc/ssh/ssh_host_ed25519_key*; ssh-keygen -q -t ed25519 -N \"\" -f /etc/ssh/ssh_host_ed25519_key; systemctl restart ssh'"
refused 'vm up refuses it' 2 'host key' vm up n1
refused 'vm ssh refuses it' 255 'HOST IDENTIFICATION|Host key verification' vm ssh n1 -- true
mkdir -p "$scratch/project/roles/r/tasks"
echo '- ping: {}' >"$scratch/project/roles/r/tasks/main.yml"
echo '{name: s, roles: {r: {hosts: all}}}' >"$scratch/project/site.roles"
refused 'a run refuses it, and goes on with the others' 4 'host key of .* HAS CHANGED' as_user "$rollout" -i "$scratch/project/inventory.yaml" "$scratch/project/site.roles"
check 'recreate brings it back' vm recreate n1
check 'and it is trusted' vm ssh n1 -- true
away

# ---- killed at any moment ----

killed_after() { # SECONDS
    local pid
    as_user "$rollout" vm up -i "$scratch/project/inventory.yaml" >/dev/null 2>&1 &
    pid=$!
    sleep "$1"
    pkill -KILL -f "vm up -i $scratch/project/inventory.yaml"
    wait "$pid" 2>/dev/null
    vm up && vm ssh n2 -- true
}
for moment in 0.02 0.05 0.1 0.2 0.4 0.7 1 1.3; do
    check "nspawn: up killed after $moment s, up" killed_after "$moment"
    check 'destroy' vm destroy --force
    check 'nothing is left' nothing_left
done

user=${ROLLOUT_TEST_USER:-nobody}
write "image: \"$image\""
for moment in 0.05 0.2 0.5 2; do
    as_user "$rollout" vm up -i "$scratch/project/inventory.yaml" n1 >/dev/null 2>&1 &
    sleep "$moment"
    pkill -KILL -f "vm up -i $scratch/project/inventory.yaml"
    wait
done
check 'QEMU: up after four that were killed' vm up n1
check 'it answers' vm ssh n1 -- true
check 'destroy' vm destroy --force
check 'nothing is left' nothing_left
scenario_end
