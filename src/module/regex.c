#include "regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

struct regex {
	pcre2_code *code;
	pcre2_match_data *match;
	struct slice subject; /* of the last match */
};

void regex_free(struct regex *re)
{
	if (!re)
		return;
	pcre2_match_data_free(re->match);
	pcre2_code_free(re->code);
	free(re);
}

void regex_cleanup(struct regex **re)
{
	regex_free(*re);
}

/* Where Python and PCRE2 write the same thing differently: \Z is the very end,
 * {,n} counts from 0. */
static void translate(struct slice p, struct strbuf *out)
{
	bool in_class = false;
	for (size_t i = 0; i < p.len; i++) {
		char c = p.ptr[i];
		if (c == '\\' && i + 1 < p.len) {
			char next = p.ptr[++i];
			strbuf_putc(out, '\\');
			strbuf_putc(out, next == 'Z' && !in_class ? 'z' : next);
			continue;
		}
		if (c == '[' && !in_class) {
			in_class = true;
			strbuf_putc(out, c);
			/* A bracket that comes first stands for itself. */
			if (i + 1 < p.len && p.ptr[i + 1] == '^')
				strbuf_putc(out, p.ptr[++i]);
			if (i + 1 < p.len && p.ptr[i + 1] == ']')
				strbuf_putc(out, p.ptr[++i]);
			continue;
		}
		if (c == ']')
			in_class = false;
		strbuf_putc(out, c);
		if (c == '{' && !in_class && i + 1 < p.len && p.ptr[i + 1] == ',')
			strbuf_putc(out, '0');
	}
}

static uint32_t options(unsigned flags)
{
	uint32_t o = 0;
	if (flags & REGEX_MULTILINE)
		o |= PCRE2_MULTILINE;
	if (flags & REGEX_DOTALL)
		o |= PCRE2_DOTALL;
	if (flags & REGEX_TEXT)
		o |= PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF;
	return o;
}

int regex_compile(const char *what, struct slice pattern, unsigned flags, struct regex **ret,
		  struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	int code;
	size_t at;
	translate(pattern, &text);
	struct slice t = strbuf_slice(&text);
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	if (context)
		pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	pcre2_code *compiled =
		pcre2_compile((PCRE2_SPTR)t.ptr, t.len, options(flags), &code, &at, context);
	pcre2_compile_context_free(context);
	if (!compiled) {
		PCRE2_UCHAR message[256];
		pcre2_get_error_message(code, message, sizeof(message));
		return err_set(err, ERR_INVALID, "%s '%.*s' is not a regular expression: %s", what,
			       SLICE_ARG(pattern), (const char *)message);
	}
	struct regex *re = xcalloc(1, sizeof(*re));
	re->code = compiled;
	re->match = pcre2_match_data_create_from_pattern(compiled, NULL);
	*ret = re;
	return 0;
}

static int match_at(struct regex *re, struct slice subject, size_t start, uint32_t flags,
		    struct err *err)
{
	re->subject = subject;
	int r = pcre2_match(re->code, (PCRE2_SPTR)subject.ptr, subject.len, start, flags, re->match,
			    NULL);
	if (r == PCRE2_ERROR_NOMATCH)
		return 0;
	if (r < 0) {
		PCRE2_UCHAR message[256];
		pcre2_get_error_message(r, message, sizeof(message));
		return err_set(err, ERR_LIMIT, "regular expression: %s", (const char *)message);
	}
	return 1;
}

int regex_search(struct regex *re, struct slice subject, size_t start, struct err *err)
{
	return match_at(re, subject, start, 0, err);
}

struct slice regex_group_text(const struct regex *re, unsigned group)
{
	const PCRE2_SIZE *v = pcre2_get_ovector_pointer(re->match);
	if (group >= pcre2_get_ovector_count(re->match) || v[2 * group] == PCRE2_UNSET)
		return (struct slice){NULL, 0};
	return (struct slice){re->subject.ptr + v[2 * group], v[2 * group + 1] - v[2 * group]};
}

struct slice regex_named(const struct regex *re, const char *name)
{
	int group = pcre2_substring_number_from_name(re->code, (PCRE2_SPTR)name);
	return group < 0 ? (struct slice){NULL, 0} : regex_group_text(re, (unsigned)group);
}

unsigned regex_group_count(const struct regex *re)
{
	uint32_t count = 0;
	pcre2_pattern_info(re->code, PCRE2_INFO_CAPTURECOUNT, &count);
	return count;
}

