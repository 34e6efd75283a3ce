#pragma once
/*
 * synchronize with mode: pull, what both sides know of it. The host answers
 * `_phase: list` with `_root` {type, mode, mtime_ns}, what src is, and `_manifest`, a
 * list of {path, type: dir|file|link|other, mode, mtime_ns, size, sha256, target}, a
 * folder before what is in it. Paths begin where src with a slash at its end leads to,
 * else with the last name of src. `_phase: send` has the host send the files of
 * `_wanted`, a list of {path, size}.
 */
#include "rollout/value/value.h"

#define MANIFEST_ENTRIES_MAX 65536u
#define MANIFEST_DEPTH_MAX 64u
#define MANIFEST_PATH_MAX 4095u

/* recursive, links, perms, times: as the argument says, else as archive. */
bool synchronize_keeps(const struct value *args, const char *name);
bool synchronize_pulls(const struct value *args);
/* Folders are neither entered nor made: rsync's "skipping directory". */
bool synchronize_skips_folders(const struct value *args);
/* Is it what is in src that is meant, or src itself? */
bool synchronize_means_content(const char *src);
/* The last name of src, in an arena's copy; "" where only the host knows it. */
const char *synchronize_name(struct arena *a, const char *src);
