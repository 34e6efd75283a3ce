/* Versions in order: loose (distutils), strict, and semantic (semver.org, section 11). */
#include "version.h"

#include <ctype.h>

/* A part: digits, or what is neither digits nor dots. */
static bool next_part(struct slice *rest, struct slice *ret)
{
	while (rest->len > 0 && rest->ptr[0] == '.') {
		rest->ptr++;
		rest->len--;
	}
	if (rest->len == 0)
		return false;
	bool digits = isdigit((unsigned char)rest->ptr[0]);
	bool letters = rest->ptr[0] >= 'a' && rest->ptr[0] <= 'z';
	size_t n = 1;
	while (n < rest->len && rest->ptr[n] != '.' &&
	       !!isdigit((unsigned char)rest->ptr[n]) == digits &&
	       (digits || (rest->ptr[n] >= 'a' && rest->ptr[n] <= 'z') == letters))
		n++;
	*ret = (struct slice){rest->ptr, n};
	rest->ptr += n;
	rest->len -= n;
	return true;
}

static int compare_digits(struct slice a, struct slice b)
{
	for (; a.len > 0 && a.ptr[0] == '0'; a.len--)
		a.ptr++;
	for (; b.len > 0 && b.ptr[0] == '0'; b.len--)
		b.ptr++;
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return slice_cmp(a, b);
}

static bool is_digits(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!isdigit((unsigned char)s.ptr[i]))
			return false;
	return s.len > 0;
}

static int loose(struct slice a, struct slice b, int *ret, struct err *err)
{
	struct slice x, y, ra = a, rb = b;
	*ret = 0;
	for (;;) {
		bool more_a = next_part(&ra, &x), more_b = next_part(&rb, &y);
		if (!more_a || !more_b) {
			*ret = more_a - more_b;
			return 0;
		}
		if (is_digits(x) != is_digits(y))
			return err_set(
				err, ERR_INVALID,
				"'%.*s' and '%.*s' cannot be compared: '%.*s' against '%.*s'",
				SLICE_ARG(a), SLICE_ARG(b), SLICE_ARG(x), SLICE_ARG(y));
		*ret = is_digits(x) ? compare_digits(x, y) : slice_cmp(x, y);
		if (*ret)
			return 0;
	}
}

/* 1.2, 1.2.3, each with a1 or b2 behind it. */
static int strict(struct slice a, struct slice b, int *ret, struct err *err)
{
	struct slice in[2] = {a, b}, part;
	int64_t v[2][5] = {{0}};
	for (int k = 0; k < 2; k++) {
		struct slice rest = in[k];
		int n = 0;
		v[k][3] = 'z';
		for (; n < 3 && slice_split(&rest, '.', &part); n++) {
			size_t d = 0;
			while (d < part.len && d < 15 && isdigit((unsigned char)part.ptr[d]))
				v[k][n] = v[k][n] * 10 + (part.ptr[d++] - '0');
			bool tail =
				n > 0 && d < part.len && (part.ptr[d] == 'a' || part.ptr[d] == 'b');
			if (d == 0 || (d < part.len && !tail) ||
			    (tail &&
			     !is_digits((struct slice){part.ptr + d + 1, part.len - d - 1})))
				return err_set(err, ERR_INVALID, "invalid version number '%.*s'",
					       SLICE_ARG(in[k]));
			if (!tail)
				continue;
			v[k][3] = (unsigned char)part.ptr[d++];
			for (; d < part.len && v[k][4] < 1000000000; d++)
				v[k][4] = v[k][4] * 10 + (part.ptr[d] - '0');
		}
		if (n < 2 || rest.len > 0)
			return err_set(err, ERR_INVALID, "invalid version number '%.*s'",
				       SLICE_ARG(in[k]));
	}
	*ret = 0;
	for (int i = 0; i < 5 && !*ret; i++)
		*ret = (v[0][i] > v[1][i]) - (v[0][i] < v[1][i]);
	return 0;
}

struct semver {
	struct slice core[3], pre;
};

