/* The tokens within a tag: names, numbers, strings, operators. */
#include "../text/chars.h"
#include "program.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

static int fail(struct lexer *lx, size_t offset, struct err *err, const char *msg)
{
	lx->error_offset = (uint32_t)offset;
	return err_set(err, ERR_SYNTAX, "%s", msg);
}

static bool is_name_byte(char c, bool first)
{
	unsigned char u = (unsigned char)c;
	return isalpha(u) || u == '_' || u >= 0x80 || (!first && isdigit(u));
}

static int hex_value(struct slice s, size_t pos, size_t digits, uint32_t *ret)
{
	uint32_t v = 0;
	if (pos + digits > s.len)
		return -1;
	for (size_t i = pos; i < pos + digits; i++) {
		if (!isxdigit((unsigned char)s.ptr[i]))
			return -1;
		int c = tolower((unsigned char)s.ptr[i]);
		v = v * 16 + (uint32_t)(isdigit(c) ? c - '0' : c - 'a' + 10);
	}
	*ret = v;
	return 0;
}

static size_t octal_escape(struct strbuf *b, struct slice s, size_t i)
{
	uint32_t v = 0;
	size_t n = 0;
	while (n < 3 && i + n < s.len && s.ptr[i + n] >= '0' && s.ptr[i + n] <= '7')
		v = v * 8 + (uint32_t)(s.ptr[i + n++] - '0');
	chars_put(b, v);
	return n - 1;
}

/* s.ptr[*i] follows a backslash. -1: a \x or \u without its digits. */
static int unescape_one(struct strbuf *b, struct slice s, size_t *i)
{
	static const char from[] = "\\'\"abfnrtv", to[] = "\\'\"\a\b\f\n\r\t\v";
	char c = s.ptr[*i];
	const char *p = strchr(from, c);
	if (c && p) {
		strbuf_putc(b, to[p - from]);
	} else if (c == '\n') {
		return 0;
	} else if (c >= '0' && c <= '7') {
		*i += octal_escape(b, s, *i);
	} else if (c == 'x' || c == 'u' || c == 'U') {
		size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
		uint32_t v;
		if (hex_value(s, *i + 1, digits, &v) < 0 || v > 0x10ffff)
			return -1;
		chars_put(b, v);
		*i += digits;
	} else {
		strbuf_putc(b, '\\');
		strbuf_putc(b, c);
	}
	return 0;
}

/* In a playbook's {{ }} a backslash stands for itself, but for a quote. */
static int unescape(struct strbuf *b, struct slice s, bool literal, char quote)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] != '\\' || i + 1 == s.len) {
			strbuf_putc(b, s.ptr[i]);
		} else if (literal) {
			if (s.ptr[i + 1] != quote)
				strbuf_putc(b, '\\');
			strbuf_putc(b, s.ptr[++i]);
		} else {
			i++;
			if (unescape_one(b, s, &i) < 0)
				return -1;
		}
	}
	return 0;
}

int string_unescape(struct strbuf *b, struct slice s)
{
	return unescape(b, s, false, 0);
}

/* With a quote too few each string after it ends where the next should begin: the
 * first that goes over the end of its line is the one. */
static size_t first_over_lines(const struct lexer *lx, size_t start)
{
	for (size_t i = 0; i < lx->tokens.len; i++) {
		const struct token *t = &lx->tokens.at[i];
		if (t->kind == TOKEN_STRING && t->text.len &&
		    memchr(t->text.ptr, '\n', t->text.len))
			return t->offset;
	}
	return start;
}

static int lex_string(struct lexer *lx, bool literal, struct err *err)
{
	size_t start = lx->pos, end = start + 1;
	char quote = lx->text.ptr[start];
	while (end < lx->end && lx->text.ptr[end] != quote)
		end += lx->text.ptr[end] == '\\' ? 2 : 1;
	if (end >= lx->end)
		return fail(lx, first_over_lines(lx, start), err, "the string is not closed");
	struct slice raw = {lx->text.ptr + start + 1, end - start - 1};
	lx->pos = end + 1;
	struct token *t = lexer_push(lx, TOKEN_STRING, start);
	if (!memchr(raw.ptr, '\\', raw.len)) {
		t->text = arena_slice(lx->arena, raw);
		return 0;
	}
	CLEANUP(strbuf_release) struct strbuf b = {0};
	if (unescape(&b, raw, literal, quote) < 0)
		return fail(lx, start, err, "a \\x, \\u or \\U escape without its digits");
	t->text = arena_slice(lx->arena, strbuf_slice(&b));
	return 0;
}

static bool is_digit_of(char c, int base)
{
	unsigned char u = (unsigned char)c;
	if (base == 16)
		return isxdigit(u);
	return u >= '0' && u < '0' + (unsigned)base;
}

