#!/usr/bin/env python3
"""Roles with community.hashi_vault, from outside: what reaches the host, and that no
token and no secret is in any output, event or list of processes."""
import json
import os
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = os.path.dirname(os.path.abspath(__file__))
ROLLOUT = os.path.abspath(os.environ.get("ROLLOUT", os.path.join(HERE, "../../build/release/rollout")))
TOKEN, LOGIN, PASSWORD = "s.Canary-Token-1", "s.Canary-Login-2", "Canary-Password-3"
KV, KEY, CERT = "Canary-Kv-4", "-----BEGIN KEY-----\nCanary-Key-5\n-----END KEY-----", "Canary-Certificate-6"
CANARIES = [TOKEN, LOGIN, PASSWORD, KV, "Canary-Key-5", CERT]
LIMIT_S = 300
asked = []


class Vault(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def give(self, status, answer):
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer(self):
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        token = self.headers.get("X-Vault-Token")
        asked.append(f"{self.command} {self.path}")
        if self.path == "/v1/auth/userpass/login/me" and json.loads(sent) == {"password": PASSWORD}:
            self.give(200, {"auth": {"client_token": LOGIN}})
        elif token not in (TOKEN, LOGIN):
            self.give(403, {"errors": [f"permission denied for {token}"]})
        elif self.path == "/v1/secret/data/app":
            self.give(200, {"data": {"data": {"key": KV}, "metadata": {"version": 1}}})
        elif self.path == "/v1/pki/issue/web" and json.loads(sent)["ttl"] == 5:
            self.give(200, {"data": {"certificate": CERT, "private_key": KEY}})
        elif self.path == "/v1/tells":
            self.give(418, {"errors": [f"you have {token}"]})
        elif self.path == "/v1/kv/app" and self.headers.get("X-Vault-Namespace") == "team":
            self.give(200, {"data": {"a": "one-a", "b": "one-b"}, "lease_id": "x"})
        elif self.command == "LIST" and self.path == "/v1/secret/metadata":
            self.give(200, {"data": {"keys": ["app"]}})
        else:
            self.give(404, {"errors": []})

    do_GET = do_POST = do_PUT = do_LIST = do_DELETE = answer


PLAY = """
- hosts: all
  gather_facts: false
  vars: {lifetime: 5}
  tasks:
    - name: secret
      community.hashi_vault.vault_kv2_get: {url: "{{ vault }}", token: "{{ token }}", path: app, engine_mount_point: secret}
      register: app
    - name: certificate
      community.hashi_vault.vault_write:
        url: "{{ vault }}"
        token: "{{ token }}"
        path: pki/issue/web
        data: {common_name: web, ttl: "{{ lifetime }}"}
      delegate_to: localhost
      register: web
    - {name: files, copy: {content: "{{ item.text }}", dest: "{{ here }}/{{ item.name }}", mode: "0600"},
       loop: [{name: cert, text: "{{ web.data.data.certificate }}"}, {name: kv, text: "{{ app.secret.key }}"}],
       loop_control: {label: "{{ item.name }}"}, when: web.data is defined}
    - {name: log in, vault_login: {url: "{{ vault }}", auth_method: userpass, username: me, password: "{{ password }}"}, register: login}
    - {name: with its token, vault_read: {url: "{{ vault }}", token: "{{ login.login.auth.client_token }}", path: secret/data/app}, register: read}
    - {name: shown, debug: {msg: "{{ [app, web, login, read] }}"}}
    - {name: said, command: "echo {{ app.secret.key }} {{ login.login.auth.client_token }} {{ token }}"}
    - {name: printed, command: "cat {{ here }}/kv {{ here }}/plain"}
    - {name: wrong, vault_read: {url: "{{ vault }}", token: "{{ token }}-wrong", path: secret/data/app}, ignore_errors: true, register: wrong}
    - {name: reason, debug: {var: wrong.msg}}
"""

# Each template, and what it comes to; or a part of the error.
LOOKUPS = [
    ("lookup('community.hashi_vault.vault_kv2_get', 'app', url=vault, token=token).secret.key", KV),
    ("lookup('vault_kv2_get', 'app', 'app', url=vault, token=token) | map(attribute='metadata') | list",
     [{"version": 1}, {"version": 1}]),
    ("lookup('community.hashi_vault.vault_kv1_get', 'app', namespace='team')", {
        "raw": {"data": {"a": "one-a", "b": "one-b"}, "lease_id": "x"}, "data": {"a": "one-a", "b": "one-b"},
        "secret": {"a": "one-a", "b": "one-b"}, "metadata": {"lease_id": "x"}}),
    ("query('community.hashi_vault.vault_list', 'secret/metadata')[0].data['keys']", ["app"]),
    ("lookup('community.hashi_vault.vault_read', '/secret/data/app').data.data.key", KV),
    ("lookup('community.hashi_vault.hashi_vault', 'secret=secret/data/app:key token=' ~ token ~ ' url=' ~ vault)", KV),
    ("lookup('hashi_vault', 'secret/data/app')", {"key": KV}),
    ("lookup('hashi_vault', 'secret/data/app', as='raw').data.metadata.version", 1),
    ("query('hashi_vault', 'kv/app return_format=values namespace=team')", ["one-a", "one-b"]),
    ("lookup('hashi_vault', 'kv/app:b', namespace='team')", "one-b"),
    ("lookup('hashi_vault', 'secret/data/app:key auth_method=userpass username=me', password=password)", KV),
    ("lookup('hashi_vault', 'secret/data/app:none')", "does not contain the field 'none'"),
    ("lookup('hashi_vault', 'secret/data/none')", "The secret 'secret/data/none' doesn't seem to exist."),
    ("lookup('hashi_vault', 'secret/data/app', token=token ~ 'x')",
     "Forbidden: Permission Denied to secret 'secret/data/app'."),
    ("lookup('hashi_vault', 'secret/data/app more')", "needs key=value pairs"),
    ("lookup('hashi_vault', 'x', tokn='x')", "no option 'tokn'"),
    ("lookup('hashi_vault', 'x', auth_method='aws_iam')", "auth_method 'aws_iam' is none of"),
    ("lookup('hashi_vault', 'x', auth_method='approle')", "are missing: ['role_id']"),
    ("lookup('hashi_vault', 'x', auth_method='userpass', username='me', password='no')", "permission denied"),
    ("lookup('hashi_vault', 'x', url='ftp://x')", "'ftp://x' is no http://"),
    ("lookup('hashi_vault', 'x', namespace='a\nb')", "namespace holds a line end"),
    ("lookup('hashi_vault', 'x', timeout=0)", "timeout is 1 to"),
    ("lookup('hashi_vault', 'x', url='http://127.0.0.1:1')", "Vault: 127.0.0.1:1: "),
    ("lookup('vault_read', 'tells')", "you have ********"),
    ("lookup('vault_kv2_get', 'app', version=3)", "with secret version '3'. Check the path or secret version."),
    ("lookup('vault_kv1_get', 'none')", "Invalid or missing path ['none']."),
]
LOOKUP_PLAY = """
- hosts: all
  gather_facts: false
  vars: {ansible_hashi_vault_url: "{{ vault }}"}
  tasks:
"""


def expect(what, holds, out=""):
    if not holds:
        sys.exit(f"FAILED: {what}\n{out}")


def run(where, *more, play="play.yml", **more_env):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("ANSIBLE_", "VAULT_"))}
    env.update(HOME=where, NO_COLOR="1", **more_env)
    done = subprocess.run([ROLLOUT, "-i", "hosts.yml", "-e", "@values.json", *more, play], cwd=where, env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT_S, check=False)
    return done.returncode, done.stdout.decode()


