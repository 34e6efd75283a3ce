# shellcheck shell=bash
# What the machine and the controller are given before the first pass.

prepare_machine() {
    machine_tools
    machine sh -c 'openssl genpkey -algorithm ed25519 -out /srv/key.pem && openssl req -new -key /srv/key.pem -subj /CN=x -out /srv/x.csr
        for u in quiet quiet2; do printf "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n" >/etc/systemd/system/$u.service; done
        echo wanted-not >/etc/modules-load.d/wanted-not.conf; echo Etc/UTC >/etc/timezone
        systemctl daemon-reload; apt-get -q update; apt-get -qy install unzip; cp /srv/packages/hello*.deb /srv/hello.deb' >/dev/null 2>&1
}

# What git, pip, dnf and apt-key are given.
prepare_programs() {
    machine sh -c 'cat >/root/prepare.sh && sh -e /root/prepare.sh' >"$scratch/prepare.log" 2>&1 <<-'END'
	mkdir /srv/work /srv/wheels /root/rpm
	cd /srv/work
	git config --global user.email root@n1
	git config --global user.name root
	git init -q
	for version in 1 2; do
	    for file in $(seq 40); do seq -f "$version $file %g" 2000 >$file; done
	    echo "$version" >only-$version
	    [ $version = 1 ] || git rm -q only-1
	    git add . && git commit -q -m v$version && git tag v$version
	done
	git clone -q --bare /srv/work /srv/repo
	python3 - <<-'PY'
	import base64, hashlib, zipfile
	files = {"wanted/__init__.py": "", "wanted/large.py": "x = '" + "x" * 200000 + "'\n",
	         "wanted-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: wanted\nVersion: 1.0\n",
	         "wanted-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
	record = ""
	with zipfile.ZipFile("/srv/wheels/wanted-1.0-py3-none-any.whl", "w") as z:
	    for name, text in files.items():
	        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
	        record += f"{name},sha256={digest},{len(text)}\n"
	        z.writestr(name, text)
	    z.writestr("wanted-1.0.dist-info/RECORD", record + "wanted-1.0.dist-info/RECORD,,\n")
	PY
	cat >/root/wanted.spec <<-'SPEC'
	Name: wanted
	Version: 1
	Release: 1
	Summary: wanted
	License: none
	BuildArch: noarch
	%description
	wanted
	%install
	mkdir -p %{buildroot}/opt
	seq 50000 >%{buildroot}/opt/wanted-file
	%files
	/opt/wanted-file
	SPEC
	rpmbuild --quiet -bb --define '_topdir /root/rpm' /root/wanted.spec
	cp /root/rpm/RPMS/noarch/wanted-*.rpm /srv/wanted.rpm
	ln -s /usr/bin/dnf /usr/local/bin/yum
	gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-gen-key wanted ed25519
	gpg --batch --armor --export wanted >/srv/wanted.asc
	echo '{apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: {cluster: a}}],' \
	    'clusters: [{name: a, cluster: {server: "http://127.0.0.1:1"}}]}' >/srv/kubeconfig
	END
    [ -z "$(machine sh -c 'ls /srv/wanted.asc 2>&1 >/dev/null')" ] || failed 'what the programs are given' "$scratch/prepare.log"
}

prepare_files() {
    mkdir -p "$scratch/web" "$scratch/archives/archive"
    head -c 20000 /dev/zero >"$scratch/web/file"
    echo inside >"$scratch/archives/archive/inside"
    tar -C "$scratch/archives" --owner=root --group=root -czf "$scratch/archives/archive.tar.gz" archive
    base64 -d >"$scratch/archives/archive.zip" <<<UEsDBBQAAAAAAAAAIVIAAAAAAAAAAAAAAAAIAAAAYXJjaGl2ZS9QSwMEFAAAAAAAAAAhUvSPYf4HAAAABwAAAA4AAABhcmNoaXZlL2luc2lkZWluc2lkZQpQSwECFAMUAAAAAAAAACFSAAAAAAAAAAAAAAAACAAAAAAAAAAAAAAA7UEAAAAAYXJjaGl2ZS9QSwECFAMUAAAAAAAAACFS9I9h/gcAAAAHAAAADgAAAAAAAAAAAAAApIEmAAAAYXJjaGl2ZS9pbnNpZGVQSwUGAAAAAAIAAgByAAAAWQAAAAAA
}
