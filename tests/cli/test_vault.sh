#!/bin/bash
# rollout vault, and encrypted values and files in a run, from outside: what is
# written, with what mode, what shows, and when a wrong password is told.
# shellcheck disable=SC2016 # $ANSIBLE_VAULT is the text itself
set -uo pipefail
rollout=${ROLLOUT:?}
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
unset ANSIBLE_INVENTORY ANSIBLE_ROLES_PATH FORCE_COLOR EDITOR PAGER
unset ANSIBLE_VAULT_PASSWORD_FILE ANSIBLE_VAULT_IDENTITY_LIST ANSIBLE_VAULT_ENCRYPT_IDENTITY ANSIBLE_VAULT_ID_MATCH
export TMPDIR=$scratch/tmp HOME=$scratch/home
unset XDG_RUNTIME_DIR
mkdir tmp home
failures=0

failed() { echo "FAILED: $*"; [ -s out ] && sed 's/^/    /' out; failures=$((failures + 1)); }
run() { "$rollout" "$@" >out 2>&1 </dev/null; }
ok() { run "$@" || failed "exit code $? of: $*"; }
# fails CODE TEXT ARGS…: the message holds TEXT
fails() {
    local want=$1 text=$2 got
    shift 2
    run "$@"
    got=$?
    [ "$got" -eq "$want" ] || failed "exit code $got instead of $want: $*"
    grep -qF -- "$text" out || failed "no '$text' from: $*"
}
same() { [ "$1" = "$2" ] || failed "${3:-}: '$1' is not '$2'"; }
mode() { stat -c %a "$1"; }

echo swordfish >pw
echo other >pw2
printf '#!/bin/sh\n[ "$1 $2" = "--vault-id prod" ] && echo swordfish || exit 2\n' >keys-client.sh
chmod 700 keys-client.sh

# ---- files ----
printf 'user: root\n' >a.yml
chmod 640 a.yml
ok vault encrypt --vault-password-file pw a.yml
same "$(head -1 a.yml)" '$ANSIBLE_VAULT;1.1;AES256' header
same "$(mode a.yml)" 600 'mode after encrypt'
same "$("$rollout" vault view --vault-password-file pw a.yml)" 'user: root' view
fails 1 'encrypted already' vault encrypt --vault-password-file pw a.yml
fails 1 "a.yml:1:1: vault id 'default': none of the vault passwords opens it" vault view --vault-password-file pw2 a.yml
fails 1 'missing' vault view --vault-password-file missing a.yml
fails 5 'no terminal' vault view a.yml
chmod 640 a.yml
before=$(cat a.yml)
ok vault rekey --vault-password-file pw --new-vault-id prod@pw2 a.yml
same "$(mode a.yml)" 640 'mode after rekey'
same "$(head -1 a.yml)" '$ANSIBLE_VAULT;1.2;AES256;prod' 'header after rekey'
fails 5 'exclude each other' vault rekey --vault-password-file pw2 --new-vault-id x@pw --new-vault-password-file pw a.yml
ln -s a.yml link.yml
ok vault decrypt --vault-id prod@pw2 link.yml
[ -L link.yml ] || failed 'the link was replaced, not the file behind it'
same "$(cat a.yml)" 'user: root' decrypt
same "$(mode a.yml)" 600 'mode after decrypt'
[ "$before" != "$(cat a.yml)" ] || failed 'the file did not change'
fails 1 'not encrypted' vault decrypt --vault-password-file pw a.yml

# ---- streams and --output ----
printf 'text' | "$rollout" vault encrypt --vault-id prod@keys-client.sh >piped || failed 'encrypt from a pipe'
same "$(head -1 piped)" '$ANSIBLE_VAULT;1.2;AES256;prod' 'client script'
same "$("$rollout" vault decrypt --vault-id x@pw <piped)" text 'decrypt from a pipe'
fails 1 "no password for the id 'dev'" vault decrypt --vault-id dev@keys-client.sh piped
ok vault encrypt --vault-password-file pw --output b.vault a.yml
same "$(mode b.vault)" 600 'mode of --output'
same "$("$rollout" vault decrypt --vault-password-file pw --output - b.vault)" 'user: root' 'output -'
fails 5 'one file' vault encrypt --vault-password-file pw --output c a.yml b.vault
fails 5 'which one encrypts' vault encrypt --vault-id a@pw --vault-id b@pw2 a.yml
fails 5 'there is no password for it' vault encrypt --vault-id a@pw --encrypt-vault-id c a.yml
ok vault encrypt --vault-id a@pw --vault-id b@pw2 --encrypt-vault-id b --output b.vault a.yml
same "$(head -1 b.vault)" '$ANSIBLE_VAULT;1.2;AES256;b' '--encrypt-vault-id'
ANSIBLE_VAULT_IDENTITY_LIST="a@pw, b@pw2" ANSIBLE_VAULT_ENCRYPT_IDENTITY=a "$rollout" vault encrypt --output b.vault a.yml
same "$(head -1 b.vault)" '$ANSIBLE_VAULT;1.2;AES256;a' 'by the environment'
same "$(ANSIBLE_VAULT_PASSWORD_FILE=pw "$rollout" vault view b.vault)" 'user: root' ANSIBLE_VAULT_PASSWORD_FILE
ANSIBLE_VAULT_ID_MATCH=yes fails 1 'none of the vault passwords' vault view --vault-id z@pw b.vault

