/* {% … %}: statements and the text between them. */
#include "program.h"

#include "rollout/base/nearest.h"

static int parse_block(struct parser *p, const char *const *ends, struct node **ret);

int parse_end_tag(struct parser *p)
{
	if (p->tok->kind != TOKEN_BLOCK_END)
		return parser_unexpected(p, "the end of the tag");
	p->tok++;
	return 0;
}

/* The rest of the opening tag, the body, and "{% <end> %}". */
int parse_body(struct parser *p, const char *end, struct node **ret)
{
	const char *const ends[] = {end, NULL};
	int r = parse_end_tag(p);
	if (r < 0 || (r = parse_block(p, ends, ret)) < 0)
		return r;
	p->tok++; /* the end's name */
	return 0;
}

static int parse_if(struct parser *p, struct node *n)
{
	static const char *const ends[] = {"elif", "else", "endif", NULL};
	struct node *test, *body;
	int r;
	do {
		if ((r = parse_tuple(p, true, &test)) < 0 || (r = parse_end_tag(p)) < 0 ||
		    (r = parse_block(p, ends, &body)) < 0)
			return r;
		nodes_push(p, &n->items, test);
		nodes_push(p, &n->items, body);
	} while (parser_skip_name(p, "elif"));
	if (parser_skip_name(p, "else"))
		return parse_body(p, "endif", &n->c);
	p->tok++; /* endif */
	return 0;
}

static int parse_for(struct parser *p, struct node *n)
{
	static const char *const ends[] = {"else", "endfor", NULL};
	int r = parse_target(p, &n->a);
	if (r < 0)
		return r;
	if (!parser_skip_name(p, "in"))
		return parser_unexpected(p, "'in'");
	if ((r = parse_tuple(p, false, &n->b)) < 0)
		return r;
	if (parser_skip_name(p, "if") && (r = parse_expression(p, &n->d)) < 0)
		return r;
	n->op = parser_skip_name(p, "recursive");
	p->loops++;
	if ((r = parse_end_tag(p)) < 0 || (r = parse_block(p, ends, &n->c)) < 0)
		return r;
	p->loops--;
	if (parser_skip_name(p, "else"))
		return parse_body(p, "endfor", &n->e);
	p->tok++; /* endfor */
	return 0;
}

static int parse_set(struct parser *p, struct node *n)
{
	int r;
	const struct token *t = p->tok;
	if (t->kind == TOKEN_NAME && t[1].kind == TOKEN_OPERATOR && !strcmp(t[1].op, ".")) {
		n->a = parser_node(p, NODE_NSREF, t->offset);
		parser_name(p, n->a, t->text);
		p->tok += 2;
		struct slice attr;
		if ((r = parser_expect_name(p, &attr)) < 0)
			return r;
		n->a->value = value_str(p->arena, attr);
	} else if ((r = parse_target(p, &n->a)) < 0) {
		return r;
	}
	if (parser_skip_op(p, "="))
		return parse_tuple(p, true, &n->b);
	n->kind = NODE_SETBLOCK;
	if ((r = parse_filters(p, NULL, parser_skip_op(p, "|"), &n->b)) < 0)
		return r;
	return parse_body(p, "endset", &n->c);
}

static int parse_with(struct parser *p, struct node *n)
{
	int r;
	while (p->tok->kind != TOKEN_BLOCK_END) {
		struct node *target, *value;
		if (n->items.len && (r = parser_expect_op(p, ",")) < 0)
			return r;
		if ((r = parse_target(p, &target)) < 0 || (r = parser_expect_op(p, "=")) < 0 ||
		    (r = parse_expression(p, &value)) < 0)
			return r;
		nodes_push(p, &n->items, target);
		nodes_push(p, &n->items, value);
	}
	return parse_body(p, "endwith", &n->c);
}

