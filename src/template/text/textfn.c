#include "textfn.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void text_capitalize(struct strbuf *b, struct slice s)
{
	for (size_t i = 0; i < s.len; i = chars_next(s, i)) {
		uint32_t c = chars_decode(s, i);
		chars_put(b, i == 0 ? chars_to_upper(c) : chars_to_lower(c));
	}
}

static bool strips(uint32_t c, const struct slice *set)
{
	if (!set)
		return chars_is_space(c);
	for (size_t i = 0; i < set->len; i = chars_next(*set, i))
		if (chars_decode(*set, i) == c)
			return true;
	return false;
}

struct slice text_strip(struct slice s, const struct slice *set, bool left, bool right)
{
	while (left && s.len > 0 && strips(chars_decode(s, 0), set)) {
		size_t n = chars_next(s, 0);
		s.ptr += n;
		s.len -= n;
	}
	while (right && s.len > 0) {
		size_t last = s.len - 1;
		while (last > 0 && s.len - last < 4 && ((unsigned char)s.ptr[last] & 0xc0) == 0x80)
			last--;
		if (chars_next(s, last) != s.len)
			last = s.len - 1;
		if (!strips(chars_decode(s, last), set))
			break;
		s.len = last;
	}
	return s;
}

/* One separator from the given end; false: none left. On true *part is cut off *rest. */
static bool cut_separator(struct slice *rest, struct slice sep, bool from_right, struct slice *part)
{
	for (size_t k = 0; k + sep.len <= rest->len; k++) {
		size_t i = from_right ? rest->len - sep.len - k : k;
		if (memcmp(rest->ptr + i, sep.ptr, sep.len) != 0)
			continue;
		struct slice before = {rest->ptr, i},
			     after = {rest->ptr + i + sep.len, rest->len - i - sep.len};
		*part = from_right ? after : before;
		*rest = from_right ? before : after;
		return true;
	}
	return false;
}

static bool cut_space(struct slice *rest, bool from_right, struct slice *part)
{
	*rest = text_strip(*rest, NULL, !from_right, from_right);
	size_t at = from_right ? 0 : rest->len;
	for (size_t i = 0; i < rest->len; i = chars_next(*rest, i)) {
		if (!chars_is_space(chars_decode(*rest, i)))
			continue;
		if (!from_right) {
			at = i;
			break;
		}
		at = chars_next(*rest, i);
	}
	if (rest->len == 0)
		return false;
	*part = from_right ? (struct slice){rest->ptr + at, rest->len - at}
			   : (struct slice){rest->ptr, at};
	*rest = from_right ? (struct slice){rest->ptr, at}
			   : (struct slice){rest->ptr + at, rest->len - at};
	return true;
}

static void reverse(struct value_list *list)
{
	for (size_t i = 0; i < list->len / 2; i++) {
		const struct value *t = list->at[i];
		list->at[i] = list->at[list->len - 1 - i];
		list->at[list->len - 1 - i] = t;
	}
}

int text_split(struct call *c, struct slice s, bool from_right, const struct value **ret,
	       struct err *err)
{
	struct value *list = list_new(c->ev);
	struct slice sep = {0}, part, rest = s;
	int64_t max;
	bool white = !c->arg[0] || c->arg[0]->type == VALUE_NULL;
	int r = call_int(c, 1, -1, &max, err);
	if (r < 0 || (!white && (r = call_text(c, 0, "", &sep, err)) < 0) ||
	    (r = limit_items(s.len, err)) < 0)
		return r;
	if (!white && sep.len == 0)
		return err_set(err, ERR_INVALID, "the separator is empty");
	for (; max != 0; max--) {
		if (!(white ? cut_space(&rest, from_right, &part)
			    : cut_separator(&rest, sep, from_right, &part)))
			break;
		list_push(c->ev, list, str_new(c->ev, part));
	}
	if (white)
		rest = text_strip(rest, NULL, !from_right, from_right);
	if (!white || rest.len > 0)
		list_push(c->ev, list, str_new(c->ev, rest));
	if (from_right)
		reverse(&list->list);
	*ret = list;
	return 0;
}

static bool is_line_end(uint32_t c)
{
	return (c >= 0x0a && c <= 0x0d) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 ||
	       c == 0x2029;
}

struct value *text_splitlines(struct eval *ev, struct slice s, bool keep_ends)
{
	struct value *list = list_new(ev);
	size_t from = 0;
	for (size_t i = 0; i < s.len;) {
		size_t next = chars_next(s, i);
		if (!is_line_end(chars_decode(s, i))) {
			i = next;
			continue;
		}
		if (s.ptr[i] == '\r' && next < s.len && s.ptr[next] == '\n')
			next++;
		list_push(ev, list,
			  str_new(ev, (struct slice){s.ptr + from, (keep_ends ? next : i) - from}));
		from = i = next;
	}
	if (from < s.len)
		list_push(ev, list, str_new(ev, (struct slice){s.ptr + from, s.len - from}));
	return list;
}

