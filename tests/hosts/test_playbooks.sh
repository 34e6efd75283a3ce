#!/bin/bash
# The playbooks of tests/oracle on real machines: what rollout makes of three fresh
# ones is what ansible-playbook made of three that were alike. A sample of them,
# another one each day, goes through ansible-playbook again, where it is installed.
set -uo pipefail
. "$(dirname "$0")/lib/scenario.sh"

oracle=$repo/tests/oracle/playbook_on_machines.py
command -v python3 >/dev/null || { echo "skipped: needs python3"; exit 77; }
export ROLLOUT # the program that they are for

# Its lines that matter are told, be they good or bad.
through() { # WHAT VERB
    if python3 "$oracle" "$2" "$lab" >"$scratch/$2.log" 2>&1; then
        echo "ok      $1 ($SECONDS s): $(tail -n 1 "$scratch/$2.log")"
    else
        failed "$1" "$scratch/$2.log"
    fi
}

lab_begin --names a,b,c
through 'playbooks on machines, as with ansible-playbook' rollout
grep '^not on machines' "$scratch/rollout.log"
expect_clean 'nothing of rollout is left on the machines' a b c
if python3 "$oracle" version >/dev/null && [ -z "${PLAYBOOKS_WITHOUT_ANSIBLE:-}" ]; then
    hosts down
    hosts up --names a,b,c --python && through 'what was recorded is what ansible-playbook does' ansible
else
    echo 'not asked again: no ansible-playbook of the version that was recorded'
fi
lab_end
