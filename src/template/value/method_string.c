/* Methods of strings. Source: Python's "Text Sequence Type". */
#include "../eval/eval.h"
#include "../text/textfn.h"

#include <ctype.h>

static int give(struct call *c, const struct strbuf *b, const struct value **ret)
{
	*ret = str_buf(c->ev, b);
	return 0;
}

static int m_upper(struct call *c, const struct value **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	(void)err;
	chars_upper(&b, c->in->str);
	return give(c, &b, ret);
}
static int m_lower(struct call *c, const struct value **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	(void)err;
	chars_lower(&b, c->in->str);
	return give(c, &b, ret);
}
static int m_casefold(struct call *c, const struct value **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0}, folded = {0};
	chars_lower(&b, c->in->str);
	int r = text_replace(&folded, strbuf_slice(&b), SLICE_LIT("\u00df"), SLICE_LIT("ss"), -1,
			     err);
	return r < 0 ? r : give(c, &folded, ret);
}
static int m_capitalize(struct call *c, const struct value **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	(void)err;
	text_capitalize(&b, c->in->str);
	return give(c, &b, ret);
}
static int m_title(struct call *c, const struct value **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	bool inside = false;
	(void)err;
	for (size_t i = 0; i < c->in->str.len; i = chars_next(c->in->str, i)) {
		uint32_t ch = chars_decode(c->in->str, i);
		chars_put(&b, inside ? chars_to_lower(ch) : chars_to_upper(ch));
		inside = chars_is_upper(ch) || chars_is_lower(ch);
	}
	return give(c, &b, ret);
}
static int m_swapcase(struct call *c, const struct value **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	(void)err;
	for (size_t i = 0; i < c->in->str.len; i = chars_next(c->in->str, i)) {
		uint32_t ch = chars_decode(c->in->str, i);
		if (ch == 0xdf)
			strbuf_puts(&b, "SS");
		else
			chars_put(&b, chars_is_upper(ch) ? chars_to_lower(ch) : chars_to_upper(ch));
	}
	return give(c, &b, ret);
}

static int strip(struct call *c, bool left, bool right, const struct value **ret, struct err *err)
{
	struct slice set = {0};
	bool white = !c->arg[0] || c->arg[0]->type == VALUE_NULL;
	int r = white ? 0 : call_text(c, 0, "", &set, err);
	if (r == 0)
		*ret = str_new(c->ev, text_strip(c->in->str, white ? NULL : &set, left, right));
	return r;
}
static int m_strip(struct call *c, const struct value **ret, struct err *err)
{
	return strip(c, true, true, ret, err);
}
static int m_lstrip(struct call *c, const struct value **ret, struct err *err)
{
	return strip(c, true, false, ret, err);
}
static int m_rstrip(struct call *c, const struct value **ret, struct err *err)
{
	return strip(c, false, true, ret, err);
}

static int m_split(struct call *c, const struct value **ret, struct err *err)
{
	return text_split(c, c->in->str, false, ret, err);
}
static int m_rsplit(struct call *c, const struct value **ret, struct err *err)
{
	return text_split(c, c->in->str, true, ret, err);
}

static int m_splitlines(struct call *c, const struct value **ret, struct err *err)
{
	bool keep;
	int r = call_bool(c, 0, false, &keep, err);
	if (r == 0)
		*ret = text_splitlines(c->ev, c->in->str, keep);
	return r;
}

static int m_join(struct call *c, const struct value **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	const struct value_list *list;
	int r = eval_iterate(c->ev, c->arg[0], &list, err);
	for (size_t i = 0; r == 0 && i < list->len; i++) {
		if (!is_str(list->at[i]))
			return type_error(err, "only strings can be joined", list->at[i]);
		if (i)
			strbuf_slice_append(&b, c->in->str);
		r = print_str(c->ev, &b, list->at[i], err);
	}
	return r < 0 ? r : give(c, &b, ret);
}

static int m_replace(struct call *c, const struct value **ret, struct err *err)
{
	struct slice from, to;
	int64_t count;
	int r;
	CLEANUP(strbuf_release) struct strbuf b = {0};
	if ((r = call_text(c, 0, "", &from, err)) < 0 || (r = call_text(c, 1, "", &to, err)) < 0 ||
	    (r = call_int(c, 2, -1, &count, err)) < 0 ||
	    (r = text_replace(&b, c->in->str, from, to, count, err)) < 0)
		return r;
	return give(c, &b, ret);
}

