/* From a path to what is there: nodes over the machine, links followed. */
#include "overlay.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <unistd.h>

enum { FOLLOW = 1, NOTE_STRANGERS = 2 };

bool overlay_is_hidden(const struct overlay *o, const char *canonical)
{
	size_t len = strlen(canonical);
	for (size_t i = 1; i < len; i++) {
		if (canonical[i] != '/')
			continue;
		const struct node *n = strmap_get(&o->nodes, (struct slice){canonical, i});
		if (n && n->hides)
			return true;
	}
	return false;
}

/* One canonical path, no link followed. */
static int look(struct overlay *o, struct arena *a, struct place *p, struct err *err)
{
	p->node = strmap_get(&o->nodes, slice_from(p->path));
	p->st = (struct host_stat){.type = HOST_ABSENT};
	if (p->node) {
		p->st = p->node->st;
		return 0;
	}
	if (overlay_is_hidden(o, p->path))
		return 0;
	return o->under->ops->stat(o->under, a, p->path, false, &p->st, err);
}

/* The next name of *rest, empty ones and "." left out; false at the end. */
static bool next_name(struct slice *rest, struct slice *name)
{
	while (slice_split(rest, '/', name))
		if (name->len && !slice_is(*name, "."))
			return true;
	return false;
}

static bool more_names(struct slice rest)
{
	struct slice name = {0};
	return next_name(&rest, &name);
}

static const char *step(struct arena *a, const char *at, struct slice name)
{
	if (slice_is(name, "..")) {
		const char *slash = strrchr(at, '/');
		return slash && slash != at ? arena_strndup(a, at, (size_t)(slash - at)) : "/";
	}
	return arena_printf(a, "%s/%.*s", strcmp(at, "/") == 0 ? "" : at, SLICE_ARG(name));
}

static int find(struct overlay *o, struct arena *a, const char *path, unsigned how,
		struct place *ret, struct err *err);

/* Of a link in the middle of a path: does root go through it, to change something? */
static int note_stranger(struct overlay *o, struct arena *a, struct place *p, struct err *err)
{
	struct place end = {.path = "/"};
	if (p->stranger || geteuid() != 0 || p->st.uid == 0)
		return 0;
	int r = find(o, a, p->path, FOLLOW, &end, err);
	if (r == 0 && end.st.type != HOST_ABSENT && end.st.uid != p->st.uid)
		p->stranger = arena_printf(a,
					   "in it '%.*s' is a symbolic link that user %u has made "
					   "to %s, which is not theirs: not followed",
					   SLICE_ARG(path_basename(p->path)), p->st.uid,
					   p->st.link_target);
	return r;
}

int overlay_may_change(const struct place *p, const char *verb, const char *path, struct err *err)
{
	return p->stranger ? err_set(err, ERR_INVALID, "%s %s: %s", verb, path, p->stranger) : 0;
}

int overlay_find(struct overlay *o, struct arena *a, const char *path, bool follow,
		 struct place *ret, struct err *err)
{
	return find(o, a, path, NOTE_STRANGERS | (follow ? FOLLOW : 0), ret, err);
}

static int find(struct overlay *o, struct arena *a, const char *path, unsigned how,
		struct place *ret, struct err *err)
{
	struct place p = {.path = "/"};
	struct slice rest = slice_from(path), name;
	int links = 0;
	int r = look(o, a, &p, err);
	while (r == 0 && next_name(&rest, &name)) {
		const char *before = p.path;
		p.path = step(a, p.path, name);
		r = look(o, a, &p, err);
		if (r < 0)
			return r;
		bool last = !more_names(rest);
		if (p.st.type == HOST_LINK && (!last || how & FOLLOW)) {
			if (!last && how & NOTE_STRANGERS)
				r = note_stranger(o, a, &p, err);
			if (r < 0)
				return r;
			if (++links > OVERLAY_LINKS_MAX) {
				errno = ELOOP;
				return err_sys(err, "stat %s", path);
			}
			const char *target = p.st.link_target;
			rest = slice_from(arena_printf(a, "%s/%.*s", target, (int)rest.len,
						       rest.ptr ? rest.ptr : ""));
			p.path = target[0] == '/' ? "/" : before;
			r = look(o, a, &p, err);
		} else if (!last && p.st.type != HOST_DIR) {
			p.missing = p.st.type == HOST_ABSENT ? ENOENT : ENOTDIR;
			p.path = arena_printf(a, "%s/%.*s", p.path, SLICE_ARG(rest));
			p.node = NULL;
			p.st = (struct host_stat){.type = HOST_ABSENT};
			break;
		}
	}
	if (r == 0)
		*ret = p;
	return r;
}

