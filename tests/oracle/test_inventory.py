#!/usr/bin/env python3
"""Inventories read by ansible-inventory and by rollout: the same answers?

The cases are those of tests/golden/inventory/*.case (basic.case tells their form).
For each: --list, --list --export, --list --yaml, --graph, --graph --vars, and
--host of every host, in JSON. Ansible runs in this process, a fork for each case.

Arguments: cases to run alone, by a part of their names. -v shows all differences.
"""
import difflib
import glob
import json
import os
import shlex
import subprocess
import sys
import tempfile

try:
    import ansible.constants as C
    from ansible import context
    from ansible.cli.inventory import InventoryCLI
    from ansible.utils.context_objects import CLIArgs
    from ansible.utils.display import Display
except ImportError:
    if sys.executable != "/usr/bin/python3" and os.access("/usr/bin/python3", os.X_OK):
        os.execv("/usr/bin/python3", ["/usr/bin/python3", __file__] + sys.argv[1:])
    print("no ansible-core here")
    sys.exit(77)
import yaml

ROOT = os.environ.get("ROLLOUT_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROLLOUT = os.environ.get("ROLLOUT") or os.path.join(ROOT, "build/release/rollout")
QUERIES = {
    "list": ["--list"],
    "export": ["--list", "--export"],
    "yaml": ["--list", "--yaml"],
    "graph": ["--graph"],
    "vars": ["--graph", "--vars"],
}


def cases():
    case = None
    for path in sorted(glob.glob(os.path.join(ROOT, "tests/golden/inventory/*.case"))):
        for line in open(path, encoding="utf-8"):
            if line.startswith("=== "):
                if case:
                    yield case
                case = {"name": line[4:].strip(), "args": ["-i", "hosts"], "config": {},
                        "files": {}, "programs": set()}
                current = None
            elif line.startswith("--- ") and case:
                words = line.split()
                current = case["files"][words[1]] = []
                if words[2:] == ["+x"]:
                    case["programs"].add(words[1])
            elif case and current is not None:
                current.append(line.replace("<CR>", "\r"))
            elif case and line.startswith("args "):
                case["args"] = shlex.split(line[5:], posix=False)
            elif case and line.startswith("config "):
                key, value = line[7:].strip().split("=", 1)
                case["config"][key] = value
        if case:
            yield case
        case = None


def lay(case, folder):
    for name, lines in case["files"].items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        text = "".join(lines)
        while text.endswith("\n\n"):
            text = text[:-1]
        with open(path, "w", encoding="utf-8", newline="") as f:
            f.write(text)
        if name in case["programs"]:
            os.chmod(path, 0o755)


def ask_ansible(case, query):
    """What ansible-inventory prints, or None where it fails."""
    printed = []
    Display.display = lambda self, msg, *a, stderr=False, **k: printed.append(msg) if not stderr else None
    Display.warning = lambda self, *a, **k: None
    try:
        InventoryCLI(["ansible-inventory"] + case["args"] + query).run_parsed()
    except SystemExit as e:
        if e.code:
            return None
    except Exception as e:  # whatever: it refused
        return "FAILED: %s" % e
    return "\n".join(printed)


def run_parsed(self):
    self.parse()
    self.run()


def remember(options):
    context.CLIARGS = CLIArgs.from_options(options)


def ansible_answers(case):
    """In a fork, for Ansible's caches."""
    readable, writable = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(readable)
        if case["config"].get("hash_behaviour"):
            C.DEFAULT_HASH_BEHAVIOUR = case["config"]["hash_behaviour"]
        answers = {name: ask_ansible(case, q) for name, q in QUERIES.items()}
        hosts = []
        try:
            listed = json.loads(answers["list"])
            hosts = sorted({h for k, g in listed.items() if k != "_meta" for h in g.get("hosts", [])})
        except (TypeError, ValueError):
            pass
        for h in hosts:
            answers["host " + h] = ask_ansible(case, ["--host", h])
        with os.fdopen(writable, "w") as f:
            json.dump(answers, f)
        os._exit(0)
    os.close(writable)
    with os.fdopen(readable) as f:
        text = f.read()
    os.waitpid(pid, 0)
    return json.loads(text)


def ask_rollout(case, query):
    words = [ROLLOUT, "inventory"] + case["args"] + query
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
    if case["config"].get("hash_behaviour"):
        env["ANSIBLE_HASH_BEHAVIOUR"] = case["config"]["hash_behaviour"]
    done = subprocess.run(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          encoding="utf-8", timeout=60, check=False)
    return done.stdout if done.returncode == 0 else "FAILED: " + done.stderr


def normal(name, text):
    """Comparable: parsed, where it is JSON or YAML; NaN and tuples are not in the cases."""
    if text is None or text.startswith("FAILED"):
        return text
    try:
        if name == "yaml":
            return json.dumps(yaml.safe_load(text), indent=1, sort_keys=True, ensure_ascii=False)
        if name in ("list", "export") or name.startswith("host "):
            return json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False)
    except (ValueError, yaml.YAMLError) as e:
        return "NOT PARSED (%s): %s" % (e, text)
    return text.rstrip("\n")


def main():
    verbose = "-v" in sys.argv
    only = [a for a in sys.argv[1:] if a != "-v"]
    context._init_global_context = remember
    InventoryCLI.run_parsed = run_parsed
    ran = asked = bad = 0
    for case in cases():
        if only and not any(o in case["name"] for o in only):
            continue
        ran += 1
        with tempfile.TemporaryDirectory() as folder:
            lay(case, folder)
            os.chdir(folder)
            for name, theirs in ansible_answers(case).items():
                query = QUERIES.get(name) or ["--host", name[5:], "--json"]
                asked += 1
                want, got = normal(name, theirs), normal(name, ask_rollout(case, query))
                if want == got:
                    continue
                bad += 1
                print("%s: %s differs (- ansible, + rollout)" % (case["name"], name))
                diff = difflib.unified_diff(str(want).splitlines(), str(got).splitlines(),
                                            lineterm="", n=2)
                print("\n".join(list(diff)[2:][:None if verbose else 12]))
            os.chdir("/")
    print("%d inventories, %d answers" % (ran, asked))
    print("%d passed, %d failed" % (asked - bad, bad))
    return 1 if bad or not ran else 0


sys.exit(main())
