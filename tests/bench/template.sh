#!/bin/bash
# How long 10,000 renderings of a template of 40 lines take, with rollout and
# with python3-jinja2, in processor time: figures, no test. Both take turns, and
# the least of each counts, so that other work on the machine hardly matters.
#
#   tests/bench/template.sh [TIMES [ROUNDS]]
#
#   ROLLOUT_BUILD    the build's folder (build/release)
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
build=${ROLLOUT_BUILD:-build/release}
times=${1:-10000}
rounds=${2:-5}
here=tests/bench/template

least() { # A B: the smaller of them; A may be empty
    awk -v a="$1" -v b="$2" 'BEGIN { print a == "" || b + 0 < a + 0 ? b : a }'
}

ours='' theirs=''
for ((round = 0; round < rounds; round++)); do
    now=$("$build/bench_template" "$here/vars.json" "$here/haproxy.j2" "$times") || exit 1
    ours=$(least "$ours" "$now")
    now=$(/usr/bin/python3 "$here/render.py" "$here/vars.json" "$here/haproxy.j2" "$times") || exit 1
    theirs=$(least "$theirs" "$now")
done
printf 'renderings of %s\n' "$here/haproxy.j2 ($(wc -l <"$here/haproxy.j2") lines): $times, the best of $rounds rounds"
printf 'rollout         %8.3f s\n' "$ours"
printf 'python3-jinja2  %8.3f s\n' "$theirs"
awk -v a="$ours" -v b="$theirs" 'BEGIN { printf "rollout takes %.1f %% of it\n", 100 * a / b }'
