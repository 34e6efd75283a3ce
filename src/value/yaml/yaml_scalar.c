#include "yaml_scalar.h"

#include <math.h>
#include <stdlib.h>

/* A cursor over the text: each take_ moves past what it matched. */
static size_t take(struct slice *s, const char *set)
{
	size_t n = 0;
	while (n < s->len && s->ptr[n] != '\0' && strchr(set, s->ptr[n]))
		n++;
	s->ptr += n;
	s->len -= n;
	return n;
}

static bool take_one(struct slice *s, const char *set)
{
	if (s->len == 0 || s->ptr[0] == '\0' || !strchr(set, s->ptr[0]))
		return false;
	s->ptr++;
	s->len--;
	return true;
}

static bool one_of(struct slice text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (slice_is(text, words[i]))
			return true;
	}
	return false;
}

#define DIGITS "0123456789"
#define DIGITS_ "0123456789_"

/* (?::[0-5]?[0-9])+ */
static bool take_sexagesimal(struct slice *s)
{
	size_t groups = 0;
	for (; s->len > 0 && s->ptr[0] == ':'; groups++) {
		take_one(s, ":");
		struct slice digits = *s;
		size_t n = take(s, DIGITS);
		if (n == 0 || n > 2 || (n == 2 && digits.ptr[0] > '5'))
			return false;
	}
	return groups > 0;
}

static bool is_int(struct slice s)
{
	take_one(&s, "+-");
	if (slice_is(s, "0"))
		return true;
	if (take_one(&s, "0")) {
		if (take_one(&s, "b"))
			return take(&s, "01_") > 0 && s.len == 0;
		if (take_one(&s, "x"))
			return take(&s, "0123456789abcdefABCDEF_") > 0 && s.len == 0;
		return take(&s, "01234567_") > 0 && s.len == 0;
	}
	if (!take_one(&s, "123456789"))
		return false;
	take(&s, DIGITS_);
	return s.len == 0 || (take_sexagesimal(&s) && s.len == 0);
}

/* (?:[eE][-+][0-9]+)?$ */
static bool is_exponent_or_end(struct slice s)
{
	if (s.len == 0)
		return true;
	return take_one(&s, "eE") && take_one(&s, "+-") && take(&s, DIGITS) > 0 && s.len == 0;
}

static bool is_float(struct slice s)
{
	static const char *const nan_words[] = {".nan", ".NaN", ".NAN"};
	static const char *const inf_words[] = {".inf", ".Inf", ".INF"};
	if (one_of(s, nan_words, ARRAY_LEN(nan_words)))
		return true;
	bool signed_text = take_one(&s, "+-");
	if (one_of(s, inf_words, ARRAY_LEN(inf_words)))
		return true;
	if (!signed_text && take_one(&s, ".")) {
		if (!take_one(&s, DIGITS))
			return false;
		take(&s, DIGITS_);
		return is_exponent_or_end(s);
	}
	if (!take_one(&s, DIGITS))
		return false;
	take(&s, DIGITS_);
	if (s.len > 0 && s.ptr[0] == ':')
		return take_sexagesimal(&s) && take_one(&s, ".") && (take(&s, DIGITS_), s.len == 0);
	if (!take_one(&s, "."))
		return false;
	take(&s, DIGITS_);
	return is_exponent_or_end(s);
}

/* Date alone, or date and time with an optional fraction and zone. */
static bool is_timestamp(struct slice s)
{
	struct slice start = s;
	size_t year = take(&s, DIGITS);
	bool dash = take_one(&s, "-");
	size_t month = take(&s, DIGITS);
	bool dash2 = take_one(&s, "-");
	size_t day = take(&s, DIGITS);
	if (year != 4 || !dash || !dash2 || month - 1 > 1 || day - 1 > 1)
		return false;
	if (s.len == 0)
		return start.len == 10;
	if (!take_one(&s, "Tt") && take(&s, " \t") == 0)
		return false;
	if (take(&s, DIGITS) - 1 > 1 || !take_one(&s, ":") || take(&s, DIGITS) != 2 ||
	    !take_one(&s, ":") || take(&s, DIGITS) != 2)
		return false;
	if (take_one(&s, "."))
		take(&s, DIGITS);
	take(&s, " \t");
	if (s.len == 0 || (take_one(&s, "Z") && s.len == 0))
		return true;
	if (!take_one(&s, "+-") || take(&s, DIGITS) - 1 > 1)
		return false;
	return s.len == 0 || (take_one(&s, ":") && take(&s, DIGITS) == 2 && s.len == 0);
}