/* "(a, b=1)" of a macro or a call block. */
static int parse_signature(struct parser *p, struct node *macro)
{
	int r = parser_expect_op(p, "(");
	if (r < 0)
		return r;
	while (!parser_is_op(p, ")")) {
		if (macro->items.len && (r = parser_expect_op(p, ",")) < 0)
			return r;
		struct node *param = parser_node(p, NODE_NAME, p->tok->offset);
		if ((r = parser_expect_symbol(p, param)) < 0)
			return r;
		nodes_push(p, &macro->items, param);
		if (parser_skip_op(p, "=")) {
			struct node *kw = parser_node(p, NODE_KWARG, param->offset);
			kw->name = param->name;
			if ((r = parse_expression(p, &kw->a)) < 0 || (r = parser_grow(p, kw)) < 0)
				return r;
			nodes_push(p, &macro->kwargs, kw);
		} else if (macro->kwargs.len) {
			return parser_fail(
				p, p->tok,
				"a parameter without a default follows one with a default");
		}
	}
	p->tok++;
	return 0;
}

/* A body of its own, which a loop around does not reach into. What of the
 * special names it mentions is what a call may give beyond the parameters. */
static int parse_macro_body(struct parser *p, struct node *macro, const char *end)
{
	unsigned loops = p->loops, mentions = p->mentions;
	p->loops = p->mentions = 0;
	int r = parse_body(p, end, &macro->c);
	macro->op = (uint8_t)p->mentions;
	p->loops = loops;
	p->mentions |= mentions;
	return r;
}

static int parse_macro(struct parser *p, struct node *n)
{
	int r = parser_expect_symbol(p, n);
	if (r < 0 || (r = parse_signature(p, n)) < 0)
		return r;
	return parse_macro_body(p, n, "endmacro");
}

static int parse_call_block(struct parser *p, struct node *n)
{
	int r;
	n->b = parser_node(p, NODE_MACRO, n->offset);
	n->b->name = SLICE_LIT("caller");
	if (parser_is_op(p, "(") && (r = parse_signature(p, n->b)) < 0)
		return r;
	if ((r = parse_expression(p, &n->a)) < 0)
		return r;
	if (n->a->kind != NODE_CALL)
		return parser_fail(p, p->tok,
				   "{%% call %%} needs a call, as in {%% call macro() %%}");
	if ((r = parse_macro_body(p, n->b, "endcall")) < 0)
		return r;
	return parser_grow(p, n->b);
}

static int parse_filter_block(struct parser *p, struct node *n)
{
	int r = parse_filters(p, NULL, true, &n->a);
	return r < 0 ? r : parse_body(p, "endfilter", &n->c);
}

static int parse_do(struct parser *p, struct node *n)
{
	return parse_tuple(p, true, &n->a);
}

/* Inside of a loop, as far as its own text goes. */
static int parse_jump(struct parser *p, struct node *n)
{
	n->op = n->kind == NODE_JUMP && slice_is(p->tok[-1].text, "break") ? JUMP_BREAK
									   : JUMP_CONTINUE;
	if (p->loops > 0)
		return 0;
	return parser_fail(p, p->tok - 1, "'%.*s' belongs into a loop", SLICE_ARG(p->tok[-1].text));
}

static const struct statement {
	const char *name;
	enum node_kind kind;
	int (*parse)(struct parser *p, struct node *n);
} statements[] = {
	{"if", NODE_IF, parse_if},
	{"for", NODE_FOR, parse_for},
	{"set", NODE_SET, parse_set},
	{"with", NODE_WITH, parse_with},
	{"macro", NODE_MACRO, parse_macro},
	{"call", NODE_CALLBLOCK, parse_call_block},
	{"filter", NODE_FILTERBLOCK, parse_filter_block},
	{"do", NODE_DO, parse_do},
	{"break", NODE_JUMP, parse_jump},
	{"continue", NODE_JUMP, parse_jump},
	{"include", NODE_INCLUDE, parse_include},
	{"import", NODE_IMPORT, parse_import},
	{"from", NODE_FROM, parse_from},
	{"block", NODE_NAMEDBLOCK, parse_named_block},
	{"extends", NODE_EXTENDS, parse_extends},
	{"print", NODE_BLOCK, parse_print},
	{"autoescape", NODE_BLOCK, parse_autoescape},
};