# ---- strings ----
ok vault encrypt_string --vault-password-file pw -n db hidden1 -n api hidden2
same "$(grep -c '!vault |' out)" 2 'two strings'
grep -q '^api: !vault |$' out || failed 'no name'
printf 'from stdin' | "$rollout" vault encrypt_string --vault-password-file pw --stdin-name s >s.yml 2>err || failed 'stdin'
grep -q '^s: !vault |$' s.yml || failed '--stdin-name'
fails 5 'standard input' vault encrypt_string --vault-password-file pw -p -
fails 1 'standard input is empty' vault encrypt_string --vault-password-file pw

# ---- the editor ----
cat >editor <<'EOF'
#!/bin/sh
stat -c '%a' "$1" "$(dirname "$1")" >"$SEEN"
echo "$1" >>"$SEEN"
cp "$1" "$1~" # a backup
[ -z "$FAIL" ] || exit 1
[ -z "$TEXT" ] || echo "$TEXT" >"$1"
EOF
chmod 755 editor
export EDITOR="$scratch/editor" SEEN=$scratch/seen TEXT='edited: yes' FAIL=''
ok vault create --vault-id prod@pw sub/new.yml
same "$(head -1 sub/new.yml)" '$ANSIBLE_VAULT;1.2;AES256;prod' create
same "$(mode sub/new.yml)" 600 'mode after create'
same "$("$rollout" vault view --vault-id prod@pw sub/new.yml)" 'edited: yes' 'what was edited'
same "$(head -2 seen | paste -sd' ')" '600 700' 'modes while it is edited'
case $(tail -1 seen) in *.yml) ;; *) failed 'the ending is lost' ;; esac
same "$(ls -A tmp)" '' 'left behind'
fails 1 'exists' vault create --vault-id prod@pw sub/new.yml
before=$(cat sub/new.yml)
ok vault edit --vault-id x@pw sub/new.yml
same "$(cat sub/new.yml)" "$before" 'unchanged text'
TEXT='edited: again' ok vault edit --vault-id x@pw sub/new.yml
same "$(head -1 sub/new.yml)" '$ANSIBLE_VAULT;1.2;AES256;prod' 'vault id after edit'
before=$(cat sub/new.yml)
FAIL=1 TEXT=lost fails 99 'nothing was changed' vault edit --vault-id x@pw sub/new.yml
same "$(cat sub/new.yml)" "$before" 'after an editor that failed'
EDITOR=/nonexistent fails 1 'run the editor' vault edit --vault-id x@pw sub/new.yml
same "$(ls -A tmp)" '' 'left behind by an editor that failed'

# ---- in a run ----
mkdir -p project/roles/app/{tasks,files,templates,vars} project/group_vars
cd project || exit 1
string() { printf '%s' "$2" | "$rollout" vault encrypt_string --vault-id "$3" --stdin-name "$1" 2>/dev/null; }
{ string db s3cr3t-db "prod@$scratch/pw"; string unused s3cr3t-none "prod@$scratch/pw2"; } >roles/app/vars/main.yml
printf 'token: s3cr3t-token\nport: 471147\nlist: [s3cr3t-one, "{{ plain }}"]\n' >group_vars/all.yml
printf 's3cr3t-file\n' >roles/app/files/enc.txt
printf 'tpl {{ db }} {{ plain }}\n' >roles/app/templates/enc.j2
"$rollout" vault encrypt --vault-password-file "$scratch/pw" group_vars/all.yml roles/app/files/enc.txt roles/app/templates/enc.j2
cat >site.roles <<'EOF'
name: vaulted
vars: {plain: visible}
roles:
  app: {hosts: localhost, gather_facts: false}
EOF
cat >roles/app/tasks/main.yml <<EOF
- debug: {msg: "{{ db }} {{ token }}"}
- debug: {var: list}
- name: a task for {{ db }}
  copy: {content: "{{ db }} {{ token }} {{ port }} {{ list[1] }}", dest: $scratch/made}
- copy: {src: enc.txt, dest: $scratch/made.txt}
- copy: {src: enc.txt, dest: $scratch/kept.txt, decrypt: false}
- template: {src: enc.j2, dest: $scratch/made.tpl}
- command: cat $scratch/made.tpl $scratch/made
  register: cat
