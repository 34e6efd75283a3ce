#pragma once
/* One working copy on the host and what it comes from, through the program git. */
#include "../program.h"

struct git {
	struct module_call *call;
	const char *executable, *repo, *dest, *version, *remote;
	bool bare;
	int64_t depth; /* 0: all of it */
	const char *ssh_command;
	int mode_umask;
};

enum git_ref { GIT_BRANCH, GIT_TAG, GIT_COMMIT };

/* What the repository says that a version is. */
struct git_target {
	enum git_ref kind;
	const char *name;   /* of the branch or tag; the commit as it was written */
	const char *commit; /* NULL: known after fetching only */
};

/* git and its first word; with `inside`, in dest. */
void git_begin(const struct git *g, struct program *p, bool inside, const char *verb);
/* The trimmed first line of a command that reads; "" where it fails. */
int git_ask(const struct git *g, const char *const *words, const char **ret, struct err *err);

/* Asks the repository; HEAD is its default branch. */
int git_resolve(const struct git *g, struct git_target *ret, struct err *err);
int git_clone(const struct git *g, const struct git_target *t, struct err *err);
int git_fetch(const struct git *g, const struct git_target *t, struct err *err);
int git_submodules(const struct git *g, bool track, struct err *err);
/* Do files differ from what is committed? Those that git does not know do not count. */
int git_modified(const struct git *g, bool *ret, struct err *err);
/* What the repository that is here calls the target. */
const char *git_revision(const struct git *g, const struct git_target *t);
/* verify_commit. */
int git_verify(const struct git *g, const struct git_target *t, struct err *err);

/* git_archive.c. Is what the task says of one right? */
int git_archive_check(struct module_call *call, struct err *err);
/* Of the revision; nothing where none is asked for. */
int git_archive(const struct git *g, const char *revision, struct err *err);

/* git_clone.c: a new working copy at the target. */
int git_make(const struct git *g, const struct git_target *t, struct err *err);

/* git_settle.c. Tree and submodules at the target, which the repository has; when
 * that fails, back at the commit `before` (NULL: there was none). */
int git_move(const struct git *g, const struct git_target *t, const char *before, struct err *err);
/* Was somebody killed on the way to a version? Waits for the git that they may
 * have left, and takes its lock away. */
int git_is_unfinished(const struct git *g, bool *ret, struct err *err);
int git_mark(const struct git *g, struct err *err);
int git_unmark(const struct git *g, struct err *err);
