#include "git_repository.h"

#include "../call.h"
#include "../path/whole_file.h"

#include <ctype.h>

#define SHA1_HEX 40u
#define GIT_TIMEOUT_MS 3600000

void git_begin(const struct git *g, struct program *p, bool inside, const char *verb)
{
	program_init(p, g->call, g->executable);
	program_env(p, "GIT_TERMINAL_PROMPT", "0");
	program_env(p, "GIT_OPTIONAL_LOCKS", "0");
	program_env(p, "GIT_ASKPASS", "true");
	if (g->ssh_command)
		program_env(p, "GIT_SSH_COMMAND", g->ssh_command);
	p->timeout_ms = GIT_TIMEOUT_MS;
	p->mode_umask = g->mode_umask;
	if (inside)
		p->cwd = g->dest;
	program_add(p, verb);
}

int git_ask(const struct git *g, const char *const *words, const char **ret, struct err *err)
{
	struct program p;
	git_begin(g, &p, true, words[0]);
	program_add_all(&p, words + 1);
	int r = program_probe(&p, err);
	if (r == 0)
		*ret = p.exit_code == 0 ? program_line(&p) : "";
	return r;
}

static bool is_commit(const char *version)
{
	size_t n = 0;
	while (isxdigit((unsigned char)version[n]))
		n++;
	return n == SHA1_HEX && !version[n];
}

/* One line of ls-remote: "sha<TAB>ref", or "ref: refs/heads/x<TAB>HEAD". */
static void take_ref(const struct git *g, struct slice line, struct git_target *t, bool *found)
{
	struct arena *a = g->call->arena;
	struct slice first;
	if (!slice_split(&line, '\t', &first) || !line.ptr)
		return;
	const char *what = arena_slice(a, first).ptr;
	bool head = strcmp(g->version, "HEAD") == 0;
	if (slice_is(line, "HEAD") && strncmp(what, "ref: refs/heads/", 16) == 0) {
		t->kind = GIT_BRANCH;
		t->name = what + 16;
	} else if (slice_is(line, "HEAD")) {
		t->commit = what;
		*found = true;
	} else if (!head && slice_is(line, arena_printf(a, "refs/heads/%s", g->version))) {
		*t = (struct git_target){GIT_BRANCH, g->version, what};
		*found = true;
	} else if (!head && (!*found || t->kind == GIT_TAG) &&
		   slice_starts_with(line, arena_printf(a, "refs/tags/%s", g->version))) {
		/* An annotated tag's own line comes first, then its commit as tag^{}. */
		*t = (struct git_target){GIT_TAG, g->version, what};
		*found = true;
	}
}

/* A commit that may be here already. */
static int local_commit(const struct git *g, struct git_target *t, struct err *err)
{
	bool there = false;
	const char *const words[] = {"rev-parse", "--verify", "--quiet",
				     arena_printf(g->call->arena, "%s^{commit}", g->version), NULL};
	const char *sha = "";
	*t = (struct git_target){GIT_COMMIT, g->version, NULL};
	int r = whole_file_exists(g->call, g->dest, &there, err);
	if (r == 0 && there)
		r = git_ask(g, words, &sha, err);
	if (r == 0 && sha[0])
		t->commit = sha;
	return r;
}

int git_resolve(const struct git *g, struct git_target *ret, struct err *err)
{
	struct program p;
	struct slice line;
	struct git_target t = {GIT_COMMIT, g->version, NULL};
	bool found = false, head = strcmp(g->version, "HEAD") == 0;
	if (is_commit(g->version)) {
		*ret = (struct git_target){GIT_COMMIT, g->version, g->version};
		return 0;
	}
	git_begin(g, &p, false, "ls-remote");
	if (head)
		program_add(&p, "--symref");
	program_add(&p, "--");
	program_add(&p, g->repo);
	program_add(&p, head ? "HEAD" : arena_printf(g->call->arena, "refs/heads/%s", g->version));
	if (!head)
		program_add_fmt(&p, "refs/tags/%s*", g->version);
	int r = program_read(&p, err);
	while (r == 0 && slice_split(&p.out, '\n', &line)) {
		/* v1 must not find v1.2 */
		const char *exact = arena_printf(g->call->arena, "refs/tags/%s", g->version);
		if (!memmem(line.ptr, line.len, "refs/tags/", 10) || slice_ends_with(line, exact) ||
		    slice_ends_with(line, arena_printf(g->call->arena, "%s^{}", exact)))
			take_ref(g, line, &t, &found);
	}
	if (r == 0 && found)
		*ret = t;
	return r < 0 || found ? r : local_commit(g, ret, err);
}

