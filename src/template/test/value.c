/* Jinja's tests. */
#include "../filter/filter.h"
#include "../value/bigint.h"

static int give(const struct value **ret, bool is)
{
	*ret = value_bool(is);
	return 0;
}

FN(t_defined)
{
	return give(ret, !is_undefined(c->in));
}
FN(t_undefined)
{
	return give(ret, is_undefined(c->in));
}
FN(t_none)
{
	return give(ret, c->in->type == VALUE_NULL);
}
FN(t_boolean)
{
	return give(ret, c->in->type == VALUE_BOOL);
}
FN(t_true)
{
	return give(ret, c->in->type == VALUE_BOOL && c->in->boolean);
}
FN(t_false)
{
	return give(ret, c->in->type == VALUE_BOOL && !c->in->boolean);
}
FN(t_integer)
{
	return give(ret, c->in->type == VALUE_INT || is_bigint(c->in));
}
FN(t_float)
{
	return give(ret, c->in->type == VALUE_FLOAT);
}
FN(t_number)
{
	return give(ret, is_number(c->in) || is_bigint(c->in));
}
FN(t_string)
{
	return give(ret, is_str(c->in));
}
FN(t_mapping)
{
	return give(ret, is_mapping(c->in));
}
FN(t_sequence)
{
	return give(ret, is_list(c->in) || is_mapping(c->in) || is_str(c->in));
}
FN(t_iterable)
{
	return give(ret, is_list(c->in) || is_dict(c->in) || is_str(c->in) ||
				 (c->in->type == VALUE_OBJECT && c->in->object.ops->keys));
}
FN(t_callable)
{
	if (is_undefined(c->in))
		return give(ret, true);
	return give(ret, c->in->type == VALUE_OBJECT && c->in->object.ops->call);
}
FN(t_escaped)
{
	if (is_undefined(c->in))
		return give(ret, true);
	return give(ret, c->in->flags & VALUE_HTML);
}
FN(t_sameas)
{
	if (is_undefined(c->in))
		return give(ret, false);
	const struct value *a = c->in, *b = c->arg[0];
	bool same = a == b || (a->type == b->type &&
			       (a->type == VALUE_NULL || a->type == VALUE_BOOL ||
				a->type == VALUE_INT || a->type == VALUE_STRING) &&
			       value_equal(a, b));
	return give(ret, same);
}

static int remainder_is(struct call *c, int64_t by, int64_t wanted, const struct value **ret,
			struct err *err)
{
	if (!is_number(c->in))
		return type_error(err, "a number is needed", c->in);
	if (by == 0)
		return err_set(err, ERR_INVALID, "division by zero");
	if (c->in->type == VALUE_FLOAT && c->in->real != (double)as_int(c->in))
		return give(ret, false);
	int64_t rest = by == -1 ? 0 : as_int(c->in) % by;
	return give(ret, rest == wanted || rest == -wanted);
}
FN(t_even)
{
	return remainder_is(c, 2, 0, ret, err);
}
FN(t_odd)
{
	return remainder_is(c, 2, 1, ret, err);
}
FN(t_divisibleby)
{
	int64_t by;
	int r = call_int(c, 0, 1, &by, err);
	return r < 0 ? r : remainder_is(c, by, 0, ret, err);
}

static int text_case(struct call *c, bool upper, const struct value **ret, struct err *err)
{
	struct slice s;
	int r = in_text(c, &s, err);
	return r < 0 ? r : give(ret, text_is_case(s, upper));
}
FN(t_upper)
{
	return text_case(c, true, ret, err);
}
FN(t_lower)
{
	return text_case(c, false, ret, err);
}

static int compare(struct call *c, unsigned op, const struct value **ret, struct err *err)
{
	bool is;
	int r = compare_op(c->ev, op, c->in, c->arg[0], &is, err);
	return r < 0 ? r : give(ret, is);
}
FN(t_eq)
{
	return compare(c, OP_EQ, ret, err);
}
FN(t_ne)
{
	return compare(c, OP_NE, ret, err);
}
FN(t_lt)
{
	return compare(c, OP_LT, ret, err);
}
FN(t_le)
{
	return compare(c, OP_LE, ret, err);
}
FN(t_gt)
{
	return compare(c, OP_GT, ret, err);
}
FN(t_ge)
{
	return compare(c, OP_GE, ret, err);
}
FN(t_in)
{
	return compare(c, OP_IN, ret, err);
}

FN(t_filter)
{
	return give(ret, is_str(c->in) && registry_filter(c->in->str));
}
FN(t_test)
{
	return give(ret, is_str(c->in) && registry_test(c->in->str));
}

const struct function tests_value[] = {
	{"defined", "", 0, FN_UNDEFINED | FN_LAZY, t_defined},
	{"undefined", "", 0, FN_UNDEFINED | FN_LAZY, t_undefined},
	{"none", "", 0, FN_UNDEFINED, t_none},
	{"boolean", "", 0, FN_UNDEFINED, t_boolean},
	{"true", "", 0, FN_UNDEFINED, t_true},
	{"false", "", 0, FN_UNDEFINED, t_false},
	{"integer", "", 0, FN_UNDEFINED, t_integer},
	{"float", "", 0, FN_UNDEFINED, t_float},
	{"number", "", 0, FN_UNDEFINED, t_number},
	{"string", "", 0, FN_UNDEFINED, t_string},
	{"mapping", "", 0, FN_UNDEFINED, t_mapping},
	{"sequence", "", 0, FN_UNDEFINED, t_sequence},
	{"iterable", "", 0, 0, t_iterable},
	{"callable", "", 0, FN_UNDEFINED, t_callable},
	{"escaped", "", 0, FN_UNDEFINED, t_escaped},
	{"sameas", "other", 1, FN_UNDEFINED, t_sameas},
	{"even", "", 0, 0, t_even},
	{"odd", "", 0, 0, t_odd},
	{"divisibleby", "num", 1, 0, t_divisibleby},
	{"upper", "", 0, 0, t_upper},
	{"lower", "", 0, 0, t_lower},
	{"eq", "other", 1, 0, t_eq},
	{"equalto", "other", 1, 0, t_eq},
	{"==", "other", 1, 0, t_eq},
	{"ne", "other", 1, 0, t_ne},
	{"!=", "other", 1, 0, t_ne},
	{"lt", "other", 1, 0, t_lt},
	{"lessthan", "other", 1, 0, t_lt},
	{"<", "other", 1, 0, t_lt},
	{"le", "other", 1, 0, t_le},
	{"<=", "other", 1, 0, t_le},
	{"gt", "other", 1, 0, t_gt},
	{"greaterthan", "other", 1, 0, t_gt},
	{">", "other", 1, 0, t_gt},
	{"ge", "other", 1, 0, t_ge},
	{">=", "other", 1, 0, t_ge},
	{"in", "seq", 1, 0, t_in},
	{"filter", "", 0, 0, t_filter},
	{"test", "", 0, 0, t_test},
	{0},
};
