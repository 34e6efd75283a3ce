# shellcheck shell=bash
# The agent is killed in the middle: alone, with the programs that it had started, and
# beside a validator.

kill_agents() { # SECONDS after it is there, all its processes; [WITH-PROGRAMS]: and what they have started
    machine perl - "$@" <<-'END'
	sub agents {
	    map { m{(\d+)} } grep { (readlink "$_/exe" // '') =~ m{/\.cache/rollout/|/rollout\.[^/]*/new\.} } glob '/proc/[0-9]*';
	}
	for (1 .. 12000) { last if agents(); select undef, undef, undef, 0.01 }
	select undef, undef, undef, $ARGV[0];
	my @them = agents() or die "too late\n";
	if ($ARGV[1]) {
	    my %of;
	    for (glob '/proc/[0-9]*/stat') {
	        open my $s, '<', $_ or next;
	        push @{$of{$2}}, $1 if <$s> =~ /^(\d+) \(.*\) \S (\d+)/;
	    }
	    for (my $i = 0; $i < @them; $i++) { push @them, @{$of{$them[$i]} // []} }
	}
	open my $f, '<', '/run/sshd.pid' or die;
	kill 'STOP', int(<$f>); # rollout will connect anew, and go on
	kill 'KILL', @them;
	END
}

# What is there then, before it goes on.
killed_state() { # NAME DIR SECONDS [WITH-PROGRAMS]
    kill_agents "${@:3}"
    sleep 0.3 # programs that it had started
    all_states "$2" >"$scratch/$1.states"
    machine sh -c 'kill -CONT "$(cat /run/sshd.pid)"'
}

judge_killed() { # NAME: whatever was begun, each name is old or new
    awk '
        function file(what) { return FILENAME ~ what "$" }
        # Programs have a pass of their own.
        BEGIN { own = "^(command|shell|raw|script|git.*|pip.*|dnf|yum|etc_ufw.*|etc_apt_key|etc_iptables)$"; many = "^(copy_folder|copy_new|synchronize|file_folder|etc_authorized_key|openssh_keypair|unarchive|unarchive_zip)$" }
        file("/old") { old[$1] = old[$1] "\n" $0; ok[$0]; names[$1]; next }
        file("/new") { new[$1] = new[$1] "\n" $0; ok[$0]; names[$1]; next }
        # unzip needs a file, the next run removes it; and between its name and the
        # rename a temporary file has one.
        /\.rollout-/ { left++; next }
        { now[$1] = now[$1] "\n" $0; names[$1]; if (!($0 in ok)) between[$1] = 1 }
        END {
            for (n in names) {
                if (now[n] == new[n]) { news++; continue }
                if (now[n] == old[n]) { olds++; continue }
                if (n ~ own || (n ~ many && !(n in between))) continue
                print n "\n  was:" old[n] "\n  should be:" new[n] "\n  is:" now[n]
            }
            printf "%d as they were, %d as they should be, %d lines of temporary files\n", olds, news, left >"/dev/stderr"
        }' "$scratch/old" "$scratch/new" "$scratch/$1.states" >"$scratch/$1.wrong" 2>"$scratch/$1.count"
    if [ -s "$scratch/$1.wrong" ]; then failed "$1" "$scratch/$1.wrong"; else echo "ok      $1: $(cat "$scratch/$1.count") ($SECONDS s)"; fi
}

killed_agents() {
    local i pid seconds hits=0
    [[ killed == *"$only"* ]] || return 0
    RANDOM=${FAULTS_SEED:-$$}
    echo "FAULTS_SEED=${FAULTS_SEED:-$$}"
    for i in {1..5}; do
        seconds=$(awk -v ms=$((RANDOM % (longest_ms / 2))) 'BEGIN { printf "%.3f", ms / 1000 }')
        # shellcheck disable=SC2046 # words
        in_machine begin "/srv/killed$i" $(labels "$faults/roles/writers/tasks/main.yml")
        bind_folders "/srv/own$i"
        killed_state "killed$i" "/srv/killed$i" "$seconds" 2>"$scratch/too_late" &
        pid=$!
        play "killed$i" writers.yml "/srv/killed$i" -e with_etc=true
        wait "$pid"
        all_states "/srv/killed$i" >"$scratch/again$i.states"
        unbind_folders
        machine hostname n1
        echo "agent killed after $seconds s, exit code $exit_code $(cat "$scratch/too_late")"
        [ -s "$scratch/too_late" ] || hits=$((hits + 1))
        judge_killed "killed$i"
        [ "$exit_code" != 0 ] || judge_killed "again$i"
    done
    machine sh -c 'rm -rf /srv/killed*'
    check '… some were killed in time' test "$hits" -gt 0
}

# What a program was killed in is finished by the next run, and the rest is whole.
killed_programs() {
    local i pid seconds hits=0
    [[ killed-programs == *"$only"* ]] || return 0
    for i in {1..3}; do
        seconds=$(awk -v ms=$((RANDOM % programs_ms)) 'BEGIN { printf "%.3f", ms / 1000 }')
        # shellcheck disable=SC2046 # words
        in_machine begin "/srv/programs$i" $(writers)
        bind_folders "/srv/own$i"
        killed_state "programs$i" "/srv/programs$i" "$seconds" with-programs 2>"$scratch/too_late" &
        pid=$!
        play "programs$i" programs.yml "/srv/programs$i"
        wait "$pid"
        [ -s "$scratch/too_late" ] || hits=$((hits + 1))
        echo "agent and its programs killed after $seconds s, exit code $exit_code $(cat "$scratch/too_late")"
        play "programs-again$i" programs.yml "/srv/programs$i"
        all_states "/srv/programs$i" >"$scratch/programs-again$i.states"
        unbind_folders
        judge_programs "$i"
    done
    machine sh -c 'rm -rf /srv/programs*'
    check '… some were killed in time' test "$hits" -gt 0
}

# In the middle a clone is whole or not there; afterwards everything is new.
judge_programs() { # N
    {
        awk -v whole='^git_(clone|empty)$' 'FILENAME ~ /old$/ { old[$1] = old[$1] "\n" $0; next } FILENAME ~ /new$/ { new[$1] = new[$1] "\n" $0; next }
            !/\.rollout-/ { now[$1] = now[$1] "\n" $0 }
            END { if (now["git_clone"] != old["git_clone"] && now["git_clone"] != new["git_clone"]) print "killed: git_clone is:" now["git_clone"] }' \
            "$scratch/old" "$scratch/new" "$scratch/programs$1.states"
        awk -v names="$(labels "$faults/roles/programs/tasks/main.yml" | paste -sd' ')" '
            FILENAME ~ /new$/ { new[$1] = new[$1] "\n" $0; next } { now[$1] = now[$1] "\n" $0 }
            END { n = split(names, name, " "); for (i = 1; i <= n; i++) if (now[name[i]] != new[name[i]])
                print "again: " name[i] "\n  should be:" new[name[i]] "\n  is:" now[name[i]] }' \
            "$scratch/new" "$scratch/programs-again$1.states"
        awk -F '\t' '$2 !~ /ok|changed/ { print "again: " $0 }' "$scratch/programs-again$1.tasks"
    } >"$scratch/programs$1.wrong"
    if [ -s "$scratch/programs$1.wrong" ]; then failed "programs$1" "$scratch/programs$1.wrong"; else echo "ok      programs$1: the next run ends it ($SECONDS s)"; fi
}

# ---- a validator at work when the agent is killed ----

killed_validator() {
    [[ validate == *"$only"* ]] || return 0
    machine sh -c 'mkdir -p /srv/validate && echo old >/srv/validate/f'
    (
        for _ in {1..1200}; do machine test -e /srv/validate/begun && break; sleep 0.05; done
        kill_agents 0
        for _ in {1..300}; do # a shell removes it
            machine ls -A /srv/validate >"$scratch/validate.left"
            [ "$(wc -l <"$scratch/validate.left")" -gt 2 ] || break
            sleep 0.1
        done
        machine sh -c 'rm -rf /srv/validate; kill -CONT "$(cat /run/sshd.pid)"'
    ) &
    play validate causes.yml '' -e what=validate
    wait $!
    check 'a killed validator leaves no temporary file' diff "$scratch/validate.left" <(printf 'begun\nf\n')
}