static const char *depth_word(const struct git *g)
{
	return arena_printf(g->call->arena, "--depth=%lld", (long long)g->depth);
}

int git_clone(const struct git *g, const struct git_target *t, struct err *err)
{
	struct program p;
	const char *reference = arg_str(g->call, "reference"),
		   *separate = arg_str(g->call, "separate_git_dir");
	git_begin(g, &p, false, "clone");
	program_add(&p, g->bare ? "--bare" : "--no-checkout");
	program_add(&p, "--origin");
	program_add(&p, g->remote);
	if (g->depth)
		program_add(&p, depth_word(g));
	if (t->kind != GIT_COMMIT && (g->depth || arg_bool(g->call, "single_branch")))
		program_add_fmt(&p, "--branch=%s", t->name);
	if (arg_bool(g->call, "single_branch"))
		program_add(&p, "--single-branch");
	if (reference)
		program_add_fmt(&p, "--reference=%s", reference);
	if (separate)
		program_add_fmt(&p, "--separate-git-dir=%s", separate);
	program_add(&p, "--");
	program_add(&p, g->repo);
	program_add(&p, g->dest);
	return program_change(&p, err);
}

int git_fetch(const struct git *g, const struct git_target *t, struct err *err)
{
	struct program p;
	const char *refspec = arg_str(g->call, "refspec");
	git_begin(g, &p, true, "fetch");
	program_add(&p, "--force");
	if (g->depth)
		program_add(&p, depth_word(g));
	program_add(&p, g->remote);
	if (g->bare) {
		program_add(&p, "+refs/heads/*:refs/heads/*");
	} else if (t->kind == GIT_BRANCH && g->depth) {
		program_add_fmt(&p, "+refs/heads/%s:refs/remotes/%s/%s", t->name, g->remote,
				t->name);
	} else if (t->kind == GIT_TAG && g->depth) {
		program_add_fmt(&p, "+refs/tags/%s:refs/tags/%s", t->name, t->name);
	} else if (t->kind == GIT_COMMIT && g->depth && is_commit(t->name)) {
		program_add(&p, t->name);
	} else {
		program_add_fmt(&p, "+refs/heads/*:refs/remotes/%s/*", g->remote);
	}
	if (!g->depth)
		program_add(&p, "+refs/tags/*:refs/tags/*");
	if (refspec)
		program_add(&p, refspec);
	return program_change(&p, err);
}

int git_submodules(const struct git *g, bool track, struct err *err)
{
	struct program p;
	bool there = false;
	const char *list = arena_printf(g->call->arena, "%s/.gitmodules", g->dest);
	int r = whole_file_exists(g->call, list, &there, err);
	if (r < 0 || !there)
		return r;
	git_begin(g, &p, true, "submodule");
	program_add(&p, "sync");
	program_add(&p, "--recursive");
	r = program_change(&p, err);
	if (r < 0)
		return r;
	git_begin(g, &p, true, "submodule");
	const char *const words[] = {"update", "--init", "--recursive", "--force", NULL};
	program_add_all(&p, words);
	if (track)
		program_add(&p, "--remote");
	return program_change(&p, err);
}

int git_modified(const struct git *g, bool *ret, struct err *err)
{
	struct program p;
	struct slice line;
	*ret = false;
	if (g->bare)
		return 0;
	git_begin(g, &p, true, "status");
	program_add(&p, "--porcelain");
	int r = program_read(&p, err);
	while (r == 0 && slice_split(&p.out, '\n', &line))
		*ret |= line.len && !slice_starts_with(line, "??");
	return r;
}
