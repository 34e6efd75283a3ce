#!/bin/bash
# A whole Kubernetes cluster on eleven real machines (3 etcd members, 2 masters, 3
# workers, a balancer, a jump host, a host for the PKI): from blank disks, run from
# the jump host; again and silent; each kind of machine lost and brought back by the
# same command; drills; certificates renewed and an upgrade under the eyes of a
# client; a worker more; nothing secret anywhere.
#   PARTS   only some, besides the deployment: "lost drills renewal upgrade growth objects secrets"
set -uo pipefail
# shellcheck source=../hosts/lib/scenario.sh
. "$(dirname "$0")/../hosts/lib/scenario.sh"
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=secrets.sh
. "$(dirname "$0")/secrets.sh"
settings=()

part() { [[ " ${PARTS-lost drills renewal upgrade growth objects secrets} " == *" $1 "* ]]; }

timed() { echo "        $1: $(seconds_of "$1") s"; }

changed_hosts() { # NAME: those that changed, without localhost
    ended "$1" '.host_stats[] | select(.changed > 0 and .host != "localhost") | .host' | sort | paste -sd' '
}

# ---- what was told comes true ----

results() { # NAME STATUS
    jq -r --arg s "$2" 'select(.event == "result" and .status == $s) | "\(.host)\t\(.step)\t\(.task)\t\(.file):\(.line)"' "$scratch/$1.jsonl" | sort -u
}
prediction_held() { # TOLD RUN: each change was told, and each told change came
    results "$1" changed >"$scratch/told"
    results "$1" unknown >"$scratch/unknown"
    results "$2" changed >"$scratch/changed"
    {
        comm -23 "$scratch/told" "$scratch/unknown" | comm -23 - "$scratch/changed" | sed 's/^/told, did not change: /'
        sort -u "$scratch/told" "$scratch/unknown" | comm -13 - "$scratch/changed" | sed 's/^/changed, was not told: /'
    } >"$scratch/wrong"
    cat "$scratch/wrong"
    [ ! -s "$scratch/wrong" ] && [ "$(wc -l <"$scratch/told")" -ge 100 ]
}

# ---- what a good cluster is like ----

keys_are_private() {
    local host open
    for host in etcd-1 master-1 master-2 worker-1; do
        open=$(hosts enter "$host" find /etc/kubernetes /etc/etcd \( -name '*.key' -o -name '*.kubeconfig' -o -name admin.conf -o -name encryption.yaml \) -perm /077 2>/dev/null)
        [ -z "$open" ] || { echo "$host: $open"; return 1; }
    done
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
    [ -s "$scratch/usages" ] && ! grep -E 'Server Authentication.*Client|Client Authentication.*Server' "$scratch/usages"
}

snapshot_is_whole() {
    hosts enter etcd-2 sh -c 'systemctl start etcd-snapshot.service && ETCDCTL_API=3 etcdctl snapshot status --write-out=json /var/lib/etcd/snapshots/etcd-2-*.db' |
        jq -e '.totalKey > 100'
}
leaves_no_namespace() { ! kubectl_on master-2 get namespace rollout-verify; }
none_is_cordoned() { [ -z "$(kubectl_on master-2 get nodes -o 'jsonpath={.items[?(@.spec.unschedulable)].metadata.name}')" ]; }
operator_works() { hosts enter jump-1 runuser -u ops -- kubectl get nodes --no-headers | grep -c Ready | grep -qx 3; }

# ---- the deployment, from the jump host ----

cluster_begin
images_on_jump
RUN_SECONDS=300 run_json jump "$repo/examples/cluster/jump.roles"
expect_exit 'the jump host, from here' 0
timed jump
from_jump=-a
cluster blank --check --diff
expect_exit 'a dry run of the site, from the jump host' 0
timed blank
part secrets && watch_arguments_begin
cluster first --diff
expect_exit 'the site on blank machines, verified' 0
part secrets && watch_arguments_end
steps_of first
check 'it takes hardly longer than its critical path' near_the_critical_path first
check 'etcd, the balancer and containerd go on beside each other' overlap first etcd haproxy
check 'and programs beside what all machines need' overlap first binaries base
check 'all that the dry run told came true, and nothing else' prediction_held blank first
check 'keys are private' keys_are_private
check 'certificates are for one usage' usages_are_separate
check 'the audit log has content' audit_has_content
check 'a snapshot of etcd' snapshot_is_whole
check 'verify leaves nothing behind' leaves_no_namespace
check "the operator's kubectl" operator_works
cluster second
expect_exit 'once more' 0
expect_silent 'and silent' second
timed second

# ---- machines that are lost ----

lose() { # MACHINE, which alone may change; and site arguments
    local lost=$1
    shift
    check "$lost loses its disk" hosts wipe "$lost"
    cluster "lost-$lost" "$@"
    expect_exit "$lost is brought back" 0
    timed "lost-$lost"
    check "only $lost changed" test "$(changed_hosts "lost-$lost")" = "$lost"
}

