/* JMESPath's tokens, and its grammar by binding powers (Pratt). */
#include "jmespath.h"

#include <ctype.h>
#include <stdlib.h>

enum kind {
	T_EOF,
	T_NAME,
	T_QUOTED,
	T_LITERAL,
	T_NUMBER,
	T_COMMA,
	T_COLON,
	T_RPAREN,
	T_RBRACKET,
	T_RBRACE,
	T_CURRENT,
	T_EXPREF,
	T_PIPE,
	T_OR,
	T_AND,
	T_COMPARE,
	T_FLATTEN,
	T_STAR,
	T_FILTER,
	T_DOT,
	T_NOT,
	T_LBRACE,
	T_LBRACKET,
	T_LPAREN,
};
static const unsigned char powers[] = {
	[T_PIPE] = 1,	 [T_OR] = 2,	  [T_AND] = 3,	     [T_COMPARE] = 5,
	[T_FLATTEN] = 9, [T_STAR] = 20,	  [T_FILTER] = 21,   [T_DOT] = 40,
	[T_NOT] = 45,	 [T_LBRACE] = 50, [T_LBRACKET] = 55, [T_LPAREN] = 60,
};
#define PROJECTION_STOP 10u

struct jmes_token {
	enum kind kind;
	unsigned op;
	size_t at;
	struct slice text;
	const struct value *value;
};

struct jmes_parser {
	struct eval *ev;
	struct err *err;
	struct slice s;
	size_t at;
	struct jmes_token tok, next; /* the current one and the one behind it */
	unsigned depth;
};

static int fail(struct jmes_parser *p, size_t at, const char *what)
{
	return err_set(p->err, ERR_INVALID, "JMESPath: %s at %zu in '%.*s'", what, at + 1,
		       SLICE_ARG(p->s));
}

/* Up to the closing quote; \quote is the quote, other escapes stay. */
static int scan_quoted(struct jmes_parser *p, char quote, struct strbuf *out)
{
	size_t from = p->at++;
	for (; p->at < p->s.len && p->s.ptr[p->at] != quote; p->at++) {
		if (p->s.ptr[p->at] == '\\' && p->at + 1 < p->s.len) {
			if (p->s.ptr[p->at + 1] != quote || quote == '"')
				strbuf_putc(out, '\\');
			p->at++;
		}
		strbuf_putc(out, p->s.ptr[p->at]);
	}
	if (p->at >= p->s.len)
		return fail(p, from, "a quote is not closed");
	p->at++;
	return 0;
}

static int from_json(struct jmes_parser *p, struct slice text, const struct value **ret)
{
	const struct template_args none = {0};
	return call_named(p->ev, 'f', SLICE_LIT("from_json"), str_new(p->ev, text), &none, ret,
			  NULL);
}

static int scan_text(struct jmes_parser *p, struct jmes_token *t, char quote)
{
	CLEANUP(strbuf_release) struct strbuf b = {0}, json = {0};
	int r = scan_quoted(p, quote, &b);
	if (r < 0)
		return r;
	t->kind = quote == '"' ? T_QUOTED : T_LITERAL;
	t->value = str_buf(p->ev, &b);
	if (quote == '`' && from_json(p, t->value->str, &t->value) == 0)
		return 0;
	if (quote != '\'') {
		/* An identifier's escapes; a literal without its quotes, as it once was allowed. */
		strbuf_printf(&json, "\"%.*s\"", SLICE_ARG(t->value->str));
		if (from_json(p, strbuf_slice(&json), &t->value) < 0 || !is_str(t->value))
			return fail(p, t->at, "an escape that JSON does not have");
	}
	t->text = t->value->str;
	return 0;
}

static int scan_number(struct jmes_parser *p, struct jmes_token *t)
{
	char *end;
	int64_t n = strtoll(p->s.ptr + p->at, &end, 10);
	if (end == p->s.ptr + p->at || !isdigit((unsigned char)end[-1]))
		return fail(p, p->at, "a number is expected");
	t->kind = T_NUMBER;
	t->value = int_new(p->ev, n);
	p->at = (size_t)(end - p->s.ptr);
	return 0;
}

