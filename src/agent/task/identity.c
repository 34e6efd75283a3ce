#include "identity.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The user that called sudo; false: nobody did, or root. */
static bool sudo_caller(uid_t *ret)
{
	const char *text = getenv("SUDO_UID");
	char *end;
	if (geteuid() != 0 || !text || !*text)
		return false;
	errno = 0;
	unsigned long uid = strtoul(text, &end, 10);
	if (errno || *end || uid == 0 || uid >= UINT32_MAX)
		return false;
	*ret = (uid_t)uid;
	return true;
}

static int find_user(struct host *h, struct arena *a, const char *become_user,
		     struct host_user *ret, struct err *err)
{
	uid_t caller;
	if (become_user) {
		int r = h->ops->user(h, a, become_user, ret, err);
		if (r == 0 && !ret->exists && !ret->assumed)
			return err_set(err, ERR_NOT_FOUND,
				       "cannot become '%s': this host has no such user",
				       become_user);
		return r;
	}
	if (!sudo_caller(&caller)) {
		*ret = (struct host_user){.uid = geteuid()};
		return 0;
	}
	int r = h->ops->user_by_id(h, a, caller, ret, err);
	if (r == 0 && !ret->exists)
		return err_set(err, ERR_NOT_FOUND, "this host has no user with the id %u", caller);
	return r;
}

static int find_groups(struct host *h, struct arena *a, const struct host_user *u,
		       struct identity *id, struct err *err)
{
	size_t max = 1;
	while (u->groups && u->groups[max - 1])
		max++;
	gid_t *groups = ARENA_ARRAY(a, gid_t, max);
	groups[0] = u->gid;
	id->ngroups = 1;
	for (size_t i = 0; i + 1 < max; i++) {
		struct host_group g = {0};
		int r = h->ops->group(h, a, u->groups[i], &g, err);
		if (r < 0)
			return r;
		if (g.exists && g.gid != u->gid)
			groups[id->ngroups++] = g.gid;
	}
	id->groups = groups;
	return 0;
}

static int may_not_become(struct host *h, struct arena *a, const char *name, struct err *err)
{
	struct host_user own = {0};
	if (h->ops->user_by_id(h, a, geteuid(), &own, NULL) < 0 || !own.exists)
		own.name = arena_printf(a, "uid %u", geteuid());
	return err_set(err, ERR_AUTH,
		       "cannot become '%s': the agent runs as '%s', and only root can become "
		       "another user",
		       name, own.name);
}

int identity_find(struct host *h, struct arena *a, const char *become_user, struct identity *ret,
		  struct err *err)
{
	struct host_user u = {0};
	int r = find_user(h, a, become_user, &u, err);
	if (r < 0)
		return r;
	struct identity id = {.name = u.name,
			      .home = u.home && u.home[0] ? u.home : "/",
			      .shell = u.shell && u.shell[0] ? u.shell : "/bin/sh",
			      .uid = u.uid,
			      .gid = u.gid,
			      .is_own = !u.name,
			      .is_login = !become_user,
			      .needs_drop = u.uid != geteuid()};
	if (id.needs_drop && geteuid() != 0)
		return may_not_become(h, a, become_user, err);
	if (id.needs_drop)
		r = find_groups(h, a, &u, &id, err);
	if (r == 0)
		*ret = id;
	return r;
}

/* Where the user has a session; `systemctl --user` needs it. */
static void put_runtime_dir(uid_t uid)
{
	char path[64];
	snprintf(path, sizeof(path), "/run/user/%u", uid);
	if (access(path, F_OK) == 0)
		setenv("XDG_RUNTIME_DIR", path, 1);
	else
		unsetenv("XDG_RUNTIME_DIR");
}

void identity_put_environment(const struct identity *id)
{
	static const char *const sudo[] = {"SUDO_UID", "SUDO_GID", "SUDO_USER", "SUDO_COMMAND"};
	if (id->is_own)
		return;
	setenv("HOME", id->home, 1);
	setenv("USER", id->name, 1);
	setenv("LOGNAME", id->name, 1);
	setenv("SHELL", id->shell, 1);
	put_runtime_dir(id->uid);
	for (size_t i = 0; id->is_login && i < ARRAY_LEN(sudo); i++)
		unsetenv(sudo[i]);
}

int identity_drop(const struct identity *id, struct err *err)
{
	if (!id->needs_drop)
		return 0;
	if (setgroups(id->ngroups, id->groups) < 0)
		return err_sys(err, "become %s: setgroups", id->name);
	if (setresgid(id->gid, id->gid, id->gid) < 0)
		return err_sys(err, "become %s: setgid", id->name);
	if (setresuid(id->uid, id->uid, id->uid) < 0)
		return err_sys(err, "become %s: setuid", id->name);
	if (chdir(id->home) < 0 && chdir("/") < 0)
		return err_sys(err, "become %s: chdir", id->name);
	return 0;
}
