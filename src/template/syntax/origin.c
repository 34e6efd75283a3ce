/*
 * The exact place of a character of a YAML scalar. A value knows where its
 * scalar begins; quotes, escapes, folding and the indentation of block scalars
 * lie between that and the text. So when an error needs a place, the file is
 * read again and the text is followed through it.
 */
#include "../text/chars.h"
#include "program.h"

#include "rollout/base/file.h"

#include <ctype.h>

#define ORIGIN_MAX_BYTES (16u << 20)

struct origin {
	struct slice src, text;
	size_t at;     /* in src */
	char style;    /* ' " | > or 0 */
	size_t indent; /* of a block scalar */
};

static char peek(const struct origin *o)
{
	return o->at < o->src.len ? o->src.ptr[o->at] : 0;
}

static bool seek(struct origin *o, unsigned line, unsigned column)
{
	for (unsigned l = 1; l < line; l++) {
		const char *nl = memchr(o->src.ptr + o->at, '\n', o->src.len - o->at);
		if (!nl)
			return false;
		o->at = (size_t)(nl - o->src.ptr) + 1;
	}
	for (unsigned c = 1; c < column && o->at < o->src.len; c++) {
		o->at++;
		while (o->at < o->src.len && ((unsigned char)peek(o) & 0xc0) == 0x80)
			o->at++;
	}
	return o->at < o->src.len;
}

static size_t line_indent(const struct origin *o, size_t at)
{
	size_t n = 0;
	while (at + n < o->src.len && o->src.ptr[at + n] == ' ')
		n++;
	return n;
}

/* Behind "|2-" and its line, at the first line's first character. */
static void enter_block(struct origin *o)
{
	size_t given = 0, line;
	while (o->at < o->src.len && peek(o) != '\n') {
		if (isdigit((unsigned char)peek(o)))
			given = (size_t)(peek(o) - '0');
		o->at++;
	}
	line = ++o->at;
	while (line < o->src.len) {
		o->indent = line_indent(o, line);
		if (line + o->indent >= o->src.len || o->src.ptr[line + o->indent] != '\n')
			break;
		line += o->indent + 1;
	}
	if (given && given < o->indent)
		o->indent = given; /* relative to the parent: an approximation */
	size_t have = line_indent(o, o->at);
	o->at += have < o->indent ? have : o->indent;
}

static void enter(struct origin *o)
{
	while (peek(o) == '&' || peek(o) == '!') {
		while (o->at < o->src.len && !isspace((unsigned char)peek(o)))
			o->at++;
		while (o->at < o->src.len && isspace((unsigned char)peek(o)))
			o->at++;
	}
	char c = peek(o);
	o->style = c && strchr("'\"|>", c) ? c : 0;
	if (o->style == '|' || o->style == '>')
		enter_block(o);
	else if (o->style)
		o->at++;
}

static void skip_escape(struct origin *o)
{
	char c = o->at + 1 < o->src.len ? o->src.ptr[o->at + 1] : 0;
	o->at += 2 + (c == 'x' ? 2u : c == 'u' ? 4u : c == 'U' ? 8u : 0u);
}

static void skip_white(struct origin *o)
{
	while (o->at < o->src.len && isspace((unsigned char)peek(o)))
		o->at++;
}

/* A backslash at the end of a line in double quotes: nothing of it is in the text. */
static void skip_line_break(struct origin *o)
{
	while (o->style == '"' && peek(o) == '\\' && o->at + 1 < o->src.len &&
	       o->src.ptr[o->at + 1] == '\n') {
		o->at += 2;
		skip_white(o);
	}
}

/* Over one character of the text at i, or over white space that was folded;
 * how much of the text that was, 0: they differ. */
static size_t follow(struct origin *o, size_t i)
{
	skip_line_break(o);
	char want = o->text.ptr[i], have = peek(o);
	size_t n = 1;
	if (o->style == '"' && have == '\\') {
		skip_escape(o);
		return chars_next(o->text, i) - i;
	}
	if (o->style == '\'' && want == '\'' && have == '\'') {
		o->at += 2;
		return 1;
	}
	if (have == want && (have != '\n' || o->style == '|')) {
		o->at++;
		if (want == '\n') {
			size_t have_indent = line_indent(o, o->at);
			o->at += have_indent < o->indent ? have_indent : o->indent;
		}
		return 1;
	}
	if (!isspace((unsigned char)want) || !isspace((unsigned char)have))
		return 0;
	skip_white(o);
	while (i + n < o->text.len && isspace((unsigned char)o->text.ptr[i + n]))
		n++;
	return n;
}

static struct srcloc place_of(const struct origin *o, const char *file)
{
	struct srcloc at = {file, 1, 1};
	for (size_t i = 0; i < o->at; i++) {
		if (o->src.ptr[i] == '\n') {
			at.line++;
			at.column = 1;
		} else if (((unsigned char)o->src.ptr[i] & 0xc0) != 0x80) {
			at.column++;
		}
	}
	return at;
}

bool origin_find(struct srcloc base, struct slice text, uint32_t offset, struct srcloc *ret)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	if (!base.file || file_read(base.file, ORIGIN_MAX_BYTES, &b, NULL) < 0)
		return false;
	struct origin o = {.src = strbuf_slice(&b), .text = text};
	if (!seek(&o, base.line, base.column))
		return false;
	enter(&o);
	for (size_t i = 0; i < offset;) {
		size_t n = follow(&o, i);
		if (n == 0)
			return false;
		i += n;
	}
	*ret = place_of(&o, base.file);
	return true;
}
