/* Python's re on PCRE2. */
#include "../filter/filter.h"

#include "rollout/base/clock.h"
#include "rollout/base/utf8.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdlib.h>

#define REGEX_MAX_PATTERN 65536u
#define REGEX_MATCH_LIMIT 1000000u   /* of PCRE2: steps from one place where a match may start */
#define REGEX_STEPS_PER_MS 2500	     /* of the limit: 20 s where it is 50 million */
#define REGEX_MAX_BYTES (256u << 20) /* of the patterns of one rendering */
#define REGEX_KEPT_BYTES (16u << 20) /* of those kept for the next */
#define REGEX_FIRST_STRETCH 64u

struct regex {
	struct template_env *env;
	pcre2_code *code;
	pcre2_code
		*lenient; /* for text that is not UTF-8, which PCRE2 looks at anew at each match */
	struct strbuf pattern;
	uint32_t options;
	pcre2_match_data *data;
	pcre2_match_context *context;
	uint32_t groups;
	struct slice text; /* that was looked at from its beginning */
	bool is_utf8;	   /* that text */
};

static void regex_free(struct regex *re)
{
	pcre2_match_context_free(re->context);
	pcre2_match_data_free(re->data);
	pcre2_code_free(re->code);
	pcre2_code_free(re->lenient);
	strbuf_release(&re->pattern);
	free(re);
}

void regex_cache_clear(struct template_env *env)
{
	for (size_t i = 0; i < env->regexes.len; i++)
		regex_free(env->regexes.entries[i].value);
	strmap_release(&env->regexes);
	env->regex_bytes = 0;
}

void regex_begin(struct template_env *env)
{
	env->regex_ms = 0;
	if (env->regex_bytes > REGEX_KEPT_BYTES)
		regex_cache_clear(env);
}

/* Where Python differs: \Z is the very end, \uXXXX a character, (?P>x) nothing. */
static void translate(struct strbuf *out, struct slice p)
{
	for (size_t i = 0; i < p.len; i++) {
		if (p.ptr[i] != '\\' || i + 1 == p.len) {
			strbuf_putc(out, p.ptr[i]);
			continue;
		}
		char c = p.ptr[++i];
		size_t hex = c == 'u' ? 4 : c == 'U' ? 8 : 0;
		if (c == 'Z') {
			strbuf_puts(out, "\\z");
		} else if (hex && i + hex < p.len) {
			strbuf_printf(out, "\\x{%.*s}", (int)hex, p.ptr + i + 1);
			i += hex;
		} else {
			strbuf_putc(out, '\\');
			strbuf_putc(out, c);
		}
	}
}

static int compile_code(struct slice p, uint32_t options, pcre2_code **ret, struct err *err)
{
	int code;
	PCRE2_SIZE at;
	options |= PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C | PCRE2_USE_OFFSET_LIMIT;
	*ret = pcre2_compile((PCRE2_SPTR)p.ptr, p.len, options, &code, &at, NULL);
	if (*ret)
		return 0;
	PCRE2_UCHAR text[200];
	pcre2_get_error_message(code, text, sizeof(text));
	return err_set(err, ERR_INVALID, "the pattern '%.*s' is wrong at %zu: %s",
		       (int)(p.len < 200 ? p.len : 200), p.ptr, (size_t)at, (const char *)text);
}

static int compile(struct slice pattern, unsigned flags, struct regex **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf p = {0};
	uint32_t options = 0;
	pcre2_code *re;
	translate(&p, pattern);
	options |= flags & REGEX_IGNORECASE ? PCRE2_CASELESS : 0;
	options |= flags & REGEX_MULTILINE ? PCRE2_MULTILINE : 0;
	int r = compile_code(strbuf_slice(&p), options, &re, err);
	if (r < 0)
		return r;
	struct regex *self = xcalloc(1, sizeof(*self));
	self->code = re;
	self->pattern = p;
	self->options = options;
	p = (struct strbuf){0};
	self->data = pcre2_match_data_create_from_pattern(re, NULL);
	self->context = pcre2_match_context_create(NULL);
	pcre2_set_match_limit(self->context, REGEX_MATCH_LIMIT);
	pcre2_set_depth_limit(self->context, REGEX_MATCH_LIMIT);
	pcre2_set_heap_limit(self->context, 65536);
	pcre2_pattern_info(re, PCRE2_INFO_CAPTURECOUNT, &self->groups);
	*ret = self;
	return 0;
}

static size_t regex_size(const struct regex *re)
{
	size_t size = 0;
	pcre2_pattern_info(re->code, PCRE2_INFO_SIZE, &size);
	return size + sizeof(*re) + ((size_t)re->groups + 1) * 2 * sizeof(PCRE2_SIZE) + 512;
}

