/* Reading the arguments of a filter, test, lookup or method. */
#include "eval.h"

#include <math.h>

int call_int(struct call *c, unsigned i, int64_t fallback, int64_t *ret, struct err *err)
{
	const struct value *v = c->arg[i];
	*ret = fallback;
	if (!v || v->type == VALUE_NULL)
		return 0;
	if (v->type == VALUE_FLOAT && v->real == floor(v->real))
		return int_of(v, ret, err);
	if (v->type != VALUE_INT && v->type != VALUE_BOOL)
		return type_error(err, "a whole number is needed", v);
	*ret = as_int(v);
	return 0;
}

int call_bool(struct call *c, unsigned i, bool fallback, bool *ret, struct err *err)
{
	*ret = fallback;
	return c->arg[i] ? eval_truth(c->ev, c->arg[i], ret, err) : 0;
}

int call_text(struct call *c, unsigned i, const char *fallback, struct slice *ret, struct err *err)
{
	if (!c->arg[i]) {
		*ret = slice_from(fallback);
		return 0;
	}
	return text_of(c->ev, c->arg[i], ret, err);
}

int in_text(struct call *c, struct slice *ret, struct err *err)
{
	return text_of(c->ev, c->in, ret, err);
}

int in_string(struct call *c, struct slice *ret, struct err *err)
{
	if (!is_str(c->in))
		return type_error(err, "a string is needed", c->in);
	*ret = c->in->str;
	return 0;
}

int in_list(struct call *c, const struct value_list **ret, struct err *err)
{
	return eval_iterate(c->ev, c->in, ret, err);
}

int in_dict(struct call *c, const struct value_dict **ret, struct err *err)
{
	const struct value *dict;
	int r = as_dict(c->ev, c->in, &dict, err);
	if (r == 0)
		*ret = &dict->dict;
	return r;
}