- debug: {msg: "{{ cat.stdout }}"}
- command: "echo {{ item }} {{ lookup('file', 'enc.txt') }}"
  loop: ["{{ db }}", "{{ list[0] }}"]
- command: echo {{ unused }}
  tags: [never]
- set_fact: {again: "{{ db }}"}
- assert: {that: [again == db, port == 471147], fail_msg: "{{ db }}"}
- include_vars: more.yml
- assert:
    that:
      - extra == 's3cr3t-extra'
      - vars['extra'] == 's3cr3t-extra'
      - hostvars[inventory_hostname]['extra'] == 's3cr3t-extra'
      - lookup('vars', 'db') == 's3cr3t-db'
      - nested.list[0] == 's3cr3t-nested'
      - (nested | to_json | from_json).list[0] == 's3cr3t-nested'
- include_tasks: included.yml
  vars: {given: "{{ db }}"}
  loop: "{{ nested.list }}"
- debug: {msg: "{{ nested }}"}
- command: "{{ db }}"
  ignore_errors: true
- debug: {msg: "{{ db | from_json }}"}
  ignore_errors: true
- user: {name: "{{ db }}", uid: "{{ db }}"}
  ignore_errors: true
- fail: {msg: "no {{ again }}"}
  ignore_errors: true
EOF
string extra s3cr3t-extra "prod@$scratch/pw" >roles/app/vars/more.yml
{ printf 'nested:\n  list:\n    - '; string '' s3cr3t-nested "prod@$scratch/pw" | sed '1s/^: //'; } >>roles/app/vars/main.yml
cat >roles/app/tasks/included.yml <<'EOF'
- assert: {that: ["given == 's3cr3t-db'", "item == 's3cr3t-nested'"]}
EOF
for args in "-v --diff" "--check --diff" --json; do
    # shellcheck disable=SC2086 # words
    run $args -c local --vault-id "prod@$scratch/pw" -i localhost, site.roles || failed "a run with $args"
    grep -q s3cr3t out && failed "a secret shows with $args"
    grep -q 471147 out && failed "a number of an encrypted file shows with $args"
    mv out "$scratch/out$args"
done
same "$(cat "$scratch/made")" 's3cr3t-db s3cr3t-token 471147 visible' 'copy: content'
same "$(cat "$scratch/made.txt")" 's3cr3t-file' 'copy: src'
same "$(head -1 "$scratch/kept.txt")" '$ANSIBLE_VAULT;1.1;AES256' 'decrypt: false'
same "$(cat "$scratch/made.tpl")" 'tpl s3cr3t-db visible' template

inventory=(-c local -i 'localhost,')
rm "$scratch"/made*
fails 1 'group_vars/all.yml:1:1: vault id' "${inventory[@]}" site.roles
fails 1 'group_vars/all.yml:1:1: vault id' "${inventory[@]}" --vault-id "x@$scratch/pw2" site.roles
mv group_vars/all.yml "$scratch/all.yml"
fails 1 "roles/app/vars/main.yml:1:5: vault id 'prod': none of the vault passwords" "${inventory[@]}" --vault-id "x@$scratch/pw2" site.roles
fails 1 'no vault password was given' "${inventory[@]}" site.roles
[ -e "$scratch/made" ] && failed 'a task ran before the wrong password was told'
# what nobody uses, or nobody runs, needs no password
ok "${inventory[@]}" --syntax-check site.roles
ok "${inventory[@]}" --list-tasks site.roles
fails 1 ":9: vault id 'prod'" "${inventory[@]}" --vault-id "prod@$scratch/pw" -t never site.roles
mv "$scratch/all.yml" group_vars/all.yml
# connection variables are used by the first task
mkdir -p "$scratch/connection/roles/app/tasks"
echo '- command: "true"' >"$scratch/connection/roles/app/tasks/main.yml"
sed 's/localhost/web/' site.roles >"$scratch/connection/site.roles"
{ printf 'all:\n  hosts:\n    web:\n      ansible_connection: local\n      '; string ansible_user s3cr3t-user "c@$scratch/pw"; } >"$scratch/hosts.yml"
fails 1 "hosts.yml:5:21: vault id 'c'" -i "$scratch/hosts.yml" --vault-id "c@$scratch/pw2" "$scratch/connection/site.roles"
ok -i "$scratch/hosts.yml" --vault-id "c@$scratch/pw" "$scratch/connection/site.roles"
run inventory -i localhost, --host localhost --vault-password-file "$scratch/pw"
grep -q s3cr3t out && failed 'a secret shows in the inventory'
ps=$(grep -lra swordfish "$scratch/home" "$scratch/tmp")
same "$ps" '' 'the password lies about'

[ $failures -eq 0 ] || { echo "$failures failed"; exit 1; }
