#!/bin/bash
# The README's first example, as it stands there, on machines of those names.
set -uo pipefail
. "$(dirname "$0")/lib/scenario.sh"

# A line that begins with a file's name in backquotes, then a fence: the file.
extract() { # DIR
    awk -v dir="$1" '
        /^```/ && inside { inside = 0; next }
        /^```/ && name != "" { file = dir "/" name; system("mkdir -p \"$(dirname \"" file "\")\""); printf "" >file; inside = 1; name = ""; next }
        /^```/ { file = "/dev/null"; inside = 1; next }
        inside { print >file; next }
        /^`[^`]+`/ { name = $0; sub(/^`/, "", name); sub(/`.*/, "", name); next }
        { name = "" }' "$repo/README.md"
}

readme() { # NAME ARGS...: not the lab's inventory but the README's; only the way to the machines is added
    local name=$1
    shift
    exit_code=0
    timeout -k 5 100 "$ROLLOUT" -i "$scratch/example/inventory.yaml" --ssh-common-args "-F $lab/ssh_config" \
        "$@" "$scratch/example/site.roles" >"$scratch/$name" 2>&1 </dev/null || exit_code=$?
    cp "$scratch/$name" "$scratch/run.log"
    sane_exit
}

# The lines that README shows, without times and without the order of hosts.
shown() { sed -E 's/ +[0-9]+(\.[0-9])?s\b//g; s/ after$//; s/ after:/:/; s/\[[a-z0-9,-]+\]//; s/[ ]+$//' "$1"; }

lab_begin --names web-1,web-2,lb-1
extract "$scratch/example"
readme first
expect_exit 'the first example' 0
sed -n '/^\$ rollout -i inventory.yaml site.roles$/,/^```$/p' "$repo/README.md" | sed '1d;$d' >"$scratch/told"
check 'says what the README shows' diff <(shown "$scratch/told") <(shown "$scratch/first")
readme second
expect_exit 'once more' 0
check 'and silent' eval '! grep -q "changed=[1-9]" "$scratch/second"'
check 'and it is there' test "$(hosts enter web-2 cat /etc/greeting)" = 'web-2.example.org, of web-1 and web-2'
lab_end
