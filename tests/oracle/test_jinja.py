#!/usr/bin/python3
"""Expressions, strings and templates through Jinja2 as Ansible has it and through rollout.

jinja/cases/*.expr   one expression a line, compared by value
jinja/cases/*.str    one string of a playbook a line ("\\n" is a newline), compared by value
jinja/cases/*.text   template files, each below a line "=== name", compared by text
    # …              a comment, at the beginning of a line
    #needs MODULE    left out where Python has no such module (Debian's packages ansible, python3-jmespath,
                     python3-netaddr and python3-passlib have them)
    = A ;; B ;; C    the lines that follow are run with each of these in the place of $
jinja/known          cases that differ, below the reason ("# …") why: SUBJECT: CASE
jinja/vars.json      the variables; jinja/files: the folder of lookups and includes

A case agrees when both refuse it, or both give the same. Fails when a case
differs that is not known, or a known one agrees.
Arguments: parts of subjects' names to run alone; -v prints what differs and is known.
"""
import collections
import datetime
import importlib
import json
import os
import resource
import subprocess
import sys
import warnings

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "jinja")
files = os.path.join(here, "files")
os.environ.update(TZ="UTC", HOME="/root-of-tests", LC_ALL="C.UTF-8", ORACLE_WORD="from the environment",
                  ANSIBLE_JINJA2_EXTENSIONS="jinja2.ext.do,jinja2.ext.loopcontrols",
                  ANSIBLE_DEPRECATION_WARNINGS="0", ANSIBLE_SYSTEM_WARNINGS="0",
                  ANSIBLE_LOCAL_TEMP="/tmp", ANSIBLE_NOCOLOR="1", ANSIBLE_LOCALHOST_WARNING="0")
warnings.simplefilter("ignore")
try:
    import ansible.release
    from ansible.parsing.dataloader import DataLoader
    from ansible.plugins.loader import init_plugin_loader
except ImportError:
    init_plugin_loader = None
try:
    from ansible.template import AnsibleEnvironment, Templar
    from ansible.utils.display import Display
    import jinja2
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

Display.warning = Display.deprecated = lambda *args, **kwargs: None


class Undefined(Exception):
    pass


def plain(value, depth=0):
    """The value with builtin types alone, as both sides can be compared."""
    if isinstance(value, jinja2.Undefined):
        raise Undefined(str(value._undefined_message))
    if depth > 100:
        raise ValueError("too deep")
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, tuple):
        return tuple(plain(v, depth + 1) for v in value)
    if isinstance(value, collections.abc.Mapping):
        return {plain(k, depth + 1): plain(v, depth + 1) for k, v in value.items()}
    if isinstance(value, (list, set, frozenset, range, collections.abc.ValuesView, collections.abc.KeysView,
                          collections.abc.ItemsView, collections.abc.Iterator)):
        return [plain(v, depth + 1) for v in value]
    return str(value)


class Oracle:
    def __init__(self, variables):
        loader = DataLoader()
        loader.set_basedir(files)
        self.variables = json.dumps(variables)
        self.plain = Templar(loader=loader, variables={})
        self.files = self.plain.copy_with_new_env(
            environment_class=AnsibleEnvironment, searchpath=[os.path.join(files, "templates"), files],
            newline_sequence="\n", trim_blocks=True, lstrip_blocks=False)

    def fresh(self, templar):
        """A case may change lists in place."""
        self.plain.available_variables = self.files.available_variables = dict(
            json.loads(self.variables), ansible_search_path=[files])
        return templar

    def expr(self, text):
        kept = []
        templar = self.fresh(self.plain)
        templar.environment.globals["keep_value"] = lambda *args: kept.append(args[0]) or ""
        templar.do_template("{{ keep_value((" + text + ")) }}", escape_backslashes=False)
        return plain(kept[0])

    def string(self, text):
        return plain(self.fresh(self.plain).template(text))

    def text(self, text):
        return plain(self.fresh(self.files).do_template(text, preserve_trailing_newlines=True,
                                                        escape_backslashes=False))

    def run(self, mode, text):
        try:
            return True, getattr(self, mode)(text)
        except RecursionError:
            return False, "recursion"
        except Exception as error:
            return False, f"{type(error).__name__}: {error}"


def read_lines(path):
    inputs = [None]
    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n")
        if not line or (line.startswith("#") and not line.startswith("#jinja2")):
            continue
        if line.startswith("= "):
            inputs = line[2:].split(" ;; ")
        elif line == "=":
            inputs = [None]
        else:
            for value in inputs:
                case = line if value is None else line.replace("$", value)
                yield case, case


