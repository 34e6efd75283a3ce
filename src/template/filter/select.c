/* map, select and their like: filters and tests by name; groupby, attr, extract. */
#include "filter.h"

/* The arguments behind the first `skip` positional ones. */
static struct template_args behind(const struct template_args *args, size_t skip)
{
	struct template_args rest = *args;
	skip = skip < rest.npositional ? skip : rest.npositional;
	rest.positional += skip;
	rest.npositional -= skip;
	return rest;
}

static int name_at(struct call *c, size_t i, struct slice *ret, struct err *err)
{
	const struct value *v = c->args->positional[i];
	if (!is_str(v))
		return type_error(err, "the name of a filter or test is needed", v);
	*ret = v->str;
	return 0;
}

static int map_attribute(struct call *c, const struct value_list *list,
			 const struct value *attribute, struct value *out, struct err *err)
{
	const struct value *fallback = template_arg(c->args, "default");
	for (size_t i = 0; i < list->len; i++) {
		const struct value *v;
		int r = get_path(c->ev, list->at[i], attribute, &v, err);
		if (r < 0)
			return r;
		list_push(c->ev, out, fallback && is_undefined(v) ? fallback : v);
	}
	return 0;
}

FN(f_map)
{
	const struct value_list *list;
	const struct value *attribute = template_arg(c->args, "attribute"), *v;
	struct value *out = list_new(c->ev);
	struct slice name;
	*ret = out;
	if (c->in->type == VALUE_NULL)
		return 0;
	int r = in_list(c, &list, err);
	if (r < 0)
		return r;
	/* map('map', attribute='x'): the inner one's. */
	if (attribute && c->args->npositional == 0)
		return map_attribute(c, list, attribute, out, err);
	if (c->args->npositional == 0)
		return err_set(err, ERR_INVALID, "needs a filter's name, or attribute=");
	if ((r = name_at(c, 0, &name, err)) < 0)
		return r;
	struct template_args rest = behind(c->args, 1);
	for (size_t i = 0; i < list->len && r == 0; i++) {
		if ((r = call_named(c->ev, 'f', name, list->at[i], &rest, &v, err)) == 0)
			list_push(c->ev, out, v);
	}
	return r;
}

/* Does the item pass? Without a test: is it true? */
static int passes(struct call *c, const struct value *item, bool by_attr, bool *ret,
		  struct err *err)
{
	const struct value *v = item;
	struct slice name;
	size_t at = by_attr ? 1 : 0;
	int r = by_attr ? get_path(c->ev, item, c->args->positional[0], &v, err) : 0;
	if (r < 0)
		return r;
	if (c->args->npositional <= at)
		return eval_truth(c->ev, v, ret, err);
	struct template_args rest = behind(c->args, at + 1);
	if ((r = name_at(c, at, &name, err)) < 0 ||
	    (r = call_named(c->ev, 't', name, v, &rest, &v, err)) < 0)
		return r;
	return eval_truth(c->ev, v, ret, err);
}

static int keep(struct call *c, bool by_attr, bool wanted, const struct value **ret,
		struct err *err)
{
	const struct value_list *list;
	struct value *out = list_new(c->ev);
	*ret = out;
	if (c->in->type == VALUE_NULL)
		return 0;
	int r = in_list(c, &list, err);
	if (r == 0 && by_attr && c->args->npositional == 0)
		return err_set(err, ERR_INVALID, "needs the name of an attribute");
	for (size_t i = 0; r == 0 && i < list->len; i++) {
		bool is = false;
		r = passes(c, list->at[i], by_attr, &is, err);
		if (r == 0 && is == wanted)
			list_push(c->ev, out, list->at[i]);
	}
	*ret = out;
	return r;
}
FN(f_select)
{
	return keep(c, false, true, ret, err);
}
FN(f_reject)
{
	return keep(c, false, false, ret, err);
}
FN(f_selectattr)
{
	return keep(c, true, true, ret, err);
}
FN(f_rejectattr)
{
	return keep(c, true, false, ret, err);
}

static int group_key(struct call *c, const struct value *item, const struct value **ret,
		     struct err *err)
{
	int r = get_path(c->ev, item, c->arg[0], ret, err);
	if (r == 0 && c->arg[1] && c->arg[1]->type != VALUE_NULL && is_undefined(*ret))
		*ret = c->arg[1];
	return r;
}

FN(f_groupby)
{
	const struct value_list *list;
	bool sensitive;
	int r;
	if ((r = in_list(c, &list, err)) < 0 || (r = call_bool(c, 2, false, &sensitive, err)) < 0)
		return r;
	const struct value **items = ARENA_ARRAY(c->ev->arena, const struct value *, list->len + 1);
	const struct value **keys = ARENA_ARRAY(c->ev->arena, const struct value *, list->len + 1);
	for (size_t i = 0; i < list->len; i++) {
		items[i] = list->at[i];
		if ((r = group_key(c, items[i], &keys[i], err)) < 0)
			return r;
		keys[i] = sort_key(c->ev, keys[i], sensitive);
	}
	if ((r = sort_items(c->ev, items, keys, list->len, false, err)) < 0)
		return r;
	struct value *out = list_new(c->ev), *group = NULL;
	for (size_t i = 0; i < list->len; i++) {
		bool same = false;
		const struct value *name;
		if (group && (r = eval_equal(c->ev, keys[i - 1], keys[i], &same, err)) < 0)
			return r;
		if (!same) {
			if ((r = group_key(c, items[i], &name, err)) < 0)
				return r;
			group = list_new(c->ev);
			list_push(c->ev, out, pair_new(c->ev, name, group));
		}
		list_push(c->ev, group, items[i]);
	}
	*ret = out;
	return 0;
}

FN(f_attr)
{
	struct slice name;
	int r = call_text(c, 0, "", &name, err);
	return r < 0 ? r : get_attr_named(c->ev, c->in, name, ret, err);
}

/* key | extract(container, morekeys) */
FN(f_extract)
{
	const struct value *more = c->arg[1];
	int r = get_item(c->ev, c->arg[0], c->in, NULL, ret, err);
	if (r < 0 || !more || more->type == VALUE_NULL)
		return r;
	if (!is_list(more))
		return get_item(c->ev, *ret, more, NULL, ret, err);
	for (size_t i = 0; i < more->list.len && r == 0; i++)
		r = get_item(c->ev, *ret, more->list.at[i], NULL, ret, err);
	return r;
}

const struct function filters_select[] = {
	{"map", "", 0, FN_VARARGS | FN_KWARGS, f_map},
	{"select", "", 0, FN_VARARGS | FN_KWARGS, f_select},
	{"reject", "", 0, FN_VARARGS | FN_KWARGS, f_reject},
	{"selectattr", "", 0, FN_VARARGS | FN_KWARGS, f_selectattr},
	{"rejectattr", "", 0, FN_VARARGS | FN_KWARGS, f_rejectattr},
	{"groupby", "attribute,default,case_sensitive", 1, 0, f_groupby},
	{"attr", "name", 1, 0, f_attr},
	{"extract", "container,morekeys", 1, 0, f_extract},
	{0},
};
