/* What a host has, beside what the controller has. */
#include "pull.h"
#include "rollout/base/file.h"

#include <unistd.h>

#define DEPTH_MAX 100u

void pull_note(struct pull *p, const char *what, const char *path)
{
	p->changed = true;
	value_list_push(p->a, p->lines, value_fmt(p->a, "%s %s", what, path));
}

const char *pull_place(const struct pull *p, const struct manifest_entry *e)
{
	return p->new_name ? p->new_name : e->path;
}

/* ---- attributes ---- */

static bool same_time(const struct stat *st, int64_t ns)
{
	struct timespec t = pull_time(ns);
	return st->st_mtim.tv_sec == t.tv_sec && st->st_mtim.tv_nsec == t.tv_nsec;
}

/* A folder's time has moved with what is in it: that is not worth a line. */
static int set_attributes(struct pull *p, const char *path, const struct manifest_entry *e,
			  struct err *err)
{
	struct stat st;
	struct timespec time = pull_time(e->mtime_ns);
	if (!beneath_stat(p->root, path, &st) || S_ISLNK(st.st_mode) ||
	    S_ISDIR(st.st_mode) != (e->type == MANIFEST_DIR))
		return 0;
	bool mode = p->perms && (st.st_mode & 07777) != e->mode;
	bool times = p->times && !same_time(&st, e->mtime_ns);
	if (!mode && !times)
		return 0;
	if (!S_ISDIR(st.st_mode) || !p->changed)
		pull_note(p, "attributes", strcmp(path, ".") == 0 ? "./" : path);
	return p->check_mode ? 0
			     : beneath_set(p->root, path, mode ? (int)e->mode : -1,
					   times ? &time : NULL, err);
}

mode_t pull_mode_of_new(const struct manifest_entry *e)
{
	return e->mode & 0777 & ~process_umask();
}

/* ---- entries ---- */

static int make_way(struct pull *p, const char *path, const struct stat *st, struct err *err)
{
	if (!S_ISDIR(st->st_mode))
		return 0;
	if (!p->deletes)
		return err_set(err, ERR_INVALID, "%s/%s is a folder, and on the host it is none",
			       p->dest, path);
	pull_note(p, "deleting", path);
	return p->check_mode ? 0 : beneath_remove(p->root, path, err);
}

/* A link in its place would lead out of dest. */
static int put_folder(struct pull *p, const struct manifest_entry *e, struct err *err)
{
	struct stat st;
	bool there = beneath_stat(p->root, e->path, &st);
	int r = 0;
	if ((there && S_ISDIR(st.st_mode)) || (!there && p->existing_only))
		return 0;
	if (there && !p->check_mode)
		r = beneath_remove(p->root, e->path, err);
	if (r == 0 && !p->check_mode)
		r = beneath_mkdir(p->root, e->path, pull_mode_of_new(e) | 0700, err);
	if (r == 0)
		pull_note(p, "folder", e->path);
	return r;
}

static bool leads_to(int root, const char *path, const char *target)
{
	CLEANUP(beneath_leave) struct beneath b = {.dir = -1};
	char now[PATH_MAX];
	if (beneath_enter(root, path, &b, NULL) < 0)
		return false;
	ssize_t n = readlinkat(b.dir, b.name, now, sizeof(now));
	return n >= 0 && (size_t)n == strlen(target) && memcmp(now, target, (size_t)n) == 0;
}

static int put_link(struct pull *p, const struct manifest_entry *e, struct err *err)
{
	const char *path = pull_place(p, e);
	struct stat st;
	bool there = beneath_stat(p->root, path, &st);
	if (!there && p->existing_only)
		return 0;
	if (there && S_ISLNK(st.st_mode) && leads_to(p->root, path, e->target))
		return 0;
	int r = there ? make_way(p, path, &st, err) : 0;
	if (r == 0 && !p->check_mode)
		r = beneath_symlink(p->root, path, e->target, err);
	if (r == 0)
		pull_note(p, "link", path);
	return r;
}

static bool is_same(const struct pull *p, const struct manifest_entry *e)
{
	char hex[DIGEST_HEX_MAX];
	struct stat st;
	CLEANUP(fd_close) int fd = beneath_open(p->root, pull_place(p, e));
	return fd >= 0 && e->sha256 && fstat(fd, &st) == 0 && (uint64_t)st.st_size == e->size &&
	       digest_fd(DIGEST_SHA256, fd, hex, NULL) == 0 && strcmp(hex, e->sha256) == 0;
}