/* Digits with single underscores between them. */
static size_t scan_digits(const struct lexer *lx, size_t pos, int base)
{
	const char *s = lx->text.ptr;
	while (pos < lx->end && (is_digit_of(s[pos], base) || (s[pos] == '_' && pos + 1 < lx->end &&
							       is_digit_of(s[pos + 1], base))))
		pos++;
	return pos;
}

static size_t scan_float(const struct lexer *lx, size_t pos)
{
	const char *s = lx->text.ptr;
	size_t p = pos;
	if (p + 1 < lx->end && s[p] == '.' && isdigit((unsigned char)s[p + 1]))
		p = scan_digits(lx, p + 1, 10);
	if (p < lx->end && (s[p] == 'e' || s[p] == 'E')) {
		size_t q = p + 1;
		if (q < lx->end && (s[q] == '-' || s[q] == '+'))
			q++;
		if (q < lx->end && isdigit((unsigned char)s[q]))
			p = scan_digits(lx, q, 10);
	}
	return p;
}

static size_t copy_digits(const struct lexer *lx, size_t from, size_t to, char *buf, size_t size)
{
	size_t n = 0;
	for (size_t i = from; i < to && n + 1 < size; i++)
		if (lx->text.ptr[i] != '_')
			buf[n++] = lx->text.ptr[i];
	buf[n] = 0;
	return n;
}

static int lex_number(struct lexer *lx, struct err *err)
{
	size_t start = lx->pos, body = start, end;
	int base = 10;
	char buf[400];
	if (lx->text.ptr[start] == '0' && start + 1 < lx->end) {
		int c = tolower((unsigned char)lx->text.ptr[start + 1]);
		base = c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 10;
		if (base != 10)
			body += 2;
	}
	end = scan_digits(lx, body, base);
	size_t float_end = base == 10 ? scan_float(lx, end) : end;
	if (end == body || float_end - start >= sizeof(buf))
		return fail(lx, start, err, "not a number");
	lx->pos = float_end;
	if (float_end > end) {
		copy_digits(lx, start, float_end, buf, sizeof(buf));
		lexer_push(lx, TOKEN_FLOAT, start)->real = strtod(buf, NULL);
		return 0;
	}
	if (base == 10 && end - start > 1 && lx->text.ptr[start] == '0' &&
	    scan_digits(lx, start, 1) != end)
		return fail(lx, start, err, "a decimal number cannot begin with 0");
	copy_digits(lx, body, end, buf, sizeof(buf));
	errno = 0;
	long long v = strtoll(buf, NULL, base);
	if (errno == ERANGE) {
		struct token *big = lexer_push(lx, TOKEN_BIG_INTEGER, start);
		copy_digits(lx, start, end, buf, sizeof(buf));
		big->text = arena_slice(lx->arena, slice_from(buf));
		return 0;
	}
	lexer_push(lx, TOKEN_INTEGER, start)->integer = v;
	return 0;
}

static int lex_operator(struct lexer *lx, struct err *err)
{
	static const char *const two[] = {"//", "**", "==", "!=", ">=", "<="};
	size_t at = lx->pos;
	char c = lx->text.ptr[at];
	struct token *t = NULL;
	for (size_t i = 0; i < ARRAY_LEN(two) && !t; i++) {
		if (at + 1 < lx->end && c == two[i][0] && lx->text.ptr[at + 1] == two[i][1]) {
			t = lexer_push(lx, TOKEN_OPERATOR, at);
			memcpy(t->op, two[i], 3);
			lx->pos += 2;
		}
	}
	if (!t && c && strchr("+-/*%~[](){}><=.:|,", c)) {
		t = lexer_push(lx, TOKEN_OPERATOR, at);
		t->op[0] = c;
		lx->pos++;
	}
	if (t)
		return 0;
	lx->error_offset = (uint32_t)at;
	if (isprint((unsigned char)c))
		return err_set(err, ERR_SYNTAX, "unexpected character '%c'", c);
	return err_set(err, ERR_SYNTAX, "unexpected byte 0x%02x", (unsigned char)c);
}

int lexer_tag_token(struct lexer *lx, bool variable, struct err *err)
{
	size_t at = lx->pos;
	char c = lx->text.ptr[at];
	if (is_name_byte(c, true)) {
		while (lx->pos < lx->end && is_name_byte(lx->text.ptr[lx->pos], false))
			lx->pos++;
		struct slice name = {lx->text.ptr + at, lx->pos - at};
		lexer_push(lx, TOKEN_NAME, at)->text = name;
		return 0;
	}
	if (isdigit((unsigned char)c))
		return lex_number(lx, err);
	if (c == '\'' || c == '"')
		return lex_string(lx, variable && lx->syn->literal_strings, err);
	return lex_operator(lx, err);
}
