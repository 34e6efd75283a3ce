/* Paths of Windows: win_basename, win_dirname, win_splitdrive (Python's ntpath). */
#include "../filter.h"

static bool is_separator(char c)
{
	return c == '\\' || c == '/';
}

/* "C:", or "\\host\share". */
static size_t drive_length(struct slice s)
{
	if (s.len >= 2 && s.ptr[1] == ':')
		return 2;
	if (s.len < 3 || !is_separator(s.ptr[0]) || !is_separator(s.ptr[1]) ||
	    is_separator(s.ptr[2]))
		return 0;
	size_t i = 2;
	while (i < s.len && !is_separator(s.ptr[i]))
		i++;
	if (i == s.len || (i + 1 < s.len && is_separator(s.ptr[i + 1])))
		return 0;
	for (i++; i < s.len && !is_separator(s.ptr[i]);)
		i++;
	return i;
}

static int split(struct call *c, struct slice *ret_dir, struct slice *ret_base, struct err *err)
{
	struct slice s;
	int r = in_string(c, &s, err);
	if (r < 0)
		return r;
	size_t drive = drive_length(s), at = s.len;
	while (at > drive && !is_separator(s.ptr[at - 1]))
		at--;
	*ret_base = (struct slice){s.ptr + at, s.len - at};
	size_t end = at;
	while (end > drive && is_separator(s.ptr[end - 1]))
		end--;
	*ret_dir = (struct slice){s.ptr, end > drive ? end : at};
	return 0;
}

FN(f_win_basename)
{
	struct slice dir, base;
	int r = split(c, &dir, &base, err);
	if (r == 0)
		*ret = str_new(c->ev, base);
	return r;
}
FN(f_win_dirname)
{
	struct slice dir, base;
	int r = split(c, &dir, &base, err);
	if (r == 0)
		*ret = str_new(c->ev, dir);
	return r;
}
FN(f_win_splitdrive)
{
	struct slice s;
	int r = in_string(c, &s, err);
	if (r < 0)
		return r;
	size_t n = drive_length(s);
	*ret = pair_new(c->ev, str_new(c->ev, (struct slice){s.ptr, n}),
			str_new(c->ev, (struct slice){s.ptr + n, s.len - n}));
	return 0;
}

const struct function filters_path_windows[] = {
	{"win_basename", "", 0, 0, f_win_basename},
	{"win_dirname", "", 0, 0, f_win_dirname},
	{"win_splitdrive", "", 0, 0, f_win_splitdrive},
	{0},
};
