#include "pairs.h"
#include "print.h"
#include "rollout/base/utf8.h"
#include "rollout/value/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define JSON_INDENT 4u
#define REPLACEMENT 0xFFFDu

struct emitter {
	struct strbuf *out;
	enum json_style style;
	unsigned depth;
};

static bool put_short_escape(struct strbuf *out, int32_t cp)
{
	static const char plain[] = "\"\\\n\r\t\b\f", escaped[] = "\"\\nrtbf";
	const char *at = cp > 0 && cp < 0x80 ? strchr(plain, cp) : NULL;
	if (!at)
		return false;
	strbuf_putc(out, '\\');
	strbuf_putc(out, escaped[at - plain]);
	return true;
}

/* \uXXXX, two of them (UTF-16) above the basic plane. */
static void put_u_escape(struct strbuf *out, uint32_t cp)
{
	if (cp < 0x10000) {
		strbuf_printf(out, "\\u%04x", cp);
		return;
	}
	cp -= 0x10000;
	strbuf_printf(out, "\\u%04x\\u%04x", 0xD800 + (cp >> 10), 0xDC00 + (cp & 0x3FF));
}

static void emit_string(struct strbuf *out, struct slice s, bool ascii)
{
	strbuf_putc(out, '"');
	while (s.len > 0) {
		int32_t next = utf8_next(&s);
		uint32_t cp = next < 0 ? REPLACEMENT : (uint32_t)next;
		if (put_short_escape(out, next))
			continue;
		if (cp < 0x20 || (ascii && cp >= 0x7F))
			put_u_escape(out, cp);
		else
			utf8_put(out, cp);
	}
	strbuf_putc(out, '"');
}

void json_emit_string(struct strbuf *out, struct slice s)
{
	emit_string(out, s, false);
}

/* Python writes NaN and Infinity, which no JSON parser takes back: only its
 * own styles have them. */
static void emit_float(const struct emitter *e, double d)
{
	if (isfinite(d))
		print_float(e->out, d);
	else if (e->style == JSON_COMPACT)
		strbuf_puts(e->out, "null");
	else
		strbuf_puts(e->out, isnan(d) ? "NaN" : d < 0 ? "-Infinity" : "Infinity");
}

static void emit_scalar(const struct emitter *e, const struct value *v)
{
	if (v->type == VALUE_BOOL)
		strbuf_puts(e->out, v->boolean ? "true" : "false");
	else if (v->type == VALUE_INT)
		strbuf_printf(e->out, "%" PRId64, v->integer);
	else if (v->type == VALUE_FLOAT)
		emit_float(e, v->real);
	else if (v->type == VALUE_STRING)
		emit_string(e->out, v->str, e->style != JSON_COMPACT);
	else
		strbuf_puts(e->out, "null");
}

/* A key is a string in JSON, whatever it was. */
static void emit_key(const struct emitter *e, const struct value *key)
{
	const char *quote = key->type == VALUE_STRING ? "" : "\"";
	strbuf_puts(e->out, quote);
	emit_scalar(e, key);
	strbuf_puts(e->out, quote);
	strbuf_puts(e->out, e->style == JSON_COMPACT ? ":" : ": ");
}

static void emit_break(const struct emitter *e, bool first)
{
	if (!first)
		strbuf_puts(e->out, e->style == JSON_PYTHON ? ", " : ",");
	if (e->style != JSON_PRETTY)
		return;
	strbuf_putc(e->out, '\n');
	for (unsigned i = 0; i < e->depth * JSON_INDENT; i++)
		strbuf_putc(e->out, ' ');
}

static void emit(struct emitter *e, const struct value *v);

static void emit_dict(struct emitter *e, const struct value *v)
{
	const struct value_pair **pairs = dict_pairs(v, e->style == JSON_PRETTY);
	for (size_t i = 0; i < v->dict.len; i++) {
		emit_break(e, i == 0);
		emit_key(e, pairs[i]->key);
		emit(e, pairs[i]->value);
	}
	free(pairs);
}

static void emit_list(struct emitter *e, const struct value *v)
{
	for (size_t i = 0; i < v->list.len; i++) {
		emit_break(e, i == 0);
		emit(e, v->list.at[i]);
	}
}

static void emit(struct emitter *e, const struct value *v)
{
	if (v->type != VALUE_LIST && v->type != VALUE_DICT) {
		emit_scalar(e, v);
		return;
	}
	bool is_dict = v->type == VALUE_DICT;
	strbuf_putc(e->out, is_dict ? '{' : '[');
	e->depth++;
	if (is_dict)
		emit_dict(e, v);
	else
		emit_list(e, v);
	e->depth--;
	if (value_truthy(v) && e->style == JSON_PRETTY)
		emit_break(e, true);
	strbuf_putc(e->out, is_dict ? '}' : ']');
}

void json_emit(struct strbuf *out, const struct value *v, enum json_style style)
{
	struct emitter e = {.out = out, .style = style};
	emit(&e, v);
}
