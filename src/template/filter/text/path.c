/* Paths. Source: Python's os.path. */
#include "../filter.h"

#include "rollout/base/file.h"

#include <glob.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct value *give(struct call *c, const struct strbuf *b)
{
	return str_buf(c->ev, b);
}

/* Behind the last slash. */
static size_t base_at(struct slice s)
{
	size_t i = s.len;
	while (i > 0 && s.ptr[i - 1] != '/')
		i--;
	return i;
}

FN(f_basename)
{
	struct slice s;
	int r = in_string(c, &s, err);
	if (r < 0)
		return r;
	size_t at = base_at(s);
	*ret = str_new(c->ev, (struct slice){s.ptr + at, s.len - at});
	return 0;
}

static struct slice dirname_of(struct slice s)
{
	size_t n = base_at(s), all = n;
	while (n > 0 && s.ptr[n - 1] == '/')
		n--;
	return (struct slice){s.ptr, n ? n : all};
}

FN(f_dirname)
{
	struct slice s;
	int r = in_string(c, &s, err);
	if (r == 0)
		*ret = str_new(c->ev, dirname_of(s));
	return r;
}

FN(f_splitext)
{
	struct slice s;
	int r = in_string(c, &s, err);
	if (r < 0)
		return r;
	size_t base = base_at(s), dot = s.len, first = base;
	while (first < s.len && s.ptr[first] == '.')
		first++;
	for (size_t i = first; i < s.len; i++)
		if (s.ptr[i] == '.')
			dot = i;
	*ret = pair_new(c->ev, str_new(c->ev, (struct slice){s.ptr, dot}),
			str_new(c->ev, (struct slice){s.ptr + dot, s.len - dot}));
	return 0;
}

static void expand_user(struct strbuf *b, struct slice s)
{
	size_t n = 0;
	const char *home = NULL;
	while (n < s.len && s.ptr[n] != '/')
		n++;
	if (s.len > 0 && s.ptr[0] == '~') {
		char *user = xstrndup(s.ptr + 1, n - 1);
		home = *user ? NULL : getenv("HOME");
		const struct passwd *pw = home ? NULL : *user ? getpwnam(user) : getpwuid(getuid());
		if (pw)
			home = pw->pw_dir;
		if (home)
			strbuf_puts(b, home);
		free(user);
	}
	if (!home)
		n = 0;
	strbuf_append(b, s.ptr + n, s.len - n);
}

FN(f_expanduser)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct slice s;
	int r = in_string(c, &s, err);
	if (r < 0)
		return r;
	expand_user(&b, s);
	*ret = give(c, &b);
	return 0;
}

static bool is_name(char ch)
{
	return ch == '_' || (ch >= '0' && ch <= '9') || ((ch | 32) >= 'a' && (ch | 32) <= 'z');
}

/* $X and ${X}; what is not set stays. */
FN(f_expandvars)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct slice s;
	int r = in_string(c, &s, err);
	for (size_t i = 0; r == 0 && i < s.len;) {
		bool brace = s.ptr[i] == '$' && i + 1 < s.len && s.ptr[i + 1] == '{';
		size_t from = i + (brace ? 2 : 1), to = from;
		while (s.ptr[i] == '$' && to < s.len &&
		       (brace ? s.ptr[to] != '}' : is_name(s.ptr[to])))
			to++;
		bool whole = s.ptr[i] == '$' && to > from && (!brace || to < s.len);
		const char *v =
			whole ? getenv(arena_strndup(c->ev->arena, s.ptr + from, to - from)) : NULL;
		if (v)
			strbuf_puts(&b, v);
		else
			strbuf_append(&b, s.ptr + i, 1);
		i = v ? to + brace : i + 1;
	}
	if (r == 0)
		*ret = give(c, &b);
	return r;
}

static void absolute_path(struct strbuf *b, struct slice s)
{
	CLEANUP(strbuf_release) struct strbuf full = {0};
	if (s.len == 0 || s.ptr[0] != '/') {
		CLEANUP(free_ptr) char *cwd = getcwd(NULL, 0);
		strbuf_printf(&full, "%s/", cwd ? cwd : "");
	}
	strbuf_slice_append(&full, s);
	path_normalize(b, strbuf_slice(&full));
}

FN(f_realpath)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct slice s;
	int r = in_string(c, &s, err);
	if (r < 0)
		return r;
	absolute_path(&b, s);
	/* The longest existing beginning is resolved. */
	CLEANUP(strbuf_release) struct strbuf tail = {0};
	for (size_t n = b.len; n > 0;) {
		char saved = b.ptr[n];
		b.ptr[n] = 0;
		CLEANUP(free_ptr) char *real = realpath(b.ptr, NULL);
		b.ptr[n] = saved;
		if (real) {
			strbuf_puts(&tail, strcmp(real, "/") != 0 || n == b.len ? real : "");
			strbuf_append(&tail, b.ptr + n, b.len - n);
			break;
		}
		while (n > 0 && b.ptr[--n] != '/')
			;
	}
	*ret = give(c, tail.len ? &tail : &b);
	return 0;
}

