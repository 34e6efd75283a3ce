"""Mistakes in the project of project.py, each one edit of one file.

A mistake says where it is told: file and line, by the text of that line after
the edit or, where something else tells, by another (`tell`). `names` is what the
message must suggest: the nearest name that exists.
"""
from dataclasses import dataclass


@dataclass
class Mistake:
    kind: str
    path: str
    old: str
    new: str
    line: str = ""  # a part of the line that is told; else the first line that changed
    names: str = ""  # what is suggested
    tell: str = ""  # the file that is told, where it is another
    entry: str = "site.roles"
    says: str = ""  # a part of the message
    nth: int = 0  # which occurrence of `old`
    untold: str = ""  # why it is not told


def main(n, part="tasks/main.yml"):
    return f"roles/service_{n:03d}/{part}"


def common(n, part="tasks/main.yml"):
    return f"roles/common_{n:02d}/{part}"


def conf(n):
    return main(n, f"templates/service_{n:03d}.conf.j2")


def misspelt_variables():
    k = "misspelt variable"
    for n in (3, 41, 77, 120, 189):
        s = f"service_{n:03d}"
        yield Mistake(k, conf(n), f"{{{{ {s}_port }}}}", f"{{{{ {s}_prot }}}}", names=f"{s}_port")
        yield Mistake(k, conf(n), "in groups[", "in gruops[", names="groups")
        yield Mistake(k, conf(n), "{{ tier_name }}", "{{ tier_nam }}", names="tier_name")
        yield Mistake(k, conf(n), f"if {s}_options.", f"if {s}_optoins.", names=f"{s}_options")
        yield Mistake(k, conf(n), "hostvars[host]", "hostvar[host]", names="hostvars")
        yield Mistake(k, main(n), f'path: "{{{{ {s}_dir }}}}"', f'path: "{{{{ {s}_dri }}}}"', names=f"{s}_dir")
        yield Mistake(k, main(n), f'loop: "{{{{ {s}_users }}}}"', f'loop: "{{{{ {s}_usres }}}}"', names=f"{s}_users")
        yield Mistake(k, main(n), f"when: {s}_enabled\n", f"when: {s}_enabeld\n", names=f"{s}_enabled")
        yield Mistake(k, main(n), f"{s}_options.workers > 1", f"{s}_option.workers > 1", names=f"{s}_options")
        yield Mistake(k, main(n), f"when: {s}_version.stdout", f"when: {s}_vresion.stdout", names=f"{s}_version")
        yield Mistake(k, main(n), f"until: {s}_migrated", f"until: {s}_migratd", names=f"{s}_migrated")
        yield Mistake(k, main(n), "site_versions.", "site_version.", names="site_versions")
        yield Mistake(k, main(n, "tasks/files.yml"), f"{{{{ {s}_key }}}}", f"{{{{ {s}_kye }}}}", names=f"{s}_key")
        yield Mistake(k, main(n, "defaults/main.yml"), "site_secret", "site_secrte", names="site_secret")
        yield Mistake(k, main(n, "vars/main.yml"), f"{{{{ {s}_dir }}}}", f"{{{{ {s}_dirr }}}}", names=f"{s}_dir")
        yield Mistake(k, main(n, "handlers/main.yml"), f"{{{{ {s}_user }}}}", f"{{{{ {s}_usre }}}}", names=f"{s}_user")
        yield Mistake(k, main(n, "handlers/main.yml"), f"when: {s}_enabled", f"when: {s}_enable", names=f"{s}_enabled")
    for n in (2, 8):
        c = f"common_{n:02d}"
        yield Mistake(k, common(n), f"register: {c}_state", f"register: {c}_stat", line=f"not {c}_state.stat",
                      names=f"{c}_stat")
        yield Mistake(k, common(n), f"    {c}_address: ", f"    {c}_adress: ", line=f"{{{{ {c}_address }}}} in",
                      untold="another role says that it may be undefined: x | default(...)")
        yield Mistake(k, common(n, "templates/main.conf.j2"), f"{{{{ {c}_dir }}}}", f"{{{{ {c}_dirs }}}}",
                      names=f"{c}_dir", entry="site.yml")
    yield Mistake(k, "inventory/group_vars/all.yml", "site_secret:", "site_secert:", names="site_secert",
                  tell=main(0, "defaults/main.yml"), line="site_secret")
    yield Mistake(k, "inventory/group_vars/db.yml", "site_retention", "site_retentoin",
                  untold="no task uses the variable that mentions it: Ansible does not evaluate it either")
    yield Mistake(k, conf(5), "service_005_options.log_level !=", "service_005_options.log_levle !=",
                  untold="a key of a mapping: what a mapping holds is known when it is used")


