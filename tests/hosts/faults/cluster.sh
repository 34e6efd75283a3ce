# shellcheck shell=bash
# A cluster: a real API server, where one was built (tests/cluster/build-kubernetes.sh).

start_cluster() { # PROGRAM
    machine sh -c 'mkdir -p /srv/k8s && cat >/srv/k8s/kube-apiserver && chmod 755 /srv/k8s/kube-apiserver' <"$1"
    machine sh -e >"$scratch/cluster.log" 2>&1 <<-'END'
	apt-get -qy install etcd-server
	systemctl stop etcd
	cd /srv/k8s
	openssl genpkey -algorithm RSA -out accounts.key
	(umask 077; echo secret,admin,1,system:masters >tokens)
	echo '{apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: {cluster: a, user: a}}],' \
	    'clusters: [{name: a, cluster: {server: "https://127.0.0.1:6443", insecure-skip-tls-verify: true}}],' \
	    'users: [{name: a, user: {token: secret}}]}' >kubeconfig
	systemd-run -q --unit faults-etcd etcd --data-dir /srv/k8s/etcd
	systemd-run -q --unit faults-apiserver /srv/k8s/kube-apiserver --etcd-servers=http://127.0.0.1:2379 \
	    --service-account-issuer=https://x --service-account-key-file=/srv/k8s/accounts.key \
	    --service-account-signing-key-file=/srv/k8s/accounts.key --token-auth-file=/srv/k8s/tokens \
	    --authorization-mode=AlwaysAllow --cert-dir=/srv/k8s/certificates --advertise-address=10.77.0.11 \
	    --service-cluster-ip-range=10.0.0.0/24 --disable-admission-plugins=ServiceAccount
	for i in $(seq 120); do
	    kubectl --kubeconfig kubeconfig get --raw /readyz && kubectl --kubeconfig kubeconfig get namespace default && exit 0
	    sleep 0.5
	done
	journalctl -u faults-apiserver -n 20
	exit 1
	END
}

object_texts() { # how many objects have which text
    machine kubectl --kubeconfig /srv/k8s/kubeconfig get configmaps -o 'custom-columns=T:.data.text,N:.metadata.name' --no-headers |
        awk '$2 ~ /^wanted-/ { print $1 }' | sort | uniq -c | awk '{ print $2 "=" $1 }' | paste -sd' '
}

with_cluster() {
    local program i before=old seconds objects_ms
    [[ cluster == *"$only"* ]] || return 0
    expect_causes cluster
    program=$(find "${ROLLOUT_TEST_CACHE:-/var/cache/rollout-tests}"/kubernetes-*/v1.20.2/kube-apiserver 2>/dev/null | tail -n 1)
    [ -n "$program" ] || { echo 'left out: objects of a cluster; there is no API server in the cache'; return 0; }
    check 'an API server runs' start_cluster "$program" || return 0
    objects_ms=${EPOCHREALTIME/./}
    play objects causes.yml '' -e what=objects -e text=old
    objects_ms=$(((${EPOCHREALTIME/./} - objects_ms) / 1000))
    for i in 1 2 3; do
        seconds=$(awk -v ms=$((RANDOM % (objects_ms / 2))) 'BEGIN { printf "%.3f", ms / 1000 }')
        (
            kill_agents "$seconds" with-programs
            object_texts >"$scratch/texts$i"
            machine sh -c 'kill -CONT "$(cat /run/sshd.pid)"'
        ) 2>"$scratch/too_late" &
        play "objects$i" causes.yml '' -e what=objects -e "text=new$i"
        wait $!
        echo "agent and kubectl killed after $seconds s, then: $(cat "$scratch/texts$i") $(cat "$scratch/too_late")"
        check '… each object is as it was or as it should be' grep -qxE "(($before|new$i)=[0-9]+ ?)*" "$scratch/texts$i"
        play "objects-again$i" causes.yml '' -e what=objects -e "text=new$i"
        check '… and the next run ends it' test "$(object_texts)" = "new$i=30"
        before=new$i
    done
    machine systemctl stop faults-apiserver faults-etcd
}
