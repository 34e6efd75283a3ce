#include "cache.h"

#include "../liveness.h"
#include "../tool.h"
#include "rollout/base/file.h"
#include "rollout/base/vec.h"
#include "rollout/value/json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIDE_MAX_BYTES 65536u
#define LOCK_LIMIT_MS (24ll * 3600 * 1000) /* a slow download of somebody else */
#define REMOVE_LIMIT_MS (10ll * 60 * 1000) /* a tree has tens of thousands of files */

/* ---- names ---- */

const char *vm_image_arch_name(enum vm_arch arch)
{
	return arch == VM_ARCH_ARM64 ? "arm64" : "amd64";
}

const char *vm_image_driver_name(enum vm_driver_kind driver)
{
	return driver == VM_DRIVER_NSPAWN ? "nspawn" : "qemu";
}

const struct vm_named_image *vm_image_named(const char *name, enum vm_arch arch)
{
	for (size_t i = 0; i < vm_named_image_count; i++)
		if (vm_named_images[i].arch == arch && strcmp(vm_named_images[i].name, name) == 0)
			return &vm_named_images[i];
	return NULL;
}

void vm_image_say(const struct vm_image_progress *progress, const char *what, int64_t done_bytes,
		  int64_t total_bytes)
{
	if (progress && progress->say)
		progress->say(progress->self, what, done_bytes, total_bytes);
}

/* ---- the folder ---- */

int vm_cache_dir(struct arena *a, const char **ret, struct err *err)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	const char *dir = NULL;
	if (cache && *cache == '/')
		dir = arena_printf(a, "%s/rollout/images", cache);
	else if (home && *home == '/')
		dir = arena_printf(a, "%s/.cache/rollout/images", home);
	if (!dir)
		return err_set(err, ERR_NOT_FOUND,
			       "no folder for images: neither XDG_CACHE_HOME nor HOME is an "
			       "absolute path");
	int r = dir_create_all(dir, 0755, err);
	if (r == 0)
		*ret = dir;
	return r;
}

static const char *side_path(struct arena *a, const char *path)
{
	return arena_printf(a, "%s.json", path);
}

/* ---- side files ---- */

static const char *text_at(const struct value *dict, const char *key)
{
	const struct value *v = value_get(dict, key);
	return v && v->type == VALUE_STRING ? v->str.ptr : "";
}

static int read_side(struct arena *a, const char *side, struct cached_image *ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	const struct value *v = NULL;
	int r = file_read(side, SIDE_MAX_BYTES, &text, err);
	if (r == 0)
		r = json_parse(a, side, strbuf_slice(&text), &v, err);
	if (r < 0)
		return r;
	const struct value *size = value_get(v, "size");
	if (!size || size->type != VALUE_INT || !*text_at(v, "origin"))
		return err_set(err, ERR_INVALID, "%s does not tell size and origin", side);
	*ret = (struct cached_image){
		.origin = text_at(v, "origin"),
		.digest = text_at(v, "digest"),
		.made = text_at(v, "made"),
		.arch = text_at(v, "arch"),
		.driver = text_at(v, "driver"),
		.size_bytes = size->integer,
	};
	return 0;
}

/* A file that was cut off, by whatever, is not there whole. */
static bool is_whole(const char *path, int64_t size_bytes)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return false;
	return S_ISDIR(st.st_mode) || (S_ISREG(st.st_mode) && st.st_size == size_bytes);
}

int vm_cache_read(struct arena *a, const char *path, struct cached_image *ret, struct err *err)
{
	struct cached_image image;
	struct err ignored = {0};
	struct stat st;
	const char *side = side_path(a, path);
	if (stat(side, &st) < 0 || read_side(a, side, &image, &ignored) < 0 ||
	    !is_whole(path, image.size_bytes))
		return err_set(err, ERR_NOT_FOUND, "%s is not in the cache", path);
	image.path = arena_strdup(a, path);
	image.used_s = st.st_mtime;
	*ret = image;
	return 0;
}

int vm_cache_write(const struct cached_image *image, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	CLEANUP(arena_release) struct arena a = {0};
	struct value *v = value_dict_new(&a);
	value_dict_put(&a, v, "origin", value_cstr(&a, image->origin));
	value_dict_put(&a, v, "digest", value_cstr(&a, image->digest));
	value_dict_put(&a, v, "size", value_int(&a, image->size_bytes));
	value_dict_put(&a, v, "made", value_cstr(&a, image->made));
	value_dict_put(&a, v, "arch", value_cstr(&a, image->arch));
	value_dict_put(&a, v, "driver", value_cstr(&a, image->driver));
	json_emit(&text, v, JSON_PRETTY);
	strbuf_putc(&text, '\n');
	return file_write_atomic(side_path(&a, image->path), text.ptr, text.len, 0644, err);
}

