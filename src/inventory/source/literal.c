/*
 * Python's literals, as ast.literal_eval takes them: what Ansible makes of the
 * values in an INI inventory. Numbers, strings (with prefixes r, b and u, and
 * several in a row), True, False, None, lists, tuples, sets and mappings; a comment
 * may follow. What is no literal, or none that a variable can hold (complex
 * numbers, integers beyond 64 bits), stays the text that it is.
 * Source: The Python Language Reference, "Lexical analysis", "Atoms".
 */
#include "../internal.h"
#include "rollout/base/utf8.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#define LITERAL_MAX_DEPTH 64u
#define NUMBER_MAX_BYTES 400u

struct reader {
	struct arena *arena;
	const char *p, *end;
	struct srcloc at;
	unsigned depth;
};

static const struct value *expression(struct reader *r);

static bool skip_blank(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\f'))
		r->p++;
	if (r->p < r->end && *r->p == '#')
		r->p = r->end;
	return r->p < r->end;
}

static bool take(struct reader *r, char c)
{
	if (!skip_blank(r) || *r->p != c)
		return false;
	r->p++;
	return true;
}

static struct value *placed(struct reader *r, struct value *v)
{
	v->at = r->at;
	return v;
}

/* ---- numbers ---- */

static bool is_digit(char c, int base)
{
	if (base == 16)
		return isxdigit((unsigned char)c);
	return c >= '0' && c < '0' + base;
}

/* Digits, with single underscores between them. */
static bool take_digits(struct reader *r, int base, struct strbuf *out)
{
	const char *start = r->p;
	while (r->p < r->end) {
		bool underscore = *r->p == '_' && r->p > start && r->p[-1] != '_';
		if (underscore && (r->p + 1 == r->end || !is_digit(r->p[1], base)))
			return false;
		if (!underscore && !is_digit(*r->p, base))
			break;
		if (!underscore)
			strbuf_putc(out, *r->p);
		r->p++;
	}
	return r->p > start;
}

static const struct value *integer(struct reader *r, const char *digits, int base)
{
	errno = 0;
	long long n = strtoll(digits, NULL, base);
	return errno ? NULL : placed(r, value_int(r->arena, n));
}

static const struct value *prefixed(struct reader *r, int base)
{
	CLEANUP(strbuf_release) struct strbuf digits = {0};
	r->p += 2;
	if (r->p < r->end && *r->p == '_')
		r->p++;
	return take_digits(r, base, &digits) ? integer(r, digits.ptr, base) : NULL;
}

static bool take_exponent(struct reader *r, struct strbuf *out)
{
	if (r->p == r->end || (*r->p != 'e' && *r->p != 'E'))
		return true;
	strbuf_putc(out, *r->p++);
	if (r->p < r->end && (*r->p == '+' || *r->p == '-'))
		strbuf_putc(out, *r->p++);
	return take_digits(r, 10, out);
}

static const struct value *decimal(struct reader *r)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	bool whole = true;
	if (*r->p != '.' && !take_digits(r, 10, &text))
		return NULL;
	size_t digits = text.len;
	if (r->p < r->end && *r->p == '.') {
		whole = false;
		strbuf_putc(&text, *r->p++);
		if (r->p < r->end && isdigit((unsigned char)*r->p) && !take_digits(r, 10, &text))
			return NULL;
		if (digits == 0 && text.len == 1)
			return NULL;
	}
	size_t before = text.len;
	if (!take_exponent(r, &text) || text.len > NUMBER_MAX_BYTES)
		return NULL;
	if (whole && text.len == before) {
		if (text.ptr[0] == '0' && strspn(text.ptr, "0") != text.len)
			return NULL; /* leading zeros */
		return integer(r, text.ptr, 10);
	}
	return placed(r, value_float(r->arena, strtod(text.ptr, NULL)));
}

static const struct value *number(struct reader *r)
{
	const struct value *v;
	char second = r->p + 1 < r->end ? (char)tolower((unsigned char)r->p[1]) : '\0';
	int base = second == 'x' ? 16 : second == 'o' ? 8 : second == 'b' ? 2 : 10;
	v = *r->p == '0' && base != 10 ? prefixed(r, base) : decimal(r);
	if (v && r->p < r->end && (isalnum((unsigned char)*r->p) || *r->p == '_'))
		return NULL;
	return v;
}

