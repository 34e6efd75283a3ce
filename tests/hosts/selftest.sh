#!/bin/bash
# The hosts themselves under test: every verb once. 77 if they cannot run here.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
export ROLLOUT_LAB=$scratch/lab
outcome=0

hosts() { "$here/hosts.sh" "$@"; }

check() { # WHAT CMD...
    local what=$1
    shift
    if "$@" >"$scratch/output" 2>&1; then
        echo "ok      $what"
    else
        outcome=1
        echo "FAILED  $what"
        sed 's/^/        /' "$scratch/output"
    fi
}

# shellcheck disable=SC2317 # called through check
refused() { ! "$@"; }

# shellcheck disable=SC2317 # called by the trap
cleanup() {
    hosts down
    rm -rf "$scratch"
}

status=0
hosts up -n 2 --groups 'etcd=n1,n2;lb=n2' || status=$?
trap cleanup EXIT
[ "$status" = 0 ] || exit "$status"

client=(ssh -F "$ROLLOUT_LAB/ssh_config" -o BatchMode=yes)
password=(sshpass -p secret ssh -F "$ROLLOUT_LAB/ssh_config" -o PreferredAuthentications=password)
# shellcheck disable=SC2016 # expands on the machine
identity='echo $(hostname) $(cat /etc/machine-id) $(cat /etc/ssh/ssh_host_ed25519_key.pub)'

check 'ssh with a verified host key'      "${client[@]}" n1 true
check 'sudo without a password'           "${client[@]}" n1 sudo -n true
check 'machines know each other by name'  "${client[@]}" n1 getent hosts n2
check 'machines reach each other'         "${client[@]}" n1 ping -c 1 -W 2 n2
check 'systemd is up, nothing failed'     hosts enter n1 systemctl is-system-running --wait
check 'identities differ'                 refused test "$(hosts ssh n1 cat /etc/machine-id)" = "$(hosts ssh n2 cat /etc/machine-id)"
check 'a key only for ops'                refused "${password[@]}" ops@n1 true
if command -v sshpass >/dev/null; then
    check 'a password for ops-pw'         "${password[@]}" ops-pw@n1 true
    check 'sudo asks ops-pw for it'       refused "${password[@]}" ops-pw@n1 sudo -n true
    check 'and takes it'                  "${password[@]}" ops-pw@n1 'echo secret | sudo -S true'
fi
check 'apt-get update without a network'  "${client[@]}" n1 sudo apt-get update
check 'apt-get install without a network' "${client[@]}" n1 sudo DEBIAN_FRONTEND=noninteractive apt-get install -y etcd-server haproxy
check 'what it installed runs'            "${client[@]}" n1 systemctl is-active etcd haproxy
check 'a small mount fills up'            hosts small-mount n1 /mnt/small 1M
check '… at its size'                     refused hosts enter n1 dd if=/dev/zero of=/mnt/small/f bs=1M count=2
before=$(hosts ssh n1 "$identity")
check 'stop'                              hosts stop n1
check 'a stopped machine is away'         refused timeout 5 "${client[@]}" n1 true
check 'start'                             hosts start n1
check 'its disk is as it was'             "${client[@]}" n1 test -e /usr/bin/etcd
check 'power cut and start'               eval 'hosts stop --hard n1 && hosts start n1'
check 'wipe'                              hosts wipe n1
check 'its disk is blank'                 refused "${client[@]}" n1 test -e /usr/bin/etcd
check 'it is the same host'               test "$before" = "$(hosts ssh n1 "$identity")"
hosts ssh n1 sudo systemctl reboot >/dev/null 2>&1 || true
sleep 2
check 'it reboots by itself'              hosts start n1
check 'log'                               hosts log n1
bridge=$(hosts status | sed -n 's/.*bridge \([^,]*\),.*/\1/p')
check 'down'                              hosts down
check 'down again'                        hosts down
check 'no bridge is left'                 refused eval "ip -br link | grep -q $bridge"
check 'no namespace is left'              refused eval "ip netns list | grep -q ${bridge}"
check 'no cgroup is left'                 eval "[ -z \"\$(find /sys/fs/cgroup -name '$bridge*')\" ]"
check 'no process is left'                refused pgrep -f -- "--directory=$ROLLOUT_LAB"
check 'no folder is left'                 refused test -e "$ROLLOUT_LAB"
exit "$outcome"
