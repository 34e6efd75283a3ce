/* The critical path: of all chains of steps that wait for each other, the one whose
 * steps took longest together. No run could have been shorter than that. */
#include "step.h"

static int64_t duration_of(const struct run_step *step)
{
	return step->started ? step->stats.duration_ms : 0;
}

/* The step that it waits for with the longest chain behind it, or NULL. */
static const struct run_step *behind(const struct run_step *step, const int64_t *chain_ms)
{
	const struct run_step *best = NULL;
	for (size_t i = 0; i < step->plan->after.len; i++) {
		const struct run_step *before = step->run->steps.at[step->plan->after.at[i]];
		if (!best || chain_ms[before->plan->index] > chain_ms[best->plan->index])
			best = before;
	}
	return best;
}

void critical_path_mark(struct run *run)
{
	int64_t *chain_ms = ARENA_ARRAY(&run->arena, int64_t, run->steps.len + 1);
	const struct run_step *last = NULL;
	bool longer = true;
	while (longer) {
		longer = false;
		for (size_t i = 0; i < run->steps.len; i++) {
			const struct run_step *step = run->steps.at[i];
			const struct run_step *before = behind(step, chain_ms);
			const int64_t ms =
				duration_of(step) + (before ? chain_ms[before->plan->index] : 0);
			longer = longer || ms > chain_ms[i];
			chain_ms[i] = ms;
		}
	}
	for (size_t i = 0; i < run->steps.len; i++)
		if (!last || chain_ms[i] > chain_ms[last->plan->index])
			last = run->steps.at[i];
	for (; last; last = behind(last, chain_ms))
		run->steps.at[last->plan->index]->stats.critical = true;
}
