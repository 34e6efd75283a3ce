#pragma once
/*
 * Images: named cloud images with URL and digest, a cache that all projects
 * share ($XDG_CACHE_HOME/rollout/images), and building one from packages.
 */
#include "rollout/vm/vm.h"

#define VM_IMAGE_MAX_BYTES (64ll << 30)

struct vm_named_image {
	const char *name; /* "debian-12" */
	enum vm_arch arch;
	const char *url,
		*digest; /* "sha256:…", or "sha512:…" where the distribution publishes only that */
	const char *suite; /* "bookworm": what `image build` and nspawn make it from */
};
extern const struct vm_named_image vm_named_images[];
extern const size_t vm_named_image_count;

/* Told while a download or a build goes on; total 0: not known. */
struct vm_image_progress {
	void *self;
	void (*say)(void *self, const char *what, int64_t done_bytes, int64_t total_bytes);
};

/*
 * A verified file (qcow2 or raw) for QEMU, or a root tree for nspawn. Order: the
 * cache; a named image that `image build` made on this machine; the download.
 * One process works on an image at a time, the others wait. Blocks.
 * *ret_path: in the arena.
 * Errors: ERR_INVALID wrong digest (the file is gone), not an image, truncated;
 * ERR_UNREACHABLE no server; ERR_SYS disk full.
 */
int vm_image_ensure(const struct vm_image_ref *ref, enum vm_arch arch, enum vm_driver_kind driver,
		    const struct vm_image_progress *progress, struct arena *a,
		    const char **ret_path, struct err *err);

struct vm_image_info {
	bool qcow2; /* else raw */
	int64_t virtual_bytes;
	bool has_backing_file;
};
/* Reads the header; ERR_INVALID names what is wrong with it. Blocks shortly. */
int vm_image_inspect(const char *path, struct vm_image_info *ret, struct err *err);

struct vm_image_build_options {
	const char *name; /* a named image; what it is cached as */
	enum vm_arch arch;
	enum vm_driver_kind driver; /* qemu: a disk image; nspawn: a root tree */
	const char *mirror; /* NULL: the sources of this machine's apt that serve the suite */
	const char *const *packages; /* further ones, NULL-terminated, or NULL */
	const char *hook;   /* an executable called with the tree as its argument, or NULL */
	const char *output; /* NULL: the cache */
	bool force;	    /* even if it is there */
};
/* Needs root. mmdebstrap and its like speak into `log_fd`. *ret_path in the arena. */
int vm_image_build(const struct vm_image_build_options *o, int log_fd, struct arena *a,
		   const char **ret_path, struct err *err);

struct vm_cached_image {
	const char *path, *origin;  /* the name or the URL */
	int64_t size_bytes, used_s; /* last use, since the epoch */
};
int vm_image_list(struct arena *a, struct vm_cached_image **ret, size_t *ret_len, struct err *err);
/* Removes by path, or all of that name or URL, built and downloaded. ERR_NOT_FOUND with
 * the nearest; ERR_EXISTS while another process makes it. */
int vm_image_remove(const char *name, struct err *err);
