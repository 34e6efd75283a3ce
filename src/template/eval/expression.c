/* Evaluation of expressions. */
#include "../value/bigint.h"

#include <assert.h>

static int eval_const(struct eval *ev, const struct node *n, const struct value **ret,
		      struct err *err)
{
	(void)err;
	const struct value *v = n->value;
	/* The program may go before the result does. */
	if (ev->gives_text)
		*ret = v;
	else if (v->type == VALUE_STRING)
		*ret = str_new(ev, v->str);
	else if (v->type == VALUE_INT || v->type == VALUE_FLOAT)
		*ret = arena_copy(ev->arena, v, sizeof(*v));
	else
		*ret = v;
	return 0;
}

static int eval_list(struct eval *ev, const struct node *n, const struct value **ret,
		     struct err *err)
{
	struct value *list = n->op ? tuple_new(ev) : list_new(ev);
	for (uint32_t i = 0; i < n->items.len; i++) {
		const struct value *item;
		int r = eval(ev, n->items.at[i], &item, err);
		if (r < 0)
			return r;
		list_push(ev, list, item);
	}
	*ret = list;
	return 0;
}

static int eval_dict(struct eval *ev, const struct node *n, const struct value **ret,
		     struct err *err)
{
	struct value *dict = dict_new(ev);
	for (uint32_t i = 0; i + 1 < n->items.len; i += 2) {
		const struct value *key, *v;
		int r;
		if ((r = eval(ev, n->items.at[i], &key, err)) < 0 ||
		    (r = eval(ev, n->items.at[i + 1], &v, err)) < 0 ||
		    (r = dict_set(ev, dict, key, v, err)) < 0)
			return r;
	}
	*ret = dict;
	return 0;
}

static int member_attr(struct eval *ev, const struct node *n, const struct value *v,
		       const struct value **ret, struct err *err)
{
	if (is_dict(v) && !n->symbol->methods[METHOD_DICT]) {
		const struct value *found =
			value_find_near(v, &n->symbol->text, &n->symbol->position);
		if (found) {
			*ret = found;
			return 0;
		}
	} else if (v->type == VALUE_OBJECT && v->object.ops->get &&
		   !n->symbol->methods[METHOD_OBJECT]) {
		const struct value *found;
		int r = v->object.ops->get(v->object.self, ev->arena, &n->symbol->text, &found,
					   err);
		if (r == 0)
			*ret = found ? found : undefined_member(ev, v, &n->symbol->text, n);
		return r;
	}
	return get_attr(ev, v, n, ret, err);
}

static int member_slice(struct eval *ev, const struct node *n, const struct value *v,
			const struct value **ret, struct err *err)
{
	const struct value *part[3] = {NULL};
	const struct node *const parts[3] = {n->b->a, n->b->b, n->b->c};
	int r;
	for (int i = 0; i < 3; i++)
		if (parts[i] && (r = eval(ev, parts[i], &part[i], err)) < 0)
			return r;
	return get_slice(ev, v, part, ret, err);
}

static int too_deep(struct eval *ev, const struct node *n, struct err *err)
{
	return err_at(err, ERR_LIMIT, eval_place(ev, n->offset),
		      "nested too deeply: a macro or variable that uses itself?");
}

/* A path within a path is all of it that recurses. */
static int member_key(struct eval *ev, const struct node *n, const struct value **ret,
		      struct err *err)
{
	if (n->kind == NODE_NAME)
		return eval_resolve(ev, n->symbol, n->offset, ret, err);
	if (ev->env->depth >= EVAL_MAX_DEPTH)
		return too_deep(ev, n, err);
	ev->env->depth++;
	int r = eval(ev, n, ret, err);
	ev->env->depth--;
	return r;
}

static int member_item(struct eval *ev, const struct node *n, const struct value *v,
		       const struct value **ret, struct err *err)
{
	const struct value *key, *found;
	if (n->symbol && is_dict(v) &&
	    (found = value_find_near(v, &n->symbol->text, &n->symbol->position))) {
		*ret = found;
		return 0;
	}
	if (n->b->kind == NODE_SLICE)
		return member_slice(ev, n, v, ret, err);
	int r = member_key(ev, n->b, &key, err);
	if (r < 0)
		return r;
	if (is_dict(v) && is_str(key) && n->b->kind == NODE_NAME &&
	    (found = value_find_near(v, key, &n->b->symbol->position))) {
		*ret = found;
		return eval_use(ev, key, err);
	}
	return get_item(ev, v, key, n, ret, err);
}

