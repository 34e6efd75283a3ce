#!/usr/bin/env python3
"""--step and the keyword `debugger`, answered at a terminal of their own.

Each case names the answers that are typed, the questions that are expected, and
what the tasks leave in `log`. An answer (LINE, TEXT) is typed when LINE is in the log:
other hosts go on while somebody is asked. RUN_ORACLE=1 sends them through ansible-playbook
instead; cases with `own` are not as Ansible, on purpose.
Arguments: cases to run alone, by a part of their names.
"""
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ORACLE = os.environ.get("RUN_ORACLE", "") not in ("", "0")
ROLLOUT = os.environ.get("ROLLOUT", os.path.join(HERE, "../../build/release/rollout"))
PROGRAM = "ansible-playbook" if ORACLE else os.path.abspath(ROLLOUT)
LIMIT_S = 600
PROMPT = re.compile(r"(Perform task: .*ontinue: ?|Vault password: ?|Sure\? ?: ?|\[\w+\] (TASK|HANDLER): .*\(debug\)> )$")
INVENTORY = """all:
  vars: {ansible_connection: local, ansible_python_interpreter: /usr/bin/python3,
         log: ">>{{ inventory_dir }}/log"}
  hosts: {a: {}, b: {}}
"""
TASKS = """- hosts: HOSTS
  gather_facts: false
  tasks:
    - {name: first, shell: "echo 1 {{ log }}"}
    - {name: second, shell: "echo 2 {{ log }}", notify: told}
    - {name: third, shell: "echo 3 {{ log }}"}
  handlers:
    - {name: told, shell: "echo told {{ log }}"}
"""
ONE = TASKS.replace("HOSTS", "a")
WORD = """- hosts: a
  gather_facts: false
  tasks: [{shell: "echo {{ word }} {{ log }}"}]
"""
VAULT = """$ANSIBLE_VAULT;1.1;AES256
64366166653133373733353764373065306130376237646637383436303038353730663232646565
3038343235346265336638646537656637316637636132650a623465643065643561306166313231
64373836636463336262333634346532363366386439653765346335383137386465376638393739
3964313064346562390a626536623964323234333633363563313737653232383765636133383932
6235
"""  # word: right, by "s3same"
FAILS = """- hosts: a
  gather_facts: false
  vars: {word: wrong}
  KEYWORD
  tasks:
    - {name: fails, shell: "test {{ word }} = right && echo {{ word }} {{ log }}", register: r}
    - {name: after, shell: "echo after {{ r.rc }} {{ log }}"}
"""
ON_FAILED = FAILS.replace("KEYWORD", "debugger: on_failed")