/* The string between the arguments start and end, as of s[start:end]. */
static int part_of(struct call *c, struct slice *ret, struct err *err)
{
	struct slice s = c->in->str;
	int64_t start, end, len = (int64_t)chars_length(s);
	int r;
	if ((r = call_int(c, 1, 0, &start, err)) < 0 || (r = call_int(c, 2, len, &end, err)) < 0)
		return r;
	start = start < 0 ? (start + len < 0 ? 0 : start + len) : start > len ? len : start;
	end = end < 0 ? (end + len < 0 ? 0 : end + len) : end > len ? len : end;
	size_t from = chars_offset(s, (size_t)start), to = chars_offset(s, (size_t)end);
	*ret = (struct slice){s.ptr + from, to > from ? to - from : 0};
	return 0;
}

/* Any of a string or a tuple of them. */
static int any_affix(struct call *c, bool (*has)(struct slice, struct slice),
		     const struct value **ret, struct err *err)
{
	bool is = false;
	struct slice s;
	int r = part_of(c, &s, err);
	if (r < 0)
		return r;
	if (is_str(c->arg[0])) {
		is = has(s, c->arg[0]->str);
	} else if (is_list(c->arg[0])) {
		for (size_t i = 0; i < c->arg[0]->list.len && !is; i++) {
			if (!is_str(c->arg[0]->list.at[i]))
				return type_error(err, "a string is needed", c->arg[0]->list.at[i]);
			is = has(s, c->arg[0]->list.at[i]->str);
		}
	} else {
		return type_error(err, "a string or a tuple of strings is needed", c->arg[0]);
	}
	*ret = value_bool(is);
	return 0;
}
static bool has_prefix(struct slice s, struct slice p)
{
	return s.len >= p.len && !memcmp(s.ptr, p.ptr, p.len);
}
static bool has_suffix(struct slice s, struct slice p)
{
	return s.len >= p.len && !memcmp(s.ptr + s.len - p.len, p.ptr, p.len);
}
static int m_startswith(struct call *c, const struct value **ret, struct err *err)
{
	return any_affix(c, has_prefix, ret, err);
}
static int m_endswith(struct call *c, const struct value **ret, struct err *err)
{
	return any_affix(c, has_suffix, ret, err);
}
static int m_removeprefix(struct call *c, const struct value **ret, struct err *err)
{
	struct slice p, s = c->in->str;
	int r = call_text(c, 0, "", &p, err);
	if (r == 0 && has_prefix(s, p))
		s = (struct slice){s.ptr + p.len, s.len - p.len};
	if (r == 0)
		*ret = str_new(c->ev, s);
	return r;
}
static int m_removesuffix(struct call *c, const struct value **ret, struct err *err)
{
	struct slice p, s = c->in->str;
	int r = call_text(c, 0, "", &p, err);
	if (r == 0 && has_suffix(s, p))
		s.len -= p.len;
	if (r == 0)
		*ret = str_new(c->ev, s);
	return r;
}

/* Character index of the first or last occurrence, -1 for none. */
static int find(struct call *c, bool last, int64_t *ret, struct err *err)
{
	struct slice needle, s = c->in->str;
	int64_t start, end, found = -1, len = (int64_t)chars_length(s);
	int r;
	if ((r = call_text(c, 0, "", &needle, err)) < 0 ||
	    (r = call_int(c, 1, 0, &start, err)) < 0 || (r = call_int(c, 2, len, &end, err)) < 0)
		return r;
	start = start < 0 ? (start + len < 0 ? 0 : start + len) : start;
	end = end < 0 ? end + len : end > len ? len : end;
	int64_t at = 0;
	for (size_t i = 0; i <= s.len && at <= end;
	     i = i < s.len ? chars_next(s, i) : i + 1, at++) {
		if (at < start || !has_prefix((struct slice){s.ptr + i, s.len - i}, needle) ||
		    at + (int64_t)chars_length(needle) > end)
			continue;
		found = at;
		if (!last)
			break;
	}
	*ret = found;
	return eval_step(c->ev, s.len / 16, err);
}
static int m_find(struct call *c, const struct value **ret, struct err *err)
{
	int64_t at = 0;
	int r = find(c, false, &at, err);
	*ret = int_new(c->ev, at);
	return r;
}
static int m_rfind(struct call *c, const struct value **ret, struct err *err)
{
	int64_t at = 0;
	int r = find(c, true, &at, err);
	*ret = int_new(c->ev, at);
	return r;
}
static int m_index(struct call *c, const struct value **ret, struct err *err)
{
	int64_t at = 0;
	int r = find(c, false, &at, err);
	if (r == 0 && at < 0)
		return err_set(err, ERR_INVALID, "the text was not found");
	*ret = int_new(c->ev, at);
	return r;
}

