#!/bin/bash
# What is tested, on a bare Debian 12: installs what it needs (as root), builds with
# gcc, clang and sanitizers, runs all tests and the checks of the code itself. The
# last line counts.
#
#   tests/run.sh               all stages; what needs no machines is built and checked
#                              beside the tests that wait for them, at idle priority
#   tests/run.sh lint clang    some stages: release cluster clang sanitize lint
#   tests/run.sh cluster       the Kubernetes cluster: 20 to 26 minutes, and 9 more the
#                              first time, to build Kubernetes
#   tests/run.sh distributions     builds and unit tests on other Debians and Ubuntus,
#                              in chroots; this stage is not among all
#
#   ROLLOUT_BUILD    folder of the builds (build)
#   ROLLOUT_JOBS     how many at once (as many as processors)
#   ROLLOUT_TIDY_SECONDS    clang-tidy stops there and says what it left out (2400)
#   ROLLOUT_TIDY_NODES      how far its analyzer follows a function (75000); its own limit,
#                           225000, takes more than twice as long
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
build=${ROLLOUT_BUILD:-build}
jobs=${ROLLOUT_JOBS:-$(nproc)}
tidy_seconds=${ROLLOUT_TIDY_SECONDS:-2400}
tidy_nodes=${ROLLOUT_TIDY_NODES:-75000}
logs=$build/run
mkdir -p "$logs"
counted=$logs/counted # a line for each check: PASSED FAILED SKIPPED NAME
: >"$counted"
: >"$logs/failures"

title() { printf '\n=== %s (%d s)\n' "$*" "$SECONDS"; }

count() { # NAME STATUS: one check; 77 is a skipped one
    case $2 in
    0) echo "1 0 0 $1" ;;
    77) echo "0 0 1 $1" ;;
    *) echo "0 1 0 $1" ;;
    esac >>"$counted"
}

check() { # NAME CMD...
    local name=$1 status=0
    shift
    title "$name"
    "$@" || status=$?
    count "$name" "$status"
    return "$status"
}

install_packages() {
    tests/packages.sh build cross run vm hosts test lint oracle && return
    [ "$(id -u)" != 0 ] || return 1
    echo "going on without them: what needs them fails or is skipped"
    return 77
}

junit() { # FILE ATTRIBUTE of the test suite
    sed -n '/<testsuite/,/>/p' "$1" | tr '\n' ' ' | sed -n "s/.*[ \t]$2=\"\([0-9]*\)\".*/\1/p"
}

# ctest's own figures into ours; its verdict where it wrote none.
count_ctest() { # NAME FILE STATUS
    local total bad left
    total=$(junit "$2" tests) bad=$(junit "$2" failures) left=$(junit "$2" skipped)
    if [ -z "$total" ]; then
        count "$1" "$3"
        return
    fi
    echo "$((total - bad - left)) $bad $left $1" >>"$counted"
}

build_with() { # PRESET [CMAKE-OPTION...]
    cmake --preset "$1" -B "$build/$1" "${@:2}" >"$logs/$1.configure" 2>&1 || { cat "$logs/$1.configure"; return 1; }
    cmake --build "$build/$1" -j "$jobs" >"$logs/$1.build" 2>&1 || { grep -v '^\[' "$logs/$1.build" | head -n 200; return 1; }
}

# Machines are booted by one test at a time, so the others go first, in parallel.
test_with() { # PRESET CTEST-OPTIONS...
    local preset=$1 status=0 results=$PWD/$logs/$1.xml
    shift
    title "tests: $preset $*"
    rm -f "$results"
    ctest --test-dir "$build/$preset" --output-on-failure --no-tests=error -j "$jobs" \
        --output-junit "$results" "$@" || status=$?
    count_ctest "tests: $preset" "$results" "$status"
    failures "$build/$preset/Testing/Temporary/LastTest.log" >>"$logs/failures"
}

# The name of each test that failed, with its lines that say so, or its last ones.
failures() { # LOG of ctest
    awk '/^[0-9]+\/[0-9]+ Testing: / { name = $3; n = m = over = 0 }
        /^<end of output>$/ { over = 1 }
        !over { last[n++ % 5] = $0 }
        /^ *(FAILED|not ok)/ && m < 10 { said[m++] = $0 }
        /^Test Failed\.$/ {
            print "  " name
            for (i = 0; i < m; i++) print "    " substr(said[i], 1, 200)
            for (i = n > 5 ? n - 5 : 0; !m && i < n; i++) print "    " substr(last[i % 5], 1, 200)
        }' "$1"
}

