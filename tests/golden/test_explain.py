#!/usr/bin/env python3
"""`rollout inventory --host H --explain` with layered inventories, in YAML and in INI:
each level that counts before a run defines a variable of its own and those of all
levels above it. What won, what lost, in which order, and the exact place of each:
the variable's name stands there. Where ansible-inventory is installed, it agrees on
the value that won.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROLLOUT = os.environ.get("ROLLOUT", os.path.join(HERE, "../../build/release/rollout"))

# low to high, as Ansible's "Understanding variable precedence" has them
LEVELS = [
    ("group all", "hosts"),
    ("group dc", "hosts"),
    ("group web", "hosts"),
    ("group alpha", "hosts"),  # of web's depth, before it in the alphabet, of a higher priority
    ("group_vars/all", "inventory/group_vars/all/10.yml"),
    ("group_vars/all", "inventory/group_vars/all/20.yml"),
    ("group_vars/all", "play/group_vars/all.yml"),
    ("group_vars/dc", "inventory/group_vars/dc.yml"),
    ("group_vars/web", "inventory/group_vars/web"),
    ("group_vars/alpha", "inventory/group_vars/alpha.json"),
    ("group_vars/dc", "play/group_vars/dc.yml"),
    ("group_vars/alpha", "play/group_vars/alpha/main.yaml"),
    ("host", "hosts"),
    ("host_vars", "inventory/host_vars/h1.yml"),
    ("host_vars", "play/host_vars/h1.yml"),
    ("extra vars (-e)", "extra.yml"),
]
COUNT = len(LEVELS)


def names(level):
    return [f"v{i:02d}" for i in range(level, COUNT)]


def pairs(level):
    return {v: f"from {level}" for v in names(level)}


def yaml_vars(level, indent):
    return "".join(f"{' ' * indent}{k}: {v}\n" for k, v in pairs(level).items())


def yaml_inventory():
    return (f"all:\n  vars:\n{yaml_vars(0, 4)}  children:\n"
            f"    dc:\n      vars:\n{yaml_vars(1, 8)}      children:\n"
            f"        web:\n          vars:\n{yaml_vars(2, 12)}          hosts:\n"
            f"            h1:\n{yaml_vars(12, 14)}"
            f"        alpha:\n          vars:\n            ansible_group_priority: 10\n{yaml_vars(3, 12)}"
            f"          hosts: {{h1: }}\n")


def ini_inventory():
    def section(name, level):
        return f"[{name}:vars]\n" + "".join(f"{k} = {v}\n" for k, v in pairs(level).items())
    host = " ".join(f"{k}='{v}'" for k, v in pairs(12).items())
    return (f"[web]\nh1 {host}\n[alpha]\nh1\n[dc:children]\nweb\nalpha\n" + section("all", 0) + section("dc", 1) +
            section("web", 2) + "[alpha:vars]\nansible_group_priority=10\n" + section("alpha", 3).split("\n", 1)[1])


def write(directory, form):
    hosts = "inventory/hosts.yml" if form == "yaml" else "inventory/hosts"
    texts = {hosts: yaml_inventory() if form == "yaml" else ini_inventory()}
    for level, (_, path) in enumerate(LEVELS):
        if path == "hosts":
            continue
        texts[path] = json.dumps(pairs(level), indent=1) if path.endswith(".json") else "---\n# level\n" + yaml_vars(level, 0)
    for path, text in texts.items():
        full = os.path.join(directory, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as f:
            f.write(text)
    return hosts


def output(directory, *command):
    env = dict(os.environ, HOME=directory, LC_ALL="C.UTF-8")
    env.pop("ANSIBLE_CONFIG", None)
    r = subprocess.run(command, cwd=directory, env=env, text=True, capture_output=True, timeout=600, check=False)
    assert r.returncode == 0, f"{command}: {r.stdout}{r.stderr}"
    return r.stdout


def name_at(directory, origin):
    """What stands at the place, up to the name's length."""
    with open(os.path.join(directory, origin["file"]), encoding="utf-8") as f:
        line = f.read().splitlines()[origin["line"] - 1]
    return line[origin["column"] - 1:].lstrip("\"'")[:3]


def check_variable(directory, hosts, own, origins):
    expected = [i for i in range(COUNT) if i <= own]
    assert len(origins) == len(expected), f"v{own:02d}: {[o['level'] for o in origins]}"
    for level, origin in zip(reversed(expected), origins):
        want, path = LEVELS[level]
        where = f"v{own:02d}, level {level}"
        assert origin["level"] == want, f"{where}: {origin['level']} instead of {want}"
        assert origin["outcome"] == ("won" if level == own else "lost"), f"{where}: {origin['outcome']}"
        assert origin["value"] == f"from {level}", f"{where}: {origin['value']}"
        assert origin["playbook"] == path.startswith("play/"), where
        file = hosts if path == "hosts" else path
        assert origin["file"].endswith(file), f"{where}: {origin['file']} instead of {file}"
        assert name_at(directory, origin) == f"v{own:02d}", f"{where}: {origin['file']}:{origin['line']}:{origin['column']}"


def check(directory, form):
    hosts = write(directory, form)
    common = ["-i", "inventory", "--playbook-dir", "play", "-e", "@extra.yml"]
    explain = [ROLLOUT, "inventory", *common, "--host", "h1", "--explain"]
    told = json.loads(output(directory, *explain, "--json"))
    for own in range(COUNT):
        check_variable(directory, hosts, own, told[f"v{own:02d}"])
    text = output(directory, *explain, "v15", "v03")
    for origin in told["v15"] + told["v03"]:
        file = os.path.relpath(origin["file"], directory) if os.path.isabs(origin["file"]) else origin["file"]
        place = f"{file}:{origin['line']}:{origin['column']}"
        assert place in text, f"{place} is not in\n{text}"
    if not shutil.which("ansible-inventory"):
        return
    theirs = json.loads(output(directory, "ansible-inventory", *common, "--host", "h1"))
    for own in range(COUNT):
        won = told[f"v{own:02d}"][0]["value"]
        assert theirs[f"v{own:02d}"] == won, f"v{own:02d}: {won}, ansible-inventory says {theirs[f'v{own:02d}']}"


def check_secrets():
    """What is encrypted inside of a mapping is shown in neither form."""
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(directory, "hosts.yml"), "w", encoding="utf-8") as f:
            f.write("all:\n  hosts:\n    h1:\n      d:\n        user: jane\n        password: !vault |\n"
                    "          $ANSIBLE_VAULT;1.1;AES256\n          616263\n")
        explain = [ROLLOUT, "inventory", "-i", "hosts.yml", "--host", "h1", "--explain", "d"]
        for text in output(directory, *explain), output(directory, *explain, "--json"):
            assert "jane" in text and "********" in text and "VAULT" not in text, text


def main():
    check_secrets()
    for form in ("yaml", "ini"):
        directory = os.path.realpath(tempfile.mkdtemp())
        try:
            check(directory, form)
        except AssertionError as e:
            sys.exit(f"{form}: {e}")
        finally:
            shutil.rmtree(directory)
    print(f"{COUNT} levels, in YAML and INI: each place is right")


if __name__ == "__main__":
    main()
