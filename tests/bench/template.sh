#!/bin/bash
# How long 10,000 renderings of a template of 40 lines take, with rollout and
# with python3-jinja2, in the same run, in processor time: figures, no test.
#
#   tests/bench/template.sh [TIMES]
#
#   ROLLOUT_BUILD    the build's folder (build/release)
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
build=${ROLLOUT_BUILD:-build/release}
times=${1:-10000}
here=tests/bench/template

seconds() { # CMD...: what it prints on its last line
    "$@" | tail -n 1
}

ours=$(seconds "$build/bench_template" "$here/vars.json" "$here/haproxy.j2" "$times") || exit 1
theirs=$(seconds /usr/bin/python3 "$here/render.py" "$here/vars.json" "$here/haproxy.j2" "$times") || exit 1
printf 'renderings of %s\n' "$here/haproxy.j2 ($(wc -l <"$here/haproxy.j2") lines): $times"
printf 'rollout         %8.3f s\n' "$ours"
printf 'python3-jinja2  %8.3f s\n' "$theirs"
awk -v a="$ours" -v b="$theirs" 'BEGIN { printf "rollout takes %.1f %% of it\n", 100 * a / b }'
