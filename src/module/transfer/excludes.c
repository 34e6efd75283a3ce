#include "rollout/module/excludes.h"

#include <fnmatch.h>

static int add(struct excludes *x, struct arena *a, struct slice pattern, struct srcloc at,
	       struct err *err)
{
	if (x->len == EXCLUDES_MAX)
		return err_at(err, ERR_LIMIT, at, "rsync_opts: more than %u excludes",
			      EXCLUDES_MAX);
	if (!pattern.len)
		return err_at(err, ERR_INVALID, at, "rsync_opts: --exclude without a pattern");
	x->at[x->len++] = arena_slice(a, pattern).ptr;
	return 0;
}

int excludes_init(struct excludes *x, struct arena *a, const struct value *opts, struct err *err)
{
	static const char flag[] = "--exclude";
	bool next = false;
	x->len = 0;
	for (size_t i = 0; opts && opts->type == VALUE_LIST && i < opts->list.len; i++) {
		const struct value *v = opts->list.at[i];
		struct slice opt = v->type == VALUE_STRING ? v->str : SLICE_LIT("");
		size_t skip = next ? 0 : strlen(flag) + 1;
		bool here = next || slice_starts_with(opt, "--exclude=");
		int r = 0;
		if (here)
			r = add(x, a, (struct slice){opt.ptr + skip, opt.len - skip}, v->at, err);
		else if (!slice_is(opt, flag))
			r = err_at(err, ERR_UNSUPPORTED, v->at,
				   "rsync_opts: '%.*s' is not known; --exclude=PATTERN is",
				   SLICE_ARG(opt));
		if (r < 0)
			return r;
		next = !here;
	}
	return 0;
}

/* The last parts of the path, as many as the pattern has. */
static bool matches_tail(const char *pattern, const char *path, int flags)
{
	if (fnmatch(pattern, path, flags) == 0)
		return true;
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/'))
		if (fnmatch(pattern, slash + 1, flags) == 0)
			return true;
	return false;
}

static bool matches(const char *given, const char *path, bool is_dir)
{
	CLEANUP(free_ptr) char *pattern = xstrdup(given);
	size_t len = strlen(pattern);
	/* Two stars go over slashes, one does not. */
	int flags = strstr(pattern, "**") ? 0 : FNM_PATHNAME;
	if (len > 1 && pattern[len - 1] == '/') {
		if (!is_dir)
			return false;
		pattern[len - 1] = '\0';
	}
	if (pattern[0] == '/')
		return fnmatch(pattern + 1, path, flags) == 0;
	return matches_tail(pattern, path, flags);
}

bool excludes_match(const struct excludes *x, const char *path, bool is_dir)
{
	for (size_t i = 0; i < x->len; i++)
		if (matches(x->at[i], path, is_dir))
			return true;
	return false;
}