/* "name.member", the most frequent of all. */
static int name_member(struct eval *ev, const struct node *n, const struct value **ret,
		       struct err *err)
{
	const struct value *v;
	int r = eval_resolve(ev, n->a->symbol, n->a->offset, &v, err);
	if (r == 0)
		r = n->kind == NODE_GETATTR ? member_attr(ev, n, v, ret, err)
					    : member_item(ev, n, v, ret, err);
	return r < 0 ? err_locate(err, r, eval_place(ev, n->offset)) : 0;
}

/* Without recursion, and without a step: it is short, and what it is part of has one. */
int eval_path(struct eval *ev, const struct node *n, const struct value **ret, struct err *err)
{
	const struct node *members[8];
	const struct value *v;
	size_t depth = 0;
	if (n->kind != NODE_NAME && n->a->kind == NODE_NAME)
		return name_member(ev, n, ret, err);
	for (; n->kind != NODE_NAME && node_is_path(n) && depth < ARRAY_LEN(members); n = n->a)
		members[depth++] = n;
	int r = member_key(ev, n, &v, err);
	while (r == 0 && depth > 0) {
		n = members[--depth];
		r = n->kind == NODE_GETATTR ? member_attr(ev, n, v, &v, err)
					    : member_item(ev, n, v, &v, err);
	}
	if (r < 0)
		return err_locate(err, r, eval_place(ev, n->offset));
	*ret = v;
	return 0;
}

static int eval_slice(struct eval *ev, const struct node *n, const struct value **ret,
		      struct err *err)
{
	(void)ev, (void)n, (void)ret;
	return err_set(err, ERR_UNSUPPORTED, "a slice among several subscripts");
}

static int eval_filter_node(struct eval *ev, const struct node *n, const struct value **ret,
			    struct err *err)
{
	const struct value *in;
	int r = eval(ev, n->a, &in, err);
	if (r < 0)
		return r;
	/* What is defined needs no default, and a constant no evaluation. */
	if (n->op == FILTER_PLAIN_DEFAULT && !is_undefined(in)) {
		*ret = in;
		return 0;
	}
	return eval_filter(ev, n, in, ret, err);
}

static int eval_test_node(struct eval *ev, const struct node *n, const struct value **ret,
			  struct err *err)
{
	bool b;
	int r = eval_test(ev, n, &b, err);
	if (r == 0)
		*ret = value_bool(b);
	return r;
}

static int eval_unary(struct eval *ev, const struct node *n, const struct value **ret,
		      struct err *err)
{
	const struct value *v;
	int r = eval(ev, n->a, &v, err);
	if (r < 0 || (r = eval_use(ev, v, err)) < 0)
		return r;
	if (is_bigint(v) || (v->type == VALUE_INT && v->integer == INT64_MIN)) {
		const struct value zero = {.type = VALUE_INT};
		return bigint_op(ev, n->op, &zero, v, ret, err);
	}
	if (!is_number(v))
		return type_error(err,
				  n->op == OP_SUB ? "'-' needs a number" : "'+' needs a number", v);
	if (v->type == VALUE_FLOAT) {
		*ret = float_new(ev, n->op == OP_SUB ? -v->real : v->real);
		return 0;
	}
	int64_t i = as_int(v);
	*ret = int_new(ev, n->op == OP_SUB ? -i : i);
	return 0;
}

static int eval_binary(struct eval *ev, const struct node *n, const struct value **ret,
		       struct err *err)
{
	const struct value *a, *b;
	int r;
	if ((r = eval(ev, n->a, &a, err)) < 0 || (r = eval(ev, n->b, &b, err)) < 0)
		return r;
	return binary_op(ev, n->op, a, b, ret, err);
}

static int eval_concat(struct eval *ev, const struct node *n, const struct value **ret,
		       struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	for (uint32_t i = 0; i < n->items.len; i++) {
		const struct value *v;
		int r;
		if ((r = eval(ev, n->items.at[i], &v, err)) < 0 ||
		    (r = print_str(ev, &b, v, err)) < 0)
			return r;
	}
	*ret = str_buf(ev, &b);
	return 0;
}