# name, playbook, arguments, answers, questions (a part of each), log, exit code, further
CASES = [
    ("step: yes to all", ONE, ["--step"], ["y", "yes", "y", "Y"],
     ["TASK: first", "TASK: second", "TASK: third", "HANDLER: told"], "1 2 3 told", 0, {}),
    ("step: no is the default", ONE, ["--step"], ["y", "", "n"],
     ["first", "second", "third"], "1", 0, {}),
    ("step: continue", ONE, ["--step"], ["n", "c"], ["first", "second"], "2 3 told", 0, {}),
    ("step: asked once for all hosts", TASKS.replace("HOSTS", "all"), ["--step"],
     ["n", "y", "n", "y"], ["first", "second", "third", "told"], "2 2 told told", 0, {}),
    ("step: with --start-at-task", ONE, ["--step", "--start-at-task", "third"], ["y"],
     ["third"], "3", 0, {}),
    ("step: run_once and a role", """- hosts: all
  gather_facts: false
  tasks:
    - {name: once, shell: "echo once {{ log }}", run_once: true}
    - {name: not, shell: "echo not {{ log }}", run_once: true}
    - {import_role: {name: one}}
""", ["--step"], ["y", "n", "y"], ["TASK: once", "TASK: not", "TASK: one : inner"],
     "once in in", 0, {"roles/one/tasks/main.yml": "- {name: inner, shell: 'echo in {{ log }}'}\n"}),
    ("step: free asks for each host", TASKS.replace("HOSTS", "all\n  strategy: free"), ["--step"],
     ["c"], ["first on "], "1 1 2 2 3 3 told told", 0, {"own": "sorted"}),
    ("step: the end of input interrupts", ONE, ["--step"], ["y"], ["first", "second"], "1", 99,
     {"own": "sorted"}),
    ("debugger: continue", ON_FAILED, [], ["c"], [r"\[a\] TASK: fails (debug)>"], "", 2, {}),
    ("debugger: a variable is changed and the task done again", ON_FAILED, [],
     ["p task_vars['word']", "task_vars['word'] = 'right'", "u", "r"],
     ["fails", "fails", "fails", "fails"], "right after 0", 0, {}),
    ("debugger: an argument is changed", ON_FAILED, [],
     ["task.args['_raw_params'] = 'echo mended {{ log }}'", "redo"], ["fails", "fails"],
     "mended after 0", 0, {}),
    ("debugger: again and again", ON_FAILED, [], ["r", "r", "c"], ["fails"] * 3, "", 2, {}),
    ("debugger: quit", ON_FAILED, [], ["q"], ["fails"], "", 99, {}),
    ("debugger: the end of input quits", ON_FAILED, [], [], ["fails"], "", 99, {}),
    ("debugger: always, of a task", FAILS.replace("KEYWORD", "").replace(
        "r.rc }} {{ log }}\"", "r.rc }} {{ log }}\", debugger: always").replace(
            "word: wrong", "word: right"), [], ["p result._result.rc", "c"],
     ["after", "after"], "right after 0", 0, {}),
    ("debugger: on_skipped, and never inside", """- hosts: a
  gather_facts: false
  debugger: on_skipped
  tasks:
    - {name: one, shell: "echo 1 {{ log }}", when: false}
    - {name: two, shell: "echo 2 {{ log }}", when: false, debugger: never}
    - block: [{name: three, shell: "false", ignore_errors: true}]
      debugger: on_failed
""", [], ["c"], ["one"], "", 0, {}),
    ("debugger: what is rescued", """- hosts: a
  gather_facts: false
  tasks:
    - block: [{name: bad, shell: "false", debugger: on_failed}]
      rescue: [{name: good, shell: "echo rescued {{ log }}"}]
""", [], ["c"], ["bad"], "rescued", 0, {}),
    ("debugger: strategy: debug", FAILS.replace("KEYWORD", "strategy: debug"), [],
     ["task_vars['word'] = 'right'", "r"], ["fails", "fails"], "right after 0", 0, {}),
    ("debugger: strategy: debug, and never", FAILS.replace("KEYWORD", "strategy: debug").replace(
        "register: r", "register: r, debugger: never"), [], [], [], "", 2, {}),
    ("debugger: mistakes", ON_FAILED, [],
     ["p nothing", "p 1 +", "task.args[", "task.args['x' = 1", "task_vars[1] = 2", "what", "",
      "task_vars['x'] = hostvars", "p word", "c"], ["fails"] * 10, "", 2,
     {"own": True, "match": ["nothing", "redo +do the task again", '"wrong"', "cannot be kept"]}),
    ("pause: an answer, for all hosts", """- hosts: all
  gather_facts: false
  tasks:
    - {pause: {prompt: "Sure?"}, register: p}
    - {shell: "echo {{ hostvars.a.p.user_input }} {{ log }}"}
""", [], ["of course"], ["Sure?"], "of course of course", 0, {"own": True}),
    ("pause: what is typed without an echo is hidden", """- hosts: a
  gather_facts: false
  tasks:
    - {pause: {prompt: "Sure?", echo: false}, register: p}
    - {shell: "echo {{ p.user_input | length }} {{ log }}"}
    - {debug: {var: p.user_input}}
    - {command: "echo {{ p.user_input }}"}
""", ["-v"], ["s3cretive"], ["Sure?"], "9", 0, {"own": True, "never": ["s3cretive"]}),
    ("pause: interrupted", """- hosts: a
  gather_facts: false
  tasks:
    - {pause: {prompt: "Sure?"}}
    - {shell: "echo on {{ log }}"}
""", [], [], ["Sure?"], "", 99, {"own": True}),
    ("debugger: other hosts go on", """- hosts: all
  gather_facts: false
  strategy: free
  tasks:
    - {name: fails, shell: "false", when: inventory_hostname == 'a', debugger: on_failed}
    - {name: b1, shell: "echo b1 {{ log }}; sleep 1", when: inventory_hostname == 'b'}
    - {name: b2, shell: "echo b2 {{ log }}", when: inventory_hostname == 'b'}
""", [], ["p result._result.rc", ("b2", "c")], [r"\[a\] TASK: fails"] * 2, "b1 b2", 2, {"own": True}),
    ("pause: other hosts go on", """- hosts: all
  gather_facts: false
  strategy: free
  tasks:
    - {pause: {prompt: "Sure?"}, when: inventory_hostname == 'a'}
    - {shell: "echo b1 {{ log }}; sleep 1; echo b2 {{ log }}", when: inventory_hostname == 'b'}
    - {shell: "echo a {{ log }}", when: inventory_hostname == 'a'}
""", [], [("b2", "yes")], ["Sure?"], "b1 b2 a", 0, {"own": True}),
    ("step: two hosts are asked one after the other, and what was begun goes on", """- hosts: all
  gather_facts: false
  strategy: free
  tasks:
    - {name: one, shell: "sleep {{ 0 if inventory_hostname == 'a' else 1 }}; echo {{ inventory_hostname }} {{ log }}"}
    - {name: two, shell: "echo {{ inventory_hostname }}{{ inventory_hostname }} {{ log }}"}
""", ["--step"], ["y", "y", ("b", "y"), "n"], ["one on a", "one on b", "two on a", "two on b"],
     "a b aa", 0, {"own": True}),
    ("vault: the password is asked for", WORD, ["--ask-vault-pass"], ["s3same"], ["Vault password:"],
     "right", 0, {"group_vars/all.yml": VAULT, "never": ["s3same"]}),
    ("vault: a wrong one", WORD, ["-J"], ["sesame"], ["Vault password:"], "", 1,
     {"own": True, "group_vars/all.yml": VAULT, "never": ["sesame"], "match": ["group_vars/all.yml"]}),
    ("debugger: no_log stays hidden", """- hosts: a
  gather_facts: false
  tasks: [{name: fails, shell: "echo hushed; false", no_log: true, debugger: on_failed}]
""", [], ["p result", "p task.args", "c"], ["fails"] * 3, "", 2,
     {"own": True, "never": ["hushed"], "match": ["hidden"]}),
]


