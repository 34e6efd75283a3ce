/* ufw: https://docs.ansible.com/ansible/latest/collections/community/general/ufw_module.html */
#include "../call.h"
#include "../path/kept.h"
#include "../path/path_state.h"
#include "../program.h"

#include <stdlib.h>

static const char *const states[] = {"enabled", "disabled", "reloaded", "reset", NULL};
static const char *const policies[] = {"allow", "deny", "reject", NULL};
static const char *const directions[] = {"in", "incoming", "out", "outgoing", "routed", NULL};
static const char *const loggings[] = {"on", "off", "low", "medium", "high", "full", NULL};
static const char *const rules[] = {"allow", "deny", "limit", "reject", NULL};
static const char *const protocols[] = {"any", "tcp", "udp",  "ipv6", "esp",
					"ah",  "gre", "igmp", "vrrp", NULL};
static const char *const relatives[] = {"zero",	      "first-ipv4", "last-ipv4",
					"first-ipv6", "last-ipv6",  NULL};
static const char *const default_aliases[] = {"policy", NULL};
static const char *const from_aliases[] = {"from", "src", NULL};
static const char *const to_aliases[] = {"dest", "to", NULL};
static const char *const port_aliases[] = {"port", NULL};
static const char *const proto_aliases[] = {"protocol", NULL};
static const char *const name_aliases[] = {"app", NULL};
static const char *const interface_aliases[] = {"if", NULL};
static const char *const in_aliases[] = {"if_in", NULL};
static const char *const out_aliases[] = {"if_out", NULL};

#define CHOICE(name_, choices_, aliases_, doc_)                                                    \
	{                                                                                          \
		.name = name_, .type = MODULE_STR, .choices = choices_, .aliases = aliases_,       \
		.doc = doc_                                                                        \
	}
#define TEXT(name_, aliases_, doc_)                                                                \
	{                                                                                          \
		.name = name_, .type = MODULE_STR, .aliases = aliases_, .doc = doc_                \
	}
#define SWITCH(name_, doc_)                                                                        \
	{                                                                                          \
		.name = name_, .type = MODULE_BOOL, .fallback = "false", .doc = doc_               \
	}

static const struct module_param params[] = {
	CHOICE("state", states, NULL,
	       "Whether the firewall is on; reloads it, or removes all rules."),
	CHOICE("default", policies, default_aliases, "What becomes of packets without a rule."),
	CHOICE("direction", directions, NULL, "Of the rule, or of default."),
	CHOICE("logging", loggings, NULL, "How much it logs."),
	CHOICE("rule", rules, NULL, "What the rule does."),
	SWITCH("route", "The rule is for what is passed on."),
	SWITCH("delete", "Removes the rule."),
	SWITCH("log", "Logs new connections that it takes."),
	{.name = "insert", .type = MODULE_INT, .doc = "Number of the rule before which it goes."},
	{.name = "insert_relative_to",
	 .type = MODULE_STR,
	 .fallback = "zero",
	 .choices = relatives,
	 .doc = "What insert counts from."},
	{.name = "from_ip",
	 .type = MODULE_STR,
	 .fallback = "any",
	 .aliases = from_aliases,
	 .doc = "Sender."},
	TEXT("from_port", NULL, "Its port."),
	{.name = "to_ip",
	 .type = MODULE_STR,
	 .fallback = "any",
	 .aliases = to_aliases,
	 .doc = "Receiver."},
	TEXT("to_port", port_aliases, "Its port."),
	CHOICE("proto", protocols, proto_aliases, "The protocol."),
	TEXT("name", name_aliases, "An application profile instead of ports."),
	TEXT("interface", interface_aliases, "The interface, with direction."),
	TEXT("interface_in", in_aliases, "Where it comes in."),
	TEXT("interface_out", out_aliases, "Where it goes out."),
	TEXT("comment", NULL, "Comment of the rule."),
	{0},
};

/* NAME=value of a shell-like file; "" where there is none. */
static const char *setting(struct module_call *call, const char *path, const char *name)
{
	struct slice text = call_read_trimmed(call, path), line;
	size_t len = strlen(name);
	while (slice_split(&text, '\n', &line)) {
		if (!slice_starts_with(line, name) || line.len <= len || line.ptr[len] != '=')
			continue;
		struct slice v = slice_trim((struct slice){line.ptr + len + 1, line.len - len - 1});
		if (v.len >= 2 && v.ptr[0] == '"')
			v = (struct slice){v.ptr + 1, v.len - 2};
		return arena_slice(call->arena, v).ptr;
	}
	return "";
}

/* ufw writes into the files that are there: without room one would be empty. */
static const char *const files[] = {"/etc/ufw/user.rules", "/etc/ufw/user6.rules",
				    "/etc/ufw/ufw.conf", "/etc/default/ufw"};