def read_blocks(path):
    name, lines = None, []
    for line in open(path, encoding="utf-8"):
        if line.startswith("=== "):
            if name:
                yield name, "".join(lines)
            name, lines = line[4:].strip(), []
        elif name:
            lines.append(line)
    if name:
        yield name, "".join(lines)


def needed(path):
    with open(path, encoding="utf-8") as source:
        for line in source:
            if line.startswith("#needs "):
                yield line.split()[1]


def available(module):
    try:
        importlib.import_module(module)
        return True
    except ImportError:
        return False


def cases(only):
    folder = os.path.join(here, "cases")
    for name in sorted(os.listdir(folder)):
        subject, kind = name.rsplit(".", 1)
        path = os.path.join(folder, name)
        if only and not any(part in subject for part in only):
            continue
        missing = [module for module in needed(path) if not available(module)]
        if missing:
            print(f"{subject}: left out, there is no {missing[0]}")
            continue
        mode = {"expr": "expr", "str": "string", "text": "text"}[kind]
        for title, text in (read_blocks if mode == "text" else read_lines)(path):
            yield subject, title, mode, text.replace("\\n", "\n") if mode == "string" else text


def read_known():
    known = set()
    for line in open(os.path.join(here, "known"), encoding="utf-8"):
        line = line.rstrip("\n")
        if line and not line.startswith("#"):
            known.add(tuple(line.split(": ", 1)))
    return known


def normal(value):
    """Without what cannot agree: floats' last digits."""
    if isinstance(value, float):
        return float(f"{value:.12g}")
    if isinstance(value, (list, tuple)):
        return type(value)(normal(v) for v in value)
    if isinstance(value, dict):
        return {k: normal(v) for k, v in value.items()}
    return value


def as_text(value):
    """Numbers keep their type in rollout's strings, Ansible makes text of them."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def agree(mode, ours, theirs):
    if "error" in ours or not theirs[0]:
        return "error" in ours and not theirs[0]
    try:
        mine = eval(ours["ok"], {"__builtins__": {}}, {"inf": float("inf"), "nan": float("nan")})
    except Exception:
        return ours["ok"] == repr(theirs[1])
    want = theirs[1]
    if mode == "string":
        mine, want = as_text(mine), as_text(want)
    return repr(normal(mine)) == repr(normal(want))


def main():
    if init_plugin_loader:
        init_plugin_loader([p for p in os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(":") if p])
    verbose = "-v" in sys.argv
    only = [arg for arg in sys.argv[1:] if arg != "-v"]
    program = os.path.join(os.environ.get("ROLLOUT_BINARY_DIR", os.path.join(here, "../../../build/release")),
                           "oracle_jinja")
    with open(os.path.join(here, "vars.json"), encoding="utf-8") as source:
        oracle = Oracle(json.load(source))
    known, met = read_known(), set()
    count = agreed = bad = 0
    todo = list(cases(only))
    requests = "".join(json.dumps({"mode": mode, "text": text}) + "\n" for _, _, mode, text in todo)
    answers = subprocess.run([program, os.path.join(here, "vars.json"), files], input=requests, text=True,
                             stdout=subprocess.PIPE, check=False)
    replies = answers.stdout.splitlines()
    if answers.returncode != 0 or len(replies) != len(todo):
        print(f"rollout ends with {answers.returncode} at: {todo[min(len(replies), len(todo) - 1)]}")
        return 1
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))  # Python has no bounds of its own
    for (subject, title, mode, text), reply in zip(todo, replies):
        ours, theirs = json.loads(reply), oracle.run(mode, text)
        count += 1
        is_known = (subject, title) in known
        if is_known:
            met.add((subject, title))
        same = agree(mode, ours, theirs)
        agreed += same
        if same == is_known or (not same and verbose):
            bad += same == is_known
            note = "known, but agrees" if same and is_known else "differs"
            print(f"{subject}: {title}\n    {note}\n    ansible {repr(theirs[1]) if theirs[0] else 'refuses: ' + theirs[1].splitlines()[0][:300]}"
                  f"\n    rollout {ours.get('ok', 'refuses: ' + ours.get('error', ''))[:600]}")
    subjects = {case[0] for case in todo}
    for subject, title in sorted(known - met):
        if subject in subjects:
            print(f"{subject}: {title}\n    is known, but there is no such case")
            bad += 1
    print(f"{count} cases, {agreed} agree ({100 * agreed / max(count, 1):.2f} %), "
          f"{count - agreed} differ, {bad} of them unexpectedly")
    return 1 if bad or not count else 0


if __name__ == "__main__":
    sys.exit(main())
