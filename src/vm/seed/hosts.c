#include "parts.h"

const char *vm_seed_short_name(const char *name, struct arena *a)
{
	return arena_strndup(a, name, strcspn(name, "."));
}

static void put_alias(const char *name, const char *alias, size_t len, struct strbuf *out)
{
	if (len > 0 && (strlen(name) != len || memcmp(name, alias, len) != 0))
		strbuf_printf(out, " %.*s", (int)len, alias);
}

/* A machine finds itself without DNS by its short name too, or whatever user_data
 * calls it: sudo asks for it. */
static void put_machine(const struct vm_machine *m, bool self, struct strbuf *out)
{
	const char *name = m->spec->name;
	const struct value *other = value_get(m->spec->user_data, "hostname");
	if (!m->address)
		return;
	strbuf_printf(out, "%s %s", m->address, name);
	if (self)
		put_alias(name, name, strcspn(name, "."), out);
	if (self && other && other->type == VALUE_STRING)
		put_alias(name, other->str.ptr, other->str.len, out);
	strbuf_putc(out, '\n');
}

/* Its own name is not 127.0.1.1: services bind to, and advertise, what their
 * own name resolves to. */
void vm_seed_hosts(const struct vm_machine *m, struct strbuf *out)
{
	strbuf_puts(out, "127.0.0.1 localhost\n"
			 "::1 localhost ip6-localhost ip6-loopback\n"
			 "ff02::1 ip6-allnodes\n"
			 "ff02::2 ip6-allrouters\n");
	for (size_t i = 0; i < m->project->machines.len; i++)
		put_machine(m->project->machines.at[i], m->project->machines.at[i] == m, out);
}
