#!/usr/bin/env python3
"""Each case of playbook/*.case through ansible-playbook and through rollout: exit
code, recap and the files that the tasks leave must be the same.

A case is laid over a small project whose hosts a, b and c are all this machine
(ansible_connection: local); a and b are the group web. Tasks write what they have
to tell into {{ out }}, a folder.

    === what is shown
    args -i inventory.yml play.yml    what follows the program's name (the default)
    facts 1                           Ansible counts its gathering of facts so often a host
    stdout                            what is printed must be equal, too (listings)
    unlike REGEX                      the recap of hosts like this is not compared
    --- FILE                          its text follows

playbook/differences lists cases that differ on purpose, with the reason.
Arguments: cases to run alone, by a part of their names; -v shows both outputs.
"""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROLLOUT = os.environ.get("ROLLOUT", os.path.join(HERE, "../../build/release/rollout"))
COLUMNS = ("ok", "changed", "unreachable", "failed", "skipped", "rescued", "ignored")
TIMEOUT_S = 120
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
        self.files = {}


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


def run(program, case, folder, home):
    write_project(case, folder)
    env = dict(os.environ, HOME=home, LC_ALL="C.UTF-8", ANSIBLE_NOCOLOR="1",
               ANSIBLE_LOCALHOST_WARNING="false", ANSIBLE_RETRY_FILES_ENABLED="0",
               ANSIBLE_DEPRECATION_WARNINGS="false",
               ANSIBLE_ASYNC_DIR=os.path.join(home, "async"), ANSIBLE_JINJA2_NATIVE="1")
    for name in ("ANSIBLE_INVENTORY", "ANSIBLE_ROLES_PATH", "ANSIBLE_CONFIG", "FORCE_COLOR"):
        env.pop(name, None)
    try:
        done = subprocess.run([program, *case.args], cwd=folder, env=env, timeout=TIMEOUT_S,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        code, text = done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        code, text = "hangs", (late.stdout or b"").decode(errors="replace")
    return code, text, recap(text, case), left_files(folder)


def compare(case, scratch):
    folder, home = os.path.join(scratch, "project"), os.path.join(scratch, "home")
    os.makedirs(home, exist_ok=True)
    want = run("ansible-playbook", case, folder, home)
    have = run(ROLLOUT, case, folder, home)
    problems = []
    if want[0] != have[0]:
        problems.append(f"exit code {have[0]} instead of {want[0]}")
    for host in sorted(set(want[2]) | set(have[2])):
        there, here = want[2].get(host), have[2].get(host)
        if there:
            there["ok"] -= min(case.facts, there["ok"])
        if there != here:
            problems.append(f"recap of {host}: " + differing(there, here))
    for name in sorted(set(want[3]) | set(have[3])):
        if want[3].get(name) != have[3].get(name):
            problems.append(f"{name}: {have[3].get(name)!r} instead of {want[3].get(name)!r}")
    if case.stdout and listing(want[1]) != listing(have[1]):
        problems.append("what is printed differs")
    return problems, want[1], have[1]


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


def one(case):
    with tempfile.TemporaryDirectory() as scratch:
        return case, *compare(case, scratch)


def main():
    if not shutil.which("ansible-playbook"):
        print("ansible-playbook is not installed")
        return 77
    only = [a for a in sys.argv[1:] if a != "-v"]
    verbose = "-v" in sys.argv[1:]
    known, cases, bad = read_differences(), [], 0
    folder = os.path.join(HERE, "playbook")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".case"):
            cases += read_cases(os.path.join(folder, name))
    for name in set(known) - {c.name for c in cases}:
        print(f"differences: no case is called '{name}'")
        bad += 1
    cases = [c for c in cases if not only or any(part in c.name for part in only)]
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for case, problems, want, have in pool.map(one, cases):
            if case.name in known and not problems:
                problems = ["is listed as a difference, and is none"]
            elif case.name in known:
                problems = []
            if problems:
                bad += 1
                print(f"FAILED  {case.name}: " + "; ".join(problems))
            if verbose:
                print("---- ansible-playbook", want, "---- rollout", have, sep="\n")
    print(f"{len(cases)} cases, {bad} not as they should be, {len(known)} known differences")
    return 1 if bad or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
