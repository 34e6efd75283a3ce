#!/bin/bash
# Faults of a host, each met by every module that changes something (faults/): a
# full disk, no inodes, a read-only file system, links that somebody planted, a
# lock that is held, units that do not start, an agent that is killed. What was
# there is then as it was or as it should be, content, mode and owner; no
# temporary file stays; and the message names the cause.
#
# Arguments: passes to run alone, by a part of their names.
set -uo pipefail
. "$(dirname "$0")/lib/scenario.sh"
only=${1:-}
faults=$repo/tests/hosts/faults
machine() { hosts enter n1 "$@"; }
labels() { sed -n 's/^- name: //p' "$@"; }

# Modules that no pass has, and why.
elsewhere='async_status debug assert fail meta pause set_fact set_stats add_host group_by include_tasks import_tasks
    include_role import_role include_vars validate_argument_spec find getent package_facts ping service_facts setup slurp stat
    wait_for wait_for_connection pki_info'                  # change nothing on a host
of_another="library_module reboot" # what the user's file does; takes the machine away
too_slow='package' # as apt, but it waits a minute for a lock
absent_programs='apk apt_key dnf git iptables kubectl pip ufw yum' # the machines do not have their programs

expect_all_modules() {
    local all known
    all=$("$ROLLOUT" doc | sed -n 's/^\([a-z][a-z0-9_]*\)  .*/\1/p' | sort)
    known=$({
        sed -nE 's/^  ([a-z0-9_]+): .*/\1/p' "$faults"/roles/*/tasks/*.yml
        tr -s ' ' '\n' <<<"$elsewhere $of_another $too_slow $absent_programs fetch pki_ca pki_cert pki_key"
    } | sort -u)
    comm -23 <(echo "$all") <(echo "$known") >"$scratch/unknown"
    if [ -s "$scratch/unknown" ]; then failed 'every module is in a pass' "$scratch/unknown"; else echo "ok      every module is in a pass ($SECONDS s)"; fi
}

# ---- a machine's state: one line for each name, with a hash of all that is there ----

machine_tools() {
    machine sh -c 'cat >/root/tools.sh' <<-'END'
	paths() { # of this folder: a line each, and one for each content
	    find . -printf '%P %y %m %u:%g %l\n' | sort
	    find . -type f -exec sha256sum {} + | sort -k 2
	}
	kinds() { # of what has another name or content each time
	    find . -printf '%y %m %u:%g\n' | sort
	    find . -type f -empty -printf 'empty\n'
	}
	states() { # DIR: "TASK LINE" for all that is below DIR/TASK
	    for name in $(ls "$1"); do
	        cd "$1/$name" || exit 1
	        case $name in
	        tempfile | openss* | x509*) kinds ;;
	        *) paths ;;
	        esac | sed "s/^/$name /"
	    done
	}
	tree() { find "$@" -printf '%P %y %m %u:%g %l\n' -type f -exec sha256sum {} + 2>/dev/null | sort; }
	etc_states() {
	    cd /etc
	    # In all files of accounts, or in none.
	    for name in wanted wanted-group; do
	        grep -H "^$name:" passwd shadow group gshadow | cut -d: -f 1,2 | paste -sd' ' | sed "s/^/etc_$name /"
	    done
	    { echo; cat hostname; } 2>/dev/null | tail -n 1 | sed 's/^/etc_hostname /'
	    { readlink localtime; cat timezone; } | paste -sd' ' | sed 's/^/etc_timezone /'
	    tree apt -name '*wanted.list*' | sed 's/^/etc_apt_repository /'
	    tree apt -name '*wanted-822*' | sed 's/^/etc_deb822_repository /'
	    tree systemd -name quiet.service | sed 's/^/etc_systemd /'
	    tree systemd -name quiet2.service | sed 's/^/etc_service /'
	    tree modules-load.d | sed 's/^/etc_modprobe /'
	    tree wanted | sed 's/^/etc_authorized_key /'
	    grep -h -A 3 '^Name: wanted/' /var/cache/debconf/config.dat | sed 's/^/etc_debconf /'
	    dpkg --get-selections tar | sed 's/^/etc_dpkg_selections /'
	    find . /var/lib/dpkg /var/cache/debconf -name '.rollout-*' | sed 's/^/etc_hostname left: /'
	}
	begin() { # DIR NAME...: what the tasks change
	    dir=$1
	    shift
	    for name; do
	        mkdir -p "$dir/$name"
	        (umask 027; echo old >"$dir/$name/f")
	        chown ops:ops "$dir/$name/f"
	    done
	    head -c 20000 /dev/zero >"$dir/copy_remote/g"
	    mkdir -p "$dir/assemble/parts" "$dir/synchronize/tree"
	    head -c 20000 /dev/zero >"$dir/assemble/parts/1"
	    echo stale >"$dir/synchronize/tree/stale"
	}
	END
}
in_machine() { machine sh -c '. /root/tools.sh; "$@"' - "$@"; }

prepare_machine() {
    machine_tools
    machine sh -c 'openssl genpkey -algorithm ed25519 -out /srv/key.pem && openssl req -new -key /srv/key.pem -subj /CN=x -out /srv/x.csr
        for u in quiet quiet2; do printf "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n" >/etc/systemd/system/$u.service; done
        echo wanted-not >/etc/modules-load.d/wanted-not.conf; echo Etc/UTC >/etc/timezone
        systemctl daemon-reload; apt-get -q update; apt-get -qy install unzip; cp /srv/packages/hello*.deb /srv/hello.deb' >/dev/null 2>&1
}

prepare_files() {
    mkdir -p "$scratch/web" "$scratch/archives/archive"
    head -c 20000 /dev/zero >"$scratch/web/file"
    echo inside >"$scratch/archives/archive/inside"
    tar -C "$scratch/archives" --owner=root --group=root -czf "$scratch/archives/archive.tar.gz" archive
    base64 -d >"$scratch/archives/archive.zip" <<<UEsDBBQAAAAAAAAAIVIAAAAAAAAAAAAAAAAIAAAAYXJjaGl2ZS9QSwMEFAAAAAAAAAAhUvSPYf4HAAAABwAAAA4AAABhcmNoaXZlL2luc2lkZWluc2lkZQpQSwECFAMUAAAAAAAAACFSAAAAAAAAAAAAAAAACAAAAAAAAAAAAAAA7UEAAAAAYXJjaGl2ZS9QSwECFAMUAAAAAAAAACFS9I9h/gcAAAAHAAAADgAAAAAAAAAAAAAApIEmAAAAYXJjaGl2ZS9pbnNpZGVQSwUGAAAAAAIAAgByAAAAWQAAAAAA
}

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

all_states() { # DIR: below it, and of /etc
    in_machine states "$1"
    in_machine etc_states
}

# /etc and what belongs to it, in a file system of its own.
own_folders='etc var/lib/dpkg var/cache/debconf'
bind_folders() { # DIR
    machine sh -c 'cd /; for f in $2; do mkdir -p $1/$f && cp -a /$f/. $1/$f && mount --bind $1/$f /$f || exit 1; done' - "$1" "$own_folders"
}
unbind_folders() { machine sh -c 'for f in $1; do umount -l /$f; done' - "$own_folders"; }

writers() { labels "$faults/roles/writers/tasks/main.yml"; }

good_run() { # what is old, what is new
    # shellcheck disable=SC2046 # words
    in_machine begin /srv/good $(writers)
    bind_folders /srv/own
    all_states /srv/good >"$scratch/old"
    longest_ms=${EPOCHREALTIME/./}
    play good writers.yml /srv/good -e with_etc=true
    longest_ms=$(((${EPOCHREALTIME/./} - longest_ms) / 1000))
    all_states /srv/good >"$scratch/new"
    unbind_folders
    awk -F '\t' '$2 != "changed"' "$scratch/good.tasks" >"$scratch/good.wrong"
    if [ -s "$scratch/good.wrong" ]; then failed 'without a fault each task changes something' "$scratch/good.wrong"; else echo "ok      without a fault each task changes something ($SECONDS s)"; fi
}

# A file system of its own for the folder and /etc; then COMMAND makes the fault.
with_fault() { # NAME COMMAND CAUSE
    local name=$1 command=$2 cause=$3
    [[ $name == *"$only"* ]] || return 0
    hosts small-mount n1 /mnt/fault 40M
    # shellcheck disable=SC2046 # words
    in_machine begin /mnt/fault/d $(writers)
    bind_folders /mnt/fault
    machine sh -c "cd /mnt/fault; $command" >/dev/null 2>&1
    play "$name" writers.yml /mnt/fault/d -e with_etc=true
    all_states /mnt/fault/d >"$scratch/$name.states"
    unbind_folders
    machine umount -l /mnt/fault
    machine hostname n1
    judge "$name" "$cause"
}

# ---- links that somebody planted ----

with_links() {
    local name
    [[ links == *"$only"* ]] || return 0
    # shellcheck disable=SC2046 # words
    machine sh -c '. /root/tools.sh
        mkdir -m 700 /srv/victims
        for name; do
            mkdir -p /srv/links/$name
            case $name in
            file_*folder | file_recurse) mkdir /srv/victims/$name; echo secret >/srv/victims/$name/inside; ln -s /srv/victims/$name /srv/links/$name/f ;;
            unarchive*) mkdir /srv/victims/$name; echo secret >/srv/victims/$name/inside; ln -s /srv/victims/$name /srv/links/$name/archive ;;
            synchronize)
                mkdir /srv/victims/$name /srv/links/$name/f; echo secret >/srv/victims/$name/two; echo secret >/srv/victims/one
                ln -s /srv/victims/$name /srv/links/$name/f/sub; ln -s /srv/victims/one /srv/links/$name/f/one ;;
            *) echo secret >/srv/victims/$name; chmod 600 /srv/victims/$name; ln -s /srv/victims/$name /srv/links/$name/f ;;
            esac
            echo new >/srv/links/$name/g
        done
        mkdir -p /srv/links/assemble/parts && echo new >/srv/links/assemble/parts/1
        chown -hR ops:ops /srv/links' - $(labels "$faults/roles/replacers/tasks/main.yml")
    machine sh -c '. /root/tools.sh; cd /srv/victims; paths' >"$scratch/victims.old"
    play links replacers.yml /srv/links
    machine sh -c '. /root/tools.sh; cd /srv/victims; paths' >"$scratch/victims.new"
    diff "$scratch/victims.old" "$scratch/victims.new" >"$scratch/links.wrong"
    cat "$scratch/links.tasks" >>"$scratch/links.wrong"
    if cmp -s "$scratch/victims.old" "$scratch/victims.new"; then
        echo "ok      links: what they lead to is as it was, $(wc -l <"$scratch/links.tasks") tasks ($SECONDS s)"
    else
        failed 'links: what they lead to is as it was' "$scratch/links.wrong"
    fi
}

# ---- locks that are held, units that do not start: the task's name is what its message has ----

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

with_locks() {
    [[ locked == *"$only"* ]] || return 0
    machine sh -c 'cat >/srv/holder; exec setsid perl /srv/holder >/srv/holder.pid 2>&1 </dev/null &' <<-'END'
	use Fcntl qw(:DEFAULT :flock);
	$| = 1;
	my @held;
	for my $file (qw(/var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock /var/cache/debconf/config.dat)) {
	    sysopen(my $h, $file, O_RDWR | O_CREAT, 0640) or die "$file: $!";
	    my $lock = pack('s s l! l! i', F_WRLCK, 0, 0, 0, 0);
	    fcntl($h, F_SETLK, $lock) or die "$file: $!";
	    flock($h, LOCK_EX | LOCK_NB);
	    push @held, $h;
	}
	print "$$\n";
	sleep 100;
	END
    for _ in {1..50}; do [ -n "$(machine cat /srv/holder.pid)" ] && break; sleep 0.1; done
    expect_causes locked -e "holder=$(machine cat /srv/holder.pid)"
    machine sh -c 'kill "$(cat /srv/holder.pid)"; rm /srv/holder*'
    check '… nothing was installed' eval '! machine dpkg-query -W hello'
}

# ---- the agent is killed in the middle ----

kill_agents() { # SECONDS after it is there, all its processes
    machine perl - "$1" <<-'END'
	sub agents {
	    map { m{(\d+)} } grep { (readlink "$_/exe" // '') =~ m{/\.cache/rollout/|/rollout\.[^/]*/new\.} } glob '/proc/[0-9]*';
	}
	for (1 .. 1000) { last if agents(); select undef, undef, undef, 0.01 }
	select undef, undef, undef, $ARGV[0];
	my @them = agents() or die "too late\n";
	open my $f, '<', '/run/sshd.pid' or die;
	kill 'STOP', int(<$f>); # rollout will connect anew, and go on
	kill 'KILL', @them;
	END
}

