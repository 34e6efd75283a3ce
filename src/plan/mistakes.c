/* Mistakes of a project: collected while it is compiled, told together. */
#include "internal.h"
#include "rollout/base/file.h"

#include <stdlib.h>

/* As they are shown; what has no place comes last. */
static int compare_files(const char *a, const char *b)
{
	if (!a || !b)
		return !a - !b;
	return strcmp(path_from_here(a), path_from_here(b));
}

static int compare(const void *a, const void *b)
{
	const struct err *x = a, *y = b;
	int r = compare_files(x->at.file, y->at.file);
	if (r == 0)
		r = (x->at.line > y->at.line) - (x->at.line < y->at.line);
	if (r == 0)
		r = (x->at.column > y->at.column) - (x->at.column < y->at.column);
	return r ? r : strcmp(x->msg, y->msg);
}

static bool is_same(const struct err *x, const struct err *y)
{
	return x->at.line == y->at.line && x->at.column == y->at.column &&
	       strcmp(x->msg, y->msg) == 0 &&
	       strcmp(x->at.file ? x->at.file : "", y->at.file ? y->at.file : "") == 0;
}

/* A role that is used twice is compiled twice. */
static void keep(struct plan *plan, const struct err *mistake)
{
	for (size_t i = 0; i < plan->mistakes.len; i++)
		if (is_same(&plan->mistakes.at[i], mistake))
			return;
	vec_push(&plan->mistakes, *mistake);
}

int plan_go_on(struct plan *plan, int r, struct err *err)
{
	if (r >= 0 || !plan->collects_mistakes || plan->mistakes.len + 1 >= PLAN_MAX_MISTAKES)
		return r;
	keep(plan, err);
	*err = (struct err){0};
	return 0;
}

int plan_go_without(struct plan *plan, struct plan_step *step, int r, struct err *err)
{
	if (r >= 0)
		return r;
	plan_lacks(plan, step);
	return plan_go_on(plan, r, err);
}

void plan_lacks(struct plan *plan, struct plan_step *step)
{
	if (!plan->collects_mistakes)
		return;
	plan->incomplete = true;
	if (step)
		step->handlers_unknown = true;
}

int mistakes_tell(struct plan *plan, const struct plan_options *opts, int r, struct err *err)
{
	if (plan->mistakes.len == 0)
		return r;
	if (r < 0)
		keep(plan, err);
	size_t n = plan->mistakes.len, shown = n;
	qsort(plan->mistakes.at, n, sizeof(*plan->mistakes.at), compare);
	if (n > PLAN_MISTAKES_TOLD) {
		shown = PLAN_MISTAKES_TOLD;
		r = err_set(err, ERR_INVALID, "%s%zu more mistakes are not shown",
			    n < PLAN_MAX_MISTAKES ? "" : "at least ", n - shown);
	} else {
		*err = plan->mistakes.at[--shown];
		r = err->code;
	}
	for (size_t i = 0; i < shown; i++)
		opts->tell(&plan->mistakes.at[i]);
	return r;
}
