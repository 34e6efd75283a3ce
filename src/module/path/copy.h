#pragma once
/* Bringing content to a path: copy, template, get_url. */
#include "rollout/module/module.h"

/*
 * What the controller adds to the arguments: `_sha256`, `_size` (or in its place
 * `_unavailable`: why it does not have the content), `_basename` (for a dest that is a folder), optionally `_sha1` (result.checksum, computed
 * here otherwise) and `_mode` (for mode: preserve); or `_tree`, a list of
 * {path, type: file|dir|link, sha256, size, mode, target} for a folder.
 */
int copy_run(struct module_call *call, struct err *err);

#define COPY_SIZE_UNKNOWN UINT64_MAX

/* One file of it (copy_file.c). */
struct copy_item {
	const char *dest;
	const char *source_path;   /* on the host; or NULL and the two below */
	const char *sha256, *sha1; /* sha1 may be NULL */
	uint64_t size;
	const char *unavailable; /* why it cannot be sent; NULL: it can */
	int preserved_mode;	 /* for mode: preserve; -1: none */
};
/* Brings dest to the item's content and attributes; *ret_changed. */
int copy_file(struct module_call *call, const struct copy_item *item, bool *ret_changed,
	      struct err *err);
/* Owner, group and directory_mode of a folder, made when it is not there. */
int copy_folder(struct module_call *call, const char *path, bool *ret_changed, struct err *err);
