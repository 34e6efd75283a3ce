#!/bin/bash
# The hook of `rollout vm image build`: turns the plain tree $1 into the one the
# machines boot.
set -euo pipefail
root=$1

# apt of this machine, working on the tree.
apt() {
    APT_CONFIG=/dev/null apt-get -q --yes -o Dir="$root" -o Dir::State::status="$root/var/lib/dpkg/status" \
        -o Dir::Bin::Methods=/usr/lib/apt/methods -o Dir::Bin::dpkg=/usr/bin/dpkg \
        -o Dir::Etc::TrustedParts="$root/etc/apt/trusted.gpg.d" -o APT::Sandbox::User=root "$@"
}

offline_repository() { # packages to install without a network, as a local apt source
    local repository=$root/srv/packages
    mkdir -p "$repository"
    apt update
    # shellcheck disable=SC2086 # a list of words
    apt --no-install-recommends --download-only install $ROLLOUT_OFFLINE
    mv "$root"/var/cache/apt/archives/*.deb "$repository"
    (cd "$repository" && dpkg-scanpackages --multiversion . >Packages)
}

apt_sources() { # the local one is on, the mirror's waits for `up --nat`
    mkdir -p "$root/etc/rollout-mirror"
    mv "$root/etc/apt/sources.list" "$root/etc/rollout-mirror/mirror.list"
    if [ -e "$root/etc/apt/apt.conf.d/99mmdebstrap" ]; then
        mv "$root/etc/apt/apt.conf.d/99mmdebstrap" "$root/etc/rollout-mirror/99mirror"
    fi
    rm -rf "$root"/var/lib/apt/lists/*
    echo "deb [trusted=yes] file:/srv/packages ./" >"$root/etc/apt/sources.list"
}

users() { # ops: key, sudo without a password. ops-pw: password `secret` for both
    chroot "$root" useradd --create-home --shell /bin/bash ops
    chroot "$root" useradd --create-home --shell /bin/bash ops-pw
    echo ops-pw:secret | chroot "$root" chpasswd
    echo 'ops ALL=(ALL:ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/ops"
    echo 'ops-pw ALL=(ALL:ALL) ALL' >"$root/etc/sudoers.d/ops-pw"
    chmod 0440 "$root"/etc/sudoers.d/ops*
}

sshd() { # each machine brings its own host key
    rm -f "$root"/etc/ssh/ssh_host_*
    cat >"$root/etc/ssh/sshd_config.d/rollout.conf" <<-'EOF'
	HostKey /etc/ssh/ssh_host_ed25519_key
	PasswordAuthentication no
	Match User ops-pw
	    PasswordAuthentication yes
	EOF
}

offline_repository
apt_sources
users
sshd
