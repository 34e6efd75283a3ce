#!/usr/bin/python3
"""Each case of cases/*.yml on a private root: predicted, applied, applied again."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from module_cases import Bed, Report, is_changed, is_failed, load, machine, tree  # noqa: E402

MOMENTS = {"atime", "ctime", "mtime", "inode", "dev"}
VOLATILE = MOMENTS | {"backup_file", "diff", "start", "end", "delta", "elapsed", "path"}


def steady(v):
    if isinstance(v, dict):
        return {k: steady(x) for k, x in v.items() if k not in MOMENTS}
    return [steady(x) for x in v] if isinstance(v, list) else v


def comparable(result):
    return steady({k: v for k, v in result.items() if k not in VOLATILE | {"size"} and not k.startswith("_")})


def look_at(case, check, first, again, report):
    if case.refused is not None:
        if not first.get("refused") or case.refused not in first["msg"]:
            report.problem(case, f"not refused as it should be: {first['msg']}")
        return
    if case.fails is not None:
        if not is_failed(first) or case.fails not in str(first.get("msg", "")):
            report.problem(case, f"not as it should fail: {first.get('msg', first)!r}")
        return
    if is_failed(first):
        report.problem(case, f"failed: {first.get('msg', first)}")
        return
    if is_changed(first) != case.changed:
        report.problem(case, f"changed is {is_changed(first)}")
    if case.always is None and (is_changed(again) or is_failed(again)):
        report.problem(case, f"the second time: {again}")
    if check.get("status") == "unknown":
        if not case.unpredicted:
            report.problem(case, f"its prediction is unknown: {check.get('msg')}")
    elif is_changed(check) != is_changed(first):
        report.problem(case, f"the prediction says changed={is_changed(check)}")
    elif not case.unpredicted and "backup_file" not in first and \
            comparable(check) != comparable(first):
        a, b = comparable(check), comparable(first)
        report.problem(case, "the prediction differs: " + ", ".join(
            f"{k}: {a.get(k)!r} became {b.get(k)!r}" for k in sorted(set(a) | set(b))
            if a.get(k) != b.get(k)))


def main():
    private = machine()
    cases = load(sys.argv[1:], private)
    report, bed = Report(), Bed(cases, private)
    try:
        bed.set_up()
        before = {c.task: tree(c.root) for c in cases}
        check = bed.rollout("--check", "--diff")
        for c in cases:
            if tree(c.root) != before[c.task]:
                report.problem(c, "the dry run changed something")
        bed.set_up()
        first = bed.rollout()
        for c in cases:
            if c.check and subprocess.run(["/bin/sh", "-ec", c.fill(c.check)], cwd=c.root,
                                          check=False).returncode != 0:
                report.problem(c, f"afterwards not: {c.check}")
        again = bed.rollout()
        for c in cases:
            look_at(c, check[c.task], first[c.task], again[c.task], report)
    finally:
        bed.remove()
    report.end(cases, "cases predicted, applied and applied again")


main()
