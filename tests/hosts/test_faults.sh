#!/bin/bash
# Faults of a host, each met by every module that changes something (faults/): a
# full disk, no inodes, a read-only file system, links that somebody planted, a
# lock that is held, units that do not start, an agent that is killed. What was
# there is then as it was or as it should be, content, mode and owner; no
# temporary file stays; and the message names the cause. The passes are in faults/*.sh.
#
# Arguments: passes to run alone, by a part of their names.
set -uo pipefail
. "$(dirname "$0")/lib/scenario.sh"
only=${1:-}
faults=$repo/tests/hosts/faults
machine() { hosts enter n1 env HOME=/root "$@"; }
labels() { sed -n 's/^- name: //p' "$@"; }
for part in state prepare play file_system links locks killed cluster; do . "$faults/$part.sh"; done

# Modules that no pass has, and why.
elsewhere='async_status debug assert fail meta pause set_fact set_stats add_host group_by include_tasks import_tasks
    include_role import_role include_vars validate_argument_spec find getent package_facts ping service_facts setup slurp stat
    wait_for wait_for_connection pki_info x509_certificate_info helm_info k8s_info k8s_log
    vault_read vault_list vault_login vault_kv1_get vault_kv2_get'  # change nothing on a host
of_a_server='vault_write vault_kv2_write vault_kv2_delete vault_pki_generate_certificate' # one request
of_another="library_module reboot" # what the user's file does; takes the machine away
too_slow='package' # as apt, but it waits a minute for a lock
absent_programs='apk apache2_module firewalld helm helm_repository locale_gen seboolean' # the machine does not have them
no_way_back='filesystem lvg lvol' # what a program makes of a disk

expect_all_modules() {
    local all known
    all=$("$ROLLOUT" doc | sed -n 's/^\([a-z][a-z0-9_]*\)  .*/\1/p' | sort)
    known=$({
        sed -nE 's/^  ([a-z0-9_]+): .*/\1/p' "$faults"/roles/*/tasks/*.yml
        tr -s ' ' '\n' <<<"$elsewhere $of_a_server $of_another $too_slow $absent_programs $no_way_back fetch pki_ca pki_cert pki_key"
    } | sort -u)
    comm -23 <(echo "$all") <(echo "$known") >"$scratch/unknown"
    if [ -s "$scratch/unknown" ]; then failed 'every module is in a pass' "$scratch/unknown"; else echo "ok      every module is in a pass ($SECONDS s)"; fi
}

lab_begin -n 1 --programs
prepare_machine
prepare_programs
prepare_files
serve
expect_all_modules
good_run
no_space='No space left on device|disk is full|Out of diskspace'
with_fault full 'head -c 100M /dev/zero >fill' "$no_space"
with_fault nearly-full 'head -c 100M /dev/zero >fill; truncate -s -8192 fill' "$no_space"
with_fault inodes 'mount -o remount,nr_inodes=$(($(df --output=iused . | tail -n 1) + 0)) .' "$no_space"
with_fault read-only "cd /; for f in mnt/fault $own_folders; do mount -o remount,ro,bind /\$f; done" 'Read-only file system|is not writable'
with_links
with_locks
expect_causes units
with_cluster
with_noexec
full_controller
killed_validator
killed_agents
killed_programs
expect_clean 'nothing of rollout is left on the machine' n1
lab_end