static int scan_sign(struct jmes_parser *p, struct jmes_token *t)
{
	static const struct {
		const char *text;
		enum kind kind;
		unsigned op;
	} signs[] = {
		{"[?", T_FILTER, 0},	  {"[]", T_FLATTEN, 0},	    {"||", T_OR, 0},
		{"&&", T_AND, 0},	  {"==", T_COMPARE, OP_EQ}, {"!=", T_COMPARE, OP_NE},
		{"<=", T_COMPARE, OP_LE}, {">=", T_COMPARE, OP_GE}, {"<", T_COMPARE, OP_LT},
		{">", T_COMPARE, OP_GT},  {"[", T_LBRACKET, 0},	    {"]", T_RBRACKET, 0},
		{"{", T_LBRACE, 0},	  {"}", T_RBRACE, 0},	    {"(", T_LPAREN, 0},
		{")", T_RPAREN, 0},	  {"|", T_PIPE, 0},	    {"&", T_EXPREF, 0},
		{"!", T_NOT, 0},	  {".", T_DOT, 0},	    {"*", T_STAR, 0},
		{",", T_COMMA, 0},	  {":", T_COLON, 0},	    {"@", T_CURRENT, 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
		size_t n = strlen(signs[i].text);
		if (p->s.len - p->at < n || memcmp(p->s.ptr + p->at, signs[i].text, n) != 0)
			continue;
		t->kind = signs[i].kind;
		t->op = signs[i].op;
		p->at += n;
		return 0;
	}
	return fail(p, p->at, "something unexpected");
}

static int scan(struct jmes_parser *p, struct jmes_token *t)
{
	while (p->at < p->s.len && isspace((unsigned char)p->s.ptr[p->at]))
		p->at++;
	*t = (struct jmes_token){.at = p->at};
	if (p->at >= p->s.len)
		return 0;
	char c = p->s.ptr[p->at];
	if (c == '"' || c == '\'' || c == '`')
		return scan_text(p, t, c);
	if (isdigit((unsigned char)c) || c == '-')
		return scan_number(p, t);
	if (!isalpha((unsigned char)c) && c != '_')
		return scan_sign(p, t);
	size_t from = p->at;
	while (p->at < p->s.len &&
	       (isalnum((unsigned char)p->s.ptr[p->at]) || p->s.ptr[p->at] == '_'))
		p->at++;
	t->kind = T_NAME;
	t->text = (struct slice){p->s.ptr + from, p->at - from};
	return 0;
}

static int advance(struct jmes_parser *p)
{
	p->tok = p->next;
	return scan(p, &p->next);
}

static int expect(struct jmes_parser *p, enum kind kind, const char *what)
{
	return p->tok.kind == kind ? advance(p) : fail(p, p->tok.at, what);
}

static struct jmes_node *node(struct jmes_parser *p, enum jmes_kind kind, struct jmes_node *a,
			      struct jmes_node *b)
{
	struct jmes_node *n = ARENA_NEW(p->ev->arena, struct jmes_node);
	n->kind = kind;
	n->a = a;
	n->b = b;
	return n;
}

static void push(struct jmes_parser *p, struct jmes_node *n, struct slice name,
		 struct jmes_node *item)
{
	if (n->nitems == n->cap) {
		size_t cap = n->cap ? n->cap * 2 : 4;
		struct jmes_node **items = ARENA_ARRAY(p->ev->arena, struct jmes_node *, cap);
		struct slice *names = ARENA_ARRAY(p->ev->arena, struct slice, cap);
		if (n->nitems) {
			memcpy(items, n->items, n->nitems * sizeof(struct jmes_node *));
			memcpy(names, n->names, n->nitems * sizeof(*names));
		}
		n->items = items;
		n->names = names;
		n->cap = cap;
	}
	n->names[n->nitems] = name;
	n->items[n->nitems++] = item;
}

static int expression(struct jmes_parser *p, unsigned power, struct jmes_node **ret);

static int multi_list(struct jmes_parser *p, struct jmes_node **ret)
{
	struct jmes_node *n = node(p, JMES_LIST, NULL, NULL), *item;
	for (;;) {
		int r = expression(p, 0, &item);
		if (r < 0)
			return r;
		push(p, n, (struct slice){0}, item);
		*ret = n;
		if (p->tok.kind != T_COMMA)
			return expect(p, T_RBRACKET, "']' is expected");
		if ((r = advance(p)) < 0)
			return r;
	}
}

static int multi_hash(struct jmes_parser *p, struct jmes_node **ret)
{
	struct jmes_node *n = node(p, JMES_HASH, NULL, NULL), *item;
	for (;;) {
		struct slice name = p->tok.text;
		int r;
		if (p->tok.kind != T_NAME && p->tok.kind != T_QUOTED)
			return fail(p, p->tok.at, "a name is expected");
		if ((r = advance(p)) < 0 || (r = expect(p, T_COLON, "':' is expected")) < 0 ||
		    (r = expression(p, 0, &item)) < 0)
			return r;
		push(p, n, name, item);
		*ret = n;
		if (p->tok.kind != T_COMMA)
			return expect(p, T_RBRACE, "'}' is expected");
		if ((r = advance(p)) < 0)
			return r;
	}
}

static int dot_rhs(struct jmes_parser *p, unsigned power, struct jmes_node **ret)
{
	int r;
	switch (p->tok.kind) {
	case T_NAME:
	case T_QUOTED:
	case T_STAR:
		return expression(p, power, ret);
	case T_LBRACKET:
		return (r = advance(p)) < 0 ? r : multi_list(p, ret);
	case T_LBRACE:
		return (r = advance(p)) < 0 ? r : multi_hash(p, ret);
	default:
		return fail(p, p->tok.at, "a name is expected");
	}
}

static int projection_rhs(struct jmes_parser *p, unsigned power, struct jmes_node **ret)
{
	int r;
	if (powers[p->tok.kind] < PROJECTION_STOP) {
		*ret = node(p, JMES_IDENTITY, NULL, NULL);
		return 0;
	}
	if (p->tok.kind == T_LBRACKET || p->tok.kind == T_FILTER)
		return expression(p, power, ret);
	if (p->tok.kind != T_DOT)
		return fail(p, p->tok.at, "something unexpected");
	return (r = advance(p)) < 0 ? r : dot_rhs(p, power, ret);
}

/* left, projected over what follows. */
static int projection(struct jmes_parser *p, enum jmes_kind kind, unsigned power,
		      struct jmes_node *left, struct jmes_node **ret)
{
	struct jmes_node *right;
	int r = projection_rhs(p, power, &right);
	if (r == 0)
		*ret = node(p, kind, left, right);
	return r;
}

/* At the number or colon behind "[". */
static int index_or_slice(struct jmes_parser *p, struct jmes_node *left, struct jmes_node **ret)
{
	struct jmes_node *n = node(p, JMES_INDEX, NULL, NULL);
	unsigned colons = 0;
	int r;
	for (; p->tok.kind == T_NUMBER || p->tok.kind == T_COLON;) {
		if (p->tok.kind == T_NUMBER && n->part[colons])
			return fail(p, p->tok.at, "']' is expected");
		if (p->tok.kind == T_NUMBER)
			n->part[colons] = p->tok.value;
		else if (++colons > 2)
			return fail(p, p->tok.at, "a slice has three parts");
		if ((r = advance(p)) < 0)
			return r;
	}
	if ((r = expect(p, T_RBRACKET, "']' is expected")) < 0)
		return r;
	*ret = node(p, JMES_INDEXED, left, n);
	if (colons == 0)
		return 0;
	n->kind = JMES_SLICE;
	return projection(p, JMES_PROJECT, powers[T_STAR], *ret, ret);
}

/* Behind "[": an index, a slice or "*]". */
static int bracket(struct jmes_parser *p, struct jmes_node *left, struct jmes_node **ret)
{
	int r;
	if (p->tok.kind == T_NUMBER || p->tok.kind == T_COLON)
		return index_or_slice(p, left, ret);
	if ((r = expect(p, T_STAR, "an index or '*' is expected")) < 0 ||
	    (r = expect(p, T_RBRACKET, "']' is expected")) < 0)
		return r;
	return projection(p, JMES_PROJECT, powers[T_STAR], left, ret);
}

static int filter(struct jmes_parser *p, struct jmes_node *left, struct jmes_node **ret)
{
	struct jmes_node *condition;
	int r;
	if ((r = expression(p, 0, &condition)) < 0 ||
	    (r = expect(p, T_RBRACKET, "']' is expected")) < 0)
		return r;
	if (p->tok.kind == T_FLATTEN)
		*ret = node(p, JMES_FILTER, left, node(p, JMES_IDENTITY, NULL, NULL));
	else if ((r = projection(p, JMES_FILTER, powers[T_FILTER], left, ret)) < 0)
		return r;
	(*ret)->c = condition;
	return 0;
}

static int flatten(struct jmes_parser *p, struct jmes_node *left, struct jmes_node **ret)
{
	left = node(p, JMES_FLATTEN, left, NULL);
	return projection(p, JMES_PROJECT, powers[T_FLATTEN], left, ret);
}

/* What begins an expression; p->tok is behind t. */
static int prefix(struct jmes_parser *p, const struct jmes_token *t, struct jmes_node **ret)
{
	struct jmes_node *self = node(p, JMES_IDENTITY, NULL, NULL);
	int r;
	switch (t->kind) {
	case T_NAME:
	case T_QUOTED:
		*ret = node(p, JMES_FIELD, NULL, NULL);
		(*ret)->name = t->text;
		(*ret)->op = t->kind == T_QUOTED;
		return 0;
	case T_LITERAL:
		*ret = node(p, JMES_LITERAL, NULL, NULL);
		(*ret)->value = t->value;
		return 0;
	case T_CURRENT:
		*ret = node(p, JMES_CURRENT, NULL, NULL);
		return 0;
	case T_STAR:
		if (p->tok.kind != T_RBRACKET)
			return projection(p, JMES_VALUES, powers[T_STAR], self, ret);
		*ret = node(p, JMES_VALUES, self, self);
		return 0;
	case T_FILTER:
		return filter(p, self, ret);
	case T_FLATTEN:
		return flatten(p, self, ret);
	case T_LBRACE:
		return multi_hash(p, ret);
	case T_LPAREN:
		if ((r = expression(p, 0, ret)) < 0)
			return r;
		return expect(p, T_RPAREN, "')' is expected");
	case T_NOT:
	case T_EXPREF:
		if ((r = expression(p, powers[t->kind], &self)) == 0)
			*ret = node(p, t->kind == T_NOT ? JMES_NOT : JMES_EXPREF, self, NULL);
		return r;
	case T_LBRACKET:
		if (p->tok.kind == T_NUMBER || p->tok.kind == T_COLON ||
		    (p->tok.kind == T_STAR && p->next.kind == T_RBRACKET))
			return bracket(p, self, ret);
		return multi_list(p, ret);
	default:
		return fail(p, t->at,
			    t->kind == T_EOF ? "an expression is expected"
					     : "something unexpected");
	}
}

static int call(struct jmes_parser *p, struct jmes_node *left, size_t at, struct jmes_node **ret)
{
	struct jmes_node *n = node(p, JMES_CALL, NULL, NULL), *item;
	int r;
	if (left->kind != JMES_FIELD || left->op)
		return fail(p, at, "a function's name is expected before '('");
	n->name = left->name;
	*ret = n;
	while (p->tok.kind != T_RPAREN) {
		if (n->nitems && (r = expect(p, T_COMMA, "',' or ')' is expected")) < 0)
			return r;
		if ((r = expression(p, 0, &item)) < 0)
			return r;
		push(p, n, (struct slice){0}, item);
	}
	return advance(p);
}

static int binary(struct jmes_parser *p, enum jmes_kind kind, const struct jmes_token *t,
		  struct jmes_node **left)
{
	struct jmes_node *right;
	int r = expression(p, powers[t->kind], &right);
	if (r < 0)
		return r;
	*left = node(p, kind, *left, right);
	(*left)->op = t->op;
	return 0;
}

/* What goes on with one; p->tok is behind t. */
static int infix(struct jmes_parser *p, const struct jmes_token *t, struct jmes_node **left)
{
	struct jmes_node *right;
	int r;
	switch (t->kind) {
	case T_DOT:
		if (p->tok.kind == T_STAR)
			return (r = advance(p)) < 0
				       ? r
				       : projection(p, JMES_VALUES, powers[T_DOT], *left, left);
		if ((r = dot_rhs(p, powers[T_DOT], &right)) == 0)
			*left = node(p, JMES_SUB, *left, right);
		return r;
	case T_PIPE:
		return binary(p, JMES_PIPE, t, left);
	case T_OR:
		return binary(p, JMES_OR, t, left);
	case T_AND:
		return binary(p, JMES_AND, t, left);
	case T_COMPARE:
		return binary(p, JMES_COMPARE, t, left);
	case T_LPAREN:
		return call(p, *left, t->at, left);
	case T_FILTER:
		return filter(p, *left, left);
	case T_FLATTEN:
		return flatten(p, *left, left);
	case T_LBRACKET:
		return bracket(p, *left, left);
	default:
		return fail(p, t->at, "something unexpected");
	}
}

static int expression(struct jmes_parser *p, unsigned power, struct jmes_node **ret)
{
	struct jmes_token t = p->tok;
	int r;
	if (p->depth++ > JMES_MAX_DEPTH)
		return fail(p, t.at, "nested too deeply");
	if ((r = eval_step(p->ev, 1, p->err)) < 0 || (r = advance(p)) < 0 ||
	    (r = prefix(p, &t, ret)) < 0)
		return r;
	/* As often as operators follow; a long chain is a deep tree. */
	for (unsigned n = 0; powers[p->tok.kind] > power; n++) {
		t = p->tok;
		if (n > JMES_MAX_DEPTH)
			return fail(p, t.at, "too long");
		if ((r = advance(p)) < 0 || (r = infix(p, &t, ret)) < 0)
			return r;
	}
	p->depth--;
	return 0;
}

int jmes_parse(struct eval *ev, struct slice text, struct jmes_node **ret, struct err *err)
{
	struct jmes_parser p = {.ev = ev, .err = err, .s = arena_slice(ev->arena, text)};
	int r;
	if ((r = scan(&p, &p.tok)) < 0 || (r = scan(&p, &p.next)) < 0 ||
	    (r = expression(&p, 0, ret)) < 0)
		return r;
	return p.tok.kind == T_EOF ? 0 : fail(&p, p.tok.at, "something unexpected");
}
