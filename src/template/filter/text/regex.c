/* The filters that use regular expressions. */
#include "../filter.h"

#include <ctype.h>
#include <stdlib.h>

static int flags_of(struct call *c, unsigned first, unsigned *ret, struct err *err)
{
	bool ignorecase, multiline;
	int r;
	if ((r = call_bool(c, first, false, &ignorecase, err)) < 0 ||
	    (r = call_bool(c, first + 1, false, &multiline, err)) < 0)
		return r;
	*ret = (ignorecase ? REGEX_IGNORECASE : 0) | (multiline ? REGEX_MULTILINE : 0);
	return 0;
}

static int bad_group(struct slice name, struct err *err)
{
	return err_set(err, ERR_INVALID, "the pattern has no group '%.*s'", SLICE_ARG(name));
}

/* One group's text, "" where it took no part. */
static struct slice group_text(struct slice s, const struct regex_match *m)
{
	if (m->start == SIZE_MAX)
		return (struct slice){"", 0};
	return (struct slice){s.ptr + m->start, m->end - m->start};
}

/* The replacement's escapes: \1, \g<1>, \g<name>, \n and the like. */
static int expand(const struct regex *re, struct slice s, const struct regex_match *groups,
		  struct slice by, struct strbuf *out, struct err *err)
{
	static const char from[] = "\\abfnrtv", to[] = "\\\a\b\f\n\r\t\v";
	for (size_t i = 0; i < by.len; i++) {
		if (by.ptr[i] != '\\' || i + 1 == by.len) {
			strbuf_putc(out, by.ptr[i]);
			continue;
		}
		char c = by.ptr[++i];
		struct slice name = {by.ptr + i, 1};
		const char *p = c ? strchr(from, c) : NULL;
		if (p) {
			strbuf_putc(out, to[p - from]);
			continue;
		}
		if (c == '0') {
			strbuf_putc(out, 0);
			continue;
		}
		if (c == 'g' && i + 1 < by.len && by.ptr[i + 1] == '<') {
			const char *close = memchr(by.ptr + i, '>', by.len - i);
			if (!close)
				return err_set(err, ERR_INVALID,
					       "the replacement has \\g< without >");
			name = (struct slice){by.ptr + i + 2, (size_t)(close - by.ptr) - i - 2};
			i = (size_t)(close - by.ptr);
		} else if (isdigit((unsigned char)c)) {
			if (i + 1 < by.len && isdigit((unsigned char)by.ptr[i + 1])) {
				name.len = 2;
				i++;
			}
		} else if (isalpha((unsigned char)c)) {
			return err_set(err, ERR_INVALID,
				       "the replacement has the unknown escape \\%c", c);
		} else {
			strbuf_putc(out, '\\');
			strbuf_putc(out, c);
			continue;
		}
		int group = regex_group(re, name);
		if (group < 0)
			return bad_group(name, err);
		strbuf_slice_append(out, group_text(s, &groups[group]));
	}
	return 0;
}

/* Where the search goes on: behind the match, one further behind an empty one. */
static size_t next_start(struct slice s, const struct regex_match *m)
{
	if (m->end > m->start)
		return m->end;
	return m->end < s.len ? chars_next(s, m->end) : s.len + 1;
}

FN(f_regex_replace)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct regex_match g[REGEX_MAX_GROUPS];
	const struct regex *re;
	struct slice s, pattern, by;
	unsigned flags, n;
	int r;
	if ((r = in_text(c, &s, err)) < 0 || (r = call_text(c, 0, "", &pattern, err)) < 0 ||
	    (r = call_text(c, 1, "", &by, err)) < 0 || (r = flags_of(c, 2, &flags, err)) < 0 ||
	    (r = regex_get(c->ev, pattern, flags, &re, err)) < 0)
		return r;
	size_t copied = 0;
	for (size_t from = 0; from <= s.len; from = next_start(s, &g[0])) {
		if ((r = regex_exec(re, s, from, false, g, &n, err)) <= 0)
			break;
		strbuf_append(&b, s.ptr + copied, g[0].start - copied);
		if ((r = expand(re, s, g, by, &b, err)) < 0 || (r = limit_text(b.len, err)) < 0 ||
		    (r = eval_step(c->ev, 1, err)) < 0)
			return r;
		copied = g[0].end;
	}
	if (r < 0)
		return r;
	strbuf_append(&b, s.ptr + copied, s.len - copied);
	*ret = str_buf(c->ev, &b);
	return 0;
}

/* What findall gives for a match: all, the one group, or a tuple of groups. */
static const struct value *found(struct call *c, struct slice s, const struct regex_match *g,
				 unsigned n)
{
	if (n <= 2)
		return str_new(c->ev, group_text(s, &g[n - 1]));
	struct value *t = tuple_new(c->ev);
	for (unsigned i = 1; i < n; i++)
		list_push(c->ev, t, str_new(c->ev, group_text(s, &g[i])));
	return t;
}

