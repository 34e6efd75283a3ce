#!/usr/bin/python3
"""The cases of ../module/cases through rollout, compared with what ansible-core
answered (answers.json): what is changed, what is there afterwards, and the
results' fields. A sample of them is asked of the ansible-core that is installed.

  UPDATE_ORACLE=1        asks all again, and writes answers.json
  UPDATE_ORACLE=missing  asks those that are new or another
  ORACLE_SAMPLE=N        how many are asked in any case (20)
  ORACLE_SEED=TEXT       which ones: another sample with another text
  ORACLE_COLLECTIONS     folder of ansible_collections, for an update"""
import os
import random
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from answers import NEVER, Answers, ansible_version, answer  # noqa: E402
from module_cases import Bed, Report, load, machine, tree  # noqa: E402


def compare_results(case, theirs, ours, report):
    for key in sorted(set(theirs) - NEVER - case.ignore):
        if key not in ours:
            report.problem(case, f"the result has no {key} ({theirs[key]!r})")
        elif theirs[key] != ours[key]:
            report.problem(case, f"{key} is {ours[key]!r}, with Ansible {theirs[key]!r}")


def compare(case, theirs, ours, report):
    if theirs["failed"] != ours["failed"]:
        report.problem(case, f"failed is {ours['failed']} ({ours['msg']}); "
                             f"with Ansible {theirs['failed']} ({theirs['msg']})")
        return
    for key in ("changed", "skipped"):
        if not theirs["failed"] and theirs[key] != ours[key]:
            report.problem(case, f"{key} is {ours[key]}, with Ansible {theirs[key]}")
    for path in sorted(set(theirs["tree"]) | set(ours["tree"])):
        if path.split("/")[0] in case.apart:
            continue
        if theirs["tree"].get(path) != ours["tree"].get(path):
            report.problem(case, f"{path} is {ours['tree'].get(path)}, with Ansible {theirs['tree'].get(path)}")
    if theirs["shows"] != ours["shows"]:
        report.problem(case, f"it shows {ours['shows']!r}, with Ansible {theirs['shows']!r}")
    if not theirs["failed"]:
        compare_results(case, theirs["result"], ours["result"], report)


def through(bed, run, cases):
    """Case → answer."""
    bed.set_up()
    before = {c.task: tree(c.root) for c in cases}
    results = run()
    return {c: answer(c, results[c.task], before) for c in cases if c.task in results}


def sample(cases):
    """Those of ansible-core alone."""
    cases = [c for c in cases if not c.collection]
    count = int(os.environ.get("ORACLE_SAMPLE", "20"))
    seed = os.environ.get("ORACLE_SEED", "")
    if len(cases) <= count:
        return cases
    print(f"sample: ORACLE_SEED={seed}")
    return random.Random(seed).sample(cases, count)


def asked(cases, kept):
    """Those that Ansible is asked today, and whether its answers are kept."""
    update = os.environ.get("UPDATE_ORACLE")
    if update:
        return [c for c in cases if update != "missing" or not kept.of(c)], True
    if not shutil.which("ansible-playbook"):
        print("ansible-core is not installed: compared with its answers of another day only")
        return [], False
    return sample(cases), False


def ask(bed, cases, kept, keep):
    if not cases:
        return {}
    live = through(bed, lambda: bed.ansible(cases), cases)
    if keep:
        for c, given in live.items():
            kept.put(c, given)
        every = [c for c in load([], bed.private) if not c.differs]
        kept.write(ansible_version(), every)
    return live


def main():
    private = machine()
    if not private:
        sys.exit(77)  # the answers are those of such a machine
    cases = [c for c in load(sys.argv[1:], private) if not c.differs]
    kept, report, bed = Answers(), Report(), Bed(cases, private)
    wanted, keep = asked(cases, kept)
    live = ask(bed, wanted, kept, keep)
    ours = through(bed, bed.rollout, cases)
    for c in cases:
        theirs = live.get(c) or kept.of(c)
        if not theirs:
            report.problem(c, "no answer of Ansible is kept: UPDATE_ORACLE=missing")
        else:
            compare(c, theirs, ours[c], report)
    print(f"answers of ansible-core {kept.version or ansible_version()}, {len(live)} of today")
    report.end(cases, "calls compared with Ansible")


main()
