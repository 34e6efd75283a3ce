#!/bin/bash
# A controller that is killed leaves every file whole, and the next run goes on.
# Ten kills at random moments, in two rounds from blank machines.
#
#   SIGKILL_SEED   to repeat a run of the test
set -uo pipefail
. "$(dirname "$0")/lib/scenario.sh"
. "$(dirname "$0")/lib/etcd-haproxy.sh"

RANDOM=${SIGKILL_SEED:-$$}
echo "seed ${SIGKILL_SEED:-$$}"

moment() { # MILLISECONDS: a random one below it, as seconds
    local ms=$((200 + (RANDOM * 32768 + RANDOM) % $1))
    printf '%d.%03d\n' $((ms / 1000)) $((ms % 1000))
}

# The site, killed after SECONDS; false if it was over before.
killed_after() { # SECONDS
    local pid status=0
    (exec "$ROLLOUT" -i "$lab/inventory.yaml" -e "pki_dir=$pki" "$site" \
        >"$scratch/killed.log" 2>&1 </dev/null) &
    pid=$!
    sleep "$1"
    kill -KILL "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null || status=$?
    [ "$status" = 137 ] && return
    [ "$status" = 0 ] || failed "a run that was not killed in time failed ($status)" "$scratch/killed.log"
    return 1
}

expect_converged() {
    example full
    expect_exit 'the run that is not killed' 0
    expect_healthy 'then'
    example silent
    expect_silent 'and the next one is silent' silent
    expect_clean 'no half-written file, no agent is left' "${machines[@]}"
    check 'nor on the controller' test -z "$(find "$pki" -name '.*' -type f)"
}

example_begin
longest=${SIGKILL_LONGEST_MS:-6000}
kills=0
for round in 1 2; do
    if [ "$round" = 2 ]; then
        check 'blank machines again' hosts wipe "${machines[@]}"
        rm -rf "$pki"
    fi
    while [ "$kills" -lt $((round * 5)) ]; do
        seconds=$(moment "$longest")
        if killed_after "$seconds"; then
            kills=$((kills + 1))
            echo "ok      kill $kills after $seconds s: $(grep -E '^(ok|changed|STEP)' "$scratch/killed.log" | tail -n 1)"
        else
            longest=$((longest / 2 + 1)) # little is left to do: sooner
        fi
    done
    expect_converged
    longest=${SIGKILL_LONGEST_MS:-6000}
done
lab_end
