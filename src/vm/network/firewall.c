/*
 * A host whose firewall drops what is forwarded (Docker and ufw set that policy of
 * iptables' FORWARD chain) drops the machines' frames too, where bridges are filtered
 * even those between two of them. An accept in a table of ours cannot overrule it:
 * only rules in that very chain can.
 */
#include "../tool.h"
#include "host.h"

#include "rollout/base/shellwords.h"

#include <stdlib.h>

#define WORDS_MAX 32u

/* As `iptables -S` writes them, behind "-A FORWARD ". */
static void wanted_rules(const struct vm_project *p, const char *bridge, struct strbuf *out)
{
	if (p->topology->nat)
		strbuf_printf(out,
			      "-i %s -j ACCEPT\n"
			      "-o %s -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n",
			      bridge, bridge);
	else
		strbuf_printf(out, "-i %s -o %s -j ACCEPT\n", bridge, bridge);
}

static bool list_rules(struct strbuf *out)
{
	static const char *const argv[] = {"iptables", "-w", "10", "-S", "FORWARD", NULL};
	const struct tool_call call = {.argv = argv};
	return vm_tool_run(&call, out, NULL) == 0;
}

static int change(const char *action, struct slice rule, struct err *err)
{
	const char *argv[WORDS_MAX + 6] = {"iptables", "-w", "10", action, "FORWARD"};
	const struct tool_call call = {.argv = argv};
	struct arena arena = {0};
	char **words;
	size_t n;
	int r = shellwords_split(&arena, rule, &words, &n, err);
	for (size_t i = 0; r == 0 && i < n && i < WORDS_MAX; i++)
		argv[5 + i] = words[i];
	if (r == 0)
		r = vm_tool_run(&call, NULL, err);
	arena_release(&arena);
	return r;
}

/* The rules of ours that are there, in the form of wanted_rules(). */
static void find_ours(const struct strbuf *listed, const char *bridge, struct strbuf *out)
{
	CLEANUP(strbuf_release) struct strbuf in = {0}, to = {0};
	struct slice rest = strbuf_slice(listed), line;
	strbuf_printf(&in, "-A FORWARD -i %s ", bridge);
	strbuf_printf(&to, "-A FORWARD -o %s ", bridge);
	while (slice_split(&rest, '\n', &line)) {
		const size_t head = strlen("-A FORWARD ");
		if (slice_starts_with(line, in.ptr) || slice_starts_with(line, to.ptr))
			strbuf_printf(out, "%.*s\n", (int)(line.len - head), line.ptr + head);
	}
}

static int change_all(const char *action, const struct strbuf *rules, struct err *err)
{
	struct slice rest = strbuf_slice(rules), rule;
	int r = 0;
	while (r == 0 && slice_split(&rest, '\n', &rule))
		if (rule.len > 0)
			r = change(action, rule, err);
	return r;
}

int vm_firewall_open(const struct vm_project *p, const char *bridge, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf listed = {0}, ours = {0}, wanted = {0};
	if (!list_rules(&listed) || !slice_starts_with(strbuf_slice(&listed), "-P FORWARD DROP"))
		return 0;
	wanted_rules(p, bridge, &wanted);
	find_ours(&listed, bridge, &ours);
	/* each rule goes before the others: what is there is in another order */
	if (ours.len == wanted.len)
		return 0;
	change_all("-D", &ours, NULL);
	return change_all("-I", &wanted, err);
}

void vm_firewall_close(const char *bridge)
{
	CLEANUP(strbuf_release) struct strbuf listed = {0}, ours = {0};
	if (!list_rules(&listed))
		return;
	find_ours(&listed, bridge, &ours);
	change_all("-D", &ours, NULL);
}
