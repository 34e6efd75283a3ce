#!/usr/bin/env python3
"""Public roles, as they are, through ansible-playbook and rollout.

    tests/oracle/public_roles.py DIR…        folders of roles, or with ansible_collections/
    tests/oracle/public_roles.py --debian    the collections of Debian's package ansible,
                                             which apt-get fetches into a scratch folder

No host is contacted but this machine, whose facts the templates get. Of each role
--list-tasks must be the same, and each of its templates, rendered with its defaults and
variables, the same to the byte. Told apart is what rollout refuses since it has no such
module, filter or lookup: -v tells which, and how many roles use each.
Not part of ctest: it takes minutes, and --debian the network. Exit status 1: they differ.
"""
import argparse
import collections
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROLLOUT = os.path.abspath(os.environ.get("ROLLOUT", HERE + "/../../build/release/rollout"))
INVENTORY = {"all": {"hosts": {"here": {"ansible_connection": "local",
                                        "ansible_python_interpreter": "/usr/bin/python3"}}}}
MISSING = re.compile(r"rollout has no \w+ '([^']+)'|'([^']+)' is neither a module nor"
                     r"|there is no filter '(\w+\.\w+\.\w+)'")
TIMEOUT_S = 600


def fetch(scratch):
    """Debian's package, unpacked."""
    subprocess.run(["apt-get", "download", "ansible"], cwd=scratch, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    package = glob.glob(scratch + "/ansible_*.deb")[0]
    print(os.path.basename(package))
    subprocess.run(["dpkg-deb", "-x", package, scratch], check=True)
    return scratch + "/usr/lib/python3/dist-packages"


def roles_of(folder):
    """(name as a play says it, folder) of each; a test's role is none."""
    inside = os.path.join(folder, "ansible_collections")
    if not os.path.isdir(inside):
        for tasks in sorted(glob.glob(folder + "/*/tasks/main.y*ml")):
            role = os.path.dirname(os.path.dirname(tasks))
            yield os.path.basename(role), role
        return
    for tasks in sorted(glob.glob(inside + "/*/*/roles/**/tasks/main.y*ml", recursive=True)):
        role = os.path.dirname(os.path.dirname(tasks))
        parts = os.path.relpath(role, inside).split("/")
        if parts[-2] == "roles" and "tests" not in parts:
            yield ".".join(parts[:2] + parts[3:]), role


class Both:
    """The two programs over one project."""

    def __init__(self, folders, scratch):
        self.dir = scratch
        self.env = dict(os.environ, ANSIBLE_NOCOLOR="1", ANSIBLE_LOCALHOST_WARNING="0",
                        ANSIBLE_COLLECTIONS_PATH=folders, ANSIBLE_ROLES_PATH=folders)
        self.write("inventory.json", INVENTORY)

    def write(self, name, what):
        with open(os.path.join(self.dir, name), "w") as f:
            json.dump(what, f)

    def run(self, program, *args):
        return subprocess.run([program, "-i", "inventory.json", "play.yml", *args],
                              cwd=self.dir, env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=TIMEOUT_S)


def listing(text):
    lines = [re.sub(r"\s+", " ", line).strip() for line in text.splitlines()]
    return [line for line in lines if "TAGS:" in line and not line.startswith("play #")]


def compare_tasks(both, name, missing):
    """What is to be counted."""
    both.write("play.yml", [{"hosts": "all", "roles": [{"role": name}]}])
    theirs, ours = both.run("ansible-playbook", "--list-tasks"), both.run(ROLLOUT, "--list-tasks")
    for found in {"".join(m) for m in MISSING.findall(ours.stderr)}:
        missing[found] += 1
    if theirs.returncode != 0:
        return "refused by both" if ours.returncode else "refused by Ansible"
    if ours.returncode == 0:
        return "same" if listing(theirs.stdout) == listing(ours.stdout) else "DIFFERS"
    errors = [e for e in ours.stderr.splitlines() if e.startswith("rollout: ")
              and not e.endswith(" more mistakes are not shown")]
    return "missing" if errors and all(MISSING.search(e) for e in errors) else "DIFFERS"


def rendered(both, program, templates):
    tasks = [{"template": {"src": t, "dest": f"{both.dir}/{program[-7:]}.{i}"},
              "ignore_errors": True} for i, t in enumerate(templates)]
    both.write("play.yml", [{"hosts": "all", "vars_files": both.vars_files, "tasks": tasks}])
    ran = both.run(program)
    texts = []
    for i in range(len(templates)):
        path = f"{both.dir}/{program[-7:]}.{i}"
        texts.append(open(path, "rb").read() if os.path.exists(path) else None)
    return texts, MISSING.search(ran.stdout + ran.stderr)


def compare_templates(both, role, told):
    found = sorted(glob.glob(role + "/templates/**", recursive=True))
    templates = [t for t in found if os.path.isfile(t)]
    if not templates:
        return
    parts = ["defaults/main.y*ml", "vars/main.y*ml", "vars/Debian.y*ml", "tests/main*.y*ml"]
    both.vars_files = [f for p in parts for f in sorted(glob.glob(f"{role}/{p}"))
                       if re.search(r"^\w+:", open(f).read(), re.M)]
    theirs, _ = rendered(both, "ansible-playbook", templates)
    ours, missing = rendered(both, ROLLOUT, templates)
    for template, a, b in zip(templates, theirs, ours):
        if a == b:
            result = "need further variables" if a is None else "same"
        else:
            result = "missing" if b is None and missing else "DIFFER"
        told[result] += 1
        if result == "DIFFER":
            print("DIFFERS ", template)


def report(what, counts):
    print(f"{what}: {sum(counts.values())}", *(f"{n} {k}" for k, n in sorted(counts.items())),
          sep=", ")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folders", nargs="*")
    arguments.add_argument("--debian", action="store_true")
    arguments.add_argument("-v", action="store_true", dest="verbose")
    args = arguments.parse_args()
    tasks, templates, missing = (collections.Counter() for _ in range(3))
    with tempfile.TemporaryDirectory() as scratch:
        folders = [os.path.abspath(f) for f in args.folders]
        folders += [fetch(scratch)] if args.debian else []
        for folder in folders:
            for name, role in roles_of(folder):
                with tempfile.TemporaryDirectory() as project:
                    both = Both(":".join(folders), project)
                    result = compare_tasks(both, name, missing)
                    compare_templates(both, role, templates)
                tasks[result] += 1
                if args.verbose or result == "DIFFERS":
                    print(f"{result:8} {name}", flush=True)
    for name, count in missing.most_common() if args.verbose else ():
        print(f"{count:4} {name}")
    report("roles", tasks)
    report("templates", templates)
    sys.exit(1 if tasks["DIFFERS"] or templates["DIFFER"] else 0)


if __name__ == "__main__":
    main()
