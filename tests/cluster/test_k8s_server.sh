#!/bin/bash
# k8s, k8s_info and k8s_scale against a real API server: predicted, applied, applied
# again, changed. Needs no machines: etcd and kube-apiserver run here.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
rollout=${ROLLOUT:?}
programs=$("$here/build-kubernetes.sh") || exit $?
programs=$programs/v1.20.2
etcd=$("$here/etcd-archives.sh") || exit $?
etcd=$etcd/etcd-io/etcd/releases/download/v3.4.23/etcd-v3.4.23-linux-$(dpkg --print-architecture).tar.gz
command -v openssl >/dev/null || { echo 'needs openssl'; exit 77; }

scratch=$(mktemp -d) || exit 1
running=()
stop() {
    [ "${#running[@]}" = 0 ] || { kill "${running[@]}"; wait "${running[@]}"; } 2>/dev/null
    running=()
}
trap 'stop; rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
unset ANSIBLE_INVENTORY ANSIBLE_ROLES_PATH KUBECONFIG "${!K8S_AUTH_@}"
export HOME=$scratch
failures=0
failed() { echo "FAILED: $*"; tail -n 40 log | sed 's/^/    /'; failures=$((failures + 1)); }

start() { # until it is ready
    local port=$((20000 + RANDOM % 30000))
    local store=http://127.0.0.1:$((port + 1))
    ./etcd --data-dir data --listen-client-urls "$store" --advertise-client-urls "$store" \
        --listen-peer-urls "http://127.0.0.1:$((port + 2))" >etcd.log 2>&1 &
    running=($!)
    "$programs/kube-apiserver" --etcd-servers="$store" --secure-port="$port" --token-auth-file=tokens \
        --service-account-issuer=https://x --service-account-key-file=accounts.key \
        --service-account-signing-key-file=accounts.key --authorization-mode=AlwaysAllow --cert-dir=certificates \
        --bind-address=127.0.0.1 --advertise-address=10.77.0.11 --service-cluster-ip-range=10.0.0.0/24 \
        --disable-admission-plugins=ServiceAccount >api.log 2>&1 &
    running+=($!)
    server=https://127.0.0.1:$port
    {
        echo 'apiVersion: v1'
        echo 'kind: Config'
        echo 'current-context: a'
        echo 'contexts: [{name: a, context: {cluster: a, user: a}}]'
        echo "clusters: [{name: a, cluster: {server: \"$server\", insecure-skip-tls-verify: true}}]"
        echo 'users: [{name: a, user: {token: a-good-token}}]'
    } >kubeconfig
    for _ in $(seq 600); do
        "$programs/kubectl" --kubeconfig kubeconfig get namespace default >/dev/null 2>&1 && return 0
        kill -0 "${running[@]}" 2>/dev/null || break
        sleep 0.2
    done
    tail -n 5 etcd.log api.log
    stop # a port may be somebody else's
    rm -rf data
    return 1
}

tar -xzf "$etcd" --strip-components=1 || exit 1
openssl genpkey -algorithm RSA -out accounts.key 2>/dev/null || exit 1
(umask 077; echo a-good-token,admin,1,system:masters >tokens)
start || start || start || { echo 'FAILED: no API server'; exit 1; }

