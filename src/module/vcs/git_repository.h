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
int git_checkout(const struct git *g, const struct git_target *t, struct err *err);
int git_submodules(const struct git *g, bool track, struct err *err);
/* Do files differ from what is committed? Those that git does not know do not count. */
int git_modified(const struct git *g, bool *ret, struct err *err);