void vm_cache_use(const char *path)
{
	CLEANUP(arena_release) struct arena a = {0};
	utimensat(AT_FDCWD, side_path(&a, path), NULL, 0);
}

/* ---- all of them ---- */

static int by_path(const void *a, const void *b)
{
	const struct cached_image *x = a, *y = b;
	return strcmp(x->path, y->path);
}

static int cache_scan(struct arena *a, const char *dir, DIR *d, struct cached_images *ret)
{
	VEC(struct cached_image) found = {0};
	for (const struct dirent *entry; (entry = readdir(d));) {
		struct slice name = slice_from(entry->d_name);
		struct cached_image image;
		struct err ignored = {0};
		if (entry->d_name[0] == '.' || !slice_ends_with(name, ".json"))
			continue;
		name.len -= strlen(".json");
		const char *path = arena_printf(a, "%s/%.*s", dir, SLICE_ARG(name));
		if (vm_cache_read(a, path, &image, &ignored) == 0)
			vec_push(&found, image);
	}
	if (found.len)
		qsort(found.at, found.len, sizeof(*found.at), by_path);
	ret->len = found.len;
	ret->at = arena_copy(a, found.at, found.len * sizeof(*found.at));
	vec_release(&found);
	return 0;
}

int vm_cache_all(struct arena *a, struct cached_images *ret, struct err *err)
{
	const char *dir;
	int r = vm_cache_dir(a, &dir, err);
	if (r < 0)
		return r;
	DIR *d = opendir(dir);
	if (!d)
		return err_sys(err, "open %s", dir);
	r = cache_scan(a, dir, d, ret);
	closedir(d);
	return r;
}

static bool is_build_of(const struct cached_image *image, const char *name, enum vm_arch arch,
			enum vm_driver_kind driver)
{
	return strcmp(image->made, "build") == 0 && strcmp(image->origin, name) == 0 &&
	       strcmp(image->arch, vm_image_arch_name(arch)) == 0 &&
	       strcmp(image->driver, vm_image_driver_name(driver)) == 0;
}

/* When it was made: using an image changes its side file, not the image. */
static struct timespec made_at(const char *path)
{
	struct stat st = {0};
	(void)stat(path, &st);
	return st.st_mtim;
}

static bool is_later(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

int vm_cache_built(struct arena *a, const char *name, enum vm_arch arch, enum vm_driver_kind driver,
		   struct cached_image *ret, struct err *err)
{
	const struct cached_image *best = NULL;
	struct cached_images all;
	int r = vm_cache_all(a, &all, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < all.len; i++) {
		if (!is_build_of(&all.at[i], name, arch, driver))
			continue;
		if (!best || is_later(made_at(all.at[i].path), made_at(best->path)))
			best = &all.at[i];
	}
	if (!best)
		return err_set(err, ERR_NOT_FOUND, "no image %s was built for %s", name,
			       vm_image_driver_name(driver));
	*ret = *best;
	return 0;
}

/* ---- removing and locking ---- */

static int remove_tree(const char *path, struct err *err)
{
	const struct tool_call call = {
		.argv = (const char *const[]){"rm", "-rf", "--one-file-system", "--", path, NULL},
		.timeout_ms = REMOVE_LIMIT_MS,
	};
	return vm_tool_run(&call, NULL, err);
}

static int remove_any(const char *path, struct err *err)
{
	struct stat st;
	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return remove_tree(path, err);
	if (unlink(path) < 0 && errno != ENOENT)
		return err_sys(err, "remove %s", path);
	return 0;
}

/* The side file first: what is half removed is not there. */
int vm_cache_drop(const char *path, struct err *err)
{
	static const char *const beside[] = {".json", "", ".partial"};
	CLEANUP(arena_release) struct arena a = {0};
	int r = 0;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(beside); i++)
		r = remove_any(arena_printf(&a, "%s%s", path, beside[i]), err);
	return r;
}

int vm_cache_lock(const char *path, const struct vm_image_progress *progress, int *ret_fd,
		  struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	const char *lock = arena_printf(&a, "%s.lock", path);
	struct err first = {0};
	int r = vm_lock_try(lock, ret_fd, &first);
	if (r == ERR_EXISTS) {
		vm_image_say(progress, "waiting for another process that fetches it", 0, 0);
		return vm_lock_wait(lock, LOCK_LIMIT_MS, ret_fd, err);
	}
	if (r < 0 && err)
		*err = first;
	return r;
}
