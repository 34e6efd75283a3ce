/*
 * A new working copy. It is made beside its place, with all that belongs to it,
 * and gets there by a rename: one that was killed in the middle is no repository
 * that the next run would take for the old version. A folder that is there
 * already stays (it may be a mount point, or somebody's), so what is made inside
 * of it moves up, the repository first, marked as unfinished.
 */
#include "git_repository.h"

#include "../path/path_state.h"

#define STAGE ".rollout-git"

/* NULL: in place, since the repository lies elsewhere and knows where its tree is. */
static int find_stage(const struct git *g, bool *ret_inside, const char **ret, struct err *err)
{
	struct module_call *call = g->call;
	struct host_names names = {0};
	struct host_stat st = {0};
	*ret_inside = false;
	*ret = NULL;
	if (arg_has(call, "separate_git_dir"))
		return 0;
	int r = call->host->ops->stat(call->host, call->arena, g->dest, true, &st, err);
	if (r < 0)
		return r;
	if (st.type == HOST_ABSENT) {
		const char *slash = strrchr(g->dest, '/');
		*ret = path_below(call, path_folder(call, g->dest),
				  arena_printf(call->arena, STAGE "-%s", slash ? slash + 1 : ""));
		return 0;
	}
	if (st.type != HOST_DIR || g->bare)
		return 0;
	r = call->host->ops->list(call->host, call->arena, g->dest, &names, err);
	if (r < 0 || names.len > 1 || (names.len == 1 && strcmp(names.at[0], STAGE) != 0))
		return r;
	*ret_inside = true;
	*ret = path_below(call, g->dest, STAGE);
	return 0;
}

static int move_up(const struct git *g, const char *stage, struct err *err)
{
	struct host *h = g->call->host;
	struct arena *a = g->call->arena;
	struct host_names names = {0};
	int r = h->ops->rename(h, path_below(g->call, stage, ".git"),
			       path_below(g->call, g->dest, ".git"), err);
	if (r == 0)
		r = h->ops->list(h, a, stage, &names, err);
	for (size_t i = 0; r == 0 && i < names.len; i++)
		r = h->ops->rename(h, path_below(g->call, stage, names.at[i]),
				   path_below(g->call, g->dest, names.at[i]), err);
	if (r == 0)
		r = h->ops->remove(h, stage, true, err);
	return r < 0 ? r : git_unmark(g, err);
}

/* All of it: clone, what was not brought along, tree, submodules, signature. */
static int fill(const struct git *g, const struct git_target *t, struct err *err)
{
	int r = git_clone(g, t, err);
	/* What is no branch or tag may not have come along. */
	if (r == 0 && (arg_has(g->call, "refspec") || (t->kind == GIT_COMMIT && g->depth)))
		r = git_fetch(g, t, err);
	if (r == 0)
		r = git_verify(g, t, err);
	return r == 0 && !g->bare ? git_move(g, t, NULL, err) : r;
}

int git_make(const struct git *g, const struct git_target *t, struct err *err)
{
	struct host *h = g->call->host;
	struct git staged = *g;
	bool inside = false;
	const char *stage = NULL;
	int r = find_stage(g, &inside, &stage, err);
	if (r < 0 || !stage)
		return r < 0 ? r : fill(g, t, err);
	staged.dest = stage;
	r = h->ops->remove(h, stage, true, err);
	if (r == 0)
		r = fill(&staged, t, err);
	if (r == 0 && inside)
		r = git_mark(&staged, err);
	if (r == 0)
		r = inside ? move_up(g, stage, err) : h->ops->rename(h, stage, g->dest, err);
	if (r < 0)
		(void)h->ops->remove(h, stage, true, NULL);
	return r;
}
