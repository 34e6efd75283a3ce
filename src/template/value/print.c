/* Building values, and values as Python's str() and repr() show them. */
#include "../eval/eval.h"

#include <math.h>

#define INT_END 9223372036854775808.0 /* the first float that no int64_t holds */

static bool fits_int(double d)
{
	return d >= -INT_END && d < INT_END;
}

bool is_number(const struct value *v)
{
	return v->type == VALUE_BOOL || v->type == VALUE_INT || v->type == VALUE_FLOAT;
}
int64_t as_int(const struct value *v)
{
	if (v->type == VALUE_FLOAT)
		return fits_int(v->real) ? (int64_t)v->real : 0;
	return v->type == VALUE_BOOL ? v->boolean : v->integer;
}
int int_overflow(struct err *err)
{
	return err_set(err, ERR_LIMIT, "the number does not fit into 64 bits");
}
int int_of(const struct value *v, int64_t *ret, struct err *err)
{
	if (v->type == VALUE_FLOAT && !fits_int(v->real))
		return int_overflow(err);
	*ret = as_int(v);
	return 0;
}
double as_double(const struct value *v)
{
	return v->type == VALUE_FLOAT ? v->real : (double)as_int(v);
}

struct value *list_new(struct eval *ev)
{
	struct value *v = value_list_new(ev->arena);
	v->flags |= VALUE_FRESH;
	return v;
}
struct value *tuple_new(struct eval *ev)
{
	struct value *v = list_new(ev);
	v->flags |= VALUE_TUPLE;
	return v;
}
struct value *dict_new(struct eval *ev)
{
	struct value *v = value_dict_new(ev->arena);
	v->flags |= VALUE_FRESH;
	return v;
}
void list_push(struct eval *ev, struct value *list, const struct value *v)
{
	value_list_push(ev->arena, list, v);
}
struct value *pair_new(struct eval *ev, const struct value *a, const struct value *b)
{
	struct value *t = tuple_new(ev);
	list_push(ev, t, a);
	list_push(ev, t, b);
	return t;
}

int dict_set(struct eval *ev, struct value *dict, const struct value *key, const struct value *v,
	     struct err *err)
{
	int r = eval_use(ev, key, err);
	if (r < 0)
		return r;
	if (key->type > VALUE_STRING)
		return type_error(err, "a key must be a string, a number, a bool or none", key);
	value_dict_set(ev->arena, dict, key, v);
	return 0;
}

const struct value *str_new(struct eval *ev, struct slice s)
{
	return value_str(ev->arena, s);
}
const struct value *str_buf(struct eval *ev, const struct strbuf *b)
{
	return value_str(ev->arena, strbuf_slice(b));
}
const struct value *str_lit(struct eval *ev, const char *s)
{
	return value_str_borrowed(ev->arena, slice_from(s));
}
const struct value *int_new(struct eval *ev, int64_t i)
{
	return value_int(ev->arena, i);
}
const struct value *float_new(struct eval *ev, double d)
{
	return value_float(ev->arena, d);
}

static int repr_tree(struct eval *ev, struct strbuf *out, const struct value *v, unsigned depth,
		     struct err *err);

static int repr_list(struct eval *ev, struct strbuf *out, const struct value *v, unsigned depth,
		     struct err *err)
{
	int r = 0;
	value_list_begin(out, v);
	for (size_t i = 0; i < v->list.len && r == 0; i++) {
		if (i)
			strbuf_puts(out, ", ");
		r = repr_tree(ev, out, v->list.at[i], depth + 1, err);
	}
	value_list_end(out, v);
	return r;
}

static int repr_dict(struct eval *ev, struct strbuf *out, const struct value *v, unsigned depth,
		     struct err *err)
{
	int r = 0;
	strbuf_putc(out, '{');
	for (size_t i = 0; i < v->dict.len && r == 0; i++) {
		if (i)
			strbuf_puts(out, ", ");
		r = repr_tree(ev, out, v->dict.at[i].key, depth + 1, err);
		strbuf_puts(out, ": ");
		if (r == 0)
			r = repr_tree(ev, out, v->dict.at[i].value, depth + 1, err);
	}
	strbuf_putc(out, '}');
	return r;
}

static void print_object(struct strbuf *out, const struct value *v)
{
	if (v->object.ops->print)
		v->object.ops->print(v->object.self, out);
	else
		strbuf_printf(out, "<%s>", v->object.ops->type_name);
}

