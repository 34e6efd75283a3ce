#!/usr/bin/env python3
"""A large project that is right: 200 roles, 5,000 tasks, always the same.

    project.py DIR      writes it there

Ten `common_NN` roles are what the 190 `service_NNN` roles depend on. The same
roles are named by a playbook, site.yml, and by a site file, site.roles. No host
of its inventory can be reached: all are at a closed port.
"""
import os
import sys

COMMONS = 10
SERVICES = 190
TASKS = 5000
FACTS = ["ansible_distribution", "ansible_os_family", "ansible_hostname", "ansible_architecture"]


def common(n):
    """A role without dependencies: ten tasks."""
    c = f"common_{n:02d}"
    return {
        "defaults/main.yml": f"""---
{c}_dir: /etc/{c}
{c}_user: {c}
{c}_mode: "0644"
{c}_packages: [curl, "{c}-tools"]
{c}_limits: {{nofile: 65536, nproc: 4096}}
""",
        "meta/main.yml": f"""---
galaxy_info:
  role_name: {c}
dependencies: []
""",
        "handlers/main.yml": f"""---
- name: Reload {c}
  service:
    name: "{{{{ {c}_user }}}}"
    state: reloaded
""",
        "templates/main.conf.j2": f"""# {{{{ ansible_managed }}}}
dir = {{{{ {c}_dir }}}}
{{% for key, value in {c}_limits.items() %}}
{{{{ key | upper }}}} = {{{{ value | int }}}}
{{% endfor %}}
domain = {{{{ site_domain | lower }}}}
""",
        "tasks/main.yml": f"""---
- name: Packages of {c}
  package:
    name: "{{{{ {c}_packages }}}}"
    state: present

- name: User of {c}
  user:
    name: "{{{{ {c}_user }}}}"
    system: true
    shell: /usr/sbin/nologin

- name: Folder of {c}
  file:
    path: "{{{{ {c}_dir }}}}"
    state: directory
    owner: "{{{{ {c}_user }}}}"
    mode: "0755"

- name: Configuration of {c}
  template:
    src: main.conf.j2
    dest: "{{{{ {c}_dir }}}}/main.conf"
    mode: "{{{{ {c}_mode }}}}"
  notify: Reload {c}

- name: Is it there
  stat:
    path: "{{{{ {c}_dir }}}}/state"
  register: {c}_state

- name: First start of {c}
  command:
    cmd: "true {{{{ {c}_dir }}}}"
    creates: "{{{{ {c}_dir }}}}/state"
  when: not {c}_state.stat.exists

- name: Limits of {c}
  lineinfile:
    path: /etc/security/limits.conf
    regexp: "^{c} nofile"
    line: "{c} nofile {{{{ {c}_limits.nofile }}}}"
  when: "'nofile' in {c}_limits"

- name: Address for {c}
  set_fact:
    {c}_address: "{{{{ ansible_host | default(inventory_hostname) }}}}:{n + 9000}"

- name: What {c} will be called
  debug:
    msg: "{{{{ {c}_address }}}} in {{{{ site_domain }}}}"
    verbosity: 1

- name: Service of {c}
  service:
    name: "{{{{ {c}_user }}}}"
    state: started
    enabled: true
""",
    }


def plain_task(s, n, i):
    """The further tasks of a service, of several kinds."""
    kinds = [
        f"""
- name: Setting {i} of {s}
  lineinfile:
    path: "{{{{ {s}_dir }}}}/settings"
    regexp: "^setting_{i}="
    line: "setting_{i}={{{{ {s}_port + {i} }}}}"
    create: true
  notify: Restart {s}
""",
        f"""
- name: File {i} of {s}
  copy:
    dest: "{{{{ {s}_dir }}}}/part-{i}.conf"
    content: |
      # part {i}
      port = {{{{ {s}_port }}}}
      hosts = {{{{ groups['{group(n)}'] | join(',') }}}}
    owner: "{{{{ {s}_user }}}}"
    mode: "0640"
  when:
    - {s}_enabled | bool
    - ansible_os_family in ['Debian', 'RedHat']
  tags: [config, "part{i}"]
""",
        f"""
- name: Folder {i} of {s}
  file:
    path: "{{{{ item.path }}}}"
    state: directory
    owner: "{{{{ item.owner | default({s}_user) }}}}"
    mode: "0750"
  loop:
    - {{path: "/srv/{s}/{i}", owner: root}}
    - {{path: "/var/lib/{s}/{i}"}}
  loop_control:
    label: "{{{{ item.path }}}}"
""",
        f"""
- name: Count {i} of {s}
  shell: ls {{{{ {s}_dir | quote }}}} | wc -l
  register: {s}_count_{i}
  changed_when: false
  failed_when: {s}_count_{i}.rc not in [0, 1]
  check_mode: false
""",
        f"""
- name: Environment {i} of {s}
  ini_file:
    path: "/etc/{s}.ini"
    section: part{i}
    option: workers
    value: "{{{{ ({s}_options.workers | int) * 2 }}}}"
    mode: "0644"
  when: {s}_options.workers | int > 0
""",
    ]
    return kinds[(n + i) % len(kinds)]


