/* The text outside of tags, raw blocks, comments and white space control.
 * Source: Jinja's "Whitespace Control". */
#include "program.h"

#include <ctype.h>

const struct syntax syntax_string = {
	.mode = MODE_STRING,
	.literal_strings = true,
	.trim_blocks = true,
	.newline = {"\n", 1},
	.variable_start = {"{{", 2},
	.variable_end = {"}}", 2},
	.block_start = {"{%", 2},
	.block_end = {"%}", 2},
	.comment_start = {"{#", 2},
	.comment_end = {"#}", 2},
};
const struct syntax syntax_expression = {
	.mode = MODE_EXPRESSION,
	.newline = {"\n", 1},
};

enum tag { TAG_NONE, TAG_VARIABLE, TAG_BLOCK, TAG_COMMENT };

struct token *lexer_push(struct lexer *lx, enum token_kind kind, size_t offset)
{
	struct tokens *v = &lx->tokens;
	if (v->len == v->cap) {
		v->cap = v->cap ? v->cap * 2 : 16;
		v->at = xrealloc(v->at, v->cap * sizeof(*v->at));
	}
	struct token *t = &v->at[v->len++];
	*t = (struct token){.kind = (uint8_t)kind, .offset = (uint32_t)offset};
	return t;
}

static bool looking_at(const struct lexer *lx, size_t pos, struct slice what)
{
	return what.len > 0 && lx->end - pos >= what.len &&
	       !memcmp(lx->text.ptr + pos, what.ptr, what.len);
}

/* Longest opening delimiter at pos. */
static enum tag tag_at(const struct lexer *lx, size_t pos, size_t *ret_len)
{
	const struct slice starts[] = {
		{0}, lx->syn->variable_start, lx->syn->block_start, lx->syn->comment_start};
	enum tag best = TAG_NONE;
	*ret_len = 0;
	for (enum tag t = TAG_VARIABLE; t <= TAG_COMMENT; t++) {
		if (starts[t].len > *ret_len && looking_at(lx, pos, starts[t])) {
			best = t;
			*ret_len = starts[t].len;
		}
	}
	return best;
}

static bool may_start_tag(const struct lexer *lx, char c)
{
	const struct syntax *s = lx->syn;
	return c == s->variable_start.ptr[0] || c == s->block_start.ptr[0] ||
	       c == s->comment_start.ptr[0];
}

static size_t skip_space(const struct lexer *lx, size_t pos)
{
	while (pos < lx->end && isspace((unsigned char)lx->text.ptr[pos]))
		pos++;
	return pos;
}

/* \r\n and \r become the newline sequence. */
static struct slice normalize_newlines(struct lexer *lx, struct slice s)
{
	bool plain = slice_is(lx->syn->newline, "\n");
	if (!memchr(s.ptr, '\r', s.len) && (plain || !memchr(s.ptr, '\n', s.len)))
		return s;
	CLEANUP(strbuf_release) struct strbuf b = {0};
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] != '\r' && s.ptr[i] != '\n') {
			strbuf_putc(&b, s.ptr[i]);
			continue;
		}
		strbuf_slice_append(&b, lx->syn->newline);
		if (s.ptr[i] == '\r' && i + 1 < s.len && s.ptr[i + 1] == '\n')
			i++;
	}
	return arena_slice(lx->arena, strbuf_slice(&b));
}

static void push_data(struct lexer *lx, size_t from, size_t to)
{
	if (to > from) {
		struct token *t = lexer_push(lx, TOKEN_DATA, from);
		t->text = normalize_newlines(lx, (struct slice){lx->text.ptr + from, to - from});
	}
}

