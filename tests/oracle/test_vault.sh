#!/bin/bash
# rollout vault against ansible-vault, both ways; skipped where there is none.
set -uo pipefail
command -v ansible-vault >/dev/null || exit 77
rollout=${ROLLOUT:?}
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
export HOME=$scratch ANSIBLE_NOCOLOR=1 ANSIBLE_LOCALHOST_WARNING=0 LC_ALL=C.UTF-8
unset ANSIBLE_VAULT_PASSWORD_FILE ANSIBLE_VAULT_IDENTITY_LIST ANSIBLE_VAULT_ENCRYPT_IDENTITY
failures=0
failed() { echo "FAILED: $*"; failures=$((failures + 1)); }

printf 'pass wörd\n' >pw
printf '#!/bin/sh\necho other\n' >pw.sh
chmod 700 pw.sh
printf '' >empty
printf 'x' >one
head -c 16 /dev/zero >block
head -c 5000 /dev/urandom >binary
printf 'a: 1\nb: [ü, "{{ c }}"]\n' >text
ids=("--vault-password-file pw" "--vault-id prod@pw.sh")
for file in empty one block binary text; do
    for id in "${ids[@]}"; do
        # shellcheck disable=SC2086 # words
        {
            ansible-vault encrypt $id --output theirs "$file" 2>/dev/null || failed "ansible-vault encrypt $file"
            "$rollout" vault encrypt $id --output ours "$file" || failed "encrypt $file"
            "$rollout" vault decrypt $id --output back theirs || failed "decrypt $file"
            cmp back "$file" || failed "$file from ansible-vault"
            ansible-vault decrypt $id --output back ours 2>/dev/null || failed "ansible-vault decrypt $file"
            cmp back "$file" || failed "$file for ansible-vault"
        }
        [ "$(head -1 ours)" = "$(head -1 theirs)" ] || failed "headers of $file differ"
        [ "$(wc -lc <ours)" = "$(wc -lc <theirs)" ] || failed "sizes of $file differ"
    done
done

# the modes and headers that a series of commands leaves
series() {
    local vault=$1
    echo plain >f
    chmod 644 f
    $vault encrypt --vault-password-file pw f
    stat -c %a f
    head -1 f
    chmod 644 f
    $vault rekey --vault-password-file pw --new-vault-id prod@pw.sh f
    stat -c %a f
    head -1 f
    EDITOR="sed -i s/plain/edited/" $vault edit --vault-id any@pw.sh f
    head -1 f
    $vault view --vault-id any@pw.sh f
    $vault decrypt --vault-id prod@pw.sh f
    stat -c %a f
    cat f
    rm -f g
    EDITOR=true $vault create --vault-password-file pw g
    stat -c %a g
    head -1 g
} 2>/dev/null
series ansible-vault >series.theirs
series "$rollout vault" >series.ours
diff -u series.theirs series.ours || failed 'a series of commands'

# values: what a playbook of Ansible's and a role of ours make of them
"$rollout" vault encrypt_string --vault-password-file pw -n ours 'from {{ us }}' >vars.yml
ansible-vault encrypt_string --vault-password-file pw -n theirs 'from {{ them }}' >>vars.yml 2>/dev/null
echo >>vars.yml
printf 'whole: "{{ 40 + 2 }} and more"\n' >whole.yml
"$rollout" vault encrypt --vault-id prod@pw.sh whole.yml
mkdir -p roles/app/tasks roles/app/vars group_vars
cp vars.yml roles/app/vars/main.yml
cp whole.yml group_vars/all.yml
cat >roles/app/tasks/main.yml <<'EOF'
- copy:
    content: |
      {{ ours }}|{{ theirs }}|{{ whole }}|{{ ours is vault_encrypted }}|{{ whole is vault_encrypted }}
      {{ lookup('file', playbook_dir ~ '/whole.yml') }}
      {{ lookup('unvault', playbook_dir ~ '/whole.yml') }}
      {{ 'text' | vault('pw', 'saltsalt', 'id') }}
      {{ ('text' | vault('pw')) | unvault('pw') }}
    dest: "{{ dest }}"
    mode: '0600'
EOF
printf -- '- hosts: localhost\n  gather_facts: false\n  roles: [app]\n' >site.yml
printf 'name: s\nroles:\n  app: {hosts: localhost, gather_facts: false}\n' >site.roles
printf 'localhost ansible_connection=local ansible_python_interpreter=/usr/bin/python3\n' >hosts
ansible-playbook -i hosts --vault-password-file pw --vault-id prod@pw.sh -e dest="$scratch/theirs" site.yml >theirs.log 2>&1 ||
    { cat theirs.log; failed ansible-playbook; }
"$rollout" -i localhost, -c local --vault-password-file pw --vault-id prod@pw.sh -e dest="$scratch/ours" site.roles >ours.log 2>&1 ||
    { cat ours.log; failed rollout; }
diff -u theirs ours || failed 'what templates make of vault values'

# a playbook: vars_files and include_vars, encrypted and with !vault values; an encrypted inventory
printf 'localhost ansible_connection=local ansible_python_interpreter=/usr/bin/python3 hidden="from the inventory"\n' >secret-hosts
"$rollout" vault encrypt --vault-password-file pw secret-hosts
cat >play.yml <<'EOF'
- hosts: localhost
  gather_facts: false
  vars_files: [vars.yml, whole.yml, "{{ late }}.yml"]
  vars: {late: late}
  tasks:
    - include_vars: {file: whole.yml, name: nested}
    - copy:
        content: |
          {{ ours }}|{{ theirs }}|{{ whole }}|{{ late_one }}|{{ nested.whole }}|{{ hidden }}
        dest: "{{ dest }}"
        mode: '0600'
EOF
printf 'late_one: "late {{ 1 + 1 }}"\n' >late.yml
"$rollout" vault encrypt --vault-password-file pw late.yml
ansible-playbook -i secret-hosts --vault-password-file pw --vault-id prod@pw.sh -e dest="$scratch/theirs2" play.yml >theirs2.log 2>&1 ||
    { cat theirs2.log; failed 'ansible-playbook play.yml'; }
"$rollout" -i secret-hosts --diff -vvv --vault-password-file pw --vault-id prod@pw.sh -e dest="$scratch/ours2" play.yml >ours2.log 2>&1 ||
    { cat ours2.log; failed 'rollout play.yml'; }
diff -u theirs2 ours2 || failed 'what a playbook makes of vault values'
! grep -E 'from \{\{|and more|late 2|from the inventory' ours2.log || failed 'a decrypted value is shown'
for play in play.yml site.roles; do
    "$rollout" -i secret-hosts --vault-password-file one -e dest="$scratch/ours3" $play >wrong.log 2>&1 &&
        failed "a wrong password for $play"
    [ ! -e ours3 ] || failed "$play ran without a password"
done

[ $failures -eq 0 ] || { echo "$failures failed"; exit 1; }
