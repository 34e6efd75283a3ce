#!/bin/bash
# assemble with fragments of the controller that are encrypted: they are put
# together in the clear, their text is in no diff, decrypt: false leaves them.
# shellcheck disable=SC2016 # $ANSIBLE_VAULT is the text itself
set -uo pipefail
rollout=${ROLLOUT:?}
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
unset ANSIBLE_INVENTORY ANSIBLE_ROLES_PATH ANSIBLE_VAULT_PASSWORD_FILE ANSIBLE_VAULT_IDENTITY_LIST
export HOME=$scratch/home
mkdir -p home roles/app/tasks roles/app/files/parts out
failures=0
failed() { echo "FAILED: $*"; sed 's/^/    /' log; failures=$((failures + 1)); }

echo swordfish >pw
echo 'all: {hosts: {localhost: {ansible_connection: local}}}' >inventory.yaml
printf 'roles:\n  app: {hosts: localhost, gather_facts: false}\n' >site.roles
cat >roles/app/tasks/main.yml <<EOF
- assemble: {src: parts, dest: $scratch/out/clear, remote_src: false, mode: "0600"}
- assemble: {src: parts, dest: $scratch/out/sealed, remote_src: false, decrypt: false}
EOF
echo 'first: 1' >roles/app/files/parts/1
echo 'hidden: 2' >roles/app/files/parts/2
"$rollout" vault encrypt --vault-password-file pw roles/app/files/parts/2 >log 2>&1 || failed encrypt

run() { "$rollout" -i inventory.yaml site.roles --vault-password-file pw "$@" >log 2>&1 </dev/null; }
run --check --diff || failed 'the dry run'
grep -q 'hidden: 2' log && failed 'the dry run shows what is encrypted'
[ -z "$(ls out)" ] || failed 'the dry run made files'
run --diff -vv || failed 'the run'
grep -q 'hidden: 2' log && failed 'the run shows what is encrypted'
[ "$(cat out/clear)" = "$(printf 'first: 1\nhidden: 2')" ] || failed "in the clear: $(cat out/clear)"
grep -q '^\$ANSIBLE_VAULT;' out/sealed || failed 'decrypt: false'
run --json || failed 'the second time'
grep -q '"changed": *true' log && failed 'the second time changes something'
"$rollout" -i inventory.yaml site.roles >log 2>&1 </dev/null && failed 'it goes without the password'
exit $((failures > 0))
