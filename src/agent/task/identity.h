#pragma once
/*
 * Whom a task runs as: docs/wire.md, "Whom a task runs as". Found through
 * host's user(), since a static binary has no name service.
 */
#include "rollout/host/host.h"

struct identity {
	bool is_own;	 /* the process's own user, its environment as it is */
	bool needs_drop; /* another user than the process's */
	bool is_login;	 /* the user that sudo was called by */
	const char *name, *home, *shell;
	uid_t uid;
	gid_t gid;
	const gid_t *groups; /* supplementary */
	size_t ngroups;
};

/* become_user NULL: the login user. ERR_NOT_FOUND: no such user; ERR_AUTH: the
 * process may not become it. */
int identity_find(struct host *h, struct arena *a, const char *become_user, struct identity *ret,
		  struct err *err);
/* HOME, USER, LOGNAME, SHELL, XDG_RUNTIME_DIR. */
void identity_put_environment(const struct identity *id);
/* For good: groups, gid, uid, and the folder. */
int identity_drop(const struct identity *id, struct err *err);
