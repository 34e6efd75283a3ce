/* Filters of the collection community.general that roles use. */
#include "filter.h"

#include "../algorithm/version.h"

#include <ctype.h>

FN(f_dict_kv)
{
	struct value *d = dict_new(c->ev);
	*ret = d;
	return dict_set(c->ev, d, c->arg[0], c->in, err);
}

FN(f_dict)
{
	const struct value_list *list;
	struct value *d = dict_new(c->ev);
	int r = in_list(c, &list, err);
	for (size_t i = 0; i < (r == 0 ? list->len : 0) && r == 0; i++) {
		const struct value *pair = list->at[i];
		if (!is_list(pair) || pair->list.len != 2)
			return type_error(err, "a list of pairs is needed", pair);
		r = dict_set(c->ev, d, pair->list.at[0], pair->list.at[1], err);
	}
	*ret = d;
	return r;
}

FN(f_counter)
{
	const struct value_list *list;
	struct value *d = dict_new(c->ev);
	int r = in_list(c, &list, err);
	for (size_t i = 0; r == 0 && i < list->len; i++) {
		const struct value *old = value_find(d, list->at[i]);
		r = dict_set(c->ev, d, list->at[i], int_new(c->ev, old ? old->integer + 1 : 1),
			     err);
	}
	*ret = d;
	return r;
}

FN(f_groupby_as_dict)
{
	const struct value_list *list;
	struct value *d = dict_new(c->ev);
	int r = in_list(c, &list, err);
	for (size_t i = 0; r == 0 && i < list->len; i++) {
		const struct value *key = value_find(list->at[i], c->arg[0]);
		if (!key)
			return err_set(err, ERR_INVALID, "item %zu does not have the attribute", i);
		if (value_find(d, key))
			return err_set(err, ERR_INVALID, "the value of item %zu is there twice", i);
		r = dict_set(c->ev, d, key, list->at[i], err);
	}
	*ret = d;
	return r;
}

/* One dict of the merged list, laid over what there is of its name. */
static int merge_one(struct call *c, const struct value *item, const struct value *index,
		     struct value *out, struct err *err)
{
	const struct value *key = is_dict(item) ? value_find(item, index) : NULL, *old;
	if (!is_dict(item))
		return type_error(err, "lists of dicts are needed", item);
	if (!key)
		return 0;
	old = value_find(out, key);
	if (old) {
		const struct value *recursive = template_arg(c->args, "recursive"),
				   *merge = template_arg(c->args, "list_merge");
		const struct slice names[] = {SLICE_LIT("recursive"), SLICE_LIT("list_merge")};
		const struct value *const keywords[] = {recursive ? recursive : value_bool(false),
							merge ? merge : str_lit(c->ev, "replace")};
		const struct template_args args = {.positional = &item,
						   .npositional = 1,
						   .names = names,
						   .keywords = keywords,
						   .nkeywords = 2};
		int r = call_named(c->ev, 'f', SLICE_LIT("combine"), old, &args, &item, err);
		if (r < 0)
			return r;
	}
	return dict_set(c->ev, out, key, item, err);
}

static int merge_list(struct call *c, const struct value *v, const struct value *index,
		      struct value *out, struct err *err)
{
	int r = eval_use(c->ev, v, err);
	if (r == 0 && !is_list(v))
		return type_error(err, "a list is needed", v);
	for (size_t i = 0; r == 0 && i < v->list.len; i++)
		r = is_list(v->list.at[i]) ? merge_list(c, v->list.at[i], index, out, err)
					   : merge_one(c, v->list.at[i], index, out, err);
	return r;
}

/* Dicts that have the same value of the last argument become one; sorted by it. */
FN(f_lists_mergeby)
{
	const struct value *index, *const *lists = c->args->positional;
	struct value *merged = dict_new(c->ev), *out = list_new(c->ev);
	size_t n = c->args->npositional;
	if (n == 0)
		return err_set(err, ERR_INVALID, "the name of a key is needed");
	index = lists[n - 1];
	int r = merge_list(c, c->in, index, merged, err);
	for (size_t i = 0; i + 1 < n && r == 0; i++)
		r = merge_list(c, lists[i], index, merged, err);
	if (r < 0)
		return r;
	size_t len = merged->dict.len;
	const struct value **items = ARENA_ARRAY(c->ev->arena, const struct value *, len + 1);
	const struct value **keys = ARENA_ARRAY(c->ev->arena, const struct value *, len + 1);
	for (size_t i = 0; i < len; i++) {
		items[i] = merged->dict.at[i].value;
		keys[i] = merged->dict.at[i].key;
	}
	r = sort_items(c->ev, items, keys, len, false, err);
	for (size_t i = 0; i < len; i++)
		list_push(c->ev, out, items[i]);
	*ret = out;
	return r;
}

