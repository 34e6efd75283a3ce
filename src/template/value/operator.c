/* Arithmetic and what Python's operators do with text and lists. */
#include "../eval/eval.h"
#include "bigint.h"
#include "datetime.h"

#include <math.h>

static const char *const names[] = {"+", "-", "*", "/", "//", "%", "**"};

static const char *type_of(const struct value *v)
{
	return v->type == VALUE_OBJECT ? v->object.ops->type_name : value_type_name(v);
}

static int mismatch(unsigned op, const struct value *a, const struct value *b, struct err *err)
{
	const char *hint = "";
	if (op == OP_ADD && (is_str(a) || is_str(b)))
		hint = "; '~' joins values as text";
	return err_set(err, ERR_INVALID, "'%s' does not work between '%s' and '%s'%s", names[op],
		       type_of(a), type_of(b), hint);
}

static bool int_pow(int64_t base, int64_t exp, int64_t *ret)
{
	int64_t result = 1;
	for (; exp > 0; exp >>= 1) {
		if ((exp & 1) && __builtin_mul_overflow(result, base, &result))
			return false;
		if (exp > 1 && __builtin_mul_overflow(base, base, &base))
			return false;
	}
	*ret = result;
	return true;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	int64_t q = a / b;
	return (a % b != 0 && (a < 0) != (b < 0)) ? q - 1 : q;
}

static int64_t floor_mod(int64_t a, int64_t b)
{
	int64_t m = a % b;
	return (m != 0 && (m < 0) != (b < 0)) ? m + b : m;
}

static int int_op(struct eval *ev, unsigned op, const struct value *left, const struct value *right,
		  const struct value **ret, struct err *err)
{
	int64_t i = 0, a = as_int(left), b = as_int(right);
	bool over = false;
	switch (op) {
	case OP_ADD:
		over = __builtin_add_overflow(a, b, &i);
		break;
	case OP_SUB:
		over = __builtin_sub_overflow(a, b, &i);
		break;
	case OP_MUL:
		over = __builtin_mul_overflow(a, b, &i);
		break;
	default:
		if (op == OP_POW) {
			over = !int_pow(a, b, &i);
			break;
		}
		if (b == 0)
			return err_set(err, ERR_INVALID, "division by zero");
		if (b == -1) {
			over = op == OP_FLOORDIV && a == INT64_MIN;
			i = op == OP_MOD || over ? 0 : -a;
		} else {
			i = op == OP_FLOORDIV ? floor_div(a, b) : floor_mod(a, b);
		}
	}
	if (over)
		return bigint_op(ev, op, left, right, ret, err);
	*ret = int_new(ev, i);
	return 0;
}

static double float_mod(double a, double b)
{
	double m = fmod(a, b);
	if (m != 0 && (m < 0) != (b < 0))
		m += b;
	return m;
}

static int float_op(struct eval *ev, unsigned op, double a, double b, const struct value **ret,
		    struct err *err)
{
	double d;
	if (b == 0 && (op == OP_DIV || op == OP_FLOORDIV || op == OP_MOD))
		return err_set(err, ERR_INVALID, "division by zero");
	switch (op) {
	case OP_ADD:
		d = a + b;
		break;
	case OP_SUB:
		d = a - b;
		break;
	case OP_MUL:
		d = a * b;
		break;
	case OP_DIV:
		d = a / b;
		break;
	case OP_FLOORDIV:
		d = floor(a / b);
		break;
	case OP_MOD:
		d = float_mod(a, b);
		break;
	default:
		if (a < 0 && b != floor(b))
			return err_set(err, ERR_INVALID, "a negative number to a fractional power");
		if (a == 0 && b < 0)
			return err_set(err, ERR_INVALID,
				       "0.0 cannot be raised to a negative power");
		d = pow(a, b);
	}
	*ret = float_new(ev, d);
	return 0;
}

static int number_op(struct eval *ev, unsigned op, const struct value *a, const struct value *b,
		     const struct value **ret, struct err *err)
{
	bool real = a->type == VALUE_FLOAT || b->type == VALUE_FLOAT || op == OP_DIV;
	if (op == OP_POW && !real && as_int(b) < 0)
		real = true;
	if (real)
		return float_op(ev, op, as_double(a), as_double(b), ret, err);
	return int_op(ev, op, a, b, ret, err);
}

