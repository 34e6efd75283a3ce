# shellcheck shell=bash
# What the cluster tests share: eleven machines, the variables that make the roles fit
# them, the site, run from here or from the jump host. Sourced after
# tests/hosts/lib/scenario.sh.

# shellcheck disable=SC2034 # used by the tests
cluster_site=$repo/examples/cluster/site.roles
cluster_names=jump-1,pki-1,lb-1,etcd-1,etcd-2,etcd-3,master-1,master-2,worker-1,worker-2,worker-3
cluster_groups='jump=jump-1;pki=pki-1;lb=lb-1;etcd=etcd-1,etcd-2,etcd-3;masters=master-1,master-2;workers=worker-1,worker-2,worker-3'
lb_address=10.77.0.13
from_jump='' # set: the site is run there

# What must be made first: a machine that cannot make it skips the test.
made_by() { # SCRIPT
    local status=0
    "$repo/tests/cluster/$1" || status=$?
    [ "$status" = 0 ] || exit "$status"
}

cluster_begin() {
    local binaries etcd
    binaries=$(made_by build-kubernetes.sh) || exit $?
    etcd=$(made_by etcd-archives.sh) || exit $?
    images=$(made_by images.sh) || exit $?
    lab_begin --kubernetes --names "$cluster_names" --groups "$cluster_groups"
    mkdir "$scratch/web"
    mkdir "$scratch/web/kubernetes"
    ln -s "$binaries"/v* "$scratch/web/kubernetes"
    ln -s v1.20.2 "$scratch/web/kubernetes/v1.22.0" # two minor versions on, by its name
    ln -s "$etcd/etcd-io" "$scratch/web/etcd-io"
    serve
    cluster_inventory
    mkdir "$lab/group_vars"
    {
        release_variables "$binaries" "$etcd" http://10.77.0.1:8000
        container_variables
    } >"$lab/group_vars/all.yml"
}

# cluster_address as a role's user would write it, and the controller itself.
cluster_inventory() {
    sed -i -e 's/{ansible_host: \([0-9.]*\)}/{ansible_host: \1, cluster_address: \1}/' \
        -e "s|^  vars:\$|&\n    pki_dir: $scratch/pki|" \
        -e 's/^  hosts:$/&\n    localhost: {ansible_connection: local}/' "$lab/inventory.yaml"
}

# Where everything is that cannot be had from a release server or a registry.
release_variables() { # BINARIES ETCD URL
    local name version
    cat <<-END
	cluster_network: bridge
	kubernetes_version: 1.20.2
	kubernetes_binaries_url: "$3/kubernetes/v{{ kubernetes_version }}"
	github_release_url: $3
	etcd_source: archive
	etcd_version: 3.4.23
	release_digests_required: true
	containerd_source: package
	containerd_cni_bin_dir: /usr/lib/cni
	cni_bridge_bin_dir: /usr/lib/cni
	cni_bridge_packages: [containernetworking-plugins]
	containerd_pause_image: example.test/pause:1
	containerd_images: [/srv/images/pause.tar, /srv/images/busybox.tar, /srv/images/coredns.tar]
	coredns_enabled: false
	verify_image: example.test/busybox:1
	verify_pull_policy: Never
	release_digests_extra:
	END
    for name in kube-apiserver kube-controller-manager kube-scheduler kubectl kubelet kube-proxy; do
        echo "  $name:"
        for version in 1.20.2 1.20.2+1; do digest "$version" "$1/v$version/$name"; done
        digest 1.22.0 "$1/v1.20.2/$name"
    done
    echo '  etcd:'
    for version in 3.4.23 3.4.23+1; do
        digest "$version" "$2/etcd-io/etcd/releases/download/v$version/etcd-v$version-linux-$(dpkg --print-architecture).tar.gz"
    done
}

# What is so because machines are containers, and the password that is looked for.
container_variables() {
    cat <<-END
	containerd_restrict_oom_score_adj: true
	kubernetes_cgroup_driver: cgroupfs
	worker_kubelet_config:
	  failSwapOn: false
	  # The disk is this machine's, however full: nothing is removed or evicted for it.
	  imageGCHighThresholdPercent: 100
	  evictionHard: {memory.available: 100Mi}
	worker_kube_proxy_config: {conntrack: {maxPerCore: 0, min: 0, tcpCloseWaitTimeout: 0s, tcpEstablishedTimeout: 0s}}
	base_modules: []
	base_clock: ""
	base_clock_package: ""
	base_swap: true
	haproxy_stats_bind: 127.0.0.1:8404
	haproxy_stats_password: $canary
	END
}

