#!/bin/bash
# Whole runs: each case of run/*.case is laid over a small project whose hosts
# a, b and c are all this machine (`ansible_connection: local`, an agent each).
# What ran, in which order, is told by the files that the tasks append to.
#
#   === what is shown
#   exit 2                      the default is 0
#   args -i inventory.yaml …    the default is `-i inventory.yaml site.roles`
#   recap a ok=2 changed=1      in the line of that host; may repeat
#   log a one two               the lines of log.a; `log all` those of log
#   match REGEX                 (ERE) some line of the output; may repeat
#   never REGEX                 no line of it
#   own                         not as Ansible, on purpose: left out by RUN_ORACLE
#   --- FILE                    its text follows; <TAB> stands for a tab
#
# Arguments: cases to run alone, by a part of their names. RUN_ORACLE=1 runs
# `ansible-playbook play.yml` instead: one play with the role `one`, where the
# case does not write another.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
rollout=${ROLLOUT:-$here/../../build/release/rollout}
only=${1:-}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export HOME=$scratch/home LC_ALL=C.UTF-8 ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_NOCOLOR=1 ANSIBLE_RETRY_FILES_ENABLED=0
unset ANSIBLE_INVENTORY ANSIBLE_ROLES_PATH FORCE_COLOR
mkdir "$HOME"
ran=0 bad=0 file=

project() {
    rm -rf "$scratch/project"
    mkdir -p "$scratch/project/roles/one/"{tasks,handlers,templates,files}
    cd "$scratch/project" || exit 1
    cat >inventory.yaml <<-END
	all:
	  vars:
	    ansible_connection: local
	    to_own: ">>{{ inventory_dir }}/log.{{ inventory_hostname }}"
	    to_all: ">>{{ inventory_dir }}/log"
	  hosts: {a: {}, b: {}, c: {}}
	  children:
	    web: {hosts: {a: {}, b: {}}}
	END
    printf 'roles:\n  one: {hosts: all}\n' >site.roles
    printf -- '- {hosts: all, gather_facts: false, roles: [one]}\n' >play.yml
}

begin() { # NAME
    finish
    name=$1 exit_code=0 args='-i inventory.yaml site.roles' matches=() nevers=() recaps=() logs=() own='' file=''
    project
}

check_recap() { # HOST NAME=N…
    local line=$1 word found
    found=$(grep -E "^ *${line%% *} +(:|ok=| )" "$scratch/output" | grep 'ok=' | tail -n 1)
    for word in ${line#* }; do
        # a column that is nothing is left out
        [[ " $found " == *" $word "* ]] || { [[ $word == *=0 ]] && [[ $found != *" ${word%0}"* ]] && [ -n "$found" ]; } ||
            problem="$problem; the recap of ${line%% *} has no $word"
    done
}

check_log() { # HOST LINE…
    local host=${1%% *} want=${1#* } path got=''
    [ "$want" != "$1" ] || want=''
    path=log.$host
    [ "$host" != all ] || path=log
    [ ! -f "$path" ] || got=$(tr '\n' ' ' <"$path")
    [ "${got% }" = "$want" ] || problem="$problem; the log of $host is '${got% }' instead of '$want'"
}

finish() { # runs the case that was read
    local status=0 words=() line problem=''
    [ -n "${name:-}" ] || return 0
    [[ $name == *"$only"* ]] || return 0
    [ -z "${RUN_ORACLE:-}" ] || [ -z "$own" ] || return 0
    ran=$((ran + 1))
    eval "words=($args)" # quotes are understood
    if [ -n "${RUN_ORACLE:-}" ]; then
        words=("${words[@]/#site.roles/play.yml}")
        timeout 600 ansible-playbook "${words[@]}" >"$scratch/output" 2>&1 </dev/null || status=$?
    else
        timeout 600 "$rollout" "${words[@]}" >"$scratch/output" 2>&1 </dev/null || status=$?
    fi
    [ "$status" = "$exit_code" ] || problem="exit code $status instead of $exit_code"
    [ "$status" != 124 ] || problem="hangs"
    ! grep -q -e 'Sanitizer' -e 'runtime error:' -e 'internal error' "$scratch/output" || problem="a sanitizer or an assertion complains"
    for line in "${recaps[@]}"; do check_recap "$line"; done
    for line in "${logs[@]}"; do check_log "$line"; done
    if [ -z "${RUN_ORACLE:-}" ]; then
        for line in "${matches[@]}"; do
            grep -Eq -e "$line" "$scratch/output" || problem="$problem; no line matches: $line"
        done
        for line in "${nevers[@]}"; do
            ! grep -Eq -e "$line" "$scratch/output" || problem="$problem; a line matches: $line"
        done
    fi
    [ -n "$problem" ] || return 0
    bad=$((bad + 1))
    echo "FAILED  $case_file: $name: ${problem#; }"
    sed 's/^/        /' "$scratch/output" | head -n "${RUN_SHOW:-30}"
}

keyword() { # LINE of a case's head
    case $1 in
    'exit '*) exit_code=${1#exit } ;;
    'args '*) args=${1#args } ;;
    'recap '*) recaps+=("${1#recap }") ;;
    'log '*) logs+=("${1#log }") ;;
    'match '*) matches+=("${1#match }") ;;
    'never '*) nevers+=("${1#never }") ;;
    own) own=1 ;;
    '' | '#'*) ;;
    *)
        echo "$case_file: what is '$1'?"
        exit 1
        ;;
    esac
}

for case_file in "$here"/run/*.case; do
    while IFS= read -r line; do
        case $line in
        '=== '*) begin "${line#=== }" ;;
        '--- '*)
            file=${line#--- }
            [ "$file" != tasks ] || file=roles/one/tasks/main.yml
            [ "$file" != handlers ] || file=roles/one/handlers/main.yml
            mkdir -p "$(dirname "$file")"
            : >"$file"
            ;;
        *) if [ -n "$file" ]; then printf '%s\n' "${line//<TAB>/$'\t'}" >>"$file"; else keyword "$line"; fi ;;
        esac
    done <"$case_file"
    finish
    name=''
done
echo "$ran runs, $bad not as they should be"
[ "$bad" = 0 ] && [ "$ran" -gt 0 ]
