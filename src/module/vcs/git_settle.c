/*
 * A working copy on its way to a version. git writes file by file; so that what
 * is there afterwards is the old version or the new one, a failed checkout is
 * undone, and a file in the repository tells of one that was killed: what differs
 * then is no modification of anybody's.
 */
#include "git_repository.h"

#include "../path/path_state.h"
#include "../path/whole_file.h"

#include <time.h>

#define UNFINISHED "rollout-unfinished"
#define LOCK_WAITS 50 /* of 100 ms: a git whose agent was killed goes on */

static int inside_repository(const struct git *g, const char *name, const char **ret,
			     struct err *err)
{
	struct host_stat st = {0};
	const char *dir = arena_printf(g->call->arena, "%s/.git", g->dest);
	const char *const words[] = {"rev-parse", "--absolute-git-dir", NULL};
	int r = g->call->host->ops->stat(g->call->host, g->call->arena, dir, true, &st, err);
	if (r == 0 && st.type != HOST_DIR)
		r = git_ask(g, words, &dir, err);
	if (r == 0)
		*ret = path_below(g->call, dir, name);
	return r;
}

int git_mark(const struct git *g, struct err *err)
{
	const char *path = NULL;
	struct host_write w = {.content = {"", 0}, .attr = HOST_ATTR_KEEP};
	int r = inside_repository(g, UNFINISHED, &path, err);
	return r < 0 ? r : g->call->host->ops->write(g->call->host, path, &w, err);
}

int git_unmark(const struct git *g, struct err *err)
{
	const char *path = NULL;
	int r = inside_repository(g, UNFINISHED, &path, err);
	return r < 0 ? r : g->call->host->ops->remove(g->call->host, path, false, err);
}

static int drop_lock(const struct git *g, struct err *err)
{
	const char *path = NULL;
	bool held = true;
	int r = inside_repository(g, "index.lock", &path, err);
	for (int i = 0; r == 0 && held && i < LOCK_WAITS; i++) {
		r = whole_file_exists(g->call, path, &held, err);
		if (r == 0 && held)
			nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	}
	if (r == 0 && held)
		r = g->call->host->ops->remove(g->call->host, path, false, err);
	return r;
}

int git_is_unfinished(const struct git *g, bool *ret, struct err *err)
{
	const char *path = NULL;
	*ret = false;
	if (g->bare)
		return 0;
	int r = inside_repository(g, UNFINISHED, &path, err);
	if (r == 0)
		r = whole_file_exists(g->call, path, ret, err);
	return r == 0 && *ret && !g->call->check_mode ? drop_lock(g, err) : r;
}

const char *git_revision(const struct git *g, const struct git_target *t)
{
	struct arena *a = g->call->arena;
	if (t->kind == GIT_BRANCH && !g->bare)
		return arena_printf(a, "refs/remotes/%s/%s", g->remote, t->name);
	return t->kind == GIT_TAG ? arena_printf(a, "refs/tags/%s", t->name) : t->name;
}

static int checkout(const struct git *g, const struct git_target *t, struct err *err)
{
	struct program p;
	git_begin(g, &p, true, "checkout");
	program_add(&p, "--quiet");
	program_add(&p, "--force");
	program_add(&p, t->kind == GIT_BRANCH ? "-B" : "--detach");
	if (t->kind == GIT_BRANCH)
		program_add(&p, t->name);
	program_add(&p, git_revision(g, t));
	program_add(&p, "--");
	return program_change(&p, err);
}

/* The folders that a new file needed, too. */
static void remove_file(const struct git *g, const char *name)
{
	struct host *h = g->call->host;
	const char *path = path_below(g->call, g->dest, name);
	while (strlen(path) > strlen(g->dest) && h->ops->remove(h, path, false, NULL) == 0)
		path = path_folder(g->call, path);
}

/* What only the new version has, git does not know yet. */
static void remove_new(const struct git *g, const struct git_target *t, const char *before)
{
	struct program p;
	struct slice name;
	const char *const words[] = {
		"--name-only", "--diff-filter=A", "--no-renames", "-z", before, git_revision(g, t),
		NULL};
	git_begin(g, &p, true, "diff");
	program_add_all(&p, words);
	if (program_probe(&p, NULL) < 0 || p.exit_code != 0)
		return;
	while (slice_split(&p.out, '\0', &name))
		if (name.len)
			remove_file(g, arena_slice(g->call->arena, name).ptr);
}

static int undo(const struct git *g, const char *branch, const char *before, struct err *err)
{
	struct program p;
	git_begin(g, &p, true, "checkout");
	program_add(&p, "--quiet");
	program_add(&p, "--force");
	program_add(&p, branch[0] ? "-B" : "--detach");
	if (branch[0])
		program_add(&p, branch);
	program_add(&p, before);
	program_add(&p, "--");
	int r = program_change(&p, err);
	if (r == 0 && arg_bool(g->call, "recursive"))
		(void)git_submodules(g, false, NULL);
	return r;
}

/* Before the mark: a lock is somebody else's then. */
static int refuse_locked(const struct git *g, struct err *err)
{
	const char *path = NULL;
	bool held = false;
	int r = inside_repository(g, "index.lock", &path, err);
	if (r == 0)
		r = whole_file_exists(g->call, path, &held, err);
	return r == 0 && held
		       ? err_set(err, ERR_EXISTS,
				 "%s exists: another git is at work here, or was killed", path)
		       : r;
}

static int move(const struct git *g, const struct git_target *t, struct err *err)
{
	int r = checkout(g, t, err);
	return r == 0 && arg_bool(g->call, "recursive")
		       ? git_submodules(g, arg_bool(g->call, "track_submodules"), err)
		       : r;
}

int git_move(const struct git *g, const struct git_target *t, const char *before, struct err *err)
{
	struct err failure = {0};
	const char *branch = "";
	const char *const ask[] = {"symbolic-ref", "--quiet", "--short", "HEAD", NULL};
	int r = git_ask(g, ask, &branch, err);
	if (r == 0)
		r = refuse_locked(g, err);
	if (r == 0)
		r = git_mark(g, err);
	if (r < 0)
		return r;
	r = move(g, t, err);
	if (r == 0)
		return git_unmark(g, err);
	if (!before)
		return r;
	remove_new(g, t, before);
	if (undo(g, branch, before, &failure) < 0)
		result_warn(g->call, "%s could not be put back to %s: %s", g->dest, before,
			    failure.msg);
	else
		(void)git_unmark(g, NULL);
	return r;
}
