# shellcheck shell=bash
# Locks that are held: the task's name is what its message has.

lock_programs() { # PID: of who holds them
    machine sh -c 'update-alternatives --set iptables /usr/sbin/iptables-legacy
        mkdir -p /var/lib/dnf /var/cache/dnf /srv/locked
        for f in /var/lib/dnf/rpmdb_lock.pid /var/cache/dnf/metadata_lock.pid /var/cache/dnf/download_lock.pid; do echo $1 >$f; done
        git clone -q --branch v1 /srv/repo /srv/locked/tree 2>&1 && touch /srv/locked/tree/.git/index.lock' - "$1" >"$scratch/lock.log" 2>&1 ||
        failed 'locks of programs' "$scratch/lock.log"
}

with_locks() {
    [[ locked == *"$only"* ]] || return 0
    machine sh -c 'cat >/srv/holder; exec setsid perl /srv/holder >/srv/holder.pid 2>&1 </dev/null &' <<-'END'
	use Fcntl qw(:DEFAULT :flock);
	$| = 1;
	my @held;
	for my $file (qw(/var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock /var/cache/debconf/config.dat /run/xtables.lock)) {
	    sysopen(my $h, $file, O_RDWR | O_CREAT, 0640) or die "$file: $!";
	    my $lock = pack('s s l! l! i', F_WRLCK, 0, 0, 0, 0);
	    fcntl($h, F_SETLK, $lock) or die "$file: $!";
	    flock($h, LOCK_EX | LOCK_NB);
	    push @held, $h;
	}
	print "$$\n";
	sleep 1000;
	END
    for _ in {1..600}; do [ -n "$(machine cat /srv/holder.pid)" ] && break; sleep 0.1; done
    lock_programs "$(machine cat /srv/holder.pid)"
    expect_causes locked -e "holder=$(machine cat /srv/holder.pid)"
    machine sh -c 'update-alternatives --auto iptables; rm -rf /var/lib/dnf/*_lock.pid /var/cache/dnf/*_lock.pid /srv/locked' >/dev/null
    machine sh -c 'kill "$(cat /srv/holder.pid)"; rm /srv/holder*'
    check '… nothing was installed' eval '! machine dpkg-query -W hello'
}
