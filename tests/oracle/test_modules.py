#!/usr/bin/python3
"""The cases of ../module/cases through ansible-core and through rollout: what is
changed, what is there afterwards, and the results' fields."""
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../module"))
from module_cases import Bed, Report, is_changed, is_failed, load, tree  # noqa: E402

# Of every module: what is about the moment, or about Ansible itself.
NEVER = {"invocation", "diff", "backup_file", "deprecations", "warnings", "start", "end", "delta", "failed",
         "changed", "exception", "secontext", "atime", "ctime", "mtime", "inode", "dev", "ansible_facts",
         "_ansible_no_log", "_ansible_parsed", "_ansible_verbose_always", "module_stdout", "module_stderr", "rc_"}


def compare_results(case, theirs, ours, report):
    if is_failed(theirs):
        return
    for key in sorted(set(theirs) - NEVER - case.ignore):
        if key not in ours:
            report.problem(case, f"the result has no {key} ({theirs[key]!r})")
        elif theirs[key] != ours[key]:
            report.problem(case, f"{key} is {ours[key]!r}, with Ansible {theirs[key]!r}")


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
        theirs = bed.ansible()
        their_trees = {c.task: tree(c.root) for c in cases}
        bed.set_up()
        ours = bed.rollout()
        for c in cases:
            if c.task not in theirs:
                report.problem(c, "Ansible has no result")
            else:
                compare(c, theirs[c.task], ours[c.task], (their_trees[c.task], tree(c.root)), report)
    finally:
        bed.remove()
    report.end(cases, "calls compared with Ansible")


main()