static int repeat_text(struct eval *ev, struct slice s, int64_t n, const struct value **ret,
		       struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	if (n <= 0 || s.len == 0) {
		*ret = str_lit(ev, "");
		return 0;
	}
	if (n > TEXT_MAX_BYTES || limit_text(s.len * (size_t)n, NULL) < 0)
		return limit_text(SIZE_MAX, err);
	for (int64_t i = 0; i < n; i++)
		strbuf_slice_append(&b, s);
	*ret = str_buf(ev, &b);
	return eval_step(ev, s.len * (size_t)n / 64, err);
}

static int repeat_list(struct eval *ev, const struct value *list, int64_t n,
		       const struct value **ret, struct err *err)
{
	size_t len = list->list.len;
	struct value *out = list_new(ev);
	out->flags |= list->flags & VALUE_TUPLE;
	*ret = out;
	if (n <= 0 || len == 0)
		return 0;
	if (n > LIST_MAX_ITEMS)
		return limit_items((uint64_t)n, err);
	int r = limit_items(len * (uint64_t)n, err);
	if (r < 0 || (r = eval_step(ev, len * (uint64_t)n, err)) < 0)
		return r;
	for (int64_t k = 0; k < n; k++)
		for (size_t i = 0; i < len; i++)
			list_push(ev, out, list->list.at[i]);
	return 0;
}

static int add_lists(struct eval *ev, const struct value *a, const struct value *b,
		     const struct value **ret, struct err *err)
{
	struct value *out = list_new(ev);
	int r = eval_step(ev, a->list.len + b->list.len, err);
	if (r < 0 || (r = limit_items(a->list.len + b->list.len, err)) < 0)
		return r;
	out->flags |= a->flags & VALUE_TUPLE;
	for (size_t i = 0; i < a->list.len; i++)
		list_push(ev, out, a->list.at[i]);
	for (size_t i = 0; i < b->list.len; i++)
		list_push(ev, out, b->list.at[i]);
	*ret = out;
	return 0;
}

static int add_texts(struct eval *ev, const struct value *a, const struct value *b,
		     const struct value **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf s = {0};
	int r = limit_text(a->str.len + b->str.len, err);
	if (r < 0)
		return r;
	unsigned html = (a->flags | b->flags) & VALUE_HTML;
	const struct value *const parts[] = {a, b};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (html && !(parts[i]->flags & VALUE_HTML))
			escape_html(&s, parts[i]->str);
		else
			strbuf_slice_append(&s, parts[i]->str);
	}
	struct value *text = value_str(ev->arena, strbuf_slice(&s));
	text->flags |= (uint16_t)html;
	*ret = text;
	return 0;
}

static int percent(struct eval *ev, const struct value *a, const struct value *b,
		   const struct value **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf s = {0};
	int r = format_percent(ev, a->str, b, &s, err);
	if (r == 0)
		*ret = str_buf(ev, &s);
	return r;
}

static bool is_whole(const struct value *v)
{
	return v->type == VALUE_INT || v->type == VALUE_BOOL;
}

int binary_op(struct eval *ev, unsigned op, const struct value *a, const struct value *b,
	      const struct value **ret, struct err *err)
{
	int r;
	if ((r = eval_use(ev, a, err)) < 0 || (r = eval_use(ev, b, err)) < 0)
		return r;
	if (is_number(a) && is_number(b))
		return number_op(ev, op, a, b, ret, err);
	if (op == OP_MOD && is_str(a))
		return percent(ev, a, b, ret, err);
	if (op == OP_ADD && is_str(a) && is_str(b))
		return add_texts(ev, a, b, ret, err);
	if (op == OP_ADD && is_list(a) && is_list(b) && !((a->flags ^ b->flags) & VALUE_TUPLE))
		return add_lists(ev, a, b, ret, err);
	if (op == OP_MUL && is_whole(a) && (is_str(b) || is_list(b))) {
		const struct value *t = a;
		a = b;
		b = t;
	}
	if (op == OP_MUL && is_str(a) && is_whole(b))
		return repeat_text(ev, a->str, as_int(b), ret, err);
	if (op == OP_MUL && is_list(a) && is_whole(b))
		return repeat_list(ev, a, as_int(b), ret, err);
	if ((is_bigint(a) && (is_bigint(b) || is_number(b))) || (is_number(a) && is_bigint(b)))
		return bigint_op(ev, op, a, b, ret, err);
	if ((op == OP_SUB || op == OP_ADD) && time_op(ev, op, a, b, ret))
		return 0;
	return mismatch(op, a, b, err);
}
