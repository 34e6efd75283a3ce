/* --start-at-task: what comes before the task is left out. In a graph that is
 * the earlier tasks of its step, and the steps that it waits for. */
#include "internal.h"
#include "rollout/base/nearest.h"

#include <fnmatch.h>

static bool is_wanted(const struct plan_node *n, const char *pattern)
{
	if (n->kind != PLAN_TASK || n->is_handler || !n->selected || !n->name ||
	    n->name->type != VALUE_STRING)
		return false;
	if (fnmatch(pattern, n->name->str.ptr, 0) == 0)
		return true;
	struct strbuf full CLEANUP(strbuf_release) = {0};
	if (n->role)
		strbuf_printf(&full, "%s : %s", n->role->name, n->name->str.ptr);
	return n->role && fnmatch(pattern, full.ptr, 0) == 0;
}

static void skip_tasks(struct plan *plan, const struct plan_step *step,
		       const struct plan_node *before)
{
	for (size_t i = 0; i < plan->nodes.len && plan->nodes.at[i] != before; i++) {
		struct plan_node *n = plan->nodes.at[i];
		if (n->step == step && n->kind == PLAN_TASK && !n->is_handler)
			n->selected = false;
	}
}

/* The steps that it waits for, and those that these wait for. */
static void skip_earlier(struct plan *plan, const struct plan_step *step, bool *done)
{
	for (size_t i = 0; i < step->after.len; i++) {
		const struct plan_step *first = plan->steps.at[step->after.at[i]];
		if (done[first->index])
			continue;
		done[first->index] = true;
		skip_tasks(plan, first, NULL);
		skip_earlier(plan, first, done);
	}
}

int start_at_task(struct plan *plan, const char *pattern, struct err *err)
{
	struct nearest near;
	char hint[200];
	nearest_init(&near, slice_from(pattern));
	for (size_t i = 0; i < plan->nodes.len; i++) {
		const struct plan_node *n = plan->nodes.at[i];
		if (!is_wanted(n, pattern)) {
			if (n->kind == PLAN_TASK && n->name && n->name->type == VALUE_STRING)
				nearest_offer(&near, n->name->str);
			continue;
		}
		skip_tasks(plan, n->step, n);
		skip_earlier(plan, n->step, ARENA_ARRAY(&plan->arena, bool, plan->steps.len + 1));
		return 0;
	}
	return err_set(err, ERR_NOT_FOUND, "--start-at-task: no task is named '%s'%s", pattern,
		       nearest_hint(&near, hint, sizeof(hint)));
}
