#pragma once
/*
 * The folder of images that all projects of a user share. Beside each image
 * "X" lies "X.json", what it is and where it came from: its modification time is
 * the last use. "X.lock" is held by who makes or removes X, "X.partial" is what
 * there is of it so far.
 */
#include "rollout/base/vec.h"
#include "rollout/vm/image.h"

struct cached_image {
	const char *path;   /* a file, or a tree (a folder) */
	const char *origin; /* the name of a named image, or a URL */
	const char *digest; /* "sha256:…"; "" for a tree */
	const char *made;   /* "download" or "build" */
	const char *arch, *driver;
	int64_t size_bytes, used_s;
};
struct cached_images {
	struct cached_image *at;
	size_t len;
};

/* $XDG_CACHE_HOME or ~/.cache, /rollout/images; made when it is not there. */
int vm_cache_dir(struct arena *a, const char **ret, struct err *err);

/* What is there whole: ERR_NOT_FOUND when image or side file is not, or the
 * image has another size than when it was put there. */
int vm_cache_read(struct arena *a, const char *path, struct cached_image *ret, struct err *err);
int vm_cache_write(const struct cached_image *image, struct err *err);
void vm_cache_use(const char *path); /* the last use is now */
/* All that are there whole, by path. */
int vm_cache_all(struct arena *a, struct cached_images *ret, struct err *err);
/* The newest one that was built under this name. ERR_NOT_FOUND. */
int vm_cache_built(struct arena *a, const char *name, enum vm_arch arch, enum vm_driver_kind driver,
		   struct cached_image *ret, struct err *err);
/* The image and what lies beside it, but for the lock. */
int vm_cache_drop(const char *path, struct err *err);

/* Waits for who works on it, and tells `progress` (may be NULL) that it does. */
int vm_cache_lock(const char *path, const struct vm_image_progress *progress, int *ret_fd,
		  struct err *err);

void vm_image_say(const struct vm_image_progress *progress, const char *what, int64_t done_bytes,
		  int64_t total_bytes);
const char *vm_image_arch_name(enum vm_arch arch);	      /* "amd64", "arm64" */
const char *vm_image_driver_name(enum vm_driver_kind driver); /* "qemu", "nspawn" */
const struct vm_named_image *vm_image_named(const char *name, enum vm_arch arch); /* or NULL */
