# shellcheck shell=bash
# No room, no inodes, read-only, noexec: file systems of the machine's, and of the
# controller's.

good_run() { # what is old, what is new
    # shellcheck disable=SC2046 # words
    in_machine begin /srv/good $(writers)
    bind_folders /srv/own
    all_states /srv/good >"$scratch/old"
    longest_ms=${EPOCHREALTIME/./}
    play good writers.yml /srv/good -e with_etc=true -e with_programs=true
    programs_ms=$(((${EPOCHREALTIME/./} - longest_ms) / 1000))
    longest_ms=$((programs_ms / 3)) # without programs
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
    play "$name" writers.yml /mnt/fault/d -e with_etc=true -e with_programs=true
    all_states /mnt/fault/d >"$scratch/$name.states"
    unbind_folders
    machine umount -l /mnt/fault
    machine hostname n1
    judge "$name" "$cause"
}

# ---- folders that everybody writes in, mounted noexec ----

with_noexec() {
    [[ noexec == *"$only"* ]] || return 0
    machine sh -c 'for f in /tmp /var/tmp; do mount -t tmpfs -o noexec,mode=1777 tmp $f; done'
    expect_works noexec-tmp
    machine mount -t tmpfs -o noexec,mode=700 home /root
    expect_works noexec-everywhere
    machine umount /root /var/tmp /tmp
}

expect_works() { # NAME: the role noexec's tasks, each
    play "$1" causes.yml '' -e what=noexec
    awk -F '\t' '$2 != "changed"; END { if (NR != 3) print NR " tasks were run" }' "$scratch/$1.tasks" >"$scratch/$1.wrong"
    if [ -s "$scratch/$1.wrong" ]; then failed "$1: scripts run" "$scratch/$1.wrong"; else echo "ok      $1: scripts run ($SECONDS s)"; fi
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
