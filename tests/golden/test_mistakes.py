#!/usr/bin/env python3
"""Mistakes in a large project: each of mistakes/mistakes.py alone is laid into the
200 roles of mistakes/project.py, and `rollout --syntax-check`, which contacts nobody,
must tell it: an error or a warning, at the exact line, with the name that was meant.
Where a load takes more than three seconds (sanitizers), every fourth is tried.

    test_mistakes.py [PART]     mistakes whose kind or file has PART in it
    MISTAKES_SHOW=1             also what is said of each
"""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "mistakes"))
sys.dont_write_bytecode = True
import mistakes  # noqa: E402
import project  # noqa: E402

ROLLOUT = os.environ.get("ROLLOUT", os.path.join(HERE, "../../build/release/rollout"))
TOLD, EXACT = 0.95, 0.99
WORKERS = 2


def edited(text, m):
    at = -1
    for _ in range(m.nth + 1):
        at = text.find(m.old, at + 1)
    if at < 0:
        raise SystemExit(f"{m.path}: no {m.old!r}")
    return text[:at] + m.new + text[at + len(m.old):], at


def wanted_line(m, files):
    """Of the line that must be told, after the edit; from 1."""
    text, at = edited(files[m.path], m)
    if m.tell:
        text, at = files[m.tell], 0
    if m.line:
        start = max(text.rfind("\n", 0, at), 0)
        found = text.find(m.line, start)
        if found < 0:
            found = text.find(m.line)
        if found < 0:
            raise SystemExit(f"{m.tell or m.path}: no line with {m.line!r}")
        return text.count("\n", 0, found) + 1
    return text.count("\n", 0, at) + 1


