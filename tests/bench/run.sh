#!/bin/bash
# How long an unchanged run takes on eleven machines, beside what a bare
# `ssh host sudo -n true` to each of them takes in the same minute, and beside
# ansible-playbook where it is installed. Prints figures; judges nothing.
#
#   tests/bench/run.sh [build/release/rollout]
#   BENCH_HOSTS=11 BENCH_RUNS=5 BENCH_ANSIBLE=1   (0: leave Ansible out)
set -uo pipefail
bench=$(cd "$(dirname "$0")" && pwd)
ROLLOUT=$(realpath "${1:-${ROLLOUT:-$bench/../../build/release/rollout}}")
. "$bench/../hosts/lib/scenario.sh"
machines=${BENCH_HOSTS:-11}
runs=${BENCH_RUNS:-5}

# Wall seconds of a command, and its peak memory in kB, onto standard output.
measure() { # CMD...
    bash -c '
        start=$EPOCHREALTIME
        "$@" >"$BENCH_LOG" 2>&1 || { echo "failed: $*" >&2; tail -n 20 "$BENCH_LOG" >&2; exit 1; }
        awk -v a="$start" -v b="$EPOCHREALTIME" "BEGIN { printf \"%.3f\n\", b - a }"' - "$@"
}

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

each() { # all at once
    local name
    for name in $NAMES; do ssh -F "$1/ssh_config" -o BatchMode=yes "$name" sudo -n true & done
    wait
}

rollout_once() { "$ROLLOUT" -i "$lab/inventory.yaml" --forks 12 "$bench/site.roles"; }
ansible_once() { ansible-playbook -i "$lab/inventory.yaml" -f 12 "$bench/site.yml"; }

# VmHWM of a run, read while it lives: no GNU time needed.
peak_kb() {
    local pid peak=0 now
    "$ROLLOUT" -i "$lab/inventory.yaml" --forks 12 "$bench/site.roles" >/dev/null 2>&1 &
    pid=$!
    while now=$(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status" 2>/dev/null) && [ -n "$now" ]; do
        peak=$now
        sleep 0.01
    done
    wait "$pid"
    echo "$peak"
}

python=()
with_ansible=''
if [ "${BENCH_ANSIBLE:-1}" != 0 ] && command -v ansible-playbook >/dev/null; then with_ansible=1 python=(--python); fi
lab_begin -n "$machines" "${python[@]}"
NAMES=$(seq -f 'n%g' -s ' ' "$machines")
export NAMES ROLLOUT lab bench BENCH_LOG=$scratch/bench.log
export ANSIBLE_PIPELINING=1 ANSIBLE_LOCALHOST_WARNING=0
export -f each rollout_once ansible_once peak_kb

echo "machines: $machines, processors: $(nproc), $("$ROLLOUT" --version | head -n 1)"
first=$(measure bash -c rollout_once) || exit 1
echo "first run (agent sent, all changed):   $first s"
measure bash -c rollout_once >/dev/null || exit 1
grep -q 'changed=[1-9]' "$BENCH_LOG" && echo 'the second run was not silent'
for _ in $(seq "$runs"); do
    measure bash -c "each '$lab'" >>"$scratch/ssh"
    measure bash -c rollout_once >>"$scratch/rollout"
done
floor=$(median <"$scratch/ssh") ours=$(median <"$scratch/rollout")
echo "ssh host sudo -n true, all at once:     $floor s   ($(paste -sd' ' "$scratch/ssh"))"
echo "rollout, unchanged:                     $ours s   ($(paste -sd' ' "$scratch/rollout"))"
awk -v a="$ours" -v b="$floor" 'BEGIN { printf "ratio:                                  %.2f\n", a / b }'
echo "peak memory of rollout:                 $(bash -c peak_kb) kB"
if [ -n "$with_ansible" ]; then
    measure bash -c ansible_once >/dev/null || exit 1
    theirs=$(measure bash -c ansible_once)
    grep -q 'changed=[1-9]' "$BENCH_LOG" && echo 'the run of ansible-playbook was not silent'
    awk -v a="$theirs" -v b="$ours" 'BEGIN { printf "ansible-playbook, unchanged:            %.1f s   (%.0f times)\n", a, a / b }'
else
    echo 'ansible-playbook: not installed, or left out'
fi
