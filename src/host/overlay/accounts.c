/* Users and groups that earlier tasks would have made, changed or removed. */
#include "overlay.h"
#include "rollout/base/vec.h"

#include <stdlib.h>

/* Copies into `a`, so that a result never changes under its reader. */
static struct host_user user_copy(struct arena *a, const struct host_user *u)
{
	struct host_user c = *u;
	const char **texts[] = {&c.name, &c.gecos, &c.home, &c.shell, &c.password_hash};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (*texts[i])
			*texts[i] = arena_strdup(a, *texts[i]);
	size_t n = 0;
	while (u->groups && u->groups[n])
		n++;
	const char **groups = ARENA_ARRAY(a, const char *, n + 1);
	for (size_t i = 0; i < n; i++)
		groups[i] = arena_strdup(a, u->groups[i]);
	c.groups = groups;
	return c;
}

static struct host_user *user_keep(struct overlay *o, const struct host_user *u)
{
	struct host_user *kept = ARENA_NEW(&o->arena, struct host_user);
	*kept = user_copy(&o->arena, u);
	strmap_set(&o->users, slice_from(kept->name), kept);
	return kept;
}

static struct host_group *group_keep(struct overlay *o, const char *name, gid_t gid, bool exists)
{
	struct host_group *kept = ARENA_NEW(&o->arena, struct host_group);
	*kept = (struct host_group){exists, arena_strdup(&o->arena, name), gid, false};
	strmap_set(&o->groups, slice_from(name), kept);
	return kept;
}

int overlay_user(struct host *h, struct arena *a, const char *name, struct host_user *ret,
		 struct err *err)
{
	struct overlay *o = overlay_of(h);
	const struct host_user *kept = strmap_get(&o->users, slice_from(name));
	if (kept) {
		*ret = kept->exists || kept->assumed ? user_copy(a, kept) : (struct host_user){0};
		return 0;
	}
	struct host_user u = {0};
	int r = o->under->ops->user(o->under, a, name, &u, err);
	if (r == 0 && !u.exists && o->why) {
		uint32_t id = o->next_id++;
		u = (struct host_user){.name = name, .assumed = true, .uid = id, .gid = id};
		u = user_copy(a, user_keep(o, &u));
	}
	if (r == 0)
		*ret = u;
	return r;
}

int overlay_user_by_id(struct host *h, struct arena *a, uid_t uid, struct host_user *ret,
		       struct err *err)
{
	struct overlay *o = overlay_of(h);
	for (size_t i = 0; i < o->users.len; i++) {
		const struct host_user *u = o->users.entries[i].value;
		if ((u->exists || u->assumed) && u->uid == uid) {
			*ret = user_copy(a, u);
			return 0;
		}
	}
	struct host_user u = {0};
	int r = o->under->ops->user_by_id(o->under, a, uid, &u, err);
	if (r < 0)
		return r;
	/* Removed, or with another id now. */
	if (u.exists && strmap_has(&o->users, slice_from(u.name)))
		u = (struct host_user){0};
	*ret = u;
	return 0;
}

int overlay_group(struct host *h, struct arena *a, const char *name, struct host_group *ret,
		  struct err *err)
{
	struct overlay *o = overlay_of(h);
	struct host_group g, *kept = strmap_get(&o->groups, slice_from(name));
	if (!kept) {
		int r = o->under->ops->group(o->under, a, name, &g, err);
		if (r < 0)
			return r;
		if (g.exists || !o->why) {
			*ret = g;
			return 0;
		}
		kept = group_keep(o, name, o->next_id++, false);
		kept->assumed = true;
	}
	*ret = (struct host_group){0};
	if (kept->exists || kept->assumed) {
		*ret = *kept;
		ret->name = arena_strdup(a, kept->name);
	}
	return 0;
}

int overlay_group_by_id(struct host *h, struct arena *a, gid_t gid, struct host_group *ret,
			struct err *err)
{
	struct overlay *o = overlay_of(h);
	for (size_t i = 0; i < o->groups.len; i++) {
		const struct host_group *g = o->groups.entries[i].value;
		if ((g->exists || g->assumed) && g->gid == gid) {
			*ret = *g;
			ret->name = arena_strdup(a, g->name);
			return 0;
		}
	}
	struct host_group g = {0};
	int r = o->under->ops->group_by_id(o->under, a, gid, &g, err);
	if (r < 0)
		return r;
	if (g.exists && strmap_has(&o->groups, slice_from(g.name)))
		g = (struct host_group){0};
	*ret = g;
	return 0;
}

/* A group by name or number that must be there, or may come. */
static int need_group(struct host *h, struct arena *a, const char *name, struct host_group *ret,
		      struct err *err)
{
	char *end;
	unsigned long gid = strtoul(name, &end, 10);
	bool is_number = *name && !*end;
	int r = is_number ? overlay_group_by_id(h, a, (gid_t)gid, ret, err)
			  : overlay_group(h, a, name, ret, err);
	if (r < 0 || ret->exists || ret->assumed)
		return r;
	if (is_number && overlay_of(h)->why) {
		*ret = (struct host_group){.assumed = true, .gid = (gid_t)gid, .name = name};
		return 0;
	}
	return err_set(err, ERR_NOT_FOUND, "group '%s' does not exist", name);
}