# From the jump host with an agent: a new machine knows its maker's key alone.
if part lost; then
    eval "$(ssh-agent -s -a "$scratch/agent")" >/dev/null
    agent=$SSH_AGENT_PID
    ssh-add -q "$lab/id_ed25519"
    from_jump=-A
    check 'worker-3 loses its disk' hosts wipe worker-3
    cluster lost-worker-3 --limit worker-3
    expect_exit 'worker-3 is brought back by --limit worker-3 alone' 0
    timed lost-worker-3
    from_jump=-a
    cluster again-worker-3
    expect_silent 'then silent' again-worker-3
    kill "$agent"
    unset SSH_AUTH_SOCK SSH_AGENT_PID
fi

# From here on from here: what the jump host issued comes along.
from_jump=''
images_here
check 'the PKI comes back' sh -c "ssh -F '$lab/ssh_config' jump-1 tar -C cluster -c pki | tar -C '$scratch' -x"

if part lost; then
    # Each run shows, too, that what was brought back before it is as the others.
    for name in worker-2 etcd-1 master-1 lb-1; do lose "$name"; done
    check 'three machines lose their disks' hosts wipe worker-1 etcd-3 master-2
    check 'and one an image' hosts enter worker-3 ctr -n k8s.io images rm example.test/busybox:1
    timeout -s KILL 15 "$ROLLOUT" -i "$lab/inventory.yaml" "$cluster_site" >/dev/null 2>&1 </dev/null
    cluster resumed
    expect_exit 'a run that was killed is continued' 0
    check 'the image is back' hosts enter worker-3 sh -c 'ctr -n k8s.io images ls -q | grep -qx example.test/busybox:1'
    cluster again-resumed
    expect_silent 'then silent' again-resumed
fi

if part drills; then
    settings=(-e drill_seconds=10)
    for name in etcd-member etcd-quorum master balancer; do drill "$name"; done
    settings=()
    drill worker -e drill_worker=worker-1 -e "drill_recreate='$repo/tests/hosts/hosts.sh wipe worker-1'"
fi

# ---- certificates ----

restarted() { # NAME: what handlers restarted, as "host task"
    jq -r 'select(.event == "result" and .handler == true and .status == "changed") | "\(.host) \(.task)"' "$scratch/$1.jsonl" | sort -u
}
sum_of_sa_key() { hosts enter "$1" sha256sum /etc/kubernetes/pki/sa.key; }
certificates() { # HOST: but the API server's
    hosts enter "$1" sh -c 'sha256sum /etc/kubernetes/pki/*.crt' | grep -v /apiserver.crt
}
has_name() { hosts enter "$1" openssl x509 -noout -ext subjectAltName -in /etc/kubernetes/pki/apiserver.crt | grep -q "$2"; }

if part renewal; then
    before=$(certificates master-1; certificates master-2)
    settings+=(-e '{"kubernetes_api_extra_dns": ["api.example.test"]}')
    cluster name
    expect_exit "a name more for the API" 0
    check 'the API servers restarted, and nothing else' test "$(restarted name | paste -sd,)" = 'master-1 Restart kube-apiserver,master-2 Restart kube-apiserver'
    check 'no other host changed, but that the jump host has what was issued' test "$(changed_hosts name)" = 'jump-1 master-1 master-2'
    check 'their certificates have it' has_name master-2 api.example.test
    check 'no other certificate is new' test "$before" = "$(certificates master-1; certificates master-2)"

    sa=$(sum_of_sa_key master-1)
    # A third of the days must be left: more than these certificates have.
    settings+=(-e kubernetes_certificate_days=1500)
    probe_begin
    cluster renewed
    expect_exit 'all certificates are renewed before their end' 0
    probe_end renewed
    timed renewed
    check 'no request was lost meanwhile' none_lost renewed
    check 'all masters and workers restarted what uses them' test "$(restarted renewed | cut -d' ' -f1 | sort -u | paste -sd' ')" = 'master-1 master-2 worker-1 worker-2 worker-3'
    check "the service accounts' key is the same" test "$sa" = "$(sum_of_sa_key master-1)"
    cluster again-renewed
    expect_silent 'then silent' again-renewed
fi

# ---- versions ----

versions_of_nodes() { kubectl_on master-2 get nodes -o 'jsonpath={.items[*].status.nodeInfo.kubeletVersion}'; }
all_nodes_are() { # VERSION
    local got
    got=$(versions_of_nodes)
    [ "$got" = "$1 $1 $1" ] || { echo "$got"; return 1; }
}
etcd_runs() { # what all members run is the version's
    local host
    for host in etcd-1 etcd-2 etcd-3; do
        hosts enter "$host" sh -c 'tail -n1 "/proc/$(systemctl show --property MainPID --value etcd.service)/exe"' | grep -aqxF "$1" || { echo "$host does not"; return 1; }
    done
}
# Members, masters and workers each one at a time: no two of a kind overlap.
one_at_a_time() { # NAME HANDLER
    jq -r --arg t "$2" 'select(.event == "result" and .task == $t and .status == "changed") | "\(.time | sub("\\.[0-9]+Z$"; "Z") | fromdate) \(.duration_ms)"' "$scratch/$1.jsonl" |
        sort -n | awk '{ if (end && $1 - $2 / 1000 < end - 1) bad = 1; end = $1; n++ } END { exit bad || n < 2 }'
}