def await_line(folder, line):
    """False: it does not come."""
    end = time.time() + LIMIT_S
    while time.time() < end:
        try:
            with open(os.path.join(folder, "log"), encoding="utf-8") as file:
                if line in file.read().split("\n"):
                    return True
        except FileNotFoundError:
            pass
        time.sleep(0.05)
    return False


def next_answer(folder, answers):
    if not answers:
        return b"\x04"
    answer = answers.pop(0)
    if isinstance(answer, tuple):
        line, answer = answer
        if not await_line(folder, line):
            return b"\x03"
    return (answer + "\n").encode()


def read_until_end(pid, fd, folder, answers):
    """All that is printed, and the questions in it; answers are typed as asked."""
    text, questions, answers, line = "", [], list(answers), ""
    end = time.time() + LIMIT_S
    while time.time() < end:
        if not select.select([fd], [], [], 1)[0]:
            continue
        try:
            data = os.read(fd, 65536).decode(errors="replace")
        except OSError:
            data = ""
        if not data:
            return text, questions
        text += data
        line = re.sub(r"\x1b\[\w*", "", text.rsplit("\n", 1)[-1])
        if PROMPT.search(line):
            questions.append(line)
            text += "\n"
            os.write(fd, next_answer(folder, answers))
    os.kill(pid, signal.SIGKILL)
    return text + "\nHANGS", questions