FN(f_relpath)
{
	CLEANUP(strbuf_release) struct strbuf path = {0}, start = {0}, out = {0};
	struct slice s, from;
	int r;
	if ((r = in_string(c, &s, err)) < 0 || (r = call_text(c, 0, ".", &from, err)) < 0)
		return r;
	if (s.len == 0)
		return err_set(err, ERR_INVALID, "the path is empty");
	absolute_path(&path, s);
	absolute_path(&start, from);
	size_t i = 0, common = 0;
	for (;; i++) {
		bool pend = i >= path.len || path.ptr[i] == '/',
		     send = i >= start.len || start.ptr[i] == '/';
		if (pend && send)
			common = i;
		if (i >= path.len || i >= start.len || path.ptr[i] != start.ptr[i])
			break;
	}
	for (size_t k = common; k + 1 < start.len; k++)
		if (start.ptr[k] == '/')
			strbuf_puts(&out, out.len ? "/.." : "..");
	size_t rest = common < path.len && path.ptr[common] == '/' ? common + 1 : common;
	if (rest < path.len) {
		if (out.len)
			strbuf_putc(&out, '/');
		strbuf_append(&out, path.ptr + rest, path.len - rest);
	}
	if (out.len == 0)
		strbuf_putc(&out, '.');
	*ret = give(c, &out);
	return 0;
}

FN(f_path_join)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct slice s;
	int r = 0;
	if (is_str(c->in)) {
		*ret = c->in;
		return 0;
	}
	if (!is_list(c->in) || c->in->list.len == 0)
		return type_error(err, "a string or a list of them is needed", c->in);
	for (size_t i = 0; i < c->in->list.len; i++) {
		if (!is_str(c->in->list.at[i]))
			return type_error(err, "only strings can be joined", c->in->list.at[i]);
		if ((r = text_of(c->ev, c->in->list.at[i], &s, err)) < 0 ||
		    (r = limit_text(b.len + s.len, err)) < 0)
			return r;
		if (s.len > 0 && s.ptr[0] == '/')
			strbuf_truncate(&b, 0);
		else if (b.len > 0 && b.ptr[b.len - 1] != '/')
			strbuf_putc(&b, '/');
		strbuf_slice_append(&b, s);
	}
	*ret = give(c, &b);
	return 0;
}

FN(f_normpath)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct slice s;
	int r = in_string(c, &s, err);
	if (r < 0)
		return r;
	path_normalize(&b, s);
	*ret = give(c, &b);
	return 0;
}

/* The longest folder that is above all of them. */
FN(f_commonpath)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	const struct value_list *list;
	int r = in_list(c, &list, err);
	if (r == 0 && list->len == 0)
		return err_set(err, ERR_INVALID, "there are no paths");
	for (size_t i = 0; r == 0 && i < list->len; i++) {
		CLEANUP(strbuf_release) struct strbuf path = {0};
		if (!is_str(list->at[i]))
			return type_error(err, "paths are needed", list->at[i]);
		path_normalize(&path, list->at[i]->str);
		if (i == 0) {
			strbuf_slice_append(&b, strbuf_slice(&path));
			continue;
		}
		if ((b.ptr[0] == '/') != (path.ptr[0] == '/'))
			return err_set(err, ERR_INVALID, "absolute and relative paths");
		size_t n = 0, end = 0;
		for (; n < b.len && n < path.len && b.ptr[n] == path.ptr[n]; n++)
			if (b.ptr[n] == '/')
				end = n ? n : 1;
		if ((n == b.len || b.ptr[n] == '/') && (n == path.len || path.ptr[n] == '/'))
			end = n;
		strbuf_truncate(&b, end);
	}
	if (r == 0)
		*ret = give(c, &b);
	return r;
}

FN(f_fileglob)
{
	struct slice s;
	glob_t g;
	int r = in_string(c, &s, err);
	if (r < 0)
		return r;
	struct value *out = list_new(c->ev);
	if (glob(arena_strndup(c->ev->arena, s.ptr, s.len), 0, NULL, &g) == 0) {
		for (size_t i = 0; i < g.gl_pathc; i++) {
			struct stat st;
			if (stat(g.gl_pathv[i], &st) == 0 && S_ISREG(st.st_mode))
				list_push(c->ev, out, value_cstr(c->ev->arena, g.gl_pathv[i]));
		}
		globfree(&g);
	}
	*ret = out;
	return 0;
}

const struct function filters_path[] = {
	{"basename", "", 0, 0, f_basename},	{"dirname", "", 0, 0, f_dirname},
	{"splitext", "", 0, 0, f_splitext},	{"expanduser", "", 0, 0, f_expanduser},
	{"expandvars", "", 0, 0, f_expandvars}, {"realpath", "", 0, 0, f_realpath},
	{"relpath", "start", 0, 0, f_relpath},	{"path_join", "", 0, 0, f_path_join},
	{"commonpath", "", 0, 0, f_commonpath}, {"normpath", "", 0, 0, f_normpath},
	{"fileglob", "", 0, 0, f_fileglob},	{0},
};
