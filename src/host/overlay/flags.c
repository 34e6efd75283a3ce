/* Inode flags under the overlay. */
#include "overlay.h"

#include <errno.h>

static int find(struct overlay *o, struct arena *a, const char *path, struct place *ret,
		struct err *err)
{
	int r = overlay_find(o, a, path, true, ret, err);
	if (r < 0 || ret->st.type != HOST_ABSENT || o->why)
		return r;
	return err_set(err, ERR_NOT_FOUND, "%s: No such file or directory", path);
}

int overlay_flags(struct host *h, const char *path, uint32_t *ret, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct overlay *o = overlay_of(h);
	struct place p = {.path = "/"};
	int r = find(o, &a, path, &p, err);
	if (r < 0)
		return r;
	const uint32_t *kept = strmap_get(&o->flags, slice_from(p.path));
	if (!kept && !p.node && p.st.type != HOST_ABSENT)
		return o->under->ops->flags(o->under, path, ret, err);
	*ret = kept ? *kept : 0;
	return 0;
}

int overlay_set_flags(struct host *h, const char *path, uint32_t flags, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct overlay *o = overlay_of(h);
	struct place p = {.path = "/"};
	int r = find(o, &a, path, &p, err);
	if (r < 0)
		return r;
	uint32_t *kept = ARENA_ARRAY(&o->arena, uint32_t, 1);
	*kept = flags;
	strmap_set(&o->flags, slice_from(p.path), kept);
	return 0;
}
