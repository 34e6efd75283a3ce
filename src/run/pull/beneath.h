#pragma once
/*
 * Changes below one folder of the controller, by paths that a host has named. Each step
 * of a path is opened without following a link, from the descriptor of the folder before
 * it (as openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS), and what is at its end is
 * never followed either. Paths have been checked: no "..", nothing empty. Errors name
 * the path.
 */
#include "rollout/base/err.h"
#include "rollout/base/vec.h"

#include <limits.h>
#include <sys/stat.h>

/* Where a path leads: its folder, and its name in it. */
struct beneath {
	int dir; /* O_PATH; -1: it is not there */
	char name[NAME_MAX + 1];
};
/* ERR_NOT_FOUND, and no message, where a folder of the path is not there or is none. */
int beneath_enter(int root, const char *path, struct beneath *ret, struct err *err);
void beneath_leave(struct beneath *b);

/* False: it is not there. `root` may be -1. */
bool beneath_stat(int root, const char *path, struct stat *ret);
/* For reading, a regular file; -1: it is none, or cannot be opened. */
int beneath_open(int root, const char *path);

int beneath_mkdir(int root, const char *path, mode_t mode, struct err *err);
/* In place of what is there, which is no folder. */
int beneath_symlink(int root, const char *path, const char *target, struct err *err);
/* With all that is in it. */
int beneath_remove(int root, const char *path, struct err *err);
/* mode -1, NULL: kept. Not of a link. */
int beneath_set(int root, const char *path, int mode, const struct timespec *mtime,
		struct err *err);

typedef VEC(char *) beneath_names;
/* Sorted, without . and ..; "": the root's. */
int beneath_list(int root, const char *path, beneath_names *ret, struct err *err);
void beneath_names_release(beneath_names *names);

/* A file that is there when it is whole. */
struct beneath_file {
	int fd;
	struct beneath at;
	char tmp[32]; /* "": it has no name */
};
int beneath_create(int root, const char *path, struct beneath_file *ret, struct err *err);
/* mode and time as given, to the disk, and in place of what is there. */
int beneath_place(struct beneath_file *f, mode_t mode, const struct timespec *mtime,
		  struct err *err);
/* Nothing is left of one that was not placed. */
void beneath_discard(struct beneath_file *f);