static const char *copy_of(struct module_call *call, const char *path)
{
	return arena_printf(call->arena, "%s/.rollout-%s", path_folder(call, path),
			    strrchr(path, '/') + 1);
}

/* What a killed agent has left. ufw went on, or was killed too: then a file may be
 * empty that was not. */
static int settle_copies(struct module_call *call, struct err *err)
{
	const struct host_ops *ops = call->host->ops;
	int r = 0;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(files); i++) {
		struct host_stat copy = {0}, now = {0};
		const char *path = copy_of(call, files[i]);
		r = ops->stat(call->host, call->arena, path, false, &copy, err);
		if (r == 0 && copy.type != HOST_ABSENT)
			r = ops->stat(call->host, call->arena, files[i], false, &now, err);
		if (r < 0 || copy.type == HOST_ABSENT)
			continue;
		r = now.size == 0 && copy.size > 0 ? ops->rename(call->host, path, files[i], err)
						   : ops->remove(call->host, path, false, err);
	}
	return r;
}

static int change(struct program *p, struct err *err)
{
	struct module_call *call = p->call;
	struct kept kept = {.call = call};
	int r = 0;
	result_changed(call);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(files); i++)
		r = kept_add(&kept, files[i], copy_of(call, files[i]), false, err);
	if (r == 0)
		r = program_change(p, err);
	kept_end(&kept, r < 0);
	return r;
}

static int act(struct module_call *call, const char *const *words, struct err *err)
{
	struct program p;
	program_init(&p, call, "ufw");
	program_add_all(&p, words);
	return change(&p, err);
}

static int apply_state(struct module_call *call, const char *state, struct err *err)
{
	bool on = strcmp(setting(call, "/etc/ufw/ufw.conf", "ENABLED"), "yes") == 0;
	bool enable = strcmp(state, "enabled") == 0, disable = strcmp(state, "disabled") == 0;
	if ((enable && on) || (disable && !on))
		return 0;
	const char *const words[] = {"--force",
				     enable			   ? "enable"
				     : disable			   ? "disable"
				     : strcmp(state, "reset") == 0 ? "reset"
								   : "reload",
				     NULL};
	return act(call, words, err);
}

static int apply_logging(struct module_call *call, const char *level, struct err *err)
{
	const char *now = setting(call, "/etc/ufw/ufw.conf", "LOGLEVEL");
	if (strcmp(now, strcmp(level, "on") == 0 ? "low" : level) == 0)
		return 0;
	const char *const words[] = {"logging", level, NULL};
	return act(call, words, err);
}

static const char *default_direction(struct module_call *call)
{
	const char *d = arg_str(call, "direction");
	if (!d || d[0] == 'i')
		return "incoming";
	return d[0] == 'o' ? "outgoing" : "routed";
}

static int apply_default(struct module_call *call, const char *policy, struct err *err)
{
	const char *direction = default_direction(call);
	const char *name = direction[0] == 'i'	 ? "DEFAULT_INPUT_POLICY"
			   : direction[0] == 'o' ? "DEFAULT_OUTPUT_POLICY"
						 : "DEFAULT_FORWARD_POLICY";
	const char *wanted = strcmp(policy, "allow") == 0  ? "ACCEPT"
			     : strcmp(policy, "deny") == 0 ? "DROP"
							   : "REJECT";
	if (strcmp(setting(call, "/etc/default/ufw", name), wanted) == 0)
		return 0;
	const char *const words[] = {"default", policy, direction, NULL};
	return act(call, words, err);
}

static void put(struct program *p, const char *word, const char *name)
{
	const char *text = arg_str(p->call, name);
	if (!text)
		return;
	if (word)
		program_add(p, word);
	program_add(p, text);
}

static void put_interface(struct program *p, const char *direction, const char *name)
{
	if (!arg_has(p->call, name))
		return;
	if (direction)
		program_add(p, direction);
	put(p, "on", name);
}

/* Numbers of the last rules, as "ufw status numbered" has them: "[ 3] 22/tcp (v6) …". */
struct rule_numbers {
	int64_t ipv4, all; /* 0 without one */
	bool has_ipv6;
};

static int read_numbers(struct module_call *call, struct rule_numbers *ret, struct err *err)
{
	struct program p;
	struct slice line;
	program_init(&p, call, "ufw");
	program_add(&p, "status");
	program_add(&p, "numbered");
	int r = program_read(&p, err);
	*ret = (struct rule_numbers){0};
	while (r == 0 && slice_split(&p.out, '\n', &line)) {
		bool ipv6 = memmem(line.ptr, line.len, "(v6)", 4);
		int64_t n =
			line.len > 1 && line.ptr[0] == '[' ? strtoll(line.ptr + 1, NULL, 10) : 0;
		if (n <= 0)
			continue;
		ret->all = n > ret->all ? n : ret->all;
		ret->has_ipv6 |= ipv6;
		if (!ipv6 && n > ret->ipv4)
			ret->ipv4 = n;
	}
	return r;
}

