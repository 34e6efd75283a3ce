/* Evaluation of JMESPath's trees. */
#include "jmespath.h"

bool jmes_truth(const struct value *v)
{
	if (v->type == VALUE_INT || v->type == VALUE_FLOAT)
		return true;
	return v->type != VALUE_NULL && value_truthy(v);
}

const struct value *jmes_values(struct eval *ev, const struct value *dict)
{
	struct value *out = list_new(ev);
	for (size_t i = 0; i < dict->dict.len; i++)
		list_push(ev, out, dict->dict.at[i].value);
	return out;
}

static int index_of(struct eval *ev, const struct jmes_node *n, const struct value *v,
		    const struct value **ret, struct err *err)
{
	*ret = value_null();
	if (!is_list(v))
		return 0;
	if (n->kind == JMES_SLICE)
		return get_slice(ev, v, n->part, ret, err);
	int64_t i = n->part[0]->integer, len = (int64_t)v->list.len;
	i += i < 0 ? len : 0;
	if (i >= 0 && i < len)
		*ret = v->list.at[i];
	return 0;
}

/* n->b of each item, where n->c holds; nulls are dropped. */
static int project(struct eval *ev, const struct jmes_node *n, const struct value *items,
		   const struct value **ret, struct err *err)
{
	struct value *out = list_new(ev);
	int r = 0;
	*ret = out;
	for (size_t i = 0; i < items->list.len && r == 0; i++) {
		const struct value *one, *is;
		if (n->c && (r = jmes_eval(ev, n->c, items->list.at[i], &is, err)) < 0)
			return r;
		if (n->c && !jmes_truth(is))
			continue;
		r = jmes_eval(ev, n->b, items->list.at[i], &one, err);
		if (r == 0 && one->type != VALUE_NULL)
			list_push(ev, out, one);
	}
	return r;
}

static int projection(struct eval *ev, const struct jmes_node *n, const struct value *v,
		      const struct value **ret, struct err *err)
{
	int r = jmes_eval(ev, n->a, v, &v, err);
	*ret = value_null();
	if (r < 0)
		return r;
	if (n->kind == JMES_VALUES)
		return is_dict(v) ? project(ev, n, jmes_values(ev, v), ret, err) : 0;
	return is_list(v) ? project(ev, n, v, ret, err) : 0;
}

static int flatten(struct eval *ev, const struct value *v, const struct value **ret,
		   struct err *err)
{
	struct value *out = list_new(ev);
	*ret = value_null();
	if (!is_list(v))
		return 0;
	for (size_t i = 0; i < v->list.len; i++) {
		const struct value *item = v->list.at[i];
		int r = eval_use(ev, item, err);
		if (r < 0)
			return r;
		if (!is_list(item))
			list_push(ev, out, item);
		for (size_t k = 0; is_list(item) && k < item->list.len; k++)
			list_push(ev, out, item->list.at[k]);
	}
	*ret = out;
	return eval_step(ev, out->list.len, err);
}

/* Of unlike types nothing is equal; only numbers have an order. */
static int compare(struct eval *ev, const struct jmes_node *n, const struct value *v,
		   const struct value **ret, struct err *err)
{
	const struct value *a, *b;
	bool is = false;
	int r;
	if ((r = jmes_eval(ev, n->a, v, &a, err)) < 0 || (r = jmes_eval(ev, n->b, v, &b, err)) < 0)
		return r;
	bool bools = (a->type == VALUE_BOOL) + (b->type == VALUE_BOOL) == 1;
	*ret = value_null();
	if (n->op == OP_EQ || n->op == OP_NE) {
		r = bools ? 0 : eval_equal(ev, a, b, &is, err);
		*ret = value_bool(is == (n->op == OP_EQ));
	} else if (is_number(a) && is_number(b) && a->type != VALUE_BOOL && b->type != VALUE_BOOL) {
		r = compare_op(ev, n->op, a, b, &is, err);
		*ret = value_bool(is);
	}
	return r;
}

static int build(struct eval *ev, const struct jmes_node *n, const struct value *v,
		 const struct value **ret, struct err *err)
{
	bool list = n->kind == JMES_LIST;
	struct value *out = list ? list_new(ev) : dict_new(ev);
	*ret = v->type == VALUE_NULL ? v : out;
	for (size_t i = 0; v->type != VALUE_NULL && i < n->nitems; i++) {
		const struct value *item;
		int r = jmes_eval(ev, n->items[i], v, &item, err);
		if (r < 0)
			return r;
		if (list)
			list_push(ev, out, item);
		else
			value_dict_set(ev->arena, out, str_new(ev, n->names[i]), item);
	}
	return 0;
}

static int both(struct eval *ev, const struct jmes_node *n, const struct value *v,
		const struct value **ret, struct err *err)
{
	int r = jmes_eval(ev, n->a, v, ret, err);
	if (r < 0)
		return r;
	switch (n->kind) {
	case JMES_OR:
	case JMES_AND:
		return jmes_truth(*ret) == (n->kind == JMES_OR) ? 0
								: jmes_eval(ev, n->b, v, ret, err);
	case JMES_NOT:
		*ret = value_bool(!jmes_truth(*ret));
		return 0;
	case JMES_FLATTEN:
		return flatten(ev, *ret, ret, err);
	default: /* SUB, PIPE, INDEXED */
		return jmes_eval(ev, n->b, *ret, ret, err);
	}
}

int jmes_eval(struct eval *ev, const struct jmes_node *n, const struct value *v,
	      const struct value **ret, struct err *err)
{
	int r;
	if ((r = eval_step(ev, 1, err)) < 0 || (r = eval_use(ev, v, err)) < 0)
		return r;
	switch (n->kind) {
	case JMES_IDENTITY:
	case JMES_CURRENT:
		*ret = v;
		return 0;
	case JMES_FIELD:
		*ret = is_dict(v) ? value_get_slice(v, n->name) : NULL;
		*ret = *ret ? *ret : value_null();
		return eval_use(ev, *ret, err);
	case JMES_INDEX:
	case JMES_SLICE:
		return index_of(ev, n, v, ret, err);
	case JMES_LITERAL:
		*ret = n->value;
		return 0;
	case JMES_PROJECT:
	case JMES_VALUES:
	case JMES_FILTER:
		return projection(ev, n, v, ret, err);
	case JMES_COMPARE:
		return compare(ev, n, v, ret, err);
	case JMES_LIST:
	case JMES_HASH:
		return build(ev, n, v, ret, err);
	case JMES_CALL:
		return jmes_call(ev, n, v, ret, err);
	case JMES_EXPREF:
		return err_set(err, ERR_INVALID, "JMESPath: & belongs into a function's arguments");
	default:
		return both(ev, n, v, ret, err);
	}
}

int jmespath_search(struct eval *ev, struct slice text, const struct value *v,
		    const struct value **ret, struct err *err)
{
	struct jmes_node *n;
	int r = jmes_parse(ev, text, &n, err);
	return r < 0 ? r : jmes_eval(ev, n, v, ret, err);
}