/* An empty `from` matches between all characters. */
static int insert_between(struct strbuf *b, struct slice s, struct slice to, int64_t count,
			  struct err *err)
{
	size_t i = 0;
	while (count != 0 || i < s.len) {
		int r = limit_text(b->len + to.len, err);
		if (r < 0)
			return r;
		if (count != 0) {
			strbuf_slice_append(b, to);
			count--;
		}
		if (i >= s.len)
			break;
		size_t next = chars_next(s, i);
		strbuf_append(b, s.ptr + i, next - i);
		i = next;
	}
	return 0;
}

int text_replace(struct strbuf *b, struct slice s, struct slice from, struct slice to,
		 int64_t count, struct err *err)
{
	if (from.len == 0)
		return insert_between(b, s, to, count, err);
	size_t i = 0;
	while (i < s.len) {
		const char *hit =
			count == 0 ? NULL : memmem(s.ptr + i, s.len - i, from.ptr, from.len);
		size_t upto = hit ? (size_t)(hit - s.ptr) : s.len;
		int r = limit_text(b->len + (upto - i) + to.len, err);
		if (r < 0)
			return r;
		strbuf_append(b, s.ptr + i, upto - i);
		if (!hit)
			break;
		strbuf_slice_append(b, to);
		i = upto + from.len;
		count--;
	}
	return 0;
}

bool text_is_case(struct slice s, bool upper)
{
	bool any = false;
	for (size_t i = 0; i < s.len; i = chars_next(s, i)) {
		uint32_t c = chars_decode(s, i);
		if (upper ? chars_is_lower(c) : chars_is_upper(c))
			return false;
		any |= upper ? chars_is_upper(c) : chars_is_lower(c);
	}
	return any;
}

/* The digits without single underscores between them; false: not so. */
static bool drop_underscores(struct slice s, char *buf, size_t size)
{
	size_t n = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '_') {
			if (i == 0 || i + 1 == s.len || !isalnum((unsigned char)s.ptr[i - 1]) ||
			    !isalnum((unsigned char)s.ptr[i + 1]))
				return false;
			continue;
		}
		if (n + 1 >= size || s.ptr[i] == 0)
			return false;
		buf[n++] = s.ptr[i];
	}
	buf[n] = 0;
	return n > 0;
}

static int prefix_base(const char *p)
{
	if (p[0] != '0')
		return 10;
	int c = tolower((unsigned char)p[1]);
	return c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 10;
}

/* 0, or the error of strtoll(); EINVAL: not a number. */
static int read_int(struct slice s, int base, int64_t *ret)
{
	char buf[4400], *end;
	s = text_strip(s, NULL, true, true);
	if (!drop_underscores(s, buf, sizeof(buf)) || base == 1 || base < 0 || base > 36)
		return EINVAL;
	char *p = buf;
	bool negative = *p == '-';
	if (*p == '-' || *p == '+')
		p++;
	int prefix = prefix_base(p);
	if (prefix != 10 && (base == 0 || base == prefix)) {
		p += 2;
		base = prefix;
	} else if (base == 0) {
		base = 10;
	}
	if (!isalnum((unsigned char)*p))
		return EINVAL;
	errno = 0;
	char digits[sizeof(buf) + 2];
	snprintf(digits, sizeof(digits), "%s%s", negative ? "-" : "", p);
	if (base == 16 && (p[0] == '0' && tolower((unsigned char)p[1]) == 'x'))
		return EINVAL;
	long long v = strtoll(digits, &end, base);
	if (*end || errno)
		return *end ? EINVAL : errno;
	*ret = v;
	return 0;
}

bool text_to_int(struct slice s, int base, int64_t *ret)
{
	return read_int(s, base, ret) == 0;
}

bool text_overflows_int(struct slice s, int base)
{
	int64_t i;
	return read_int(s, base, &i) == ERANGE;
}

bool text_to_float(struct slice s, double *ret)
{
	char buf[400], *end;
	s = text_strip(s, NULL, true, true);
	if (!drop_underscores(s, buf, sizeof(buf)))
		return false;
	for (const char *p = buf; *p; p++)
		if (*p == 'x' || *p == 'X' || *p == '(')
			return false;
	double d = strtod(buf, &end);
	if (*end || end == buf)
		return false;
	*ret = d;
	return true;
}
