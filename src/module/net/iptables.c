/* iptables: https://docs.ansible.com/ansible/latest/collections/ansible/builtin/iptables_module.html */
#include "iptables_rule.h"

/* Exit codes of iptables: xtables.h, and of who was killed. */
#define RESOURCE_PROBLEM 4
#define NOT_RUN 125
#define LOCK_WAIT_S "30"

static const char *const tables[] = {"filter", "nat", "mangle", "raw", "security", NULL};
static const char *const states[] = {"present", "absent", NULL};
static const char *const actions[] = {"append", "insert", NULL};
static const char *const versions[] = {"ipv4", "ipv6", NULL};
static const char *const policies[] = {"ACCEPT", "DROP", "QUEUE", "RETURN", NULL};
static const char *const syn_choices[] = {"ignore", "match", "negate", NULL};
static const char *const set_flags[] = {"src", "dst", "src,dst", "dst,src", NULL};
static const char *const levels[] = {"0",	"1",	  "2",	   "3",	    "4",    "5",
				     "6",	"7",	  "emerg", "alert", "crit", "error",
				     "warning", "notice", "info",  "debug", NULL};

#define TEXT(name_, doc_)                                                                          \
	{                                                                                          \
		.name = name_, .type = MODULE_STR, .doc = doc_                                     \
	}
#define CHOICE(name_, choices_, default_, doc_)                                                    \
	{                                                                                          \
		.name = name_, .type = MODULE_STR, .choices = choices_, .fallback = default_,      \
		.doc = doc_                                                                        \
	}
#define TEXTS(name_, doc_)                                                                         \
	{                                                                                          \
		.name = name_, .type = MODULE_LIST, .element = MODULE_STR, .doc = doc_             \
	}

