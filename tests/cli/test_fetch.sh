#!/bin/bash
# fetch: what is kept on the controller has the modes of the user's umask; files of
# any size, written as they come; and what is left when that fails.
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
# expect WHAT COMMAND...
expect() {
    local what=$1
    shift
    "$@" || { echo "FAILED: $what"; failures=$((failures + 1)); }
}
names() { (cd "$1" && find . ! -type d | sort | xargs); }

head -c 60M /dev/urandom >big
: >empty
cat >large.yml <<'END'
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - fetch: {src: "{{ playbook_dir }}/{{ item }}", dest: "{{ to }}/", flat: true}
      loop: [big, empty, s]
      register: r
    - assert: {that: "r.results | map(attribute='changed') | list == [again, again, again]"}
END
"$rollout" run -e to=large -e '{"again": true}' large.yml >out 2>&1 || { cat out; failures=$((failures + 1)); }
expect 'a large file is whole' cmp big large/big
expect 'an empty file is there' test -f large/empty -a ! -s large/empty
expect 'nothing else is there' test "$(names large)" = './big ./empty ./s'
"$rollout" run -e to=large -e '{"again": false}' large.yml >out 2>&1 || { cat out; failures=$((failures + 1)); }

mkdir full
if mount -t tmpfs -o size=1m none full 2>/dev/null; then
    trap 'umount "$scratch/full"; rm -rf "$scratch"' EXIT
    echo old >full/big
    "$rollout" run -e to=full -e '{"again": true}' large.yml >out 2>&1
    expect 'a full disk is a failure' test $? = 2
    expect 'and says so' grep -q 'write .*full/big: No space left on device' out
    expect 'the old file is there' grep -qx old full/big
    expect 'and nothing of the new one' test "$(names full)" = './big ./empty ./s'
fi

"$rollout" run -e to=killed -e '{"again": true}' large.yml >out 2>&1 &
for _ in {1..6000}; do
    [ ! -d killed ] || break
    sleep 0.01
done
kill -KILL $!
wait $! 2>/dev/null
expect 'a killed run leaves nothing, or all of it' test -z "$(names killed | sed 's,\./\(big\|empty\|s\),,g' | tr -d ' ')"
[ ! -f killed/big ] || expect 'all of it' cmp big killed/big
[ "$failures" = 0 ]
