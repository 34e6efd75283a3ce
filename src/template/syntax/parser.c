/* Literals, subscripts, calls, filters, tests: what binds tighter than operators. */
#include "../check/registry.h"
#include "program.h"

static struct node *constant(struct parser *p, const struct token *t, const struct value *v)
{
	struct node *n = parser_node(p, NODE_CONST, t->offset);
	n->value = v;
	return n;
}

int parser_enter(struct parser *p)
{
	if (p->depth++ < PARSER_MAX_DEPTH)
		return 0;
	p->error_offset = p->tok->offset;
	return err_set(p->err, ERR_LIMIT, "nested deeper than %u", PARSER_MAX_DEPTH);
}

static int parse_list(struct parser *p, struct node **ret)
{
	struct node *n = parser_node(p, NODE_LIST, p->tok++->offset);
	int r;
	while (!parser_is_op(p, "]")) {
		struct node *item;
		if (n->items.len && (r = parser_expect_op(p, ",")) < 0)
			return r;
		if (parser_is_op(p, "]"))
			break;
		if ((r = parse_expression(p, &item)) < 0)
			return r;
		nodes_push(p, &n->items, item);
	}
	p->tok++;
	*ret = n;
	return parser_grow(p, n);
}

static int parse_dict(struct parser *p, struct node **ret)
{
	struct node *n = parser_node(p, NODE_DICT, p->tok++->offset);
	int r;
	while (!parser_is_op(p, "}")) {
		struct node *key, *value;
		if (n->items.len && (r = parser_expect_op(p, ",")) < 0)
			return r;
		if (parser_is_op(p, "}"))
			break;
		if ((r = parse_expression(p, &key)) < 0 || (r = parser_expect_op(p, ":")) < 0 ||
		    (r = parse_expression(p, &value)) < 0)
			return r;
		nodes_push(p, &n->items, key);
		nodes_push(p, &n->items, value);
	}
	p->tok++;
	*ret = n;
	return parser_grow(p, n);
}

static struct node *parse_name(struct parser *p)
{
	const struct token *t = p->tok++;
	if (slice_is(t->text, "true") || slice_is(t->text, "True"))
		return constant(p, t, value_bool(true));
	if (slice_is(t->text, "false") || slice_is(t->text, "False"))
		return constant(p, t, value_bool(false));
	if (slice_is(t->text, "none") || slice_is(t->text, "None"))
		return constant(p, t, value_null());
	struct node *n = parser_node(p, NODE_NAME, t->offset);
	parser_name(p, n, t->text);
	if (slice_is(t->text, "varargs"))
		p->mentions |= MENTIONS_VARARGS;
	else if (slice_is(t->text, "kwargs"))
		p->mentions |= MENTIONS_KWARGS;
	else if (slice_is(t->text, "caller"))
		p->mentions |= MENTIONS_CALLER;
	return n;
}

/* Adjacent strings are one. */
static struct node *parse_string(struct parser *p)
{
	const struct token *t = p->tok++;
	if (p->tok->kind != TOKEN_STRING)
		return constant(p, t, value_str_borrowed(p->arena, t->text));
	CLEANUP(strbuf_release) struct strbuf b = {0};
	strbuf_slice_append(&b, t->text);
	while (p->tok->kind == TOKEN_STRING)
		strbuf_slice_append(&b, p->tok++->text);
	return constant(p, t, value_str(p->arena, strbuf_slice(&b)));
}

/* After "(": the empty tuple, a tuple or one expression. */
static int parse_parenthesis(struct parser *p, struct node **ret)
{
	uint32_t offset = p->tok++->offset;
	if (parser_skip_op(p, ")")) {
		*ret = parser_node(p, NODE_LIST, offset);
		(*ret)->op = 1;
		return 0;
	}
	int r = parse_tuple(p, true, ret);
	if (r < 0)
		return r;
	return parser_expect_op(p, ")");
}

