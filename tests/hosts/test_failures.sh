#!/bin/bash
# What goes wrong on and around hosts: each has its exit code and a message that
# names the host, and the task or what to do; nothing hangs, nothing half-written
# stays. Inputs that are wrong without any host: tests/golden/test_errors.sh.
#
# Arguments: cases to run alone, by a part of their names.
set -uo pipefail
. "$(dirname "$0")/lib/scenario.sh"
only=${1:-}
RUN_SECONDS=100

# One case: a project of one role, whose tasks come on standard input, run on
# n1. NAME, EXIT CODE, then ERE, each of which some line of the output matches.
# Set before: host_vars (YAML, of n1), options (of rollout), become (of the step).
wrong() { # NAME EXIT REGEX...
    local name=$1 code=$2 match problem=''
    shift 2
    write_project
    [[ $name == *"$only"* ]] || { reset; return 0; }
    exit_code=0
    "${around:-plainly}" timeout -k 5 "$RUN_SECONDS" "$ROLLOUT" -i "$project/inventory.yaml" "${options[@]}" "$project/site.roles" \
        >"$scratch/run.log" 2>&1 </dev/null || exit_code=$?
    [ "$exit_code" = "$code" ] || problem="exit code $exit_code instead of $code; "
    for match; do
        grep -Eq -e "$match" "$scratch/run.log" || problem+="no line matches: $match; "
    done
    count=$((count + 1))
    if [ -z "$problem" ]; then echo "ok      $name ($SECONDS s)"; else failed "$name: ${problem%; }" "$scratch/run.log"; fi
    reset
}

plainly() { "$@"; }

reset() { host_vars='{}' options=() become=true around=''; }

write_project() {
    project=$scratch/project
    rm -rf "$project"
    mkdir -p "$project/roles/one/"{tasks,files,templates,handlers}
    cat >"$project/roles/one/tasks/main.yml"
    cat >"$project/site.roles" <<-END
	gather_facts: false
	roles:
	  one: {hosts: n1, become: $become}
	END
    mkdir -p "$project/host_vars"
    echo "$host_vars" >"$project/host_vars/n1.yml"
    ln -s "$lab/inventory.yaml" "$project/inventory.yaml"
    ln -s "$scratch/big" "$project/roles/one/files/big"
    echo new >"$project/roles/one/files/small"
}

machine() { hosts enter n1 "$@"; }

# Absent, or whole with the old text: never half.
whole_or_absent() { # FILE [TEXT]
    if [ -n "${2:-}" ]; then
        check "… $1 is as it was" test "$(machine cat "$1")" = "$2"
    else
        check "… no $1" eval "! machine test -e $1"
    fi
}

# ---- around a run: something happens a moment after it began ----

meanwhile() { # COMMAND... of the trouble; waits for /run/begun on n1
    for _ in {1..900}; do
        machine test -e /run/begun && break
        sleep 0.1
    done
    "$@"
}

with_trouble() { # TROUBLE CMD...
    local pid status=0 trouble=$1
    shift
    machine rm -f /run/begun
    meanwhile "$trouble" >"$scratch/trouble.log" 2>&1 &
    pid=$!
    "$@" || status=$?
    wait "$pid"
    return "$status"
}

kill_agent() {
    local pids
    pids=$(agents_on n1)
    # shellcheck disable=SC2086 # several
    machine kill -KILL $pids
}
power_off() { hosts stop --hard n1; }
killing_the_agent() { with_trouble kill_agent "$@"; }
powering_off() { with_trouble power_off "$@"; }

