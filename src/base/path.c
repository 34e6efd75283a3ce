#include "rollout/base/file.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

char *path_join(const char *a, const char *b)
{
	struct strbuf path = {0};
	size_t len = strlen(a);
	if (b[0] != '/' && len > 0) {
		strbuf_puts(&path, a);
		if (a[len - 1] != '/' && b[0] != '\0')
			strbuf_putc(&path, '/');
	}
	strbuf_puts(&path, b);
	return strbuf_steal(&path);
}

/* Where the last name begins and ends, trailing slashes left out. */
static struct slice last_name(const char *path)
{
	size_t end = strlen(path);
	while (end > 1 && path[end - 1] == '/')
		end--;
	size_t start = end;
	while (start > 0 && path[start - 1] != '/')
		start--;
	return (struct slice){path + start, end - start};
}

struct slice path_dirname(const char *path)
{
	size_t len = (size_t)(last_name(path).ptr - path);
	if (len == 0)
		return SLICE_LIT(".");
	while (len > 1 && path[len - 1] == '/')
		len--;
	return (struct slice){path, len};
}

/* "/" has no name: it is its own. */
struct slice path_basename(const char *path)
{
	struct slice name = last_name(path);
	return name.len == 0 && path[0] == '/' ? SLICE_LIT("/") : name;
}

char *path_expand_home(const char *path, const char *home)
{
	if (path[0] != '~' || (path[1] != '\0' && path[1] != '/') || !home)
		return xstrdup(path);
	struct strbuf full = {0};
	strbuf_puts(&full, home);
	strbuf_puts(&full, path + 1);
	return strbuf_steal(&full);
}

void path_normalize(struct strbuf *b, struct slice s)
{
	bool absolute = s.len > 0 && s.ptr[0] == '/';
	struct slice part, rest = s;
	size_t floor = absolute;
	if (absolute)
		strbuf_putc(b, '/');
	while (slice_split(&rest, '/', &part)) {
		if (part.len == 0 || slice_is(part, "."))
			continue;
		if (!slice_is(part, "..") || (b->len <= floor && !absolute)) {
			if (b->len > (size_t)absolute)
				strbuf_putc(b, '/');
			strbuf_slice_append(b, part);
			if (slice_is(part, ".."))
				floor = b->len;
			continue;
		}
		while (b->len > floor && b->ptr[b->len - 1] != '/')
			strbuf_truncate(b, b->len - 1);
		if (b->len > floor && b->len > (size_t)absolute)
			strbuf_truncate(b, b->len - 1);
	}
	if (b->len == 0)
		strbuf_putc(b, '.');
}

const char *path_from_here(const char *path)
{
	char cwd[PATH_MAX];
	if (!getcwd(cwd, sizeof(cwd)))
		return path;
	size_t n = strlen(cwd);
	return strncmp(path, cwd, n) == 0 && path[n] == '/' && path[n + 1] ? path + n + 1 : path;
}