def misspelt_words():
    k = "unknown module"
    for n, old, new in ((1, "file:", "fiel:"), (50, "template:", "templtae:"), (88, "apt:", "atp:"),
                        (130, "user:", "usr:"), (171, "command:", "comand:"), (12, "copy:", "coppy:")):
        yield Mistake(k, main(n), f"  {old}\n", f"  {new}\n", names=old[:-1])
    yield Mistake(k, common(4), "  lineinfile:", "  lineinfiel:", names="lineinfile")
    yield Mistake(k, main(9, "handlers/main.yml"), "  service:", "  servcie:", names="service")
    k = "unknown keyword"
    for n, old, new in ((4, "  register:", "  regsiter:"), (60, "  when:", "  wehn:"), (93, "  notify:", "  notfiy:"),
                        (140, "  loop_control:", "  loop_contrl:"), (180, "  become:", "  becom:"),
                        (30, "  rescue:", "  resuce:"), (33, "  until:", "  untl:"), (34, "  changed_when:", "  change_when:")):
        yield Mistake(k, main(n), old, new, names=old.strip(" :"))
    yield Mistake(k, main(31, "handlers/main.yml"), "  listen:", "  lisen:", names="listen")
    yield Mistake(k, main(32), "    loop_var:", "    loop_vra:", names="loop_var")
    yield Mistake(k, "site.yml", "  gather_facts:", "  gather_fact:", names="gather_facts", entry="site.yml")
    yield Mistake(k, "site.yml", "  become: true", "  becme: true", names="become", entry="site.yml")
    yield Mistake(k, "site.yml", "  roles:", "  rolse:", names="roles", entry="site.yml")
    yield Mistake(k, "site.roles", "become: true", "becoem: true", names="become")
    yield Mistake(k, "site.roles", "service_044: {hosts: edge, after:", "service_044: {hosts: edge, afer:", names="after")
    yield Mistake(k, "site.roles", "service_100: {hosts:", "service_100: {host:", line="service_100: {host:")
    k = "unknown parameter"
    for n, old, new in ((6, "    state: present", "    stat: present"), (61, "    mode:", "    moed:"),
                        (95, "    update_cache:", "    update_cach:"), (143, "    append:", "    apend:"),
                        (185, "    dest:", "    dset:"), (20, "        msg:", "        mgs:"),
                        (22, "          argv:", "          agrv:")):
        yield Mistake(k, main(n), old, new, names=old.strip(" :").split(":")[0])
    yield Mistake(k, common(5), "    regexp:", "    regxp:", names="regexp")
    yield Mistake(k, common(6), "    creates:", "    create:", names="creates")
    yield Mistake(k, main(21, "handlers/main.yml"), "    state:", "    sate:", names="state")
    yield Mistake(k, main(23, "tasks/files.yml"), "    dest:", "    dets:", names="dest")