# What is there then, before it goes on.
killed_state() { # NAME DIR SECONDS
    kill_agents "$3"
    sleep 0.3 # programs that it had started
    all_states "$2" >"$scratch/$1.states"
    machine sh -c 'kill -CONT "$(cat /run/sshd.pid)"'
}

judge_killed() { # NAME: whatever was begun, each name is old or new
    awk '
        function file(what) { return FILENAME ~ what "$" }
        BEGIN { own = "^(command|shell|raw|script)$"; many = "^(copy_folder|copy_new|synchronize|file_folder|etc_authorized_key|openssh_keypair|unarchive|unarchive_zip)$" }
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
        in_machine begin "/srv/killed$i" $(writers)
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

# ---- the controller's own disk ----

full_controller() {
    [[ controller == *"$only"* ]] || return 0
    mkdir "$scratch/small"
    mount -t tmpfs -o size=64k small "$scratch/small"
    head -c 1M /dev/zero >"$scratch/small/fill" 2>/dev/null
    expect_causes controller -e "small=$scratch/small"
    check '… nothing else is there' test "$(find "$scratch/small" -type f)" = "$scratch/small/fill"
    umount -l "$scratch/small"
}

lab_begin -n 1
prepare_machine
prepare_files
serve
expect_all_modules
good_run
with_fault full 'head -c 100M /dev/zero >fill' 'No space left on device'
with_fault nearly-full 'head -c 100M /dev/zero >fill; truncate -s -8192 fill' 'No space left on device'
with_fault inodes 'mount -o remount,nr_inodes=$(($(df --output=iused . | tail -n 1) + 0)) .' 'No space left on device'
with_fault read-only "cd /; for f in mnt/fault $own_folders; do mount -o remount,ro,bind /\$f; done" 'Read-only file system'
with_links
with_locks
expect_causes units
full_controller
killed_agents
expect_clean 'nothing of rollout is left on the machine' n1
lab_end
