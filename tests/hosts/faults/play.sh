# shellcheck shell=bash
# A playbook of this folder on the machine, and whether what is there afterwards is as
# it was or as it should be.

# The writers on DIR; each task's name, status and message into NAME.tasks.
play() { # NAME PLAYBOOK DIR ARGS...
    local name=$1 playbook=$2 dir=$3
    shift 3
    run_json "$name" -e "d=$dir" -e "archives=$scratch/archives" "$@" "$faults/$playbook"
    jq -r 'select(.event == "result") | [.task, .status, (.result.msg // "") + " " + (.result.stderr // "") + " " + (.result.module_stderr // "")] |
        map(gsub("[\n\t]"; " ")) | join("\t")' "$scratch/$name.jsonl" >"$scratch/$name.tasks"
}

# Failed: as before, and the message has CAUSE. Else: as after a good run. A task
# that makes more than one file may have made some of them, each whole. What a
# command has written is the command's affair.
judge() { # NAME CAUSE
    local name=$1
    awk -v cause="$2" '
        function file(what) { return FILENAME ~ what "$" }
        function keep(set, all) { k = $1; if (!((k, $0) in all)) { all[k, $0] = 1; set[k] = set[k] "\n" $0 } }
        BEGIN { own = "^(command|shell|raw|script)$"; many = "^(copy_folder|copy_new|synchronize|file_folder|etc_authorized_key)$" }
        file("/old") { keep(old, all); ok[$0]; next }
        file("/new") { keep(new, all_new); ok[$0]; next }
        file("states") { keep(now, all_now); if (!($0 in ok)) between[$1] = $0; next }
        {
            split($0, at, "\t")
            task = at[1]; seen++; bad = at[2] ~ /failed|ignored/; failed += bad
            if (bad && at[3] !~ cause) print task ": the cause is not named: " at[3]
            if (bad && task ~ own) next
            if (bad && task ~ many && !(task in between)) next
            want = bad ? old[task] : new[task]
            if (now[task] == want) next
            print task " (" at[2] "): " at[3] "\n  was:" old[task] "\n  should be:" new[task] "\n  is:" now[task]
        }
        END { if (!seen) print "no task was run"; printf "%d of %d tasks failed\n", failed, seen >"/dev/stderr" }' \
        "$scratch/old" "$scratch/new" "$scratch/$name.states" "$scratch/$name.tasks" >"$scratch/$name.wrong" 2>"$scratch/$name.count"
    if [ -s "$scratch/$name.wrong" ]; then failed "$name" "$scratch/$name.wrong"; else echo "ok      $name: $(cat "$scratch/$name.count") ($SECONDS s)"; fi
}

expect_causes() { # NAME PLAYBOOK-ARGS...
    local name=$1
    shift
    [[ $name == *"$only"* ]] || return 0
    play "$name" causes.yml "" -e "what=$name" "$@"
    awk -F '\t' '$1 == "ready" { next }
        $2 !~ /failed|ignored/ { print "did not fail: " $0; next }
        $3 !~ $1 { print }
        END { if (!NR) print "no task was run" }' "$scratch/$name.tasks" >"$scratch/$name.wrong"
    if [ -s "$scratch/$name.wrong" ]; then failed "$name: messages have the cause" "$scratch/$name.wrong"; else echo "ok      $name: messages have the cause, $(wc -l <"$scratch/$name.tasks") tasks ($SECONDS s)"; fi
}