static int compare_chain(struct eval *ev, const struct node *n, bool *ret, struct err *err)
{
	const struct value *left, *right;
	bool is = true;
	int r = eval(ev, n->a, &left, err);
	for (uint32_t i = 0; i < n->items.len && is && r == 0; i++) {
		const struct node *operand = n->items.at[i];
		if ((r = eval(ev, operand->a, &right, err)) < 0 ||
		    (r = compare_op(ev, operand->op, left, right, &is, err)) < 0)
			break;
		left = right;
	}
	if (r == 0)
		*ret = is;
	return r;
}

static int eval_compare(struct eval *ev, const struct node *n, const struct value **ret,
			struct err *err)
{
	bool is;
	int r = compare_chain(ev, n, &is, err);
	if (r == 0)
		*ret = value_bool(is);
	return r;
}

/* Python's: the value of the operand that decided. */
static int eval_and_or(struct eval *ev, const struct node *n, const struct value **ret,
		       struct err *err)
{
	const struct value *left;
	bool is;
	int r;
	if ((r = eval(ev, n->a, &left, err)) < 0 || (r = eval_truth(ev, left, &is, err)) < 0)
		return r;
	if (is == (n->kind == NODE_OR)) {
		*ret = left;
		return 0;
	}
	return eval(ev, n->b, ret, err);
}

static int eval_not(struct eval *ev, const struct node *n, const struct value **ret,
		    struct err *err)
{
	bool is;
	int r = eval_condition(ev, n->a, &is, err);
	if (r == 0)
		*ret = value_bool(!is);
	return r;
}

static int eval_big_integer(struct eval *ev, const struct node *n, const struct value **ret,
			    struct err *err)
{
	return bigint_parse(ev, n->value->str, 0, ret, err);
}

static int eval_cond(struct eval *ev, const struct node *n, const struct value **ret,
		     struct err *err)
{
	bool is;
	int r = eval_condition(ev, n->a, &is, err);
	if (r < 0)
		return r;
	if (is)
		return eval(ev, n->b, ret, err);
	if (n->c)
		return eval(ev, n->c, ret, err);
	*ret = undefined_nothing(ev);
	return 0;
}

typedef int eval_fn(struct eval *ev, const struct node *n, const struct value **ret,
		    struct err *err);
static eval_fn *const table[NODE_KINDS] = {
	[NODE_CONST] = eval_const,     [NODE_LIST] = eval_list,
	[NODE_DICT] = eval_dict,       [NODE_SLICE] = eval_slice,
	[NODE_CALL] = eval_call,       [NODE_FILTER] = eval_filter_node,
	[NODE_TEST] = eval_test_node,  [NODE_UNARY] = eval_unary,
	[NODE_BINARY] = eval_binary,   [NODE_CONCAT] = eval_concat,
	[NODE_COMPARE] = eval_compare, [NODE_AND] = eval_and_or,
	[NODE_OR] = eval_and_or,       [NODE_NOT] = eval_not,
	[NODE_COND] = eval_cond,       [NODE_BIG_INTEGER] = eval_big_integer,
};

int eval_node(struct eval *ev, const struct node *n, const struct value **ret, struct err *err)
{
	if (ev->env->depth >= EVAL_MAX_DEPTH)
		return too_deep(ev, n, err);
	ev->env->depth++;
	int r = eval_step(ev, 1, err);
	assert(table[n->kind]);
	if (r == 0)
		r = table[n->kind](ev, n, ret, err);
	ev->env->depth--;
	return r < 0 ? err_locate(err, r, eval_place(ev, n->offset)) : 0;
}

int eval_condition(struct eval *ev, const struct node *n, bool *ret, struct err *err)
{
	const struct value *v;
	int r;
	if (n->kind == NODE_COMPARE) {
		if ((r = eval_step(ev, 1, err)) == 0)
			r = compare_chain(ev, n, ret, err);
		return r < 0 ? err_locate(err, r, eval_place(ev, n->offset)) : 0;
	}
	r = eval(ev, n, &v, err);
	if (r == 0 && v->type == VALUE_BOOL && !v->flags) {
		*ret = v->boolean;
		return 0;
	}
	return r < 0 ? r : eval_truth(ev, v, ret, err);
}