static void want(struct pull *p, struct manifest_entry *e)
{
	struct value *w = value_dict_new(p->a);
	value_dict_put(p->a, w, "path", value_cstr(p->a, e->path));
	value_dict_put(p->a, w, "size", value_int(p->a, (int64_t)e->size));
	value_list_push(p->a, p->wanted, w);
	p->missing += e->size;
	e->wanted = true;
}

static int put_file(struct pull *p, struct manifest_entry *e, struct err *err)
{
	const char *path = pull_place(p, e);
	struct stat st;
	bool there = beneath_stat(p->root, path, &st);
	if (!there && p->existing_only)
		return 0;
	if (is_same(p, e))
		return set_attributes(p, path, e, err);
	int r = there ? make_way(p, path, &st, err) : 0;
	if (r < 0)
		return r;
	want(p, e);
	e->line = p->lines->list.len;
	pull_note(p, "file", path);
	return 0;
}

int pull_compare(struct pull *p, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < p->manifest.len; i++) {
		struct manifest_entry *e = &p->manifest.at[i];
		if (e->type == MANIFEST_DIR)
			r = put_folder(p, e, err);
		else if (e->type == MANIFEST_LINK)
			r = put_link(p, e, err);
		else if (e->type == MANIFEST_FILE)
			r = put_file(p, e, err);
	}
	return r;
}

/* ---- what src does not have ---- */

static int remove_others(struct pull *p, const char *rel, unsigned depth, bool *ret_kept,
			 struct err *err);

/* A folder with something excluded in it stays. */
static int remove_other(struct pull *p, const char *path, bool dir, unsigned depth, bool *ret_kept,
			struct err *err)
{
	bool holds = false;
	int r = dir && p->excludes.len ? remove_others(p, path, depth + 1, &holds, err) : 0;
	if (r < 0 || holds) {
		*ret_kept = true;
		return r;
	}
	pull_note(p, "deleting", path);
	return p->check_mode ? 0 : beneath_remove(p->root, path, err);
}

static int look_at(struct pull *p, const char *path, unsigned depth, bool *ret_kept,
		   struct err *err)
{
	const struct manifest_entry *e = manifest_find(&p->manifest, path);
	struct stat st;
	if (!beneath_stat(p->root, path, &st))
		return 0;
	bool dir = S_ISDIR(st.st_mode);
	if (excludes_match(&p->excludes, path, dir)) {
		*ret_kept = true;
		return 0;
	}
	if (!e)
		return remove_other(p, path, dir, depth, ret_kept, err);
	/* In check mode a folder that makes way is still there. */
	return dir && p->recursive && e->type == MANIFEST_DIR
		       ? remove_others(p, path, depth + 1, ret_kept, err)
		       : 0;
}

static int remove_others(struct pull *p, const char *rel, unsigned depth, bool *ret_kept,
			 struct err *err)
{
	CLEANUP(beneath_names_release) beneath_names names = {0};
	if (depth > DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "%s: deeper than %u levels", p->dest, DEPTH_MAX);
	int r = beneath_list(p->root, rel, &names, err);
	for (size_t i = 0; r == 0 && i < names.len; i++) {
		const char *path = *rel ? arena_printf(p->a, "%s/%s", rel, names.at[i])
					: arena_strdup(p->a, names.at[i]);
		r = look_at(p, path, depth, ret_kept, err);
	}
	return r;
}

static int delete_others(struct pull *p, struct err *err)
{
	struct stat st;
	bool kept = false;
	if (!p->deletes || p->root < 0 || p->manifest.root.type != MANIFEST_DIR)
		return 0;
	if (!p->name)
		return remove_others(p, "", 0, &kept, err);
	if (!p->recursive || !manifest_find(&p->manifest, p->name) ||
	    !beneath_stat(p->root, p->name, &st) || !S_ISDIR(st.st_mode))
		return 0;
	return remove_others(p, p->name, 0, &kept, err);
}

/* Folders last, and the inner ones first: what is made in one moves its time. */
int pull_settle(struct pull *p, struct err *err)
{
	int r = delete_others(p, err);
	for (size_t i = p->manifest.len; r == 0 && i-- > 0;)
		if (p->manifest.at[i].type == MANIFEST_DIR)
			r = set_attributes(p, p->manifest.at[i].path, &p->manifest.at[i], err);
	if (r == 0 && !p->name)
		r = set_attributes(p, ".", &p->manifest.root, err);
	return r;
}