def run(directory, arguments):
    env = dict(os.environ, HOME=directory, LC_ALL="C.UTF-8", ANSIBLE_CONFIG="/dev/null")
    return subprocess.run([ROLLOUT, "-i", "inventory", *arguments], cwd=directory, env=env, text=True, timeout=600,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


class Verdict:
    def __init__(self, m, line, result):
        self.m, self.output, self.code = m, result.stdout, result.returncode
        path = m.tell or m.path
        messages = [x for x in result.stdout.splitlines() if re.match(r"(rollout|warning): ", x)]
        places = [p for x in messages for p in re.finditer(r"([^ :(]+):(\d+):(\d+)", x)]
        self.told = bool(messages) and (self.code == 1 or messages[0].startswith("warning"))
        self.exact = any(p.group(1).endswith(path) and int(p.group(2)) == line for p in places)
        # where two lines do not fit each other, both are told
        self.exact |= any(f"than line {line}," in x for x in messages)
        self.named = not m.names or any(f"'{m.names}'" in x for x in messages)
        self.said = m.says in result.stdout
        self.line = line

    def problems(self):
        if self.code not in (0, 1):
            return [f"exit code {self.code}"]
        if not self.told:
            return ["not told"]
        out = [] if self.exact else [f"not at line {self.line}"]
        if not self.named:
            out.append(f"'{self.m.names}' is not suggested")
        if not self.said:
            out.append(f"'{self.m.says}' is not in the message")
        return out


def check(directory, todo, files):
    out = []
    for m in todo:
        path = os.path.join(directory, m.path)
        with open(path, "w", encoding="utf-8") as f:
            f.write(edited(files[m.path], m)[0])
        out.append(Verdict(m, wanted_line(m, files), run(directory, [m.entry, "--syntax-check"])))
        with open(path, "w", encoding="utf-8") as f:
            f.write(files[m.path])
    return out


def check_right(directory):
    """Without a mistake nothing is told, and there are as many tasks as promised."""
    for entry in ("site.yml", "site.roles"):
        result = run(directory, [entry, "--syntax-check"])
        assert result.returncode == 0, result.stdout
        assert "warning" not in result.stdout, result.stdout
    roles = os.listdir(os.path.join(directory, "roles"))
    assert len(roles) == 200, len(roles)


def check_before_contact(directory, files):
    """A run, of which every host is unreachable, ends with the message and exit code 1, not 4."""
    m = next(x for x in mistakes.all_mistakes() if x.kind == "misspelt variable" and not x.untold)
    with open(os.path.join(directory, m.path), "w", encoding="utf-8") as f:
        f.write(edited(files[m.path], m)[0])
    result = run(directory, [m.entry, "--timeout", "2"])
    assert result.returncode == 1 and "nreachable" not in result.stdout, result.stdout
    assert f"{m.path}:{wanted_line(m, files)}:" in result.stdout, result.stdout
    with open(os.path.join(directory, m.path), "w", encoding="utf-8") as f:
        f.write(files[m.path])


def check_together(directory, files):
    """One of each kind that leaves the others to be found, all at once: each is told, and nothing else."""
    kinds = ["misspelt variable", "unknown module", "unknown keyword", "unknown parameter", "bad filter",
             "missing handler", "wrong type", "template syntax"]
    chosen, paths = [], set()
    for kind in kinds:
        m = next(m for m in mistakes.all_mistakes() if m.kind == kind and not m.untold and not m.tell and
                 m.path not in paths and m.entry == "site.roles")
        chosen.append(m)
        paths.add(m.path)
        with open(os.path.join(directory, m.path), "w", encoding="utf-8") as f:
            f.write(edited(files[m.path], m)[0])
    result = run(directory, ["site.roles"])
    messages = [x for x in result.stdout.splitlines() if re.match(r"(rollout|warning): ", x)]
    for m in chosen:
        assert any(f"{m.path}:{wanted_line(m, files)}:" in x for x in messages), (m, messages)
        with open(os.path.join(directory, m.path), "w", encoding="utf-8") as f:
            f.write(files[m.path])
    assert result.returncode == 1 and len(messages) == len(chosen), messages


def report(verdicts):
    told = sum(v.told for v in verdicts)
    exact = sum(v.told and v.exact for v in verdicts)
    names = [v for v in verdicts if v.told and v.m.names]
    named = sum(v.named for v in names)
    kinds = sorted({v.m.kind for v in verdicts})
    for kind in kinds:
        mine = [v for v in verdicts if v.m.kind == kind]
        print(f"{kind:26} {len(mine):4}  told {sum(v.told for v in mine):4}  exact line {sum(v.exact for v in mine):4}")
    print(f"{len(verdicts)} mistakes of {len(kinds)} kinds: {told} told before contact "
          f"({100 * told / len(verdicts):.1f} %), of these {exact} with the exact line ({100 * exact / max(told, 1):.1f} %); "
          f"the name that was meant: {named} of {len(names)}")
    return told / len(verdicts) >= TOLD and exact / max(told, 1) >= EXACT and named == len(names)


def main():
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    files = project.files()
    todo = [m for m in mistakes.all_mistakes() if part in m.kind or part in m.path]
    for m in todo:
        wanted_line(m, files)  # each edit finds its text
    scratch = tempfile.mkdtemp()
    try:
        directories = [os.path.join(scratch, str(i)) for i in range(WORKERS)]
        for d in directories:
            project.write(d)
        began = time.monotonic()
        check_right(directories[0])
        if time.monotonic() - began > 6 and not part:
            part, todo = "every fourth", todo[::4]
        check_before_contact(directories[0], files)
        check_together(directories[0], files)
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            jobs = [pool.submit(check, d, todo[i::WORKERS], files) for i, d in enumerate(directories)]
            verdicts = [v for j in jobs for v in j.result()]
    finally:
        shutil.rmtree(scratch)
    bad = 0
    for v in sorted(verdicts, key=lambda v: todo.index(v.m)):
        problems = v.problems()
        if v.m.untold and problems == ["not told"]:
            print(f"not told, as known: {v.m.path}: {v.m.kind}: {v.m.untold}")
            continue
        if v.m.untold and not problems:
            problems = ["is told, but was said not to be"]
        if problems:
            bad += 1
            print(f"WRONG {v.m.kind}: {v.m.path}: {v.m.old!r} -> {v.m.new!r}: {'; '.join(problems)}")
        if problems or os.environ.get("MISTAKES_SHOW"):
            print("      " + "\n      ".join(v.output.strip().splitlines()[:4]))
    good = report(verdicts)
    if not part and (len(todo) < 200 or len({m.kind for m in todo}) < 12):
        sys.exit("too few mistakes")
    sys.exit(0 if good and not bad else 1)


if __name__ == "__main__":
    main()
