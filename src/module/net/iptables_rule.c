#include "iptables_rule.h"

static void put_text(struct program *p, const char *text, const char *flag)
{
	if (!text)
		return;
	if (text[0] == '!')
		program_add(p, "!");
	program_add(p, flag);
	program_add(p, text + (text[0] == '!'));
}

static void put(struct program *p, const char *name, const char *flag)
{
	put_text(p, arg_str(p->call, name), flag);
}

static void put_match(struct program *p, const char *match)
{
	program_add(p, "-m");
	program_add(p, match);
}

static void put_joined(struct program *p, const char *name, const char *flag)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	size_t count;
	const char *const *items = arg_list(p->call, name, &count);
	for (size_t i = 0; i < count; i++)
		strbuf_printf(&text, "%s%s", i ? "," : "", items[i]);
	if (!count)
		return;
	program_add(p, flag);
	program_add(p, arena_slice(p->call->arena, strbuf_slice(&text)).ptr);
}

static bool has_match(struct program *p, const char *match)
{
	size_t count;
	const char *const *items = arg_list(p->call, "match", &count);
	for (size_t i = 0; i < count; i++)
		if (strcmp(items[i], match) == 0)
			return true;
	return false;
}

static bool has_items(struct program *p, const char *name)
{
	size_t count;
	(void)arg_list(p->call, name, &count);
	return count > 0;
}

/* "SYN,ACK" of a list or of a text. */
static const char *flags_text(struct program *p, const struct value *v)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	for (size_t i = 0; i < (v->type == VALUE_LIST ? v->list.len : 1); i++) {
		strbuf_puts(&text, i ? "," : "");
		value_print(&text, v->type == VALUE_LIST ? v->list.at[i] : v);
	}
	return arena_slice(p->call->arena, strbuf_slice(&text)).ptr;
}

static void put_tcp_flags(struct program *p)
{
	const struct value *d = value_get(p->call->args, "tcp_flags");
	const struct value *flags = d ? value_get(d, "flags") : NULL;
	const struct value *set = d ? value_get(d, "flags_set") : NULL;
	if (!flags || !set)
		return;
	program_add(p, "--tcp-flags");
	program_add(p, flags_text(p, flags));
	program_add(p, flags_text(p, set));
}

static int put_target(struct program *p, struct err *err)
{
	const char *jump = arg_str(p->call, "jump");
	bool logs = arg_has(p->call, "log_prefix") || arg_has(p->call, "log_level");
	if (logs && jump && strcmp(jump, "LOG") != 0)
		return err_set(err, ERR_INVALID,
			       "Logging options can only be used with the LOG jump target.");
	put_text(p, jump ? jump : logs ? "LOG" : NULL, "-j");
	if (jump && strcasecmp(jump, "tee") == 0) {
		if (!arg_has(p->call, "gateway"))
			return err_set(err, ERR_INVALID, "jump is TEE but gateway is missing");
		put(p, "gateway", "--gateway");
	}
	put(p, "log_prefix", "--log-prefix");
	put(p, "log_level", "--log-level");
	put(p, "to_destination", "--to-destination");
	return 0;
}

static void put_ports(struct program *p)
{
	static const struct {
		const char *name, *flag;
	} rows[] = {
		{"to_source", "--to-source"},
		{"goto", "-g"},
		{"in_interface", "-i"},
		{"out_interface", "-o"},
		{"fragment", "-f"},
		{"set_counters", "-c"},
		{"source_port", "--source-port"},
		{"destination_port", "--destination-port"},
		{"to_ports", "--to-ports"},
		{"set_dscp_mark", "--set-dscp"},
		{"set_dscp_mark_class", "--set-dscp-class"},
	};
	const char *syn = arg_str(p->call, "syn");
	if (has_items(p, "destination_ports")) {
		put_match(p, "multiport");
		put_joined(p, "destination_ports", "--dports");
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		put(p, rows[i].name, rows[i].flag);
	if (strcmp(syn, "negate") == 0)
		program_add(p, "!");
	if (strcmp(syn, "ignore") != 0)
		program_add(p, "--syn");
}

static void put_matches(struct program *p)
{
	struct module_call *call = p->call;
	if (!has_match(p, "conntrack") && has_match(p, "state")) {
		put_joined(p, "ctstate", "--state");
	} else {
		if (!has_match(p, "conntrack") && has_items(p, "ctstate"))
			put_match(p, "conntrack");
		put_joined(p, "ctstate", "--ctstate");
	}
	if (!has_match(p, "iprange") && (arg_has(call, "src_range") || arg_has(call, "dst_range")))
		put_match(p, "iprange");
	put(p, "src_range", "--src-range");
	put(p, "dst_range", "--dst-range");
	if (!has_match(p, "set") && arg_has(call, "match_set"))
		put_match(p, "set");
	put(p, "match_set", "--match-set");
	if (arg_has(call, "match_set") && arg_has(call, "match_set_flags"))
		program_add(p, arg_str(call, "match_set_flags"));
	if (arg_has(call, "limit") || arg_has(call, "limit_burst"))
		put_match(p, "limit");
	put(p, "limit", "--limit");
	put(p, "limit_burst", "--limit-burst");
}

static void put_rest(struct program *p)
{
	struct module_call *call = p->call;
	if (arg_has(call, "uid_owner"))
		put_match(p, "owner");
	put(p, "uid_owner", "--uid-owner");
	if (arg_has(call, "gid_owner"))
		put_match(p, "owner");
	put(p, "gid_owner", "--gid-owner");
	if (!arg_has(call, "jump") && arg_has(call, "reject_with"))
		put_text(p, "REJECT", "-j");
	put(p, "reject_with", "--reject-with");
	bool v6 = strcmp(arg_str(call, "ip_version"), "ipv6") == 0;
	put(p, "icmp_type", v6 ? "--icmpv6-type" : "--icmp-type");
	if (arg_has(call, "comment"))
		put_match(p, "comment");
	put(p, "comment", "--comment");
}

int iptables_rule(struct module_call *call, struct program *ret, struct err *err)
{
	size_t count;
	const char *const *matches = arg_list(call, "match", &count);
	program_init(ret, call, "rule");
	put(ret, "wait", "-w");
	put(ret, "protocol", "-p");
	put(ret, "source", "-s");
	put(ret, "destination", "-d");
	for (size_t i = 0; i < count; i++)
		put_text(ret, matches[i], "-m");
	put_tcp_flags(ret);
	int r = put_target(ret, err);
	put_ports(ret);
	put_matches(ret);
	put_rest(ret);
	return r;
}