const char *regex_group_name(const struct regex *re, unsigned group)
{
	uint32_t count = 0, size = 0;
	PCRE2_SPTR row = NULL; /* two bytes of number, then the name */
	pcre2_pattern_info(re->code, PCRE2_INFO_NAMECOUNT, &count);
	pcre2_pattern_info(re->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
	pcre2_pattern_info(re->code, PCRE2_INFO_NAMETABLE, &row);
	for (uint32_t i = 0; i < count; i++, row += size)
		if (((unsigned)row[0] << 8 | row[1]) == group)
			return (const char *)row + 2;
	return NULL;
}

static int put_group(const struct regex *re, unsigned group, struct strbuf *out, struct err *err)
{
	if (group >= pcre2_get_ovector_count(re->match))
		return err_set(err, ERR_INVALID, "invalid group reference %u", group);
	struct slice s = regex_group_text(re, group);
	if (s.ptr)
		strbuf_slice_append(out, s);
	return 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "<1>" or "<name>" after \g; *i is moved onto the '>'. */
static int put_reference(const struct regex *re, struct slice r, size_t *i, struct strbuf *out,
			 struct err *err)
{
	const char *end =
		*i + 1 < r.len && r.ptr[*i + 1] == '<' ? memchr(r.ptr + *i, '>', r.len - *i) : NULL;
	char name[64];
	size_t start = *i + 2, len = end ? (size_t)(end - r.ptr) - start : 0;
	if (!end || len == 0 || len >= sizeof(name))
		return err_set(err, ERR_INVALID, "bad group reference in '%.*s'", SLICE_ARG(r));
	memcpy(name, r.ptr + start, len);
	name[len] = '\0';
	*i = (size_t)(end - r.ptr);
	if (is_digit(name[0]))
		return put_group(re, (unsigned)strtoul(name, NULL, 10), out, err);
	int group = pcre2_substring_number_from_name(re->code, (PCRE2_SPTR)name);
	if (group < 0)
		return err_set(err, ERR_INVALID, "unknown group name '%s'", name);
	return put_group(re, (unsigned)group, out, err);
}

/* The character after a backslash that is no reference. */
static int put_escape(char c, struct strbuf *out, struct err *err)
{
	static const char from[] = "abfnrtv\\", to[] = "\a\b\f\n\r\t\v\\";
	const char *at = strchr(from, c);
	if (c && at) {
		strbuf_putc(out, to[at - from]);
		return 0;
	}
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return err_set(err, ERR_INVALID, "bad escape \\%c", c);
	strbuf_putc(out, '\\');
	strbuf_putc(out, c);
	return 0;
}

int regex_expand(const struct regex *re, struct slice t, struct strbuf *out, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < t.len; i++) {
		if (t.ptr[i] != '\\' || i + 1 == t.len) {
			strbuf_putc(out, t.ptr[i]);
			continue;
		}
		char c = t.ptr[++i];
		if (c == 'g') {
			r = put_reference(re, t, &i, out, err);
		} else if (c == '0') {
			strbuf_putc(out, '\0');
		} else if (is_digit(c)) {
			unsigned group = (unsigned)(c - '0');
			if (i + 1 < t.len && is_digit(t.ptr[i + 1]))
				group = group * 10 + (unsigned)(t.ptr[++i] - '0');
			r = put_group(re, group, out, err);
		} else {
			r = put_escape(c, out, err);
		}
	}
	return r;
}

int regex_replace_all(struct regex *re, struct slice replacement, struct slice subject,
		      struct strbuf *out, size_t *ret_count, struct err *err)
{
	size_t pos = 0, copied = 0, count = 0;
	uint32_t flags = 0;
	int r;
	while (pos <= subject.len && (r = match_at(re, subject, pos, flags, err)) != 0) {
		if (r < 0)
			return r;
		struct slice all = regex_group_text(re, 0);
		size_t start = (size_t)(all.ptr - subject.ptr);
		strbuf_append(out, subject.ptr + copied, start - copied);
		r = regex_expand(re, replacement, out, err);
		if (r < 0)
			return r;
		pos = copied = start + all.len;
		/* Not the same empty match for ever. */
		flags = all.len == 0 ? PCRE2_NOTEMPTY_ATSTART : 0;
		count++;
	}
	strbuf_append(out, subject.ptr + copied, subject.len - copied);
	*ret_count = count;
	return 0;
}
