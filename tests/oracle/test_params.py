#!/usr/bin/python3
"""Each parameter and alias of Ansible's modules (ansible-doc) is in the tables that
`rollout doc` prints, or in docs/modules.md among those that are not there."""
import json
import os
import re
import shutil
import subprocess
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get("ROLLOUT", f"{SOURCE}/build/release/rollout")
VERSION = "[core 2.14."  # what docs/modules.md is about
FREE_FORM = {"free_form", "free-form", "cmd", "key_value", "others"}


def say(*words):
    env = dict(os.environ)
    if env.get("ORACLE_COLLECTIONS"):
        env["ANSIBLE_COLLECTIONS_PATH"] = env["ORACLE_COLLECTIONS"]
    return subprocess.run(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env,
                          check=False).stdout


def ours():
    """Full name → the text of its page."""
    pages = {}
    for line in say(PROGRAM, "doc").splitlines():
        name = re.match(r"(\w+)  ", line)
        page = name and say(PROGRAM, "doc", name[1])
        full = page and re.match(r"\w+ \((\S+)\)", page)
        if full and not full[1].startswith("rollout."):
            pages[full[1]] = page
    return pages


def not_there():
    """Short name → parameters, of the table in docs/modules.md."""
    with open(f"{SOURCE}/docs/modules.md", encoding="utf-8") as f:
        text = f.read()
    table = text.split("## Parameters that are not there")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \| (.*?) \|$", table, re.M)
    return {module: set(re.findall(r"`(\w+)`", names)) for modules, names in rows
            for module in re.findall(r"`(\w+)`", modules)}


def lacking(page, options):
    """Parameters, and aliases of those that are there."""
    there = set(re.findall(r"^  (\w+) \(", page, re.M))
    for also in re.findall(r"^ +also: (.*)$", page, re.M):
        there |= set(re.findall(r"\w+", also))
    names = {name for name in options if name not in there and name not in FREE_FORM}
    for name, option in options.items():
        if name in there:
            names |= {a for a in option.get("aliases") or [] if not re.search(rf"\b{re.escape(a)}\b", page)}
    return names


def main():
    if not shutil.which("ansible-doc"):
        print("ansible-core is not installed")
        sys.exit(77)
    if VERSION not in say("ansible-doc", "--version"):
        print(f"it is not {VERSION}")
        sys.exit(77)
    pages, named, bad, seen = ours(), not_there(), 0, 0
    assert len(pages) > 50, f"only {len(pages)} modules"
    for full, doc in json.loads(say("ansible-doc", "-j", *pages)).items():
        short = full.rsplit(".", 1)[1]
        missing = lacking(pages[full], doc["doc"].get("options") or {})
        seen += 1
        for name in sorted(missing ^ named.get(short, set())):
            bad += 1
            print(f"FAILED  {short}: {name} is " + ("neither there nor said to be missing" if name in missing else
                                                    "said to be missing, and there"))
    print(f"{seen} modules compared with ansible-doc, {bad} problems")
    sys.exit(1 if bad else 0)


main()
