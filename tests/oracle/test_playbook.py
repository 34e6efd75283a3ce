#!/usr/bin/env python3
"""Each case of playbook/*.case through rollout: exit code, recap and the files that
the tasks leave must be what ansible-playbook gives.

Ansible's answers lie in playbook/recorded.json, with the version that gave them. A
sample of the cases, another one each day, goes through ansible-playbook as well,
where that is installed and of the version that was recorded.

    ORACLE_LIVE=1     all cases go through ansible-playbook
    ORACLE_LIVE=0     none do
    UPDATE_ORACLE=1   its answers to new and changed cases are recorded; nothing is compared
    UPDATE_ORACLE=all its answers to all cases are
    ORACLE_JOBS=N     so many cases at a time, instead of one a processor

A case is laid over a small project whose hosts a, b and c are all this machine
(ansible_connection: local); a and b are the group web. Tasks write what they have
to tell into {{ out }}, a folder.

    === what is shown
    args -i inventory.yml play.yml    what follows the program's name (the default)
    facts 1                           Ansible counts its gathering of facts so often a host
    stdout                            what is printed must be equal, too (listings)
    unlike REGEX                      the recap of hosts like this is not compared
    controller REASON                 why playbook_on_machines.py passes it over
    machines                          it runs there alone
    plain                             Ansible without jinja2_native, as it is by default
    --- FILE                          its text follows

playbook/differences lists cases that differ on purpose, with the reason.
Arguments: cases to run alone, by a part of their names; -v shows both outputs.
"""
import concurrent.futures
import datetime
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROLLOUT = os.environ.get("ROLLOUT", os.path.join(HERE, "../../build/release/rollout"))
COLUMNS = ("ok", "changed", "unreachable", "failed", "skipped", "rescued", "ignored")
RECORDED = os.path.join(HERE, "playbook", "recorded.json")
TIMEOUT_S = 120
RECORDING_S = 1800  # a busy machine gives no wrong answers
SAMPLE = 20
JOBS = int(os.environ.get("ORACLE_JOBS", 0)) or os.cpu_count() or 1
INVENTORY = """all:
  vars:
    ansible_connection: local
    ansible_python_interpreter: /usr/bin/python3
    out: "{{ inventory_dir }}/out"
  hosts: {a: {n: 1}, b: {n: 2}, c: {n: 3}}
  children:
    web: {hosts: {a: {}, b: {}}}
    db: {hosts: {c: {}}}
"""


class Case:
    def __init__(self, name):
        self.name = name
        self.args = ["-i", "inventory.yml", "play.yml"]
        self.facts = 0
        self.stdout = False
        self.unlike = None
        self.controller = None
        self.machines = False
        self.plain = False
        self.files = {}

    def digest(self, inventory=INVENTORY):
        """Of all that Ansible's answer depends on."""
        told = [inventory, self.args, self.facts, self.stdout, self.files]
        text = json.dumps(told + ["plain"] if self.plain else told)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_cases(path):
    cases, file = [], None
    with open(path, encoding="utf-8") as text:
        for line in text:
            line = line.rstrip("\n")
            if line.startswith("=== "):
                cases.append(Case(line[4:]))
                file = None
            elif line.startswith("--- ") and len(line) > 4:
                file = line[4:]
                cases[-1].files[file] = ""
            elif file:
                cases[-1].files[file] += line + "\n"
            elif line.startswith("args "):
                cases[-1].args = line[5:].split()
            elif line.startswith("facts "):
                cases[-1].facts = int(line[6:])
            elif line.startswith("unlike "):
                cases[-1].unlike = line[7:]
            elif line.startswith("controller "):
                cases[-1].controller = line[11:]
            elif line == "machines":
                cases[-1].machines = True
            elif line == "plain":
                cases[-1].plain = True
            elif line == "stdout":
                cases[-1].stdout = True
            elif line and not line.startswith("#"):
                sys.exit(f"{path}: what is '{line}'?")
    return cases


def write_project(case, folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.join(folder, "out"))
    for name, text in {"inventory.yml": INVENTORY, **case.files}.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def recap(text, case):
    hosts = {}
    for line in text.splitlines():
        found = re.match(r"^(\S+)\s+:?\s*(ok=\d+.*)$", line)
        if not found or (case.unlike and re.search(case.unlike, found[1])):
            continue
        counts = dict(re.findall(r"(\w+)=(\d+)", found[2]))
        hosts[found[1]] = {c: int(counts.get(c, 0)) for c in COLUMNS}
    return hosts


