#!/bin/bash
# What a link of 200 ms costs: round trips beyond connecting of a role of 50 plain
# tasks and of 1,000 small files, bytes for a large file that is there already, and
# the agent's memory meanwhile and while that file is sent for the first time. The
# link is a proxy of ours (tests/bench/delay): few kernels in use here have netem.
#
# A run's round trips are what it takes longer than without the delay, each from
# the moment the agent has answered.
set -uo pipefail
. "$(dirname "$0")/lib/scenario.sh"
binaries=${ROLLOUT_BINARY_DIR:-$(dirname "$ROLLOUT")}
delay=$binaries/bench_delay
rtt_ms=200 port=22022
round_trips_max=6 memory_max_kb=16384 bytes_max=300000
[ -x "$delay" ] || { echo "skipped: no $delay"; exit 77; }

role() { mkdir -p "$scratch/site/roles/$1/"{tasks,files,templates} && cat >"$scratch/site/roles/$1/tasks/main.yml"; }

write_site() {
    local i kind
    role ping <<<'- ping: {}'
    for i in {1..10}; do
        cat <<-END
	- file: {path: "{{ dest }}/dir$i", state: directory, mode: "0755"}
	- copy: {content: "content of file $i in {{ dest }}\n", dest: "{{ dest }}/dir$i/copied", mode: "0644"}
	- template: {src: f.j2, dest: "{{ dest }}/dir$i/rendered", mode: "0644"}
	  vars: {number: $i}
	- lineinfile: {path: "{{ dest }}/dir$i/copied", line: "another line"}
	- command: touch {{ dest }}/dir$i/touched
	END
    done | role fifty
    printf 'the template of file {{ number }} in {{ dest }}\n%.0s' {1..20} >"$scratch/site/roles/fifty/templates/f.j2"
    role copy <<<'- copy: {src: tree/, dest: "{{ dest }}", mode: "0644"}'
    role synchronize <<<'- synchronize: {src: tree/, dest: "{{ dest }}"}'
    for i in {1..1000}; do
        mkdir -p "$scratch/tree/$((i % 20))"
        printf "line of file $i\n%.0s" {1..100} >"$scratch/tree/$((i % 20))/file$i"
    done
    ln -s "$scratch/tree" "$scratch/site/roles/copy/files/tree"
    ln -s "$scratch/tree" "$scratch/site/roles/synchronize/files/tree"
    role large <<<'- copy: {src: big, dest: /srv/big, mode: "0644"}'
    truncate -s 200M "$scratch/site/roles/large/files/big"
    role first <<<'- copy: {src: big, dest: /srv/first, mode: "0644"}'
    ln "$scratch/site/roles/large/files/big" "$scratch/site/roles/first/files/big"
    for kind in ping fifty copy synchronize large first; do
        printf 'gather_facts: false\nbecome: true\nroles:\n  %s: {hosts: n1}\n' "$kind" >"$scratch/site/$kind.roles"
    done
    sed "s/n1: {.*/n1: {ansible_host: 127.0.0.1, ansible_port: $port}/" "$lab/inventory.yaml" >"$scratch/far.yaml"
    sed -n "1s/^[^ ]* /[127.0.0.1]:$port /p" "$lab/known_hosts" >"$scratch/far_key"
    cat "$scratch/far_key" >>"$lab/known_hosts"
}