static int parse_primary(struct parser *p, struct node **ret)
{
	const struct token *t = p->tok;
	switch (t->kind) {
	case TOKEN_NAME:
		*ret = parse_name(p);
		return 0;
	case TOKEN_STRING:
		*ret = parse_string(p);
		return 0;
	case TOKEN_INTEGER:
		p->tok++;
		*ret = constant(p, t, value_int(p->arena, t->integer));
		return 0;
	case TOKEN_BIG_INTEGER:
		p->tok++;
		*ret = constant(p, t, value_str(p->arena, t->text));
		(*ret)->kind = NODE_BIG_INTEGER;
		return 0;
	case TOKEN_FLOAT:
		p->tok++;
		*ret = constant(p, t, value_float(p->arena, t->real));
		return 0;
	case TOKEN_OPERATOR:
		if (parser_is_op(p, "("))
			return parse_parenthesis(p, ret);
		if (parser_is_op(p, "["))
			return parse_list(p, ret);
		if (parser_is_op(p, "{"))
			return parse_dict(p, ret);
		break;
	default:
		break;
	}
	return parser_unexpected(p, "an expression");
}

static bool ends_slice_part(const struct parser *p)
{
	return parser_is_op(p, "]") || parser_is_op(p, ",") || parser_is_op(p, ":");
}

/* One subscript: an expression or a slice. */
static int parse_subscribed(struct parser *p, struct node **ret)
{
	struct node *parts[3] = {NULL};
	uint32_t offset = p->tok->offset;
	int r;
	if (!parser_is_op(p, ":")) {
		if ((r = parse_expression(p, &parts[0])) < 0)
			return r;
		if (!parser_is_op(p, ":")) {
			*ret = parts[0];
			return 0;
		}
	}
	for (int i = 1; i < 3 && parser_skip_op(p, ":"); i++)
		if (!ends_slice_part(p) && (r = parse_expression(p, &parts[i])) < 0)
			return r;
	struct node *n = parser_node(p, NODE_SLICE, offset);
	n->a = parts[0];
	n->b = parts[1];
	n->c = parts[2];
	*ret = n;
	return parser_grow(p, n);
}

static int parse_subscripts(struct parser *p, struct node **ret)
{
	struct node *tuple = parser_node(p, NODE_LIST, p->tok->offset), *item;
	int r;
	tuple->op = 1;
	while (!parser_is_op(p, "]")) {
		if (tuple->items.len && (r = parser_expect_op(p, ",")) < 0)
			return r;
		if ((r = parse_subscribed(p, &item)) < 0)
			return r;
		nodes_push(p, &tuple->items, item);
	}
	if (tuple->items.len == 0)
		return parser_unexpected(p, "a subscript");
	p->tok++;
	*ret = tuple->items.len == 1 ? tuple->items.at[0] : tuple;
	return parser_grow(p, tuple);
}

static int parse_attribute(struct parser *p, struct node *a, struct node **ret)
{
	const struct token *t = p->tok++;
	struct node *n;
	if (t->kind == TOKEN_NAME) {
		n = parser_node(p, NODE_GETATTR, t->offset);
		parser_name(p, n, t->text);
	} else if (t->kind == TOKEN_INTEGER) {
		n = parser_node(p, NODE_GETITEM, t->offset);
		n->b = constant(p, t, value_int(p->arena, t->integer));
	} else {
		p->tok--;
		return parser_unexpected(p, "a name or a number");
	}
	n->a = a;
	*ret = n;
	return parser_grow(p, n);
}

static int parse_call(struct parser *p, struct node *callee, struct node **ret)
{
	struct node *n = parser_node(p, NODE_CALL, callee->offset);
	n->a = callee;
	int r = parse_call_args(p, n);
	if (r < 0)
		return r;
	*ret = n;
	return parser_grow(p, n);
}

static int parse_postfix(struct parser *p, struct node *n, struct node **ret)
{
	int r = 0;
	for (;;) {
		if (parser_skip_op(p, ".")) {
			r = parse_attribute(p, n, &n);
		} else if (parser_is_op(p, "[")) {
			struct node *item = parser_node(p, NODE_GETITEM, p->tok++->offset);
			item->a = n;
			r = parse_subscripts(p, &item->b);
			if (r == 0 && item->b->kind == NODE_CONST &&
			    item->b->value->type == VALUE_STRING)
				item->symbol = symbol_get(p->env, item->b->value->str);
			if (r == 0)
				r = parser_grow(p, item);
			n = item;
		} else if (parser_is_op(p, "(")) {
			r = parse_call(p, n, &n);
		} else {
			*ret = n;
			return 0;
		}
		if (r < 0)
			return r;
	}
}