static int m_rindex(struct call *c, const struct value **ret, struct err *err)
{
	int64_t at = 0;
	int r = find(c, true, &at, err);
	if (r == 0 && at < 0)
		return err_set(err, ERR_INVALID, "the text was not found");
	*ret = int_new(c->ev, at);
	return r;
}

static int m_count(struct call *c, const struct value **ret, struct err *err)
{
	struct slice needle, s;
	int64_t n = 0;
	int r = call_text(c, 0, "", &needle, err);
	if (r < 0 || (r = part_of(c, &s, err)) < 0)
		return r;
	if (needle.len == 0)
		n = (int64_t)chars_length(s) + 1;
	for (size_t i = 0; needle.len > 0 && i + needle.len <= s.len;) {
		bool hit = !memcmp(s.ptr + i, needle.ptr, needle.len);
		n += hit;
		i += hit ? needle.len : 1;
	}
	*ret = int_new(c->ev, n);
	return 0;
}

static int partition(struct call *c, bool last, const struct value **ret, struct err *err)
{
	struct slice sep, s = c->in->str;
	const char *hit = NULL;
	int r = call_text(c, 0, "", &sep, err);
	if (r < 0)
		return r;
	if (sep.len == 0)
		return err_set(err, ERR_INVALID, "the separator is empty");
	for (size_t i = 0; i + sep.len <= s.len && (last || !hit); i++)
		if (!memcmp(s.ptr + i, sep.ptr, sep.len))
			hit = s.ptr + i;
	size_t before = hit ? (size_t)(hit - s.ptr) : s.len, after = hit ? before + sep.len : s.len;
	struct value *t = tuple_new(c->ev);
	const struct value *whole = str_new(c->ev, s), *empty = str_lit(c->ev, "");
	list_push(c->ev, t,
		  hit	 ? str_new(c->ev, (struct slice){s.ptr, before})
		  : last ? empty
			 : whole);
	list_push(c->ev, t, hit ? str_new(c->ev, sep) : empty);
	list_push(c->ev, t,
		  hit	 ? str_new(c->ev, (struct slice){s.ptr + after, s.len - after})
		  : last ? whole
			 : empty);
	*ret = t;
	return 0;
}
static int m_partition(struct call *c, const struct value **ret, struct err *err)
{
	return partition(c, false, ret, err);
}
static int m_rpartition(struct call *c, const struct value **ret, struct err *err)
{
	return partition(c, true, ret, err);
}

static int m_format(struct call *c, const struct value **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	int r = format_braces(c->ev, c->in->str, c->args, &b, err);
	return r < 0 ? r : give(c, &b, ret);
}

/* Padding on the left, the right, or both sides as center() does. */
static int pad(struct call *c, char side, const struct value **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct slice fill;
	int64_t width, len = (int64_t)chars_length(c->in->str);
	int r;
	if ((r = call_int(c, 0, 0, &width, err)) < 0 || (r = call_text(c, 1, " ", &fill, err)) < 0)
		return r;
	if (chars_length(fill) != 1)
		return err_set(err, ERR_INVALID, "the fill character must be one character");
	if (width > TEXT_MAX_BYTES / 4)
		return limit_text(SIZE_MAX, err);
	int64_t total = width > len ? width - len : 0;
	int64_t left = side == 'r' ? total : side == 'c' ? total / 2 + (total & width & 1) : 0;
	for (int64_t i = 0; i < left; i++)
		strbuf_slice_append(&b, fill);
	strbuf_slice_append(&b, c->in->str);
	for (int64_t i = left; i < total; i++)
		strbuf_slice_append(&b, fill);
	return give(c, &b, ret);
}
static int m_ljust(struct call *c, const struct value **ret, struct err *err)
{
	return pad(c, 'l', ret, err);
}
static int m_rjust(struct call *c, const struct value **ret, struct err *err)
{
	return pad(c, 'r', ret, err);
}
static int m_center(struct call *c, const struct value **ret, struct err *err)
{
	return pad(c, 'c', ret, err);
}
static int m_zfill(struct call *c, const struct value **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct slice s = c->in->str;
	int64_t width, len = (int64_t)chars_length(s);
	int r = call_int(c, 0, 0, &width, err);
	if (r < 0)
		return r;
	if (width > TEXT_MAX_BYTES)
		return limit_text(SIZE_MAX, err);
	bool sign = s.len > 0 && (s.ptr[0] == '-' || s.ptr[0] == '+');
	if (sign)
		strbuf_putc(&b, s.ptr[0]);
	for (int64_t i = len; i < width; i++)
		strbuf_putc(&b, '0');
	strbuf_append(&b, s.ptr + sign, s.len - sign);
	return give(c, &b, ret);
}