/* Where the data before a tag ends, given the sign after the tag's opening. */
static size_t strip_before(const struct lexer *lx, size_t from, size_t to, char sign,
			   bool is_variable)
{
	const char *s = lx->text.ptr;
	if (sign == '-') {
		while (to > from && isspace((unsigned char)s[to - 1]))
			to--;
		return to;
	}
	if (sign == '+' || is_variable || !lx->syn->lstrip_blocks)
		return to;
	size_t line = to;
	while (line > from && s[line - 1] != '\n') {
		if (!isspace((unsigned char)s[line - 1]))
			return to;
		line--;
	}
	if (line > from || from == 0 || s[from - 1] == '\n')
		return line;
	return to;
}

static char sign_at(const struct lexer *lx, size_t pos)
{
	return pos < lx->end && (lx->text.ptr[pos] == '-' || lx->text.ptr[pos] == '+')
		       ? lx->text.ptr[pos]
		       : 0;
}

/* At "[-+]%}" or "[-]}}": moves past it with what it strips. */
static bool close_tag(struct lexer *lx, struct slice close, bool is_variable)
{
	size_t pos = lx->pos;
	char sign = sign_at(lx, pos);
	if (sign && !looking_at(lx, pos + 1, close))
		sign = 0;
	if (is_variable && sign == '+')
		return false;
	if (!looking_at(lx, pos + (sign ? 1 : 0), close))
		return false;
	pos += (sign ? 1 : 0) + close.len;
	if (sign == '-')
		pos = skip_space(lx, pos);
	else if (!is_variable && sign != '+' && lx->syn->trim_blocks && pos < lx->end) {
		if (lx->text.ptr[pos] == '\r' && pos + 1 < lx->end && lx->text.ptr[pos + 1] == '\n')
			pos++;
		if (lx->text.ptr[pos] == '\n')
			pos++;
	}
	lx->pos = pos;
	return true;
}

/* The end of {% raw %} leaves the newline behind it. */
static bool close_raw_tag(struct lexer *lx)
{
	size_t sign = lx->pos < lx->end && lx->text.ptr[lx->pos] == '-';
	if (!looking_at(lx, lx->pos + sign, lx->syn->block_end))
		return false;
	lx->pos += sign + lx->syn->block_end.len;
	if (sign)
		lx->pos = skip_space(lx, lx->pos);
	return true;
}

static int lex_comment(struct lexer *lx, size_t start, struct err *err)
{
	for (; lx->pos < lx->end; lx->pos++)
		if (close_tag(lx, lx->syn->comment_end, false))
			return 0;
	lx->error_offset = (uint32_t)start;
	return err_set(err, ERR_SYNTAX, "the comment is not closed");
}

/* After "{%" at `pos`: "raw %}"? Then *ret_end is behind it. */
static bool raw_word(const struct lexer *lx, size_t pos, const char *word, size_t *ret_end)
{
	size_t n = strlen(word);
	if (sign_at(lx, pos))
		pos++;
	pos = skip_space(lx, pos);
	if (lx->end - pos < n || memcmp(lx->text.ptr + pos, word, n) != 0)
		return false;
	*ret_end = skip_space(lx, pos + n);
	return true;
}

static int lex_raw(struct lexer *lx, size_t start, struct err *err)
{
	size_t from = lx->pos;
	for (size_t pos = from; pos < lx->end; pos++) {
		size_t after;
		if (!looking_at(lx, pos, lx->syn->block_start) ||
		    !raw_word(lx, pos + lx->syn->block_start.len, "endraw", &after))
			continue;
		lx->pos = after;
		if (!close_tag(lx, lx->syn->block_end, false))
			continue;
		char sign = sign_at(lx, pos + lx->syn->block_start.len);
		push_data(lx, from, strip_before(lx, from, pos, sign, false));
		return 0;
	}
	lx->error_offset = (uint32_t)start;
	return err_set(err, ERR_SYNTAX, "{%% raw %%} is not closed with {%% endraw %%}");
}

