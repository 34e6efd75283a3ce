#include "options.h"

#define AT(field) offsetof(struct options, field)

static const char inventory_group[] = "Hosts and variables";
static const char tasks_group[] = "What to do";
static const char dry_group[] = "Look first";
static const char connection_group[] = "Connection";
static const char become_group[] = "Becoming root";
static const char output_group[] = "Output";
static const char listing_group[] = "Listing";
static const char machine_group[] = "Machines";
static const char image_group[] = "Building an image";

const struct option_spec option_table[] = {
	{'i', "inventory", "inventory-file", OPTION_LIST, AT(inventory), FOR_LOADING | FOR_VM,
	 inventory_group, "PATH", "file, folder, or \"host1,host2,\"; repeatable"},
	{'l', "limit", "subset", OPTION_STRING, AT(limit), FOR_RUN | FOR_GRAPH, inventory_group,
	 "PATTERN", "only these hosts: a:b, web*, !c, @file"},
	{'e', "extra-vars", NULL, OPTION_LIST, AT(extra_vars), FOR_RUN | FOR_GRAPH | FOR_VM,
	 inventory_group, "VARS", "k=v, YAML or JSON text, or @file; wins over all"},
	{0, "roles-path", NULL, OPTION_STRING, AT(roles_path), FOR_RUN | FOR_GRAPH, inventory_group,
	 "DIRS", "more folders of roles, colons between"},

	{'t', "tags", NULL, OPTION_COMMAS, AT(tags), FOR_RUN | FOR_GRAPH, tasks_group, "TAGS",
	 "only tasks with one of these tags"},
	{0, "skip-tags", NULL, OPTION_COMMAS, AT(skip_tags), FOR_RUN | FOR_GRAPH, tasks_group,
	 "TAGS", "no tasks with one of these tags"},
	{0, "start-at-task", NULL, OPTION_STRING, AT(start_at_task), FOR_RUN, tasks_group, "NAME",
	 "begin at the task of this name"},
	{0, "force-handlers", NULL, OPTION_FLAG, AT(force_handlers), FOR_RUN, tasks_group, NULL,
	 "run notified handlers on hosts that failed, too"},
	{'f', "forks", NULL, OPTION_NUMBER, AT(forks), FOR_RUN, tasks_group, "N",
	 "hosts at work at the same time (50)"},

	{'C', "check", NULL, OPTION_FLAG, AT(check), FOR_RUN, dry_group, NULL,
	 "change nothing, tell what would change"},
	{'D', "diff", NULL, OPTION_FLAG, AT(diff), FOR_RUN, dry_group, NULL,
	 "show the differences of files"},
	{0, "syntax-check", NULL, OPTION_FLAG, AT(syntax_check), FOR_RUN, dry_group, NULL,
	 "check all files, contact no host"},
	{0, "list-hosts", NULL, OPTION_FLAG, AT(list_hosts), FOR_RUN, dry_group, NULL,
	 "the hosts of each step"},
	{0, "list-tasks", NULL, OPTION_FLAG, AT(list_tasks), FOR_RUN, dry_group, NULL,
	 "the tasks of each step"},
	{0, "list-tags", NULL, OPTION_FLAG, AT(list_tags), FOR_RUN, dry_group, NULL,
	 "the tags of each step"},

	{'u', "user", NULL, OPTION_STRING, AT(user), FOR_RUN, connection_group, "NAME",
	 "log in as this user"},
	{'k', "ask-pass", NULL, OPTION_FLAG, AT(ask_pass), FOR_RUN, connection_group, NULL,
	 "ask for the SSH password"},
	{0, "connection-password-file", "conn-pass-file", OPTION_STRING,
	 AT(connection_password_file), FOR_RUN, connection_group, "FILE",
	 "the SSH password is in FILE"},
	{0, "private-key", "key-file", OPTION_STRING, AT(private_key), FOR_RUN, connection_group,
	 "FILE", "the SSH key"},
	{'c', "connection", NULL, OPTION_STRING, AT(connection), FOR_RUN, connection_group, "KIND",
	 "ssh or local"},
	{'T', "timeout", NULL, OPTION_NUMBER, AT(timeout_s), FOR_RUN, connection_group, "SECONDS",
	 "to connect in (10)"},
	{0, "ssh-common-args", NULL, OPTION_STRING, AT(ssh_common_args), FOR_RUN, connection_group,
	 "ARGS", "ssh's options: -o, -J, -F, -i, -p, -l"},

	{'b', "become", NULL, OPTION_FLAG, AT(become), FOR_RUN | FOR_GRAPH, become_group, NULL,
	 "work as another user, root"},
	{0, "become-user", NULL, OPTION_STRING, AT(become_user), FOR_RUN | FOR_GRAPH, become_group,
	 "NAME", "the other user"},
	{0, "become-method", NULL, OPTION_STRING, AT(become_method), FOR_RUN, become_group,
	 "METHOD", "how: sudo"},
	{'K', "ask-become-pass", NULL, OPTION_FLAG, AT(ask_become_pass), FOR_RUN, become_group,
	 NULL, "ask for sudo's password"},
	{0, "become-password-file", "become-pass-file", OPTION_STRING, AT(become_password_file),
	 FOR_RUN, become_group, "FILE", "sudo's password is in FILE"},

	{'v', "verbose", NULL, OPTION_COUNT, AT(verbosity), FOR_ALL, output_group, NULL,
	 "results too; -vv: skipped tasks too"},
	{0, "json", NULL, OPTION_FLAG, AT(json),
	 FOR_RUN | FOR_INVENTORY | FOR_VM_ORDERS | FOR_VM_STATUS, output_group, NULL,
	 "JSON, one object a line (docs/events.md)"},

	{0, "driver", NULL, OPTION_STRING, AT(driver), FOR_VM, machine_group, "DRIVER",
	 "qemu (VMs) or nspawn (containers, as root)"},
	{0, "accel", NULL, OPTION_STRING, AT(accel), FOR_VM_BOOT, machine_group, "ACCEL",
	 "auto, kvm, hvf or tcg"},
	{0, "parallel", NULL, OPTION_NUMBER, AT(parallel), FOR_VM_ORDERS, machine_group, "N",
	 "machines at work at the same time (all)"},
	{0, "boot-timeout", NULL, OPTION_NUMBER, AT(boot_timeout_s), FOR_VM_BOOT, machine_group,
	 "SECONDS", "until a machine must answer"},
	{'f', "force", NULL, OPTION_FLAG, AT(force), FOR_VM_STOP | FOR_VM_IMAGE, machine_group,
	 NULL, "cut the power; do not ask; make it anew"},
	{'n', "lines", NULL, OPTION_NUMBER, AT(lines), FOR_VM_LOG, machine_group, "N",
	 "the last N lines (100)"},

	{0, "mirror", NULL, OPTION_STRING, AT(mirror), FOR_VM_IMAGE, image_group, "URL",
	 "packages from there, not from apt's sources"},
	{0, "package", NULL, OPTION_COMMAS, AT(packages), FOR_VM_IMAGE, image_group, "NAMES",
	 "further packages, commas between; repeatable"},
	{0, "hook", NULL, OPTION_STRING, AT(hook), FOR_VM_IMAGE, image_group, "PROGRAM",
	 "called with the tree before it is packed"},
	{0, "output", NULL, OPTION_STRING, AT(output), FOR_VM_IMAGE, image_group, "PATH",
	 "written there instead of to the cache"},

	{0, "list", NULL, OPTION_FLAG, AT(list), FOR_INVENTORY, listing_group, NULL,
	 "groups, hosts and variables as JSON"},
	{0, "graph", NULL, OPTION_FLAG, AT(graph), FOR_INVENTORY, listing_group, NULL,
	 "groups and hosts as a tree"},
	{0, "host", NULL, OPTION_STRING, AT(host), FOR_INVENTORY, listing_group, "HOST",
	 "its variables, and the line each came from"},
	{0, "format", NULL, OPTION_STRING, AT(format), FOR_GRAPH, listing_group, "FORMAT",
	 "text or dot (Graphviz)"},

	{'h', "help", NULL, OPTION_FLAG, AT(help), FOR_ALL, output_group, NULL, "this help"},
	{0, "version", NULL, OPTION_FLAG, AT(version), FOR_ALL, output_group, NULL,
	 "the version, and the agents it carries"},
};
const size_t option_count = ARRAY_LEN(option_table);