static int repr_tree(struct eval *ev, struct strbuf *out, const struct value *v, unsigned depth,
		     struct err *err)
{
	int r = eval_use(ev, v, err);
	if (r < 0 || (r = eval_step(ev, 1, err)) < 0 || (r = limit_text(out->len, err)) < 0)
		return r;
	if (depth > VALUE_MAX_DEPTH)
		return err_set(err, ERR_LIMIT, "a value nested deeper than %u", VALUE_MAX_DEPTH);
	switch (v->type) {
	case VALUE_LIST:
		return repr_list(ev, out, v, depth, err);
	case VALUE_DICT:
		return repr_dict(ev, out, v, depth, err);
	case VALUE_OBJECT:
		print_object(out, v);
		return 0;
	default:
		value_repr(out, v);
		return 0;
	}
}

int print_repr(struct eval *ev, struct strbuf *out, const struct value *v, struct err *err)
{
	return repr_tree(ev, out, v, 0, err);
}

static int print_int(struct eval *ev, struct strbuf *out, const struct value *v, struct err *err)
{
	char buf[24], *p = buf + sizeof(buf);
	uint64_t rest = v->integer < 0 ? 0 - (uint64_t)v->integer : (uint64_t)v->integer;
	do
		*--p = (char)('0' + rest % 10);
	while (rest /= 10);
	if (v->integer < 0)
		*--p = '-';
	int r = eval_use(ev, v, err);
	strbuf_append(out, p, (size_t)(buf + sizeof(buf) - p));
	return r;
}

int print_str(struct eval *ev, struct strbuf *out, const struct value *v, struct err *err)
{
	if (v->type == VALUE_INT)
		return print_int(ev, out, v, err);
	if (v->type != VALUE_STRING || (v->flags & VALUE_BYTES))
		return repr_tree(ev, out, v, 0, err);
	int r = eval_use(ev, v, err);
	if (r == 0 && (r = limit_text(out->len + v->str.len, err)) == 0)
		strbuf_slice_append(out, v->str);
	return r;
}

int text_of(struct eval *ev, const struct value *v, struct slice *ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	int r;
	if (v->type == VALUE_STRING) {
		*ret = v->str;
		return eval_use(ev, v, err);
	}
	if ((r = print_str(ev, &b, v, err)) < 0)
		return r;
	*ret = arena_slice(ev->arena, strbuf_slice(&b));
	return 0;
}

int eval_truth(struct eval *ev, const struct value *v, bool *ret, struct err *err)
{
	int r = eval_use(ev, v, err);
	if (v->type == VALUE_BOOL)
		*ret = v->boolean;
	if (r < 0 || v->type == VALUE_BOOL)
		return r;
	if (v->type == VALUE_OBJECT && v->object.ops->keys) {
		size_t n;
		if ((r = eval_length(ev, v, &n, err)) == 0)
			*ret = n > 0;
		return r;
	}
	*ret = v->type == VALUE_OBJECT || value_truthy(v);
	return 0;
}

static struct value *characters(struct eval *ev, struct slice s)
{
	struct value *list = list_new(ev);
	for (size_t i = 0, next; i < s.len; i = next) {
		next = chars_next(s, i);
		list_push(ev, list, str_new(ev, (struct slice){s.ptr + i, next - i}));
	}
	return list;
}

static int object_keys(struct eval *ev, const struct value *v, const struct value **ret,
		       struct err *err)
{
	if (!v->object.ops->keys)
		return type_error(err, "not something to iterate over", v);
	return v->object.ops->keys(v->object.self, ev->arena, ret, err);
}

int eval_iterate(struct eval *ev, const struct value *v, const struct value_list **ret,
		 struct err *err)
{
	const struct value *list = v;
	int r = eval_use(ev, v, err);
	if (r < 0)
		return r;
	if (v->type == VALUE_DICT) {
		struct value *keys = list_new(ev);
		for (size_t i = 0; i < v->dict.len; i++)
			list_push(ev, keys, v->dict.at[i].key);
		list = keys;
	} else if (v->type == VALUE_STRING) {
		if ((r = limit_items(v->str.len, err)) < 0)
			return r;
		list = characters(ev, v->str);
	} else if (v->type == VALUE_OBJECT) {
		if ((r = object_keys(ev, v, &list, err)) < 0)
			return r;
	} else if (v->type != VALUE_LIST) {
		return type_error(err, "not something to iterate over", v);
	}
	*ret = &list->list;
	return eval_step(ev, list->list.len, err);
}

int eval_length(struct eval *ev, const struct value *v, size_t *ret, struct err *err)
{
	int r = eval_use(ev, v, err);
	if (r < 0)
		return r;
	if (v->type == VALUE_STRING)
		*ret = chars_length(v->str);
	else if (v->type == VALUE_LIST)
		*ret = v->list.len;
	else if (v->type == VALUE_DICT)
		*ret = v->dict.len;
	else if (v->type == VALUE_OBJECT && v->object.ops->keys) {
		const struct value *list;
		if ((r = object_keys(ev, v, &list, err)) < 0)
			return r;
		*ret = list->list.len;
	} else {
		return type_error(err, "a value without a length", v);
	}
	return 0;
}
