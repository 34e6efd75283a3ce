# shellcheck shell=bash
# A lab: a folder, an id derived from the folder's name, machines, and the
# files a controller needs to reach them.
#
#   lab.conf                             what `up` was told
#   hosts                                the machines' /etc/hosts, NAME and address of each
#   id_ed25519{,.pub}                    the login key
#   known_hosts, ssh_config, inventory.yaml
#   machines/NAME/                       see machine.sh

lab_open() { # sets LAB_ID and LAB_NETNS from LAB_DIR, and the rest if the lab exists
    LAB_DIR=$(realpath -m -- "$LAB_DIR")
    [[ $LAB_DIR =~ ^/[A-Za-z0-9._/-]+$ ]] || die "the lab's folder has characters an overlay mount cannot take: $LAB_DIR"
    LAB_ID=$(printf '%s' "$LAB_DIR" | sha256sum | cut -c1-6)
    LAB_NETNS=rlab-$LAB_ID
    LAB_TREE='' LAB_NAT='' LAB_KUBERNETES='' LAB_NAMES=()
    # shellcheck disable=SC1091 # written by lab_save
    if lab_exists; then . "$LAB_DIR/lab.conf"; fi
}

lab_exists() { [ -e "$LAB_DIR/lab.conf" ]; }

lab_save() { declare -p LAB_TREE LAB_NAT LAB_KUBERNETES LAB_NAMES | sed 's/^declare/declare -g/' >"$LAB_DIR/lab.conf"; }

lab_need() { lab_exists || die "no lab in $LAB_DIR; hosts.sh up -d $LAB_DIR"; }

lab_need_machine() {
    lab_need
    [ -n "${1:-}" ] || die "which machine? (${LAB_NAMES[*]})"
    machine_exists "$1" || die "no machine $1 in $LAB_DIR (${LAB_NAMES[*]})"
}

lab_index() { # NAME
    local i
    for i in "${!LAB_NAMES[@]}"; do
        if [ "${LAB_NAMES[i]}" = "$1" ]; then echo "$i"; fi
    done
}

lab_write_hosts() {
    local i
    {
        echo '127.0.0.1 localhost'
        echo '::1 localhost ip6-localhost ip6-loopback'
        for i in "${!LAB_NAMES[@]}"; do echo "$(net_address "$i") ${LAB_NAMES[i]}"; done
    } >"$LAB_DIR/hosts"
}

lab_write_known_hosts() {
    local i
    for i in "${!LAB_NAMES[@]}"; do
        echo "${LAB_NAMES[i]},$(net_address "$i") $(cut -d' ' -f1,2 "$(machine_dir "${LAB_NAMES[i]}")/host_key.pub")"
    done >"$LAB_DIR/known_hosts"
}

lab_write_ssh_config() {
    local i
    {
        for i in "${!LAB_NAMES[@]}"; do
            printf 'Host %s\n    HostName %s\n' "${LAB_NAMES[i]}" "$(net_address "$i")"
        done
        cat <<-EOF
	Host *
	    User ops
	    IdentityFile $LAB_DIR/id_ed25519
	    IdentitiesOnly yes
	    UserKnownHostsFile $LAB_DIR/known_hosts
	    GlobalKnownHostsFile /dev/null
	    StrictHostKeyChecking yes
	EOF
    } >"$LAB_DIR/ssh_config"
}

lab_write_inventory() { # GROUPS, as "etcd=n1,n2;lb=n3"
    local i group entries
    {
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
        for i in "${!LAB_NAMES[@]}"; do
            echo "    ${LAB_NAMES[i]}: {ansible_host: $(net_address "$i")}"
        done
        [ -z "$1" ] || echo '  children:'
        IFS=';' read -ra entries <<<"$1"
        for group in "${entries[@]}"; do
            echo "    ${group%%=*}: {hosts: {$(sed -E 's/[^,]+/&: {}/g; s/,/, /g' <<<"${group#*=}")}}"
        done
    } >"$LAB_DIR/inventory.yaml"
}

# Every file of a lab, and its machines with blank disks; nothing runs yet.
lab_create() { # GROUPS
    local name i
    rm -rf "$LAB_DIR/machines"
    mkdir -p "$LAB_DIR/machines"
    chmod 0700 "$LAB_DIR/machines"
    # overlays do not stack: in a container whose own root is one, disks live in memory
    if [ "$(stat -f -c %T "$LAB_DIR")" = overlayfs ]; then mount -t tmpfs rollout-lab "$LAB_DIR/machines"; fi
    rm -f "$LAB_DIR/id_ed25519" "$LAB_DIR/id_ed25519.pub"
    ssh-keygen -q -t ed25519 -N '' -C rollout-lab -f "$LAB_DIR/id_ed25519"
    lab_save
    lab_write_hosts
    net_up
    if [ -n "$LAB_NAT" ]; then net_nat_up; fi
    for i in "${!LAB_NAMES[@]}"; do
        name=${LAB_NAMES[i]}
        machine_create "$name"
        net_add_machine "$name" "$i"
    done
    lab_write_known_hosts
    lab_write_ssh_config
    lab_write_inventory "$1"
}

# Waits until each of NAME... lets ops in over ssh; shows the log of one that does not.
lab_wait() {
    local name pid failed=0 pids=()
    for name in "$@"; do
        ip netns exec "$LAB_NETNS" bash "$HOSTS_HOME/lib/wait-ssh.sh" \
            "$LAB_DIR/ssh_config" "$name" "$(net_address "$(lab_index "$name")")" "$WAIT_SECONDS" &
        pids+=("$name:$!")
    done
    for pid in "${pids[@]}"; do
        wait "${pid#*:}" && continue
        failed=1
        name=${pid%:*}
        machine_log "$name" | tail -n 40 >&2
        say "$name does not answer over ssh after $WAIT_SECONDS s; its log ends above"
    done
    [ "$failed" = 0 ] || exit 1
}

lab_stop() { # HOW NAME...: all at once
    local how=$1 name pid pids=()
    shift
    for name in "$@"; do
        machine_stop "$name" "$how" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
}

lab_down() {
    local file
    lab_stop hard "${LAB_NAMES[@]}"
    net_down
    machine_clean_cgroups '*'
    lab_exists || return 0
    if mountpoint -q "$LAB_DIR/machines"; then umount "$LAB_DIR/machines"; fi
    for file in machines hosts id_ed25519 id_ed25519.pub known_hosts ssh_config inventory.yaml forwarding-was-off lab.conf; do
        rm -rf "${LAB_DIR:?}/$file"
    done
    rmdir --ignore-fail-on-non-empty "$LAB_DIR"
}
