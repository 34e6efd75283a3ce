/* Statements that name other templates, and blocks that those may replace. */
#include "program.h"

#include <ctype.h>

/* "with context", "without context" */
static bool parse_context(struct parser *p, bool otherwise)
{
	bool with = parser_is_name(p, "with");
	if ((!with && !parser_is_name(p, "without")) || p->tok[1].kind != TOKEN_NAME ||
	    !slice_is(p->tok[1].text, "context"))
		return otherwise;
	p->tok += 2;
	return with;
}

int parse_include(struct parser *p, struct node *n)
{
	int r = parse_expression(p, &n->a);
	if (r < 0)
		return r;
	if (parser_is_name(p, "ignore") && p->tok[1].kind == TOKEN_NAME &&
	    slice_is(p->tok[1].text, "missing")) {
		p->tok += 2;
		n->op |= INCLUDE_IGNORES_MISSING;
	}
	if (parse_context(p, true))
		n->op |= INCLUDE_WITH_CONTEXT;
	return 0;
}

int parse_import(struct parser *p, struct node *n)
{
	int r = parse_expression(p, &n->a);
	if (r < 0)
		return r;
	if (!parser_skip_name(p, "as"))
		return parser_unexpected(p, "'as'");
	if ((r = parser_expect_symbol(p, n)) < 0)
		return r;
	if (parse_context(p, false))
		n->op |= INCLUDE_WITH_CONTEXT;
	return 0;
}

static int parse_imported_name(struct parser *p, struct node *n)
{
	struct node *kw = parser_node(p, NODE_KWARG, p->tok->offset);
	int r = parser_expect_symbol(p, kw);
	if (r < 0)
		return r;
	if (kw->name.ptr[0] == '_')
		return parser_fail(p, p->tok - 1,
				   "names that begin with an underscore cannot be imported");
	struct slice alias = kw->name;
	if (parser_skip_name(p, "as") && (r = parser_expect_name(p, &alias)) < 0)
		return r;
	kw->a = parser_node(p, NODE_NAME, kw->offset);
	parser_name(p, kw->a, alias);
	nodes_push(p, &n->kwargs, kw);
	return 0;
}

int parse_from(struct parser *p, struct node *n)
{
	int r = parse_expression(p, &n->a);
	if (r < 0)
		return r;
	if (!parser_skip_name(p, "import"))
		return parser_unexpected(p, "'import'");
	do {
		if (n->kwargs.len && p->tok->kind == TOKEN_BLOCK_END)
			break;
		if ((r = parse_imported_name(p, n)) < 0)
			return r;
		if (parse_context(p, false))
			n->op |= INCLUDE_WITH_CONTEXT;
	} while (parser_skip_op(p, ","));
	return 0;
}

static bool is_blank(const struct node *body)
{
	for (uint32_t i = 0; i < body->items.len; i++) {
		const struct node *n = body->items.at[i];
		if (n->kind != NODE_DATA)
			return false;
		for (size_t k = 0; k < n->name.len; k++)
			if (!isspace((unsigned char)n->name.ptr[k]))
				return false;
	}
	return true;
}

static int parse_block_options(struct parser *p, struct node *n)
{
	int r = parser_expect_name(p, &n->name);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < p->blocks.len; i++)
		if (slice_eq(p->blocks.at[i]->name, n->name))
			return parser_fail(p, p->tok - 1, "the block '%.*s' is there twice",
					   SLICE_ARG(n->name));
	for (;;) {
		if (parser_skip_name(p, "scoped"))
			n->op |= BLOCK_SCOPED;
		else if (parser_skip_name(p, "required"))
			n->op |= BLOCK_REQUIRED;
		else
			return 0;
	}
}

int parse_named_block(struct parser *p, struct node *n)
{
	unsigned loops = p->loops;
	int r = parse_block_options(p, n);
	if (r < 0)
		return r;
	nodes_push(p, &p->blocks, n);
	p->loops = 0;
	if ((r = parse_body(p, "endblock", &n->c)) < 0)
		return r;
	p->loops = loops;
	if (p->tok->kind == TOKEN_NAME && !slice_eq(p->tok->text, n->name))
		return parser_fail(p, p->tok, "the block that ends here is '%.*s'",
				   SLICE_ARG(n->name));
	if (p->tok->kind == TOKEN_NAME)
		p->tok++;
	if ((n->op & BLOCK_REQUIRED) && !is_blank(n->c))
		return parser_fail(p, p->tok, "a required block is empty");
	return 0;
}

int parse_extends(struct parser *p, struct node *n)
{
	p->extends = true;
	return parse_expression(p, &n->a);
}

/* {% print a, b %} */
int parse_print(struct parser *p, struct node *n)
{
	do {
		struct node *out = parser_node(p, NODE_OUTPUT, p->tok->offset);
		int r = parse_expression(p, &out->a);
		if (r < 0 || (r = parser_grow(p, out)) < 0)
			return r;
		nodes_push(p, &n->items, out);
	} while (parser_skip_op(p, ","));
	return 0;
}

/* Ansible's output is not escaped, whatever this says. */
int parse_autoescape(struct parser *p, struct node *n)
{
	struct node *is, *body;
	int r;
	if ((r = parse_expression(p, &is)) < 0 || (r = parse_body(p, "endautoescape", &body)) < 0)
		return r;
	nodes_push(p, &n->items, body);
	return 0;
}
