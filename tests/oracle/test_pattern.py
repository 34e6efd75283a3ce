#!/usr/bin/env python3
"""Host patterns: the hosts that Ansible finds and those that rollout finds, in order.

Written ones, and some hundred put together by chance (the same ones each time). Where
Ansible warns that a name matches nothing, rollout must warn too, and refuse what it refuses.
"""
import os
import random
import re
import subprocess
import sys
import tempfile

try:
    from ansible.errors import AnsibleError
    from ansible.inventory.manager import InventoryManager
    from ansible.parsing.dataloader import DataLoader
    from ansible.utils.display import Display
except ImportError:
    if sys.executable != "/usr/bin/python3" and os.access("/usr/bin/python3", os.X_OK):
        os.execv("/usr/bin/python3", ["/usr/bin/python3", __file__] + sys.argv[1:])
    print("no ansible-core here")
    sys.exit(77)

ROOT = os.environ.get("ROLLOUT_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROLLOUT = os.environ.get("ROLLOUT") or os.path.join(ROOT, "build/release/rollout")
INVENTORY = """\
alone.example.org
[web]
web[1:4]
[db]
db-[a:c]
[east]
web1
db-a
10.0.0.1
[site:children]
web
db
[web2]
db-b
[v6]
[2001:db8::1]:22
2001:db8::2
[empty]
"""
ATOMS = ["all", "*", "web", "db", "east", "site", "web1", "web2", "db-a", "empty", "ungrouped",
         "web*", "db-?", "*.example.org", "alone.example.org", "10.0.0.1", "10.*", "web[0]",
         "web[-1]", "web[1:2]", "web[2:]", "web[0:0]", "web[1:9]", "site[3]", "db[9:10]",
         "web[9]", "*[2]", "~web[13]", "~db-", "~^(web1|db-a)$", "db-[ab]", "web[!1]", "w*[1]",
         "nothere", "localhost", "127.0.0.1"]
WRITTEN = ATOMS + ["!web", "&web", "&east:!web1", "web:&east", "web,&east", "web,!web1,!web2",
                   "web:db:!db-a", " web1 , db-a ", "web1 db-a", "2001:db8::1", "2001:db8::1,web1",
                   "v6", "all:!v6", "all,!web2", "web:web1:web", "web1:web", "~web\\d:&east",
                   "web,,db", "web:", ",web", "!nothere", "web:&nothere", "empty[0]", "empty[-1]"]


def patterns():
    yield from WRITTEN
    chance = random.Random(1)
    for _ in range(300):
        parts = [chance.choice(ATOMS)]
        for _ in range(chance.randint(1, 3)):
            parts.append(chance.choice(["", "", "&", "!"]) + chance.choice(ATOMS))
        yield chance.choice(",:").join(parts)


def ask_ansible(inventory, pattern):
    warned = []
    Display.warning = lambda self, msg, *a, **k: warned.append(msg)
    inventory.clear_caches()
    try:
        hosts = [h.name for h in inventory.get_hosts(pattern)]
    except AnsibleError:
        return None
    return hosts, any("Could not match" in w for w in warned)


def ask_rollout(pattern):
    with open("site.roles", "w", encoding="utf-8") as f:
        f.write("roles:\n  one: {hosts: '%s'}\n" % pattern.replace("'", "''"))
    done = subprocess.run([ROLLOUT, "-i", "hosts", "--list-hosts", "site.roles"],
                          env={"HOME": "/nonexistent", "LC_ALL": "C.UTF-8"},
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
                          timeout=60, check=False)
    if done.returncode:
        return None
    return (re.findall(r"^      (\S+)$", done.stdout, re.M),
            "Could not match" in done.stderr)


def main():
    ran = bad = refused = warned = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.makedirs("roles/one/tasks")
        for name, text in (("hosts", INVENTORY), ("roles/one/tasks/main.yml", "- ping:\n")):
            with open(name, "w", encoding="utf-8") as f:
                f.write(text)
        inventory = InventoryManager(DataLoader(), ["hosts"])
        for pattern in patterns():
            ran += 1
            want, got = ask_ansible(inventory, pattern), ask_rollout(pattern)
            refused += want is None
            warned += bool(want and want[1])
            if want != got:
                bad += 1
                print("%r: ansible %s, rollout %s" % (pattern, want, got))
        os.chdir("/")
    print("%d patterns, Ansible refuses %d of them and warns of %d" % (ran, refused, warned))
    print("%d passed, %d failed" % (ran - bad, bad))
    return 1 if bad or not ran else 0


sys.exit(main())