def left_files(folder):
    found = {}
    for place, _, names in os.walk(os.path.join(folder, "out")):
        for name in names:
            path = os.path.join(place, name)
            with open(path, encoding="utf-8", errors="replace") as file:
                found[os.path.relpath(path, folder)] = file.read()
    return found


def environment(home):
    env = dict(os.environ, HOME=home, LC_ALL="C.UTF-8", TZ="UTC", ANSIBLE_NOCOLOR="1",
               ANSIBLE_LOCALHOST_WARNING="false", ANSIBLE_RETRY_FILES_ENABLED="0",
               ANSIBLE_DEPRECATION_WARNINGS="false", ANSIBLE_PIPELINING="1",
               ANSIBLE_JINJA2_NATIVE="1")
    for name in ("ANSIBLE_INVENTORY", "ANSIBLE_ROLES_PATH", "ANSIBLE_CONFIG", "FORCE_COLOR"):
        env.pop(name, None)
    return env


def start(program, case, folder, env, timeout_s):
    """Exit code, and all that it prints."""
    if case.plain:
        env = dict(env, ANSIBLE_JINJA2_NATIVE="0")
    try:
        done = subprocess.run([program, *case.args], cwd=folder, env=env, timeout=timeout_s,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        return done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        return "hangs", (late.stdout or b"").decode(errors="replace")


def run(program, case, scratch, timeout_s=TIMEOUT_S):
    """What the program answers, and all that it prints."""
    folder, home = os.path.join(scratch, "project"), os.path.join(scratch, "home")
    write_project(case, folder)
    os.makedirs(home)
    env = dict(environment(home), ANSIBLE_ASYNC_DIR=os.path.join(home, "async"))
    code, text = start(program, case, folder, env, timeout_s)
    text = text.replace(scratch, "SCRATCH")
    answer = {"exit": code, "recap": recap(text, case),
              "files": {name: told.replace(scratch, "SCRATCH")
                        for name, told in left_files(folder).items()}}
    if case.stdout:
        answer["listing"] = listing(text)
    return answer, text


def run_ansible(case, timeout_s=TIMEOUT_S):
    with tempfile.TemporaryDirectory() as scratch:
        answer, text = run("ansible-playbook", case, scratch, timeout_s)
    for counts in answer["recap"].values():
        counts["ok"] -= min(case.facts, counts["ok"])
    return answer, text


def run_rollout(case):
    with tempfile.TemporaryDirectory() as scratch:
        return run(ROLLOUT, case, scratch)


def compare(want, have):
    problems = []
    if want["exit"] != have["exit"]:
        problems.append(f"exit code {have['exit']} instead of {want['exit']}")
    for host in sorted(set(want["recap"]) | set(have["recap"])):
        there, here = want["recap"].get(host), have["recap"].get(host)
        if there != here:
            problems.append(f"recap of {host}: " + differing(there, here))
    for name in sorted(set(want["files"]) | set(have["files"])):
        there, here = want["files"].get(name), have["files"].get(name)
        if there != here:
            problems.append(f"{name}: {here!r} instead of {there!r}")
    if want.get("listing") != have.get("listing"):
        problems.append("what is printed differs")
    return problems


def listing(text):
    """Ansible prints hosts and a play's tags in the order of a set."""
    return sorted(re.sub(r"TAGS: \[(.*)\]", lambda m: str(sorted(m[1].split(","))), line).strip()
                  for line in text.splitlines() if line.strip())


def differing(there, here):
    if not there or not here:
        return f"{here} instead of {there}"
    return ", ".join(f"{c}={here[c]} instead of {there[c]}" for c in COLUMNS
                     if there[c] != here[c])


def read_differences():
    known = {}
    with open(os.path.join(HERE, "playbook", "differences"), encoding="utf-8") as file:
        for line in file:
            name, _, reason = line.rstrip("\n").partition(" :: ")
            if reason and not line.startswith("#"):
                known[name] = reason
    return known


def ansible_version():
    """Of ansible-core; None where it is not installed."""
    if not shutil.which("ansible-playbook"):
        return None
    told = subprocess.run(["ansible-playbook", "--version"], stdout=subprocess.PIPE, check=False,
                          stderr=subprocess.DEVNULL, env=dict(os.environ, LC_ALL="C.UTF-8"))
    found = re.search(r"core (\S+?)\]", told.stdout.decode(errors="replace"))
    return found[1] if found else None


def read_recorded(path=RECORDED):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return {"ansible-core": None, "cases": {}}


def write_recorded(recorded, version, names):
    recorded["ansible-core"] = version
    recorded["cases"] = {name: told for name, told in recorded["cases"].items() if name in names}
    with open(RECORDED, "w", encoding="utf-8") as file:
        json.dump(recorded, file, indent=1, sort_keys=True)
        file.write("\n")


def is_recorded(case, recorded):
    return recorded["cases"].get(case.name, {}).get("case") == case.digest()


def sample_of_today(cases, size):
    every = max(1, len(cases) // size)
    return cases[datetime.date.today().toordinal() % every::every]


def choose_live(cases, recorded, version):
    """Names of the cases that go through ansible-playbook now."""
    wanted = os.environ.get("ORACLE_LIVE", "")
    if wanted == "1":
        return {c.name for c in cases}
    if wanted == "0" or not version or version != recorded["ansible-core"]:
        return set()
    sample = sample_of_today(cases, SAMPLE)
    return {c.name for c in cases if c in sample or not is_recorded(c, recorded)}


def record(cases, recorded, version, names):
    """Ansible's answers, kept as they come."""
    if not version:
        sys.exit("ansible-playbook is not installed: its answers cannot be recorded")
    if recorded["ansible-core"] != version or os.environ["UPDATE_ORACLE"] == "all":
        for case in cases:
            recorded["cases"].pop(case.name, None)
    wanted = [case for case in cases if not is_recorded(case, recorded)]
    with concurrent.futures.ThreadPoolExecutor(max_workers=JOBS) as pool:
        running = {pool.submit(run_ansible, case, RECORDING_S): case for case in wanted}
        for done in concurrent.futures.as_completed(running):
            case = running[done]
            if done.result()[0]["exit"] == "hangs":
                sys.exit(f"{case.name}: ansible-playbook hangs")
            recorded["cases"][case.name] = {"case": case.digest(), **done.result()[0]}
            write_recorded(recorded, version, names)
    write_recorded(recorded, version, names)
    print(f"{len(wanted)} answers of ansible-core {version} recorded, {len(cases)} cases")


def wanted_answer(case, recorded, ansible):
    """Ansible's answer, and what is wrong with the recorded one."""
    known = recorded["cases"].get(case.name) if is_recorded(case, recorded) else None
    if ansible:
        answer = ansible.result()[0]
        differs = compare(answer, known) if known else []
        return answer, ["recorded is something else: " + "; ".join(differs)] if differs else []
    if not known:
        return None, ["Ansible's answer is not recorded: UPDATE_ORACLE=1"]
    return known, []


def compare_all(cases, recorded, live, known, verbose):
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=JOBS) as pool:
        running = [(case, pool.submit(run_rollout, case),
                    pool.submit(run_ansible, case) if case.name in live else None)
                   for case in cases]
        for case, rollout, ansible in running:
            want, problems = wanted_answer(case, recorded, ansible)
            differs = compare(want, rollout.result()[0]) if want else []
            if case.name in known and want and not differs:
                problems.append("is listed as a difference, and is none")
            elif case.name not in known:
                problems += differs
            if problems:
                bad += 1
                print(f"FAILED  {case.name}: " + "; ".join(problems), flush=True)
            if verbose:
                print("---- ansible-playbook", ansible.result()[1] if ansible else want,
                      "---- rollout", rollout.result()[1], sep="\n")
    return bad


def read_all():
    cases, folder = [], os.path.join(HERE, "playbook")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".case"):
            cases += read_cases(os.path.join(folder, name))
    return cases


def main():
    only = [a for a in sys.argv[1:] if a != "-v"]
    known, cases, bad = read_differences(), read_all(), 0
    names = [c.name for c in cases]
    for name in sorted(set(known) - set(names)):
        print(f"differences: no case is called '{name}'")
        bad += 1
    for name in sorted({name for name in names if names.count(name) > 1}):
        print(f"two cases are called '{name}'")
        bad += 1
    cases = [c for c in cases if not c.machines]
    names = [c.name for c in cases]
    cases = [c for c in cases if not only or any(part in c.name for part in only)]
    known = {name: why for name, why in known.items() if name in names}
    recorded, version = read_recorded(), ansible_version()
    if os.environ.get("UPDATE_ORACLE", "") not in ("", "0"):
        return record(cases, recorded, version, set(names))
    live = choose_live(cases, recorded, version)
    bad += compare_all(cases, recorded, live, known, "-v" in sys.argv[1:])
    print(f"{len(cases)} cases, {bad} not as they should be, {len(known)} known differences; "
          f"answers of ansible-core {recorded['ansible-core']}, {len(live)} of them given just now")
    return 1 if bad or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