def group(n):
    return ["web", "db", "cache", "queue", "edge"][n % 5]


def service(n, ntasks):
    """A role with dependencies, a block, an include; `ntasks` tasks are written in it."""
    s = f"service_{n:03d}"
    c = f"common_{n % COMMONS:02d}"
    tasks = f"""---
- name: Packages of {s}
  apt:
    name: "{{{{ {s}_packages }}}}"
    state: present
    update_cache: true
    cache_valid_time: 3600
  when: ansible_os_family == 'Debian'

- name: Users of {s}
  user:
    name: "{{{{ account.name }}}}"
    uid: "{{{{ account.uid }}}}"
    groups: "{{{{ account.groups | default([]) }}}}"
    append: true
  loop: "{{{{ {s}_users }}}}"
  loop_control:
    loop_var: account
    label: "{{{{ account.name }}}}"

- name: Folder of {s}
  file:
    path: "{{{{ {s}_dir }}}}"
    state: directory
    mode: "0755"

- name: Configuration of {s}
  template:
    src: {s}.conf.j2
    dest: "{{{{ {s}_conf }}}}"
    owner: root
    mode: "0644"
  notify:
    - Restart {s}
    - Tell about {s}

- name: Files of {s}
  include_tasks: files.yml
  when: {s}_enabled

- name: Upgrade of {s}
  when: {s}_enabled and {s}_options.workers > 1
  become: true
  block:
    - name: Old version of {s}
      command: cat {{{{ {s}_dir }}}}/version
      register: {s}_version
      changed_when: false

    - name: Newer version of {s}
      copy:
        src: version
        dest: "{{{{ {s}_dir }}}}/version"
        mode: preserve
      vars:
        {s}_wanted: "{{{{ site_versions.{group(n)} }}}}"
      when: {s}_version.stdout | trim is version({s}_wanted, '<')

    - name: Inner part of {s}
      block:
        - name: Migrate {s}
          command:
            argv: [/usr/bin/env, "{{{{ {s}_user }}}}", migrate]
          until: {s}_migrated is succeeded
          register: {s}_migrated
          retries: 3
          delay: 2
      always:
        - name: Migration of {s} ended
          debug:
            var: {s}_migrated.rc
  rescue:
    - name: Upgrade of {s} failed
      debug:
        msg: "{{{{ ansible_failed_task.name }}}} on {{{{ inventory_hostname }}}}"
"""
    files = f"""---
- name: Key of {s}
  copy:
    content: "{{{{ {s}_key }}}}"
    dest: "{{{{ {s}_dir }}}}/key"
    mode: "0600"
  no_log: true

- name: Link of {s}
  file:
    src: "{{{{ {s}_dir }}}}"
    dest: "/opt/{s}"
    state: link
"""
    written = 12  # ten above in main.yml, two in files.yml
    for i in range(ntasks - written):
        tasks += plain_task(s, n, i)
    return {
        "defaults/main.yml": f"""---
{s}_port: {10000 + n * 40}
{s}_user: {s}
{s}_dir: "/etc/{s}"
{s}_enabled: true
{s}_packages:
  - {s}
  - "{s}-doc"
{s}_options:
  workers: 4
  log_level: info
  address: "{{{{ {c}_address | default('127.0.0.1') }}}}"
{s}_users:
  - {{name: {s}, uid: {2000 + n}}}
  - {{name: {s}-backup, uid: {3000 + n}, groups: [backup]}}
{s}_key: "{{{{ site_secret }}}}-{s}"
""",
        "vars/main.yml": f"""---
{s}_conf: "{{{{ {s}_dir }}}}/{s}.conf"
""",
        "meta/main.yml": f"""---
galaxy_info:
  role_name: {s}
dependencies:
  - role: {c}
""",
        "handlers/main.yml": f"""---
- name: Restart {s}
  service:
    name: "{{{{ {s}_user }}}}"
    state: restarted
  when: {s}_enabled

- name: Note about {s}
  listen: Tell about {s}
  debug:
    msg: "{{{{ {s}_conf | basename }}}} is new"
""",
        "files/version": f"1.{n}\n",
        "templates/" + s + ".conf.j2": f"""# {{{{ ansible_managed }}}}
port = {{{{ {s}_port }}}}
user = {{{{ {s}_user | lower }}}}
{{% if {s}_options.log_level != 'none' %}}
log = {{{{ {s}_options.log_level | upper }}}}
{{% endif %}}
{{% for host in groups['{group(n)}'] %}}
peer = {{{{ host }}}} {{{{ hostvars[host].ansible_host }}}}
{{% endfor %}}
{{% for user in {s}_users | sort(attribute='name') %}}
allow = {{{{ user.name }}}} {{{{ user.uid }}}}
{{% endfor %}}
domain = {{{{ site_domain }}}}
tier = {{{{ tier_name }}}}
""",
        "tasks/main.yml": tasks,
        "tasks/files.yml": files,
    }


