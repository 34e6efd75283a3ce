/* Filters of sequences. */
#include "filter.h"

#include <math.h>

const struct value *sort_key(struct eval *ev, const struct value *v, bool case_sensitive)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	if (case_sensitive || !is_str(v))
		return v;
	chars_lower(&b, v->str);
	return str_buf(ev, &b);
}

FN(f_length)
{
	size_t n;
	int r = eval_length(c->ev, c->in, &n, err);
	if (r == 0)
		*ret = int_new(c->ev, (int64_t)n);
	return r;
}

FN(f_list)
{
	const struct value_list *list;
	int r = in_list(c, &list, err);
	if (r < 0)
		return r;
	struct value *out = list_new(c->ev);
	for (size_t i = 0; i < list->len; i++)
		list_push(c->ev, out, list->at[i]);
	*ret = out;
	return 0;
}

static int end_of(struct call *c, bool last, const struct value **ret, struct err *err)
{
	const struct value_list *list;
	int r = in_list(c, &list, err);
	if (r < 0)
		return r;
	*ret = list->len ? list->at[last ? list->len - 1 : 0]
			 : undefined_hint(c->ev,
					  last ? "there is no last item, the sequence is empty"
					       : "there is no first item, the sequence is empty");
	return 0;
}
FN(f_first)
{
	return end_of(c, false, ret, err);
}
FN(f_last)
{
	return end_of(c, true, ret, err);
}

static bool given(const struct call *c, unsigned i)
{
	return c->arg[i] && c->arg[i]->type != VALUE_NULL;
}

FN(f_join)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	const struct value_list *list;
	struct slice sep;
	int r;
	if ((r = in_list(c, &list, err)) < 0 || (r = call_text(c, 0, "", &sep, err)) < 0)
		return r;
	for (size_t i = 0; i < list->len; i++) {
		const struct value *v = list->at[i];
		if (given(c, 1) && (r = get_path(c->ev, v, c->arg[1], &v, err)) < 0)
			return r;
		if (i)
			strbuf_slice_append(&b, sep);
		if ((r = print_str(c->ev, &b, v, err)) < 0)
			return r;
	}
	*ret = str_buf(c->ev, &b);
	return 0;
}

/* "a,b.c": several attributes make a list as the key. */
static int key_of(struct call *c, const struct value *v, const struct value *attribute,
		  bool sensitive, const struct value **ret, struct err *err)
{
	int r;
	if (!attribute || attribute->type == VALUE_NULL) {
		*ret = sort_key(c->ev, v, sensitive);
		return 0;
	}
	if (!is_str(attribute) || !memchr(attribute->str.ptr, ',', attribute->str.len)) {
		if ((r = get_path(c->ev, v, attribute, ret, err)) == 0)
			*ret = sort_key(c->ev, *ret, sensitive);
		return r;
	}
	struct value *keys = list_new(c->ev);
	struct slice rest = attribute->str, part;
	while (slice_split(&rest, ',', &part)) {
		const struct value *k;
		if ((r = get_path(c->ev, v, str_new(c->ev, part), &k, err)) < 0)
			return r;
		list_push(c->ev, keys, sort_key(c->ev, k, sensitive));
	}
	*ret = keys;
	return 0;
}

