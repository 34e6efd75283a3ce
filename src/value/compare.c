#include "rollout/value/value.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

static bool is_number(const struct value *v)
{
	return v->type == VALUE_BOOL || v->type == VALUE_INT || v->type == VALUE_FLOAT;
}

static int64_t as_int(const struct value *v)
{
	return v->type == VALUE_BOOL ? v->boolean : v->integer;
}

/* Exact, as Python compares: 2**53 + 1 is not the float 2**53. */
static bool int_equals_float(int64_t i, double d)
{
	return d >= -9223372036854775808.0 && d < 9223372036854775808.0 && d == floor(d) &&
	       (int64_t)d == i;
}

static bool numbers_equal(const struct value *a, const struct value *b)
{
	if (a->type == VALUE_FLOAT && b->type == VALUE_FLOAT)
		return a->real == b->real;
	if (a->type == VALUE_FLOAT)
		return int_equals_float(as_int(b), a->real);
	if (b->type == VALUE_FLOAT)
		return int_equals_float(as_int(a), b->real);
	return as_int(a) == as_int(b);
}

static bool lists_equal(const struct value *a, const struct value *b)
{
	if (a->list.len != b->list.len || (a->flags & VALUE_TUPLE) != (b->flags & VALUE_TUPLE))
		return false;
	for (size_t i = 0; i < a->list.len; i++) {
		if (!value_equal(a->list.at[i], b->list.at[i]))
			return false;
	}
	return true;
}

static bool dicts_equal(const struct value *a, const struct value *b)
{
	if (a->dict.len != b->dict.len)
		return false;
	for (size_t i = 0; i < a->dict.len; i++) {
		const struct value *other = value_find(b, a->dict.at[i].key);
		if (!other || !value_equal(a->dict.at[i].value, other))
			return false;
	}
	return true;
}

bool value_equal(const struct value *a, const struct value *b)
{
	if (a == b)
		return !(a->type == VALUE_FLOAT && isnan(a->real));
	if (is_number(a) && is_number(b))
		return numbers_equal(a, b);
	if (a->type != b->type)
		return false;
	switch ((enum value_type)a->type) {
	case VALUE_NULL:
		return true;
	case VALUE_STRING:
		return slice_eq(a->str, b->str);
	case VALUE_LIST:
		return lists_equal(a, b);
	case VALUE_DICT:
		return dicts_equal(a, b);
	case VALUE_OBJECT:
		return a->object.ops == b->object.ops && a->object.self == b->object.self;
	default:
		return false;
	}
}

bool value_is_str(const struct value *v, const char *s)
{
	return v && v->type == VALUE_STRING && slice_is(v->str, s);
}

bool value_truthy(const struct value *v)
{
	switch ((enum value_type)v->type) {
	case VALUE_NULL:
		return false;
	case VALUE_BOOL:
		return v->boolean;
	case VALUE_INT:
		return v->integer != 0;
	case VALUE_FLOAT:
		return v->real != 0;
	case VALUE_STRING:
		return v->str.len > 0;
	case VALUE_LIST:
		return v->list.len > 0;
	case VALUE_DICT:
		return v->dict.len > 0;
	default:
		return true;
	}
}

static bool word_to_bool(struct slice word, bool *ret)
{
	static const char *const words[][2] = {
		{"no", "yes"}, {"off", "on"}, {"false", "true"}, {"0", "1"}, {"n", "y"}, {"f", "t"},
	};
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		for (int is_true = 0; is_true < 2; is_true++) {
			const char *w = words[i][is_true];
			if (word.len != strlen(w) || strncasecmp(word.ptr, w, word.len) != 0)
				continue;
			*ret = is_true;
			return true;
		}
	}
	return false;
}

bool value_is_number_text(const struct value *v, bool whole)
{
	char *end = NULL;
	if (v->type != VALUE_STRING || v->str.len == 0)
		return false;
	if (whole)
		(void)strtoll(v->str.ptr, &end, 10);
	else
		(void)strtod(v->str.ptr, &end);
	return end == v->str.ptr + v->str.len;
}

bool value_to_bool(const struct value *v, bool *ret)
{
	if (v->type == VALUE_STRING)
		return word_to_bool(slice_trim(v->str), ret);
	for (int b = 0; is_number(v) && b < 2; b++) {
		const struct value wanted = {.type = VALUE_INT, .integer = b};
		if (!numbers_equal(v, &wanted))
			continue;
		*ret = b;
		return true;
	}
	return false;
}