static bool semver_parse(struct slice s, struct semver *ret)
{
	*ret = (struct semver){0};
	const char *plus = memchr(s.ptr, '+', s.len);
	if (plus)
		s.len = (size_t)(plus - s.ptr);
	const char *dash = memchr(s.ptr, '-', s.len);
	struct slice core = {s.ptr, dash ? (size_t)(dash - s.ptr) : s.len};
	if (dash)
		ret->pre = (struct slice){dash + 1, s.len - core.len - 1};
	for (int i = 0; i < 3; i++)
		if (!slice_split(&core, '.', &ret->core[i]) || !is_digits(ret->core[i]))
			return false;
	return core.len == 0 && (!dash || ret->pre.len > 0);
}

static int compare_pre(struct slice a, struct slice b)
{
	struct slice x, y;
	if (a.len == 0 || b.len == 0)
		return (a.len == 0) - (b.len == 0);
	for (;;) {
		bool more_a = a.len > 0 && slice_split(&a, '.', &x),
		     more_b = b.len > 0 && slice_split(&b, '.', &y);
		if (!more_a || !more_b)
			return more_a - more_b;
		int o = is_digits(x) && is_digits(y)   ? compare_digits(x, y)
			: is_digits(x) != is_digits(y) ? (is_digits(x) ? -1 : 1)
						       : slice_cmp(x, y);
		if (o)
			return o;
	}
}

static int semantic(struct slice a, struct slice b, int *ret, struct err *err)
{
	struct semver x, y;
	bool ok = semver_parse(a, &x);
	if (!ok || !semver_parse(b, &y))
		return err_set(err, ERR_INVALID, "invalid semantic version '%.*s'",
			       SLICE_ARG(ok ? b : a));
	*ret = 0;
	for (int i = 0; i < 3 && !*ret; i++)
		*ret = compare_digits(x.core[i], y.core[i]);
	if (!*ret)
		*ret = compare_pre(x.pre, y.pre);
	return 0;
}

static bool holds(struct slice op, int o, bool *ret)
{
	static const struct {
		const char *names[4];
		bool less, same, more;
	} ops[] = {
		{{"==", "=", "eq"}, false, true, false}, {{"<", "lt"}, true, false, false},
		{{"<=", "le"}, true, true, false},	 {{">", "gt"}, false, false, true},
		{{">=", "ge"}, false, true, true},	 {{"!=", "<>", "ne"}, true, false, true},
	};
	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		for (size_t k = 0; k < 4 && ops[i].names[k]; k++) {
			if (!slice_is(op, ops[i].names[k]))
				continue;
			*ret = o < 0 ? ops[i].less : o > 0 ? ops[i].more : ops[i].same;
			return true;
		}
	}
	return false;
}

int version_compare_loose(struct slice a, struct slice b, int *ret, struct err *err)
{
	return loose(a, b, ret, err);
}

int version_test(struct call *c, const struct value **ret, struct err *err)
{
	struct slice a, b, op, type;
	bool is_strict, is;
	int r, o = 0;
	if ((r = in_text(c, &a, err)) < 0 || (r = call_text(c, 0, "", &b, err)) < 0 ||
	    (r = call_text(c, 1, "eq", &op, err)) < 0 ||
	    (r = call_bool(c, 2, false, &is_strict, err)) < 0 ||
	    (r = call_text(c, 3, is_strict ? "strict" : "loose", &type, err)) < 0)
		return r;
	if (a.len == 0 || b.len == 0 || !value_truthy(c->in))
		return err_set(err, ERR_INVALID, "a version cannot be empty");
	if (is_strict && c->arg[3] && c->arg[3]->type != VALUE_NULL)
		return err_set(err, ERR_INVALID, "strict and version_type exclude each other");
	if (slice_is(type, "strict"))
		r = strict(a, b, &o, err);
	else if (slice_is(type, "semver") || slice_is(type, "semantic"))
		r = semantic(a, b, &o, err);
	else if (slice_is(type, "pep440"))
		r = pep440_compare(a, b, &o, err);
	else if (slice_is(type, "loose"))
		r = loose(a, b, &o, err);
	else
		return err_set(
			err, ERR_UNSUPPORTED,
			"version: the type '%.*s' is not loose, strict, semver, semantic or pep440",
			SLICE_ARG(type));
	if (r < 0)
		return r;
	if (!holds(op, o, &is))
		return err_set(err, ERR_INVALID, "'%.*s' is not an operator", SLICE_ARG(op));
	*ret = value_bool(is);
	return 0;
}