def filters():
    k = "bad filter"
    for n, old, new, names in ((10, "| lower", "| lowr", "lower"), (63, "| upper", "| uper", "upper"),
                               (99, "| sort(", "| srot(", "sort")):
        yield Mistake(k, conf(n), old, new, names=names)
    for n in (15, 66, 101, 146):
        s = f"service_{n:03d}"
        yield Mistake(k, main(n), "| default([])", "| defualt([])", names="default")
        yield Mistake(k, main(n), "| trim", "| tirm", names="trim")
        yield Mistake(k, main(n), "is version(", "is versoin(", names="version")
        yield Mistake(k, main(n), "is succeeded", "is succeded", names="succeeded")
        yield Mistake(k, main(n, "defaults/main.yml"), "| default('127", "| deflaut('127", names="default")
        yield Mistake(k, main(n, "handlers/main.yml"), "| basename", "| basenaem", names="basename")
    yield Mistake(k, common(1, "templates/main.conf.j2"), "| int", "| itn", names="int")
    yield Mistake(k, conf(17), "sort(attribute=", "sort(atribute=", says="atribute")
    yield Mistake(k, common(7), "| default(inventory_hostname)", "| defalt(inventory_hostname)", names="default")


def handlers():
    k = "missing handler"
    for n in (11, 67, 104, 150):
        s = f"service_{n:03d}"
        yield Mistake(k, main(n), f"- Restart {s}", f"- Restrat {s}", names=f"Restart {s}")
        yield Mistake(k, main(n), f"- Tell about {s}", f"- Tel about {s}", names=f"Tell about {s}")
        yield Mistake(k, main(n, "handlers/main.yml"), f"name: Restart {s}", f"name: Reboot {s}",
                      tell=main(n), line=f"- Restart {s}")
    yield Mistake(k, common(9), "notify: Reload", "notify: Relaod", names="Reload common_09")
    yield Mistake(k, main(13), "notify: Restart", "notify: restart", names="Restart service_013", entry="site.yml")


def types():
    k = "wrong type"
    for n in (16, 70, 107, 152):
        yield Mistake(k, main(n), "    update_cache: true", "    update_cache: maybe", says="update_cache")
        yield Mistake(k, main(n), "    cache_valid_time: 3600", "    cache_valid_time: an hour", says="cache_valid_time")
        yield Mistake(k, main(n), "    state: directory", "    state: foldr", says="state")
        yield Mistake(k, main(n), '    mode: "0755"', '    mode: "rwx"', says="mode")
    yield Mistake(k, main(18), "    append: true", "    append: [true]", says="append")
    yield Mistake(k, main(19), "      retries: 3", "      retries: [3]", line="retries: [3]", nth=0)
    yield Mistake(k, main(24), "  become: true", "  become: [true]", says="become")
    yield Mistake(k, main(25), "          argv: [/usr/bin/env, ", "          argv: {a: ", line="argv: {a:")
    yield Mistake(k, main(26, "tasks/files.yml"), "    state: link", "    state: linked", names="link")
    yield Mistake(k, main(27, "tasks/files.yml"), "  no_log: true", "  no_log: {a: b}", says="no_log")
    yield Mistake(k, main(28, "handlers/main.yml"), "    state: restarted", "    state: restart", names="restarted")
    yield Mistake(k, common(3), "    system: true", "    system: 17", says="system")
    yield Mistake(k, common(2), "    verbosity: 1", "    verbosity: loud", says="verbosity")
    yield Mistake(k, "site.yml", "  gather_facts: false", "  gather_facts: perhaps", says="gather_facts", entry="site.yml")
    yield Mistake(k, "site.yml", "    play_number: 0", "    - play_number: 0", line="- play_number: 0", entry="site.yml",
                  untold="a list of mappings: Ansible takes it for one mapping")
    yield Mistake(k, main(29, "vars/main.yml"), "service_029_conf: ", "- service_029_conf: ", line="- service_029_conf")
    yield Mistake(k, main(35, "meta/main.yml"), "  - role: common_05", "  - common: common_05", says="role")
    yield Mistake(k, main(36), "  loop_control:\n    loop_var: account\n    label: ", "  loop_control: account  # ",
                  line="loop_control: account")


