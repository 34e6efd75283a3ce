/* Operators, with Jinja's precedence:
 * if-else < or < and < not < comparison < + - < ~ < * / // % < ** < unary < | and is < . [] ()
 * A run of left-associative operators makes a deep tree: its height is
 * bounded, so that no walker can overrun the stack. */
#include "program.h"

static struct node *binary(struct parser *p, enum node_kind kind, unsigned op, struct node *a,
			   struct node *b)
{
	struct node *n = parser_node(p, kind, a->offset);
	n->op = (uint8_t)op;
	n->a = a;
	n->b = b;
	return n;
}

/* Binary operators by level, loosest first. */
struct level {
	const char *op;
	uint8_t power, code;
};
static const struct level levels[] = {
	{"+", 1, OP_ADD}, {"-", 1, OP_SUB},	  {"~", 2, 0},	    {"*", 3, OP_MUL},
	{"/", 3, OP_DIV}, {"//", 3, OP_FLOORDIV}, {"%", 3, OP_MOD}, {"**", 4, OP_POW},
};

static const struct level *level_of(const struct parser *p)
{
	if (p->tok->kind == TOKEN_OPERATOR)
		for (size_t i = 0; i < ARRAY_LEN(levels); i++)
			if (!strcmp(p->tok->op, levels[i].op))
				return &levels[i];
	return NULL;
}

/* Precedence climbing; all levels associate to the left, ** too. */
static int parse_math(struct parser *p, unsigned power, struct node **ret)
{
	struct node *left, *right;
	const struct level *l;
	int r = parse_unary(p, true, &left);
	while (r == 0 && (l = level_of(p)) && l->power >= power) {
		p->tok++;
		if ((r = parse_math(p, l->power + 1u, &right)) < 0)
			break;
		if (l->power == 2 && left->kind == NODE_CONCAT) {
			nodes_push(p, &left->items, right);
		} else if (l->power == 2) {
			struct node *n = parser_node(p, NODE_CONCAT, left->offset);
			nodes_push(p, &n->items, left);
			nodes_push(p, &n->items, right);
			left = n;
		} else {
			left = binary(p, NODE_BINARY, l->code, left, right);
		}
		r = parser_grow(p, left);
	}
	*ret = left;
	return r;
}

static bool compare_op(struct parser *p, uint8_t *ret)
{
	static const char *const ops[] = {"==", "!=", "<", "<=", ">", ">="};
	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		if (parser_skip_op(p, ops[i])) {
			*ret = (uint8_t)(OP_EQ + i);
			return true;
		}
	}
	if (parser_skip_name(p, "in")) {
		*ret = OP_IN;
		return true;
	}
	if (parser_is_name(p, "not") && p->tok[1].kind == TOKEN_NAME &&
	    slice_is(p->tok[1].text, "in")) {
		p->tok += 2;
		*ret = OP_NOTIN;
		return true;
	}
	return false;
}

static int parse_compare(struct parser *p, struct node **ret)
{
	struct node *first, *n = NULL;
	uint8_t op;
	int r = parse_math(p, 1, &first);
	while (r == 0 && compare_op(p, &op)) {
		struct node *operand = parser_node(p, NODE_OPERAND, p->tok->offset);
		operand->op = op;
		if ((r = parse_math(p, 1, &operand->a)) < 0 || (r = parser_grow(p, operand)) < 0)
			break;
		if (!n) {
			n = parser_node(p, NODE_COMPARE, first->offset);
			n->a = first;
		}
		nodes_push(p, &n->items, operand);
	}
	*ret = n ? n : first;
	return r < 0 || !n ? r : parser_grow(p, n);
}

static int parse_not(struct parser *p, struct node **ret)
{
	uint32_t offset = p->tok->offset;
	if (!parser_skip_name(p, "not"))
		return parse_compare(p, ret);
	int r = parser_enter(p);
	if (r < 0)
		return r;
	struct node *n = parser_node(p, NODE_NOT, offset);
	r = parse_not(p, &n->a);
	p->depth--;
	if (r < 0)
		return r;
	*ret = n;
	return parser_grow(p, n);
}

static int parse_and(struct parser *p, struct node **ret)
{
	struct node *left, *right;
	int r = parse_not(p, &left);
	while (r == 0 && parser_skip_name(p, "and")) {
		if ((r = parse_not(p, &right)) < 0)
			break;
		left = binary(p, NODE_AND, 0, left, right);
		r = parser_grow(p, left);
	}
	*ret = left;
	return r;
}

int parse_condless(struct parser *p, struct node **ret)
{
	struct node *left, *right;
	int r = parse_and(p, &left);
	while (r == 0 && parser_skip_name(p, "or")) {
		if ((r = parse_and(p, &right)) < 0)
			break;
		left = binary(p, NODE_OR, 0, left, right);
		r = parser_grow(p, left);
	}
	*ret = left;
	return r;
}

int parse_expression(struct parser *p, struct node **ret)
{
	struct node *n;
	int r = parser_enter(p);
	if (r < 0)
		return r;
	r = parse_condless(p, &n);
	while (r == 0 && parser_skip_name(p, "if")) {
		struct node *cond = parser_node(p, NODE_COND, n->offset);
		cond->b = n;
		r = parse_condless(p, &cond->a);
		if (r == 0 && parser_skip_name(p, "else"))
			r = parse_expression(p, &cond->c);
		if (r == 0)
			r = parser_grow(p, cond);
		n = cond;
	}
	p->depth--;
	if (r == 0)
		*ret = n;
	return r;
}
