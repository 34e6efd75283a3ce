#!/usr/bin/python3
"""Facts, name by name and value by value: of this machine through Ansible and through
rollout, and of the hosts in facts/roots, whose files Ansible's collectors are shown
in place of this machine's. Names that may differ stand below, each with the reason.
Arguments: names of hosts to compare alone."""
import builtins
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
build = os.environ.get("ROLLOUT_BINARY_DIR", os.path.join(here, "../../build/release"))
rollout = os.environ.get("ROLLOUT", os.path.join(build, "rollout"))
os.environ.update(ANSIBLE_LOCALHOST_WARNING="0", ANSIBLE_NOCOLOR="1", ANSIBLE_RETRY_FILES_ENABLED="0",
                  ANSIBLE_INVENTORY_UNPARSED_WARNING="0")
try:
    from ansible.module_utils.facts.hardware import linux as hardware
    from ansible.module_utils.facts.network import fc_wwn, iscsi, nvme
    from ansible.module_utils.facts.system import (apparmor, caps, cmdline, distribution, dns, fips, lsb, pkg_mgr,
                                                   service_mgr, ssh_pub_keys)
    from ansible.module_utils.facts.virtual import linux as virtual
    from ansible.module_utils import distro
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

# Of this machine: a regular expression of the path of names, and why it may differ.
MAY_DIFFER = (
    (r"ansible_date_time\..*", "the time"),
    (r"ansible_uptime_seconds", "the time"),
    (r"ansible_loadavg\..*", "the load, of which /proc/loadavg tells two digits"),
    (r"ansible_mem(free_mb|ory_mb\.(real|nocache)\.(free|used))", "free memory"),
    (r"ansible_(swapfree_mb|memory_mb\.swap\.(free|used|cached))", "free memory"),
    (r"ansible_mounts\..*\.(block|inode|size)_(available|used|total)", "free room"),
    (r"ansible_env\..*", "the process's own"),
    (r"(ansible_|discovered_interpreter_)python.*", "the Python that runs the module; rollout has none"),
    (r"ansible_selinux(_python_present|\.status)", "whether libselinux is there for Python"),
    (r"ansible_\w+\.(features|timestamping|hw_timestamp_filters|phc_index)", "ethtool's are not there"),
    (r"ansible_(veth|cali|lxc)\w*", "interfaces of containers are left out"),
    (r"ansible_interfaces", "the same"),
    (r"ansible_lsb", "on Debian rollout needs no lsb_release for it"),
)

# Of the hosts in roots.
ALSO_DIFFER = {
    ("*", "ansible_selinux_python_present"): "rollout needs no libselinux",
    ("*", "ansible_processor_nproc"): "this machine's",
    ("*", "ansible_lvm"): "this machine's user",
    ("*", "ansible_lsb"): "on Debian rollout needs no lsb_release for it",
    ("void", "ansible_distribution_release"): "a host without any is NA",
}


class Module:
    """As much of an AnsibleModule as collectors use, on a host without commands."""
    run_command_environ_update = {}

    def run_command(self, *args, **kwargs):
        return 1, "", ""

    def get_bin_path(self, *args, **kwargs):
        return None

    def warn(self, *args):
        pass

    debug = warn


@contextlib.contextmanager
def root_at(folder):
    """Absolute paths lead below the folder."""
    kept = {name: getattr(os, name) for name in ("stat", "lstat", "readlink", "listdir", "access", "scandir")}
    real_open = builtins.open

    def moved(path):
        if isinstance(path, str) and path.startswith("/") and not path.startswith(folder):
            return folder + path
        return path

    def wrap(function):
        return lambda path=".", *args, **kwargs: function(moved(path), *args, **kwargs)

    try:
        builtins.open = wrap(real_open)
        for name, function in kept.items():
            setattr(os, name, wrap(function))
        yield
    finally:
        builtins.open = real_open
        for name, function in kept.items():
            setattr(os, name, function)


def prefixed(facts):
    return {"ansible_" + name: value for name, value in facts.items()}


def asked(folder):
    """What Ansible's collectors tell of the host."""
    module, facts = Module(), {"ansible_system": "Linux", "ansible_architecture": "x86_64"}
    hardware.LinuxHardware.get_mount_facts = lambda self: {}
    with root_at(folder):
        real = sys.modules[distro.id.__module__]
        real._distro = real.LinuxDistribution(include_lsb=False, include_uname=False)
        for collector in (distribution.DistributionFactCollector, pkg_mgr.PkgMgrFactCollector,
                          service_mgr.ServiceMgrFactCollector, cmdline.CmdLineFactCollector, dns.DnsFactCollector,
                          lsb.LSBFactCollector, fips.FipsFactCollector, apparmor.ApparmorFactCollector,
                          caps.SystemCapabilitiesFactCollector, ssh_pub_keys.SshPubKeyFactCollector,
                          iscsi.IscsiInitiatorNetworkCollector, nvme.NvmeInitiatorNetworkCollector,
                          fc_wwn.FcWwnInitiatorFactCollector):
            facts.update(prefixed(collector().collect(module=module, collected_facts=facts)))
        facts.update(prefixed(hardware.LinuxHardware(module).populate(facts)))
        facts.update(prefixed(virtual.LinuxVirtual(module).get_virtual_facts()))
    del facts["ansible_system"], facts["ansible_architecture"]
    return json.loads(json.dumps(facts, default=sorted))


