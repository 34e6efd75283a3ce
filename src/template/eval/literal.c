/*
 * Text that is a Python literal: Ansible reads what a string of a playbook
 * renders to as one where it begins with [ or {, or is True or False, and
 * keeps the text where it is none (ast.literal_eval, with JSON's true, false
 * and null). Sets, bytes and complex numbers are not read.
 */
#include "../syntax/program.h"
#include "../value/bigint.h"
#include "eval.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

struct literal {
	struct eval *ev;
	const char *at, *end;
	unsigned depth;
};

static const struct value *parse(struct literal *l);

static void skip(struct literal *l)
{
	for (; l->at < l->end; l->at++) {
		if (*l->at == '#')
			while (l->at + 1 < l->end && l->at[1] != '\n')
				l->at++;
		else if (!strchr(" \t\r\n\f", *l->at) || !*l->at)
			return;
	}
}

static bool take(struct literal *l, char c)
{
	skip(l);
	if (l->at == l->end || *l->at != c)
		return false;
	l->at++;
	return true;
}

/* Items up to `close`; *ret_tuple: there is a comma, or nothing. */
static struct value *parse_items(struct literal *l, char close, bool *ret_tuple)
{
	struct value *list = list_new(l->ev);
	*ret_tuple = true;
	while (!take(l, close)) {
		const struct value *item = parse(l);
		if (!item)
			return NULL;
		list_push(l->ev, list, item);
		if (take(l, ','))
			continue;
		*ret_tuple = list->list.len > 1;
		return take(l, close) ? list : NULL;
	}
	return list;
}

static const struct value *parse_round(struct literal *l)
{
	bool tuple;
	struct value *list = parse_items(l, ')', &tuple);
	if (!list)
		return NULL;
	/* (,) has a comma and no item; Python does not take it, nor does parse(). */
	if (!tuple)
		return list->list.at[0];
	list->flags |= VALUE_TUPLE;
	return list;
}

static const struct value *parse_dict(struct literal *l)
{
	struct value *dict = dict_new(l->ev);
	while (!take(l, '}')) {
		const struct value *key = parse(l), *v;
		if (!key || key->type > VALUE_STRING || !take(l, ':') || !(v = parse(l)))
			return NULL;
		value_dict_set(l->ev->arena, dict, key, v);
		if (!take(l, ','))
			return take(l, '}') ? dict : NULL;
	}
	return dict;
}

/* One string, with its quotes, into b. */
static bool parse_quoted(struct literal *l, bool raw, struct strbuf *b)
{
	char q = *l->at;
	size_t n = l->end - l->at >= 3 && l->at[1] == q && l->at[2] == q ? 3 : 1;
	const char *from = l->at + n, *p = from;
	for (;; p++) {
		if ((size_t)(l->end - p) < n || (n == 1 && *p == '\n'))
			return false;
		if (*p == '\\' && p + 1 < l->end)
			p++;
		else if (*p == q && (n == 1 || (p[1] == q && p[2] == q)))
			break;
	}
	struct slice s = {from, (size_t)(p - from)};
	l->at = p + n;
	if (!raw)
		return string_unescape(b, s) == 0;
	strbuf_slice_append(b, s);
	return true;
}

static bool at_string(const struct literal *l, bool *ret_raw, size_t *ret_prefix)
{
	const char *p = l->at;
	*ret_raw = false;
	if (p < l->end && strchr("rRuU", *p) && *p) {
		*ret_raw = *p == 'r' || *p == 'R';
		p++;
	}
	*ret_prefix = (size_t)(p - l->at);
	return p < l->end && (*p == '\'' || *p == '"');
}

static const struct value *parse_strings(struct literal *l)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	bool raw;
	size_t prefix;
	for (; at_string(l, &raw, &prefix); skip(l)) {
		l->at += prefix;
		if (!parse_quoted(l, raw, &b))
			return NULL;
	}
	return str_buf(l->ev, &b);
}

