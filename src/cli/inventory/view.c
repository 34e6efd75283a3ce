/* --list and --graph, JSON and YAML: ansible-inventory's forms. */
#include "view.h"

#include "rollout/base/nearest.h"
#include "rollout/report/visible.h"
#include "rollout/value/json.h"
#include "rollout/value/secret.h"
#include "rollout/value/yaml.h"

#include <stdio.h>

struct view {
	struct arena arena;
	struct inventory *inv;
	const struct options *options;
	const struct value *extra;
	struct strmap seen; /* hosts whose variables the YAML form has shown */
};

static void view_release(struct view *v)
{
	strmap_release(&v->seen);
	arena_release(&v->arena);
}

struct value *inventory_view_vars(struct arena *a, const struct inventory *inv,
				  const struct inv_host *h, const struct value *extra)
{
	struct value *vars = value_dict_dup(a, h->vars);
	for (size_t i = 0; extra && i < extra->dict.len; i++) {
		const struct value_pair *p = &extra->dict.at[i];
		const struct value *under = inv->merge_hashes ? value_find(vars, p->key) : NULL;
		value_dict_set(a, vars, p->key, inventory_merge_deep(a, under, p->value));
	}
	return vars;
}

static const struct value *host_vars(struct view *v, const struct inv_host *h)
{
	if (v->options->export)
		return secret_hide_tree(&v->arena, inventory_host_own(v->inv, h));
	return secret_hide_tree(&v->arena, inventory_view_vars(&v->arena, v->inv, h, v->extra));
}

static const struct value *group_vars(struct view *v, const struct inv_group *g)
{
	struct value *vars = value_dict_dup(&v->arena, inventory_group_own(v->inv, g));
	if (g->priority != 1)
		value_dict_put(&v->arena, vars, "ansible_group_priority",
			       value_int(&v->arena, g->priority));
	return secret_hide_tree(&v->arena, vars);
}

static void put_vars(struct view *v, struct value *entry, const struct inv_group *g)
{
	const struct value *vars = v->options->export ? group_vars(v, g) : NULL;
	if (vars && vars->dict.len > 0)
		value_dict_put(&v->arena, entry, "vars", vars);
}

/* ---- JSON ---- */

static void put_group(struct view *v, struct value *out, const struct inv_group *g)
{
	struct arena *a = &v->arena;
	struct value *entry = value_dict_new(a), *hosts = value_list_new(a),
		     *children = value_list_new(a);
	for (size_t i = 0; g != v->inv->all && i < g->direct_hosts.len; i++)
		value_list_push(a, hosts, value_cstr(a, g->direct_hosts.at[i]->name));
	for (size_t i = 0; i < g->children.len; i++)
		value_list_push(a, children, value_cstr(a, g->children.at[i]->name));
	if (hosts->list.len > 0)
		value_dict_put(a, entry, "hosts", hosts);
	if (children->list.len > 0)
		value_dict_put(a, entry, "children", children);
	put_vars(v, entry, g);
	if (entry->dict.len > 0)
		value_dict_put(a, out, g->name, entry);
}

static const struct value *as_list(struct view *v)
{
	struct arena *a = &v->arena;
	struct value *out = value_dict_new(a), *meta = value_dict_new(a), *all = value_dict_new(a);
	for (size_t i = 0; i < v->inv->hosts.len; i++) {
		const struct inv_host *h = v->inv->hosts.entries[i].value;
		const struct value *vars = h->implicit ? NULL : host_vars(v, h);
		if (vars && vars->dict.len > 0)
			value_dict_put(a, all, h->name, vars);
	}
	value_dict_put(a, meta, "hostvars", all);
	value_dict_put(a, out, "_meta", meta);
	for (size_t i = 0; i < v->inv->groups.len; i++)
		put_group(v, out, v->inv->groups.entries[i].value);
	return out;
}

/* ---- YAML ---- */

