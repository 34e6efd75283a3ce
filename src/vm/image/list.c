#include "../liveness.h"
#include "cache.h"
#include "rollout/base/file.h"
#include "rollout/base/nearest.h"

int vm_image_list(struct arena *a, struct vm_cached_image **ret, size_t *ret_len, struct err *err)
{
	struct cached_images all;
	int r = vm_cache_all(a, &all, err);
	if (r < 0)
		return r;
	struct vm_cached_image *list = ARENA_ARRAY(a, struct vm_cached_image, all.len + 1);
	for (size_t i = 0; i < all.len; i++)
		list[i] = (struct vm_cached_image){
			.path = all.at[i].path,
			.origin = all.at[i].origin,
			.size_bytes = all.at[i].size_bytes,
			.used_s = all.at[i].used_s,
		};
	*ret = list;
	*ret_len = all.len;
	return 0;
}

static bool is_meant(const struct cached_image *image, const char *name)
{
	return strcmp(image->path, name) == 0 || strcmp(image->origin, name) == 0 ||
	       slice_is(path_basename(image->path), name);
}

static int remove_one(const char *path, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	CLEANUP(fd_close) int lock = -1;
	int r = vm_lock_try(arena_printf(&a, "%s.lock", path), &lock, err);
	if (r == ERR_EXISTS)
		return err_set(err, ERR_EXISTS, "the image %s is being made by another process",
			       path);
	if (r == 0)
		r = vm_cache_drop(path, err);
	return r;
}

static int not_there(const struct cached_images *all, const char *name, struct err *err)
{
	struct nearest near;
	char hint[200];
	nearest_init(&near, slice_from(name));
	for (size_t i = 0; i < all->len; i++) {
		nearest_offer(&near, slice_from(all->at[i].origin));
		nearest_offer(&near, path_basename(all->at[i].path));
	}
	return err_set(err, ERR_NOT_FOUND, "no image '%.200s' is in the cache%s", name,
		       nearest_hint(&near, hint, sizeof(hint)));
}

/* All of that name: downloaded and built, of each architecture. */
int vm_image_remove(const char *name, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct cached_images all;
	bool found = false;
	int r = vm_cache_all(&a, &all, err);
	for (size_t i = 0; r == 0 && i < all.len; i++) {
		if (!is_meant(&all.at[i], name))
			continue;
		found = true;
		r = remove_one(all.at[i].path, err);
	}
	return r < 0 || found ? r : not_there(&all, name, err);
}