def inventory():
    text = "---\nall:\n  vars:\n    ansible_connection: ssh\n  children:\n"
    for g, name in enumerate(["web", "db", "cache", "queue", "edge"]):
        text += f"    {name}:\n      hosts:\n"
        for i in range(6):
            text += f"        {name}-{i + 1}:\n          host_number: {g * 6 + i}\n"
    return text


def group_vars(n, name):
    return f"""---
tier_name: {name}
tier_ports: [{8000 + n}, {8100 + n}]
tier_backup:
  hour: {n}
  target: "/backup/{{{{ inventory_hostname }}}}"
  retention: "{{{{ site_retention }}}}"
"""


def playbook():
    text = """---
- name: Before all
  hosts: all
  gather_facts: false
  vars:
    greeting: hello
  tasks: []
"""
    for g in range(5):
        name = group(g)
        text += f"""
- name: Services of {name}
  hosts: {name}
  become: true
  vars:
    play_number: {g}
  roles:
"""
        for n in range(SERVICES):
            if n % 5 == g:
                text += f"    - role: service_{n:03d}\n      tags: [service_{n:03d}]\n"
    return text


def site():
    text = "name: large\nbecome: true\nroles:\n"
    for n in range(COMMONS):
        text += f"  common_{n:02d}: {{hosts: all}}\n"
    for n in range(SERVICES):
        after = [f"common_{n % COMMONS:02d}"] + ([f"service_{n - 10:03d}"] if n >= 10 else [])
        text += f"  service_{n:03d}: {{hosts: {group(n)}, after: [{', '.join(after)}]}}\n"
    return text


def files():
    """Path below the project → text."""
    out = {}
    roles = {f"common_{n:02d}": common(n) for n in range(COMMONS)}
    left = TASKS - COMMONS * 10
    for n in range(SERVICES):
        share = left // (SERVICES - n)
        left -= share
        roles[f"service_{n:03d}"] = service(n, share)
    for name, parts in roles.items():
        for path, text in parts.items():
            out[f"roles/{name}/{path}"] = text
    out["site.yml"] = playbook()
    out["site.roles"] = site()
    out["inventory/hosts.yml"] = inventory()
    out["inventory/group_vars/all.yml"] = """---
ansible_host: 127.0.0.1
ansible_port: 1
ansible_user: nobody
site_domain: Example.COM
site_secret: hunter2
site_retention: 14
site_versions: {web: "2.1", db: "14.2", cache: "7.0", queue: "3.9", edge: "1.0"}
"""
    for n in range(5):
        out[f"inventory/group_vars/{group(n)}.yml"] = group_vars(n, group(n))
        out[f"inventory/host_vars/{group(n)}-1.yml"] = f"""---
tier_primary: true
tier_weight: "{{{{ host_number * 10 }}}}"
"""
    return out


def write(directory):
    for path, text in files().items():
        full = os.path.join(directory, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as f:
            f.write(text)


if __name__ == "__main__":
    write(sys.argv[1])
