# shellcheck shell=bash
# What the cluster tests share: the machines, the variables that make the roles fit
# them, the site. Sourced after tests/hosts/lib/scenario.sh.

# shellcheck disable=SC2034 # used by the tests
cluster_site=$repo/examples/cluster/site.roles
cluster_names=jump-1,lb-1,etcd-1,etcd-2,etcd-3,master-1,master-2,worker-1,worker-2,worker-3
cluster_groups='jump=jump-1;lb=lb-1;etcd=etcd-1,etcd-2,etcd-3;masters=master-1,master-2;workers=worker-1,worker-2,worker-3'

# Binaries and images first: a machine that cannot make them skips the test.
cluster_begin() {
    local status=0
    binaries=$("$repo/tests/cluster/build-kubernetes.sh") || status=$?
    [ "$status" = 0 ] || exit "$status"
    images=$("$repo/tests/cluster/images.sh") || status=$?
    [ "$status" = 0 ] || exit "$status"
    lab_begin --kubernetes --names "$cluster_names" --groups "$cluster_groups"
    cluster_inventory
    cluster_variables >"$scratch/vars.yaml"
}

# cluster_address as a role's user would write it, and the controller itself.
cluster_inventory() {
    sed -i -e 's/{ansible_host: \([0-9.]*\)}/{ansible_host: \1, cluster_address: \1}/' \
        -e 's/^  hosts:$/&\n    localhost: {ansible_connection: local}/' "$lab/inventory.yaml"
}

# What is so because machines are containers here, and no registry is in reach.
cluster_variables() {
    local name version
    cat <<-END
	pki_dir: $scratch/pki
	cluster_network: bridge
	kubernetes_binaries_url: "file://$binaries/v{{ kubernetes_version }}"
	containerd_source: package
	containerd_cni_bin_dir: /usr/lib/cni
	cni_bridge_bin_dir: /usr/lib/cni
	cni_bridge_packages: [containernetworking-plugins]
	containerd_pause_image: example.test/pause:1
	containerd_images: [$images/pause.tar, $images/busybox.tar]
	containerd_restrict_oom_score_adj: true
	kubernetes_cgroup_driver: cgroupfs
	worker_kubelet_config: {failSwapOn: false}
	worker_kube_proxy_config: {conntrack: {maxPerCore: 0, min: 0, tcpCloseWaitTimeout: 0s, tcpEstablishedTimeout: 0s}}
	coredns_enabled: false
	verify_image: example.test/busybox:1
	verify_pull_policy: Never
	base_modules: []
	base_clock: ""
	base_clock_package: ""
	base_swap: true
	release_digests_extra:
	END
    for name in kube-apiserver kube-controller-manager kube-scheduler kubectl kubelet kube-proxy; do
        echo "  $name:"
        for version in 1.20.2 1.20.2+1; do
            echo "    $version: {$(dpkg --print-architecture): $(sha256sum "$binaries/v$version/$name" | cut -d' ' -f1)}"
        done
    done
}

# The site on the lab: NAME of the JSON log, then further arguments.
cluster() {
    local name=$1
    shift
    RUN_SECONDS=${RUN_SECONDS:-900} run_json "$name" -e "@$scratch/vars.yaml" -e "kubernetes_version=${kubernetes_version:-1.20.2}" "$cluster_site" "$@"
}

drill() { # NAME
    RUN_SECONDS=600 run_json "drill-$1" -e "@$scratch/vars.yaml" -e "kubernetes_version=${kubernetes_version:-1.20.2}" "$repo/examples/drills/$1.roles"
    expect_exit "drill $1" 0
    jq -r 'select(.event == "result" and .task == "Result") | .result.msg // empty' "$scratch/drill-$1.jsonl" | sed 's/^/        /'
}

seconds_of() { jq -r 'select(.event == "run_ended") | .duration_ms / 1000 | round' "$scratch/$1.jsonl"; }

kubectl_on() { # MASTER ARGS...
    local master=$1
    shift
    hosts enter "$master" /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf "$@"
}
