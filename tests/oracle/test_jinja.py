#!/usr/bin/python3
"""Expressions, strings and templates through Jinja2 as Ansible has it and through rollout.

jinja/cases/*.expr   one expression a line, compared by value
jinja/cases/*.str    one string of a playbook a line ("\\n" is a newline), compared by value
jinja/cases/*.text   template files, each below a line "=== name", compared by text
    # …              a comment, at the beginning of a line
    #needs MODULE    where Python has no such module, what Ansible answered when it had (jinja/answers.json) counts
    = A ;; B ;; C    the lines that follow are run with each of these in the place of $
jinja/known          cases that differ, below the reason ("# …") why: SUBJECT: CASE
jinja/vars.json      the variables; jinja/files: the folder of lookups and includes

A case agrees when both refuse it, or both give the same. Fails when a case
differs that is not known, or a known one agrees.
Arguments: parts of subjects' names to run alone; -v prints what differs and is known.

  ORACLE_COLLECTIONS  folder of ansible_collections, and of the Python modules that are needed (those of Debian's
                      packages ansible, python3-jmespath, python3-netaddr and python3-passlib)
  UPDATE_ORACLE=1     writes jinja/answers.json, where all of them are there
"""
import collections
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
if os.environ.get("ORACLE_COLLECTIONS"):
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = os.environ["ORACLE_COLLECTIONS"]
    sys.path.append(os.environ["ORACLE_COLLECTIONS"])
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
    if isinstance(value, jinja2.Undefined) and not isinstance(value, jinja2.StrictUndefined):
        return ""  # an if without else: what templates print of it
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
    if isinstance(value, bytes):
        return value.decode(errors="surrogateescape")  # what templates print of it
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
    """Subject, case, mode, text, and whether Ansible can be asked here."""
    folder = os.path.join(here, "cases")
    for name in sorted(os.listdir(folder)):
        subject, kind = name.rsplit(".", 1)
        path = os.path.join(folder, name)
        if only and not any(part in subject for part in only):
            continue
        missing = [module for module in needed(path) if not available(module)]
        if missing:
            print(f"{subject}: as recorded, there is no {missing[0]}")
        mode = {"expr": "expr", "str": "string", "text": "text"}[kind]
        for title, text in (read_blocks if mode == "text" else read_lines)(path):
            yield subject, title, mode, text.replace("\\n", "\n") if mode == "string" else text, not missing


class Recorded:
    """Ansible's answers to the cases that need more than ansible-core: {"ok": repr} or {"error": message}."""
    path = os.path.join(here, "answers.json")

    def __init__(self):
        self.at = {}
        if os.path.exists(self.path):
            with open(self.path, encoding="utf-8") as source:
                self.at = json.load(source)["answers"]

    def of(self, subject, title):
        kept = self.at.get(f"{subject}: {title}")
        if not kept:
            return None
        return ("ok" in kept, evaluated(kept["ok"]) if "ok" in kept else kept["error"])

    def put(self, subject, title, answer):
        kept = {"ok": repr(answer[1])} if answer[0] else {"error": answer[1].splitlines()[0][:120]}
        self.at[f"{subject}: {title}"] = kept

    def write(self, subjects):
        lines = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(self.at.items())
                 if k.split(": ", 1)[0] in subjects]
        head = "".join(f"{json.dumps(name)}: {json.dumps(version)},\n" for name, version in versions())
        with open(self.path, "w", encoding="utf-8") as out:
            out.write("{" + head + '"answers": {\n' + ",\n".join(lines) + "\n}}\n")


def versions():
    yield "ansible-core", ansible.release.__version__
    yield "jinja2", jinja2.__version__
    for module in ("jmespath", "netaddr", "passlib"):
        yield module, importlib.import_module(module).__version__
    for collection in ("ansible.netcommon", "ansible.utils", "community.general"):
        with open(os.path.join(os.environ["ORACLE_COLLECTIONS"], "ansible_collections", *collection.split("."),
                               "MANIFEST.json"), encoding="utf-8") as source:
            yield collection, json.load(source)["collection_info"]["version"]


def evaluated(text):
    return eval(text, {"__builtins__": {"set": set}}, {"inf": float("inf"), "nan": float("nan")})


def read_known():
    known = set()
    for line in open(os.path.join(here, "known"), encoding="utf-8"):
        line = line.rstrip("\n")
        if line and not line.startswith("#"):
            known.add(tuple(line.split(": ", 1)))
    return known


def normal(value):
    """Without what cannot agree: floats' last digits; and integers beyond 64 bits as the text that becomes of them."""
    if isinstance(value, int) and not -2 ** 63 <= value < 2 ** 63:
        return str(value)
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
        mine = evaluated(ours["ok"])
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
    known, met, recorded = read_known(), set(), Recorded()
    updates = os.environ.get("UPDATE_ORACLE")
    count = agreed = bad = 0
    todo = list(cases(only))
    apart = {name.rsplit(".", 1)[0] for name in os.listdir(os.path.join(here, "cases"))
             if list(needed(os.path.join(here, "cases", name)))}
    if updates and not all(case[4] for case in todo):
        print("there is nobody to ask")
        return 1
    requests = "".join(json.dumps({"mode": case[2], "text": case[3]}) + "\n" for case in todo)
    answers = subprocess.run([program, os.path.join(here, "vars.json"), files], input=requests, text=True,
                             stdout=subprocess.PIPE, check=False)
    replies = answers.stdout.splitlines()
    if answers.returncode != 0 or len(replies) != len(todo):
        print(f"rollout ends with {answers.returncode} at: {todo[min(len(replies), len(todo) - 1)]}")
        return 1
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))  # Python has no bounds of its own
    for (subject, title, mode, text, is_askable), reply in zip(todo, replies):
        ours = json.loads(reply)
        theirs = oracle.run(mode, text) if is_askable else recorded.of(subject, title)
        if updates and subject in apart:
            recorded.put(subject, title, theirs)
        count += 1
        if not theirs:
            print(f"{subject}: {title}\n    is not recorded")
            bad += 1
            continue
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
    if updates:
        recorded.write(apart)
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
