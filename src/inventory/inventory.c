/* The objects: groups, hosts, and what a source says about one. */
#include "rollout/inventory/inventory.h"

#include "internal.h"
#include "rollout/value/secret.h"

#include <stdlib.h>

struct inventory *inventory_new(void)
{
	struct inventory *inv = xcalloc(1, sizeof(*inv));
	inv->all = inventory_group_add(inv, SLICE_LIT("all"), (struct srcloc){0});
	inv->ungrouped = inventory_group_add(inv, SLICE_LIT("ungrouped"), (struct srcloc){0});
	inventory_group_add_child(inv->all, inv->ungrouped);
	return inv;
}

void inventory_free(struct inventory *inv)
{
	if (!inv)
		return;
	for (size_t i = 0; i < inv->hosts.len; i++) {
		struct inv_host *h = inv->hosts.entries[i].value;
		vec_release(&h->groups);
		vec_release(&h->definitions);
	}
	for (size_t i = 0; i < inv->groups.len; i++) {
		struct inv_group *g = inv->groups.entries[i].value;
		vec_release(&g->children);
		vec_release(&g->parents);
		vec_release(&g->direct_hosts);
		vec_release(&g->hosts);
		vec_release(&g->definitions);
	}
	strmap_release(&inv->hosts);
	strmap_release(&inv->groups);
	strmap_release(&inv->vars_files);
	vec_release(&inv->var_dirs);
	vec_release(&inv->sources);
	vec_release(&inv->var_dir_is_playbook);
	arena_release(&inv->arena);
	free(inv);
}

struct inv_group *inventory_group_add(struct inventory *inv, struct slice name, struct srcloc at)
{
	struct inv_group *g = strmap_get(&inv->groups, name);
	if (g)
		return g;
	g = ARENA_NEW(&inv->arena, struct inv_group);
	g->name = arena_strndup(&inv->arena, name.ptr, name.len);
	g->at = at;
	g->priority = 1;
	g->own_vars = value_dict_new(&inv->arena);
	strmap_set(&inv->groups, name, g);
	return g;
}

struct inv_host *inventory_host_add(struct inventory *inv, struct slice name, struct srcloc at,
				    int port)
{
	struct inv_host *h = strmap_get(&inv->hosts, name);
	if (h)
		return h;
	h = ARENA_NEW(&inv->arena, struct inv_host);
	h->name = arena_strndup(&inv->arena, name.ptr, name.len);
	h->at = at;
	h->index = inv->hosts.len;
	h->source = inv->source;
	h->source_dir = inv->source_dir;
	h->own_vars = value_dict_new(&inv->arena);
	strmap_set(&inv->hosts, name, h);
	if (port != INVENTORY_PORT_NONE) {
		struct value *key = value_cstr(&inv->arena, "ansible_port"),
			     *number = value_int(&inv->arena, port);
		key->at = number->at = at;
		inventory_host_define(inv, h, key, number, NULL);
	}
	return h;
}

void inventory_group_add_host(struct inv_group *g, struct inv_host *h)
{
	for (size_t i = 0; i < h->groups.len; i++)
		if (h->groups.at[i] == g)
			return;
	vec_push(&h->groups, g);
	vec_push(&g->direct_hosts, h);
}

void inventory_group_add_child(struct inv_group *parent, struct inv_group *child)
{
	/* `all` has many children; nobody has many parents. */
	for (size_t i = 0; i < child->parents.len; i++)
		if (child->parents.at[i] == parent)
			return;
	vec_push(&parent->children, child);
	vec_push(&child->parents, parent);
}

static bool climb(struct inv_group *g, const struct inv_group *top, unsigned mark, unsigned depth)
{
	if (g == top)
		return true;
	if (g->mark == mark || depth > INVENTORY_MAX_GROUP_DEPTH)
		return false;
	g->mark = mark;
	for (size_t i = 0; i < g->parents.len; i++)
		if (climb(g->parents.at[i], top, mark, depth + 1))
			return true;
	return false;
}

bool inventory_group_is_below(struct inventory *inv, struct inv_group *g, struct inv_group *top)
{
	return climb(g, top, ++inv->mark, 0);
}

/* ---- variables ---- */

/* The keys of both, those of `over` winning; with `deep`, mappings in both are merged too. */
static const struct value *merged(struct arena *a, const struct value *under,
				  const struct value *over, bool deep)
{
	struct value *out = value_dict_dup(a, under);
	out->at = over->at;
	for (size_t i = 0; i < over->dict.len; i++) {
		const struct value_pair *p = &over->dict.at[i];
		const struct value *old = deep ? value_find(under, p->key) : NULL;
		value_dict_set(a, out, p->key,
			       old ? inventory_merge_deep(a, old, p->value) : p->value);
	}
	return out;
}