mkdir templates
cat >templates/objects.yaml.j2 <<'END'
apiVersion: v1
kind: ConfigMap
metadata: {name: from-template}
data: {greeting: "{{ greeting }}"}
---
apiVersion: v1
kind: Secret
metadata: {name: hush}
stringData: {password: "{{ password }}"}
END
cat >play.yml <<'END'
- hosts: localhost
  connection: local
  gather_facts: false
  vars: {greeting: hello, password: hush-hush-hush, image: "busybox:1", kept: {a: "1", b: "2"}, replicas: 2}
  environment: {PATH: "{{ programs }}:/usr/bin:/bin"}
  module_defaults:
    group/k8s: {kubeconfig: "{{ playbook_dir }}/kubeconfig"}
  tasks:
    - k8s: {kind: Namespace, name: web}
    - k8s: {template: objects.yaml.j2, namespace: web}
    - k8s:
        namespace: web
        definition:
          apiVersion: apps/v1
          kind: Deployment
          metadata: {name: app}
          spec:
            selector: {matchLabels: {app: app}}
            template:
              metadata: {labels: {app: app}}
              spec:
                containers: [{name: main, image: "{{ image }}", ports: [{containerPort: 80}]}]
    - k8s:
        definition: |
          apiVersion: v1
          kind: Service
          metadata: {name: app, namespace: web}
          spec: {selector: {app: app}, ports: [{port: 80, targetPort: 8080}]}
          ---
          apiVersion: rbac.authorization.k8s.io/v1
          kind: ClusterRole
          metadata: {name: looker}
          rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
    - kubernetes.core.k8s:
        apply: true
        definition: {apiVersion: v1, kind: ConfigMap, metadata: {name: applied, namespace: web}, data: "{{ kept }}"}
    - k8s:
        apply: true
        server_side_apply: {field_manager: me}
        definition: {apiVersion: v1, kind: ConfigMap, metadata: {name: server, namespace: web}, data: {a: "1"}}
    - k8s: {state: patched, kind: ConfigMap, name: nowhere, namespace: web, definition: {data: {x: y}}}
    - k8s_scale: {api_version: apps/v1, kind: Deployment, name: app, namespace: web, replicas: "{{ replicas }}", wait: false}
    - k8s: {state: absent, kind: ConfigMap, name: nowhere, namespace: web, wait: true}
    - k8s_info: {kind: Secret, namespace: web, name: hush}
      register: secret
    - assert: {that: "(secret.resources[0].data.password | b64decode) == password"}
      when: not ansible_check_mode
    - debug: {var: secret}
    - k8s_info: {kind: Unheard, api_version: of/v1}
      register: unheard
    - assert: {that: not unheard.api_found and unheard.resources | length == 0}
END
cat >access.yml <<'END'
- hosts: localhost
  connection: local
  gather_facts: false
  environment: {PATH: "{{ programs }}:/usr/bin:/bin"}
  tasks:
    - k8s_info: {kind: Namespace, name: default, host: "{{ server }}", api_key: a-good-token, validate_certs: false}
      register: by_token
    - k8s_info: {kind: Namespace, name: default, kubeconfig: "{{ lookup('file', 'kubeconfig') | from_yaml }}"}
      register: by_mapping
    - k8s_info: {kind: Namespace, name: default, kubeconfig: "{{ playbook_dir }}/kubeconfig", api_key: a-bad-token}
      register: refused
      ignore_errors: true
    - assert: {that: [by_token.resources | length == 1, by_mapping.resources | length == 1, refused is failed]}
    - k8s: {state: absent, kind: ConfigMap, namespace: web, name: applied, kubeconfig: "{{ playbook_dir }}/kubeconfig"}
    - k8s: {state: absent, kind: Service, namespace: web, name: app, kubeconfig: "{{ playbook_dir }}/kubeconfig", wait: true}
END
play() { # FILE OPTION...
    "$rollout" -i localhost, -e "programs=$programs" -e "server=$server" "$@" >log 2>&1 </dev/null || failed "$*"
    ! grep -qE 'hush-hush|aHVzaC1' log || failed "$* shows a password"
}
changes() { sed -n 's/^localhost .* changed=\([0-9]*\).*/\1/p' log; }
expect() { # CHANGES
    [ "$(changes)" = "$1" ] || failed "$(changes) tasks changed instead of $1"
}

play play.yml --check --diff -vv
expect 6
play play.yml --diff -vv
expect 7 # the Deployment that could not be scaled before it was there
play play.yml
expect 0
other=(-e greeting=hi -e password=hush-hush-too -e image=busybox:2 -e '{"kept": {"a": "1"}}' -e replicas=3)
play play.yml --check --diff -vv "${other[@]}"
expect 4
grep -q '^-.* image: busybox:1$' log || failed 'the diff of the Deployment'
play play.yml --diff "${other[@]}"
expect 4
play play.yml "${other[@]}"
expect 0
play access.yml
expect 2
play access.yml
expect 0
exit $((failures > 0))