static const struct module_param params[] = {
	CHOICE("table", tables, "filter", "The table."),
	CHOICE("state", states, "present", "Whether the rule, or the chain, is there."),
	CHOICE("action", actions, "append", "Where a new rule goes."),
	CHOICE("ip_version", versions, "ipv4", "iptables or ip6tables."),
	TEXT("chain", "The chain."),
	TEXT("rule_num", "Where insert puts it."),
	TEXT("protocol", "Like tcp; a ! before it negates, as in those that follow."),
	TEXT("wait", "Seconds to wait for the lock of the tables; 30 without it."),
	TEXT("source", "Address of the sender."),
	TEXT("destination", "Address of the receiver."),
	TEXT("to_source", "New sender, of SNAT."),
	TEXT("to_destination", "New receiver, of DNAT."),
	TEXTS("match", "Extensions to load."),
	{.name = "tcp_flags", .type = MODULE_DICT, .doc = "flags to look at, flags_set of them."},
	TEXT("jump", "The target."),
	TEXT("gateway", "Of the target TEE."),
	TEXT("goto", "A chain to go on in."),
	TEXT("log_prefix", "Of the target LOG."),
	CHOICE("log_level", levels, NULL, "Of the target LOG."),
	TEXT("in_interface", "Where it came in."),
	TEXT("out_interface", "Where it goes out."),
	TEXT("fragment", "Second and further fragments."),
	TEXT("set_counters", "Initial counters."),
	TEXT("source_port", "Port of the sender, or first:last."),
	TEXT("destination_port", "Port of the receiver, or first:last."),
	TEXTS("destination_ports", "Several ports of the receiver."),
	TEXT("to_ports", "New ports, of REDIRECT and MASQUERADE."),
	TEXT("set_dscp_mark", "Of the target DSCP."),
	TEXT("set_dscp_mark_class", "Of the target DSCP, by class."),
	CHOICE("syn", syn_choices, "ignore", "First packets of a TCP connection."),
	TEXTS("ctstate", "States of the connection, like ESTABLISHED."),
	TEXT("src_range", "Range of senders."),
	TEXT("dst_range", "Range of receivers."),
	TEXT("match_set", "Name of an ipset."),
	CHOICE("match_set_flags", set_flags, NULL, "What of the packet is looked for in it."),
	TEXT("limit", "Rate, like 5/minute."),
	TEXT("limit_burst", "How many may come at once."),
	TEXT("uid_owner", "User that sends it."),
	TEXT("gid_owner", "Group that sends it."),
	TEXT("reject_with", "The answer of REJECT."),
	TEXT("icmp_type", "Type of an ICMP packet."),
	TEXT("comment", "Comment of the rule."),
	{.name = "flush",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Removes all rules of the chain, or of the table."},
	CHOICE("policy", policies, NULL, "What becomes of packets that no rule takes."),
	{.name = "chain_management",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Makes the chain where it is missing; removes it where no rule is given."},
	{0},
};

static void begin(struct program *p, struct module_call *call, const char *action)
{
	const char *chain = arg_str(call, "chain"), *number = arg_str(call, "rule_num");
	bool v6 = strcmp(arg_str(call, "ip_version"), "ipv6") == 0;
	program_init(p, call, v6 ? "ip6tables" : "iptables");
	program_add(p, "-t");
	program_add(p, arg_str(call, "table"));
	program_add(p, action);
	if (chain)
		program_add(p, chain);
	if (strcmp(action, "-I") == 0 && number)
		program_add(p, number);
}

/* The rule, and how long to wait for the lock: iptables alone does for ever, or not
 * at all, as its version has it. */
static void end(struct program *p, const struct program *rule)
{
	if (rule)
		program_add_all(p, rule->words + 1);
	if (rule && arg_has(p->call, "wait"))
		return;
	program_add(p, "-w");
	program_add(p, arg_has(p->call, "wait") ? arg_str(p->call, "wait") : LOCK_WAIT_S);
}

static int act(struct module_call *call, const char *action, const struct program *rule,
	       struct err *err)
{
	struct program p;
	begin(&p, call, action);
	end(&p, rule);
	result_changed(call);
	return program_change(&p, err);
}

static int is_there(struct module_call *call, const char *action, const struct program *rule,
		    bool *ret, struct err *err)
{
	struct program p;
	begin(&p, call, action);
	if (!rule)
		program_add(&p, "-n"); /* a list of names would ask DNS for each */
	end(&p, rule);
	int r = program_probe(&p, err);
	if (r < 0)
		return r;
	/* Not that it is not there, but that nobody knows: a lock that is held. */
	if (p.exit_code == RESOURCE_PROBLEM || p.exit_code > NOT_RUN)
		return program_failed(&p, err);
	*ret = p.exit_code == 0;
	return 0;
}

static int apply_policy(struct module_call *call, const char *policy, struct err *err)
{
	struct program p;
	begin(&p, call, "-L");
	program_add(&p, "-n");
	end(&p, NULL);
	int r = program_read(&p, err);
	if (r < 0)
		return r;
	const char *now = strstr(program_line(&p), "(policy ");
	if (!now)
		return err_set(err, ERR_INVALID, "Can't detect current policy");
	now += strlen("(policy ");
	now = arena_strndup(call->arena, now, strcspn(now, " )"));
	if (strcmp(now, policy) == 0)
		return 0;
	result_diff(call, "policy", slice_from(now), "policy", slice_from(policy));
	begin(&p, call, "-P");
	program_add(&p, policy);
	end(&p, NULL);
	result_changed(call);
	return program_change(&p, err);
}

static int apply_chain(struct module_call *call, bool present, struct err *err)
{
	bool there = false;
	int r = is_there(call, "-L", NULL, &there, err);
	if (r < 0 || there == present)
		return r;
	if (arg_bool(call, "chain_management"))
		return act(call, present ? "-N" : "-X", NULL, err);
	result_changed(call);
	return 0;
}

static int apply_rule(struct module_call *call, const struct program *rule, bool present,
		      struct err *err)
{
	bool there = false, insert = strcmp(arg_str(call, "action"), "insert") == 0;
	int r = is_there(call, "-C", rule, &there, err);
	if (r < 0 || there == present)
		return r;
	if (!present)
		return act(call, "-D", rule, err);
	if (arg_bool(call, "chain_management"))
		r = apply_chain(call, true, err);
	return r < 0 ? r : act(call, insert ? "-I" : "-A", rule, err);
}

static void put_results(struct module_call *call, const struct program *rule)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	for (size_t i = 1; i < rule->len; i++)
		strbuf_printf(&text, "%s%s", i > 1 ? " " : "", rule->words[i]);
	result_put(call, "rule", value_str(call->arena, strbuf_slice(&text)));
	result_put_str(call, "chain", arg_str(call, "chain"));
	result_put_str(call, "table", arg_str(call, "table"));
	result_put_str(call, "ip_version", arg_str(call, "ip_version"));
	result_put_str(call, "state", arg_str(call, "state"));
	result_put_bool(call, "flush", arg_bool(call, "flush"));
	result_put_bool(call, "chain_management", arg_bool(call, "chain_management"));
}

static int apply(struct module_call *call, struct err *err)
{
	struct program rule;
	bool present = strcmp(arg_str(call, "state"), "present") == 0;
	int r = iptables_rule(call, &rule, err);
	if (r < 0)
		return r;
	put_results(call, &rule);
	if (arg_bool(call, "flush"))
		return act(call, "-F", NULL, err);
	if (!arg_has(call, "chain"))
		return err_set(err, ERR_INVALID,
			       "Either chain or flush parameter must be specified.");
	if (arg_has(call, "policy"))
		return apply_policy(call, arg_str(call, "policy"), err);
	if (rule.len == 1 && (!present || arg_bool(call, "chain_management")))
		return apply_chain(call, present, err);
	return apply_rule(call, &rule, present, err);
}

static int run(struct module_call *call, struct err *err)
{
	return program_settle(call, apply(call, err), err);
}

static const char *const excludes[] = {"set_dscp_mark|set_dscp_mark_class", "flush|policy", NULL};

const struct module module_iptables = {
	.name = "iptables",
	.full_name = "ansible.builtin.iptables",
	.doc = "Adds and removes rules of the kernel's packet filter; they do not survive a boot.",
	.params = params,
	.mutually_exclusive = excludes,
	.run = run,
};
