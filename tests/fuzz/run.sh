#!/bin/bash
# Fuzzes the parsers with libFuzzer: builds the drivers with clang, address and
# undefined sanitizers, then runs them, two at a time, from the corpus that
# ctest replays. What it finds becomes a file crash-… (also timeout-…, oom-…)
# in tests/fuzz/corpus/NAME: once fixed, it stays there as a test.
#
#   tests/fuzz/run.sh                    a minute each: yaml template ini vault wire free_form
#   tests/fuzz/run.sh 600                ten minutes each
#   tests/fuzz/run.sh 600 json plan      these drivers
#   tests/fuzz/run.sh 60 all             every driver
#
#   FUZZ_BUILD    folder of the build (build/fuzz)
#   FUZZ_JOBS     how many at once (2)
#   FUZZ_MEMORY   MiB for each (2048)
#   FUZZ_TIMEOUT  s that one input may take (30): more on a machine with other work
#   FUZZ_KEEP     folder for the inputs that reached new code; else they are dropped
#
# Exit code: 0 nothing found, 1 something found, 2 no build.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 2
seconds=${1:-60}
build=${FUZZ_BUILD:-build/fuzz}
jobs=${FUZZ_JOBS:-2}
case $seconds in
'' | *[!0-9]*) sed -n '2,17s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
shift || true
names=("$@")
[ ${#names[@]} -gt 0 ] || names=(yaml template ini vault wire free_form)
if [ "${names[0]}" = all ]; then
    names=()
    for source in tests/fuzz/fuzz_*.c; do
        name=${source##*/fuzz_}
        names+=("${name%.c}")
    done
fi
targets=()
for name in "${names[@]}"; do
    [ -f "tests/fuzz/fuzz_$name.c" ] || { echo "no tests/fuzz/fuzz_$name.c"; exit 2; }
    targets+=("fuzz_$name")
done

launcher=()
command -v ccache >/dev/null && launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
mkdir -p "$build"
{ cmake --preset fuzz -B "$build" "${launcher[@]}" &&
    cmake --build "$build" -j "$jobs" --target "${targets[@]}"; } >"$build/fuzz-build.log" 2>&1 || {
    tail -n 20 "$build/fuzz-build.log"
    exit 2
}

fuzz() { # NAME: 0 when nothing was found
    local corpus=tests/fuzz/corpus/$1 log=$build/fuzz-$1.log new status=0 runs
    new=${FUZZ_KEEP:+$FUZZ_KEEP/$1}
    [ -n "$new" ] || new=$build/fuzz-new/$1
    mkdir -p "$corpus" "$new"
    # New inputs go to the first folder.
    timeout $((seconds + 120)) "$build/fuzz_$1" "$new" "$corpus" -max_total_time="$seconds" -timeout="${FUZZ_TIMEOUT:-30}" \
        -rss_limit_mb="${FUZZ_MEMORY:-2048}" -malloc_limit_mb="${FUZZ_MEMORY:-2048}" \
        -artifact_prefix="$corpus/" -print_final_stats=1 -close_fd_mask=2 >"$log" 2>&1 </dev/null || status=$?
    [ -n "${FUZZ_KEEP:-}" ] || rm -rf "$new"
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    if [ "$status" = 0 ]; then
        echo "$1: nothing found in ${runs:-0} runs"
        return 0
    fi
    echo "$1: FOUND (exit code $status), see $log"
    grep -E 'ERROR:|runtime error|SUMMARY|Test unit written' "$log" | head -n 6 | sed 's/^/    /'
    return 1
}

found=0 running=0
for name in "${names[@]}"; do
    if [ "$running" -ge "$jobs" ]; then
        wait -n || found=1
        running=$((running - 1))
    fi
    fuzz "$name" &
    running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
    wait -n || found=1
    running=$((running - 1))
done
exit "$found"