tidy() {
    local status=0
    find src -name '*.c' | sort >"$logs/tidy.todo"
    : >"$logs/tidy.done"
    timeout "$tidy_seconds" xargs -P "$jobs" -n 4 sh -c '
        build=$1 nodes=$2 done=$3; shift 3
        clang-tidy --quiet -p "$build" --extra-arg=-Xclang --extra-arg=-analyzer-config \
            --extra-arg=-Xclang --extra-arg="max-nodes=$nodes" "$@" 2>/dev/null || { echo "clang-tidy: $*"; exit 1; }
        printf "%s\n" "$@" >>"$done"' - "$build/release-clang" "$tidy_nodes" "$logs/tidy.done" <"$logs/tidy.todo" || status=$?
    if [ "$status" = 124 ]; then
        echo "clang-tidy had $tidy_seconds s and did not come to:"
        sort "$logs/tidy.done" | comm -13 - "$logs/tidy.todo"
        return 77
    fi
    return "$status"
}

# What it says without the command, which names all files.
target() { # NAME
    cmake --build "$build/release-clang" --target "$1" >"$logs/$1" 2>&1 || { grep -vE '^(\[|cd |FAILED)' "$logs/$1"; return 1; }
}

# Left out: text for shells elsewhere, what comes of files that are sourced, and of functions called by name.
shell_check() {
    local scripts
    mapfile -t scripts < <(git ls-files -co --exclude-standard 2>/dev/null | grep -E '\.sh$|^\.ci/run$' || find . -name '*.sh')
    shellcheck -e SC1090,SC1091,SC2016,SC2034,SC2154,SC2317 "${scripts[@]}"
}

build_cross() {
    local status=0
    src/agent/cross/build.sh aarch64 "$build/agent-aarch64" >"$logs/agent-aarch64" 2>&1 || status=$?
    [ "$status" = 0 ] || tail -n 50 "$logs/agent-aarch64"
    return "$status"
}
build_release() {
    local agents=
    check 'build: the agent for arm64' build_cross && agents=aarch64=$(realpath "$build/agent-aarch64/rollout-agent")
    check 'build: release (gcc)' build_with release "-DROLLOUT_EXTRA_AGENTS=$agents"
}
build_clang() { check 'build: release-clang' build_with release-clang; }
build_sanitize() { check 'build: sanitize (gcc)' build_with sanitize; }
cluster_packages() { check 'packages of the cluster' tests/packages.sh cluster; }

test_release() { test_with release -LE '^(vm|cluster)$'; }
test_cluster() { test_with release -L '^cluster$'; }
test_vm() { test_with release -L '^vm$'; }
test_clang() { test_with release-clang -LE '^(machines|oracle)$'; }
# The controller under sanitizers; of the machines' tests one that goes through all of it.
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
test_sanitize() { test_with sanitize -LE '^(machines|oracle|structure)$'; }
test_sanitize_hosts() { RUN_SECONDS=600 FEATURES_WITHOUT_ANSIBLE=1 test_with sanitize -R '^hosts/features$'; }
check_code() {
    [ -e "$build/release-clang/compile_commands.json" ] || build_with release-clang
    check 'format' target format-check
    check 'cppcheck' target cppcheck
    check 'shellcheck' shell_check
    check 'clang-tidy' tidy
}

stage() { # NAME
    case $1 in
    release) build_release && test_release && test_vm ;;
    cluster) cluster_packages; build_release && test_cluster ;;
    clang) build_clang && test_clang ;;
    sanitize) build_sanitize && test_sanitize && test_sanitize_hosts ;;
    lint) check_code ;;
    distributions) check 'other distributions' tests/distributions.sh ;;
    *) echo "no stage $1 (release cluster clang sanitize lint distributions)" >&2; exit 5 ;;
    esac
}

# What only computes, while the machines' tests wait for their machines.
beside() {
    chrt --idle --pid 0 "$BASHPID" && renice -n 19 "$BASHPID" >/dev/null
    check 'Kubernetes from source' tests/cluster/build-kubernetes.sh
    stage clang
    build_sanitize && test_sanitize
    check_code
}

stages() {
    local background
    cluster_packages
    build_release || return
    trap 'trap - TERM; kill 0' INT TERM
    beside >"$logs/beside" 2>&1 &
    background=$!
    test_release
    test_cluster # while there is much to do beside it
    test_vm      # emulation takes all processors
    wait "$background"
    cat "$logs/beside"
    test_sanitize_hosts
}

check 'packages' install_packages
if [ $# = 0 ]; then stages; fi
for name; do stage "$name"; done

title 'over'
awk '$2 { f = $2; $1 = $2 = $3 = ""; print "failed:" $0 (f > 1 ? ": " f " tests" : "") }' "$counted" | tr -s ' '
cat "$logs/failures"
awk '{ p += $1; f += $2; s += $3 } END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 }' "$counted"
