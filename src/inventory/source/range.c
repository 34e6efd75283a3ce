/* Ranges in host names: web[1:3], [a:c], [01:10], [1:9:2]. */
#include "rollout/inventory/inventory.h"

#include <ctype.h>

#define RANGE_MAX 10000
#define NAME_MAX_BYTES 1024

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

struct range {
	long first, last, step;
	int width;	 /* zero-padded to this; 0: not */
	bool is_letters; /* then first and last are places in `letters` */
};

static bool parse_letter(struct slice s, long *ret)
{
	const char *p = s.len == 1 && s.ptr[0] ? strchr(letters, s.ptr[0]) : NULL;
	if (!p)
		return false;
	*ret = p - letters;
	return true;
}

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
	struct slice first = {0}, last = {0}, step = {0};
	struct range r = {.step = 1};
	if (!slice_split(&body, ':', &first) || !slice_split(&body, ':', &last))
		return false;
	if (slice_split(&body, ':', &step) && (!parse_number(step, &r.step) || r.step <= 0))
		return false;
	if (body.ptr && body.len > 0)
		return false;
	if (parse_letter(first, &r.first)) {
		r.is_letters = true;
		if (!parse_letter(last, &r.last))
			return false;
	} else {
		if (first.len == 0)
			r.first = 0;
		else if (!parse_number(first, &r.first))
			return false;
		if (!parse_number(last, &r.last))
			return false;
		if (first.len > 1 && first.ptr[0] == '0') {
			if (first.len != last.len)
				return false; /* Ansible: begin and end of the same length */
			r.width = (int)first.len;
		}
	}
	*ret = r;
	return r.first <= r.last;
}

struct expansion {
	struct arena *arena;
	struct slice whole;
	struct srcloc at;
	struct strbuf name; /* what comes before the rest */
	VEC(const char *) names;
};

static void expansion_release(struct expansion *x)
{
	strbuf_release(&x->name);
	vec_release(&x->names);
}

static int finish(struct expansion *x, struct slice rest, struct err *err)
{
	if (x->names.len == RANGE_MAX)
		return err_at(err, ERR_LIMIT, x->at, "a host range gives more than %d names",
			      RANGE_MAX);
	strbuf_slice_append(&x->name, rest);
	vec_push(&x->names, arena_strndup(x->arena, x->name.ptr, x->name.len));
	return 0;
}

/* Expands the first bracket of `text`, and for each the rest. */
static int expand(struct expansion *x, struct slice text, struct err *err)
{
	const char *open = memchr(text.ptr, '[', text.len);
	const char *close = open ? memchr(open, ']', text.len - (size_t)(open - text.ptr)) : NULL;
	struct range range;
	int r = 0;
	if (!open)
		return finish(x, text, err);
	if (!close || !parse_range((struct slice){open + 1, (size_t)(close - open - 1)}, &range))
		return err_at(
			err, ERR_INVALID, x->at,
			"'%.*s' is not a host range; write e.g. web[1:3], web[01:10] or web[a:c]",
			SLICE_ARG(x->whole));
	strbuf_append(&x->name, text.ptr, (size_t)(open - text.ptr));
	struct slice tail = {close + 1, (size_t)(text.ptr + text.len - close - 1)};
	size_t before = x->name.len;
	for (long n = range.first; n <= range.last && r == 0; n += range.step) {
		strbuf_truncate(&x->name, before);
		if (range.is_letters)
			strbuf_putc(&x->name, letters[n]);
		else
			strbuf_printf(&x->name, "%0*ld", range.width, n);
		r = expand(x, tail, err);
	}
	return r;
}

int inventory_expand_range(struct arena *a, struct slice text, struct srcloc at, const char ***ret,
			   size_t *ret_len, struct err *err)
{
	CLEANUP(expansion_release) struct expansion x = {.arena = a, .whole = text, .at = at};
	if (text.len > NAME_MAX_BYTES)
		return err_at(err, ERR_LIMIT, at, "a host's name is longer than %d bytes",
			      NAME_MAX_BYTES);
	int r = expand(&x, text, err);
	if (r < 0)
		return r;
	*ret = arena_copy(a, x.names.at, x.names.len * sizeof(*x.names.at));
	*ret_len = x.names.len;
	return 0;
}
