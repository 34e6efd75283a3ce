#!/usr/bin/env python3
"""The cases of test_playbook.py with a, b and c as real machines (tests/hosts): exit
code, recap, and each file, folder and link that the tasks leave on a machine or on
the controller, with mode and owner. tests/hosts/test_playbooks.sh boots the machines.

    playbook_on_machines.py rollout LAB [-v] [PART OF A NAME…]
    playbook_on_machines.py ansible LAB      a sample, another one each day: is it still
                                             what was recorded? Of machines with Python
    playbook_on_machines.py record LAB       its answers to new and changed cases are
                                             recorded; UPDATE_ORACLE=all: to all cases
    playbook_on_machines.py version          of the ansible-core that answered, if installed

Ansible's answers lie in playbook/recorded-machines.json. {{ out }} is a folder of the
case's own, with the same path on the machines, where it is the login's, and on the
controller, where it is root's. Cases marked `controller` are passed over.
"""
import concurrent.futures
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile

import test_playbook as oracle

HOSTS_SH = os.path.join(oracle.HERE, "../hosts/hosts.sh")
RECORDED = os.path.join(oracle.HERE, "playbook", "recorded-machines.json")
MACHINES = ("a", "b", "c")
INVENTORY = oracle.INVENTORY.replace("    ansible_connection: local\n", "")
SAMPLE = 10
JOBS = int(os.environ.get("ORACLE_JOBS", 0)) or 2 * (os.cpu_count() or 1)


