/* Directories, links, removal and attributes in the overlay. */
#include "overlay.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <sys/stat.h>

#define RENAME_DEPTH_MAX 500u

void stat_apply(struct host_stat *st, const struct host_attr *attr)
{
	bool chowned = attr->uid >= 0 || attr->gid >= 0;
	if (attr->uid >= 0)
		st->uid = (uid_t)attr->uid;
	if (attr->gid >= 0)
		st->gid = (gid_t)attr->gid;
	if (attr->mode >= 0)
		st->mode = (mode_t)attr->mode;
	else if (chowned && st->type == HOST_FILE)
		st->mode &= st->mode & 010 ? ~06000u : ~04000u; /* as the kernel does */
	if (attr->mtime_ns >= 0)
		st->mtime_ns = attr->mtime_ns;
	if (attr->atime_ns >= 0)
		st->atime_ns = attr->atime_ns;
	st->ctime_ns = clock_realtime_us() * 1000;
}

static int fail(int code, const char *verb, const char *path, struct err *err)
{
	errno = code;
	return err_sys(err, "%s %s", verb, path);
}

/* A place for something new. */
static int find_new(struct overlay *o, struct arena *a, const char *verb, const char *path,
		    struct place *p, struct err *err)
{
	int r = overlay_find(o, a, path, false, p, err);
	return r < 0 ? r : overlay_need_parent(o, a, p, verb, err);
}

int overlay_mkdir(struct host *h, const char *path, const struct host_attr *attr, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct overlay *o = overlay_of(h);
	struct place p = {.path = "/"};
	int r = find_new(o, &a, "mkdir", path, &p, err);
	if (r < 0)
		return r;
	if (p.st.type != HOST_ABSENT)
		return fail(EEXIST, "mkdir", path, err);
	struct node *n = overlay_put(o, p.path, HOST_DIR);
	n->st.mode |= 0777 & ~process_umask();
	stat_apply(&n->st, attr);
	return 0;
}

int overlay_symlink(struct host *h, const char *target, const char *path, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct overlay *o = overlay_of(h);
	struct place p = {.path = "/"};
	int r = find_new(o, &a, "link", path, &p, err);
	if (r < 0)
		return r;
	if (p.st.type == HOST_DIR)
		return fail(EISDIR, "link", path, err);
	struct node *n = overlay_put(o, p.path, HOST_LINK);
	n->st.link_target = arena_strdup(&o->arena, target);
	n->st.size = strlen(target);
	return 0;
}

int overlay_link(struct host *h, const char *target, const char *path, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct overlay *o = overlay_of(h);
	struct place p = {.path = "/"}, from = {.path = "/"};
	int r = overlay_find(o, &a, target, false, &from, err);
	if (r == 0)
		r = find_new(o, &a, "link", path, &p, err);
	if (r < 0)
		return r;
	if (from.st.type == HOST_ABSENT)
		return fail(ENOENT, "link", path, err);
	if (from.st.type == HOST_DIR || p.st.type == HOST_DIR)
		return fail(p.st.type == HOST_DIR ? EISDIR : EPERM, "link", path, err);
	struct node *n = overlay_touch(o, &from);
	n->st.nlink++;
	/* Both names are one file from now on. */
	strmap_set(&o->nodes, slice_from(p.path), n);
	return 0;
}

static int is_empty_dir(struct overlay *o, struct arena *a, const char *path, bool *ret,
			struct err *err)
{
	struct host_names names = {0};
	int r = overlay_list(&o->base, a, path, &names, err);
	if (r == 0)
		*ret = names.len == 0;
	return r;
}

int overlay_remove(struct host *h, const char *path, bool recursive, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct overlay *o = overlay_of(h);
	struct place p = {.path = "/"};
	bool empty = true;
	if (path[0] != '/' || path[strspn(path, "/.")] == '\0')
		return err_set(err, ERR_INVALID, "refusing to remove '%s'", path);
	int r = overlay_find(o, &a, path, false, &p, err);
	if (r < 0 || p.st.type == HOST_ABSENT)
		return r;
	r = overlay_need_parent(o, &a, &p, "remove", err);
	if (r == 0 && p.st.type == HOST_DIR && !recursive)
		r = is_empty_dir(o, &a, path, &empty, err);
	if (r < 0)
		return r;
	if (!empty)
		return fail(ENOTEMPTY, "remove", path, err);
	overlay_put(o, p.path, HOST_ABSENT);
	return 0;
}

/* Copies what `from` is, with all below it, to `to`. */
static int move_tree(struct overlay *o, struct arena *a, const char *from, const char *to,
		     unsigned depth, struct err *err)
{
	struct place p = {.path = "/"};
	struct host_names names = {0};
	if (depth > RENAME_DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "rename %s: deeper than %u levels", from,
			       RENAME_DEPTH_MAX);
	int r = overlay_find(o, a, from, false, &p, err);
	if (r == 0 && p.st.type == HOST_DIR)
		r = overlay_list(&o->base, a, from, &names, err);
	if (r < 0)
		return r;
	struct node *n = ARENA_NEW(&o->arena, struct node);
	*n = *overlay_touch(o, &p);
	n->hides = true;
	strmap_set(&o->nodes, slice_from(to), n);
	for (size_t i = 0; r == 0 && i < names.len; i++)
		r = move_tree(o, a, arena_printf(a, "%s/%s", p.path, names.at[i]),
			      arena_printf(a, "%s/%s", to, names.at[i]), depth + 1, err);
	return r;
}

int overlay_rename(struct host *h, const char *from, const char *to, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct overlay *o = overlay_of(h);
	struct place source = {.path = "/"}, target = {.path = "/"};
	bool empty = true;
	int r = overlay_find(o, &a, from, false, &source, err);
	if (r == 0)
		r = overlay_may_change(&source, "rename", from, err);
	if (r == 0)
		r = find_new(o, &a, "rename", to, &target, err);
	if (r < 0)
		return r;
	if (source.st.type == HOST_ABSENT)
		return fail(ENOENT, "rename", from, err);
	if (target.st.type == HOST_DIR) {
		if (source.st.type != HOST_DIR)
			return fail(EISDIR, "rename", to, err);
		r = is_empty_dir(o, &a, to, &empty, err);
		if (r < 0 || !empty)
			return r < 0 ? r : fail(ENOTEMPTY, "rename", to, err);
	}
	if (strcmp(source.path, target.path) == 0)
		return 0;
	overlay_forget_below(o, target.path);
	r = move_tree(o, &a, source.path, target.path, 0, err);
	if (r == 0)
		overlay_put(o, source.path, HOST_ABSENT);
	return r;
}

int overlay_set_attr(struct host *h, const char *path, bool follow, const struct host_attr *attr,
		     struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct overlay *o = overlay_of(h);
	struct place p = {.path = "/"};
	int r = overlay_find(o, &a, path, follow, &p, err);
	if (r == 0)
		r = overlay_may_change(&p, "chmod", path, err);
	if (r < 0)
		return r;
	if (p.st.type == HOST_ABSENT)
		return o->why ? 0 : fail(ENOENT, "chmod", path, err);
	struct host_attr change = *attr;
	if (p.st.type == HOST_LINK)
		change.mode = -1; /* it has none of its own */
	stat_apply(&overlay_touch(o, &p)->st, &change);
	return 0;
}
