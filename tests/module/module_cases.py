"""What test_cases.py and ../oracle/test_modules.py share: reading the cases,
making them with rollout or with Ansible, and looking at what came of it."""
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections import Counter

from private_machine import PrivateMachine

try:
    import yaml
except ImportError:
    print("python3-yaml is not installed")
    sys.exit(77)

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
KEYS = {"name", "setup", "args", "check", "changed", "fails", "always", "unpredicted", "differs",
        "ignore", "environment", "shows", "machine", "refused"}
HEAD_KEYS = {"ignore", "differs", "needs", "collection", "machine", "apart"}
BACKUP = re.compile(r"\.\d+\.\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d~")

CALLBACK = '''
import json, os
from ansible.plugins.callback import CallbackBase
class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "cases"
    def keep(self, result, **more):
        with open(os.environ["CASES_RESULTS"], "a") as f:
            f.write(json.dumps([result._task.get_name(), dict(result._result, **more)]) + "\\n")
    def v2_runner_on_ok(self, result):
        self.keep(result)
    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.keep(result, failed=True)
    def v2_runner_on_skipped(self, result):
        self.keep(result, skipped=True)
    def v2_runner_on_unreachable(self, result):
        self.keep(result)
'''


class Case:
    def __init__(self, module, given, common):
        unknown = set(given) - KEYS
        if unknown:
            sys.exit(f"{module}: unknown keys {sorted(unknown)} in {given.get('name')}")
        self.module = module
        self.name = given["name"]
        self.setup = given.get("setup")
        self.args = given.get("args", {})
        self.check = given.get("check")
        self.fails = given.get("fails")
        self.refused = given.get("refused")
        self.changed = given.get("changed", self.fails is None and self.refused is None)
        self.always = given.get("always")
        self.unpredicted = given.get("unpredicted")
        self.differs = given.get("differs") or common.get("differs")
        self.ignore = set(given.get("ignore", [])) | set(common.get("ignore", []))
        self.environment = given.get("environment")
        self.shows = given.get("shows")
        self.apart = tuple(common.get("apart", []))
        self.machine = given.get("machine") or common.get("machine")
        self.collection = common.get("collection")
        self.root = None  # set by Bed

    def key(self):
        return f"{self.module}: {self.name}"

    def digest(self):
        """Of all that an answer depends on."""
        text = json.dumps([self.module, self.setup, self.args, self.environment, self.shows], sort_keys=True)
        return hashlib.sha1(text.encode()).hexdigest()[:16]

    def fill(self, v):
        if isinstance(v, str):
            return v.replace("@", self.root)
        if isinstance(v, dict):
            return {k: self.fill(x) for k, x in v.items()}
        if isinstance(v, list):
            return [self.fill(x) for x in v]
        return v


def machine():
    """A private one, or None where that is not allowed."""
    try:
        return PrivateMachine()
    except OSError as e:
        print(f"no private machine: {e}")
        return None


def load(arguments, private):
    """The cases that the command line asks for. `private`: there is a machine."""
    wanted, names, words = [], [], list(arguments)
    while words:
        word = words.pop(0)
        if word == "-k":
            names.append(words.pop(0))
        else:
            wanted.append(word)
    cases = []
    for file in sorted(os.listdir(os.path.join(HERE, "cases"))):
        if not file.endswith(".yml") or (wanted and not any(w in file for w in wanted)):
            continue
        with open(os.path.join(HERE, "cases", file), encoding="utf-8") as f:
            documents = list(yaml.safe_load_all(f))
        common = documents[0]["module"] if len(documents) > 1 else {}
        if set(common) - HEAD_KEYS:
            sys.exit(f"{file}: unknown keys {sorted(set(common) - HEAD_KEYS)}")
        lacks = [n for n in str(common.get("needs", "")).split() if not shutil.which(n)]
        if lacks:
            print(f"{file}: left out, {lacks[0]} is not installed")
            continue
        module = file[:-len(".yml")]
        cases += [Case(module, g, common) for g in documents[-1]]
    if not private:
        print(f"left out: {len([c for c in cases if c.machine])} cases of a private machine")
        cases = [c for c in cases if not c.machine]
    if len({c.key() for c in cases}) != len(cases):
        sys.exit("two cases have one name: " + str([k for k, n in Counter(c.key() for c in cases).items() if n > 1]))
    return [c for c in cases if not names or any(n in c.name for n in names)]


