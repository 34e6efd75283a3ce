#!/bin/bash
# A project of 200 roles and 5,000 tasks is loaded and checked in under 300 ms of the
# processor's time. Only of a release build without sanitizers.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
cache=${ROLLOUT_BINARY_DIR:-build/release}/CMakeCache.txt
if ! grep -q '^CMAKE_BUILD_TYPE:.*=Release$' "$cache" || grep -q '^ROLLOUT_SANITIZE:[A-Z]*=.' "$cache"; then
    echo "not a release build"
    exit 77
fi
LOAD_LIMIT=300 tests/bench/load.sh 7
