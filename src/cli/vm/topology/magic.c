#include "magic.h"

static const struct value *text(struct arena *a, const char *s)
{
	return s ? value_cstr(a, s) : value_null();
}

static const struct value *hostname(const struct host_magic *m, struct arena *a)
{
	return text(a, m->host->name);
}

static const struct value *hostname_short(const struct host_magic *m, struct arena *a)
{
	const char *dot = strchr(m->host->name, '.');
	size_t len = dot ? (size_t)(dot - m->host->name) : strlen(m->host->name);
	return value_str(a, (struct slice){m->host->name, len});
}

static const struct value *group_names(const struct host_magic *m, struct arena *a)
{
	struct value *l = value_list_new(a);
	for (size_t i = 0; i < m->host->groups.len; i++)
		if (m->host->groups.at[i] != m->inv->all)
			value_list_push(a, l, text(a, m->host->groups.at[i]->name));
	return l;
}

static const struct value *groups(const struct host_magic *m, struct arena *a)
{
	struct value *d = value_dict_new(a);
	for (size_t i = 0; i < m->inv->groups.len; i++) {
		const struct inv_group *g = m->inv->groups.entries[i].value;
		struct value *l = value_list_new(a);
		for (size_t k = 0; k < g->hosts.len; k++)
			value_list_push(a, l, text(a, g->hosts.at[k]->name));
		value_dict_put(a, d, g->name, l);
	}
	return d;
}

static const struct value *inventory_dir(const struct host_magic *m, struct arena *a)
{
	return text(a, m->host->implicit ? m->inv->dir : m->host->source_dir);
}

static const struct value *inventory_file(const struct host_magic *m, struct arena *a)
{
	return text(a, m->host->implicit ? m->inv->file : m->host->source);
}

static const struct value *omit(const struct host_magic *m UNUSED, struct arena *a UNUSED)
{
	return template_omit();
}

static const struct {
	const char *name;
	const struct value *(*get)(const struct host_magic *m, struct arena *a);
} magics[] = {
	{"inventory_hostname", hostname},
	{"inventory_hostname_short", hostname_short},
	{"group_names", group_names},
	{"groups", groups},
	{"inventory_dir", inventory_dir},
	{"inventory_file", inventory_file},
	{"omit", omit},
};

static int get(void *self, struct arena *a, struct slice name, const struct value **ret,
	       struct err *err UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(magics); i++) {
		if (!slice_is(name, magics[i].name))
			continue;
		*ret = magics[i].get(self, a);
		return 0;
	}
	*ret = NULL;
	return 0;
}

static void each_name(void *self UNUSED, void (*fn)(void *ctx, struct slice name), void *ctx)
{
	for (size_t i = 0; i < ARRAY_LEN(magics); i++)
		fn(ctx, slice_from(magics[i].name));
}

const struct vars_magic *host_magic_init(struct host_magic *m)
{
	m->magic = (struct vars_magic){m, get, each_name};
	return &m->magic;
}