# The connection is cut when so many bytes came: in the middle of a file.
in_n1_network() { hosts net n1 "$@"; }
limit_bytes() { # VERDICT
    in_n1_network nft -f - <<-END
	table inet cut {
	    chain input {
	        type filter hook input priority 0
	        tcp dport 22 quota over 4 mbytes counter $1
	    }
	}
	END
}
no_limit() { in_n1_network nft delete table inet cut; }
was_cut() { [[ $(in_n1_network nft list table inet cut) =~ counter\ packets\ [1-9] ]]; }
when_cut() { # the limit is lifted a moment later
    for _ in {1..900}; do
        was_cut && break
        sleep 0.1
    done
    sleep 0.3
    no_limit
}
cutting() { # VERDICT CMD...: for good
    local status=0 verdict=$1
    shift
    limit_bytes "$verdict"
    "$@" || status=$?
    was_cut || status=99
    no_limit
    return "$status"
}
cutting_with_reset() { cutting 'reject with tcp reset' "$@"; }
cutting_silently() { cutting drop "$@"; }
cutting_once() {
    local pid status=0
    limit_bytes 'reject with tcp reset'
    when_cut &
    pid=$!
    "$@" || status=$?
    wait "$pid"
    return "$status"
}

lab_begin -n 2
head -c 12000000 /dev/urandom >"$scratch/big"
count=0
reset

# ---- reaching the host ----

host_vars='{ansible_port: 2299}' options=(-T 3)
wrong 'a closed port' 4 'n1' 'refused' '10\.77\.0\.11' <<<'- ping: {}'

ip neighbour add 10.77.0.200 lladdr 02:00:00:00:00:99 dev "$(hosts status | sed -n 's/.*bridge \([^,]*\),.*/\1/p')"
host_vars='{ansible_host: 10.77.0.200}' options=(-T 2)
wrong 'an address that swallows all' 4 'n1' 'waited 2 s' <<<'- ping: {}'

host_vars='{ansible_host: nowhere.invalid}' options=(-T 3)
wrong 'a name that nobody knows' 4 'n1' 'nowhere\.invalid' <<<'- ping: {}'

ssh-keygen -q -t ed25519 -N '' -f "$scratch/other_key"
host_vars="{ansible_ssh_private_key_file: $scratch/other_key}"
wrong 'a key that the host does not take' 4 'n1' 'other_key' <<<'- ping: {}'

host_vars="{ansible_ssh_private_key_file: $scratch/no-such-key}"
wrong 'a key that is not there' 4 'n1' 'no-such-key' <<<'- ping: {}'

echo 'not a key' >"$scratch/not_a_key"
host_vars="{ansible_ssh_private_key_file: $scratch/not_a_key}"
wrong 'a file that is no key' 4 'n1' 'not_a_key' <<<'- ping: {}'

ssh-keygen -q -t ed25519 -N 'a passphrase' -f "$scratch/locked_key"
host_vars="{ansible_ssh_private_key_file: $scratch/locked_key}"
wrong 'a key with a passphrase' 4 'n1' 'locked_key.*passphrase|passphrase.*locked_key' <<<'- ping: {}'

sed "s|\(10.77.0.11\) .*|\1 $(cut -d' ' -f1,2 "$scratch/other_key.pub")|" "$lab/known_hosts" >"$scratch/changed_hosts"
trusting() { echo "{ansible_ssh_common_args: '-o UserKnownHostsFile=$1 -o GlobalKnownHostsFile=/dev/null'}"; }
host_vars=$(trusting "$scratch/changed_hosts")
wrong 'a host key that changed' 4 'n1' 'host key .*CHANGED' 'ssh-keygen .*-R' <<<'- ping: {}'

: >"$scratch/empty_hosts"
host_vars=$(trusting "$scratch/empty_hosts")
wrong 'a host key that nobody knows' 4 'n1' '[Hh]ost key' 'not known|unknown' 'ssh-keyscan' <<<'- ping: {}'

{ echo "@revoked * $(cut -d' ' -f1,2 "$lab/.rollout/vm/identity/n1/host_key.pub")"; cat "$lab/known_hosts"; } >"$scratch/revoked_hosts"
host_vars=$(trusting "$scratch/revoked_hosts")
wrong 'a host key that was revoked' 4 'n1' 'revoked' <<<'- ping: {}'

host_vars="{ansible_user: ops-pw, ansible_ssh_private_key_file: $scratch/other_key, ansible_password: wrong}"
wrong 'a wrong password' 4 'n1' 'password' <<<'- ping: {}'

