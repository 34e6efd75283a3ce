#!/bin/sh
# The command line from outside: what is printed, and the exit codes.
# UPDATE_GOLDEN=1 writes what is printed now.
set -u
here="${ROLLOUT_SOURCE_DIR:?}/tests/golden/cli"
rollout="${ROLLOUT:?}"
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
cd "$here/project" || exit 1
export ANSIBLE_CONFIG=/dev/null
unset ANSIBLE_INVENTORY ANSIBLE_ROLES_PATH FORCE_COLOR
unset ANSIBLE_VAULT_PASSWORD_FILE ANSIBLE_VAULT_IDENTITY_LIST ANSIBLE_VAULT_ENCRYPT_IDENTITY
failed=0

# case NAME EXIT ARGS…: both streams are compared with NAME.txt.
case_() {
	name=$1 want=$2
	shift 2
	"$rollout" "$@" >"$out" 2>&1 </dev/null
	got=$?
	if [ "$got" -ne "$want" ]; then
		echo "$name: exit code $got instead of $want"
		cat "$out"
		failed=1
	fi
	if [ -n "${UPDATE_GOLDEN:-}" ]; then
		cp "$out" "$here/$name.txt"
	elif ! diff -u "$here/$name.txt" "$out"; then
		echo "$name differs"
		failed=1
	fi
}

case_ help 0 --help
case_ help_run 0 help run
case_ help_inventory 0 inventory --help
case_ help_vm 0 help vm
case_ help_vm_up 0 vm up --help
case_ help_vault 0 help vault
case_ vault_bare 5 vault
case_ vault_unknown_verb 5 vault encrpyt
case_ vault_misfit 5 vault view --output x y
case_ bare 5
case_ unknown_option 5 --limt x site.roles
case_ wrong_command 5 --graph site.roles
case_ two_sites 5 site.roles wrong.roles
case_ no_site 1 missing.roles
case_ no_inventory 1 -i missing.yaml site.roles
case_ inventory_list 0 inventory --list
case_ inventory_graph 0 inventory --graph
case_ inventory_host 0 inventory --host etcd-2
case_ inventory_host_json 0 inventory --host lb-1 --json
case_ inventory_unknown_host 1 inventory --host etcd-9
case_ inventory_words 5 inventory
case_ inventory_word 5 inventory --list etcd
case_ inventory_yaml 0 inventory --list -y
case_ inventory_export 0 inventory --list --export
case_ inventory_graph_vars 0 inventory --graph cluster --vars
case_ inventory_no_group 1 inventory --graph etdc
case_ inventory_explain 0 inventory --host etcd-2 --explain -e etcd_port=1
case_ inventory_explain_json 0 inventory --host etcd-2 --explain domain --json
case_ inventory_explain_unknown 1 inventory --host etcd-2 --explain domian
case_ inventory_explain_alone 5 inventory --list --explain
case_ graph 0 graph site.roles
case_ graph_dot 0 graph site.roles --format=dot
case_ graph_format 5 graph site.roles --format svg
case_ list_hosts 0 --list-hosts site.roles
case_ list_tasks 0 --list-tasks site.roles
case_ list_tags 0 --list-tags site.roles
case_ list_limited 0 --list-hosts --list-tasks -l lb site.roles -t say
case_ syntax_check 0 --syntax-check site.roles
case_ cycle 1 --syntax-check cycle.roles
case_ wrong_group 0 --list-hosts wrong.roles
case_ doc_unknown 1 doc cpoy
case_ doc 0 doc ansible.builtin.ping
case_ extra_vars 5 -e plain site.roles
case_ extra_vars_yaml 1 -e "{a: [1" site.roles
case_ vm_bare 5 vm
case_ vm_unknown_verb 5 vm statsu
case_ vm_none 1 vm status
case_ vm_status 0 vm -i vms.yaml status
case_ vm_status_json 0 vm -i vms.yaml status --json 'etcd:!etcd-2'
case_ vm_destroy_none 0 vm -i vms.yaml destroy
case_ vm_no_vm 1 vm -i vms.yaml up plain
case_ vm_which 5 vm -i vms.yaml ssh
case_ vm_wrong_size 1 vm -i vms.yaml -e "etcd_memory=512" status
case_ password_file 1 --become-password-file missing site.roles

# Nothing that is printed is wider than a screen, and the overview is one page.
awk 'length($0) > 80 { print FILENAME ": " $0; bad = 1 } END { exit bad }' \
	"$here/help.txt" "$here/help_run.txt" "$here/help_inventory.txt" \
	"$here/help_vm.txt" "$here/help_vm_up.txt" "$here/help_vault.txt" || failed=1
[ "$(wc -l <"$here/help.txt")" -le 24 ] || { echo "help is longer than a screen"; failed=1; }
# A reader that has seen enough is no error; a full disk is.
"$rollout" doc | head -n 1 >/dev/null || failed=1
if [ -w /dev/full ] && "$rollout" doc >/dev/full 2>/dev/null; then
	echo "a full disk was not noticed"
	failed=1
fi
exit $failed
