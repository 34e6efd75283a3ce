#include "print.h"

#include "rollout/base/utf8.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define FLOAT_DIGITS_MAX 17

/* Digits and exponent of the shortest decimal that reads back as d > 0. */
static int shortest_digits(double d, char digits[FLOAT_DIGITS_MAX + 1])
{
	char text[40];
	for (int precision = 0; precision < FLOAT_DIGITS_MAX; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, d);
		if (strtod(text, NULL) == d)
			break;
	}
	size_t n = 0;
	const char *p = text;
	for (; *p && *p != 'e'; p++) {
		if (*p != '.')
			digits[n++] = *p;
	}
	digits[n] = '\0';
	return (int)strtol(p + 1, NULL, 10);
}

/* float_repr_style 'r': exponents from 1e16 up and below 1e-4. */
void print_float(struct strbuf *out, double d)
{
	char digits[FLOAT_DIGITS_MAX + 1] = "0";
	if (isnan(d)) {
		strbuf_puts(out, "nan");
		return;
	}
	if (signbit(d))
		strbuf_putc(out, '-');
	if (isinf(d)) {
		strbuf_puts(out, "inf");
		return;
	}
	int exponent = d == 0 ? 0 : shortest_digits(fabs(d), digits);
	int n = (int)strlen(digits);
	if (exponent < -4 || exponent >= 16) {
		strbuf_printf(out, n > 1 ? "%c.%s" : "%c%s", digits[0], digits + 1);
		strbuf_printf(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
	} else if (exponent < 0) {
		strbuf_printf(out, "0.%.*s%s", -exponent - 1, "000", digits);
	} else {
		for (int i = 0; i < n || i <= exponent; i++) {
			strbuf_putc(out, i < n ? digits[i] : '0');
			if (i == exponent)
				strbuf_putc(out, '.');
		}
		if (n <= exponent + 1)
			strbuf_putc(out, '0');
	}
}

/* str.isprintable: not the categories C* and Z* (except the space). Code
 * points that Unicode has not assigned are not told apart. */
static bool is_printable(uint32_t cp)
{
	static const uint32_t unprintable[][2] = {
		{0x00, 0x1F},	    {0x7F, 0xA0},	{0xAD, 0xAD},	    {0x600, 0x605},
		{0x61C, 0x61C},	    {0x6DD, 0x6DD},	{0x70F, 0x70F},	    {0x890, 0x891},
		{0x8E2, 0x8E2},	    {0x1680, 0x1680},	{0x180E, 0x180E},   {0x2000, 0x200F},
		{0x2028, 0x202F},   {0x205F, 0x206F},	{0x3000, 0x3000},   {0xD800, 0xF8FF},
		{0xFDD0, 0xFDEF},   {0xFEFF, 0xFEFF},	{0xFFF0, 0xFFFB},   {0xFFFE, 0xFFFF},
		{0x110BD, 0x110BD}, {0x110CD, 0x110CD}, {0xE0000, 0xE00FF}, {0xF0000, 0x10FFFF},
	};
	for (size_t i = 0; i < ARRAY_LEN(unprintable) && cp >= unprintable[i][0]; i++) {
		if (cp <= unprintable[i][1])
			return false;
	}
	return true;
}

static void print_escaped(struct strbuf *out, int32_t cp, unsigned char byte)
{
	if (cp < 0)
		strbuf_printf(out, "\\udc%02x", byte); /* surrogateescape */
	else if (cp == '\n')
		strbuf_puts(out, "\\n");
	else if (cp == '\r')
		strbuf_puts(out, "\\r");
	else if (cp == '\t')
		strbuf_puts(out, "\\t");
	else if (is_printable((uint32_t)cp))
		utf8_put(out, (uint32_t)cp);
	else if (cp < 0x100)
		strbuf_printf(out, "\\x%02x", (unsigned)cp);
	else if (cp < 0x10000)
		strbuf_printf(out, "\\u%04x", (unsigned)cp);
	else
		strbuf_printf(out, "\\U%08x", (unsigned)cp);
}

void print_quoted(struct strbuf *out, struct slice s)
{
	bool has_single = s.len > 0 && memchr(s.ptr, '\'', s.len);
	bool has_double = s.len > 0 && memchr(s.ptr, '"', s.len);
	char quote = has_single && !has_double ? '"' : '\'';
	strbuf_putc(out, quote);
	while (s.len > 0) {
		unsigned char byte = (unsigned char)s.ptr[0];
		int32_t cp = utf8_next(&s);
		if (cp == '\\' || cp == quote)
			strbuf_putc(out, '\\');
		print_escaped(out, cp, byte);
	}
	strbuf_putc(out, quote);
}

/* bytes.__repr__ */
static void print_bytes(struct strbuf *out, struct slice s)
{
	bool has_single = s.len > 0 && memchr(s.ptr, '\'', s.len);
	bool has_double = s.len > 0 && memchr(s.ptr, '"', s.len);
	char quote = has_single && !has_double ? '"' : '\'';
	strbuf_putc(out, 'b');
	strbuf_putc(out, quote);
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if (c == '\\' || s.ptr[i] == quote)
			strbuf_putc(out, '\\');
		if (c < 0x80)
			print_escaped(out, c, c);
		else
			strbuf_printf(out, "\\x%02x", c);
	}
	strbuf_putc(out, quote);
}

