# shellcheck shell=bash
# The Debian root tree that all machines share as the lower layer of their disks.
#
# tree_path VARIANT   prints where the tree of a variant (plain, python) is or will be
# tree_ensure VARIANT builds it unless it is there; one builder at a time
#
# A tree is named by a hash of everything that decides its content, so an edit
# of this file or of a package list makes a new one. The mirror is the one the
# machine's own apt uses, or ROLLOUT_TEST_MIRROR.

TREE_CACHE=${ROLLOUT_TEST_CACHE:-/var/cache/rollout-tests}
TREE_SUITE=${ROLLOUT_TEST_SUITE:-bookworm}
TREE_REPOSITORY=/srv/packages

tree_list() { # FILE...: the package names in list files, comma separated
    sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$@" | paste -sd, -
}

tree_includes() { # VARIANT
    local lists=("$HOSTS_HOME/packages.base")
    if [ "$1" = python ]; then lists+=("$HOSTS_HOME/packages.python"); fi
    tree_list "${lists[@]}"
}

tree_path() { # VARIANT
    local hash
    hash=$({
        echo "$TREE_SUITE $(dpkg --print-architecture)"
        tree_includes "$1"
        cat "$HOSTS_HOME/packages.offline" "$HOSTS_HOME/lib/tree.sh" "$HOSTS_HOME/lib/tree-setup.sh"
    } | sha256sum | cut -c1-12)
    echo "$TREE_CACHE/$TREE_SUITE-$1-$hash"
}

# The sources of this machine's apt that serve the suite and its updates, in
# the one-line format. An apt-get that cannot list them means: none.
tree_sources() {
    if [ -n "${ROLLOUT_TEST_MIRROR:-}" ]; then
        echo "deb $ROLLOUT_TEST_MIRROR $TREE_SUITE main"
        return
    fi
    # shellcheck disable=SC2016 # the dollars are apt's
    apt-get indextargets --format '$(CREATED_BY)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)' |
        awk -F'|' -v suite="$TREE_SUITE" '
            $1 == "Packages" && $4 == "main" && ($3 == suite || index($3, suite "-") == 1) && !seen[$2 $3]++ {
                print "deb", $2, $3, $4
            }'
}

tree_proxies() { # the proxy settings of this machine's apt, as mmdebstrap options
    apt-config dump --format '%F "%v";%n' |
        sed -nE 's/^(Acquire::(http|https|ftp)::Proxy(::[^ ]*)? ".+";)$/--aptopt=\1/p'
}

tree_ensure() { # VARIANT
    local tree
    tree=$(tree_path "$1")
    [ -d "$tree" ] && return
    mkdir -p "$TREE_CACHE"
    (
        flock 9
        [ -d "$tree" ] || tree_build "$1" "$tree"
    ) 9>"$TREE_CACHE/lock"
}

tree_build() { # VARIANT TREE
    local partial=$2.partial log=$2.log sources proxies
    sources=$(tree_sources)
    [ -n "$sources" ] || skip "this machine's apt has no source for $TREE_SUITE; set ROLLOUT_TEST_MIRROR"
    mapfile -t proxies < <(tree_proxies)
    say "building the $TREE_SUITE tree ($1), once; log: $log"
    rm -rf "$partial"
    # shellcheck disable=SC2016 # the hook's own variables
    ROLLOUT_OFFLINE=$(tree_list "$HOSTS_HOME/packages.offline" | tr , ' ') \
    ROLLOUT_REPOSITORY=$TREE_REPOSITORY ROLLOUT_SETUP=$HOSTS_HOME/lib/tree-setup.sh \
        mmdebstrap --quiet --mode=root --variant=minbase --include="$(tree_includes "$1")" \
        "${proxies[@]}" --customize-hook='bash "$ROLLOUT_SETUP" "$1"' \
        "$TREE_SUITE" "$partial" - <<<"$sources" >"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        die "mmdebstrap failed; log: $log"
    }
    mv "$partial" "$2"
}
