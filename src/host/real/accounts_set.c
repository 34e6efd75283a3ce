/* Changing users and groups, by shadow's programs. */
#include "../tool.h"
#include "real.h"
#include "rollout/base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#define ACCOUNTS "/etc"
#define INODES_FEW 8u /* lock files and new ones need some */
#define SKELETON "/etc/skel"

struct words {
	const char **at;
	size_t len, cap;
};

static void words_release(struct words *w)
{
	vec_release(w);
}

static void add(struct words *w, const char *option, const char *value)
{
	vec_push(w, option);
	if (value)
		vec_push(w, value);
}

static void add_set(struct words *w, const char *option, const char *value)
{
	if (value)
		add(w, option, value);
}

/* shadow's programs say that they cannot lock /etc/passwd, and not why. */
static const char *why_not_written(const char *folder)
{
	struct statvfs fs;
	if (statvfs(folder, &fs) < 0)
		return strerror(errno);
	if (fs.f_flag & ST_RDONLY)
		return strerror(EROFS);
	if ((fs.f_blocks && !fs.f_bavail) || (fs.f_files && fs.f_ffree < INODES_FEW))
		return strerror(ENOSPC);
	return NULL;
}

static int failed(const struct tool *t, const struct host_command_result *result, struct err *err)
{
	const char *why = why_not_written(ACCOUNTS);
	int r = tool_failed(t, result, err);
	return why && err && !strstr(err->msg, why) ? err_wrap(err, r, ACCOUNTS ": %s", why) : r;
}

static int must(struct host *h, const struct tool *t, struct err *err)
{
	CLEANUP(host_command_result_release) struct host_command_result result = {0};
	int r = tool_run(h, TOOL_CHANGE, t, &result, err);
	if (r < 0)
		return r;
	return result.exit_code == 0 && !result.timed_out ? 0 : failed(t, &result, err);
}

static int run_words(struct host *h, struct words *w, struct err *err)
{
	vec_push(w, NULL);
	return must(h, &(struct tool){.argv = w->at}, err);
}

static const char *joined(struct arena *a, const char *const *names)
{
	const char *all = "";
	for (; *names; names++)
		all = arena_printf(a, "%s%s%s", all, *all ? "," : "", *names);
	return all;
}

static const char *number(struct arena *a, int64_t n)
{
	return n < 0 ? NULL : arena_printf(a, "%lld", (long long)n);
}

/* On standard input: a hash does not belong into an argument list. */
static int set_password(struct host *h, const char *name, const char *hash, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf line = {0};
	if (strpbrk(hash, ":\n"))
		return err_set(err, ERR_INVALID, "the password of %s is not a hash", name);
	strbuf_printf(&line, "%s:%s\n", name, hash);
	const char *argv[] = {"chpasswd", "-e", NULL};
	return must(h, &(struct tool){.argv = argv, .stdin_bytes = strbuf_slice(&line)}, err);
}

static int user_add(struct host *h, struct arena *a, const struct host_user_spec *s,
		    struct err *err)
{
	CLEANUP(words_release) struct words w = {0};
	struct host_group same = {0};
	add(&w, "useradd", NULL);
	add_set(&w, "-u", number(a, s->uid));
	if (s->uid >= 0 && s->non_unique)
		add(&w, "-o", NULL);
	if (!s->group) {
		/* Its own group is there already: useradd must not make it. */
		int r = h->ops->group(h, a, s->name, &same, err);
		if (r < 0)
			return r;
	}
	add_set(&w, "-g", s->group ? s->group : same.exists ? s->name : NULL);
	if (s->groups && *s->groups)
		add(&w, "-G", joined(a, s->groups));
	add_set(&w, "-c", s->gecos);
	add_set(&w, "-d", s->home);
	add_set(&w, "-s", s->shell);
	add(&w, s->create_home ? "-m" : "-M", NULL);
	if (s->system)
		add(&w, "-r", NULL);
	if (s->create_home)
		add_set(&w, "-k", s->skeleton);
	if (s->umask)
		add(&w, "-K", arena_printf(a, "UMASK=%s", s->umask));
	add(&w, "--", s->name);
	return run_words(h, &w, err);
}