if part upgrade; then
    check 'nodes have the old version' all_nodes_are v1.20.2
    cluster unfit -e kubernetes_version=1.22.0
    expect_exit 'versions that do not go together are refused' 2
    check 'before any host is touched' test "$(jq -r 'select(.event == "result") | .host' "$scratch/unfit.jsonl" | sort -u)" = localhost
    cluster skipped -e kubernetes_version=1.22.0 -e etcd_version=3.5.27 --limit master-2
    expect_exit 'two minor versions at once are refused' 2
    check 'with the reason' grep -q 'by one minor version at a time' "$scratch/run.log"
    check 'and the master goes on' hosts enter master-2 /usr/local/sbin/kube-service healthy kube-apiserver
    settings+=(-e kubernetes_version=1.20.2+1 -e etcd_version=3.4.23+1)
    probe_begin
    cluster upgrade
    expect_exit 'an upgrade of etcd and Kubernetes' 0
    probe_end upgrade
    timed upgrade
    check 'nodes have the new version' all_nodes_are v1.20.2+1
    check 'members have the new version' etcd_runs 3.4.23+1
    check 'etcd members one at a time' one_at_a_time upgrade 'Restart etcd'
    check 'masters one at a time' one_at_a_time upgrade 'Restart kube-apiserver'
    check 'workers one at a time' one_at_a_time upgrade 'Restart kubelet'
    check 'the API was never away for longer than a health interval' test "$(longest_gap upgrade)" -le 2000
    check 'all nodes take pods' none_is_cordoned
    cluster upgraded
    expect_silent 'then silent' upgraded
fi

# ---- one line more ----

if part growth; then
    sed -i 's/^    workers: {hosts: {/&pki-1: {}, /' "$lab/inventory.yaml"
    cluster growth
    expect_exit 'a worker more is one line' 0
    timed growth
    check 'beside it, the routes to its pods' test "$(results growth changed | awk -F'\t' '$1 !~ /^(pki-1|localhost|jump-1)$/ { print $1 ": " $3 }' | sort -u | paste -sd,)" = \
        'worker-1: Look at the routes,worker-1: Routes,worker-1: Set the routes,worker-2: Look at the routes,worker-2: Routes,worker-2: Set the routes,worker-3: Look at the routes,worker-3: Routes,worker-3: Set the routes'
    cluster grown -e verify_failover=true
    expect_exit 'the API answers with each master down in turn' 0
    expect_silent 'and that is silent' grown
fi

# ---- objects without images ----

calico_is() { # what the nodes' pods are told
    kubectl_on master-1 -n kube-system get daemonset calico-node -o json | tee "$scratch/calico.json" |
        jq -e --arg name "$1" --arg value "$2" '[.spec.template.spec.containers[0].env[] | select(.name == $name) | .value] == [$value]'
}
dns_is_right() {
    kubectl_on master-1 -n kube-system get service kube-dns -o 'jsonpath={.spec.clusterIP}' | grep -qx 10.96.0.10 &&
        kubectl_on master-1 -n kube-system get configmap coredns -o 'jsonpath={.data.Corefile}' | grep -q 'kubernetes cluster.local'
}
objects() { RUN_SECONDS=300 run_json "$1" "$repo/tests/cluster/objects.roles" "${settings[@]}" "${@:2}"; }

if part objects; then
    cp "$repo/tests/cluster/calico.yaml" "$scratch/web/"
    settings+=(-e cluster_network=calico -e calico_manifest_url=http://10.77.0.1:8000/calico.yaml -e coredns_enabled=true
        -e coredns_image=example.test/coredns:1 -e coredns_pull_policy=Never -e release_digests_required=false)
    objects objects
    expect_exit 'the objects of Calico and CoreDNS' 0
    check 'the pod CIDR' calico_is CALICO_IPV4POOL_CIDR 10.244.0.0/16
    check 'the interface' calico_is IP_AUTODETECTION_METHOD kubernetes-internal-ip
    check 'what the manifest says is kept' calico_is DATASTORE_TYPE kubernetes
    check "cluster DNS's address and domain" dns_is_right
    objects objects-again
    expect_silent 'once more, and silent' objects-again
    objects objects-changed -e '{"calico_environment": {"FELIX_LOGSEVERITYSCREEN": "Warning"}}'
    expect_exit 'a changed setting' 0
    check 'is applied' calico_is FELIX_LOGSEVERITYSCREEN Warning
fi

if part secrets; then check 'no secret shows: output, arguments, journals, files' no_secret_shows; fi
lab_end
