/* ==, <, in, and sorting. */
#include "../eval/eval.h"
#include "bigint.h"
#include "datetime.h"

#include <stdlib.h>

static int equal_tree(struct eval *ev, const struct value *a, const struct value *b, unsigned depth,
		      bool *ret, struct err *err);

static int equal_lists(struct eval *ev, const struct value *a, const struct value *b,
		       unsigned depth, bool *ret, struct err *err)
{
	int r = 0;
	*ret = a->list.len == b->list.len && !((a->flags ^ b->flags) & VALUE_TUPLE);
	for (size_t i = 0; *ret && i < a->list.len && r == 0; i++)
		r = equal_tree(ev, a->list.at[i], b->list.at[i], depth + 1, ret, err);
	return r;
}

static int equal_dicts(struct eval *ev, const struct value *a, const struct value *b,
		       unsigned depth, bool *ret, struct err *err)
{
	int r = 0;
	*ret = a->dict.len == b->dict.len;
	for (size_t i = 0; *ret && i < a->dict.len && r == 0; i++) {
		const struct value *other = value_find(b, a->dict.at[i].key);
		*ret = other != NULL;
		if (other)
			r = equal_tree(ev, a->dict.at[i].value, other, depth + 1, ret, err);
	}
	return r;
}

static int equal_tree(struct eval *ev, const struct value *a, const struct value *b, unsigned depth,
		      bool *ret, struct err *err)
{
	int r, o;
	if ((r = eval_use(ev, a, err)) < 0 || (r = eval_use(ev, b, err)) < 0 ||
	    (r = eval_step(ev, 1, err)) < 0)
		return r;
	if (depth > VALUE_MAX_DEPTH)
		return err_set(err, ERR_LIMIT, "values nested deeper than %u", VALUE_MAX_DEPTH);
	if (a->type == VALUE_LIST && b->type == VALUE_LIST)
		return equal_lists(ev, a, b, depth, ret, err);
	if (a->type == VALUE_DICT && b->type == VALUE_DICT)
		return equal_dicts(ev, a, b, depth, ret, err);
	if (a->type == VALUE_OBJECT || b->type == VALUE_OBJECT) {
		bool same = a == b || (a->type == b->type && a->object.self == b->object.self &&
				       a->object.ops == b->object.ops);
		*ret = same || ((time_order(a, b, &o) || bigint_order(a, b, &o)) && o == 0);
		return 0;
	}
	*ret = value_equal(a, b);
	return 0;
}

int eval_equal(struct eval *ev, const struct value *a, const struct value *b, bool *ret,
	       struct err *err)
{
	return equal_tree(ev, a, b, 0, ret, err);
}

static const char *type_of(const struct value *v)
{
	return v->type == VALUE_OBJECT ? v->object.ops->type_name : value_type_name(v);
}

static int order_tree(struct eval *ev, const struct value *a, const struct value *b, unsigned depth,
		      int *ret, struct err *err);

static int order_lists(struct eval *ev, const struct value *a, const struct value *b,
		       unsigned depth, int *ret, struct err *err)
{
	size_t n = a->list.len < b->list.len ? a->list.len : b->list.len;
	for (size_t i = 0; i < n; i++) {
		bool same;
		int r = equal_tree(ev, a->list.at[i], b->list.at[i], depth + 1, &same, err);
		if (r < 0)
			return r;
		if (!same)
			return order_tree(ev, a->list.at[i], b->list.at[i], depth + 1, ret, err);
	}
	*ret = (a->list.len > b->list.len) - (a->list.len < b->list.len);
	return 0;
}

static int order_tree(struct eval *ev, const struct value *a, const struct value *b, unsigned depth,
		      int *ret, struct err *err)
{
	int r;
	if ((r = eval_use(ev, a, err)) < 0 || (r = eval_use(ev, b, err)) < 0 ||
	    (r = eval_step(ev, 1, err)) < 0)
		return r;
	if (is_number(a) && is_number(b)) {
		double x = as_double(a), y = as_double(b);
		if (a->type != VALUE_FLOAT && b->type != VALUE_FLOAT)
			*ret = (as_int(a) > as_int(b)) - (as_int(a) < as_int(b));
		else
			*ret = (x > y) - (x < y);
		return 0;
	}
	if (is_str(a) && is_str(b)) {
		*ret = slice_cmp(a->str, b->str);
		return 0;
	}
	if (is_list(a) && is_list(b) && depth < VALUE_MAX_DEPTH)
		return order_lists(ev, a, b, depth, ret, err);
	if (time_order(a, b, ret) || bigint_order(a, b, ret))
		return 0;
	return err_set(err, ERR_INVALID, "'%s' and '%s' have no order", type_of(a), type_of(b));
}