# NAME, with so long a way: sets ms, from the agent's answer on, and bytes, to the host.
over_link() { # NAME ONE-WAY-MS ARGS...
    local name=$1 way=$2 ready figures
    shift 2
    coproc LINK { "$delay" "$way" "$port" "$(sed -n 's/.*n1: {ansible_host: \([0-9.]*\).*/\1/p' "$lab/inventory.yaml")" 22; }
    read -r ready <&"${LINK[0]}"
    [ "$ready" = ready ] || { failed 'the link'; lab_end; }
    inventory_of_run=$scratch/far.yaml run_json "$name" "$@" "$scratch/site/$name.roles"
    eval "exec ${LINK[1]}>&-"
    read -r figures <&"${LINK[0]}"
    wait "$LINK_PID" 2>/dev/null
    bytes=${figures%% *}
    ms=$(jq -s 'def ms: (.[0:19] + "Z" | fromdate) * 1000 + (.[20:23] | tonumber);
        (map(select(.event == "run_ended"))[0].time | ms) - (map(select(.event == "host_state" and .state == "up"))[0].time | ms)' "$scratch/$name.jsonl")
    [ "$exit_code" = 0 ] && return
    failed "$name: exit code $exit_code" "$scratch/run.log"
    lab_end
}

# The fastest of at least two, each way; on a busy machine of more, until they will do.
expect_round_trips() { # NAME WHAT
    local near=999999 far=999999 trips i
    for i in {1..5}; do
        round=$((round + 1))
        over_link "$1" 0 -e "dest=/srv/latency/$round"
        [ "$ms" -ge "$near" ] || near=$ms
        over_link "$1" $((rtt_ms / 2)) -e "dest=/srv/latency/$round-far"
        [ "$ms" -ge "$far" ] || far=$ms
        trips=$(awk -v a="$far" -v b="$near" -v r="$rtt_ms" 'BEGIN { printf "%.1f", (a - b) / r }')
        if [ "$i" -gt 1 ] && few "$trips"; then break; fi
    done
    echo "$2: $far ms, without the delay $near ms: $trips round trips, $bytes bytes"
    check "$2: at most $round_trips_max round trips" few "$trips"
}
few() { awk -v t="$1" -v m="$round_trips_max" 'BEGIN { exit !(t <= m) }'; }

# The largest VmHWM of any process of an agent, looked for all the time.
watch_memory() {
    machine sh -c 'cat >/srv/watch; exec setsid perl /srv/watch >/srv/peak 2>&1 </dev/null &' <<-'END'
	my $peak = 0;
	until (-e '/run/watched') {
	    for my $p (glob '/proc/[0-9]*') {
	        (readlink "$p/exe" // '') =~ m{/\.cache/rollout/|/rollout\.[^/]*/new\.} or next;
	        open my $f, '<', "$p/status" or next;
	        while (<$f>) { $peak = $1 if /^VmHWM:\s+(\d+)/ && $1 > $peak }
	    }
	    select undef, undef, undef, 0.01;
	}
	print "$peak\n";
	END
}
machine() { hosts enter n1 "$@"; }
peak_kb() {
    machine touch /run/watched
    for _ in {1..600}; do
        [ -z "$(machine cat /srv/peak)" ] || break
        sleep 0.1
    done
    machine cat /srv/peak
    machine rm /run/watched
}

lab_begin -n 1
hosts small-mount n1 /srv/latency 200M # a disk's fsync takes longer than the link, and each time another time
machine sh -c 'truncate -s 200M /srv/big; chmod 644 /srv/big'
write_site
round=0
over_link ping 0
echo "rollout sends its agent once: $bytes bytes"
over_link ping 0
echo "connecting: $bytes bytes"
watch_memory
expect_round_trips fifty '50 plain tasks'
expect_round_trips copy '1,000 small files by copy'
expect_round_trips synchronize '1,000 small files by synchronize'
over_link large $((rtt_ms / 2))
echo "200 MB that are there: $bytes bytes, $ms ms"
check '200 MB that are there are not sent' test "$bytes" -lt "$bytes_max"
over_link first 0
echo "200 MB for the first time: $bytes bytes, $ms ms"
check '200 MB for the first time are sent' test "$bytes" -gt "$bytes_max"
check '200 MB arrive whole' machine cmp /srv/big /srv/first
peak=$(peak_kb)
echo "peak memory of the agent: $peak kB"
check "peak memory of the agent: under $memory_max_kb kB" test "$peak" -gt 100 -a "$peak" -lt "$memory_max_kb"
expect_clean 'nothing of rollout is left on the machine' n1
lab_end
