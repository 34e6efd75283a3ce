# shellcheck shell=bash
# What is there: a line for each name, with a hash of all that is there, below a folder
# and in /etc; and what the tasks begin with.

machine_tools() {
    machine sh -c 'cat >/root/tools.sh' <<-'END'
	paths() { # TESTS of find: of this folder a line each, and one for each content
	    find . "$@" -printf '%P %y %m %u:%g %l\n' | sort
	    find . "$@" -type f -exec sha256sum {} + | sort -k 2
	}
	environment() { # of Python: with what was wanted, or all there is of it
	    if env/bin/pip --no-python-version-warning list --format=freeze 2>/dev/null | grep ^wanted==; then return; fi
	    find . -maxdepth 3
	}
	kinds() { # of what has another name or content each time
	    find . -printf '%y %m %u:%g\n' | sort
	    find . -type f -empty -printf 'empty\n'
	}
	states() { # DIR: "TASK LINE" for all that is below DIR/TASK
	    for name in $(ls "$1"); do
	        cd "$1/$name" || exit 1
	        case $name in
	        tempfile | openss* | x509*) kinds ;;
	        git*) paths -name .git -prune -o; [ ! -e tree/.git ] || git -C tree rev-parse HEAD 2>&1; [ ! -e tree/.git/index.lock ] || echo locked ;;
	        pip) paths -path '*wanted*' ! -name '*.pyc' ! -name __pycache__ ;;
	        pip_env) environment ;;
	        dnf | yum) paths -name '*wanted-file*'; rpm --root "$PWD/root" -q wanted 2>/dev/null | grep ^wanted- ;;
	        *) paths ;;
	        esac | sed "s/^/$name /"
	    done
	}
	tree() { find "$@" -printf '%P %y %m %u:%g %l\n' -type f -exec sha256sum {} + 2>/dev/null | sort; }
	etc_states() {
	    cd /etc
	    # In all files of accounts, or in none.
	    for name in wanted wanted-group; do
	        grep -H "^$name:" passwd shadow group gshadow | cut -d: -f 1,2 | paste -sd' ' | sed "s/^/etc_$name /"
	    done
	    { echo; cat hostname; } 2>/dev/null | tail -n 1 | sed 's/^/etc_hostname /'
	    { readlink localtime; cat timezone; } | paste -sd' ' | sed 's/^/etc_timezone /'
	    tree apt -name '*wanted.list*' | sed 's/^/etc_apt_repository /'
	    tree apt -name '*wanted-822*' | sed 's/^/etc_deb822_repository /'
	    tree systemd -name quiet.service | sed 's/^/etc_systemd /'
	    tree systemd -name quiet2.service | sed 's/^/etc_service /'
	    tree modules-load.d | sed 's/^/etc_modprobe /'
	    tree wanted | sed 's/^/etc_authorized_key /'
	    tree ufw ! -name ufw.conf | sed 's/^/etc_ufw /'
	    tree ufw -name ufw.conf | sed 's/^/etc_ufw_logging /'
	    tree default -name ufw | sed 's/^/etc_ufw_default /'
	    tree apt -name '*wanted.gpg*' -o -name 'trusted.gpg' | sed 's/^/etc_apt_key /'
	    iptables-save 2>/dev/null | grep wanted | sed 's/^/etc_iptables /'
	    grep -h -A 3 '^Name: wanted/' /var/cache/debconf/config.dat | sed 's/^/etc_debconf /'
	    { readlink alternatives/wanted; cat /var/lib/dpkg/alternatives/wanted; } 2>/dev/null | sed 's/^/etc_alternatives /'
	    grep -A 2 -x /etc/wanted-diverted /var/lib/dpkg/diversions | sed 's/^/etc_dpkg_divert /'
	    dpkg --get-selections tar | sed 's/^/etc_dpkg_selections /'
	    find . /var/lib/dpkg /var/cache/debconf -name '.rollout-*' | sed 's/^/etc_hostname left: /'
	}
	begin() { # DIR NAME...: what the tasks change
	    dir=$1
	    shift
	    for name; do
	        mkdir -p "$dir/$name"
	        (umask 027; echo old >"$dir/$name/f")
	        chown ops:ops "$dir/$name/f"
	    done
	    echo 'auth required pam_old.so' >"$dir/pamd/f"
	    head -c 20000 /dev/zero >"$dir/copy_remote/g"
	    mkdir -p "$dir/assemble/parts" "$dir/synchronize/tree"
	    head -c 20000 /dev/zero >"$dir/assemble/parts/1"
	    echo stale >"$dir/synchronize/tree/stale"
	    [ ! -d "$dir/git" ] || begin_programs "$dir"
	}
	begin_programs() { # DIR
	    mkdir -m 750 "$1/git_empty/tree"
	    git clone -q --branch v1 file:///srv/repo "$1/git/tree" 2>/dev/null
	    python3 -m venv --without-pip --system-site-packages "$1/pip/env"
	    printf '#!/bin/sh\nexec %s -m pip "$@"\n' "$1/pip/env/bin/python" >"$1/pip/env/bin/pip"
	    chmod 755 "$1/pip/env/bin/pip"
	    # A first database that rpm was killed in is one that it never mends.
	    for f in dnf yum; do mkdir -p "$1/$f/root" && rpm --root "$1/$f/root" --initdb; done
	    iptables -F INPUT
	}
	END
}
in_machine() { machine sh -c '. /root/tools.sh; "$@"' - "$@"; }

all_states() { # DIR: below it, and of /etc
    in_machine states "$1"
    in_machine etc_states
}

# /etc and what belongs to it, in a file system of its own.
own_folders='etc var/lib/dpkg var/cache/debconf'
bind_folders() { # DIR
    machine sh -c 'cd /; for f in $2; do mkdir -p $1/$f && cp -a /$f/. $1/$f && mount --bind $1/$f /$f || exit 1; done' - "$1" "$own_folders"
}
unbind_folders() { machine sh -c 'for f in $1; do umount -l /$f; done' - "$own_folders"; }

writers() { labels "$faults/roles/"{writers,programs}/tasks/main.yml | grep -v ^etc_; }