static int parse_one_arg(struct parser *p, struct node *n)
{
	if (p->tok->kind == TOKEN_NAME && p->tok[1].kind == TOKEN_OPERATOR &&
	    !strcmp(p->tok[1].op, "=")) {
		struct node *kw = parser_node(p, NODE_KWARG, p->tok->offset);
		kw->name = p->tok->text;
		p->tok += 2;
		int r = parse_expression(p, &kw->a);
		if (r < 0)
			return r;
		nodes_push(p, &n->kwargs, kw);
		return parser_grow(p, kw);
	}
	if (n->kwargs.len)
		return parser_fail(p, p->tok, "a positional argument follows a keyword argument");
	struct node *arg;
	int r = parse_expression(p, &arg);
	if (r < 0)
		return r;
	nodes_push(p, &n->items, arg);
	return 0;
}

int parse_call_args(struct parser *p, struct node *n)
{
	int r = parser_expect_op(p, "(");
	if (r < 0)
		return r;
	for (bool first = true; !parser_is_op(p, ")"); first = false) {
		if (!first && (r = parser_expect_op(p, ",")) < 0)
			return r;
		if (parser_is_op(p, ")"))
			break;
		if (!n->b && parser_skip_op(p, "*"))
			r = parse_expression(p, &n->b);
		else if (!n->c && parser_skip_op(p, "**"))
			r = parse_expression(p, &n->c);
		else
			r = parse_one_arg(p, n);
		if (r < 0)
			return r;
	}
	p->tok++;
	return 0;
}

/* "ansible.builtin.combine" and the like: written without spaces. */
static int parse_dotted(struct parser *p, struct slice *ret)
{
	struct slice part;
	int r = parser_expect_name(p, ret);
	while (r == 0 && parser_skip_op(p, ".")) {
		if ((r = parser_expect_name(p, &part)) == 0)
			ret->len = (size_t)(part.ptr + part.len - ret->ptr);
	}
	return r;
}

/* One argument or none, and nothing to evaluate. */
static bool has_constant(const struct node *n)
{
	return n->items.len <= 1 && !n->kwargs.len && !n->b && !n->c &&
	       (!n->items.len || n->items.at[0]->kind == NODE_CONST);
}

static int parse_filter(struct parser *p, struct node *input, struct node **ret)
{
	struct node *n = parser_node(p, NODE_FILTER, p->tok->offset);
	n->a = input;
	int r = parse_dotted(p, &n->name);
	if (r == 0 && parser_is_op(p, "("))
		r = parse_call_args(p, n);
	if (r < 0)
		return r;
	n->function = registry_filter(n->name);
	if (n->function && (n->function->flags & FN_DEFAULT) && has_constant(n))
		n->op = FILTER_PLAIN_DEFAULT;
	*ret = n;
	return parser_grow(p, n);
}

int parse_filters(struct parser *p, struct node *input, bool named, struct node **ret)
{
	int r = 0;
	*ret = input;
	if (named)
		r = parse_filter(p, input, ret);
	while (r == 0 && parser_skip_op(p, "|"))
		r = parse_filter(p, *ret, ret);
	return r;
}

/* May the token begin a test's bare argument, as in "is divisibleby 3"? */
static bool starts_test_argument(const struct parser *p)
{
	switch (p->tok->kind) {
	case TOKEN_NAME:
		return !parser_is_name(p, "else") && !parser_is_name(p, "or") &&
		       !parser_is_name(p, "and") && !parser_is_name(p, "is") &&
		       !parser_is_name(p, "if") && !parser_is_name(p, "in") &&
		       !parser_is_name(p, "not") && !parser_is_name(p, "recursive");
	case TOKEN_STRING:
	case TOKEN_INTEGER:
	case TOKEN_BIG_INTEGER:
	case TOKEN_FLOAT:
		return true;
	default:
		return parser_is_op(p, "[") || parser_is_op(p, "{");
	}
}

static int parse_test_args(struct parser *p, struct node *n)
{
	if (parser_is_op(p, "("))
		return parse_call_args(p, n);
	if (!starts_test_argument(p))
		return 0;
	struct node *arg;
	int r = parse_primary(p, &arg);
	if (r == 0)
		r = parse_postfix(p, arg, &arg);
	if (r == 0)
		nodes_push(p, &n->items, arg);
	return r;
}