static const struct value *as_tree(struct view *v, const struct inv_group *g)
{
	struct arena *a = &v->arena;
	struct value *entry = value_dict_new(a), *children = value_dict_new(a),
		     *hosts = value_dict_new(a);
	for (size_t i = 0; i < g->children.len; i++)
		value_dict_put(a, children, g->children.at[i]->name, as_tree(v, g->children.at[i]));
	for (size_t i = 0; g != v->inv->all && i < g->direct_hosts.len; i++) {
		struct inv_host *h = g->direct_hosts.at[i];
		bool seen = strmap_has(&v->seen, slice_from(h->name));
		strmap_set(&v->seen, slice_from(h->name), h);
		value_dict_put(a, hosts, h->name, seen ? value_dict_new(a) : host_vars(v, h));
	}
	if (children->dict.len > 0)
		value_dict_put(a, entry, "children", children);
	if (hosts->dict.len > 0)
		value_dict_put(a, entry, "hosts", hosts);
	put_vars(v, entry, g);
	return entry;
}

void inventory_print_list(struct inventory *inv, const struct options *o, const struct value *extra)
{
	CLEANUP(view_release) struct view v = {.inv = inv, .options = o, .extra = extra};
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (o->yaml) {
		struct value *top = value_dict_new(&v.arena);
		value_dict_put(&v.arena, top, "all", as_tree(&v, inv->all));
		yaml_emit(&text, top, 2);
		fputs(text.ptr, stdout);
		return;
	}
	json_emit(&text, as_list(&v), JSON_PRETTY);
	puts(text.ptr);
}

/* ---- the graph ---- */

static void print_branch(struct slice text, unsigned depth)
{
	CLEANUP(strbuf_release) struct strbuf shown = {0};
	visible_line(&shown, text);
	for (unsigned i = 0; i < depth; i++)
		printf("  |");
	printf("%s%s\n", depth ? "--" : "", shown.ptr ? shown.ptr : "");
}

static int by_key(const void *a, const void *b)
{
	const struct value_pair *x = a, *y = b;
	return slice_cmp(x->key->str, y->key->str);
}

static void print_vars(struct view *v, const struct value *vars, unsigned depth)
{
	struct value *sorted = value_dict_dup(&v->arena, vars);
	if (sorted->dict.len > 1)
		qsort(sorted->dict.at, sorted->dict.len, sizeof(*sorted->dict.at), by_key);
	for (size_t i = 0; i < sorted->dict.len; i++) {
		CLEANUP(strbuf_release) struct strbuf text = {0};
		strbuf_printf(&text, "{%.*s = ", SLICE_ARG(sorted->dict.at[i].key->str));
		value_print(&text, sorted->dict.at[i].value);
		strbuf_puts(&text, "}");
		print_branch(strbuf_slice(&text), depth);
	}
}

static void print_group(struct view *v, const struct inv_group *g, unsigned depth)
{
	CLEANUP(strbuf_release) struct strbuf name = {0};
	strbuf_printf(&name, "@%s:", g->name);
	print_branch(strbuf_slice(&name), depth);
	for (size_t i = 0; i < g->children.len; i++)
		print_group(v, g->children.at[i], depth + 1);
	for (size_t i = 0; g != v->inv->all && i < g->direct_hosts.len; i++) {
		const struct inv_host *h = g->direct_hosts.at[i];
		print_branch(slice_from(h->name), depth + 1);
		if (v->options->vars)
			print_vars(v, host_vars(v, h), depth + 2);
	}
	if (v->options->vars)
		print_vars(v, group_vars(v, g), depth + 1);
}

int inventory_print_graph(struct inventory *inv, const struct options *o, const struct value *extra,
			  struct err *err)
{
	CLEANUP(view_release) struct view v = {.inv = inv, .options = o, .extra = extra};
	const char *name = o->words.len > 0 ? o->words.at[0] : "all";
	const struct inv_group *top = strmap_get(&inv->groups, slice_from(name));
	if (!top)
		return inventory_lacks("group", name, &inv->groups, err);
	print_group(&v, top, 0);
	return RUN_EXIT_OK;
}