const struct value *inventory_merge_deep(struct arena *a, const struct value *under,
					 const struct value *over)
{
	if (!under || under->type != VALUE_DICT || over->type != VALUE_DICT)
		return over;
	return merged(a, under, over, true);
}

static void set_pair(struct inventory *inv, struct value *into, const struct value_pair *p)
{
	bool merge = inv->merge_hashes || value_is_str(p->key, "vm");
	const struct value *value = p->value, *under = merge ? value_find(into, p->key) : NULL;
	if (under && under->type == VALUE_DICT && value->type == VALUE_DICT)
		value = merged(&inv->arena, under, value, inv->merge_hashes);
	value_dict_set(&inv->arena, into, p->key, value);
}

void inventory_merge_vars(struct inventory *inv, struct value *into, const struct value *from)
{
	for (size_t i = 0; from && i < from->dict.len; i++)
		set_pair(inv, into, &from->dict.at[i]);
}

void inventory_set_defaults(struct inventory *inv, struct inv_host *h, const struct value *dict)
{
	struct value *vars = value_dict_dup(&inv->arena, dict);
	if (!h->written)
		h->written = h->vars;
	inventory_merge_vars(inv, vars, h->written);
	h->vars = vars;
}

static int check_key(const struct value *key, struct err *err)
{
	if (key->type == VALUE_STRING && key->str.len > 0)
		return 0;
	return err_at(err, ERR_INVALID, key->at, "a variable's name must be a word, not a %s",
		      key->type == VALUE_STRING ? "text of no characters" : value_type_name(key));
}

/* As Python's int(). */
static int read_priority(struct inv_group *g, const struct value *v, struct err *err)
{
	char text[24], *end = text;
	long n = 0;
	if (v->type == VALUE_INT && v->integer >= -INT32_MAX && v->integer <= INT32_MAX) {
		g->priority = (int)v->integer;
		return 0;
	}
	if (v->type == VALUE_STRING && v->str.len > 0 && v->str.len < sizeof(text)) {
		memcpy(text, v->str.ptr, v->str.len);
		text[v->str.len] = '\0';
		n = strtol(text, &end, 10);
	}
	if (end == text || *end || n > INT32_MAX || n < -INT32_MAX)
		return err_at(err, ERR_INVALID, v->at,
			      "ansible_group_priority of group '%s' must be a number", g->name);
	g->priority = (int)n;
	return 0;
}

/* Variables of an encrypted source are secrets; its names of hosts and groups are not. */
static const struct value *defined(struct inventory *inv, const struct value *v)
{
	if (!inv->secret_source)
		return v;
	secret_remember_tree(v);
	return value_copy(&inv->arena, v, VALUE_SECRET);
}

int inventory_group_define(struct inventory *inv, struct inv_group *g, const struct value *key,
			   const struct value *v, struct err *err)
{
	struct value_pair p = {key, defined(inv, v)};
	int r = check_key(key, err);
	if (r < 0)
		return r;
	if (value_is_str(key, "ansible_group_priority"))
		return read_priority(g, v, err);
	vec_push(&g->definitions, p);
	set_pair(inv, g->own_vars, &p);
	return 0;
}

int inventory_host_define(struct inventory *inv, struct inv_host *h, const struct value *key,
			  const struct value *v, struct err *err)
{
	struct value_pair p = {key, defined(inv, v)};
	int r = check_key(key, err);
	if (r < 0)
		return r;
	vec_push(&h->definitions, p);
	set_pair(inv, h->own_vars, &p);
	return 0;
}

int inventory_group_define_all(struct inventory *inv, struct inv_group *g, const struct value *dict,
			       struct err *err)
{
	int r = 0;
	for (size_t i = 0; i < dict->dict.len && r == 0; i++)
		r = inventory_group_define(inv, g, dict->dict.at[i].key, dict->dict.at[i].value,
					   err);
	return r;
}

int inventory_host_define_all(struct inventory *inv, struct inv_host *h, const struct value *dict,
			      struct err *err)
{
	int r = 0;
	for (size_t i = 0; i < dict->dict.len && r == 0; i++)
		r = inventory_host_define(inv, h, dict->dict.at[i].key, dict->dict.at[i].value,
					  err);
	return r;
}

const struct value *inventory_groups(const struct inventory *inv, struct arena *a)
{
	struct value *d = value_dict_new(a);
	for (size_t i = 0; i < inv->groups.len; i++) {
		const struct inv_group *g = inv->groups.entries[i].value;
		struct value *l = value_list_new(a);
		for (size_t k = 0; k < g->hosts.len; k++)
			value_list_push(a, l, value_cstr(a, g->hosts.at[k]->name));
		value_dict_put(a, d, g->name, l);
	}
	return d;
}