static const struct value *parse_word(struct literal *l)
{
	static const struct {
		const char *word;
		enum { WORD_NONE, WORD_TRUE, WORD_FALSE } is;
	} words[] = {{"True", WORD_TRUE},   {"true", WORD_TRUE}, {"False", WORD_FALSE},
		     {"false", WORD_FALSE}, {"None", WORD_NONE}, {"null", WORD_NONE}};
	const char *from = l->at;
	while (l->at < l->end && (isalnum((unsigned char)*l->at) || *l->at == '_'))
		l->at++;
	struct slice s = {from, (size_t)(l->at - from)};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_is(s, words[i].word))
			return words[i].is == WORD_NONE ? value_null()
							: value_bool(words[i].is == WORD_TRUE);
	return NULL;
}

/* 1, 1_000, 0x1f, 0o17, 0b1, 1.5, .5, 1., 1e3 */
static const struct value *parse_number(struct literal *l, bool negative)
{
	char buf[400], *rest;
	size_t n = 0;
	bool hex = l->end - l->at > 2 && l->at[0] == '0' && strchr("xXoObB", l->at[1]);
	bool real = false;
	for (; l->at < l->end && n + 2 < sizeof(buf); l->at++) {
		char c = *l->at;
		bool sign = !hex && n && (c == '+' || c == '-') && strchr("eE", buf[n - 1]);
		if (c == '_' && n && isalnum((unsigned char)buf[n - 1]) && l->at + 1 < l->end &&
		    isalnum((unsigned char)l->at[1]))
			continue;
		if (!isalnum((unsigned char)c) && c != '.' && !sign)
			break;
		real |= !hex && (c == '.' || c == 'e' || c == 'E');
		buf[n++] = c;
	}
	buf[n] = 0;
	errno = 0;
	if (real) {
		double d = strtod(buf, &rest);
		return n && !*rest && isdigit((unsigned char)buf[strspn(buf, ".")])
			       ? float_new(l->ev, negative ? -d : d)
			       : NULL;
	}
	int base = !hex				    ? 10
		   : buf[1] == 'x' || buf[1] == 'X' ? 16
		   : buf[1] == 'o' || buf[1] == 'O' ? 8
						    : 2;
	long long v = strtoll(hex ? buf + 2 : buf, &rest, base);
	bool zeros = !hex && buf[0] == '0' && v != 0;
	const struct value *big = NULL;
	if (n == 0 || *rest || zeros || (hex && !isxdigit((unsigned char)buf[2])))
		return NULL;
	if (errno == ERANGE) {
		const char *text = arena_printf(l->ev->arena, "%s%s", negative ? "-" : "", buf);
		return bigint_parse(l->ev, slice_from(text), 0, &big, NULL) == 0 ? big : NULL;
	}
	return int_new(l->ev, negative ? -v : v);
}

static const struct value *parse_atom(struct literal *l)
{
	bool raw, tuple;
	size_t prefix;
	char c = l->at < l->end ? *l->at : 0;
	if (c == '[')
		return l->at++, parse_items(l, ']', &tuple);
	if (c == '(')
		return l->at++, parse_round(l);
	if (c == '{')
		return l->at++, parse_dict(l);
	if (at_string(l, &raw, &prefix))
		return parse_strings(l);
	if (isalpha((unsigned char)c))
		return parse_word(l);
	if (c == '-' || c == '+') {
		l->at++;
		skip(l);
	}
	if (l->at < l->end && (isdigit((unsigned char)*l->at) || *l->at == '.'))
		return parse_number(l, c == '-');
	return NULL;
}

static const struct value *parse(struct literal *l)
{
	skip(l);
	if (l->depth >= VALUE_MAX_DEPTH)
		return NULL;
	l->depth++;
	const struct value *v = parse_atom(l);
	l->depth--;
	return v;
}

const struct value *literal_value(struct eval *ev, const struct value *v)
{
	if (!is_str(v) || v->str.len == 0 || (v->flags & VALUE_TEXT))
		return v;
	struct slice s = v->str;
	if (s.ptr[0] != '[' && s.ptr[0] != '{' && !slice_is(s, "True") && !slice_is(s, "False"))
		return v;
	struct literal l = {ev, s.ptr, s.ptr + s.len, 0};
	const struct value *read = parse(&l);
	skip(&l);
	if (!read || l.at != l.end)
		return v;
	ev->taint |= v->flags & (VALUE_SECRET | VALUE_UNSAFE);
	return read;
}
