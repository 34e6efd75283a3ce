/* rollout inventory: --list and --graph as ansible-inventory prints them, and
 * --host with the place that each variable came from. */
#include "cli.h"
#include "rollout/base/nearest.h"
#include "rollout/report/visible.h"
#include "rollout/value/json.h"
#include "rollout/value/secret.h"
#include "rollout/value/yaml.h"

#include <stdio.h>

/* The i-th child, `ungrouped` before all others, as ansible-inventory has it. */
static const struct inv_group *child(const struct inventory *inv, const struct inv_group *g,
				     size_t i)
{
	size_t last = g->children.len - 1;
	if (g->children.at[last] != inv->ungrouped)
		return g->children.at[i];
	return i == 0 ? inv->ungrouped : g->children.at[i - 1];
}

static void put_group(struct arena *a, struct value *out, const struct inventory *inv,
		      const struct inv_group *g)
{
	struct value *entry = value_dict_new(a), *hosts = value_list_new(a),
		     *children = value_list_new(a);
	for (size_t i = 0; g != inv->all && i < g->direct_hosts.len; i++)
		value_list_push(a, hosts, value_cstr(a, g->direct_hosts.at[i]->name));
	for (size_t i = 0; i < g->children.len; i++)
		value_list_push(a, children, value_cstr(a, child(inv, g, i)->name));
	if (hosts->list.len > 0)
		value_dict_put(a, entry, "hosts", hosts);
	if (children->list.len > 0)
		value_dict_put(a, entry, "children", children);
	if (entry->dict.len > 0)
		value_dict_put(a, out, g->name, entry);
}

static void print_list(const struct inventory *inv)
{
	struct arena a = {0};
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct value *out = value_dict_new(&a), *meta = value_dict_new(&a),
		     *vars = value_dict_new(&a);
	for (size_t i = 0; i < inv->hosts.len; i++) {
		const struct inv_host *h = inv->hosts.entries[i].value;
		if (!h->implicit && h->vars && h->vars->dict.len > 0)
			value_dict_put(&a, vars, h->name, secret_hide_tree(&a, h->vars));
	}
	value_dict_put(&a, meta, "hostvars", vars);
	value_dict_put(&a, out, "_meta", meta);
	for (size_t i = 0; i < inv->groups.len; i++)
		put_group(&a, out, inv, inv->groups.entries[i].value);
	json_emit(&text, out, JSON_PRETTY);
	puts(text.ptr);
	arena_release(&a);
}

static void print_branch(const char *name, unsigned depth, bool group)
{
	for (unsigned i = 0; i < depth; i++)
		printf("  |");
	printf("%s%s%s%s\n", depth ? "--" : "", group ? "@" : "", name, group ? ":" : "");
}

static void print_graph(const struct inventory *inv, const struct inv_group *g, unsigned depth)
{
	print_branch(g->name, depth, true);
	for (size_t i = 0; i < g->children.len; i++)
		print_graph(inv, child(inv, g, i), depth + 1);
	for (size_t i = 0; g != inv->all && i < g->direct_hosts.len; i++)
		print_branch(g->direct_hosts.at[i]->name, depth + 1, false);
}

static void place_of(struct strbuf *out, struct srcloc at)
{
	at.column = 0;
	if (at.file)
		visible_place(out, at);
	else
		strbuf_puts(out, "built in");
}

/* A text of several lines as a block scalar. */
static void print_block(const struct value_pair *p, const char *place)
{
	struct slice rest = p->value->str, line;
	bool ends = slice_ends_with(rest, "\n");
	rest.len -= ends;
	printf("%.*s: %s  # %s\n", SLICE_ARG(p->key->str), ends ? "|" : "|-", place);
	while (slice_split(&rest, '\n', &line)) {
		CLEANUP(strbuf_release) struct strbuf shown = {0};
		visible_line(&shown, line);
		printf("  %s\n", shown.ptr ? shown.ptr : "");
	}
}

/* "key: value  # file:line"; what has several lines below "key:  # file:line". */
static void print_var(const struct value_pair *p)
{
	struct arena a = {0};
	CLEANUP(strbuf_release) struct strbuf yaml = {0}, place = {0};
	place_of(&place, p->key->at.file ? p->key->at : p->value->at);
	if (p->value->type == VALUE_STRING && memchr(p->value->str.ptr, '\n', p->value->str.len)) {
		print_block(p, place.ptr);
		return;
	}
	struct value *one = value_dict_new(&a);
	value_dict_set(&a, one, p->key, p->value);
	yaml_emit_styled(&yaml, one, &(struct yaml_style){.indent = 2});
	const char *end = strchr(yaml.ptr, '\n');
	int first = end ? (int)(end - yaml.ptr) : (int)yaml.len;
	printf("%.*s  # %s%s", first, yaml.ptr, place.ptr, end ? end : "\n");
	arena_release(&a);
}

static int by_key(const void *a, const void *b)
{
	const struct value_pair *x = a, *y = b;
	return slice_cmp(x->key->str, y->key->str);
}

static void print_groups(const struct inv_host *h)
{
	printf("# %s: in", h->name);
	for (size_t i = 0; i < h->groups.len; i++)
		printf(" %s", h->groups.at[i]->name);
	printf("%s\n", h->groups.len ? "" : " no group");
}

static int print_host(struct inventory *inv, const struct options *o, struct err *err)
{
	const struct inv_host *h = inventory_host(inv, slice_from(o->host));
	if (!h) {
		char hint[128];
		struct nearest n;
		nearest_init(&n, slice_from(o->host));
		for (size_t i = 0; i < inv->hosts.len; i++)
			nearest_offer(&n, inv->hosts.entries[i].key);
		return err_set(err, ERR_NOT_FOUND, "the inventory has no host '%s'%s", o->host,
			       nearest_hint(&n, hint, sizeof(hint)));
	}
	struct arena a = {0};
	struct value *sorted = value_dict_dup(&a, secret_hide_tree(&a, h->vars));
	if (o->json) {
		CLEANUP(strbuf_release) struct strbuf text = {0};
		json_emit(&text, sorted, JSON_PRETTY);
		puts(text.ptr);
		arena_release(&a);
		return RUN_EXIT_OK;
	}
	print_groups(h);
	if (sorted->dict.len > 1)
		qsort(sorted->dict.at, sorted->dict.len, sizeof(*sorted->dict.at), by_key);
	for (size_t i = 0; i < sorted->dict.len; i++)
		print_var(&sorted->dict.at[i]);
	arena_release(&a);
	return RUN_EXIT_OK;
}

int cmd_inventory(const struct options *o, struct err *err)
{
	CLEANUP(loaded_release) struct loaded l = {0};
	if (o->words.len > 0)
		return err_set(err, ERR_USAGE, "what is '%s'? The inventory is named by -i",
			       o->words.at[0]);
	if (o->list + o->graph + (o->host != NULL) != 1)
		return err_set(err, ERR_USAGE, "one of --list, --graph, --host HOST");
	int r = load_inventory(o, NULL, &l, err);
	if (r < 0)
		return r;
	if (o->host)
		return print_host(l.inv, o, err);
	if (o->list)
		print_list(l.inv);
	else
		print_graph(l.inv, l.inv->all, 0);
	return RUN_EXIT_OK;
}