class Lab:
    def __init__(self, folder, base):
        self.folder, self.base = folder, base

    def enter(self, name, *command):
        env = dict(os.environ, ROLLOUT=oracle.ROLLOUT)
        done = subprocess.run([HOSTS_SH, "enter", "-d", self.folder, name, *command], env=env,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
        return done.stdout

    def write(self, case):
        """The project; it is reached by the lab's ssh_config alone."""
        folder = os.path.join(self.base, case.digest(), "project")
        oracle.write_project(case, folder)
        place, ways = os.path.join(folder, "inventory.yml"), f"-F {self.folder}/ssh_config"
        text = case.files.get("inventory.yml", oracle.INVENTORY)
        with open(place, "w", encoding="utf-8") as file:
            file.write(text.replace("ansible_connection: local", f'ansible_ssh_common_args: "{ways}"'))
        os.makedirs(os.path.join(self.base, case.digest(), "home"))

    def prepare(self, cases):
        for case in cases:
            self.write(case)
        folders = [os.path.join(self.base, case.digest(), "project/out") for case in cases]
        for name in MACHINES:
            self.enter(name, "sh", "-c", 'mkdir -p "$@" && chown ops:ops "$@"', "-", *folders)

    def clean(self):
        for name in MACHINES:
            self.enter(name, "rm", "-rf", self.base)

    def collect(self):
        """Digest → {"machine:path": what it is}."""
        pack = ("sh", "-c", 'cd "$1" && tar -c */project/out', "-", self.base)
        here = subprocess.run(pack, stdout=subprocess.PIPE, check=True).stdout
        packed = {name: self.enter(name, *pack) for name in MACHINES}
        found = {}
        for name, archive in {**packed, "controller": here}.items():
            for digest, path, what in unpack(archive, self.base):
                found.setdefault(digest, {})[f"{name}:{path}"] = what
        return found


def unpack(archive, base):
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            digest, _, path = member.name.split("/", 2)
            yield digest, path, told(tar, member).replace(os.path.join(base, digest), "SCRATCH")


def told(tar, member):
    owner = f"{member.mode:04o} {member.uname}:{member.gname}"
    if member.isdir():
        return f"{owner} folder"
    if member.issym():
        return f"-> {member.linkname}"
    if not member.isfile() and not member.islnk():
        return f"{owner} of type {member.type!r}"
    return f"{owner} " + tar.extractfile(member).read().decode(errors="replace")


def environment(home):
    return dict(oracle.environment(home), ANSIBLE_SSH_ARGS="-o ControlMaster=auto -o ControlPersist=5s",
                ANSIBLE_SSH_CONTROL_PATH_DIR=os.path.join(home, "cp"))


def run_case(program, lab, case, timeout_s):
    scratch = os.path.join(lab.base, case.digest())
    code, text = oracle.start(program, case, os.path.join(scratch, "project"),
                              environment(os.path.join(scratch, "home")), timeout_s)
    text = text.replace(scratch, "SCRATCH")
    return {"exit": code, "recap": oracle.recap(text, case)}, text


def run_all(program, lab_folder, cases, timeout_s, jobs):
    """Name of the case → what was answered, and all that was printed."""
    with tempfile.TemporaryDirectory(prefix="playbooks.") as base:
        lab = Lab(os.path.realpath(lab_folder), base)
        lab.prepare(cases)
        with concurrent.futures.ThreadPoolExecutor(max_workers=jobs) as pool:
            answers = list(pool.map(lambda case: run_case(program, lab, case, timeout_s), cases))
        left = lab.collect()
        lab.clean()
    for case, (answer, _) in zip(cases, answers):
        answer["files"] = left.get(case.digest(), {})
    return {case.name: given for case, given in zip(cases, answers)}


def run_ansible(lab_folder, cases):
    given = run_all("ansible-playbook", lab_folder, cases, oracle.RECORDING_S, oracle.JOBS)
    for case in cases:
        for counts in given[case.name][0]["recap"].values():
            counts["ok"] -= min(case.facts, counts["ok"])
    return given


def is_recorded(case, recorded):
    return recorded["cases"].get(case.name, {}).get("case") == case.digest(INVENTORY)


def record(lab_folder, cases, names):
    recorded, version = oracle.read_recorded(RECORDED), oracle.ansible_version()
    if not version:
        sys.exit("ansible-playbook is not installed: its answers cannot be recorded")
    if recorded["ansible-core"] != version or os.environ.get("UPDATE_ORACLE") == "all":
        recorded["cases"] = {}
    wanted = [c for c in cases if not is_recorded(c, recorded)]
    for case, (answer, _) in zip(wanted, run_ansible(lab_folder, wanted).values()):
        if answer["exit"] == "hangs":
            sys.exit(f"{case.name}: ansible-playbook hangs")
        recorded["cases"][case.name] = {"case": case.digest(INVENTORY), **answer}
    recorded["ansible-core"] = version
    recorded["cases"] = {name: told for name, told in recorded["cases"].items() if name in names}
    with open(RECORDED, "w", encoding="utf-8") as file:
        json.dump(recorded, file, indent=1, sort_keys=True)
        file.write("\n")
    print(f"{len(wanted)} answers of ansible-core {version} recorded, {len(recorded['cases'])} cases")
    return 0


def problems_of(case, have, recorded, known):
    if not is_recorded(case, recorded):
        return ["Ansible's answer is not recorded: playbook_on_machines.py record"]
    differs = oracle.compare(recorded["cases"][case.name], have)
    if case.name not in known:
        return differs
    return [] if differs else ["is listed as a difference, and is none"]


def compare(given, cases, known, verbose=False):
    recorded, bad = oracle.read_recorded(RECORDED), 0
    for case in cases:
        have, text = given[case.name]
        problems = problems_of(case, have, recorded, known)
        bad += bool(problems)
        if problems:
            print(f"FAILED  {case.name}: " + "; ".join(problems), flush=True)
        if problems and verbose:
            print(text)
    return bad


def rollout(lab_folder, cases, verbose):
    known = oracle.read_differences()
    bad = compare(run_all(oracle.ROLLOUT, lab_folder, cases, oracle.TIMEOUT_S, JOBS), cases, known, verbose)
    known = [c for c in cases if c.name in known]
    print(f"{len(cases)} cases on machines, {bad} not as they should be, {len(known)} known differences; "
          f"answers of ansible-core {oracle.read_recorded(RECORDED)['ansible-core']}")
    return 1 if bad or not cases else 0


def sample(lab_folder, cases):
    chosen = oracle.sample_of_today(cases, SAMPLE)
    bad = compare(run_ansible(lab_folder, chosen), chosen, {})
    print(f"{len(chosen)} cases through ansible-playbook, {bad} not as recorded")
    return 1 if bad else 0


def version():
    here = oracle.ansible_version()
    if not here or here != oracle.read_recorded(RECORDED)["ansible-core"]:
        return 1
    print(here)
    return 0


def main():
    verb, *rest = sys.argv[1:] or [""]
    if verb == "version":
        return version()
    if verb not in ("rollout", "ansible", "record") or not rest:
        sys.exit(__doc__)
    only, every = [a for a in rest[1:] if a != "-v"], oracle.read_all()
    cases = [c for c in every if not c.controller]
    names = {c.name for c in cases}
    cases = [c for c in cases if not only or any(part in c.name for part in only)]
    if verb == "record":
        return record(rest[0], cases, names)
    if verb == "ansible":
        return sample(rest[0], cases)
    for case in every:
        if case.controller and not only:
            print(f"not on machines: {case.name}: {case.controller}")
    return rollout(rest[0], cases, "-v" in rest)


if __name__ == "__main__":
    sys.exit(main())
