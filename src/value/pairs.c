#include "pairs.h"

#include <stdlib.h>

static double as_number(const struct value *v)
{
	if (v->type == VALUE_FLOAT)
		return v->real;
	return v->type == VALUE_BOOL ? v->boolean : (double)v->integer;
}

/* Python refuses to compare a string with a number; here numbers are first. */
static int compare_pairs(const void *x, const void *y)
{
	const struct value *a = (*(const struct value_pair *const *)x)->key;
	const struct value *b = (*(const struct value_pair *const *)y)->key;
	bool a_is_str = a->type == VALUE_STRING, b_is_str = b->type == VALUE_STRING;
	if (a_is_str && b_is_str)
		return slice_cmp(a->str, b->str);
	if (a_is_str || b_is_str)
		return a_is_str - b_is_str;
	if (a->type == VALUE_NULL || b->type == VALUE_NULL)
		return (a->type != VALUE_NULL) - (b->type != VALUE_NULL);
	return (as_number(a) > as_number(b)) - (as_number(a) < as_number(b));
}

const struct value_pair **dict_pairs(const struct value *dict, bool sorted)
{
	size_t n = dict->dict.len;
	const struct value_pair **pairs = xcalloc(n, sizeof(*pairs));
	for (size_t i = 0; i < n; i++)
		pairs[i] = &dict->dict.at[i];
	if (sorted && n > 1)
		qsort(pairs, n, sizeof(*pairs), compare_pairs);
	return pairs;
}