/* The tokens of one {{ }} or {% %}, up to its end. */
static int lex_tag(struct lexer *lx, size_t start, bool variable, struct err *err)
{
	struct slice close = variable ? lx->syn->variable_end : lx->syn->block_end;
	char stack[PARSER_MAX_DEPTH];
	size_t nest = 0;
	lexer_push(lx, variable ? TOKEN_VARIABLE_BEGIN : TOKEN_BLOCK_BEGIN, start);
	for (;;) {
		lx->pos = skip_space(lx, lx->pos);
		size_t at = lx->pos;
		if (nest == 0 && close_tag(lx, close, variable)) {
			lexer_push(lx, variable ? TOKEN_VARIABLE_END : TOKEN_BLOCK_END, at);
			return 0;
		}
		if (lx->pos >= lx->end) {
			lx->error_offset = (uint32_t)start;
			return err_set(err, ERR_SYNTAX, "'%.*s' is not closed with '%.*s'",
				       SLICE_ARG(variable ? lx->syn->variable_start
							  : lx->syn->block_start),
				       SLICE_ARG(close));
		}
		int r = lexer_tag_token(lx, variable, err);
		if (r < 0)
			return r;
		const struct token *t = &lx->tokens.at[lx->tokens.len - 1];
		if (t->kind != TOKEN_OPERATOR || t->op[1])
			continue;
		if (strchr("([{", t->op[0])) {
			if (nest == sizeof(stack)) {
				lx->error_offset = (uint32_t)at;
				return err_set(err, ERR_LIMIT, "brackets nested deeper than %u",
					       PARSER_MAX_DEPTH);
			}
			stack[nest++] = t->op[0] == '(' ? ')' : t->op[0] == '[' ? ']' : '}';
		} else if (strchr(")]}", t->op[0])) {
			lx->error_offset = (uint32_t)at;
			if (nest == 0)
				return err_set(err, ERR_SYNTAX, "unexpected '%c'", t->op[0]);
			if (stack[--nest] != t->op[0])
				return err_set(err, ERR_SYNTAX, "unexpected '%c', expected '%c'",
					       t->op[0], stack[nest]);
		}
	}
}

static int lex_template(struct lexer *lx, struct err *err)
{
	size_t from = 0;
	while (lx->pos < lx->end) {
		size_t open_len, start = lx->pos, after;
		enum tag tag = may_start_tag(lx, lx->text.ptr[start]) ? tag_at(lx, start, &open_len)
								      : TAG_NONE;
		if (tag == TAG_NONE) {
			lx->pos++;
			continue;
		}
		char sign = sign_at(lx, start + open_len);
		push_data(lx, from, strip_before(lx, from, start, sign, tag == TAG_VARIABLE));
		lx->pos = start + open_len + (sign ? 1 : 0);
		int r;
		if (tag == TAG_COMMENT) {
			r = lex_comment(lx, start, err);
		} else if (tag == TAG_BLOCK && raw_word(lx, start + open_len, "raw", &after) &&
			   (lx->pos = after, close_raw_tag(lx))) {
			r = lex_raw(lx, start, err);
		} else {
			lx->pos = start + open_len + (sign ? 1 : 0);
			r = lex_tag(lx, start, tag == TAG_VARIABLE, err);
		}
		if (r < 0)
			return r;
		from = lx->pos;
	}
	push_data(lx, from, lx->end);
	return 0;
}

static int lex_expression(struct lexer *lx, struct err *err)
{
	for (;;) {
		lx->pos = skip_space(lx, lx->pos);
		if (lx->pos >= lx->end)
			return 0;
		int r = lexer_tag_token(lx, false, err);
		if (r < 0)
			return r;
	}
}

int lexer_run(struct lexer *lx, struct err *err)
{
	lx->end = lx->text.len;
	if (lx->syn->mode != MODE_EXPRESSION && !lx->syn->keep_trailing_newline &&
	    slice_ends_with(lx->text, "\n"))
		lx->end -= slice_ends_with(lx->text, "\r\n") ? 2 : 1;
	int r = lx->syn->mode == MODE_EXPRESSION ? lex_expression(lx, err) : lex_template(lx, err);
	if (r < 0)
		return r;
	lexer_push(lx, TOKEN_EOF, lx->end);
	return 0;
}