host_vars='{ansible_user: ops-pw, ansible_become_password: wrong}'
wrong 'a wrong password for sudo' 4 'n1' 'sudo' 'password' <<<'- ping: {}'

host_vars='{ansible_user: ops-pw}'
wrong 'no password for sudo' 4 'n1' 'sudo' 'password' '(-K|ansible_become_password)' <<<'- ping: {}'

machine sh -c 'for u in noshell nosudo; do useradd -m $u; cp -r /home/ops/.ssh /home/$u/; chown -R $u: /home/$u/.ssh; done
    usermod -s /usr/sbin/nologin noshell; usermod -s /bin/bash nosudo'
host_vars='{ansible_user: noshell}' become=false
wrong 'a user without a shell' 4 'n1' '(shell|nologin|not available)' <<<'- ping: {}'

host_vars='{ansible_user: nosudo}'
wrong 'a user who may not become root' 4 'n1' 'sudo' <<<'- ping: {}'

host_vars='{ansible_become_exe: /usr/bin/no-sudo}'
wrong 'a machine without sudo' 4 'n1' 'no-sudo' <<<'- ping: {}'

host_vars='{ansible_port: many}'
wrong 'a port that is none' 4 'n1' 'ansible_port' <<<'- ping: {}'

# ---- on the host ----

hosts small-mount n1 /mnt/small 1M
wrong 'a full disk' 2 'n1.*one : The big file|one : The big file.*n1' '[Nn]o space left' <<'END'
- name: The big file
  copy: {src: big, dest: /mnt/small/big, mode: "0644"}
END
whole_or_absent /mnt/small/big
expect_clean '… nothing half-written' n1

machine sh -c 'echo old >/mnt/small/big'
wrong 'a full disk, and the file was there' 2 'n1' '[Nn]o space left' <<'END'
- copy: {src: big, dest: /mnt/small/big, mode: "0644"}
END
whole_or_absent /mnt/small/big old

hosts small-mount n1 /root/.cache 64k
machine sh -c 'rm -rf /root/.cache/rollout'
wrong 'no room for the agent in its cache' 0 'n1 .*ok=1' <<<'- ping: {}'
machine umount /root/.cache

become=false
wrong 'a folder that the user may not write' 2 'n1' '/root/x' '[Pp]ermission denied' <<'END'
- copy: {src: small, dest: /root/x, mode: "0644"}
END

wrong 'a folder that is not there' 2 'n1' '/no/such/folder' <<'END'
- copy: {src: small, dest: /no/such/folder/x, mode: "0644"}
END

wrong 'a file system that cannot be written' 2 'n1' '/proc/x' <<'END'
- copy: {src: small, dest: /proc/x, mode: "0644"}
END

wrong 'an owner whom nobody knows' 2 'n1' 'nobody-knows' <<'END'
- copy: {src: small, dest: /root/owned, owner: nobody-knows, mode: "0644"}
END
whole_or_absent /root/owned

machine sh -c 'echo old >/root/validated'
wrong 'a text that is not valid' 2 'n1' 'one : Validated' 'valid' <<'END'
- name: Validated
  copy: {src: small, dest: /root/validated, validate: grep -q old %s, mode: "0644"}
END
whole_or_absent /root/validated old

wrong 'a folder in the file'"'"'s place' 2 'n1' '/etc/ssh' <<'END'
- file: {path: /etc/ssh, state: touch, mode: "0644"}
- copy: {content: x, dest: /etc/ssh/sshd_config/x, mode: "0644"}
END

wrong 'a command that is not there' 2 'n1' 'no-such-command' <<<'- command: no-such-command --help'
wrong 'a command that fails' 2 'n1' 'one : Fails' 'rc: 7' 'its last words' <<'END'
- name: Fails
  shell: echo its last words >&2; exit 7
END
wrong 'a command that is killed' 2 'n1' 'one : Killed' <<'END'
- name: Killed
  shell: kill -KILL $$