int regex_of_call(struct call *c, struct regex_flag_places at, struct slice *ret_text,
		  const struct regex **ret, struct err *err)
{
	struct slice pattern;
	bool ignorecase, multiline;
	int r = in_text(c, ret_text, err);
	if (r < 0 || (r = call_text(c, 0, "", &pattern, err)) < 0 ||
	    (r = call_bool(c, at.ignorecase, false, &ignorecase, err)) < 0 ||
	    (r = call_bool(c, at.multiline, false, &multiline, err)) < 0)
		return r;
	unsigned flags = (ignorecase ? REGEX_IGNORECASE : 0) | (multiline ? REGEX_MULTILINE : 0);
	return regex_get(c->ev, pattern, flags, ret, err);
}

FN(f_regex_findall)
{
	struct regex_match g[REGEX_MAX_GROUPS];
	const struct regex *re;
	struct slice s;
	unsigned n;
	const struct regex_flag_places at = {.multiline = 1, .ignorecase = 2};
	int r = regex_of_call(c, at, &s, &re, err);
	if (r < 0)
		return r;
	struct value *out = list_new(c->ev);
	for (size_t from = 0; from <= s.len; from = next_start(s, &g[0])) {
		if ((r = regex_exec(re, s, from, false, g, &n, err)) <= 0)
			break;
		list_push(c->ev, out, found(c, s, g, n));
		if ((r = eval_step(c->ev, 1, err)) < 0)
			return r;
	}
	*ret = out;
	return r < 0 ? r : 0;
}

/* "\1" or "\g<name>": which group a further argument asks for. */
static int wanted_group(const struct regex *re, const struct value *arg, int *ret, struct err *err)
{
	if (!is_str(arg))
		return type_error(err, "a group is given as '\\\\1' or '\\\\g<name>'", arg);
	struct slice s = arg->str;
	if (slice_starts_with(s, "\\g<") && slice_ends_with(s, ">"))
		s = (struct slice){s.ptr + 3, s.len - 4};
	else if (slice_starts_with(s, "\\"))
		s = (struct slice){s.ptr + 1, s.len - 1};
	else
		return err_set(err, ERR_INVALID, "unknown argument '%.*s'", SLICE_ARG(s));
	*ret = regex_group(re, s);
	return *ret < 0 ? bad_group(s, err) : 0;
}

static int keyword_flag(struct call *c, const char *name, unsigned flag, unsigned *flags,
			struct err *err)
{
	const struct value *v = template_arg(c->args, name);
	bool is = false;
	int r = v ? eval_truth(c->ev, v, &is, err) : 0;
	*flags |= is ? flag : 0;
	return r;
}

FN(f_regex_search)
{
	struct regex_match g[REGEX_MAX_GROUPS];
	const struct regex *re;
	struct slice s, pattern;
	unsigned flags = 0, n;
	int r, group = 0;
	if ((r = in_text(c, &s, err)) < 0 || (r = call_text(c, 0, "", &pattern, err)) < 0 ||
	    (r = keyword_flag(c, "ignorecase", REGEX_IGNORECASE, &flags, err)) < 0 ||
	    (r = keyword_flag(c, "multiline", REGEX_MULTILINE, &flags, err)) < 0 ||
	    (r = regex_get(c->ev, pattern, flags, &re, err)) < 0 ||
	    (r = regex_exec(re, s, 0, false, g, &n, err)) < 0)
		return r;
	*ret = value_null();
	if (r == 0)
		return 0;
	if (c->args->npositional < 2) {
		*ret = str_new(c->ev, group_text(s, &g[0]));
		return 0;
	}
	struct value *out = list_new(c->ev);
	for (size_t i = 1; i < c->args->npositional; i++) {
		if ((r = wanted_group(re, c->args->positional[i], &group, err)) < 0)
			return r;
		bool part = g[group].start != SIZE_MAX;
		list_push(c->ev, out,
			  part ? str_new(c->ev, group_text(s, &g[group])) : value_null());
	}
	*ret = out;
	return 0;
}

FN(f_regex_escape)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct slice s, type;
	int r;
	if ((r = in_text(c, &s, err)) < 0 || (r = call_text(c, 0, "python", &type, err)) < 0)
		return r;
	const char *special = "()[]{}?*+-|^$\\.&~# \t\n\r\v\f";
	if (slice_is(type, "posix_basic"))
		special = "].[^$*\\";
	else if (!slice_is(type, "python"))
		return err_set(err, ERR_UNSUPPORTED,
			       "regex_escape: the type '%.*s' is not supported", SLICE_ARG(type));
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] && strchr(special, s.ptr[i]))
			strbuf_putc(&b, '\\');
		strbuf_putc(&b, s.ptr[i]);
	}
	*ret = str_buf(c->ev, &b);
	return 0;
}

const struct function filters_regex[] = {
	{"regex_replace", "pattern,replacement,ignorecase,multiline", 0, 0, f_regex_replace},
	{"regex_search", "regex", 1, FN_VARARGS | FN_KWARGS, f_regex_search},
	{"regex_findall", "regex,multiline,ignorecase", 1, 0, f_regex_findall},
	{"regex_escape", "re_type", 0, 0, f_regex_escape},
	{0},
};