static const struct value *signed_number(struct reader *r)
{
	bool negative = *r->p++ == '-';
	if (!skip_blank(r) || (!isdigit((unsigned char)*r->p) && *r->p != '.'))
		return NULL;
	const struct value *v = number(r);
	if (!v || !negative)
		return v;
	return placed(r, v->type == VALUE_INT ? value_int(r->arena, -v->integer)
					      : value_float(r->arena, -v->real));
}

/* ---- strings ---- */

struct string_kind {
	bool raw, bytes;
};

static bool take_code(struct reader *r, unsigned digits, int base, uint32_t *ret)
{
	uint32_t n = 0;
	unsigned i = 0;
	for (; i < digits && r->p < r->end && is_digit(*r->p, base); i++, r->p++) {
		int d = isdigit((unsigned char)*r->p) ? *r->p - '0'
						      : tolower((unsigned char)*r->p) - 'a' + 10;
		n = n * (uint32_t)base + (uint32_t)d;
	}
	*ret = n;
	return base == 8 ? i > 0 : i == digits;
}

/* After a backslash. */
static bool escape(struct reader *r, struct string_kind kind, struct strbuf *out)
{
	static const char names[] = "\\'\"abfnrtv", codes[] = "\\'\"\a\b\f\n\r\t\v";
	uint32_t code;
	if (r->p == r->end)
		return false;
	char c = *r->p;
	const char *found = c ? strchr(names, c) : NULL;
	if (found) {
		strbuf_putc(out, codes[found - names]);
		r->p++;
		return true;
	}
	if (c >= '0' && c <= '7') {
		take_code(r, 3, 8, &code);
	} else if (c == 'x' || (!kind.bytes && (c == 'u' || c == 'U'))) {
		r->p++;
		if (!take_code(r, c == 'x' ? 2 : c == 'u' ? 4 : 8, 16, &code))
			return false;
	} else {
		strbuf_putc(out, '\\');
		return !(c == 'N' && !kind.bytes);
	}
	if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
		return false;
	if (kind.bytes && code > 0x7F)
		return false; /* would have to be UTF-8 with its neighbours */
	utf8_put(out, code);
	return true;
}

static bool is_at(const struct reader *r, const char *quote, size_t len)
{
	return (size_t)(r->end - r->p) >= len && memcmp(r->p, quote, len) == 0;
}

static bool take_string(struct reader *r, struct string_kind kind, struct strbuf *out)
{
	char quote[3] = {*r->p, *r->p, *r->p};
	size_t len = is_at(r, quote, 3) ? 3 : 1;
	r->p += len;
	while (r->p < r->end) {
		if (is_at(r, quote, len)) {
			r->p += len;
			return true;
		}
		char c = *r->p++;
		if ((kind.bytes && (unsigned char)c >= 0x80) || c == '\0')
			return false;
		if (c != '\\')
			strbuf_putc(out, c);
		else if (!kind.raw && !escape(r, kind, out))
			return false;
		else if (kind.raw) {
			strbuf_putc(out, c);
			if (r->p < r->end)
				strbuf_putc(out, *r->p++);
		}
	}
	return false;
}

/* Where a string begins: its prefix, or nothing, and the quote after it. */
static bool string_begins(const struct reader *r, struct string_kind *kind, size_t *prefix)
{
	*kind = (struct string_kind){0};
	bool u = false;
	for (*prefix = 0; *prefix < 3 && r->p + *prefix < r->end; ++*prefix) {
		char c = (char)tolower((unsigned char)r->p[*prefix]);
		if (c == '\'' || c == '"')
			return !(u && (kind->raw || kind->bytes));
		if (c == 'r' && !kind->raw)
			kind->raw = true;
		else if (c == 'b' && !kind->bytes)
			kind->bytes = true;
		else if (c == 'u' && !u)
			u = true;
		else
			return false;
	}
	return false;
}

static const struct value *strings(struct reader *r)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct string_kind kind, first;
	size_t prefix;
	if (!string_begins(r, &first, &prefix))
		return NULL;
	kind = first;
	do {
		r->p += prefix;
		if (kind.bytes != first.bytes || !take_string(r, kind, &text))
			return NULL;
		skip_blank(r);
	} while (string_begins(r, &kind, &prefix));
	return placed(r, value_str(r->arena, strbuf_slice(&text)));
}

/* ---- containers and names ---- */