/* By insertion: lists of versions are short. */
FN(f_version_sort)
{
	const struct value_list *list;
	struct value *out = list_new(c->ev);
	bool reverse;
	int r;
	if ((r = in_list(c, &list, err)) < 0 || (r = call_bool(c, 0, false, &reverse, err)) < 0 ||
	    (r = eval_step(c->ev, list->len * list->len, err)) < 0)
		return r;
	for (size_t i = 0; i < list->len; i++) {
		size_t at = i;
		int o = 0;
		if (!is_str(list->at[i]))
			return type_error(err, "versions are needed", list->at[i]);
		list_push(c->ev, out, list->at[i]);
		for (; at > 0; at--) {
			r = version_compare_loose(out->list.at[at - 1]->str, list->at[i]->str, &o,
						  err);
			if (r < 0)
				return r;
			if (reverse ? o >= 0 : o <= 0)
				break;
			out->list.at[at] = out->list.at[at - 1];
		}
		out->list.at[at] = list->at[i];
	}
	*ret = out;
	return 0;
}

struct time_unit {
	const char *names[5];
	double ms;
};
#define DAY 86400000.0
static const struct time_unit time_units[] = {
	{{"ms", "millisecond", "milliseconds", "msec", "msecs"}, 1},
	{{"s", "sec", "secs", "second", "seconds"}, 1000},
	{{"m", "min", "mins", "minute", "minutes"}, 60000},
	{{"h", "hour", "hours"}, 3600000},
	{{"d", "day", "days"}, DAY},
	{{"w", "week", "weeks"}, 7 * DAY},
	{{"mo", "month", "months"}, 30 * DAY},
	{{"y", "year", "years"}, 365 * DAY},
};

static const struct time_unit *time_unit(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(time_units); i++)
		for (size_t k = 0; k < 5 && time_units[i].names[k]; k++)
			if (slice_is(name, time_units[i].names[k]))
				return &time_units[i];
	return NULL;
}

/* "1h 30m" in milliseconds. */
static int duration(struct call *c, double *ret, struct err *err)
{
	struct slice s, part;
	int r = in_text(c, &s, err);
	*ret = 0;
	if (r < 0)
		return r;
	while (s.len && slice_split(&s, ' ', &part)) {
		size_t n = 0;
		double number;
		while (n < part.len && !isalpha((unsigned char)part.ptr[n]))
			n++;
		if (part.len == 0)
			continue;
		const struct time_unit *unit =
			time_unit((struct slice){part.ptr + n, part.len - n});
		if (!unit || !text_to_float((struct slice){part.ptr, n}, &number))
			return err_set(err, ERR_INVALID, "'%.*s' is not a time", SLICE_ARG(part));
		*ret += number * unit->ms;
	}
	return 0;
}

static int in_unit(struct call *c, struct slice name, const struct value **ret, struct err *err)
{
	const struct time_unit *unit = time_unit(name);
	double ms;
	int r = duration(c, &ms, err);
	if (r < 0)
		return r;
	if (!unit)
		return err_set(err, ERR_INVALID, "'%.*s' is not a unit of time", SLICE_ARG(name));
	*ret = float_new(c->ev, ms / unit->ms);
	return 0;
}
FN(f_to_time_unit)
{
	struct slice name;
	int r = call_text(c, 0, "ms", &name, err);
	return r < 0 ? r : in_unit(c, name, ret, err);
}
/* to_hours: the unit is in the name. */
FN(f_to_unit)
{
	return in_unit(c, slice_from(c->fn->name + strlen("to_")), ret, err);
}

const struct function filters_community[] = {
	{"dict_kv", "key", 1, 0, f_dict_kv},
	{"dict", "", 0, 0, f_dict},
	{"counter", "", 0, 0, f_counter},
	{"groupby_as_dict", "attribute", 1, 0, f_groupby_as_dict},
	{"lists_mergeby", "", 0, FN_VARARGS | FN_KWARGS, f_lists_mergeby},
	{"version_sort", "reverse", 0, 0, f_version_sort},
	{"to_time_unit", "unit", 0, 0, f_to_time_unit},
	{"to_milliseconds", "", 0, 0, f_to_unit},
	{"to_seconds", "", 0, 0, f_to_unit},
	{"to_minutes", "", 0, 0, f_to_unit},
	{"to_hours", "", 0, 0, f_to_unit},
	{"to_days", "", 0, 0, f_to_unit},
	{"to_weeks", "", 0, 0, f_to_unit},
	{"to_months", "", 0, 0, f_to_unit},
	{"to_years", "", 0, 0, f_to_unit},
	{0},
};
