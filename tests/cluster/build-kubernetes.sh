#!/bin/bash
# Kubernetes' six binaries, built from Debian's source package, for tests where
# no release server can be reached. Prints the folder, which holds:
#
#   v1.20.2/NAME     kube-apiserver, kube-controller-manager, kube-scheduler,
#   v1.20.2+1/NAME   kubectl, kubelet, kube-proxy; the second set differs in the
#                    version it tells: something to upgrade to
#
# Built once (8 minutes on two cores, 4 GB of disk meanwhile), kept in
# $ROLLOUT_TEST_CACHE or /var/cache/rollout-tests. Needs golang-1.19-go, dpkg-dev.
# Exit status 77: cannot be done here.
set -euo pipefail

CACHE=${ROLLOUT_TEST_CACHE:-/var/cache/rollout-tests}
SUITE=${ROLLOUT_TEST_SUITE:-bookworm}
VERSIONS=(v1.20.2 v1.20.2+1)
BINARIES=(kube-apiserver kube-controller-manager kube-scheduler kubectl kubelet kube-proxy)
export PATH=/usr/lib/go-1.19/bin:$PATH

say() { echo "build-kubernetes.sh: $*" >&2; }
skip() { say "skipped: $*"; exit 77; }

# The sources of this machine's apt that serve the suite, as source packages'.
sources() {
    if [ -n "${ROLLOUT_TEST_MIRROR:-}" ]; then
        echo "deb-src $ROLLOUT_TEST_MIRROR $SUITE main"
        return
    fi
    # shellcheck disable=SC2016 # the dollars are apt's
    apt-get indextargets --format '$(CREATED_BY)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)' |
        awk -F'|' -v suite="$SUITE" '$1 == "Packages" && $3 == suite && $4 == "main" && !seen[$2]++ { print "deb-src", $2, $3, $4 }'
}

fetch() { # DIR: the source tree, verified by apt, as DIR/src/k8s.io/kubernetes
    local dir=$1 list
    list=$(sources)
    [ -n "$list" ] || skip "this machine's apt has no source for $SUITE; set ROLLOUT_TEST_MIRROR"
    mkdir -p "$dir/apt/lists/partial" "$dir/src/k8s.io"
    echo "$list" >"$dir/apt/sources.list"
    local apt=(apt-get -q -o "Dir::Etc::SourceList=$dir/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o "Dir::State::lists=$dir/apt/lists" -o "Dir::Cache=$dir/apt" -o APT::Sandbox::User=root)
    "${apt[@]}" update
    (cd "$dir/apt" && "${apt[@]}" source --download-only kubernetes && dpkg-source --no-check -x kubernetes_*.dsc tree)
    mv "$dir/apt/tree" "$dir/src/k8s.io/kubernetes"
}

# The tree's reflect2 is of before Go 1.18, whose maps it takes for others: the API
# server loses its way in memory after a while. The package of today knows them.
renew_reflect2() { # in the tree
    local vendored=vendor/github.com/modern-go/reflect2
    (
        cd "$GOPATH/apt"
        apt-get -q -o APT::Sandbox::User=root download golang-github-modern-go-reflect2-dev
        dpkg-deb --extract golang-github-modern-go-reflect2-dev_*.deb reflect2
    )
    rm -rf "$vendored"
    cp -r "$GOPATH/apt/reflect2/usr/share/gocode/src/github.com/modern-go/reflect2" "$vendored"
    find "$vendored" -name '*_test.go' -delete
}

# kube-apiserver's descriptions of its types are generated, and not in the package.
generate_openapi() { # in the tree
    local directories
    go build -o "$GOPATH/openapi-gen" k8s.io/kubernetes/vendor/k8s.io/kube-openapi/cmd/openapi-gen
    directories=$(grep -rl --include='*.go' '+k8s:openapi-gen=' pkg vendor/k8s.io staging 2>/dev/null |
        xargs -n1 dirname | grep -Ev '/(testdata|cmd|examples|test|generators)(/|$)|kube-openapi|code-generator|sample-' |
        sed -e 's,^staging/src/,vendor/,' -e 's,^,k8s.io/kubernetes/,' -e 's,^k8s.io/kubernetes/vendor/,,' | sort -u | paste -sd,)
    mkdir -p pkg/generated/openapi
    "$GOPATH/openapi-gen" --logtostderr -i "$directories" -p k8s.io/kubernetes/pkg/generated/openapi \
        -O zz_generated.openapi -h hack/boilerplate/boilerplate.generatego.txt --output-base "$GOPATH/src" -r /dev/null
}

version_flags() { # VERSION, as the linker sets it in both packages that tell it
    local package
    for package in component-base/version client-go/pkg/version; do
        printf -- '-X k8s.io/kubernetes/vendor/k8s.io/%s.%s ' "$package" "gitVersion=$1" "$package" gitMajor=1 "$package" gitMinor=20 \
            "$package" gitCommit=0000000000000000000000000000000000000000 "$package" gitTreeState=archive
    done
}

compile() { # OUT, in the tree
    local version name
    for version in "${VERSIONS[@]}"; do
        mkdir -p "$1/$version"
        for name in "${BINARIES[@]}"; do
            go build -o "$1/$version/$name" -ldflags "-s -w $(version_flags "$version")" "k8s.io/kubernetes/cmd/$name"
        done
    done
}

build() { # OUT
    local work=$1.build
    rm -rf "$work" "$1.partial"
    mkdir -p "$work"
    export GOPATH=$work GOCACHE=$work/cache GO111MODULE=off CGO_ENABLED=0 GOFLAGS=
    fetch "$work"
    cd "$work/src/k8s.io/kubernetes"
    renew_reflect2
    [ -e pkg/generated/openapi/zz_generated.openapi.go ] || generate_openapi
    compile "$1.partial"
    cd /
    chmod -R u+w "$work"
    rm -rf "$work"
    mv "$1.partial" "$1"
}

for tool in go dpkg-source apt-get flock; do
    command -v "$tool" >/dev/null || skip "needs $tool (Debian: golang-1.19-go dpkg-dev)"
done
# Not of this file, whose comments may change: count up when what is built does.
out=$CACHE/kubernetes-1.20.2-$({ echo "recipe 3"; go version; dpkg --print-architecture; } | sha256sum | cut -c1-12)
mkdir -p "$CACHE"
if [ ! -d "$out" ]; then
    exec 9>"$CACHE/kubernetes.lock"
    flock 9
    if [ ! -d "$out" ]; then
        say "building, once; log: $out.log"
        trap '[ -d "$out" ] || { tail -n 20 "$out.log" >&2; say "failed; log: $out.log"; }' EXIT
        (build "$out") >"$out.log" 2>&1
    fi
fi
echo "$out"