def run(folder, args, answers):
    env = dict(os.environ, HOME=folder, LC_ALL="C.UTF-8", TERM="dumb", ANSIBLE_NOCOLOR="1",
               ANSIBLE_RETRY_FILES_ENABLED="0", ANSIBLE_LOCALHOST_WARNING="false")
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execvpe(PROGRAM, [PROGRAM, "-i", "inventory.yml", "play.yml", *args], env)
    text, questions = read_until_end(pid, fd, folder, answers)
    status = os.waitpid(pid, 0)[1]
    os.close(fd)
    return os.waitstatus_to_exitcode(status), text, questions


def write(folder, files):
    for name, text in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def problems_of(case, folder):
    _, playbook, args, answers, wanted, log, code, more = case
    files = {name: text for name, text in more.items() if "/" in name}
    write(folder, {"inventory.yml": INVENTORY, "play.yml": playbook, **files})
    exit_code, text, questions = run(folder, args, answers)
    found = ""
    if os.path.exists(os.path.join(folder, "log")):
        with open(os.path.join(folder, "log"), encoding="utf-8") as file:
            lines = file.read().split("\n")[:-1]
            found = " ".join(sorted(lines) if more.get("own") == "sorted" else lines)
    problems = []
    if exit_code != code:
        problems.append(f"exit code {exit_code} instead of {code}")
    if found != log:
        problems.append(f"log '{found}' instead of '{log}'")
    if len(questions) != len(wanted) or any(w.replace("\\", "") not in q
                                            for w, q in zip(wanted, questions)):
        problems.append(f"questions {questions} instead of {wanted}")
    problems += [f"nothing is like '{m}'" for m in more.get("match", ()) if not re.search(m, text)]
    problems += [f"'{m}' is shown" for m in more.get("never", ()) if re.search(m, text)]
    return problems, text


def without_terminal(folder):
    """--step is an error; the debugger is not entered, and a warning says so once."""
    write(folder, {"inventory.yml": INVENTORY, "play.yml": ONE,
                   "fails.yml": ON_FAILED.replace("hosts: a", "hosts: all")})
    problems = []
    for args, code, want, times in ((["play.yml", "--step"], 5, "no terminal to ask at", 1),
                                    (["fails.yml"], 2, "the debugger is not entered", 1)):
        done = subprocess.run([PROGRAM, "-i", "inventory.yml", *args], cwd=folder, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=LIMIT_S,
                              stderr=subprocess.STDOUT, env=dict(os.environ, HOME=folder))
        text = done.stdout.decode(errors="replace")
        if done.returncode != code or text.count(want) != times:
            problems.append(f"{args}: exit code {done.returncode}\n{text}")
    if os.path.exists(os.path.join(folder, "log")):
        problems.append("a task was done")
    return problems, ""


def main():
    only, bad, ran = sys.argv[1:], 0, 0
    cases = [(case[0], lambda folder, case=case: problems_of(case, folder))
             for case in CASES if not (ORACLE and case[7].get("own"))]
    if not ORACLE:
        cases.append(("without a terminal", without_terminal))
    for name, check in cases:
        if only and not any(part in name for part in only):
            continue
        ran += 1
        with tempfile.TemporaryDirectory() as folder:
            problems, text = check(folder)
        if problems:
            bad += 1
            print(f"FAILED  {name}: " + "; ".join(problems), text, sep="\n")
    print(f"{ran} cases, {bad} not as they should be")
    return 1 if bad or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
