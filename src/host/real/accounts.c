/* Users and groups: the files, then getent. A static program cannot ask the
 * name service itself. */
#include "../tool.h"
#include "real.h"
#include "rollout/base/file.h"
#include "rollout/base/vec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ACCOUNTS_MAX_BYTES (16u << 20)
#define PASSWD_FIELDS 7u
#define GROUP_FIELDS 4u
#define SHADOW_FIELDS 2u

/* What line is wanted: field 0 by name, or field 2 by number. */
struct wanted {
	const char *name; /* NULL: by id */
	uint32_t id;
};

/* The first `want` fields of "a:b:c"; false when there are fewer. */
static bool split_fields(struct slice line, struct slice *fields, size_t want)
{
	for (size_t i = 0; i < want; i++)
		if (!slice_split(&line, ':', &fields[i]))
			return false;
	return true;
}

static bool parse_id(struct slice s, uint32_t *ret)
{
	uint64_t n = 0;
	if (!s.len || s.len > 10)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(s.ptr[i] - '0');
	}
	*ret = (uint32_t)n;
	return n <= UINT32_MAX;
}

static bool is_wanted(const struct wanted *w, const struct slice *fields)
{
	uint32_t id;
	if (w->name)
		return slice_is(fields[0], w->name);
	return parse_id(fields[2], &id) && id == w->id;
}

static bool find_line(struct slice text, const struct wanted *w, struct slice *fields, size_t count)
{
	struct slice line = {0};
	while (slice_split(&text, '\n', &line))
		if (split_fields(line, fields, count) && is_wanted(w, fields))
			return true;
	return false;
}

/* A file that is not there, or not ours to read, is empty. */
static int read_accounts(const char *path, struct strbuf *out, struct err *err)
{
	struct err e = {0};
	int r = file_read(path, ACCOUNTS_MAX_BYTES, out, &e);
	if (r == ERR_SYS && (e.sys == ENOENT || e.sys == EACCES))
		return 0;
	if (r < 0 && err)
		*err = e;
	return r;
}

static int ask_getent(struct host *h, const char *database, const struct wanted *w,
		      struct strbuf *out, struct err *err)
{
	CLEANUP(host_command_result_release) struct host_command_result result = {0};
	char id[16];
	snprintf(id, sizeof(id), "%u", w->id);
	/* "--": a name from a user's file may begin with a dash. */
	const char *argv[] = {"getent", "--", database, w->name ? w->name : id, NULL};
	struct err e = {0};
	int r = tool_run(h, TOOL_PROBE, &(struct tool){.argv = argv}, &result, &e);
	if (r == ERR_NOT_FOUND)
		return 0; /* no getent: the files are all there is */
	if (r < 0) {
		if (err)
			*err = e;
		return r;
	}
	if (result.exit_code == 0)
		strbuf_slice_append(out, strbuf_slice(&result.out));
	return 0;
}

/* *text holds what the fields point to. 1 found, 0 not. */
static int look_up(struct host *h, const char *database, const struct wanted *w,
		   struct strbuf *text, struct slice *fields, size_t count, struct err *err)
{
	const struct real_paths *p = &real_of(h)->paths;
	bool is_passwd = strcmp(database, "passwd") == 0;
	int r = read_accounts(is_passwd ? p->passwd : p->group, text, err);
	if (r < 0)
		return r;
	if (find_line(strbuf_slice(text), w, fields, count))
		return 1;
	strbuf_truncate(text, 0);
	r = ask_getent(h, database, w, text, err);
	return r < 0 ? r : find_line(strbuf_slice(text), w, fields, count);
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool list_has(struct slice list, const char *name)
{
	struct slice item = {0};
	while (slice_split(&list, ',', &item))
		if (slice_is(slice_trim(item), name))
			return true;
	return false;
}

/* The groups that name the user as a member; not the primary one. */
static int supplementary(struct host *h, struct arena *a, struct host_user *u, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct slice line, f[GROUP_FIELDS];
	uint32_t gid;
	VEC(const char *) names = {0};
	int r = read_accounts(real_of(h)->paths.group, &text, err);
	if (r < 0)
		return r;
	struct slice rest = strbuf_slice(&text);
	while (slice_split(&rest, '\n', &line)) {
		if (!split_fields(line, f, GROUP_FIELDS) || !parse_id(f[2], &gid))
			continue;
		if (gid != u->gid && list_has(f[3], u->name))
			vec_push(&names, arena_strndup(a, f[0].ptr, f[0].len));
	}
	if (names.len)
		qsort(names.at, names.len, sizeof(*names.at), compare_strings);
	vec_push(&names, NULL);
	u->groups = arena_copy(a, names.at, names.len * sizeof(*names.at));
	vec_release(&names);
	return 0;
}

static int password_hash(struct host *h, struct arena *a, struct host_user *u, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	struct slice f[SHADOW_FIELDS];
	int r = read_accounts(real_of(h)->paths.shadow, &text, err);
	if (r < 0)
		return r;
	struct wanted w = {.name = u->name};
	if (find_line(strbuf_slice(&text), &w, f, SHADOW_FIELDS))
		u->password_hash = arena_strndup(a, f[1].ptr, f[1].len);
	return 0;
}

static int user_find(struct host *h, struct arena *a, const struct wanted *w, struct host_user *ret,
		     struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct slice f[PASSWD_FIELDS];
	uint32_t uid, gid;
	struct host_user u = {0};
	int r = look_up(h, "passwd", w, &text, f, PASSWD_FIELDS, err);
	if (r < 0)
		return r;
	if (r == 0 || !parse_id(f[2], &uid) || !parse_id(f[3], &gid)) {
		*ret = u;
		return 0;
	}
	u.exists = true;
	u.name = arena_strndup(a, f[0].ptr, f[0].len);
	u.uid = uid;
	u.gid = gid;
	u.gecos = arena_strndup(a, f[4].ptr, f[4].len);
	u.home = arena_strndup(a, f[5].ptr, f[5].len);
	u.shell = arena_strndup(a, f[6].ptr, f[6].len);
	r = supplementary(h, a, &u, err);
	if (r == 0)
		r = password_hash(h, a, &u, err);
	if (r == 0)
		*ret = u;
	return r;
}

int real_user(struct host *h, struct arena *a, const char *name, struct host_user *ret,
	      struct err *err)
{
	return user_find(h, a, &(struct wanted){.name = name}, ret, err);
}

int real_user_by_id(struct host *h, struct arena *a, uid_t uid, struct host_user *ret,
		    struct err *err)
{
	return user_find(h, a, &(struct wanted){.id = uid}, ret, err);
}

static int group_find(struct host *h, struct arena *a, const struct wanted *w,
		      struct host_group *ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct slice f[GROUP_FIELDS];
	uint32_t gid;
	int r = look_up(h, "group", w, &text, f, GROUP_FIELDS, err);
	if (r < 0)
		return r;
	*ret = (struct host_group){0};
	if (r == 0 || !parse_id(f[2], &gid))
		return 0;
	*ret = (struct host_group){true, arena_strndup(a, f[0].ptr, f[0].len), gid, false};
	return 0;
}

int real_group(struct host *h, struct arena *a, const char *name, struct host_group *ret,
	       struct err *err)
{
	return group_find(h, a, &(struct wanted){.name = name}, ret, err);
}

int real_group_by_id(struct host *h, struct arena *a, gid_t gid, struct host_group *ret,
		     struct err *err)
{
	return group_find(h, a, &(struct wanted){.id = gid}, ret, err);
}