/* What useradd does without -g: a group of the user's own name. */
static int own_group(struct host *h, struct arena *a, const struct host_user_spec *s, gid_t *ret,
		     struct err *err)
{
	struct overlay *o = overlay_of(h);
	struct host_group g = {0};
	int r = overlay_group(h, a, s->name, &g, err);
	if (r == 0 && !g.exists && s->uid >= 0) {
		struct host_group same_id = {0};
		r = overlay_group_by_id(h, a, (gid_t)s->uid, &same_id, err);
		g.gid = same_id.exists ? o->next_id++ : (gid_t)s->uid;
	} else if (r == 0 && !g.exists && !g.assumed) {
		g.gid = o->next_id++;
	}
	if (r < 0)
		return r;
	if (!g.exists)
		group_keep(o, s->name, g.gid, true);
	*ret = g.gid;
	return 0;
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int set_groups(struct host *h, struct arena *a, const struct host_user_spec *s,
		      struct host_user *u, struct err *err)
{
	VEC(const char *) names = {0};
	struct host_group g = {0};
	int r = 0;
	for (size_t i = 0; s->append_groups && u->groups && u->groups[i]; i++)
		vec_push(&names, u->groups[i]);
	for (size_t i = 0; r == 0 && s->groups[i]; i++) {
		bool known = false;
		for (size_t k = 0; k < names.len; k++)
			known = known || strcmp(names.at[k], s->groups[i]) == 0;
		r = need_group(h, a, s->groups[i], &g, err);
		if (r == 0 && !known && g.gid != u->gid)
			vec_push(&names, s->groups[i]);
	}
	if (names.len)
		qsort(names.at, names.len, sizeof(*names.at), compare_strings);
	vec_push(&names, NULL);
	if (r == 0)
		u->groups = arena_copy(a, names.at, names.len * sizeof(*names.at));
	vec_release(&names);
	return r;
}

static int make_home(struct host *h, struct arena *a, const struct host_user *u, struct err *err)
{
	struct overlay *o = overlay_of(h);
	struct place p = {.path = "/"};
	int r = overlay_find(o, a, u->home, true, &p, err);
	if (r < 0 || p.st.type != HOST_ABSENT)
		return r;
	struct node *n = overlay_put(o, p.path, HOST_DIR);
	n->st.mode = 0755;
	n->st.uid = u->uid;
	n->st.gid = u->gid;
	return 0;
}

static void set_texts(const struct host_user_spec *s, struct host_user *u)
{
	if (s->gecos)
		u->gecos = s->gecos;
	if (s->home)
		u->home = s->home;
	if (s->shell)
		u->shell = s->shell;
	if (s->password_hash)
		u->password_hash = s->password_hash;
	if (s->uid >= 0)
		u->uid = (uid_t)s->uid;
}

/* Who the spec is about, as found; or as useradd would make it. */
static int base_user(struct host *h, struct arena *a, const struct host_user_spec *s,
		     struct host_user *u, struct err *err)
{
	int r = overlay_user(h, a, s->name, u, err);
	if (r < 0 || u->exists)
		return r;
	uid_t uid = u->assumed ? u->uid : overlay_of(h)->next_id++;
	*u = (struct host_user){.exists = true,
				.name = s->name,
				.gecos = "",
				.home = arena_printf(a, "/home/%s", s->name),
				.shell = "/bin/sh",
				.password_hash = "!",
				.uid = uid};
	return s->group ? 0 : own_group(h, a, s, &u->gid, err);
}

int overlay_user_set(struct host *h, const struct host_user_spec *s, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct overlay *o = overlay_of(h);
	struct host_user u = {0};
	struct host_group g = {0};
	int r = base_user(h, &a, s, &u, err);
	if (r == 0 && s->group) {
		r = need_group(h, &a, s->group, &g, err);
		if (r == 0)
			u.gid = g.gid;
	}
	if (r == 0 && s->groups)
		r = set_groups(h, &a, s, &u, err);
	if (r < 0)
		return r;
	const char *old_home = u.home;
	set_texts(s, &u);
	if (s->home && s->move_home && strcmp(old_home, s->home) != 0) {
		struct host_stat st = {0};
		r = overlay_stat(h, &a, old_home, true, &st, err);
		if (r == 0 && st.type == HOST_DIR)
			r = overlay_rename(h, old_home, s->home, err);
	}
	if (r == 0 && s->create_home)
		r = make_home(h, &a, &u, err);
	if (r == 0)
		user_keep(o, &u);
	return r;
}

int overlay_user_remove(struct host *h, const char *name, unsigned how, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct overlay *o = overlay_of(h);
	struct host_user u = {0};
	int r = overlay_user(h, &a, name, &u, err);
	if (r < 0 || !u.exists)
		return r;
	if ((how & HOST_USER_REMOVE_HOME) && u.home && u.home[0] == '/' && strcmp(u.home, "/") != 0)
		r = overlay_remove(h, u.home, true, err);
	if (r == 0)
		user_keep(o, &(struct host_user){.name = name});
	return r;
}

int overlay_group_set(struct host *h, const struct host_group_spec *s, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct overlay *o = overlay_of(h);
	struct host_group g = {0};
	int r = overlay_group(h, &a, s->name, &g, err);
	if (r < 0 || (g.exists && s->gid < 0))
		return r;
	gid_t gid = s->gid >= 0 ? (gid_t)s->gid : g.assumed ? g.gid : o->next_id++;
	group_keep(o, s->name, gid, true);
	return 0;
}

int overlay_group_remove(struct host *h, const char *name, struct err *err)
{
	(void)err;
	group_keep(overlay_of(h), name, 0, false);
	return 0;
}
