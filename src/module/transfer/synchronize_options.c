#include "rollout/base/file.h"
#include "rollout/module/synchronize.h"

static bool is_true(const struct value *args, const char *name, bool fallback)
{
	const struct value *v = value_get(args, name);
	return v ? value_truthy(v) : fallback;
}

bool synchronize_keeps(const struct value *args, const char *name)
{
	return is_true(args, name, is_true(args, "archive", true));
}

bool synchronize_pulls(const struct value *args)
{
	const struct value *mode = value_get(args, "mode");
	return mode && value_is_str(mode, "pull");
}

bool synchronize_skips_folders(const struct value *args)
{
	return !synchronize_keeps(args, "recursive") && !is_true(args, "dirs", false);
}

bool synchronize_means_content(const char *src)
{
	size_t len = strlen(src);
	return len == 0 || src[len - 1] == '/';
}

const char *synchronize_name(struct arena *a, const char *src)
{
	struct slice name = path_basename(src);
	if (slice_is(name, ".") || slice_is(name, "..") || memchr(name.ptr, '$', name.len) ||
	    (name.len && name.ptr[0] == '~' && name.ptr == src))
		name.len = 0;
	return arena_slice(a, name).ptr;
}
