/* What both halves of the parser use: tokens, nodes, errors. */
#include "program.h"

#include <stdio.h>

int parser_fail(struct parser *p, const struct token *at, const char *fmt, ...)
{
	va_list ap;
	CLEANUP(strbuf_release) struct strbuf b = {0};
	va_start(ap, fmt);
	strbuf_vprintf(&b, fmt, ap);
	va_end(ap);
	p->error_offset = at->offset;
	return err_set(p->err, ERR_SYNTAX, "%s", b.ptr);
}

static int describe(char *buf, size_t size, const struct token *t)
{
	switch (t->kind) {
	case TOKEN_EOF:
		return snprintf(buf, size, "the end");
	case TOKEN_DATA:
		return snprintf(buf, size, "text");
	case TOKEN_NAME:
		return snprintf(buf, size, "'%.*s'", (int)(t->text.len < 60 ? t->text.len : 60),
				t->text.ptr);
	case TOKEN_STRING:
		return snprintf(buf, size, "a string");
	case TOKEN_INTEGER:
	case TOKEN_BIG_INTEGER:
	case TOKEN_FLOAT:
		return snprintf(buf, size, "a number");
	case TOKEN_OPERATOR:
		return snprintf(buf, size, "'%s'", t->op);
	case TOKEN_VARIABLE_END:
	case TOKEN_BLOCK_END:
		return snprintf(buf, size, "the end of the tag");
	default:
		return snprintf(buf, size, "the beginning of a tag");
	}
}

int parser_unexpected(struct parser *p, const char *wanted)
{
	char got[80];
	describe(got, sizeof(got), p->tok);
	if (wanted)
		return parser_fail(p, p->tok, "expected %s, got %s", wanted, got);
	return parser_fail(p, p->tok, "unexpected %s", got);
}

bool parser_is_op(const struct parser *p, const char *op)
{
	return p->tok->kind == TOKEN_OPERATOR && !strcmp(p->tok->op, op);
}
bool parser_is_name(const struct parser *p, const char *name)
{
	return p->tok->kind == TOKEN_NAME && slice_is(p->tok->text, name);
}
bool parser_skip_op(struct parser *p, const char *op)
{
	bool is = parser_is_op(p, op);
	p->tok += is;
	return is;
}
bool parser_skip_name(struct parser *p, const char *name)
{
	bool is = parser_is_name(p, name);
	p->tok += is;
	return is;
}

int parser_expect_op(struct parser *p, const char *op)
{
	char wanted[8];
	if (parser_skip_op(p, op))
		return 0;
	snprintf(wanted, sizeof(wanted), "'%s'", op);
	return parser_unexpected(p, wanted);
}

int parser_expect_name(struct parser *p, struct slice *ret)
{
	if (p->tok->kind != TOKEN_NAME)
		return parser_unexpected(p, "a name");
	*ret = p->tok++->text;
	return 0;
}

void parser_name(struct parser *p, struct node *n, struct slice name)
{
	n->name = name;
	n->symbol = symbol_get(p->env, name);
}

int parser_expect_symbol(struct parser *p, struct node *n)
{
	struct slice name;
	int r = parser_expect_name(p, &name);
	if (r == 0)
		parser_name(p, n, name);
	return r;
}

struct node *parser_node(struct parser *p, enum node_kind kind, uint32_t offset)
{
	struct node *n = ARENA_NEW(p->arena, struct node);
	n->kind = (uint8_t)kind;
	n->offset = offset;
	return n;
}

void nodes_push(struct parser *p, struct nodes *v, struct node *n)
{
	if (v->len == v->cap) {
		uint32_t cap = v->cap ? v->cap * 2 : 4;
		struct node **at = ARENA_ARRAY(p->arena, struct node *, cap);
		if (v->len)
			memcpy(at, v->at, v->len * sizeof(struct node *));
		v->at = at;
		v->cap = cap;
	}
	v->at[v->len++] = n;
}

int parser_grow(struct parser *p, struct node *n)
{
	unsigned h = 0;
	const struct node *const kids[] = {n->a, n->b, n->c, n->d, n->e};
	for (size_t i = 0; i < ARRAY_LEN(kids); i++)
		if (kids[i] && kids[i]->height > h)
			h = kids[i]->height;
	for (uint32_t i = 0; i < n->items.len; i++)
		if (n->items.at[i]->height > h)
			h = n->items.at[i]->height;
	for (uint32_t i = 0; i < n->kwargs.len; i++)
		if (n->kwargs.at[i]->height > h)
			h = n->kwargs.at[i]->height;
	if (h + 1 > NODE_MAX_HEIGHT) {
		p->error_offset = n->offset;
		return err_set(p->err, ERR_LIMIT, "the expression is nested deeper than %u",
			       NODE_MAX_HEIGHT);
	}
	n->height = (uint16_t)(h + 1);
	return 0;
}
