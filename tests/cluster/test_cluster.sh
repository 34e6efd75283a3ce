#!/bin/bash
# A whole Kubernetes cluster (3 etcd members, 2 masters, 3 workers, a balancer, a
# jump host) on real machines: from blank disks; again and silent; each kind of
# machine lost and brought back by the same command; drills; certificates
# renewed; an upgrade. About 40 minutes on two cores.
#   PARTS   only some, besides the first deployment: "lost drills renewal upgrade" (all)
set -uo pipefail
# shellcheck source=../hosts/lib/scenario.sh
. "$(dirname "$0")/../hosts/lib/scenario.sh"
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

part() { [[ " ${PARTS:-lost drills renewal upgrade} " == *" $1 "* ]]; }

timed() { echo "        $1: $(seconds_of "$1") s"; }

changed_hosts() { # NAME: those that changed, without localhost
    jq -r 'select(.event == "run_ended") | .host_stats[] | select(.changed > 0 and .host != "localhost") | .host' "$scratch/$1.jsonl" | sort | paste -sd' '
}

no_secret_was_shown() { # neither private keys nor the encryption key
    local key
    ! grep -l 'PRIVATE KEY' "$scratch"/*.jsonl || return 1
    key=$(hosts enter master-1 sed -n 's/.*secret: \([^}]*\)}.*/\1/p' /etc/kubernetes/encryption.yaml)
    [ ${#key} = 44 ] || { echo "no key of 32 bytes: ${#key} characters"; return 1; }
    ! grep -lF "$key" "$scratch"/*.jsonl
}

keys_are_private() {
    local host open
    for host in etcd-1 master-1 master-2 worker-1; do
        open=$(hosts enter "$host" find /etc/kubernetes /etc/etcd \( -name '*.key' -o -name '*.kubeconfig' -o -name admin.conf -o -name encryption.yaml \) -perm /077 2>/dev/null)
        [ -z "$open" ] || { echo "$host: $open"; return 1; }
    done
    open=$(hosts enter master-1 sh -c 'ps -eo args; env' | grep -iE 'PRIVATE KEY|passphrase|token=' | grep -v grep)
    [ -z "$open" ] || { echo "$open"; return 1; }
    [ -z "$(find "$scratch/pki" \( -name '*.key' -perm /077 \) -o \( -type d -perm /077 \))" ]
}

audit_has_content() { # who did what, and not what a secret says
    hosts enter master-1 sh -c 'cat /var/log/kubernetes/audit.log' >"$scratch/audit"
    hosts enter master-2 sh -c 'cat /var/log/kubernetes/audit.log' >>"$scratch/audit"
    grep -q '"verb":"create".*"resource":"namespaces"' "$scratch/audit" || { echo 'no creation of a namespace'; return 1; }
    grep -q '"resource":"secrets"' "$scratch/audit" || { echo 'no secret'; return 1; }
    ! grep -q 'readable-text' "$scratch/audit"
}

usages_are_separate() { # a server's certificate is no client's
    hosts enter master-1 sh -c 'for c in /etc/kubernetes/pki/*.crt; do case $c in *ca.crt) continue ;; esac
        echo "$c $(openssl x509 -noout -ext extendedKeyUsage -in $c | tail -1)"; done' | tee "$scratch/usages"
    ! grep -E 'Server Authentication.*Client|Client Authentication.*Server' "$scratch/usages"
}

versions_of_nodes() { kubectl_on master-2 get nodes -o 'jsonpath={.items[*].status.nodeInfo.kubeletVersion}'; }

all_nodes_are() { # VERSION
    local got
    got=$(versions_of_nodes)
    [ "$got" = "$1 $1 $1" ] || { echo "$got"; return 1; }
}

none_is_cordoned() { [ -z "$(kubectl_on master-2 get nodes -o 'jsonpath={.items[?(@.spec.unschedulable)].metadata.name}')" ]; }

leave_no_namespace() { ! kubectl_on master-2 get namespace rollout-verify; }

cluster_begin

cluster blank --check --diff
expect_exit 'a dry run on blank machines' 0
cluster first --diff
expect_exit 'the site on blank machines, verified' 0
timed first
check 'no secret in the output, with --diff and --json' no_secret_was_shown
check 'keys are private' keys_are_private
check 'certificates are for one usage' usages_are_separate
check 'the audit log has content' audit_has_content
check 'verify leaves nothing behind' leave_no_namespace
cluster second
expect_exit 'once more' 0
expect_silent 'and silent' second
timed second

lose() { # MACHINE, which alone may change (and NEIGHBOURS...)
    local lost=$1
    check "$lost loses its disk" hosts wipe "$lost"
    cluster "lost-$lost"
    expect_exit "$lost is brought back" 0
    timed "lost-$lost"
    check "only $* changed" test "$(changed_hosts "lost-$lost")" = "$*"
    cluster "again-$lost"
    expect_silent 'then silent' "again-$lost"
}

if part lost; then
    lose worker-2
    lose etcd-1
    lose master-1
    lose lb-1
fi

if part lost; then
    check 'three machines lose their disks' hosts wipe worker-1 etcd-3 master-2
    hosts exec timeout -s KILL 15 "$ROLLOUT" -i "$lab/inventory.yaml" -e "@$scratch/vars.yaml" -e kubernetes_version=1.20.2 "$cluster_site" >/dev/null 2>&1 </dev/null
    cluster resumed
    expect_exit 'a run that was killed is continued' 0
    cluster again-resumed
    expect_silent 'then silent' again-resumed
fi

if part drills; then
    for name in etcd-member etcd-quorum master balancer; do drill "$name"; done
fi

restarted() { # NAME: what handlers restarted, as "host task"
    jq -r 'select(.event == "result" and .handler == true and .status == "changed") | "\(.host) \(.task)"' "$scratch/$1.jsonl" | sort -u
}

sum_of_sa_key() { hosts enter "$1" sha256sum /etc/kubernetes/pki/sa.key; }

if part renewal; then
    sa=$(sum_of_sa_key master-1)
    rm "$scratch/pki/kubernetes/issued/master-1-apiserver.crt"
    cluster one-renewed
    expect_exit 'one certificate is issued anew' 0
    check 'what uses it restarted, and nothing else' test "$(restarted one-renewed)" = 'master-1 Restart kube-apiserver'
    # A third of the days must be left: more than these certificates have.
    echo 'kubernetes_certificate_days: 1500' >>"$scratch/vars.yaml"
    cluster renewed
    expect_exit 'all of them are renewed before their end' 0
    timed renewed
    check 'on all masters and workers' test "$(restarted renewed | cut -d' ' -f1 | sort -u | paste -sd' ')" = 'master-1 master-2 worker-1 worker-2 worker-3'
    check "the service accounts' key is the same" test "$sa" = "$(sum_of_sa_key master-1)"
    cluster again-renewed
    expect_silent 'then silent' again-renewed
fi

if part upgrade; then
    check 'nodes have the old version' all_nodes_are v1.20.2
    kubernetes_version=1.20.2+1
    cluster upgrade
    expect_exit 'an upgrade' 0
    timed upgrade
    check 'nodes have the new version' all_nodes_are v1.20.2+1
    check 'all nodes take pods' none_is_cordoned
    cluster upgraded
    expect_silent 'then silent' upgraded
fi
lab_end
