#!/bin/bash
# A dry run on blank machines tells exactly what the run then changes. Tasks
# whose effect nobody can know before (commands) are told apart.
set -uo pipefail
. "$(dirname "$0")/lib/scenario.sh"
. "$(dirname "$0")/lib/etcd-haproxy.sh"

# host, step, task and its place of all results with STATUS
results() { # NAME STATUS
    jq -r --arg s "$2" 'select(.event == "result" and .status == $s) | "\(.host)\t\(.step)\t\(.task)\t\(.file):\(.line)"' \
        "$scratch/$1.jsonl" | sed "s|$repo/||" | sort -u
}

# Everything on a machine that a dry run might have touched.
fingerprint() {
    hosts enter "$1" find /etc /opt /srv /usr /root /var/lib/dpkg /var/lib/etcd -xdev -newer /run/before-the-dry-run ! -name '.cache' 2>/dev/null |
        grep -vE '^/root(/\.cache.*)?$|^/etc/ld\.so\.cache$'
}

untouched() {
    local host bad=0
    for host in "${machines[@]}"; do
        [ -z "$(fingerprint "$host" | tee /dev/stderr)" ] || bad=1
    done
    return "$bad"
}

example_begin
for host in "${machines[@]}"; do hosts enter "$host" touch /run/before-the-dry-run; done
sleep 0.1

example predicted --check --diff
expect_exit 'a dry run of the whole site on blank machines' 0
check 'it changed nothing on them' untouched
check 'nor on the controller' test ! -e "$pki"
example real --diff
expect_exit 'the run' 0

results predicted changed >"$scratch/would-change"
results predicted unknown >"$scratch/unknown"
results real changed >"$scratch/changed"
sort -u "$scratch/unknown" | comm -23 "$scratch/would-change" - | comm -23 - "$scratch/changed" >"$scratch/not-come-true"
sort -u "$scratch/would-change" "$scratch/unknown" | comm -13 - "$scratch/changed" >"$scratch/not-told"
check 'all that was told came true' test ! -s "$scratch/not-come-true"
sed 's/^/        told, did not change: /' "$scratch/not-come-true"
check 'all that changed was told' test ! -s "$scratch/not-told"
sed 's/^/        changed, was not told: /' "$scratch/not-told"
check 'and it was something' test "$(wc -l <"$scratch/would-change")" -ge 40
echo "        $(wc -l <"$scratch/would-change") predicted, $(wc -l <"$scratch/changed") changed, $(wc -l <"$scratch/unknown") unknown"

example after --check
expect_exit 'a dry run of what is done' 0
expect_silent 'tells nothing' after
lab_end
