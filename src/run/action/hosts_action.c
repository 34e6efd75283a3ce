/* add_host, group_by: hosts and groups for later plays. set_stats. */
#include "action.h"

/* What hostvars and groups say of the inventory is made anew. */
static void forget_groups(struct run *run)
{
	run->groups = NULL;
}

static bool is_special(const struct value *key)
{
	static const char *const special[] = {"name", "hostname", "host", "groups", "groupname"};
	for (size_t i = 0; i < ARRAY_LEN(special); i++)
		if (value_is_str(key, special[i]))
			return true;
	return false;
}

static const struct value *first_arg(const struct action_call *c, const char *const *names)
{
	for (; *names; names++)
		if (action_arg(c, *names))
			return action_arg(c, *names);
	return NULL;
}

/* A list, or text with commas. */
static const struct value *as_list(struct arena *a, const struct value *v)
{
	struct value *list = value_list_new(a);
	struct slice rest, part;
	if (v && v->type == VALUE_LIST)
		return v;
	if (!v || v->type != VALUE_STRING)
		return list;
	for (rest = v->str; slice_split(&rest, ',', &part);)
		if (slice_trim(part).len)
			value_list_push(a, list, value_str(a, slice_trim(part)));
	return list;
}

static bool vars_are_new(const struct inv_host *h, const struct value *vars)
{
	for (size_t i = 0; i < vars->dict.len; i++) {
		const struct value *old = value_find(h->vars, vars->dict.at[i].key);
		if (!old || !value_equal(old, vars->dict.at[i].value))
			return true;
	}
	return false;
}

static int join_groups(struct action_call *c, struct inv_host *h, const struct value *groups,
		       bool *changed, struct err *err)
{
	struct inventory *inv = c->f->strand->step->run->plan->inv;
	for (size_t i = 0; i < groups->list.len; i++) {
		bool joined = false;
		struct strbuf name CLEANUP(strbuf_release) = {0};
		value_print(&name, groups->list.at[i]);
		int r = inventory_add_dynamic_group(inv, slice_trim(strbuf_slice(&name)), h,
						    &joined, err);
		if (r < 0)
			return r;
		*changed |= joined;
	}
	return 0;
}

int action_add_host(struct action_call *c, struct err *err)
{
	struct run *run = c->f->strand->step->run;
	const struct value *name =
		first_arg(c, (const char *const[]){"name", "hostname", "host", NULL});
	const struct value *groups = as_list(
		c->a, first_arg(c, (const char *const[]){"groupname", "groups", "group", NULL}));
	struct value *vars = value_dict_new(c->a);
	struct strbuf text CLEANUP(strbuf_release) = {0};
	struct inv_host *h;
	if (!name)
		return err_at(err, ERR_INVALID, c->f->node->at, "add_host needs 'name'");
	value_print(&text, name);
	for (size_t i = 0; i < c->it->args->dict.len; i++)
		if (!is_special(c->it->args->dict.at[i].key))
			value_dict_set(c->a, vars, c->it->args->dict.at[i].key,
				       c->it->args->dict.at[i].value);
	struct inv_host *known = strmap_get(&run->plan->inv->hosts, strbuf_slice(&text));
	bool changed = !known || vars_are_new(known, vars);
	int r = inventory_add_dynamic_host(run->plan->inv, strbuf_slice(&text), vars, &h, err);
	if (r < 0 || (r = join_groups(c, h, groups, &changed, err)) < 0)
		return r;
	forget_groups(run);
	struct value *told = value_dict_new(c->a);
	value_dict_put(c->a, told, "host_name", value_cstr(c->a, h->name));
	value_dict_put(c->a, told, "groups", groups);
	value_dict_put(c->a, told, "host_vars", vars);
	action_put(c, "add_host", told);
	action_put(c, "changed", value_bool(changed));
	return 0;
}

/* Blanks become dashes. */
static struct slice group_name(struct arena *a, const struct value *v)
{
	struct strbuf text CLEANUP(strbuf_release) = {0};
	value_print(&text, v);
	char *name = arena_strndup(a, text.ptr ? text.ptr : "", text.len);
	for (char *p = name; *p; p++)
		if (*p == ' ')
			*p = '-';
	return slice_from(name);
}

int action_group_by(struct action_call *c, struct err *err)
{
	struct run *run = c->f->strand->step->run;
	const struct value *key = action_arg(c, "key"), *parents = action_arg(c, "parents");
	bool changed;
	if (!key)
		return err_at(err, ERR_INVALID, c->f->node->at, "group_by needs 'key'");
	struct slice name = group_name(c->a, key);
	int r = inventory_add_dynamic_group(run->plan->inv, name, c->f->strand->host->inv, &changed,
					    err);
	const struct value *list = as_list(c->a, parents);
	for (size_t i = 0; r == 0 && i < list->list.len; i++) {
		struct slice parent = group_name(c->a, list->list.at[i]);
		if (!slice_is(parent, "all"))
			r = inventory_add_dynamic_parent(run->plan->inv, name, parent, err);
	}
	if (r < 0)
		return r;
	forget_groups(run);
	action_put(c, "add_group", value_str(c->a, name));
	action_put(c, "parent_groups", list);
	action_put(c, "changed", value_bool(changed));
	return 0;
}

int action_set_stats(struct action_call *c, struct err *err)
{
	const struct value *data = action_arg(c, "data"), *per_host = action_arg(c, "per_host"),
			   *aggregate = action_arg(c, "aggregate");
	struct value *stats = value_dict_new(c->a);
	if (!data || data->type != VALUE_DICT)
		return err_at(err, ERR_INVALID, c->f->node->at,
			      "set_stats: 'data' is a mapping of names and values");
	value_dict_put(c->a, stats, "data", data);
	value_dict_put(c->a, stats, "per_host", value_bool(per_host && value_truthy(per_host)));
	value_dict_put(c->a, stats, "aggregate", value_bool(!aggregate || value_truthy(aggregate)));
	action_put(c, "ansible_stats", stats);
	return 0;
}
