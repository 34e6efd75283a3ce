#!/bin/bash
# mmdebstrap's customize hook: turns the plain tree $1 into the one the
# machines boot. Runs outside the tree, with apt configured for it.
set -euo pipefail
root=$1

offline_repository() { # packages to install without a network, as a local apt source
    local repository=$root$ROLLOUT_REPOSITORY
    mkdir -p "$repository"
    # shellcheck disable=SC2086 # a list of words
    APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get --yes --no-install-recommends --download-only install $ROLLOUT_OFFLINE
    mv "$root"/var/cache/apt/archives/*.deb "$repository"
    (cd "$repository" && dpkg-scanpackages --multiversion . >Packages)
}

apt_sources() { # the local one is on, the mirror's waits for `up --nat`
    mkdir -p "$root/etc/rollout-mirror"
    mv "$root/etc/apt/sources.list" "$root/etc/rollout-mirror/mirror.list"
    if [ -e "$root/etc/apt/apt.conf.d/99mmdebstrap" ]; then
        mv "$root/etc/apt/apt.conf.d/99mmdebstrap" "$root/etc/rollout-mirror/mirror.conf"
    fi
    echo "deb [trusted=yes] file:$ROLLOUT_REPOSITORY ./" >"$root/etc/apt/sources.list"
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

units() { # what makes no sense in a machine without hardware, or wakes up by itself
    local unit
    for unit in systemd-udevd.service systemd-networkd-wait-online.service console-getty.service getty@.service \
        getty.target apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer dpkg-db-backup.timer; do
        ln -sf /dev/null "$root/etc/systemd/system/$unit"
    done
    mkdir -p "$root/var/log/journal"
}

offline_repository
apt_sources
users
sshd
units