int eval_order(struct eval *ev, const struct value *a, const struct value *b, int *ret,
	       struct err *err)
{
	return order_tree(ev, a, b, 0, ret, err);
}

static int list_contains(struct eval *ev, const struct value_list *list, const struct value *item,
			 bool *ret, struct err *err)
{
	*ret = false;
	for (size_t i = 0; i < list->len && !*ret; i++) {
		int r = eval_equal(ev, list->at[i], item, ret, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int eval_contains(struct eval *ev, const struct value *box, const struct value *item, bool *ret,
		  struct err *err)
{
	int r;
	const struct value_list *list;
	if ((r = eval_use(ev, box, err)) < 0 || (r = eval_use(ev, item, err)) < 0)
		return r;
	if (is_str(box)) {
		if (!is_str(item))
			return type_error(err, "'in' looks for text in a string", item);
		*ret = item->str.len == 0 ||
		       memmem(box->str.ptr, box->str.len, item->str.ptr, item->str.len);
		return eval_step(ev, box->str.len / 64, err);
	}
	if (is_dict(box)) {
		*ret = item->type <= VALUE_STRING && value_find(box, item);
		return 0;
	}
	if ((r = eval_iterate(ev, box, &list, err)) < 0)
		return r;
	return list_contains(ev, list, item, ret, err);
}

static bool compare_ints(unsigned op, int64_t a, int64_t b)
{
	switch (op) {
	case OP_EQ:
		return a == b;
	case OP_NE:
		return a != b;
	case OP_LT:
		return a < b;
	case OP_LE:
		return a <= b;
	case OP_GT:
		return a > b;
	default:
		return a >= b;
	}
}

int compare_op(struct eval *ev, unsigned op, const struct value *a, const struct value *b,
	       bool *ret, struct err *err)
{
	int r, o;
	if (a->type == VALUE_INT && b->type == VALUE_INT && op < OP_IN) {
		ev->taint |= (a->flags | b->flags) & (VALUE_SECRET | VALUE_UNSAFE);
		*ret = compare_ints(op, a->integer, b->integer);
		return 0;
	}
	if (op == OP_EQ || op == OP_NE) {
		if ((r = eval_equal(ev, a, b, ret, err)) == 0 && op == OP_NE)
			*ret = !*ret;
		return r;
	}
	if (op == OP_IN || op == OP_NOTIN) {
		if ((r = eval_contains(ev, b, a, ret, err)) == 0 && op == OP_NOTIN)
			*ret = !*ret;
		return r;
	}
	if ((r = eval_order(ev, a, b, &o, err)) < 0)
		return r;
	*ret = op == OP_LT ? o < 0 : op == OP_LE ? o <= 0 : op == OP_GT ? o > 0 : o >= 0;
	return 0;
}

struct sorting {
	struct eval *ev;
	const struct value **items, **keys, **items_tmp, **keys_tmp;
	bool reverse;
};

static int merge(struct sorting *s, size_t from, size_t mid, size_t to, struct err *err)
{
	size_t i = from, j = mid;
	for (size_t k = from; k < to; k++) {
		int o = 0;
		if (i < mid && j < to) {
			int r = eval_order(s->ev, s->keys[i], s->keys[j], &o, err);
			if (r < 0)
				return r;
			o = s->reverse ? -o : o;
		}
		size_t *take = j >= to || (i < mid && o <= 0) ? &i : &j;
		s->items_tmp[k] = s->items[*take];
		s->keys_tmp[k] = s->keys[*take];
		(*take)++;
	}
	memcpy(s->items + from, s->items_tmp + from, (to - from) * sizeof(*s->items));
	memcpy(s->keys + from, s->keys_tmp + from, (to - from) * sizeof(*s->keys));
	return 0;
}

static int merge_sort(struct sorting *s, size_t from, size_t to, struct err *err)
{
	size_t mid = from + (to - from) / 2;
	int r;
	if (to - from < 2)
		return 0;
	if ((r = merge_sort(s, from, mid, err)) < 0 || (r = merge_sort(s, mid, to, err)) < 0)
		return r;
	return merge(s, from, mid, to, err);
}

int sort_items(struct eval *ev, const struct value **items, const struct value **keys, size_t n,
	       bool reverse, struct err *err)
{
	struct sorting s = {ev, items, keys, NULL, NULL, reverse};
	s.items_tmp = ARENA_ARRAY(ev->arena, const struct value *, n + 1);
	s.keys_tmp = ARENA_ARRAY(ev->arena, const struct value *, n + 1);
	return merge_sort(&s, 0, n, err);
}
