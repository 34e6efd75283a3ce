#!/bin/bash
# How long it takes to load and check 200 roles with 5,000 tasks, as a playbook and
# as a site file: the best of several times. The processor's time is what a loaded
# machine does not change.
#
#   tests/bench/load.sh [TIMES]
#
#   ROLLOUT_BUILD    the build's folder (build/release)
#   LOAD_LIMIT       ms of processor time; above it the exit code is 1
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
rollout=${ROLLOUT:-${ROLLOUT_BUILD:-build/release}/rollout}
rollout=$(realpath "$rollout") || exit 1
times=${1:-5}
limit=${LOAD_LIMIT:-0}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tests/golden/mistakes/project.py "$scratch/project" || exit 1
cd "$scratch/project" || exit 1
export HOME=$scratch LC_ALL=C.UTF-8 ANSIBLE_CONFIG=/dev/null TIMEFORMAT='%R %U %S'
status=0
for entry in site.yml site.roles; do
    for ((i = 0; i < times; i++)); do
        { time "$rollout" -i inventory "$entry" --syntax-check >"$scratch/out" 2>&1; } 2>>"$scratch/$entry" || {
            cat "$scratch/out"
            exit 1
        }
    done
    awk -v entry="$entry" -v limit="$limit" '
        { cpu = ($2 + $3) * 1000; wall = $1 * 1000 }
        NR == 1 || cpu < best_cpu { best_cpu = cpu }
        NR == 1 || wall < best_wall { best_wall = wall }
        END {
            printf "%-10s  processor %4d ms   wall %4d ms   (best of %d)\n", entry, best_cpu, best_wall, NR
            exit limit > 0 && best_cpu > limit
        }' "$scratch/$entry" || status=1
done
exit "$status"