static int parse_test(struct parser *p, struct node *input, struct node **ret)
{
	bool negated = parser_skip_name(p, "not");
	struct node *n = parser_node(p, NODE_TEST, p->tok->offset);
	n->a = input;
	int r = parse_dotted(p, &n->name);
	if (r == 0)
		r = parse_test_args(p, n);
	if (r < 0)
		return r;
	n->function = registry_test(n->name);
	if ((r = parser_grow(p, n)) < 0)
		return r;
	*ret = n;
	if (!negated)
		return 0;
	*ret = parser_node(p, NODE_NOT, n->offset);
	(*ret)->a = n;
	return parser_grow(p, *ret);
}

static int parse_filter_expr(struct parser *p, struct node *n, struct node **ret)
{
	int r = 0;
	while (r == 0) {
		if (parser_skip_op(p, "|"))
			r = parse_filter(p, n, &n);
		else if (parser_skip_name(p, "is"))
			r = parse_test(p, n, &n);
		else if (parser_is_op(p, "("))
			r = parse_call(p, n, &n);
		else
			break;
	}
	*ret = n;
	return r;
}

int parse_unary(struct parser *p, bool with_filter, struct node **ret)
{
	struct node *n;
	int r = parser_enter(p);
	if (r < 0)
		return r;
	bool negative = parser_is_op(p, "-");
	if (negative || parser_is_op(p, "+")) {
		n = parser_node(p, NODE_UNARY, p->tok++->offset);
		n->op = negative ? OP_SUB : OP_ADD;
		r = parse_unary(p, false, &n->a);
		if (r == 0)
			r = parser_grow(p, n);
	} else {
		r = parse_primary(p, &n);
	}
	p->depth--;
	if (r == 0)
		r = parse_postfix(p, n, &n);
	if (r == 0 && with_filter)
		r = parse_filter_expr(p, n, &n);
	if (r == 0)
		*ret = n;
	return r;
}

static bool tuple_ends(const struct parser *p)
{
	return p->tok->kind == TOKEN_EOF || p->tok->kind == TOKEN_BLOCK_END ||
	       p->tok->kind == TOKEN_VARIABLE_END || parser_is_op(p, ")") ||
	       parser_is_name(p, "in");
}

static int parse_items(struct parser *p, int (*item)(struct parser *, struct node **),
		       struct node **ret)
{
	struct node *tuple = NULL, *first, *n;
	int r = item(p, &first);
	while (r == 0 && parser_skip_op(p, ",")) {
		if (!tuple) {
			tuple = parser_node(p, NODE_LIST, first->offset);
			tuple->op = 1;
			nodes_push(p, &tuple->items, first);
		}
		if (tuple_ends(p))
			break;
		if ((r = item(p, &n)) == 0)
			nodes_push(p, &tuple->items, n);
	}
	*ret = tuple ? tuple : first;
	return r < 0 || !tuple ? r : parser_grow(p, tuple);
}

int parse_tuple(struct parser *p, bool with_cond, struct node **ret)
{
	return parse_items(p, with_cond ? parse_expression : parse_condless, ret);
}

static int parse_target_item(struct parser *p, struct node **ret)
{
	const struct token *t = p->tok;
	int r;
	if (parser_skip_op(p, "(") || parser_skip_op(p, "[")) {
		bool round = t->op[0] == '(';
		if ((r = parser_enter(p)) < 0 || (r = parse_target(p, ret)) < 0)
			return r;
		p->depth--;
		return parser_expect_op(p, round ? ")" : "]");
	}
	struct slice name;
	if ((r = parser_expect_name(p, &name)) < 0)
		return r;
	if (slice_is(name, "true") || slice_is(name, "false") || slice_is(name, "none") ||
	    slice_is(name, "True") || slice_is(name, "False") || slice_is(name, "None") ||
	    slice_is(name, "loop"))
		return parser_fail(p, t, "cannot assign to '%.*s'", SLICE_ARG(name));
	*ret = parser_node(p, NODE_NAME, t->offset);
	parser_name(p, *ret, name);
	return 0;
}

int parse_target(struct parser *p, struct node **ret)
{
	return parse_items(p, parse_target_item, ret);
}
