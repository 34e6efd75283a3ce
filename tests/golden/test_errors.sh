#!/bin/bash
# Wrong inputs: each case of errors/*.case is laid over a small project that is
# right, and `rollout` must refuse it with the exit code and the message that the
# case tells. No host is contacted, no root is needed.
#
#   === what is wrong
#   exit 1                      the default is 1
#   args -i inventory.yaml …    the default is `-i inventory.yaml site.roles`
#   match REGEX                 (ERE) some line of the output; may repeat
#   told N                      so many messages, in the order of their places
#   --- FILE                    its text follows; <TAB> stands for a tab
#
# Arguments: cases to run alone, by a part of their names.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
rollout=${ROLLOUT:-$here/../../build/release/rollout}
only=${1:-}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export HOME=$scratch/home LC_ALL=C.UTF-8
mkdir "$HOME"
ran=0 bad=0 file=

project() { # the one that is right
    rm -rf "$scratch/project"
    mkdir -p "$scratch/project/roles/one/"{tasks,handlers,templates,files}
    cd "$scratch/project" || exit 1
    cat >inventory.yaml <<-END
	all:
	  vars: {ansible_host: 192.0.2.1}
	  hosts: {a: {}, b: {}, c: {}}
	  children:
	    web: {hosts: {a: {}, b: {}}}
	END
    printf 'roles:\n  one: {hosts: web}\n' >site.roles
    printf -- '- debug: {msg: hello}\n' >roles/one/tasks/main.yml
    printf 'hello\n' >roles/one/files/plain
    printf 'hello {{ inventory_hostname }}\n' >roles/one/templates/plain.j2
}

begin() { # NAME
    finish
    name=$1 exit_code=1 args='-i inventory.yaml site.roles' matches=() told='' file=''
    project
}

finish() { # runs the case that was read
    local status=0 words=() match problem=''
    [ -n "${name:-}" ] || return 0
    [[ $name == *"$only"* ]] || return 0
    ran=$((ran + 1))
    eval "words=($args)" # quotes are understood
    timeout 600 "$rollout" "${words[@]}" >"$scratch/output" 2>&1 </dev/null || status=$?
    [ "$status" = "$exit_code" ] || problem="exit code $status instead of $exit_code"
    [ "$status" != 124 ] || problem="hangs"
    [ "$status" -lt 128 ] || problem="crashes ($status)"
    ! grep -q -e 'Sanitizer' -e 'runtime error:' "$scratch/output" || problem="a sanitizer complains"
    for match in "${matches[@]}"; do
        grep -Eq -e "$match" "$scratch/output" || problem="$problem; no line matches: $match"
    done
    if [ -n "$told" ]; then
        grep '^rollout: ' "$scratch/output" >"$scratch/told"
        [ "$(wc -l <"$scratch/told")" = "$told" ] || problem="$problem; not $told messages"
        grep -E '^[^ ]+ [^ ]+:[0-9]+:[0-9]+:' "$scratch/told" | sort -c -s -t: -k2,2 -k3,3n -k4,4n 2>/dev/null ||
            problem="$problem; not in the order of their places"
    fi
    if [ -n "${ERRORS_SHOW:-}" ]; then printf '%-45s %s %s\n' "$name" "$status" "$(head -n 3 "$scratch/output")"; fi
    [ -n "$problem" ] || return 0
    bad=$((bad + 1))
    echo "FAILED  $case_file: $name: ${problem#; }"
    sed 's/^/        /' "$scratch/output" | head -n 20
}

for case_file in "$here"/errors/*.case; do
    while IFS= read -r line; do
        case $line in
        '=== '*) begin "${line#=== }" ;;
        '--- '*) file=${line#--- }; mkdir -p "$(dirname "$file")"; : >"$file" ;;
        *)
            if [ -n "$file" ]; then
                printf '%s\n' "${line//<TAB>/$'\t'}" >>"$file"
                continue
            fi
            case $line in
            'exit '*) exit_code=${line#exit } ;;
            'args '*) args=${line#args } ;;
            'told '*) told=${line#told } ;;
            'match '*) matches+=("${line#match }") ;;
            '' | '#'*) ;;
            *) echo "$case_file: what is '$line'?"; exit 1 ;;
            esac
            ;;
        esac
    done <"$case_file"
    finish
    name=''
done
echo "$ran wrong inputs, $bad not refused as they should"
[ "$bad" = 0 ] && [ "$ran" -gt 0 ]
