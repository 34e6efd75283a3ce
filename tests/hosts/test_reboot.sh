#!/bin/bash
# Machines that reboot in the middle of a play: it waits, goes on when they are back,
# and says what never came back.
set -uo pipefail
. "$(dirname "$0")/lib/scenario.sh"

names=(n1 n2)

# What does not outlive a boot; and how often systemd was started since the disk is new.
mark() { for name in "${names[@]}"; do hosts enter "$name" touch /run/before; done; }
rebooted() { # HOST...: the mark has gone, and what followed the reboot was done
    local name
    for name; do
        ! hosts enter "$name" test -e /run/before || { echo "$name: not rebooted"; return 1; }
        hosts enter "$name" test -e /run/after || { echo "$name: nothing came after it"; return 1; }
    done
}
result() { # NAME HOST KEY of the task "Reboot"
    jq -r --arg h "$2" --arg k "$3" 'select(.event == "result" and .task == "Reboot" and .host == $h) | .result[$k]' "$scratch/$1.jsonl"
}

lab_begin --names "$(IFS=,; echo "${names[*]}")"
cat >"$scratch/site.yml" <<'END'
- hosts: all
  become: true
  gather_facts: false
  tasks:
    - name: Reboot
      ansible.builtin.reboot: {reboot_timeout: "{{ limit | default(120) }}", test_command: "{{ test | default('whoami') }}"}
    - name: After it
      ansible.builtin.file: {path: /run/after, state: touch}
END

mark
run_json check --check "$scratch/site.yml"
expect_exit 'a dry run' 0
check 'tells a change' test "$(stat_of check n1 changed)" -ge 1
check 'and reboots nothing' hosts enter n1 test -e /run/before

run_json both "$scratch/site.yml"
expect_exit 'two machines reboot' 0
check 'and the play goes on' rebooted "${names[@]}"
check 'it says so' test "$(result both n2 rebooted) $(result both n2 changed)" = 'true true'
expect_clean 'nothing of rollout is left' "${names[@]}"

mark
run_json never -e limit=5 -e test=/bin/false --limit n1 "$scratch/site.yml"
expect_exit 'a test command that never succeeds' 2
check 'is what the message names' grep -q 'Timed out waiting for post-reboot test command' "$scratch/run.log"
check 'the other machine is as it was' hosts enter n2 test -e /run/before
lab_end
