#include "rollout/base/str.h"

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool slice_is(struct slice a, const char *lit)
{
	return slice_eq(a, slice_from(lit));
}

bool slice_starts_with(struct slice a, const char *prefix)
{
	size_t n = strlen(prefix);
	return a.len >= n && (n == 0 || memcmp(a.ptr, prefix, n) == 0);
}

bool slice_ends_with(struct slice a, const char *suffix)
{
	size_t n = strlen(suffix);
	return a.len >= n && (n == 0 || memcmp(a.ptr + a.len - n, suffix, n) == 0);
}

int slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n ? memcmp(a.ptr, b.ptr, n) : 0;
	return c ? c : (a.len > b.len) - (a.len < b.len);
}

bool slice_word(struct slice *rest, struct slice *ret_word)
{
	size_t start = 0, end;
	*ret_word = *rest;
	if (rest->len == 0)
		return false;
	while (start < rest->len && is_space(rest->ptr[start]))
		start++;
	for (end = start; end < rest->len && !is_space(rest->ptr[end]);)
		end++;
	*ret_word = (struct slice){rest->ptr + start, end - start};
	*rest = (struct slice){rest->ptr + end, rest->len - end};
	return end > start;
}

struct slice slice_trim(struct slice a)
{
	while (a.len > 0 && is_space(a.ptr[0])) {
		a.ptr++;
		a.len--;
	}
	while (a.len > 0 && is_space(a.ptr[a.len - 1]))
		a.len--;
	return a;
}

/* The rest after the last part has ptr NULL, so "a," has two parts and the
 * text "" has one. */
bool slice_split(struct slice *rest, char sep, struct slice *ret_part)
{
	if (!rest->ptr)
		return false;
	const char *end = rest->len ? memchr(rest->ptr, sep, rest->len) : NULL;
	if (!end) {
		*ret_part = *rest;
		*rest = (struct slice){NULL, 0};
		return true;
	}
	size_t n = (size_t)(end - rest->ptr);
	*ret_part = (struct slice){rest->ptr, n};
	*rest = (struct slice){end + 1, rest->len - n - 1};
	return true;
}
