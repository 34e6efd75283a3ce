#!/bin/bash
# A role (features/) that uses every keyword and module; it asserts by itself.
# The second run is silent, secrets do not show, and ansible-playbook, where it
# is installed, counts the same for the same role.
#   FEATURES_WITHOUT_ANSIBLE   set: that last part is left out
set -uo pipefail
. "$(dirname "$0")/lib/scenario.sh"

names=(n1 n2 n3)
features=$repo/tests/hosts/features

archive() { # what is downloaded and unpacked
    mkdir -p "$scratch/web/archive"
    echo inside >"$scratch/web/archive/inside"
    tar -C "$scratch/web" --owner=root --group=root -czf "$scratch/web/archive.tar.gz" archive
    # The controller's own is other bytes: what it has it would not download.
    tar -C "$scratch/web" --owner=root --group=root -c archive | gzip -1 >"$scratch/archive.tar.gz"
    rm -r "$scratch/web/archive"
    echo '{"told": "by the server"}' >"$scratch/web/page.json"
    settings=(-e feature_url=http://10.77.0.1:8000 -e "feature_fetched=$scratch/fetched" -e "feature_archive=$scratch/archive.tar.gz"
        -e "feature_sha256=$(sha256sum "$scratch/web/archive.tar.gz" | cut -d' ' -f1)")
}

secrets_show() { grep -l s3cr3t "$scratch"/*.jsonl "$scratch"/*.log "$HOME" -r; }

# Task files whose tasks said something.
files_of() { jq -r 'select(.event == "result") | .file' "$scratch/$1.jsonl" | sed 's|.*/||' | sort -u | paste -sd,; }

# ok changed failed skipped rescued ignored of each host, as rollout and as Ansible tell them
counts_of_rollout() {
    jq -r 'select(.event == "run_ended") | .host_stats[] | select(.host != "localhost") |
        "\(.host) ok=\(.ok) changed=\(.changed) failed=\(.failed) skipped=\(.skipped) rescued=\(.rescued) ignored=\(.ignored)"' \
        "$scratch/$1.jsonl" | sort
}
counts_of_ansible() { # from its recap
    sed -n '/^PLAY RECAP/,$p' "$scratch/ansible.log" | awk '/ : ok=/ && $1 != "localhost" {
        for (i = 3; i <= NF; i++) { split($i, kv, "="); n[kv[1]] = kv[2] }
        print $1 " ok=" n["ok"] " changed=" n["changed"] " failed=" n["failed"] " skipped=" n["skipped"] " rescued=" n["rescued"] " ignored=" n["ignored"] }' | sort
}

ansible() {
    ANSIBLE_PIPELINING=1 ANSIBLE_LOCALHOST_WARNING=0 ANSIBLE_DEPRECATION_WARNINGS=0 ANSIBLE_NOCOLOR=1 \
        timeout -k 5 600 ansible-playbook -f 12 -i "$lab/inventory.yaml" "${settings[@]}" -e "feature_fetched=$scratch/fetched-by-ansible" "$features/site.yml" \
        >"$scratch/ansible.log" 2>&1 </dev/null
}

compare_with_ansible() {
    command -v ansible-playbook >/dev/null || { echo "skipped: no ansible-playbook to compare with"; return; }
    check 'blank machines for Ansible' hosts wipe "${names[@]}"
    if ! ansible; then
        failed 'ansible-playbook runs the same role' "$scratch/ansible.log"
        return
    fi
    counts_of_rollout first >"$scratch/ours"
    counts_of_ansible >"$scratch/theirs"
    check 'Ansible counts the same' diff "$scratch/ours" "$scratch/theirs"
}

lab_begin --names n1,n2,n3 --groups 'front=n1;back=n2,n3' --python
serve
archive
run_json first --diff "${settings[@]}" "$features/site.roles"
expect_exit 'every keyword and module' 0
check 'one download for all hosts' test "$(grep -c archive.tar.gz "$scratch/web/requests")" = 1
run_json second "${settings[@]}" "$features/site.roles"
expect_exit 'once more' 0
expect_silent 'and silent' second
check 'it was not downloaded again' test "$(grep -c archive.tar.gz "$scratch/web/requests")" = 1

mkdir -p "$scratch/pulled/n1/tree"
echo stale >"$scratch/pulled/n1/tree/stale"
run_json collections -e "pulled=$scratch/pulled" "$features/collections.roles"
expect_exit 'modules that Ansible has in collections' 0
for name in "${names[@]}"; do
    check "the folder of $name is on the controller" diff -r "$features/roles/collections/files/tree" "$scratch/pulled/$name/tree"
    check "with what only root may read on $name" test "$(stat -c %a "$scratch/pulled/$name/own/secret") $(cat "$scratch/pulled/$name/own/secret")" = "600 of $name"
done
run_json collections-again -e "pulled=$scratch/pulled" "$features/collections.roles"
expect_exit 'once more' 0
expect_silent 'and silent' collections-again

run_json tagged --tags files "${settings[@]}" "$features/site.roles"
expect_exit '--tags files' 0
check 'runs the tagged tasks, and what is always run' test "$(files_of tagged)" = files.yml,main.yml
run_json untagged --skip-tags files --limit "$(IFS=,; echo "${names[*]}")" "${settings[@]}" "$features/site.roles"
expect_exit '--skip-tags files' 0
check 'leaves them out' eval '! files_of untagged | grep -q files.yml'

hosts enter n1 sh -c 'echo other >/srv/features/secret; rm /srv/features/dir/plain.conf'
run --diff -vvv "${settings[@]}" "$features/site.roles"
expect_exit 'put right again, told at length' 0
cp "$scratch/run.log" "$scratch/verbose.log"
check 'secrets do not show' eval '! secrets_show'
expect_clean 'nothing of rollout is left on the machines' "${names[@]}"
[ -n "${FEATURES_WITHOUT_ANSIBLE:-}" ] || compare_with_ansible
lab_end