void value_list_begin(struct strbuf *out, const struct value *v)
{
	if (v->flags & (VALUE_KEYS | VALUE_VALUES | VALUE_ITEMS))
		strbuf_printf(out, "%s(", value_type_name(v));
	strbuf_putc(out, v->flags & VALUE_TUPLE ? '(' : '[');
}

void value_list_end(struct strbuf *out, const struct value *v)
{
	bool tuple = v->flags & VALUE_TUPLE;
	strbuf_puts(out, tuple ? (v->list.len == 1 ? ",)" : ")") : "]");
	if (v->flags & (VALUE_KEYS | VALUE_VALUES | VALUE_ITEMS))
		strbuf_putc(out, ')');
}

static void print_list(struct strbuf *out, const struct value *v)
{
	value_list_begin(out, v);
	for (size_t i = 0; i < v->list.len; i++) {
		strbuf_puts(out, i > 0 ? ", " : "");
		value_repr(out, v->list.at[i]);
	}
	value_list_end(out, v);
}

static void print_dict(struct strbuf *out, const struct value *v)
{
	strbuf_putc(out, '{');
	for (size_t i = 0; i < v->dict.len; i++) {
		strbuf_puts(out, i > 0 ? ", " : "");
		value_repr(out, v->dict.at[i].key);
		strbuf_puts(out, ": ");
		value_repr(out, v->dict.at[i].value);
	}
	strbuf_putc(out, '}');
}

void value_repr(struct strbuf *out, const struct value *v)
{
	switch ((enum value_type)v->type) {
	case VALUE_NULL:
		strbuf_puts(out, "None");
		return;
	case VALUE_BOOL:
		strbuf_puts(out, v->boolean ? "True" : "False");
		return;
	case VALUE_INT:
		strbuf_printf(out, "%" PRId64, v->integer);
		return;
	case VALUE_FLOAT:
		print_float(out, v->real);
		return;
	case VALUE_STRING:
		if (v->flags & VALUE_BYTES)
			print_bytes(out, v->str);
		else
			print_quoted(out, v->str);
		return;
	case VALUE_LIST:
		print_list(out, v);
		return;
	case VALUE_DICT:
		print_dict(out, v);
		return;
	case VALUE_OBJECT:
		strbuf_puts(out, "<object>");
		return;
	case VALUE_UNKNOWN:
		strbuf_printf(out, "<%s>", v->unknown.what);
		return;
	}
}

void value_print(struct strbuf *out, const struct value *v)
{
	if (v->type == VALUE_STRING && !(v->flags & VALUE_BYTES))
		strbuf_slice_append(out, v->str);
	else
		value_repr(out, v);
}