class Bed:
    """A folder for each case; the same paths for whoever makes the calls."""

    def __init__(self, cases, private):
        self.cases, self.private = cases, private
        self.dir = private.dir if private else tempfile.mkdtemp(prefix="rollout-cases-")
        os.makedirs(self.dir, exist_ok=True)
        os.chmod(self.dir, 0o755)
        for i, c in enumerate(cases):
            slug = re.sub("[^a-z0-9]+", "_", c.name.lower())
            c.root = f"{self.dir}/root/{c.module}.{slug}"
            c.task = f"case {i:03d}"

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    def set_up(self):
        shutil.rmtree(f"{self.dir}/root", ignore_errors=True)
        if self.private:
            self.private.reset()
        for c in self.cases:
            os.makedirs(c.root)
            if c.setup:
                subprocess.run(["/bin/sh", "-ec", "umask 022\n" + c.fill(c.setup)], cwd=c.root, check=True)

    def write_role(self, cases):
        role = f"{self.dir}/project/roles/cases/tasks"
        os.makedirs(role, exist_ok=True)
        tasks = []
        for c in cases:
            task = {"name": c.task, c.module: c.fill(c.args), "ignore_errors": True}
            if c.environment:
                task["environment"] = c.fill(c.environment)
            tasks.append(task)
        with open(f"{role}/main.yml", "w", encoding="utf-8") as f:
            yaml.safe_dump(tasks, f, sort_keys=False)
        for name, text in {
                "inventory.yaml": "all: {hosts: {localhost: {ansible_connection: local, "
                                  "ansible_python_interpreter: /usr/bin/python3}}}\n",
                "site.roles": "roles:\n  cases: {hosts: localhost, gather_facts: false}\n",
                "play.yml": "- {hosts: localhost, gather_facts: false, roles: [cases]}\n",
                "callback/cases.py": CALLBACK}.items():
            path = f"{self.dir}/project/{name}"
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)

    def environment(self, **more):
        env = {k: v for k, v in os.environ.items() if not k.startswith("ANSIBLE_")}
        env.update(HOME=f"{self.dir}/home", LC_ALL="C.UTF-8", **more)
        os.makedirs(env["HOME"], exist_ok=True)
        return env

    def rollout(self, *options):
        """Task name → result."""
        results = self.run_rollout([c for c in self.cases if c.refused is None], *options)
        for c in self.cases:
            if c.refused is not None:
                results[c.task] = self.refusal(c)
        return results

    def refusal(self, case):
        """Of arguments that no host is asked about."""
        done = self.start_rollout([case])
        said = done.stdout + done.stderr
        if done.returncode == 0 or '"event":"result"' in done.stdout.replace(" ", ""):
            return {"failed": False, "msg": f"it was not refused: {said}"}
        return {"failed": True, "msg": said, "refused": True}

    def start_rollout(self, cases, *options):
        self.write_role(cases)
        program = os.environ.get("ROLLOUT", f"{SOURCE}/build/release/rollout")
        return subprocess.run([program, "-i", "inventory.yaml", "site.roles", "--json", *options],
                              cwd=f"{self.dir}/project", env=self.environment(), text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=600, umask=0o022)

    def run_rollout(self, cases, *options):
        if not cases:
            return {}
        done, results = self.start_rollout(cases, *options), {}
        for line in done.stdout.splitlines():
            event = json.loads(line)
            if event["event"] == "result":
                results[event["task"]] = dict(event["result"], status=event["status"]) \
                    if event["status"] == "unknown" else event["result"]
        if not results:
            sys.exit(f"rollout ended with {done.returncode}: {done.stderr}")
        return results

    def ansible(self, cases):
        self.write_role(cases)
        results = f"{self.dir}/results"
        if os.path.exists(results):
            os.unlink(results)
        env = self.environment(CASES_RESULTS=results, ANSIBLE_CALLBACK_PLUGINS="callback",
                               ANSIBLE_STDOUT_CALLBACK="cases", ANSIBLE_RETRY_FILES_ENABLED="0",
                               ANSIBLE_LOCALHOST_WARNING="false", ANSIBLE_PIPELINING="1")
        if os.environ.get("ORACLE_COLLECTIONS"):
            env["ANSIBLE_COLLECTIONS_PATH"] = os.environ["ORACLE_COLLECTIONS"]
        done = subprocess.run(["ansible-playbook", "-i", "inventory.yaml", "play.yml"],
                              cwd=f"{self.dir}/project", env=env, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=3000, umask=0o022)
        if not os.path.exists(results):
            sys.exit(f"ansible-playbook ended with {done.returncode}: {done.stdout}{done.stderr}")
        with open(results, encoding="utf-8") as f:
            lines = [json.loads(line) for line in f]
        return {re.sub("^cases : ", "", name): result for name, result in lines}


def tree(root):
    """Path → what is there, of all that is below root."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            st = os.lstat(path)
            what = [stat.filemode(st.st_mode), f"{st.st_uid}:{st.st_gid}"]
            if stat.S_ISLNK(st.st_mode):
                what.append(os.readlink(path))
            elif stat.S_ISREG(st.st_mode):
                with open(path, "rb") as f:
                    what.append(hashlib.sha1(f.read()).hexdigest())
            found[BACKUP.sub(".BACKUP", os.path.relpath(path, root))] = what
    return found


def is_changed(result):
    return bool(result.get("changed"))


def is_failed(result):
    return bool(result.get("failed"))


class Report:
    def __init__(self):
        self.bad = 0

    def problem(self, case, text):
        self.bad += 1
        print(f"FAILED  {case.module}: {case.name}: {text}")

    def end(self, cases, what):
        print(f"{len(cases)} {what}, {self.bad} problems")
        sys.exit(1 if self.bad or not cases else 0)