int regex_get(struct eval *ev, struct slice pattern, unsigned flags, const struct regex **ret,
	      struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf key = {0};
	struct regex *re = NULL;
	if (pattern.len > REGEX_MAX_PATTERN)
		return err_set(err, ERR_LIMIT, "a pattern larger than %u bytes", REGEX_MAX_PATTERN);
	strbuf_putc(&key, (char)('0' + flags));
	strbuf_slice_append(&key, pattern);
	*ret = strmap_get(&ev->env->regexes, strbuf_slice(&key));
	if (*ret)
		return 0;
	if (ev->env->regex_bytes > REGEX_MAX_BYTES)
		return err_set(err, ERR_LIMIT, "the patterns need more than %u MiB",
			       REGEX_MAX_BYTES >> 20);
	int r = compile(pattern, flags, &re, err);
	if (r < 0)
		return r;
	re->env = ev->env;
	ev->env->regex_bytes += regex_size(re) + key.len;
	if (re->groups >= REGEX_MAX_GROUPS) {
		regex_free(re);
		return err_set(err, ERR_LIMIT, "a pattern with more than %d groups",
			       REGEX_MAX_GROUPS - 1);
	}
	strmap_set(&ev->env->regexes, strbuf_slice(&key), re);
	*ret = re;
	return 0;
}

/* A search goes on in the text that it began with: looking at all of it once is enough. */
static bool is_utf8(struct regex *re, struct slice text, size_t from)
{
	if (from == 0) {
		struct slice rest = text;
		re->text = text;
		re->is_utf8 = true;
		while (rest.len > 0 && re->is_utf8)
			re->is_utf8 = utf8_next(&rest) >= 0;
	}
	return re->is_utf8 && re->text.ptr == text.ptr && re->text.len == text.len;
}

/*
 * In stretches of the text, as PCRE2's limits are for each place where a match may start: many
 * that are just within them would take days. The next stretch is longer where this one was quick.
 */
static int match(struct regex *re, struct slice text, size_t from, bool anchored, struct err *err)
{
	bool whole = is_utf8(re, text, from);
	uint32_t options = (anchored ? PCRE2_ANCHORED : 0) | (whole ? PCRE2_NO_UTF_CHECK : 0);
	size_t stretch = REGEX_FIRST_STRETCH;
	int64_t limit = (int64_t)(re->env->limits.steps / REGEX_STEPS_PER_MS);
	int64_t quick = 2 + (int64_t)(text.len >> 18);
	int r = whole || re->lenient
			? 0
			: compile_code(strbuf_slice(&re->pattern),
				       re->options | PCRE2_MATCH_INVALID_UTF, &re->lenient, err);
	if (r < 0)
		return r;
	for (;; stretch *= 8) {
		if (re->env->regex_ms > limit)
			return err_set(err, ERR_LIMIT, "matching patterns takes more than %lld ms",
				       (long long)limit);
		size_t last = text.len - from > stretch ? from + stretch : text.len;
		int64_t start = clock_now_ms();
		pcre2_set_offset_limit(re->context, last);
		int n = pcre2_match(whole ? re->code : re->lenient, (PCRE2_SPTR)text.ptr, text.len,
				    from, options, re->data, re->context);
		int64_t spent = clock_now_ms() - start;
		re->env->regex_ms += spent;
		if (n != PCRE2_ERROR_NOMATCH || anchored || last == text.len)
			return n;
		if (spent > quick)
			stretch /= 8;
		from = last;
		while (from < text.len && ((unsigned char)text.ptr[from] & 0xc0) == 0x80)
			from++;
	}
}

int regex_exec(const struct regex *re, struct slice text, size_t from, bool anchored,
	       struct regex_match *groups, unsigned *ret_groups, struct err *err)
{
	struct err limit = {0};
	int n = match((struct regex *)re, text, from, anchored, &limit);
	if (limit.code) {
		if (err)
			*err = limit;
		return limit.code;
	}
	if (n == PCRE2_ERROR_NOMATCH)
		return 0;
	if (n < 0) {
		PCRE2_UCHAR msg[200];
		pcre2_get_error_message(n, msg, sizeof(msg));
		return err_set(err, ERR_LIMIT, "the pattern could not be matched: %s",
			       (const char *)msg);
	}
	const PCRE2_SIZE *v = pcre2_get_ovector_pointer(re->data);
	for (uint32_t i = 0; i <= re->groups; i++)
		groups[i] = i < (uint32_t)n && v[2 * i] != PCRE2_UNSET && v[2 * i] <= v[2 * i + 1]
				    ? (struct regex_match){v[2 * i], v[2 * i + 1]}
				    : (struct regex_match){SIZE_MAX, SIZE_MAX};
	if (groups[0].start == SIZE_MAX)
		return 0;
	*ret_groups = re->groups + 1;
	return 1;
}

int regex_group(const struct regex *re, struct slice name)
{
	char buf[64];
	if (name.len == 0 || name.len >= sizeof(buf))
		return -1;
	memcpy(buf, name.ptr, name.len);
	buf[name.len] = 0;
	if (strspn(buf, "0123456789") == name.len) {
		long n = strtol(buf, NULL, 10);
		return n <= (long)re->groups ? (int)n : -1;
	}
	int n = pcre2_substring_number_from_name(re->code, (PCRE2_SPTR)buf);
	return n > 0 ? n : -1;
}