def yaml_form():
    k = "bad indentation"
    for n in (36, 71, 110, 155):
        s = f"service_{n:03d}"
        yield Mistake(k, main(n), "    state: directory", "   state: directory", line="   state: directory")
        yield Mistake(k, main(n), f"  template:\n    src: {s}", f"  template:\n  src: {s}", line=f"  src: {s}")
        yield Mistake(k, main(n), "      command: cat", "     command: cat", line="     command: cat")
    yield Mistake(k, main(37, "defaults/main.yml"), "  log_level: info", " log_level: info", line=" log_level: info")
    yield Mistake(k, main(38, "handlers/main.yml"), "    state: restarted", "\tstate: restarted", line="\tstate")
    yield Mistake(k, main(39, "meta/main.yml"), "dependencies:\n  - role", "dependencies:\n - role:\n  - role", line="  - role")
    yield Mistake(k, "inventory/group_vars/db.yml", "  target:", " target:", line=" target:")
    yield Mistake(k, "inventory/host_vars/web-1.yml", "tier_weight:", " tier_weight:", line=" tier_weight:")
    yield Mistake(k, "inventory/hosts.yml", "        cache-2:", "       cache-2:", line="       cache-2:")
    yield Mistake(k, "site.yml", "    - role: service_064", "   - role: service_064", line="   - role: service_064",
                  entry="site.yml")
    yield Mistake(k, "site.roles", "  service_090:", " service_090:", line=" service_090:")
    k = "wrong quote"
    for n in (40, 73, 113, 158):
        s = f"service_{n:03d}"
        yield Mistake(k, main(n), f'    path: "{{{{ {s}_dir }}}}"\n', f'    path: "{{{{ {s}_dir }}}}\n',
                      line=f'path: "{{{{ {s}_dir }}}}')
        yield Mistake(k, main(n), "<')", "<)", line="is version(")
        yield Mistake(k, conf(n), "!= 'none'", "!= 'none", line="!= 'none")
        yield Mistake(k, main(n, "defaults/main.yml"), "default('127.0.0.1')", "default('127.0.0.1)", line="default('127")
    yield Mistake(k, main(42, "vars/main.yml"), 'conf"\n', "conf'\n", line="service_042_conf")
    yield Mistake(k, main(43, "handlers/main.yml"), 'is new"', "is new", line="is new")
    yield Mistake(k, main(45), "ansible_os_family == 'Debian'", "ansible_os_family == 'Debian", line="== 'Debian")
    yield Mistake(k, "inventory/group_vars/all.yml", 'web: "2.1"', 'web: "2.1', line="site_versions")
    yield Mistake(k, "inventory/host_vars/db-1.yml", '* 10 }}"', "* 10 }}", line="tier_weight")
    k = "template syntax"
    for n in (46, 74, 116, 161):
        s = f"service_{n:03d}"
        yield Mistake(k, conf(n), "{% endif %}", "{% endfi %}", line="endfi")
        yield Mistake(k, conf(n), "{{ host }}", "{{ host }", line="{{ host }")
        yield Mistake(k, main(n), f"{{{{ {s}_user }}}}\", migrate", f"{{{{ {s}_user }}\", migrate", line="migrate")
        yield Mistake(k, main(n), "> 1\n", "> \n", line=f"{s}_options.workers >")
        yield Mistake(k, main(n), f"{s}_enabled and", f"{s}_enabled adn", line="adn")
    yield Mistake(k, conf(47), "{% endfor %}\n{% for user", "{% for user", line="{% for host")
    yield Mistake(k, common(0, "templates/main.conf.j2"), "{% for key, value in", "{% for key, value of", line="value of")
    k = "two of a key"
    for n in (48, 75, 118):
        yield Mistake(k, main(n), "    state: directory\n", "    state: directory\n    state: absent\n", line="state: absent")
        yield Mistake(k, main(n, "defaults/main.yml"), "  log_level: info\n", "  log_level: info\n  log_level: warn\n",
                      line="log_level: warn")


