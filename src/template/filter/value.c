/* default, mandatory, ternary, random and others that take any value. */
#include "../algorithm/version.h"
#include "filter.h"

FN(f_default)
{
	bool boolean, is = true;
	int r;
	if (c->arg[1] && (r = eval_use(c->ev, c->arg[1], err)) < 0)
		return r;
	if ((r = call_bool(c, 1, false, &boolean, err)) < 0)
		return r;
	if (is_undefined(c->in))
		is = false;
	else if (boolean && (r = eval_truth(c->ev, c->in, &is, err)) < 0)
		return r;
	*ret = is ? c->in : c->arg[0] ? c->arg[0] : str_lit(c->ev, "");
	return 0;
}

FN(f_mandatory)
{
	struct slice msg;
	if (!is_undefined(c->in)) {
		*ret = c->in;
		return 0;
	}
	if (!c->arg[0] || c->arg[0]->type == VALUE_NULL) {
		int code = undefined_fail(c->in, err);
		return err_wrap(err, code, "a mandatory variable is not defined");
	}
	int r = call_text(c, 0, "", &msg, err);
	return r < 0 ? r : err_set(err, ERR_UNDEFINED, "%.*s", SLICE_ARG(msg));
}

FN(f_ternary)
{
	bool is;
	int r = eval_truth(c->ev, c->in, &is, err);
	if (r < 0)
		return r;
	*ret = is ? c->arg[0] : c->arg[1];
	if (c->in->type == VALUE_NULL && c->arg[2] && c->arg[2]->type != VALUE_NULL)
		*ret = c->arg[2];
	return 0;
}

FN(f_type_debug)
{
	if (is_undefined(c->in))
		*ret = str_lit(c->ev, "AnsibleUndefined");
	else if (c->in->type == VALUE_OBJECT)
		*ret = str_lit(c->ev, c->in->object.ops->type_name);
	else
		*ret = str_lit(c->ev, value_type_name(c->in));
	return 0;
}

static int random_int(struct call *c, const struct value **ret, struct err *err)
{
	struct mersenne m;
	int64_t start, by, end = as_int(c->in);
	int r;
	if ((r = call_int(c, 0, 0, &start, err)) < 0 || (r = call_int(c, 1, 1, &by, err)) < 0)
		return r;
	by = by ? by : 1;
	uint64_t span = by > 0 ? (end > start ? (uint64_t)end - (uint64_t)start : 0)
			       : (start > end ? (uint64_t)start - (uint64_t)end : 0);
	uint64_t width = by > 0 ? (uint64_t)by : 0 - (uint64_t)by;
	uint64_t n = span / width + (span % width != 0);
	if (n == 0)
		return err_set(err, ERR_INVALID, "the range is empty");
	mersenne_seed(&m, c->ev, c->arg[2]);
	*ret = int_new(c->ev, start + (int64_t)(mersenne_below(&m, n) * (uint64_t)by));
	return 0;
}

FN(f_random)
{
	struct mersenne m;
	const struct value_list *list;
	if (c->in->type == VALUE_INT || c->in->type == VALUE_BOOL)
		return random_int(c, ret, err);
	if (is_dict(c->in))
		return type_error(err, "a number or a list is needed", c->in);
	if ((c->arg[0] && value_truthy(c->arg[0])) || (c->arg[1] && value_truthy(c->arg[1])))
		return err_set(err, ERR_INVALID, "start and step are for numbers only");
	int r = in_list(c, &list, err);
	if (r < 0)
		return r;
	if (list->len == 0) {
		*ret = undefined_hint(c->ev, "there is no random item, the sequence is empty");
		return 0;
	}
	mersenne_seed(&m, c->ev, c->arg[2]);
	*ret = list->at[mersenne_below(&m, list->len)];
	return 0;
}

FN(f_shuffle)
{
	struct mersenne m;
	const struct value_list *list;
	*ret = c->in; /* what cannot be shuffled */
	if (c->in->type == VALUE_NULL || is_number(c->in))
		return 0;
	int r = in_list(c, &list, err);
	if (r < 0)
		return r;
	struct value *out = list_new(c->ev);
	for (size_t i = 0; i < list->len; i++)
		list_push(c->ev, out, list->at[i]);
	const struct value *seed = c->arg[0] && value_truthy(c->arg[0]) ? c->arg[0] : NULL;
	mersenne_seed(&m, c->ev, seed);
	for (size_t i = list->len; i > 1; i--) {
		size_t k = mersenne_below(&m, i);
		const struct value *t = out->list.at[i - 1];
		out->list.at[i - 1] = out->list.at[k];
		out->list.at[k] = t;
	}
	*ret = out;
	return 0;
}

const struct function filters_value[] = {
	{"default", "default_value,boolean", 0, FN_UNDEFINED | FN_LAZY | FN_DEFAULT, f_default},
	{"d", "default_value,boolean", 0, FN_UNDEFINED | FN_LAZY | FN_DEFAULT, f_default},
	{"mandatory", "msg", 0, FN_UNDEFINED | FN_LAZY, f_mandatory},
	{"ternary", "true_val,false_val,none_val", 2, FN_LAZY, f_ternary},
	{"type_debug", "", 0, FN_UNDEFINED, f_type_debug},
	{"random", "start,step,seed", 0, 0, f_random},
	{"shuffle", "seed", 0, 0, f_shuffle},
	{"version", "version,operator,strict,version_type", 1, 0, version_test},
	{"version_compare", "version,operator,strict,version_type", 1, 0, version_test},
	{0},
};