digest() { # VERSION FILE
    echo "    $1: {$(dpkg --print-architecture): $(sha256sum "$2" | cut -d' ' -f1)}"
}

# Image archives lie beside the controller, wherever that is.
images_here() {
    mkdir -p /srv/images
    cp "$images"/*.tar /srv/images/
}
images_on_jump() { tar -C "$images" -c . | hosts enter jump-1 sh -c 'mkdir -p /srv/images && tar -C /srv/images -x'; }

on_jump() { # COMMAND: with the controller's key, which new machines know
    ssh -A -F "$lab/ssh_config" jump-1 "$1"
}

# A site of the project: NAME of the JSON log, then further arguments.
cluster() {
    local name=$1 site=$cluster_site command_of_run=() inventory_of_run=''
    shift
    if [ "$from_jump" ]; then
        command_of_run=(ssh "$from_jump" -F "$lab/ssh_config" jump-1 rollout)
        inventory_of_run=cluster/inventory site=cluster/examples/cluster/site.roles
    fi
    RUN_SECONDS=${RUN_SECONDS:-900} run_json "$name" "$site" "${settings[@]}" "$@"
}

drill() { # NAME ARGS...
    local name=$1
    shift
    RUN_SECONDS=600 run_json "drill-$name" "${settings[@]}" "$repo/examples/drills/$name.roles" "$@"
    expect_exit "drill $name" 0
    jq -r 'select(.event == "result" and .task == "Result") | .result.msg // empty' "$scratch/drill-$name.jsonl" | sed 's/^/        /'
}

ended() { jq -r "select(.event == \"run_ended\") | $2" "$scratch/$1.jsonl"; } # NAME FILTER
seconds_of() { ended "$1" '.duration_ms / 1000 | round'; }

# Every step's begin and time, and the chain that took longest.
steps_of() { # NAME
    ended "$1" '.step_stats[] | "        \(.began_ms / 100 | round / 10) s \(.step) \(.duration_ms / 100 | round / 10) s\(if .critical then " *" else "" end)"'
    ended "$1" '"        \(.duration_ms / 1000 | round) s, critical path (*) \([.step_stats[] | select(.critical) | .duration_ms] | add / 1000 | round) s"'
}
# The whole is at most one and a half times the critical path's own work.
near_the_critical_path() { # NAME
    ended "$1" '.duration_ms <= 1.5 * ([.step_stats[] | select(.critical) | .duration_ms] | add)' | grep -qx true
}
overlap() { # NAME STEP OTHER
    ended "$1" "[.step_stats[] | select(.step == \"$2\" or .step == \"$3\")] | length == 2 and (map(.began_ms) | max) < (map(.began_ms + .duration_ms) | min)" | grep -qx true
}

kubectl_on() { # MASTER ARGS...
    local master=$1
    shift
    hosts enter "$master" /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf "$@"
}

# ---- a client ----

# A request every tenth of a second through the balancer, each on a connection of its
# own, tried a second time at most: a line "MILLISECONDS ok|again|lost" each.
probe_begin() {
    hosts enter jump-1 sh -c 'cat /home/ops/.kube/operator.crt /home/ops/.kube/operator.key' >"$scratch/operator.pem"
    hosts enter jump-1 cat /home/ops/.kube/ca.crt >"$scratch/operator-ca.crt"
    : >"$scratch/probe"
    (
        while [ ! -e "$scratch/probe.stop" ]; do
            probe_once &
            sleep 0.1
        done
        wait
    ) &
    probe=$!
}
probe_once() {
    local outcome=ok
    probe_request || { outcome=again; probe_request; } || outcome=lost
    echo "$(date +%s%3N) $outcome" >>"$scratch/probe"
}
probe_request() {
    curl --silent --output /dev/null --fail --max-time 5 --cacert "$scratch/operator-ca.crt" --cert "$scratch/operator.pem" \
        "https://$lb_address:6443/api/v1/namespaces/default"
}
probe_end() { # NAME: its lines in $scratch/NAME.probe
    touch "$scratch/probe.stop"
    wait "$probe"
    rm "$scratch/probe.stop"
    sort -n "$scratch/probe" >"$scratch/$1.probe"
    echo "        $(wc -l <"$scratch/$1.probe") requests, $(grep -c again "$scratch/$1.probe") tried again, $(grep -c lost "$scratch/$1.probe") lost, longest time between answers $(longest_gap "$1") ms"
}
none_lost() { [ -s "$scratch/$1.probe" ] && ! grep lost "$scratch/$1.probe"; }
longest_gap() { awk '$2 != "lost" { if (last && $1 - last > longest) longest = $1 - last; last = $1 } END { print longest + 0 }' "$scratch/$1.probe"; }