static int m_encode(struct call *c, const struct value **ret, struct err *err)
{
	(void)err;
	struct value *v = arena_copy(c->ev->arena, c->in, sizeof(*v));
	v->flags |= VALUE_BYTES; /* it is text all the same, and prints otherwise */
	*ret = v;
	return 0;
}
static int m_decode(struct call *c, const struct value **ret, struct err *err)
{
	(void)err;
	struct value *v = arena_copy(c->ev->arena, c->in, sizeof(*v));
	v->flags &= (uint16_t)~VALUE_BYTES;
	*ret = v;
	return 0;
}

static int m_expandtabs(struct call *c, const struct value **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct slice s = c->in->str;
	int64_t size, column = 0;
	int r = call_int(c, 0, 8, &size, err);
	if (r < 0 || (r = limit_items(size < 0 ? 0 : (uint64_t)size, err)) < 0)
		return r;
	for (size_t i = 0, next; i < s.len; i = next) {
		next = chars_next(s, i);
		int64_t fill = s.ptr[i] == '\t' && size > 0 ? size - column % size : 0;
		if (s.ptr[i] != '\t')
			strbuf_append(&b, s.ptr + i, next - i);
		for (int64_t k = 0; k < fill; k++)
			strbuf_putc(&b, ' ');
		column = s.ptr[i] == '\n' || s.ptr[i] == '\r' ? 0
			 : s.ptr[i] == '\t'		      ? column + fill
							      : column + 1;
		if ((r = limit_text(b.len, err)) < 0)
			return r;
	}
	return give(c, &b, ret);
}

const struct function string_methods[] = {
	{"upper", "", 0, 0, m_upper},
	{"lower", "", 0, 0, m_lower},
	{"casefold", "", 0, 0, m_casefold},
	{"capitalize", "", 0, 0, m_capitalize},
	{"title", "", 0, 0, m_title},
	{"swapcase", "", 0, 0, m_swapcase},
	{"strip", "chars", 0, 0, m_strip},
	{"lstrip", "chars", 0, 0, m_lstrip},
	{"rstrip", "chars", 0, 0, m_rstrip},
	{"split", "sep,maxsplit", 0, 0, m_split},
	{"rsplit", "sep,maxsplit", 0, 0, m_rsplit},
	{"splitlines", "keepends", 0, 0, m_splitlines},
	{"join", "iterable", 1, 0, m_join},
	{"replace", "old,new,count", 2, 0, m_replace},
	{"startswith", "prefix,start,end", 1, 0, m_startswith},
	{"endswith", "suffix,start,end", 1, 0, m_endswith},
	{"removeprefix", "prefix", 1, 0, m_removeprefix},
	{"removesuffix", "suffix", 1, 0, m_removesuffix},
	{"find", "sub,start,end", 1, 0, m_find},
	{"rfind", "sub,start,end", 1, 0, m_rfind},
	{"index", "sub,start,end", 1, 0, m_index},
	{"rindex", "sub,start,end", 1, 0, m_rindex},
	{"count", "sub,start,end", 1, 0, m_count},
	{"partition", "sep", 1, 0, m_partition},
	{"rpartition", "sep", 1, 0, m_rpartition},
	{"format", "", 0, FN_VARARGS | FN_KWARGS, m_format},
	{"ljust", "width,fillchar", 1, 0, m_ljust},
	{"rjust", "width,fillchar", 1, 0, m_rjust},
	{"center", "width,fillchar", 1, 0, m_center},
	{"zfill", "width", 1, 0, m_zfill},
	{"expandtabs", "tabsize", 0, 0, m_expandtabs},
	{"encode", "encoding", 0, 0, m_encode},
	{"decode", "encoding", 0, 0, m_decode},
	{0},
};
