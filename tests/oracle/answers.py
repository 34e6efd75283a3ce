"""What ansible-core answered to the cases of ../module/cases, in answers.json:
one line for each case."""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../module"))
from module_cases import BACKUP, is_changed, is_failed, tree  # noqa: E402

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "answers.json")
# Of every module: what is about the moment, or about Ansible itself.
NEVER = {"invocation", "diff", "backup_file", "deprecations", "warnings", "start", "end", "delta", "failed",
         "changed", "exception", "secontext", "atime", "ctime", "mtime", "inode", "dev", "ansible_facts",
         "_ansible_no_log", "_ansible_parsed", "_ansible_verbose_always"}
VOLATILE = {"atime", "ctime", "mtime", "inode", "dev", "version"}
# Of stat: not among what a host is asked for; get_mime and get_attributes are accepted only.
NOT_THERE = {"blocks", "block_size", "device_type", "mimetype", "charset", "attributes", "attr_flags"}
TEMPORARY = "/.ansible/tmp/"


def steady(v):
    """Without what differs from one moment to the next."""
    if isinstance(v, dict):
        return {k: steady(x) for k, x in v.items() if k not in VOLATILE | NOT_THERE}
    if isinstance(v, list) and all(isinstance(x, dict) and "path" in x for x in v):
        return sorted((steady(x) for x in v), key=lambda x: x["path"])
    if isinstance(v, list):
        return [steady(x) for x in v]
    return BACKUP.sub(".BACKUP", v) if isinstance(v, str) else v


def since(before, after):
    """What a call made of a folder: what it left alone is told as that."""
    return {path: "as before" if before.get(path) == what else what for path, what in after.items()}


def shown(case):
    if not case.shows:
        return None
    done = subprocess.run(["/bin/sh", "-c", case.fill(case.shows)], cwd=case.root, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout.replace(case.root, "@")


def answer(case, result, before):
    """As it is kept and compared."""
    fields = {k: steady(v) for k, v in result.items() if k not in NEVER}
    fields = {k: v for k, v in fields.items() if not (isinstance(v, str) and TEMPORARY in v)}
    kept = {"failed": is_failed(result), "changed": is_changed(result), "skipped": bool(result.get("skipped")),
            "msg": str(result.get("msg", "")) if is_failed(result) else None,
            "result": {} if is_failed(result) else fields,
            "tree": {path: what for path, what in since(before[case.task], tree(case.root)).items()
                     if path.split("/")[0] not in case.apart},
            "shows": shown(case)}
    return json.loads(json.dumps(kept).replace(json.dumps(case.root)[1:-1], "@"))


class Answers:
    def __init__(self):
        self.version, self.at = None, {}
        if os.path.exists(PATH):
            with open(PATH, encoding="utf-8") as f:
                kept = json.load(f)
            self.version, self.at = kept["ansible-core"], kept["answers"]

    def of(self, case):
        """None: it was never asked, or the case is another since."""
        kept = self.at.get(case.key())
        return kept if kept and kept["case"] == case.digest() else None

    def put(self, case, given):
        self.at[case.key()] = dict(given, case=case.digest())

    def write(self, version, cases):
        """`cases` are all that there are; others are forgotten."""
        keys = {c.key() for c in cases}
        lines = [f"{json.dumps(k)}: {json.dumps(self.at[k], sort_keys=True)}" for k in sorted(self.at) if k in keys]
        with open(PATH + ".new", "w", encoding="utf-8") as f:
            f.write(f'{{"ansible-core": {json.dumps(version)}, "answers": {{\n' + ",\n".join(lines) + "\n}}\n")
        os.replace(PATH + ".new", PATH)


def ansible_version():
    done = subprocess.run(["ansible", "--version"], text=True, stdout=subprocess.PIPE, check=True)
    return re.search(r"core (\S+?)\]", done.stdout)[1]