END
wrong 'a command beyond its time' 2 'n1' 'one : Slow' 'longer than 2 s' <<'END'
- name: Slow
  command: sleep 500
  timeout: 2
END
wrong 'a package that is not there' 2 'n1' 'no-such-package' <<<'- apt: {name: no-such-package}'
wrong 'a unit that is not there' 2 'n1' 'no-such-unit' <<<'- systemd: {name: no-such-unit.service, state: started}'
wrong 'a service that does not start' 2 'n1' 'broken\.service' <<'END'
- copy: {content: "[Service]\nType=oneshot\nExecStart=/bin/false\n", dest: /etc/systemd/system/broken.service, mode: "0644"}
- systemd: {name: broken.service, state: started, daemon_reload: true}
END
wrong 'a port that nobody opens' 2 'n1' '4444' <<<'- wait_for: {port: 4444, timeout: 2}'
wrong 'until it never is' 2 'n1' 'one : Never' <<'END'
- name: Never
  command: "false"
  register: x
  until: x.rc == 0
  retries: 2
  delay: 1
END
wrong 'a user of another shape' 2 'n1' 'bad:name' <<<'- user: {name: "bad:name"}'
wrong 'a line in a file that is not there' 2 'n1' '/no/such/file' <<<'- lineinfile: {path: /no/such/file, line: x}'
wrong 'an archive that is none' 2 'n1' <<'END'
- copy: {src: small, dest: /root/not.tar.gz, mode: "0644"}
- unarchive: {src: /root/not.tar.gz, dest: /root, remote_src: true}
END

# ---- downloads, on the controller ----

serve
echo content >"$scratch/web/file"
wrong 'a download that is not there' 2 'n1' '404' 'http://10\.77\.0\.1:8000/nothing' <<<'- get_url: {url: "http://10.77.0.1:8000/nothing", dest: /root/nothing}'
whole_or_absent /root/nothing
wrong 'a download with another checksum' 2 'n1' '0{64}' "$(sha256sum "$scratch/web/file" | cut -c1-64)" <<END
- get_url: {url: "http://10.77.0.1:8000/file", dest: /root/fetched, checksum: "sha256:$(printf '0%.0s' {1..64})"}
END
whole_or_absent /root/fetched
wrong 'a server that is not there' 2 'n1' '10\.77\.0\.1:8001' <<<'- get_url: {url: "http://10.77.0.1:8001/file", dest: /root/fetched}'

# ---- while it runs ----

around=killing_the_agent
wrong 'the agent is killed in a task' 4 'n1' 'one : In the middle' <<'END'
- name: In the middle
  shell: touch /run/begun; sleep 200
END

machine sh -c 'echo old >/root/sent'
around=cutting_with_reset
wrong 'the connection is cut in a file' 4 'n1' 'one : Send' <<'END'
- name: Send
  copy: {src: big, dest: /root/sent, mode: "0644"}
END
whole_or_absent /root/sent old
expect_whole '… nothing half-written' n1

around=cutting_silently options=(-T 6)
wrong 'the connection falls silent in a file' 4 'n1' 'one : Send' <<'END'
- name: Send
  copy: {src: big, dest: /root/sent, mode: "0644"}
END
whole_or_absent /root/sent old
expect_whole '… nothing half-written' n1

around=cutting_once
wrong 'the connection is cut in a file, once' 0 'n1 .*failed=0' <<'END'
- copy: {src: big, dest: /root/sent, mode: "0644"}
END
check '… the file arrived' test "$(machine sha256sum /root/sent | cut -d' ' -f1)" = "$(sha256sum "$scratch/big" | cut -d' ' -f1)"
expect_whole '… nothing half-written' n1

around=powering_off
wrong 'the power fails in a task' 4 'n1' 'one : In the middle' <<'END'
- name: In the middle
  shell: touch /run/begun; sleep 200
END
check 'the machine boots again' hosts start n1
wrong 'and it goes on' 0 'n1 .*ok=1' <<<'- ping: {}'
expect_clean 'nothing is left on the machine' n1
echo "$count cases"
lab_end