def read_roots():
    with open(os.path.join(here, "facts", "roots"), encoding="utf-8") as source:
        for block in re.split(r"^##### ", source.read(), flags=re.M)[1:]:
            name, rest = block.split("\n", 1)
            yield name, [part.split("\n", 1) for part in re.split(r"^=== ", rest, flags=re.M)[1:]]


def lay_out(folder, files):
    for path, text in files:
        path = folder + path
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if text.startswith("-> "):
            os.symlink(text[3:].strip(), path)
            continue
        with open(path, "w", encoding="utf-8") as out:
            out.write(text.replace("\\0", "\0"))


def plain(value, name=""):
    """Where order has no meaning, it is the alphabet's."""
    if isinstance(value, dict):
        return {k: plain(v, k) for k, v in value.items()}
    if name == "ansible_mounts":
        return {m["mount"]: m for m in value}
    if name in ("ansible_interfaces", "ansible_all_ipv4_addresses", "ansible_all_ipv6_addresses", "interfaces",
                "holders", "ansible_virtualization_tech_guest", "ansible_virtualization_tech_host"):
        return sorted(value)
    return value


def differences(theirs, ours, path=""):
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in sorted(set(theirs) | set(ours)):
            at = f"{path}.{key}" if path else key
            if key not in ours:
                yield at, theirs[key], "nothing"
            elif key not in theirs:
                yield at, "nothing", ours[key]
            else:
                yield from differences(theirs[key], ours[key], at)
    elif theirs != ours or type(theirs) is not type(ours):
        yield path, theirs, ours


def show(host, path, theirs, ours):
    print(f"{host}: {path}\n    ansible {json.dumps(theirs)[:300]}\n    rollout {json.dumps(ours)[:300]}")


def compare_root(name, files):
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        lay_out(folder, files)
        theirs = asked(folder)
        done = subprocess.run([os.path.join(build, "oracle_facts"), folder], stdout=subprocess.PIPE, check=True)
        ours = json.loads(done.stdout)
        ours = {k: v for k, v in ours.items() if k in theirs or k.startswith("ansible_distribution")}
        for path, a, b in differences(plain(theirs), plain(ours)):
            top = path.split(".")[0]
            if ("*", top) not in ALSO_DIFFER and (name, top) not in ALSO_DIFFER:
                show(name, path, a, b)
                bad += 1
    return len(theirs), bad


LOCAL = {
    "json.fact": '{"a": [1, 2.5, null], "b": {"c": "d"}}',
    "null.fact": "null",
    "empty.fact": "",
    "ini.fact": "# x\n[General]\nColour = dark red\nn: 1\nurl=http://x:1/?a=b\n\n[b]\nflag =\n",
    "lines.fact": "[s]\nlist = a\n  b\n\n  c\nnext = 1 ; no comment\n",
    "default.fact": "[DEFAULT]\nd=1\n[s]\nx=%(d)s2\np=5%%\n[t]\nd=3\n",
    "twice.fact": "[s]\na=1\na=2\n",
    "section.fact": "a=1\n[s]\n",
    "bad.fact": "[sec\nx",
    "program.fact": "#!/bin/sh\necho '{\"k\": 1}'\n",
    "program_ini.fact": "#!/bin/sh\necho '[s]'; echo k=1\n",
    "failing.fact": "#!/bin/sh\necho no >&2; exit 3\n",
    "not-this.txt": "{}",
}

PLAYBOOK = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - setup: {fact_path: FOLDER/facts.d}
      register: answer
    - copy: {content: "{{ answer.ansible_facts | to_json }}", dest: "{{ out }}", mode: "0600"}
"""


def facts_by(command, folder, name):
    out = os.path.join(folder, name)
    done = subprocess.run([*command, "-i", "localhost,", "-e", f"out={out}", os.path.join(folder, "site.yml")],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        print(done.stdout)
        sys.exit(1)
    with open(out, encoding="utf-8") as source:
        return json.load(source)


def machine_once():
    """How many facts there are, and what differs: path → both values."""
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "facts.d"))
        for name, text in LOCAL.items():
            path = os.path.join(folder, "facts.d", name)
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)
            os.chmod(path, 0o755 if text.startswith("#!") else 0o644)
        with open(os.path.join(folder, "site.yml"), "w", encoding="utf-8") as out:
            out.write(PLAYBOOK.replace("FOLDER", folder))
        theirs = facts_by(["ansible-playbook"], folder, "ansible.json")
        ours = facts_by([rollout], folder, "rollout.json")
    found = {path: (a, b) for path, a, b in differences(plain(theirs), plain(ours))
             if not any(re.fullmatch(pattern + r"(\..*)?", path) for pattern, _ in MAY_DIFFER)}
    return len(theirs), found


def compare_machine():
    """An interface may come or go between the two: what differs each time counts."""
    count, found = machine_once()
    for _ in range(2):
        if found:
            again = machine_once()[1]
            found = {path: both for path, both in again.items() if path in found}
    for path, (theirs, ours) in sorted(found.items()):
        show("this machine", path, theirs, ours)
    return count, len(found)


def main():
    if not shutil.which("ansible-playbook"):
        print("skipped: ansible-playbook is not installed")
        return 77
    only, hosts, facts, bad = sys.argv[1:], 0, 0, 0
    if not only or "machine" in only:
        facts, bad = compare_machine()
        hosts = 1
    for name, files in read_roots():
        if only and name not in only:
            continue
        count, wrong = compare_root(name, files)
        hosts, facts, bad = hosts + 1, facts + count, bad + wrong
    print(f"{hosts} hosts, {facts} facts of Ansible's, {bad} differ")
    return 1 if bad or not hosts else 0


if __name__ == "__main__":
    sys.exit(main())
