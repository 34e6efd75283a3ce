#!/bin/bash
# vm status of machines that were never made, and of one whose host was taken out of
# the inventory.
set -uo pipefail
rollout=${ROLLOUT:?}
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
export HOME=$scratch ANSIBLE_CONFIG=/dev/null
failures=0
# expect WHAT COMMAND...
expect() {
    local what=$1
    shift
    "$@" || { echo "FAILED: $what"; cat out; failures=$((failures + 1)); }
}

echo 'all: {vars: {vm: {image: debian-12}}, hosts: {a: {}, b: {}}}' >inventory.yaml
"$rollout" vm status -i inventory.yaml >out 2>&1
expect 'exit code 0' test $? = 0
expect 'two machines' test "$(grep -cE '^[ab] +not created ' out)" = 2
expect 'nobody else' eval '! grep "not in the inventory" out'
mkdir -p .rollout/vm/machines/gone .rollout/vm/machines/a
"$rollout" vm status -i inventory.yaml >out 2>&1
expect 'the one that is gone is named' grep -q '^not in the inventory any more, but there: .*/machines/gone$' out
expect 'and no other' test "$(grep -c 'not in the inventory' out)" = 1
"$rollout" vm status -i inventory.yaml b >out 2>&1
expect 'one alone' test "$(grep -cE '^[ab] ' out)" = 1
expect 'it is not named beside one that was asked for' eval '! grep "not in the inventory" out'
"$rollout" vm status -i inventory.yaml --json >out 2>&1
expect 'nor in JSON' eval "! grep 'not in the inventory' out"
expect 'which has both' test "$(grep -c '"state": "not created"' out)" = 2
[ "$failures" = 0 ]
