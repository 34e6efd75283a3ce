/* Lists as sets. Order is that of first appearance. */
#include "filter.h"

#include <math.h>

static int list_has(struct eval *ev, const struct value_list *list, const struct value *v,
		    bool *ret, struct err *err)
{
	*ret = false;
	for (size_t i = 0; i < list->len && !*ret; i++) {
		int r = eval_equal(ev, list->at[i], v, ret, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Strings and numbers by a map, so that long lists are no square. */
struct seen {
	struct strmap scalars;
	struct value *others;
};
static void seen_release(struct seen *s)
{
	strmap_release(&s->scalars);
}

static bool scalar_key(const struct value *v, struct strbuf *b)
{
	switch (v->type) {
	case VALUE_STRING:
		strbuf_putc(b, 's');
		strbuf_slice_append(b, v->str);
		return true;
	case VALUE_BOOL:
	case VALUE_INT:
		strbuf_printf(b, "i%lld", (long long)as_int(v));
		return true;
	case VALUE_FLOAT:
		/* 1.0 is 1. */
		if (v->real != floor(v->real) || fabs(v->real) > 9e15)
			return false;
		strbuf_printf(b, "i%lld", (long long)v->real);
		return true;
	default:
		return false;
	}
}

/* Is it new? Then it is remembered. */
static int add(struct eval *ev, struct seen *s, const struct value *v, bool *ret_new,
	       struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf key = {0};
	int r = eval_use(ev, v, err);
	if (r < 0)
		return r;
	if (scalar_key(v, &key)) {
		*ret_new = !strmap_has(&s->scalars, strbuf_slice(&key));
		if (*ret_new)
			strmap_set(&s->scalars, strbuf_slice(&key), s);
		return 0;
	}
	bool has;
	if ((r = list_has(ev, &s->others->list, v, &has, err)) < 0)
		return r;
	*ret_new = !has;
	if (!has)
		list_push(ev, s->others, v);
	return 0;
}

static int unique(struct eval *ev, const struct value_list *list, bool sensitive,
		  const struct value *attribute, const struct value **ret, struct err *err)
{
	CLEANUP(seen_release) struct seen seen = {.others = list_new(ev)};
	struct value *out = list_new(ev);
	int r = 0;
	for (size_t i = 0; i < list->len && r == 0; i++) {
		const struct value *key = list->at[i];
		bool is_new = false;
		if (attribute)
			r = get_path(ev, key, attribute, &key, err);
		if (r == 0)
			r = add(ev, &seen, sort_key(ev, key, sensitive), &is_new, err);
		if (is_new)
			list_push(ev, out, list->at[i]);
	}
	*ret = out;
	return r;
}

FN(f_unique)
{
	const struct value_list *list;
	const struct value *attribute =
		c->arg[1] && c->arg[1]->type != VALUE_NULL ? c->arg[1] : NULL;
	bool sensitive;
	int r;
	if ((r = in_list(c, &list, err)) < 0 || (r = call_bool(c, 0, false, &sensitive, err)) < 0)
		return r;
	return unique(c->ev, list, sensitive, attribute, ret, err);
}

/* The items of a that are (or are not) in b. */
static int select_by(struct call *c, const struct value_list *a, const struct value_list *b,
		     bool wanted, struct value *out, struct err *err)
{
	CLEANUP(seen_release) struct seen seen = {.others = list_new(c->ev)};
	bool is_new;
	int r = 0;
	for (size_t i = 0; i < b->len && r == 0; i++)
		r = add(c->ev, &seen, b->at[i], &is_new, err);
	for (size_t i = 0; i < a->len && r == 0; i++) {
		CLEANUP(strbuf_release) struct strbuf key = {0};
		bool has = false;
		if ((r = eval_use(c->ev, a->at[i], err)) < 0)
			break;
		if (scalar_key(a->at[i], &key))
			has = strmap_has(&seen.scalars, strbuf_slice(&key));
		if (!has)
			r = list_has(c->ev, &seen.others->list, a->at[i], &has, err);
		if (r == 0 && has == wanted)
			list_push(c->ev, out, a->at[i]);
	}
	return r;
}

static int two_lists(struct call *c, const struct value_list **a, const struct value_list **b,
		     struct err *err)
{
	int r = in_list(c, a, err);
	return r < 0 ? r : eval_iterate(c->ev, c->arg[0], b, err);
}

static int filtered(struct call *c, bool wanted, const struct value **ret, struct err *err)
{
	const struct value_list *a, *b;
	struct value *out = list_new(c->ev);
	int r;
	if ((r = two_lists(c, &a, &b, err)) < 0 || (r = select_by(c, a, b, wanted, out, err)) < 0)
		return r;
	return unique(c->ev, &out->list, true, NULL, ret, err);
}
FN(f_intersect)
{
	return filtered(c, true, ret, err);
}
FN(f_difference)
{
	return filtered(c, false, ret, err);
}

/* A tuple and a list do not add up. */
static bool is_other_kind(const struct call *c)
{
	return is_list(c->arg[0]) && ((c->in->flags ^ c->arg[0]->flags) & VALUE_TUPLE);
}

FN(f_union)
{
	const struct value_list *a, *b;
	struct value *both = list_new(c->ev);
	if (!is_list(c->in) || is_other_kind(c))
		return type_error(err, "two lists are needed", c->in);
	int r = two_lists(c, &a, &b, err);
	for (size_t i = 0; r == 0 && i < a->len; i++)
		list_push(c->ev, both, a->at[i]);
	for (size_t i = 0; r == 0 && i < b->len; i++)
		list_push(c->ev, both, b->at[i]);
	return r < 0 ? r : unique(c->ev, &both->list, true, NULL, ret, err);
}

FN(f_symmetric_difference)
{
	const struct value_list *a, *b;
	struct value *out = list_new(c->ev);
	int r;
	if (!is_list(c->in) || is_other_kind(c))
		return type_error(err, "two lists are needed", c->in);
	if ((r = two_lists(c, &a, &b, err)) < 0 || (r = select_by(c, a, b, false, out, err)) < 0 ||
	    (r = select_by(c, b, a, false, out, err)) < 0)
		return r;
	return unique(c->ev, &out->list, true, NULL, ret, err);
}

const struct function filters_set[] = {
	{"unique", "case_sensitive,attribute", 0, 0, f_unique},
	{"intersect", "b", 1, 0, f_intersect},
	{"difference", "b", 1, 0, f_difference},
	{"union", "b", 1, 0, f_union},
	{"symmetric_difference", "b", 1, 0, f_symmetric_difference},
	{0},
};