def structure():
    k = "missing file"
    for n in (49, 78, 121):
        s = f"service_{n:03d}"
        yield Mistake(k, main(n), f"src: {s}.conf.j2", f"src: {s}.cnf.j2")
        yield Mistake(k, main(n), "src: version", "src: vresion")
        yield Mistake(k, main(n), "include_tasks: files.yml", "include_tasks: file.yml")
    k = "unknown role"
    yield Mistake(k, "site.yml", "role: service_019\n", "role: servcie_019\n", names="service_019", entry="site.yml")
    yield Mistake(k, "site.roles", "  service_051:", "  servce_051:", names="service_051")
    yield Mistake(k, main(52, "meta/main.yml"), "role: common_02", "role: comon_02", names="common_02")
    yield Mistake(k, main(53, "meta/main.yml"), "role: common_03", "role: common_3")
    k = "role cycle"  # the entry that closes it is told, and the whole way to it
    for n in (0, 4, 8):
        c = f"common_{n:02d}"
        yield Mistake(k, common(n, "meta/main.yml"), "dependencies: []", f"dependencies: [service_{n:03d}]",
                      line="dependencies: [service", says=f"needs service_{n:03d} (")
        yield Mistake(k, common(n, "meta/main.yml"), "dependencies: []", f"dependencies: [{c}]",
                      line="dependencies: [", says=c, entry="site.yml")
    k = "cycle of steps"
    yield Mistake(k, "site.roles", "common_07: {hosts: all}", "common_07: {hosts: all, after: service_177}",
                  says="service_177")
    yield Mistake(k, "site.roles", "common_05: {hosts: all}", "common_05: {hosts: all, after: common_05}", says="common_05")
    k = "unknown step"
    yield Mistake(k, "site.roles", "after: [common_06, service_006]", "after: [comon_06, service_006]", names="common_06")
    yield Mistake(k, "site.roles", "after: [common_09, service_179]", "after: [common_09, servic_179]", names="service_179")
    k = "unknown host"
    yield Mistake(k, "site.yml", "hosts: queue", "hosts: queu", names="queue", entry="site.yml")
    yield Mistake(k, "site.roles", "service_054: {hosts: edge", "service_054: {hosts: egde", names="edge")
    k = "module missing or twice"
    for n in (55, 79):
        yield Mistake(k, main(n), "  apt:\n", "  package:\n    name: x\n  apt:\n", line="apt:")
        yield Mistake(k, main(n), "- name: Folder of", "- name: Nothing at all\n\n- name: Folder of", line="Nothing at all")
        yield Mistake(k, main(n), "    path: \"{{ service_0%d_dir }}\"\n" % n, "", line="    state: directory", says="path")
    k = "inventory"
    yield Mistake(k, "inventory/hosts.yml", "    queue:\n      hosts:", "    queue:\n      host:", line="host:", names="hosts")
    yield Mistake(k, "inventory/hosts.yml", "  children:\n    web:", "  chidren:\n    web:", line="chidren:", names="children")
    yield Mistake(k, "inventory/hosts.yml", "  vars:\n", "  vras:\n", line="vras:", names="vars")
    yield Mistake(k, "inventory/hosts.yml", "    ansible_connection: ssh", "    ansible_connection: shh", says="shh",
                  line="ansible_connection")
    yield Mistake(k, "inventory/group_vars/all.yml", "ansible_port: 1", "ansible_port: one", says="port")
    k = "vault header"
    for n in (56, 80):
        s = f"service_{n:03d}"
        for header in ("$ANSIBLE_VAULT;9.1;AES256", "$ANSIBLE_VAULT;1.1;AES257", "$ANSIBL_VAULT;1.1;AES256"):
            yield Mistake(k, main(n, "defaults/main.yml"), f'{s}_key: "{{{{ site_secret }}}}-{s}"\n',
                          f"{s}_key: !vault |\n  {header}\n  6162\n", line=f"{s}_key")
    yield Mistake(k, "inventory/group_vars/edge.yml", "---\n", "$ANSIBLE_VAULT;1.1;AES256\n---\n", line="$ANSIBLE", tell="")


def all_mistakes():
    out = []
    for kind in (misspelt_variables, misspelt_words, filters, handlers, types, yaml_form, structure):
        out += list(kind())
    return out
