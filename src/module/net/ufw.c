/* ufw: https://docs.ansible.com/ansible/latest/collections/community/general/ufw_module.html */
#include "../call.h"
#include "../program.h"

static const char *const states[] = {"enabled", "disabled", "reloaded", "reset", NULL};
static const char *const policies[] = {"allow", "deny", "reject", NULL};
static const char *const directions[] = {"in", "incoming", "out", "outgoing", "routed", NULL};
static const char *const loggings[] = {"on", "off", "low", "medium", "high", "full", NULL};
static const char *const rules[] = {"allow", "deny", "limit", "reject", NULL};
static const char *const protocols[] = {"any", "tcp", "udp",  "ipv6", "esp",
					"ah",  "gre", "igmp", "vrrp", NULL};
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

static int act(struct module_call *call, const char *const *words, struct err *err)
{
	struct program p;
	program_init(&p, call, "ufw");
	program_add_all(&p, words);
	result_changed(call);
	return program_change(&p, err);
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

static int build_rule(struct module_call *call, bool dry_run, struct program *p, struct err *err)
{
	const char *direction = arg_str(call, "direction");
	if (arg_has(call, "interface") && !direction)
		return err_set(err, ERR_INVALID, "interface needs direction");
	program_init(p, call, "ufw");
	program_add(p, dry_run ? "--dry-run" : "--force");
	if (arg_bool(call, "route"))
		program_add(p, "route");
	if (arg_bool(call, "delete"))
		program_add(p, "delete");
	put(p, "insert", "insert");
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
	result_changed(call);
	return r < 0 ? r : program_change(&p, err);
}

static int apply(struct module_call *call, struct err *err)
{
	int r = 0;
	if (arg_has(call, "default"))
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
