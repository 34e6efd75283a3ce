# shellcheck shell=bash
# What the tests test_*.sh share: a lab of their own, rollout in it, checks that
# are counted. Sourced; `lab_begin UP-OPTIONS...` first, `lab_end` last.
#
#   $scratch   a folder that goes away      $lab   the lab, $scratch/lab
#   $ROLLOUT   the program under test

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
ROLLOUT=${ROLLOUT:-$repo/build/release/rollout}
outcome=0

hosts() { "$repo/tests/hosts/hosts.sh" "$@"; }

lab_begin() { # UP-OPTIONS...
    local status=0
    [ -x "$ROLLOUT" ] || { echo "no rollout at $ROLLOUT: set ROLLOUT" >&2; exit 1; }
    command -v jq >/dev/null || { echo "skipped: needs jq"; exit 77; }
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/rollout-test.XXXXXX")
    lab=$scratch/lab
    export ROLLOUT_LAB=$lab LC_ALL=C.UTF-8
    export HOME=$scratch/home # nobody's ssh settings, known hosts and caches
    mkdir "$HOME"
    unset SSH_AUTH_SOCK
    trap lab_remove EXIT
    hosts up "$@" || status=$?
    [ "$status" = 0 ] || exit "$status"
}

lab_remove() {
    [ -z "${server:-}" ] || kill "$server" 2>/dev/null
    hosts down >/dev/null 2>&1
    rm -rf "$scratch"
}

lab_end() {
    [ "$outcome" = 0 ] && echo "all as it should be ($SECONDS s)"
    exit "$outcome"
}

failed() { # WHAT [FILE]: with what it said
    outcome=1
    echo "FAILED  $1"
    [ -z "${2:-}" ] || tail -n 60 "$2" | cut -c1-600 | sed 's/^/        /'
}

check() { # WHAT CMD...
    local what=$1
    shift
    if "$@" >"$scratch/check.log" 2>&1; then echo "ok      $what ($SECONDS s)"; else failed "$what" "$scratch/check.log"; fi
}

# rollout in the lab's network, never longer than a limit, without a terminal.
# Its output goes to $scratch/run.log, its exit code to $exit_code.
run() { # ARGS...
    exit_code=0
    timeout -k 5 "${RUN_SECONDS:-200}" "$ROLLOUT" -i "$lab/inventory.yaml" "$@" \
        >"$scratch/run.log" 2>&1 </dev/null || exit_code=$?
    sane_exit
}

# As run, with JSON lines in $scratch/NAME.jsonl; the human part in run.log. Where it
# is not from here: command_of_run=(ssh …), inventory_of_run=PATH.
run_json() { # NAME ARGS...
    local name=$1
    shift
    exit_code=0
    timeout -k 5 "${RUN_SECONDS:-200}" "${command_of_run[@]:-$ROLLOUT}" -i "${inventory_of_run:-$lab/inventory.yaml}" --json "$@" \
        >"$scratch/$name.jsonl" 2>"$scratch/run.err" </dev/null || exit_code=$?
    {
        cat "$scratch/run.err"
        jq -r 'select((.event == "result" or .event == "item") and (.status | IN("failed", "unreachable"))) |
            "\(.status) \(.host) \(.step): \(.task) \(.item // "") (\(.file):\(.line)): \(.result.msg // .msg // "") \(.result.stderr // "")"' \
            "$scratch/$name.jsonl"
        jq -r 'select(.event == "warning" or (.event == "host_state" and .msg != null)) | "\(.event) \(.host // ""): \(.msg)"' "$scratch/$name.jsonl"
    } >"$scratch/run.log" 2>&1
    sane_exit
}

# Neither hung nor crashed.
sane_exit() {
    if [ "$exit_code" = 124 ] || [ "$exit_code" -ge 128 ]; then
        failed "rollout hung or crashed: exit code $exit_code" "$scratch/run.log"
    fi
}

expect_exit() { # WHAT CODE
    if [ "$exit_code" = "$2" ]; then echo "ok      $1 ($SECONDS s)"; else failed "$1: exit code $exit_code instead of $2" "$scratch/run.log"; fi
}

# NAME's figures of a host: stat_of NAME HOST changed
stat_of() { jq -r --arg h "$2" --arg k "$3" 'select(.event == "run_ended") | .host_stats[] | select(.host == $h) | .[$k]' "$scratch/$1.jsonl"; }

# Nothing changed on any host, and nothing failed.
expect_silent() { # WHAT NAME
    local loud
    loud=$(jq -r 'select(.event == "run_ended") | .host_stats[] | select(.changed + .failed + .unreachable > 0) | "\(.host): changed=\(.changed) failed=\(.failed)"' "$scratch/$2.jsonl")
    if [ -z "$loud" ] && jq -e 'select(.event == "run_ended")' "$scratch/$2.jsonl" >/dev/null; then
        echo "ok      $1 ($SECONDS s)"
    else
        { echo "$loud"; jq -r 'select(.event == "result" and .status == "changed") | "changed \(.host) \(.task) (\(.file):\(.line))"' "$scratch/$2.jsonl"; cat "$scratch/run.log"; } >"$scratch/loud.log"
        failed "$1" "$scratch/loud.log"
    fi
}

# Temporary files that should not have outlived their run.
files_left() { # NAME
    hosts enter "$1" find / -xdev \( -name '.rollout-*' -o -name '*.rollout-aside' -o -path '/tmp/rollout.*' \
        -o -path '/var/tmp/rollout.*' -o -path '*/.cache/rollout/new.*' \) 2>/dev/null
}

agents_on() { # NAME: their process ids there
    hosts enter "$1" sh -c 'for p in /proc/[0-9]*; do
        case $(readlink "$p/exe" 2>/dev/null) in */.cache/rollout/*|*/rollout.*/new.*) echo "${p#/proc/}" ;; esac
    done'
}

expect_nothing_of() { # WHAT WHICH... -- HOST...: they get a moment to see that their channel is gone
    local what=$1 name which kinds=() left=''
    shift
    while [ "$1" != -- ]; do kinds+=("$1"); shift; done
    shift
    for _ in {1..60}; do
        left=''
        for name; do
            for which in "${kinds[@]}"; do left+=$("$which" "$name" | sed "s/^/$name: $which: /"); done
        done
        [ -n "$left" ] || break
        sleep 0.5
    done
    echo "$left" >"$scratch/left.log"
    if [ -z "$left" ]; then echo "ok      $what ($SECONDS s)"; else failed "$what" "$scratch/left.log"; fi
}
expect_clean() { # WHAT HOST...: no temporary file, no agent
    local what=$1
    shift
    expect_nothing_of "$what" files_left agents_on -- "$@"
}
# Where the network failed, the host's sshd may not know yet that nobody is there.
expect_whole() { # WHAT HOST...: no temporary file
    local what=$1
    shift
    expect_nothing_of "$what" files_left -- "$@"
}

# A small HTTP server in the lab's network, for the files in $scratch/web:
# http://10.77.0.1:8000/NAME. Ends with the lab.
serve() {
    mkdir -p "$scratch/web"
    touch "$scratch/web/requests"
    systemd-socket-activate --inetd --accept -l 10.77.0.1:8000 \
        "$repo/tests/hosts/lib/serve.sh" "$scratch/web" >"$scratch/serve.log" 2>&1 &
    server=$!
    for _ in {1..600}; do
        grep -qs Listening "$scratch/serve.log" && return
        sleep 0.1
    done
    failed 'the HTTP server does not start' "$scratch/serve.log"
}