/* The elements after an opening bracket, up to `close`. *commas tells "(1,)" from "(1)". */
static struct value *elements(struct reader *r, char close, size_t *commas)
{
	struct value *list = placed(r, value_list_new(r->arena));
	*commas = 0;
	while (!take(r, close)) {
		if (list->list.len > *commas)
			return NULL;
		const struct value *v = expression(r);
		if (!v)
			return NULL;
		value_list_push(r->arena, list, v);
		*commas += take(r, ',');
	}
	return list;
}

static bool is_hashable(const struct value *v)
{
	return v->type != VALUE_LIST && v->type != VALUE_DICT;
}

/* "{1, 2}", of which the first is read. */
static const struct value *set(struct reader *r, const struct value *first)
{
	size_t commas;
	if (!is_hashable(first))
		return NULL;
	struct value *list;
	if (take(r, ',')) {
		list = elements(r, '}', &commas);
		if (!list)
			return NULL;
	} else if (take(r, '}')) {
		list = value_list_new(r->arena);
	} else {
		return NULL;
	}
	struct value *all = placed(r, value_list_new(r->arena));
	value_list_push(r->arena, all, first);
	for (size_t i = 0; i < list->list.len; i++)
		value_list_push(r->arena, all, list->list.at[i]);
	return all;
}

static const struct value *mapping(struct reader *r)
{
	struct value *dict = placed(r, value_dict_new(r->arena));
	while (!take(r, '}')) {
		const struct value *key = expression(r), *v;
		if (!key)
			return NULL;
		if (dict->dict.len == 0 && !(skip_blank(r) && *r->p == ':'))
			return set(r, key);
		if (!is_hashable(key) || !take(r, ':') || !(v = expression(r)))
			return NULL;
		value_dict_set(r->arena, dict, key, v);
		if (!take(r, ',') && !(skip_blank(r) && *r->p == '}'))
			return NULL;
	}
	return dict;
}

static const struct value *tuple(struct reader *r)
{
	size_t commas;
	struct value *list = elements(r, ')', &commas);
	if (list && list->list.len == 1 && commas == 0)
		return list->list.at[0];
	if (list)
		list->flags |= VALUE_TUPLE;
	return list;
}

static const struct value *name(struct reader *r)
{
	static const char *const names[] = {"None", "True", "False"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t len = strlen(names[i]);
		if (!is_at(r, names[i], len))
			continue;
		const char *after = r->p + len;
		if (after < r->end && (isalnum((unsigned char)*after) || *after == '_' ||
				       (unsigned char)*after >= 0x80))
			continue;
		r->p = after;
		struct value *v = ARENA_NEW(r->arena, struct value);
		*v = i == 0 ? *value_null() : *value_bool(i == 1);
		return placed(r, v);
	}
	return NULL;
}

static const struct value *atom(struct reader *r)
{
	size_t commas;
	switch (*r->p) {
	case '[':
		r->p++;
		return elements(r, ']', &commas);
	case '(':
		r->p++;
		return tuple(r);
	case '{':
		r->p++;
		return mapping(r);
	case '+':
	case '-':
		return signed_number(r);
	default:
		if (isdigit((unsigned char)*r->p) || *r->p == '.')
			return number(r);
		const struct value *v = name(r);
		return v ? v : strings(r);
	}
}

static const struct value *expression(struct reader *r)
{
	const struct value *v = NULL;
	if (r->depth < LITERAL_MAX_DEPTH && skip_blank(r)) {
		r->depth++;
		v = atom(r);
		r->depth--;
	}
	return v;
}

/* "1, 2": a tuple without brackets. */
static const struct value *bare_tuple(struct reader *r, const struct value *first)
{
	struct value *list = placed(r, value_list_new(r->arena));
	list->flags |= VALUE_TUPLE;
	value_list_push(r->arena, list, first);
	while (take(r, ',')) {
		if (!skip_blank(r))
			return list;
		const struct value *v = expression(r);
		if (!v)
			return NULL;
		value_list_push(r->arena, list, v);
	}
	return list;
}

bool inventory_literal(struct arena *a, struct slice text, struct srcloc at,
		       const struct value **ret)
{
	struct reader r = {.arena = a, .p = text.ptr, .end = text.ptr + text.len, .at = at};
	const struct value *v = expression(&r);
	if (v && skip_blank(&r))
		v = *r.p == ',' ? bare_tuple(&r, v) : NULL;
	if (!v || skip_blank(&r))
		return false;
	*ret = v;
	return true;
}
