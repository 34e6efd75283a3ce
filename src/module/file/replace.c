#include "text_file.h"

#include "../call.h"
#include "../regex.h"
#include "rollout/base/utf8.h"
#include "rollout/module/attributes.h"

static const struct module_param params[] = {
	TEXT_FILE_PARAMS(text_path_aliases),
	MODULE_ATTRIBUTE_PARAMS,
	{.name = "regexp",
	 .type = MODULE_STR,
	 .required = true,
	 .doc = "What is replaced; ^ and $ match at each line."},
	{.name = "replace",
	 .type = MODULE_STR,
	 .fallback = "''",
	 .doc = "What takes its place; may hold \\1 and \\g<name>."},
	{.name = "after", .type = MODULE_STR, .doc = "Only what follows this match."},
	{.name = "before", .type = MODULE_STR, .doc = "Only what precedes this match."},
	{.name = "encoding",
	 .type = MODULE_STR,
	 .fallback = "utf-8",
	 .doc = "Encoding of the file; utf-8 alone is supported."},
	{0},
};

/* Characters where the file is UTF-8, else bytes. */
static unsigned text_flags(struct slice s)
{
	while (s.len > 0)
		if (utf8_next(&s) < 0)
			return 0;
	return REGEX_TEXT;
}

/* The part that after and before leave. 0: they do not match. */
static int find_section(struct module_call *call, struct slice all, struct slice *ret,
			struct err *err)
{
	CLEANUP(regex_cleanup) struct regex *re = NULL;
	const char *after = arg_str(call, "after"), *before = arg_str(call, "before");
	bool has_after = after && *after, has_before = before && *before;
	*ret = all;
	if (!has_after && !has_before)
		return 1;
	const char *pattern =
		arena_printf(call->arena, "%s(?P<subsection>.*%s)%s", has_after ? after : "",
			     has_after && has_before ? "?" : "", has_before ? before : "");
	int r = regex_compile("after and before", slice_from(pattern),
			      REGEX_DOTALL | text_flags(all), &re, err);
	if (r == 0)
		r = regex_search(re, all, 0, err);
	if (r > 0)
		*ret = regex_named(re, "subsection");
	else if (r == 0)
		result_put_str(call, "msg",
			       arena_printf(call->arena,
					    "Pattern for before/after params did not match the "
					    "given file: %s",
					    pattern));
	return r;
}

static int replace_in(struct module_call *call, struct slice section, struct strbuf *out,
		      size_t *ret_count, struct err *err)
{
	CLEANUP(regex_cleanup) struct regex *re = NULL;
	int r = regex_compile("regexp", arg_slice(call, "regexp"),
			      REGEX_MULTILINE | text_flags(section), &re, err);
	return r < 0 ? r
		     : regex_replace_all(re, arg_slice(call, "replace"), section, out, ret_count,
					 err);
}

static int run(struct module_call *call, struct err *err)
{
	CLEANUP(text_file_release) struct text_file f = {0};
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct slice section = {0};
	size_t count = 0;
	bool stop = false;
	int r = text_file_open(call, false, &f, &stop, err);
	if (r < 0 || stop)
		return r;
	struct slice all = strbuf_slice(&f.content);
	result_put_int(call, "rc", 0);
	r = find_section(call, all, &section, err);
	if (r <= 0)
		return r;
	size_t start = (size_t)(section.ptr - all.ptr);
	strbuf_append(&out, all.ptr, start);
	r = replace_in(call, section, &out, &count, err);
	if (r < 0)
		return r;
	strbuf_append(&out, section.ptr + section.len, all.len - start - section.len);
	const char *msg = arena_printf(call->arena, "%zu replacements made", count);
	return text_file_save(call, &f, strbuf_slice(&out), msg, err);
}

const struct module module_replace = {
	.name = "replace",
	.full_name = "ansible.builtin.replace",
	.doc = "Replaces all that a regular expression matches in a file.",
	.params = params,
	.run = run,
};
