/* Ranges in host names: web[1:3], [a:c], [01:10], [1:9:2]. */
#include "rollout/inventory/inventory.h"

#include <ctype.h>

#define RANGE_MAX 10000

struct range {
	long first, last, step;
	int width; /* zero-padded to this; 0: not */
	bool letters;
};

static bool parse_number(struct slice s, long *ret)
{
	long n = 0;
	if (s.len == 0 || s.len > 9)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!isdigit((unsigned char)s.ptr[i]))
			return false;
		n = n * 10 + (s.ptr[i] - '0');
	}
	*ret = n;
	return true;
}

static bool parse_range(struct slice body, struct range *ret)
{
	struct slice first, last, step = {0};
	struct range r = {.step = 1};
	if (!slice_split(&body, ':', &first) || !slice_split(&body, ':', &last))
		return false;
	if (slice_split(&body, ':', &step) && (!parse_number(step, &r.step) || r.step <= 0))
		return false;
	if (first.len == 1 && last.len == 1 && isalpha((unsigned char)first.ptr[0]) && isalpha((unsigned char)last.ptr[0])) {
		r.letters = true;
		r.first = first.ptr[0];
		r.last = last.ptr[0];
	} else {
		if (first.len == 0)
			r.first = 0;
		else if (!parse_number(first, &r.first))
			return false;
		if (!parse_number(last, &r.last))
			return false;
		if (first.len > 1 && first.ptr[0] == '0')
			r.width = (int)first.len;
	}
	*ret = r;
	return r.first <= r.last;
}

/* Expands the first bracket of `text`, then the rest of each result. */
static int expand(struct arena *a, struct slice text, struct srcloc at, const char **out, size_t cap, size_t *len, struct err *err)
{
	const char *open = memchr(text.ptr, '[', text.len);
	const char *close = open ? memchr(open, ']', text.len - (size_t)(open - text.ptr)) : NULL;
	struct range range;
	if (!open) {
		if (*len == cap)
			return err_at(err, ERR_LIMIT, at, "a host range gives more than %d names", RANGE_MAX);
		out[(*len)++] = arena_strndup(a, text.ptr, text.len);
		return 0;
	}
	if (!close || !parse_range((struct slice){open + 1, (size_t)(close - open - 1)}, &range))
		return err_at(err, ERR_INVALID, at, "'%.*s' is not a host range; write e.g. web[1:3], web[01:10] or web[a:c]",
			      SLICE_ARG(text));
	struct slice tail = {close + 1, (size_t)(text.ptr + text.len - close - 1)};
	for (long n = range.first; n <= range.last; n += range.step) {
		char *name = range.letters ? arena_printf(a, "%.*s%c%.*s", (int)(open - text.ptr), text.ptr, (int)n, SLICE_ARG(tail))
					   : arena_printf(a, "%.*s%0*ld%.*s", (int)(open - text.ptr), text.ptr, range.width, n,
							  SLICE_ARG(tail));
		int r = expand(a, slice_from(name), at, out, cap, len, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int inventory_expand_range(struct arena *a, struct slice text, struct srcloc at, const char ***ret, size_t *ret_len, struct err *err)
{
	bool has_range = memchr(text.ptr, '[', text.len) != NULL;
	size_t cap = has_range ? RANGE_MAX : 1, len = 0;
	const char **names = ARENA_ARRAY(a, const char *, cap);
	int r = expand(a, text, at, names, cap, &len, err);
	if (r < 0)
		return r;
	*ret = names;
	*ret_len = len;
	return 0;
}
