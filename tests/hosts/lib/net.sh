# shellcheck shell=bash
# A lab's network: a namespace of its own with a bridge, where controllers run
# (`hosts.sh exec`), and one more namespace per machine, joined by a veth pair.
# Every lab has the same subnet; they never meet.

NET_PREFIX=10.77.0
NET_FIRST=11 # the host part of the first machine

net_machine() { echo "$LAB_NETNS-$1"; } # NAME: its namespace
net_address() { echo "$NET_PREFIX.$((NET_FIRST + $1))"; } # INDEX

net_up() {
    ip netns add "$LAB_NETNS"
    ip -n "$LAB_NETNS" -batch - <<-EOF
	link set lo up
	link add br0 type bridge
	address add $NET_PREFIX.1/24 dev br0
	link set br0 up
	EOF
}

net_add_machine() { # NAME INDEX
    local netns
    netns=$(net_machine "$1")
    ip netns add "$netns"
    ip -n "$LAB_NETNS" -batch - <<-EOF
	link add m$2 type veth peer name eth0 netns $netns
	link set m$2 master br0 up
	EOF
    ip -n "$netns" -batch - <<-EOF
	link set lo up
	address add $(net_address "$2")/24 dev eth0
	link set eth0 up
	route add default via $NET_PREFIX.1
	EOF
}

# A way out: a veth pair between the lab and the outer namespace, masquerading
# on both sides. The link's /30 is drawn from the lab's id.
net_nat_up() {
    local low=$((16#${LAB_ID:0:4} & 16#fffc))
    local link=100.$((64 + 16#${LAB_ID:4:2} % 64)).$((low >> 8)).$((low & 255))
    local outer=${link%.*}.$((${link##*.} + 1)) inner=${link%.*}.$((${link##*.} + 2))
    ip link add "$LAB_NETNS" type veth peer name up0 netns "$LAB_NETNS"
    ip address add "$outer/30" dev "$LAB_NETNS"
    ip link set "$LAB_NETNS" up
    ip -n "$LAB_NETNS" -batch - <<-EOF
	address add $inner/30 dev up0
	link set up0 up
	route add default via $outer
	EOF
    ip netns exec "$LAB_NETNS" sysctl -qw net.ipv4.ip_forward=1
    net_masquerade "$NET_PREFIX.0/24" | ip netns exec "$LAB_NETNS" nft -f -
    if [ "$(sysctl -n net.ipv4.ip_forward)" = 0 ]; then
        sysctl -qw net.ipv4.ip_forward=1
        touch "$LAB_DIR/forwarding-was-off"
    fi
    net_masquerade "$link/30" | nft -f -
}

net_masquerade() { # SUBNET: an nft table that hides it
    cat <<-EOF
	table ip $LAB_NETNS {
	    chain postrouting {
	        type nat hook postrouting priority srcnat;
	        ip saddr $1 ip daddr != $1 masquerade
	    }
	}
	EOF
}

# Everything of this lab, whatever of it is there.
net_down() {
    local netns
    nft delete table ip "$LAB_NETNS" 2>/dev/null || true
    ip link delete "$LAB_NETNS" 2>/dev/null || true
    if [ -e "$LAB_DIR/forwarding-was-off" ] && ! ip -o link show type veth | grep -q ' rlab-'; then
        sysctl -qw net.ipv4.ip_forward=0
    fi
    for netns in $(net_namespaces); do
        net_kill "$netns"
        ip netns delete "$netns"
    done
}

net_namespaces() { ip netns list | awk -v lab="$LAB_NETNS" '$1 == lab || index($1, lab "-") == 1 { print $1 }'; }

net_kill() { # NETNS: ends the processes left in it, except the caller's own line
    local pid pids
    for _ in 1 2 3 4 5; do
        pids=$(ip netns pids "$1" 2>/dev/null) || return 0
        [ -n "$pids" ] || return 0
        for pid in $pids; do
            [ "$pid" = $$ ] || [ "$pid" = "$PPID" ] || kill -KILL "$pid" 2>/dev/null || true
        done
        sleep 0.05
    done
}