static int unknown_tag(struct parser *p, const struct token *t, const char *const *ends)
{
	if (slice_starts_with(t->text, "end") || slice_is(t->text, "else") ||
	    slice_is(t->text, "elif"))
		return parser_fail(p, t, "'%.*s' belongs to nothing that is open here",
				   SLICE_ARG(t->text));
	struct nearest near;
	char hint[80];
	nearest_init(&near, t->text);
	for (size_t i = 0; i < ARRAY_LEN(statements); i++)
		nearest_offer(&near, slice_from(statements[i].name));
	for (; ends && *ends; ends++)
		nearest_offer(&near, slice_from(*ends));
	return parser_fail(p, t, "unknown tag '%.*s'%s", SLICE_ARG(t->text),
			   nearest_hint(&near, hint, sizeof(hint)));
}

/* At the name in "{% name". */
static int parse_statement(struct parser *p, const char *const *ends, struct node **ret)
{
	const struct token *t = p->tok;
	if (t->kind != TOKEN_NAME)
		return parser_unexpected(p, "the name of a tag");
	for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
		if (!slice_is(t->text, statements[i].name))
			continue;
		struct node *n = parser_node(p, statements[i].kind, t->offset);
		p->tok++;
		int r = statements[i].parse(p, n);
		if (r < 0 || (r = parse_end_tag(p)) < 0)
			return r;
		*ret = n;
		return parser_grow(p, n);
	}
	return unknown_tag(p, t, ends);
}

static int parse_output(struct parser *p, struct node **ret)
{
	struct node *n = parser_node(p, NODE_OUTPUT, p->tok->offset);
	int r = parse_tuple(p, true, &n->a);
	if (r < 0)
		return r;
	if (p->tok->kind != TOKEN_VARIABLE_END)
		return parser_unexpected(p, "the end of the tag");
	p->tok++;
	*ret = n;
	return parser_grow(p, n);
}

static bool at_end(const struct parser *p, const char *const *ends)
{
	for (; ends && *ends; ends++)
		if (p->tok[1].kind == TOKEN_NAME && slice_is(p->tok[1].text, *ends))
			return true;
	return false;
}

/* *ret is NULL where the block ends. */
static int parse_part(struct parser *p, const char *const *ends, struct node **ret)
{
	switch (p->tok->kind) {
	case TOKEN_DATA:
		*ret = parser_node(p, NODE_DATA, p->tok->offset);
		(*ret)->name = arena_slice(p->arena, p->tok++->text);
		return 0;
	case TOKEN_VARIABLE_BEGIN:
		p->tok++;
		return parse_output(p, ret);
	case TOKEN_BLOCK_BEGIN:
		p->tok++;
		return parse_statement(p, ends, ret);
	default:
		return parser_unexpected(p, NULL);
	}
}

/* Up to one of `ends`, whose name is the current token then; or to the end of the text. */
static int parse_block(struct parser *p, const char *const *ends, struct node **ret)
{
	struct node *block = parser_node(p, NODE_BLOCK, p->tok->offset), *n = NULL;
	const struct token *open = p->tok;
	int r = 0;
	if (p->depth++ >= PARSER_MAX_DEPTH) {
		p->error_offset = p->tok->offset;
		return err_set(p->err, ERR_LIMIT, "blocks nested deeper than %u", PARSER_MAX_DEPTH);
	}
	while (r == 0 && p->tok->kind != TOKEN_EOF) {
		if (p->tok->kind == TOKEN_BLOCK_BEGIN && at_end(p, ends)) {
			p->tok++;
			p->depth--;
			*ret = block;
			return parser_grow(p, block);
		}
		if ((r = parse_part(p, ends, &n)) == 0)
			nodes_push(p, &block->items, n);
	}
	if (r < 0)
		return r;
	p->depth--;
	while (open > p->first && open->kind != TOKEN_BLOCK_BEGIN)
		open--;
	if (ends)
		return parser_fail(p, open, "the block is not closed with {%% %s %%}",
				   ends[(ends[1] != NULL) + (ends[1] && ends[2])]);
	*ret = block;
	return parser_grow(p, block);
}

int parse_program(struct parser *p, struct node **ret)
{
	p->first = p->tok;
	return parse_block(p, NULL, ret);
}
