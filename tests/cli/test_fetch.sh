#!/bin/bash
# fetch: what is kept on the controller has the modes of the user's umask.
set -uo pipefail
rollout=${ROLLOUT:?}
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
unset ANSIBLE_INVENTORY ANSIBLE_ROLES_PATH FORCE_COLOR
export HOME=$scratch
failures=0

echo secret >s
chmod 600 s
cat >play.yml <<'END'
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - fetch: {src: "{{ playbook_dir }}/s", dest: "{{ to }}/", flat: true}
END
for umask in 077 027 022; do
    (umask "$umask" && "$rollout" run -e "to=$scratch/of-$umask" play.yml) >out 2>&1 || { cat out; failures=$((failures + 1)); }
done
modes=$(stat -c %a of-077 of-077/s of-027 of-027/s of-022 of-022/s | xargs)
[ "$modes" = '700 600 750 640 755 644' ] || { echo "FAILED: modes $modes"; failures=$((failures + 1)); }
[ "$failures" = 0 ]