/* What leads to a home is root's, as of useradd. */
static int make_parents(struct host *h, const char *home, struct err *err)
{
	CLEANUP(free_ptr) char *path = xstrdup(home);
	const struct host_attr attr = {0755, -1, -1, -1, -1};
	struct stat st;
	int r = 0;
	for (char *p = path + 1; r == 0 && (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		if (stat(path, &st) < 0)
			r = real_mkdir(h, path, &attr, err);
	}
	return r;
}

/* A home that is not there yet for a user that is. */
static int make_home(struct host *h, const struct host_user *u, const struct host_user_spec *s,
		     struct err *err)
{
	struct stat st;
	const char *skeleton = s->skeleton ? s->skeleton : SKELETON;
	if (!u->home || !*u->home || stat(u->home, &st) == 0)
		return 0;
	struct host_attr attr = HOST_ATTR_KEEP;
	attr.mode = s->umask ? 0777 & ~(int)strtoul(s->umask, NULL, 8) : 0755;
	int r = make_parents(h, u->home, err);
	if (r == 0)
		r = real_mkdir(h, u->home, &attr, err);
	if (r < 0)
		return r;
	if (stat(skeleton, &st) == 0) {
		const char *copy[] = {"cp", "-aT", "--", skeleton, u->home, NULL};
		r = tool_must(h, TOOL_CHANGE, &(struct tool){.argv = copy}, err);
	}
	CLEANUP(strbuf_release) struct strbuf owner = {0};
	strbuf_printf(&owner, "%u:%u", u->uid, u->gid);
	const char *chown[] = {"chown", "-R", "-h", owner.ptr, "--", u->home, NULL};
	return r < 0 ? r : tool_must(h, TOOL_CHANGE, &(struct tool){.argv = chown}, err);
}

static int user_change(struct host *h, struct arena *a, const struct host_user_spec *s,
		       struct err *err)
{
	CLEANUP(words_release) struct words w = {0};
	add(&w, "usermod", NULL);
	add_set(&w, "-u", number(a, s->uid));
	if (s->uid >= 0 && s->non_unique)
		add(&w, "-o", NULL);
	add_set(&w, "-g", s->group);
	if (s->groups) {
		if (s->append_groups)
			add(&w, "-a", NULL);
		add(&w, "-G", joined(a, s->groups));
	}
	add_set(&w, "-c", s->gecos);
	add_set(&w, "-d", s->home);
	if (s->home && s->move_home)
		add(&w, "-m", NULL);
	add_set(&w, "-s", s->shell);
	if (w.len == 1)
		return 0;
	add(&w, "--", s->name);
	return run_words(h, &w, err);
}

int real_user_set(struct host *h, const struct host_user_spec *s, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct host_user u = {0};
	int r = real_user(h, &a, s->name, &u, err);
	if (r < 0)
		return r;
	bool existed = u.exists;
	r = existed ? user_change(h, &a, s, err) : user_add(h, &a, s, err);
	if (r == 0 && s->password_hash)
		r = set_password(h, s->name, s->password_hash, err);
	if (r == 0 && existed && s->create_home) {
		r = real_user(h, &a, s->name, &u, err);
		if (r == 0)
			r = make_home(h, &u, s, err);
	}
	return r;
}

int real_user_remove(struct host *h, const char *name, unsigned how, struct err *err)
{
	const char *argv[8] = {"userdel"};
	size_t n = 1;
	if (how & HOST_USER_REMOVE_FORCE)
		argv[n++] = "-f";
	if (how & HOST_USER_REMOVE_HOME)
		argv[n++] = "-r";
	argv[n++] = "--";
	argv[n] = name;
	CLEANUP(host_command_result_release) struct host_command_result result = {0};
	struct tool t = {.argv = argv};
	int r = tool_run(h, TOOL_CHANGE, &t, &result, err);
	if (r < 0)
		return r;
	/* 6: no such user; 12: the home could not be removed, mostly because
	 * it never was there. */
	if (result.exit_code == 0 || result.exit_code == 6 || result.exit_code == 12)
		return 0;
	return failed(&t, &result, err);
}

int real_group_set(struct host *h, const struct host_group_spec *s, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	CLEANUP(words_release) struct words w = {0};
	struct host_group g = {0};
	int r = real_group(h, &a, s->name, &g, err);
	if (r < 0)
		return r;
	if (g.exists && (s->gid < 0 || (gid_t)s->gid == g.gid))
		return 0;
	add(&w, g.exists ? "groupmod" : "groupadd", NULL);
	add_set(&w, "-g", number(&a, s->gid));
	if (s->gid >= 0 && s->non_unique)
		add(&w, "-o", NULL);
	if (s->system && !g.exists)
		add(&w, "-r", NULL);
	add(&w, "--", s->name);
	return run_words(h, &w, err);
}

int real_group_remove(struct host *h, const char *name, struct err *err)
{
	const char *argv[] = {"groupdel", "--", name, NULL};
	CLEANUP(host_command_result_release) struct host_command_result result = {0};
	struct tool t = {.argv = argv};
	int r = tool_run(h, TOOL_CHANGE, &t, &result, err);
	if (r < 0)
		return r;
	return result.exit_code == 0 || result.exit_code == 6 ? 0 : failed(&t, &result, err);
}
