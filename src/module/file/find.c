#include "../call.h"
#include "../path/file_search.h"
#include "../path/path_state.h"
#include "../regex.h"
#include "rollout/base/clock.h"
#include "rollout/base/vec.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>

#define FIND_DEPTH_MAX 500
#define CONTAINS_MAX (64u << 20)

static const char *const path_aliases[] = {"name", "path", NULL};
static const char *const pattern_aliases[] = {"pattern", NULL};
static const char *const exclude_aliases[] = {"exclude", NULL};
static const char *const types[] = {"file", "directory", "link", "any", NULL};
static const char *const stamps[] = {"atime", "ctime", "mtime", NULL};

static const struct module_param params[] = {
	{.name = "paths",
	 .type = MODULE_LIST,
	 .element = MODULE_PATH,
	 .required = true,
	 .aliases = path_aliases,
	 .doc = "Folders to look in."},
	{.name = "patterns",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .aliases = pattern_aliases,
	 .doc = "Names to find: globs, or with use_regex regular expressions."},
	{.name = "excludes",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .aliases = exclude_aliases,
	 .doc = "Names to leave out."},
	{.name = "use_regex",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Patterns are regular expressions."},
	{.name = "file_type",
	 .type = MODULE_STR,
	 .fallback = "file",
	 .choices = types,
	 .doc = "What is found."},
	{.name = "recurse",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Looks in the folders below."},
	{.name = "depth", .type = MODULE_INT, .doc = "How many levels, with recurse."},
	{.name = "hidden",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Finds names that begin with a dot."},
	{.name = "follow",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Follows links to folders."},
	{.name = "age",
	 .type = MODULE_STR,
	 .doc = "At least this old (1w, 2d, 3h, 4m, 5s); with a minus at most."},
	{.name = "age_stamp",
	 .type = MODULE_STR,
	 .fallback = "mtime",
	 .choices = stamps,
	 .doc = "Which time age means."},
	{.name = "size",
	 .type = MODULE_STR,
	 .doc = "At least this large (1k, 2m, 3g); with a minus at most."},
	{.name = "contains",
	 .type = MODULE_STR,
	 .doc = "A line must match this regular expression from its start."},
	{.name = "read_whole_file",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "contains is looked for in the whole text, anywhere."},
	{.name = "get_checksum",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Returns SHA-1 checksums."},
	{0},
};

/* "-3d" in units; ok false: not such a thing. */
static bool parse_amount(const char *text, const char *units, const int64_t *factors, int64_t *ret)
{
	char *end;
	long long n = strtoll(text, &end, 10);
	if (end == text)
		return false;
	const char *unit = *end ? strchr(units, *end | 0x20) : units;
	if (!unit || (*end && end[1] && end[1] != 'b'))
		return false;
	return !__builtin_mul_overflow((int64_t)n, *end ? factors[unit - units] : 1, ret) &&
	       *ret != INT64_MIN;
}

struct search {
	struct module_call *call;
	VEC(struct regex *) patterns, excludes;
	struct regex *contains;
	bool has_age, has_size;
	int64_t age_s, size, now_s;
	struct value *files, *skipped;
	int64_t examined;
};

static void search_release(struct search *s)
{
	for (size_t i = 0; i < s->patterns.len; i++)
		regex_free(s->patterns.at[i]);
	for (size_t i = 0; i < s->excludes.len; i++)
		regex_free(s->excludes.at[i]);
	regex_free(s->contains);
	vec_release(&s->patterns);
	vec_release(&s->excludes);
}

static bool name_in(struct search *s, const char *param, const char *name)
{
	const char *const *list = arg_list(s->call, param, NULL);
	bool exclude = strcmp(param, "excludes") == 0;
	struct slice text = slice_from(name);
	if (!arg_bool(s->call, "use_regex")) {
		for (; list && *list; list++)
			if (fnmatch(*list, name, 0) == 0)
				return true;
		return false;
	}
	size_t count = exclude ? s->excludes.len : s->patterns.len;
	for (size_t i = 0; i < count; i++) {
		struct regex *re = exclude ? s->excludes.at[i] : s->patterns.at[i];
		/* As re.match: from the start. */
		if (regex_search(re, text, 0, NULL) > 0 && regex_group_text(re, 0).ptr == name)
			return true;
	}
	return false;
}

static bool is_type(struct search *s, const struct host_stat *st)
{
	const char *type = arg_str(s->call, "file_type");
	return strcmp(type, "any") == 0 || (strcmp(type, "file") == 0 && st->type == HOST_FILE) ||
	       (strcmp(type, "directory") == 0 && st->type == HOST_DIR) ||
	       (strcmp(type, "link") == 0 && st->type == HOST_LINK);
}

static bool at_least(int64_t value, int64_t limit)
{
	return limit >= 0 ? value >= limit : value <= -limit;
}

static bool is_of_age_and_size(struct search *s, const struct host_stat *st)
{
	const char *stamp = arg_str(s->call, "age_stamp");
	int64_t ns = stamp[0] == 'a' ? st->atime_ns : stamp[0] == 'c' ? st->ctime_ns : st->mtime_ns;
	if (s->has_age && !at_least(s->now_s - ns / 1000000000, s->age_s))
		return false;
	return !s->has_size || at_least((int64_t)st->size, s->size);
}

/* As re.match. */
static bool is_in_a_line(void *ctx, struct slice rest)
{
	const struct search *s = ctx;
	struct slice line = {0};
	while (slice_split(&rest, '\n', &line))
		if (regex_search(s->contains, line, 0, NULL) > 0 &&
		    regex_group_text(s->contains, 0).ptr == line.ptr)
			return true;
	return false;
}

/* As re.search. */
static bool is_in_the_whole(const struct search *s, const char *path)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct host *h = s->call->host;
	return h->ops->read(h, path, CONTAINS_MAX, &text, NULL) == 0 &&
	       regex_search(s->contains, strbuf_slice(&text), 0, NULL) > 0;
}

static bool has_content(struct search *s, const char *path)
{
	const struct file_search lines = {s, is_in_a_line};
	bool found = false;
	if (!s->contains)
		return true;
	if (arg_bool(s->call, "read_whole_file"))
		return is_in_the_whole(s, path);
	return file_search(s->call, path, &lines, &found, NULL) == 0 && found;
}

static void put_bits(struct arena *a, struct value *f, const struct host_stat *st)
{
	const struct {
		const char *key;
		bool is;
	} bits[] = {
		{"rusr", st->mode & 0400},
		{"wusr", st->mode & 0200},
		{"xusr", st->mode & 0100},
		{"rgrp", st->mode & 040},
		{"wgrp", st->mode & 020},
		{"xgrp", st->mode & 010},
		{"roth", st->mode & 04},
		{"woth", st->mode & 02},
		{"xoth", st->mode & 01},
		{"isuid", st->mode & 04000},
		{"isgid", st->mode & 02000},
		{"isfifo", st->type == HOST_FIFO},
		{"issock", st->type == HOST_SOCKET},
		{"ischr", st->type == HOST_CHARDEV},
		{"isblk", st->type == HOST_BLOCKDEV},
	};
	for (size_t i = 0; i < ARRAY_LEN(bits); i++)
		value_dict_put(a, f, bits[i].key, value_bool(bits[i].is));
}

static void add(struct search *s, const char *path, const struct host_stat *st)
{
	struct arena *a = s->call->arena;
	struct value *f = value_dict_new(a);
	char hex[DIGEST_HEX_MAX];
	const char *owner = path_owner_name(s->call, st->uid);
	const char *group = path_group_name(s->call, st->gid);
	value_dict_put(a, f, "path", value_cstr(a, path));
	value_dict_put(a, f, "mode", value_fmt(a, "%04o", st->mode));
	value_dict_put(a, f, "isdir", value_bool(st->type == HOST_DIR));
	value_dict_put(a, f, "isreg", value_bool(st->type == HOST_FILE));
	value_dict_put(a, f, "islnk", value_bool(st->type == HOST_LINK));
	const struct {
		const char *key;
		int64_t n;
	} numbers[] = {
		{"uid", st->uid},
		{"gid", st->gid},
		{"size", (int64_t)st->size},
		{"inode", (int64_t)st->inode},
		{"dev", (int64_t)st->device},
		{"nlink", (int64_t)st->nlink},
	};
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		value_dict_put(a, f, numbers[i].key, value_int(a, numbers[i].n));
	put_bits(a, f, st);
	value_dict_put(a, f, "atime", value_float(a, (double)st->atime_ns / 1e9));
	value_dict_put(a, f, "mtime", value_float(a, (double)st->mtime_ns / 1e9));
	value_dict_put(a, f, "ctime", value_float(a, (double)st->ctime_ns / 1e9));
	value_dict_put(a, f, "pw_name", owner ? value_cstr(a, owner) : value_cstr(a, ""));
	value_dict_put(a, f, "gr_name", group ? value_cstr(a, group) : value_cstr(a, ""));
	if (st->type == HOST_FILE && arg_bool(s->call, "get_checksum") &&
	    s->call->host->ops->digest(s->call->host, path, DIGEST_SHA1, hex, NULL) == 0)
		value_dict_put(a, f, "checksum", value_cstr(a, hex));
	value_list_push(a, s->files, f);
}

static int look_in(struct search *s, const char *dir, int64_t level, struct err *err);

static bool is_wanted(struct search *s, const char *name, const char *path,
		      const struct host_stat *st)
{
	size_t patterns = 0;
	arg_list(s->call, "patterns", &patterns);
	return is_type(s, st) && (patterns == 0 || name_in(s, "patterns", name)) &&
	       !name_in(s, "excludes", name) && is_of_age_and_size(s, st) &&
	       (st->type != HOST_FILE || has_content(s, path));
}

/* A folder that is not ours to read, or that has gone, is no reason not to look at
 * the others. */
static int look_below(struct search *s, const char *dir, int64_t level, struct err *err)
{
	struct err e = {0};
	int r = look_in(s, dir, level, &e);
	bool forbidden = r == ERR_SYS && (e.sys == EACCES || e.sys == EPERM);
	if (forbidden)
		value_dict_put(s->call->arena, s->skipped, dir, value_cstr(s->call->arena, e.msg));
	if (r == 0 || forbidden || r == ERR_NOT_FOUND)
		return 0;
	if (err)
		*err = e;
	return r;
}

static int look_in(struct search *s, const char *dir, int64_t level, struct err *err)
{
	struct module_call *call = s->call;
	struct host_names names = {0};
	struct host_stat st = {0};
	int64_t depth = arg_int(call, "depth", FIND_DEPTH_MAX);
	int r = call->host->ops->list(call->host, call->arena, dir, &names, err);
	for (size_t i = 0; r == 0 && i < names.len; i++) {
		const char *path = path_below(call, dir, names.at[i]);
		s->examined++;
		if (names.at[i][0] == '.' && !arg_bool(call, "hidden"))
			continue;
		r = call->host->ops->stat(call->host, call->arena, path, false, &st, err);
		if (r < 0)
			return r;
		if (st.type == HOST_ABSENT) /* it has gone meanwhile */
			continue;
		if (is_wanted(s, names.at[i], path, &st))
			add(s, path, &st);
		if (st.type == HOST_LINK && arg_bool(call, "follow"))
			r = call->host->ops->stat(call->host, call->arena, path, true, &st, err);
		if (r == 0 && st.type == HOST_DIR && arg_bool(call, "recurse") && level < depth &&
		    level < FIND_DEPTH_MAX)
			r = look_below(s, path, level + 1, err);
	}
	return r;
}

static int compile_names(struct search *s, struct err *err)
{
	int r = 0;
	if (!arg_bool(s->call, "use_regex"))
		return 0;
	const char *const *list = arg_list(s->call, "patterns", NULL);
	struct regex *re;
	for (; r == 0 && list && *list; list++) {
		r = regex_compile("patterns", slice_from(*list), 0, &re, err);
		if (r == 0)
			vec_push(&s->patterns, re);
	}
	list = arg_list(s->call, "excludes", NULL);
	for (; r == 0 && list && *list; list++) {
		r = regex_compile("excludes", slice_from(*list), 0, &re, err);
		if (r == 0)
			vec_push(&s->excludes, re);
	}
	return r;
}

static int prepare(struct search *s, struct err *err)
{
	static const int64_t seconds[] = {1, 60, 3600, 86400, 604800};
	static const int64_t bytes[] = {1, 1024, 1048576, 1073741824, 1099511627776};
	const char *age = arg_str(s->call, "age"), *size = arg_str(s->call, "size");
	s->has_age = age != NULL;
	s->has_size = size != NULL;
	if (age && !parse_amount(age, "smhdw", seconds, &s->age_s))
		return err_set(err, ERR_INVALID, "age '%s' is not like 3d", age);
	if (size && !parse_amount(size, "bkmgt", bytes, &s->size))
		return err_set(err, ERR_INVALID, "size '%s' is not like 10m", size);
	int r = compile_names(s, err);
	if (r == 0 && arg_has(s->call, "contains"))
		r = regex_compile("contains", arg_slice(s->call, "contains"), 0, &s->contains, err);
	return r;
}

static int run(struct module_call *call, struct err *err)
{
	CLEANUP(search_release) struct search s = {.call = call};
	s.skipped = value_dict_new(call->arena);
	s.files = value_list_new(call->arena);
	s.now_s = clock_realtime_us() / 1000000;
	int r = prepare(&s, err);
	if (r < 0)
		return r;
	for (const char *const *p = arg_list(call, "paths", NULL); p && *p; p++) {
		struct err e = {0};
		const char *dir = call_absolute_path(call, NULL, *p);
		struct host_stat st = {0};
		r = call->host->ops->stat(call->host, call->arena, dir, true, &st, &e);
		if (r == 0 && st.type != HOST_DIR)
			r = err_set(&e, ERR_INVALID, "'%s' is not a directory", dir);
		if (r < 0 || look_in(&s, dir, 1, &e) < 0)
			value_dict_put(call->arena, s.skipped, dir, value_cstr(call->arena, e.msg));
	}
	result_put(call, "files", s.files);
	result_put_int(call, "matched", (int64_t)s.files->list.len);
	result_put_int(call, "examined", s.examined);
	result_put(call, "skipped_paths", s.skipped);
	result_put_str(call, "msg",
		       s.skipped->dict.len ? "Not all paths examined, check warnings for details"
					   : "All paths examined");
	return 0;
}

const struct module module_find_files = {
	.name = "find",
	.full_name = "ansible.builtin.find",
	.doc = "Finds files by name, age, size and content.",
	.params = params,
	.run = run,
};