enum scalar_kind scalar_resolve(struct slice text)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
	static const char *const bools[] = {"yes",  "Yes",  "YES",  "no",    "No",    "NO",
					    "true", "True", "TRUE", "false", "False", "FALSE",
					    "on",   "On",   "ON",   "off",   "Off",   "OFF"};
	if (one_of(text, nulls, ARRAY_LEN(nulls)))
		return SCALAR_NULL;
	if (one_of(text, bools, ARRAY_LEN(bools)))
		return SCALAR_BOOL;
	if (slice_is(text, "<<") || slice_is(text, "="))
		return SCALAR_SPECIAL;
	if (!strchr("+-.0123456789", text.ptr[0]))
		return SCALAR_STRING;
	if (is_float(text))
		return SCALAR_FLOAT;
	if (is_int(text))
		return SCALAR_INT;
	return is_timestamp(text) ? SCALAR_TIMESTAMP : SCALAR_STRING;
}

/* value = value * base + add, within 64 bits as a magnitude. */
static bool push_digit(uint64_t *value, uint64_t base, uint64_t add)
{
	return !__builtin_mul_overflow(*value, base, value) &&
	       !__builtin_add_overflow(*value, add, value);
}

static unsigned digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	return (unsigned)((c | 0x20) - 'a') + 10;
}

/* 190:20:30 is (190 * 60 + 20) * 60 + 30. */
static bool parse_magnitude(struct slice s, uint64_t *ret)
{
	uint64_t base = 10, value = 0, part = 0;
	if (s.len > 1 && s.ptr[0] == '0') {
		base = s.ptr[1] == 'b' ? 2 : s.ptr[1] == 'x' ? 16 : 8;
		size_t prefix = base == 8 ? 1 : 2;
		s = (struct slice){s.ptr + prefix, s.len - prefix};
	}
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == ':') {
			if (!push_digit(&value, 60, part))
				return false;
			part = 0;
		} else if (s.ptr[i] != '_' && !push_digit(&part, base, digit_of(s.ptr[i]))) {
			return false;
		}
	}
	*ret = value;
	return push_digit(ret, 60, part);
}

static int parse_int(struct slice text, int64_t *ret, struct err *err)
{
	bool negative = text.ptr[0] == '-';
	struct slice s = text;
	take_one(&s, "+-");
	uint64_t magnitude = 0;
	if (!parse_magnitude(s, &magnitude) || magnitude > (uint64_t)INT64_MAX + negative)
		return err_set(
			err, ERR_LIMIT,
			"the integer %.*s does not fit in 64 bits; quote it to keep it as text",
			SLICE_ARG(text));
	*ret = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	return 0;
}

static double parse_float(struct slice text)
{
	CLEANUP(strbuf_release) struct strbuf part = {0};
	struct slice s = text;
	bool negative = s.ptr[0] == '-';
	double value = 0;
	take_one(&s, "+-");
	if (s.len == 4 && (s.ptr[1] | 0x20) == 'n')
		return NAN;
	if (s.len == 4 && (s.ptr[1] | 0x20) == 'i')
		return negative ? -INFINITY : INFINITY;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == ':') {
			value = (value + strtod(part.ptr ? part.ptr : "", NULL)) * 60;
			strbuf_truncate(&part, 0);
		} else if (s.ptr[i] != '_') {
			strbuf_putc(&part, s.ptr[i]);
		}
	}
	value += strtod(part.ptr ? part.ptr : "", NULL);
	return negative ? -value : value;
}

int scalar_value(struct arena *a, enum scalar_kind kind, struct slice text, struct value **ret,
		 struct err *err)
{
	int64_t n = 0;
	switch (kind) {
	case SCALAR_NULL:
		*ret = value_copy(a, value_null(), 0);
		return 0;
	case SCALAR_BOOL: {
		/* yes, true and on; no, false and off. */
		bool yes = strchr("yYtT", text.ptr[0]) || (text.ptr[1] | 0x20) == 'n';
		*ret = value_copy(a, value_bool(yes), 0);
		return 0;
	}
	case SCALAR_INT:
		if (parse_int(text, &n, err) < 0)
			return ERR_LIMIT;
		*ret = value_int(a, n);
		return 0;
	case SCALAR_FLOAT:
		*ret = value_float(a, parse_float(text));
		return 0;
	default:
		*ret = value_str(a, text);
		return 0;
	}
}
