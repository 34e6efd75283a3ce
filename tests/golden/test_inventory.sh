#!/bin/bash
# Inventories of all kinds: what `rollout inventory --list` and `--graph --vars` make of
# inventory/*.case is in the .out beside it. tests/oracle/test_inventory.py compares the
# same cases with ansible-inventory. UPDATE_GOLDEN=1 writes what is printed now.
#
# Arguments: cases to run alone, by a part of their names.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)/inventory
rollout=${ROLLOUT:-$here/../../../build/release/rollout}
only=${1:-}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export HOME=$scratch LC_ALL=C.UTF-8 ANSIBLE_CONFIG=/dev/null
unset ANSIBLE_INVENTORY
name='' ran=0

finish() { # the case that is laid out
    [ -n "$name" ] || return 0
    ran=$((ran + 1))
    printf '=== %s\n' "$name"
    cd "$scratch/case" || exit 1
    # Files end in one newline.
    find . -type f -exec sed -i -e ':a' -e '/^\n*$/{$d;N;ba' -e '}' {} +
    local words=()
    read -ra words <<<"$args"
    env "${settings[@]}" "$rollout" inventory "${words[@]}" --list 2>&1
    env "${settings[@]}" "$rollout" inventory "${words[@]}" --graph --vars 2>&1
    cd / || exit 1
}

lay() { # FILE.case
    local line file=
    name=''
    while IFS= read -r line; do
        case $line in
        '=== '*)
            finish
            name=${line#=== }
            [[ $name == *"$only"* ]] || name=''
            args='-i hosts' file='' settings=(X=)
            rm -rf "$scratch/case" && mkdir "$scratch/case"
            ;;
        '--- '*)
            file=${line#--- }
            local mode=644
            case $file in *' +x') file=${file% +x} mode=755 ;; esac
            mkdir -p "$(dirname "$scratch/case/$file")"
            : >"$scratch/case/$file"
            chmod $mode "$scratch/case/$file"
            ;;
        *)
            if [ -n "$file" ]; then
                printf '%s\n' "${line//<CR>/$'\r'}" >>"$scratch/case/$file"
            elif [[ $line == 'args '* ]]; then
                args=${line#args }
            elif [[ $line == 'config hash_behaviour='* ]]; then
                settings=("ANSIBLE_HASH_BEHAVIOUR=${line#*=}")
            fi
            ;;
        esac
    done <"$1"
    finish
}

expected() { # FILE.out: of the cases that are run
    awk -v part="$only" '/^=== / { mine = part == "" || index($0, part) } mine' "$1"
}

bad=0
[ -z "$only" ] || [ -z "${UPDATE_GOLDEN:-}" ] || { echo 'UPDATE_GOLDEN writes the answers of all cases'; exit 5; }
for case in "$here"/*.case; do
    out=${case%.case}.out
    lay "$case" >"$scratch/out"
    if [ -n "${UPDATE_GOLDEN:-}" ]; then
        cp "$scratch/out" "$out"
    else
        diff -u --label "$out" --label 'what is printed' <(expected "$out") "$scratch/out" || bad=$((bad + 1))
    fi
done
echo "$ran inventories, $bad files not as they should be"
[ "$bad" = 0 ] && [ "$ran" -gt 0 ]
