#pragma once
/* Whole files on the controller and in the agent's own folder. Each fd is
 * O_CLOEXEC. Errors name the path. */
#include "rollout/base/err.h"
#include "rollout/base/str.h"

#include <sys/types.h>

void fd_close(int *fd); /* for CLEANUP(fd_close) int fd = -1 */

/* Appends the file to *out. More than max_bytes is ERR_LIMIT. */
int file_read(const char *path, size_t max_bytes, struct strbuf *out, struct err *err);
int fd_read_all(int fd, size_t max_bytes, struct strbuf *out, struct err *err);
int fd_write_all(int fd, const void *data, size_t len, struct err *err);

/* Temporary file beside `path` with `mode`, fsync, rename. Either the old or
 * the new content is there, whole, at any moment. */
int file_write_atomic(const char *path, const void *data, size_t len, mode_t mode, struct err *err);
int dir_create_all(const char *path, mode_t mode,
		   struct err *err); /* mkdir -p; mode for new ones */

/* The process's umask, which can only be asked for by setting it: not beside other
 * threads that make files. */
mode_t process_umask(void);
/* Has the file system of `fd` room for so many bytes? *ret_room: for how many. True where
 * it cannot tell. */
bool fd_has_room(int fd, uint64_t bytes, uint64_t *ret_room);

/*
 * Temporary files that a killed process leaves: who makes one (or a folder) claims it as
 * long as it lives. leftovers_remove calls `remove` for each in `dir` that `named` knows,
 * that is this user's, that nobody claims and that is as old as a minute.
 */
void fd_claim(int fd);
struct leftovers {
	const char *dir;
	bool (*named)(const char *name);
	void (*remove)(const char *path);
};
void leftovers_remove(const struct leftovers *l);

/* "a/b", or b alone where b is absolute. Yours to free(). */
char *path_join(const char *a, const char *b);
struct slice path_dirname(const char *path); /* borrowed; "." when there is none */
struct slice path_basename(const char *path);
/* As seen from the working directory where it is below it; borrowed. */
const char *path_from_here(const char *path);
/* "~" and "~/x" to the HOME given. Yours to free(). */
char *path_expand_home(const char *path, const char *home);
/* "a//b/../c" without what means nothing; ".." at the beginning stays. */
void path_normalize(struct strbuf *out, struct slice path);
