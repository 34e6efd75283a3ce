# shellcheck shell=bash
# The example site on four machines, for the tests that need it. Sourced after
# scenario.sh.

site=$repo/examples/etcd-haproxy/site.roles
members=(etcd-1 etcd-2 etcd-3)
machines=("${members[@]}" lb-1)

example_begin() {
    lab_begin --names etcd-1,etcd-2,etcd-3,lb-1 --groups 'etcd=etcd-1,etcd-2,etcd-3;lb=lb-1'
    pki=$scratch/pki
}

# The command of the example, with the keys in the test's own folder.
example() { # NAME ARGS...
    local name=$1
    shift
    run_json "$name" -e "pki_dir=$pki" "$site" "$@"
}

etcdctl_on() { # HOST ARGS...: with the member's own settings
    local host=$1
    shift
    hosts enter "$host" sh -c 'set -a; . /etc/etcd/etcdctl.env; shift; exec etcdctl "$@"' - - "$@"
}

three_healthy() { # as etcdctl sees it from HOST
    [ "$(etcdctl_on "$1" endpoint health --cluster 2>&1 | tee /dev/stderr | grep -c 'is healthy')" = 3 ]
}

three_members() {
    [ "$(etcdctl_on "$1" member list 2>&1 | tee /dev/stderr | grep -c ', started,')" = 3 ]
}

# Through the balancer, from HOST.
balancer_answers() {
    hosts enter "$1" sh -c 'set -a; . /etc/etcd/etcdctl.env; unset ETCDCTL_ENDPOINTS; for i in 1 2 3 4; do etcdctl --endpoints=https://lb-1:2379 endpoint health || exit 1; done'
}

expect_healthy() { # WHEN
    check "$1: three members, started" three_members etcd-1
    check "$1: all healthy over TLS" three_healthy etcd-3
    check "$1: the balancer answers" balancer_answers etcd-2
}