/* Copies of the items and their keys. */
static int keyed(struct call *c, const struct value_list *list, const struct value *attribute,
		 bool sensitive, const struct value **items, const struct value **keys,
		 struct err *err)
{
	for (size_t i = 0; i < list->len; i++) {
		items[i] = list->at[i];
		int r = key_of(c, list->at[i], attribute, sensitive, &keys[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

FN(f_sort)
{
	const struct value_list *list;
	bool reverse, sensitive;
	int r;
	if ((r = in_list(c, &list, err)) < 0 || (r = call_bool(c, 0, false, &reverse, err)) < 0 ||
	    (r = call_bool(c, 1, false, &sensitive, err)) < 0)
		return r;
	const struct value **items = ARENA_ARRAY(c->ev->arena, const struct value *, list->len + 1);
	const struct value **keys = ARENA_ARRAY(c->ev->arena, const struct value *, list->len + 1);
	if ((r = keyed(c, list, c->arg[2], sensitive, items, keys, err)) < 0 ||
	    (r = sort_items(c->ev, items, keys, list->len, reverse, err)) < 0)
		return r;
	struct value *out = list_new(c->ev);
	for (size_t i = 0; i < list->len; i++)
		list_push(c->ev, out, items[i]);
	*ret = out;
	return 0;
}

static int extreme(struct call *c, int sign, const struct value **ret, struct err *err)
{
	const struct value_list *list;
	const struct value *best = NULL, *best_key = NULL, *key;
	bool sensitive;
	int r, o;
	if ((r = in_list(c, &list, err)) < 0 || (r = call_bool(c, 0, false, &sensitive, err)) < 0)
		return r;
	for (size_t i = 0; i < list->len; i++) {
		if ((r = key_of(c, list->at[i], c->arg[1], sensitive, &key, err)) < 0)
			return r;
		o = 1;
		if (best && (r = eval_order(c->ev, key, best_key, &o, err)) < 0)
			return r;
		if (best && o * sign <= 0)
			continue;
		best = list->at[i];
		best_key = key;
	}
	*ret = best ? best : undefined_hint(c->ev, "the sequence is empty");
	return 0;
}
FN(f_max)
{
	return extreme(c, 1, ret, err);
}
FN(f_min)
{
	return extreme(c, -1, ret, err);
}

FN(f_sum)
{
	const struct value_list *list;
	const struct value *sum = c->arg[1] ? c->arg[1] : int_new(c->ev, 0), *v;
	int r = in_list(c, &list, err);
	for (size_t i = 0; r == 0 && i < list->len; i++) {
		v = list->at[i];
		if (given(c, 0) && (r = get_path(c->ev, v, c->arg[0], &v, err)) < 0)
			return r;
		if (is_str(v) && (r = eval_use(c->ev, v, err)) == 0)
			return type_error(err, "only numbers and lists can be summed", v);
		r = binary_op(c->ev, OP_ADD, sum, v, &sum, err);
	}
	*ret = sum;
	return r;
}

/* The input, and the first argument, which `what` names: above 0. */
static int list_and_count(struct call *c, const char *what, const struct value_list **ret,
			  int64_t *ret_n, struct err *err)
{
	int r = in_list(c, ret, err);
	if (r == 0)
		r = call_int(c, 0, 1, ret_n, err);
	if (r == 0 && *ret_n < 1)
		r = err_set(err, ERR_INVALID, "the %s must be above 0", what);
	return r;
}

FN(f_slice)
{
	const struct value_list *list;
	int64_t n;
	int r = list_and_count(c, "number of slices", &list, &n, err);
	if (r < 0)
		return r;
	if ((r = limit_items((uint64_t)n, err)) < 0 || (r = eval_step(c->ev, (uint64_t)n, err)) < 0)
		return r;
	struct value *out = list_new(c->ev);
	size_t per = list->len / (size_t)n, extra = list->len % (size_t)n, at = 0;
	for (size_t k = 0; k < (size_t)n; k++) {
		struct value *part = list_new(c->ev);
		size_t take = per + (k < extra);
		for (size_t i = 0; i < take; i++)
			list_push(c->ev, part, list->at[at++]);
		if (given(c, 1) && k >= extra)
			list_push(c->ev, part, c->arg[1]);
		list_push(c->ev, out, part);
	}
	*ret = out;
	return 0;
}

FN(f_batch)
{
	const struct value_list *list;
	int64_t n;
	int r = list_and_count(c, "size of a batch", &list, &n, err);
	if (r < 0)
		return r;
	if (given(c, 1) && ((r = limit_items((uint64_t)n, err)) < 0 ||
			    (r = eval_step(c->ev, (uint64_t)n, err)) < 0))
		return r;
	struct value *out = list_new(c->ev), *part = NULL;
	for (size_t i = 0; i < list->len; i++) {
		if (i % (size_t)n == 0) {
			part = list_new(c->ev);
			list_push(c->ev, out, part);
		}
		list_push(c->ev, part, list->at[i]);
	}
	while (part && given(c, 1) && part->list.len < (size_t)n)
		list_push(c->ev, part, c->arg[1]);
	*ret = out;
	return 0;
}

/* All iterables of a zip or product: the input and the arguments. */
static int inputs(struct call *c, const struct value_list ***ret, size_t *ret_n, struct err *err)
{
	size_t n = c->args->npositional + 1;
	const struct value_list **all = ARENA_ARRAY(c->ev->arena, const struct value_list *, n);
	int r = in_list(c, &all[0], err);
	for (size_t i = 1; i < n && r == 0; i++)
		r = eval_iterate(c->ev, c->args->positional[i - 1], &all[i], err);
	*ret = all;
	*ret_n = n;
	return r;
}

static int zip(struct call *c, bool longest, const struct value **ret, struct err *err)
{
	const struct value_list **all;
	const struct value *fill = template_arg(c->args, "fillvalue");
	size_t n, len;
	int r = inputs(c, &all, &n, err);
	if (r < 0)
		return r;
	len = all[0]->len;
	for (size_t i = 1; i < n; i++)
		if (longest ? all[i]->len > len : all[i]->len < len)
			len = all[i]->len;
	struct value *out = list_new(c->ev);
	for (size_t k = 0; k < len; k++) {
		struct value *t = tuple_new(c->ev);
		for (size_t i = 0; i < n; i++)
			list_push(c->ev, t,
				  k < all[i]->len ? all[i]->at[k]
				  : fill	  ? fill
						  : value_null());
		list_push(c->ev, out, t);
	}
	*ret = out;
	return eval_step(c->ev, len * n, err);
}
FN(f_zip)
{
	return zip(c, false, ret, err);
}
FN(f_zip_longest)
{
	return zip(c, true, ret, err);
}

FN(f_product)
{
	const struct value_list **all;
	size_t n;
	uint64_t total = 1;
	int64_t repeat = 1;
	const struct value *rep = template_arg(c->args, "repeat");
	int r = inputs(c, &all, &n, err);
	if (r < 0)
		return r;
	if (rep && rep->type == VALUE_INT)
		repeat = rep->integer;
	if (repeat < 0 || repeat > 64)
		return err_set(err, ERR_LIMIT, "repeat must be from 0 to 64");
	size_t width = n * (size_t)repeat;
	for (size_t i = 0; i < width; i++) {
		total *= all[i % n]->len;
		if ((r = limit_items(total, err)) < 0)
			return r;
	}
	if ((r = eval_step(c->ev, total * (width + 1), err)) < 0)
		return r;
	struct value *out = list_new(c->ev);
	for (uint64_t k = 0; k < total; k++) {
		struct value *t = tuple_new(c->ev);
		uint64_t rest = total, at = k;
		for (size_t i = 0; i < width; i++) {
			rest /= all[i % n]->len;
			list_push(c->ev, t, all[i % n]->at[at / rest]);
			at %= rest;
		}
		list_push(c->ev, out, t);
	}
	*ret = out;
	return 0;
}

struct choosing {
	struct call *c;
	const struct value_list *list;
	struct value *out;
	size_t k, chosen[64];
	bool permute;
};

static bool is_chosen(const struct choosing *s, size_t depth, size_t i)
{
	for (size_t d = 0; d < depth; d++)
		if (s->chosen[d] == i)
			return true;
	return false;
}

static int choose(struct choosing *s, size_t depth, struct err *err)
{
	int r = eval_step(s->c->ev, 1, err);
	if (r < 0)
		return r;
	if (depth == s->k) {
		struct value *t = tuple_new(s->c->ev);
		for (size_t d = 0; d < depth; d++)
			list_push(s->c->ev, t, s->list->at[s->chosen[d]]);
		list_push(s->c->ev, s->out, t);
		return limit_items(s->out->list.len, err);
	}
	for (size_t i = !s->permute && depth ? s->chosen[depth - 1] + 1 : 0;
	     i < s->list->len && r == 0; i++) {
		if (s->permute && is_chosen(s, depth, i))
			continue;
		s->chosen[depth] = i;
		r = choose(s, depth + 1, err);
	}
	return r;
}

static int choices(struct call *c, bool permute, const struct value **ret, struct err *err)
{
	struct choosing s = {.c = c, .out = list_new(c->ev), .permute = permute};
	int64_t k;
	int r = in_list(c, &s.list, err);
	if (r < 0 || (r = call_int(c, 0, (int64_t)s.list->len, &k, err)) < 0)
		return r;
	*ret = s.out;
	if (k < 0 || (size_t)k > s.list->len)
		return 0;
	if (k > 64)
		return err_set(err, ERR_LIMIT, "more than 64 items in a choice");
	s.k = (size_t)k;
	return choose(&s, 0, err);
}
FN(f_permutations)
{
	return choices(c, true, ret, err);
}
FN(f_combinations)
{
	return choices(c, false, ret, err);
}

static bool is_null_text(const struct value *v)
{
	return v->type == VALUE_NULL || value_is_str(v, "None") || value_is_str(v, "null");
}

static int flatten(struct call *c, const struct value_list *list, int64_t levels, bool skip,
		   struct value *out, unsigned depth, struct err *err)
{
	int r = eval_step(c->ev, list->len, err);
	if (r == 0 && depth > VALUE_MAX_DEPTH)
		return err_set(err, ERR_LIMIT, "nested deeper than %u", VALUE_MAX_DEPTH);
	for (size_t i = 0; i < list->len && r == 0; i++) {
		const struct value *v = list->at[i];
		if (skip && is_null_text(v))
			continue;
		if (is_list(v) && levels != 0)
			r = flatten(c, &v->list, levels - 1, skip, out, depth + 1, err);
		else
			list_push(c->ev, out, v);
	}
	return r;
}

FN(f_flatten)
{
	int64_t levels;
	bool skip;
	int r;
	const struct value_list *list;
	if ((r = in_list(c, &list, err)) < 0 || (r = call_int(c, 0, -1, &levels, err)) < 0 ||
	    (r = call_bool(c, 1, true, &skip, err)) < 0)
		return r;
	struct value *out = list_new(c->ev);
	*ret = out;
	return flatten(c, list, levels, skip, out, 0, err);
}

const struct function filters_sequence[] = {
	{"length", "", 0, 0, f_length},
	{"count", "", 0, 0, f_length},
	{"list", "", 0, 0, f_list},
	{"first", "", 0, 0, f_first},
	{"last", "", 0, 0, f_last},
	{"join", "d,attribute", 0, 0, f_join},
	{"sort", "reverse,case_sensitive,attribute", 0, 0, f_sort},
	{"max", "case_sensitive,attribute", 0, 0, f_max},
	{"min", "case_sensitive,attribute", 0, 0, f_min},
	{"sum", "attribute,start", 0, 0, f_sum},
	{"slice", "slices,fill_with", 1, 0, f_slice},
	{"batch", "linecount,fill_with", 1, 0, f_batch},
	{"zip", "", 0, FN_VARARGS, f_zip},
	{"zip_longest", "", 0, FN_VARARGS | FN_KWARGS, f_zip_longest},
	{"product", "", 0, FN_VARARGS | FN_KWARGS, f_product},
	{"permutations", "r", 0, 0, f_permutations},
	{"combinations", "r", 1, 0, f_combinations},
	{"flatten", "levels,skip_nulls", 0, 0, f_flatten},
	{0},
};