def put(where, name, text):
    with open(os.path.join(where, name), "w", encoding="utf-8") as f:
        f.write(text)


def read(where, name):
    with open(os.path.join(where, name), encoding="utf-8") as f:
        return f.read()


def prepare(where, port):
    put(where, "hosts.yml", "all: {hosts: {web1: {ansible_connection: local}}}\n")
    put(where, "play.yml", PLAY)
    put(where, "plain", "plain text\n")
    put(where, "values.json", json.dumps({"vault": f"http://127.0.0.1:{port}", "here": where,
                                          "token": TOKEN, "password": PASSWORD}))


def check_lookups(where):
    """Each in a task of its own: what it comes to goes to a file, and an error to the output."""
    tasks = "".join(json.dumps({"copy": {"content": "{{ " + text + " }}", "dest": "{{ here }}/l" + str(i)},
                                "ignore_errors": True}).join(["    - ", "\n"]) for i, (text, _) in enumerate(LOOKUPS))
    put(where, "lookups.yml", LOOKUP_PLAY + tasks)
    code, out = run(where, "--diff", "-vvv", play="lookups.yml", ANSIBLE_HASHI_VAULT_TOKEN=TOKEN)
    expect("the run with lookups ends well", code == 0, out)
    expect("secrets in the run with lookups", not [c for c in CANARIES if c in out], out)
    for i, (text, want) in enumerate(LOOKUPS):
        made = os.path.exists(os.path.join(where, f"l{i}"))
        got = read(where, f"l{i}") if made else ""
        is_same = made and (got == want or (not isinstance(want, str) and json.loads(got) == want))
        expect(f"{text} is {want}: {got}", is_same or (not made and want in out), out)


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Vault)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as where:
        prepare(where, server.server_port)
        code, out = run(where, "--check", "--diff", "-vvv")
        expect("the dry run ends well", code == 0, out)
        expect("nothing is written in check mode", not any("/issue/" in a for a in asked), str(asked))
        expect("no file in check mode", not os.path.exists(os.path.join(where, "cert")), out)
        expect("secrets in the dry run", not [c for c in CANARIES if c in out], out)
        for form in (["--diff", "-vvv"], ["--json", "--diff"]):
            code, out = run(where, *form)
            expect("the run ends well", code == 0, out)
            expect("the certificate is on the host", read(where, "cert") == CERT, out)
            expect("the secret is on the host", read(where, "kv") == KV, out)
            expect("other text is shown", "plain text" in out, out)
            expect("the reason is shown", "Forbidden: Permission Denied to path 'secret/data/app'." in out, out)
            expect("what is hidden is said", "********" in out, out)
            expect(f"secrets in {form}", not [c for c in CANARIES if c in out], out)
        check_lookups(where)
        expect("the write was sent", "PUT /v1/pki/issue/web" in asked, str(asked))


main()