void overlay_forget_below(struct overlay *o, const char *canonical)
{
	size_t len = strlen(canonical);
	for (size_t i = o->nodes.len; i-- > 0;) {
		struct slice key = o->nodes.entries[i].key;
		if (key.len > len && key.ptr[len] == '/' && memcmp(key.ptr, canonical, len) == 0)
			strmap_remove(&o->nodes, (struct slice){key.ptr, key.len});
	}
}

struct node *overlay_touch(struct overlay *o, const struct place *p)
{
	if (p->node)
		return p->node;
	struct node *n = ARENA_NEW(&o->arena, struct node);
	n->st = p->st;
	if (p->st.link_target)
		n->st.link_target = arena_strdup(&o->arena, p->st.link_target);
	n->backing = arena_strdup(&o->arena, p->path);
	strmap_set(&o->nodes, slice_from(p->path), n);
	return n;
}

/* A directory whose group new files inherit (set-gid), or NULL. */
static const struct host_stat *setgid_parent(struct overlay *o, struct arena *a, const char *path,
					     struct place *parent)
{
	char *dir = arena_strndup(a, path, path_dirname(path).len);
	if (overlay_find(o, a, dir, true, parent, NULL) < 0 || !(parent->st.mode & 02000))
		return NULL;
	return &parent->st;
}

struct node *overlay_put(struct overlay *o, const char *canonical, enum host_file_type type)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct place parent = {.path = "/"};
	const struct host_stat *inherit = setgid_parent(o, &a, canonical, &parent);
	struct node *n = ARENA_NEW(&o->arena, struct node);
	int64_t now_ns = clock_realtime_us() * 1000;
	n->hides = true;
	n->st = (struct host_stat){
		.type = type,
		.uid = geteuid(),
		.gid = inherit ? inherit->gid : getegid(),
		.mode = type == HOST_LINK ? 0777 : 0,
		.inode = o->next_inode++,
		.nlink = type == HOST_DIR ? 2 : 1,
		.mtime_ns = now_ns,
		.atime_ns = now_ns,
		.ctime_ns = now_ns,
	};
	if (inherit && type == HOST_DIR)
		n->st.mode |= 02000;
	overlay_forget_below(o, canonical);
	strmap_set(&o->nodes, slice_from(canonical), n);
	return n;
}

/* What permissions say; access control lists are not looked at. */
static bool may_write(const struct host_stat *dir)
{
	gid_t groups[256];
	if (geteuid() == 0)
		return true;
	if (dir->uid == geteuid())
		return dir->mode & 0200;
	int n = getgroups(ARRAY_LEN(groups), groups);
	bool member = dir->gid == getegid();
	for (int i = 0; i < n; i++)
		member = member || groups[i] == dir->gid;
	return dir->mode & (member ? 0020 : 0002);
}

static void assume_dir(struct overlay *o, const char *canonical)
{
	struct node *n = overlay_put(o, canonical, HOST_DIR);
	n->st.mode = 0755;
	n->st.uid = 0;
	n->st.gid = 0;
	n->st.assumed = true;
}

int overlay_need_parent(struct overlay *o, struct arena *a, const struct place *p, const char *verb,
			struct err *err)
{
	struct place parent = {.path = "/"};
	const char *dir = arena_strndup(a, p->path, path_dirname(p->path).len);
	int r = overlay_may_change(p, verb, p->path, err);
	if (r == 0)
		r = overlay_find(o, a, dir, true, &parent, err);
	if (r < 0)
		return r;
	if (parent.st.type == HOST_DIR && !parent.missing) {
		if (may_write(&parent.st))
			return 0;
		errno = EACCES;
		return err_sys(err, "%s %s", verb, p->path);
	}
	bool absent = parent.st.type == HOST_ABSENT && parent.missing != ENOTDIR;
	if (!absent || !o->why) {
		errno = absent ? ENOENT : ENOTDIR;
		return err_sys(err, "%s %s", verb, p->path);
	}
	r = overlay_need_parent(o, a, &parent, verb, err);
	if (r == 0)
		assume_dir(o, parent.path);
	return r;
}
