/* Tests of paths, on the controller; and of URLs. */
#include "../filter/filter.h"

#include <ctype.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *path_of(struct call *c, struct err *err)
{
	struct slice s;
	if (in_text(c, &s, err) < 0)
		return NULL;
	return arena_strndup(c->ev->arena, s.ptr, s.len);
}

static int is_kind(struct call *c, bool follow, mode_t kind, const struct value **ret,
		   struct err *err)
{
	struct stat st;
	const char *path = path_of(c, err);
	if (!path)
		return err ? err->code : ERR_INVALID;
	int r = follow ? stat(path, &st) : lstat(path, &st);
	*ret = value_bool(r == 0 && (kind == 0 || (st.st_mode & S_IFMT) == kind));
	return 0;
}
FN(t_file)
{
	return is_kind(c, true, S_IFREG, ret, err);
}
FN(t_directory)
{
	return is_kind(c, true, S_IFDIR, ret, err);
}
FN(t_link)
{
	return is_kind(c, false, S_IFLNK, ret, err);
}
FN(t_exists)
{
	return is_kind(c, true, 0, ret, err);
}
FN(t_link_exists)
{
	return is_kind(c, false, 0, ret, err);
}
FN(t_abs)
{
	if (!is_str(c->in))
		return type_error(err, "a path is needed", c->in);
	const char *path = path_of(c, err);
	if (!path)
		return err ? err->code : ERR_INVALID;
	*ret = value_bool(path[0] == '/');
	return 0;
}

FN(t_same_file)
{
	struct stat a, b;
	struct slice other;
	const char *path = path_of(c, err);
	int r;
	if (!path)
		return err ? err->code : ERR_INVALID;
	if ((r = call_text(c, 0, "", &other, err)) < 0)
		return r;
	bool both = stat(path, &a) == 0 &&
		    stat(arena_strndup(c->ev->arena, other.ptr, other.len), &b) == 0;
	*ret = value_bool(both && a.st_dev == b.st_dev && a.st_ino == b.st_ino);
	return 0;
}

FN(t_mount)
{
	struct stat a, b;
	const char *path = path_of(c, err);
	if (!path)
		return err ? err->code : ERR_INVALID;
	bool both = lstat(path, &a) == 0 && S_ISDIR(a.st_mode) &&
		    lstat(arena_printf(c->ev->arena, "%s/..", path), &b) == 0;
	*ret = value_bool(both && (a.st_dev != b.st_dev || a.st_ino == b.st_ino));
	return 0;
}

/* Any text is a URI, as urlparse() takes it; schemes: those that are allowed. */
static int uri(struct call *c, bool host, const struct value *schemes, const struct value **ret,
	       struct err *err)
{
	struct slice s = is_str(c->in) ? c->in->str : (struct slice){"", 0};
	size_t n = 0;
	bool is = is_str(c->in) || (!is_undefined(c->in) && !value_truthy(c->in));
	while (n < s.len &&
	       (isalnum((unsigned char)s.ptr[n]) || (s.ptr[n] && strchr("+-.", s.ptr[n]))))
		n++;
	struct slice scheme = {s.ptr, n < s.len && s.ptr[n] == ':' ? n : 0};
	size_t from = scheme.len ? scheme.len + 1 : 0;
	if (host && is)
		is = slice_is(scheme, "file") ||
		     (s.len > from + 2 && !memcmp(s.ptr + from, "//", 2) && s.ptr[from + 2] != '/');
	*ret = value_bool(is);
	if (!is || !schemes || !is_list(schemes) || schemes->list.len == 0)
		return 0;
	int r = eval_contains(c->ev, schemes, str_new(c->ev, scheme), &is, err);
	*ret = value_bool(is);
	return r;
}
FN(t_uri)
{
	return uri(c, false, c->arg[0], ret, err);
}
FN(t_url)
{
	return uri(c, true, c->arg[0], ret, err);
}
FN(t_urn)
{
	struct value *urn = list_new(c->ev);
	list_push(c->ev, urn, str_lit(c->ev, "urn"));
	return uri(c, false, urn, ret, err);
}

const struct function tests_path[] = {
	{"uri", "schemes", 0, FN_UNDEFINED, t_uri},
	{"url", "schemes", 0, FN_UNDEFINED, t_url},
	{"urn", "", 0, FN_UNDEFINED, t_urn},
	{"file", "", 0, 0, t_file},
	{"is_file", "", 0, 0, t_file},
	{"directory", "", 0, 0, t_directory},
	{"is_dir", "", 0, 0, t_directory},
	{"link", "", 0, 0, t_link},
	{"is_link", "", 0, 0, t_link},
	{"exists", "", 0, 0, t_exists},
	{"link_exists", "", 0, 0, t_link_exists},
	{"abs", "", 0, 0, t_abs},
	{"is_abs", "", 0, 0, t_abs},
	{"same_file", "path", 1, 0, t_same_file},
	{"is_same_file", "path", 1, 0, t_same_file},
	{"mount", "", 0, 0, t_mount},
	{"is_mount", "", 0, 0, t_mount},
	{0},
};
