#!/usr/bin/python3
"""The cases of ../module/cases through ansible-core and through rollout: what is
changed, what is there afterwards, and the results' fields."""
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../module"))
from module_cases import BACKUP, Bed, Report, is_changed, is_failed, load, tree  # noqa: E402

# Of every module: what is about the moment, or about Ansible itself.
NEVER = {"invocation", "diff", "backup_file", "deprecations", "warnings", "start", "end", "delta", "failed",
         "changed", "exception", "secontext", "atime", "ctime", "mtime", "inode", "dev", "ansible_facts",
         "_ansible_no_log", "_ansible_parsed", "_ansible_verbose_always"}


VOLATILE = {"atime", "ctime", "mtime", "inode", "dev", "version"}
# Of stat: not among what a host is asked for; get_mime and get_attributes are accepted only.
NOT_THERE = {"blocks", "block_size", "device_type", "mimetype", "charset", "attributes", "attr_flags"}


def steady(v):
    """Without what differs from one moment to the next."""
    if isinstance(v, dict):
        return {k: steady(x) for k, x in v.items() if k not in VOLATILE | NOT_THERE}
    if isinstance(v, list) and all(isinstance(x, dict) and "path" in x for x in v):
        return sorted((steady(x) for x in v), key=lambda x: x["path"])
    if isinstance(v, list):
        return [steady(x) for x in v]
    return BACKUP.sub(".BACKUP", v) if isinstance(v, str) else v


def is_temporary(v):
    return isinstance(v, str) and "/.ansible/tmp/" in v


def since(before, after):
    """What a call made of a folder: what it left alone is told as that."""
    return {path: "as before" if before.get(path) == what else what for path, what in after.items()}


def compare_results(case, theirs, ours, report):
    if is_failed(theirs):
        return
    for key in sorted(set(theirs) - NEVER - case.ignore):
        if is_temporary(theirs[key]):
            continue
        if key not in ours:
            report.problem(case, f"the result has no {key} ({theirs[key]!r})")
        elif steady(theirs[key]) != steady(ours[key]):
            report.problem(case, f"{key} is {steady(ours[key])!r}, with Ansible {steady(theirs[key])!r}")


def compare(case, theirs, ours, trees, report):
    if is_failed(theirs) != is_failed(ours):
        report.problem(case, f"failed is {is_failed(ours)} ({ours.get('msg')}); "
                             f"with Ansible {is_failed(theirs)} ({theirs.get('msg')})")
        return
    if not is_failed(theirs) and is_changed(theirs) != is_changed(ours):
        report.problem(case, f"changed is {is_changed(ours)}, with Ansible {is_changed(theirs)}")
    if trees[0] != trees[1]:
        for path in sorted(set(trees[0]) | set(trees[1])):
            if trees[0].get(path) != trees[1].get(path):
                report.problem(case, f"{path} is {trees[1].get(path)}, with Ansible {trees[0].get(path)}")
    compare_results(case, theirs, ours, report)


def main():
    if not shutil.which("ansible-playbook"):
        print("ansible-core is not installed")
        sys.exit(77)
    cases = [c for c in load(sys.argv[1:]) if not c.differs]
    report, bed = Report(), Bed(cases)
    try:
        bed.set_up()
        before = {c.task: tree(c.root) for c in cases}
        theirs = bed.ansible()
        their_trees = {c.task: since(before[c.task], tree(c.root)) for c in cases}
        bed.set_up()
        before = {c.task: tree(c.root) for c in cases}
        ours = bed.rollout()
        for c in cases:
            if c.task not in theirs:
                report.problem(c, "Ansible has no result")
            else:
                compare(c, theirs[c.task], ours[c.task], (their_trees[c.task], since(before[c.task], tree(c.root))), report)
    finally:
        bed.remove()
    report.end(cases, "calls compared with Ansible")


main()