static int64_t base_of(const char *relative, const struct rule_numbers *n)
{
	if (strcmp(relative, "first-ipv4") == 0)
		return 1;
	if (strcmp(relative, "last-ipv4") == 0)
		return n->ipv4 ? n->ipv4 : 1;
	if (strcmp(relative, "first-ipv6") == 0)
		return n->ipv4 ? n->ipv4 + 1 : 1;
	return n->has_ipv6 ? n->all : n->all + 1;
}

/* NULL: at the end. ufw wants no number behind the last one. */
static int find_position(struct module_call *call, const char **ret, struct err *err)
{
	const char *relative = arg_str(call, "insert_relative_to");
	struct rule_numbers n;
	int64_t at = arg_int(call, "insert", 0);
	*ret = NULL;
	if (!arg_has(call, "insert") || arg_bool(call, "delete"))
		return 0;
	if (strcmp(relative, "zero") != 0) {
		int r = read_numbers(call, &n, err);
		if (r < 0 || __builtin_add_overflow(at, base_of(relative, &n), &at) || at > n.all)
			return r;
	}
	*ret = arena_printf(call->arena, "%lld", (long long)at);
	return 0;
}

static int build_rule(struct module_call *call, bool dry_run, struct program *p, struct err *err)
{
	const char *position;
	const char *direction = arg_str(call, "direction");
	if (arg_has(call, "interface") && !direction)
		return err_set(err, ERR_INVALID, "interface needs direction");
	int r = find_position(call, &position, err);
	if (r < 0)
		return r;
	program_init(p, call, "ufw");
	if (dry_run)
		program_add(p, "--dry-run");
	if (arg_bool(call, "route"))
		program_add(p, "route");
	if (arg_bool(call, "delete"))
		program_add(p, "delete");
	if (position) {
		program_add(p, "insert");
		program_add(p, position);
	}
	program_add(p, arg_str(call, "rule"));
	if (direction)
		program_add(p, direction[0] == 'i'   ? "in"
			       : direction[0] == 'o' ? "out"
						     : direction);
	put_interface(p, NULL, "interface");
	put_interface(p, "in", "interface_in");
	put_interface(p, "out", "interface_out");
	if (arg_bool(call, "log"))
		program_add(p, "log");
	put(p, "from", "from_ip");
	put(p, "port", "from_port");
	put(p, "to", "to_ip");
	put(p, "port", "to_port");
	put(p, "proto", "proto");
	put(p, "app", "name");
	put(p, "comment", "comment");
	return 0;
}

/* A dry run prints the rules as they would be, or only that it skips. */
static bool would_change(struct slice out)
{
	struct slice line;
	while (slice_split(&out, '\n', &line)) {
		line = slice_trim(line);
		if (line.len && !slice_starts_with(line, "Skipping ") &&
		    !slice_starts_with(line, "Could not delete non-existent rule"))
			return true;
	}
	return false;
}

static int apply_rule(struct module_call *call, struct err *err)
{
	struct program p;
	int r = build_rule(call, true, &p, err);
	if (r == 0)
		r = program_read(&p, err);
	if (r < 0 || !would_change(p.out))
		return r;
	r = build_rule(call, false, &p, err);
	return r < 0 ? r : change(&p, err);
}

static int apply(struct module_call *call, struct err *err)
{
	int r = call->check_mode ? 0 : settle_copies(call, err);
	if (r == 0 && arg_has(call, "default"))
		r = apply_default(call, arg_str(call, "default"), err);
	if (r == 0 && arg_has(call, "logging"))
		r = apply_logging(call, arg_str(call, "logging"), err);
	if (r == 0 && arg_has(call, "rule"))
		r = apply_rule(call, err);
	if (r == 0 && arg_has(call, "state"))
		r = apply_state(call, arg_str(call, "state"), err);
	return r;
}

static int run(struct module_call *call, struct err *err)
{
	return program_settle(call, apply(call, err), err);
}

static const char *const needs[] = {"state|default|rule|logging", NULL};
static const char *const excludes[] = {"name|proto|logging", NULL};

const struct module module_ufw = {
	.name = "ufw",
	.full_name = "community.general.ufw",
	.doc = "Sets up the uncomplicated firewall.",
	.params = params,
	.required_one_of = needs,
	.mutually_exclusive = excludes,
	.run = run,
};
