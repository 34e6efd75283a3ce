/* Steps: when they may start, their batches of hosts, their barriers. */
#include "step.h"
#include "../emit.h"
#include "../flight/flight.h"
#include "../run.h"
#include "rollout/base/clock.h"
#include "strand.h"

#include <stdlib.h>

size_t step_task_count(const struct run_step *step)
{
	size_t n = 0;
	for (size_t i = 0; step->hosts.len && i < step->run->plan->nodes.len; i++) {
		const struct plan_node *node = step->run->plan->nodes.at[i];
		n += node->step == step->plan && node->kind == PLAN_TASK && node->selected &&
		     !node->is_handler && !node->implicit &&
		     !module_kind_imports(node->module->kind);
	}
	return n;
}

static void emit_step(struct run_step *step, enum report_kind kind)
{
	struct report_event e = {.kind = kind,
				 .step = step->plan->name,
				 .role = step->plan->role_name,
				 .at = step->plan->at};
	e.nhosts = step->hosts.len;
	e.ntasks = step_task_count(step);
	e.duration_ms = step->stats.duration_ms;
	emit(step->run, &e);
}

/* ---- batches ---- */

/* A number of hosts, at least one for a percentage; all of them where it is 0 or below. */
static size_t hosts_of_serial(const struct run_step *step, const struct value *v, size_t left)
{
	if (v->type == VALUE_STRING && slice_ends_with(v->str, "%")) {
		size_t size = (size_t)(strtod(v->str.ptr, NULL) * (double)step->hosts.len / 100);
		return size ? size : 1;
	}
	long long n = v->type == VALUE_INT ? v->integer : strtoll(v->str.ptr, NULL, 10);
	return n > 0 ? (size_t)n : left;
}

/* How many hosts the next batch takes: serial: [1, "20%"]. */
static size_t batch_size(const struct run_step *step)
{
	size_t n = step->plan->serial.len, left = step->hosts.len - step->batch_end;
	if (n == 0)
		return left;
	const struct value *v =
		step->plan->serial.at[step->batch_index < n ? step->batch_index : n - 1];
	size_t size = hosts_of_serial(step, v, left);
	return size < left ? size : left;
}

static void start_batch(struct run_step *step)
{
	size_t size = batch_size(step);
	step->batch_start = step->batch_end;
	step->batch_end += size;
	step->batch_index++;
	for (size_t i = step->batch_start; i < step->batch_end; i++)
		if (!step->hosts.at[i]->failed && !step->hosts.at[i]->unreachable)
			strand_start(step, step->hosts.at[i]);
}

static void end_step(struct run_step *step)
{
	size_t out = 0;
	step->ended = true;
	step->ended_ms = clock_now_ms();
	step->stats.duration_ms = step->ended_ms - step->started_ms;
	for (size_t i = 0; i < step->hosts.len; i++)
		out += step->hosts.at[i]->failed || step->hosts.at[i]->unreachable;
	step->all_failed = step->all_failed || step->aborted ||
			   (!step->plan->is_play && step->hosts.len > 0 && out == step->hosts.len);
	if (step->started)
		emit_step(step, REPORT_STEP_ENDED);
	for (size_t i = 0; i < step->plan->before.len; i++) {
		struct run_step *next = step->run->steps.at[step->plan->before.at[i]];
		next->nblock--;
		/* what waits for a step that nobody got through is not begun */
		if (step->all_failed)
			next->all_failed = true;
	}
}

static bool batch_over(const struct run_step *step)
{
	for (size_t i = 0; i < step->strands.len; i++)
		if (step->strands.at[i]->state != STRAND_DONE)
			return false;
	return true;
}

static bool too_many_failed(const struct run_step *step)
{
	size_t n = step->strands.len, failed = 0, fatal = 0;
	const struct value *limit = step->plan->max_fail_percentage;
	for (size_t i = 0; i < n; i++) {
		failed += step->strands.at[i]->failed;
		fatal += step->strands.at[i]->failed && !step->strands.at[i]->spares_others;
	}
	if ((fatal && step->plan->any_errors_fatal) || (n && failed == n))
		return true;
	return limit && n && (double)failed * 100 > limit->real * (double)n;
}

/* A batch of a play that no host got through ends the playbook; those that had
 * failed before count as through. Source: ansible-core, playbook_executor.py. */
static bool whole_batch_failed(const struct run_step *step)
{
	size_t failed = 0;
	for (size_t i = 0; i < step->strands.len; i++)
		failed += step->strands.at[i]->failed;
	return failed > 0 && failed == step->batch_end - step->batch_start;
}

/* Batches that are over make room for the next, and the last ends the step. */
static void proceed(struct run_step *step)
{
	while (!step->ended && batch_over(step)) {
		bool strict = step->plan->is_play ? step->plan->max_fail_percentage != NULL
						  : step->plan->serial.len || step->plan->linear;
		if (step->fatal || (too_many_failed(step) && strict) ||
		    (step->plan->is_play && whole_batch_failed(step)))
			step->aborted = true;
		for (size_t i = 0; i < step->strands.len; i++)
			vec_push(&step->old_strands, step->strands.at[i]);
		step->strands.len = 0;
		if (step->aborted || step->over || step->batch_end == step->hosts.len ||
		    step->run->stopping) {
			end_step(step);
			return;
		}
		start_batch(step);
	}
}

static bool any_failed(const struct run *run)
{
	for (size_t i = 0; i < run->hosts.len; i++) {
		const struct run_host *h = run->hosts.entries[i].value;
		if (h->failed || h->unreachable)
			return true;
	}
	return false;
}

/* add_host and group_by take part in the hosts of later plays. */
static void match_hosts(struct run_step *step)
{
	struct run *run = step->run;
	struct err err = {0};
	inv_hosts found = {0};
	size_t known = run->plan->warnings.len;
	if (!step->plan->is_play || run->plan->inv->grown == 0)
		return;
	if (plan_step_hosts(run->plan, step->plan, &found, &err) < 0) {
		emit_warning(run, step->plan->hosts_value->at, "%s", err.msg);
		step->aborted = step->all_failed = true;
	}
	step->hosts.len = 0;
	for (size_t i = 0; i < found.len; i++)
		vec_push(&step->hosts, run_host_get(run, found.at[i]));
	step->stats.nhosts = found.len;
	run_emit_plan_warnings(run, known);
	vec_release(&found);
}

void step_start_ready(struct run *run)
{
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < run->steps.len; i++) {
			struct run_step *step = run->steps.at[i];
			if (step->ended || step->nblock > 0)
				continue;
			if (step->started) {
				proceed(step);
				more |= step->ended;
				continue;
			}
			step->all_failed |= step->plan->opens_file && any_failed(run);
			if (!step->all_failed)
				match_hosts(step);
			if (step->all_failed || step->hosts.len == 0 || run->stopping) {
				end_step(step);
				more = true;
				continue;
			}
			step->started = true;
			step->started_ms = clock_now_ms();
			step->stats.began_ms = step->started_ms - step->run->started_ms;
			emit_step(step, REPORT_STEP_STARTED);
			start_batch(step);
			more = true; /* the batch may be over at once: all its hosts are out of the run */
		}
	}
}

/* ---- barriers ---- */

/* any_errors_fatal: all hosts end but those that are about to tidy up, in a `rescue` or
 * an `always`; when that is all of them, the play goes on. Source: ansible-core,
 * plugins/strategy/linear.py. */
static bool end_by_error(struct run_step *step)
{
	bool ended = false;
	if (step->fatal_told)
		return false;
	for (size_t i = 0; i < step->strands.len; i++) {
		struct strand *s = step->strands.at[i];
		if (s->state != STRAND_BARRIER || strand_tidies_up(s))
			continue;
		s->host->failed = ended = true;
	}
	step->fatal = ended;
	step->fatal_told = ended;
	for (size_t i = 0; ended && i < step->strands.len; i++)
		if (step->strands.at[i]->state == STRAND_BARRIER &&
		    step->strands.at[i]->host->failed)
			strand_end(step->strands.at[i], true);
	return ended;
}

/* Everyone who still runs waits: the hindmost go on. */
void step_check_barrier(struct run_step *step)
{
	struct strand *hindmost = NULL;
	bool strict = step->plan->any_errors_fatal || step->plan->max_fail_percentage;
	bool fatal = strict && too_many_failed(step);
	for (size_t i = 0; i < step->strands.len; i++) {
		struct strand *s = step->strands.at[i];
		if (s->state == STRAND_DONE || s->state == STRAND_FOLLOWING)
			continue;
		if (s->state != STRAND_BARRIER)
			return;
		if (!hindmost || strand_compare_place(s, hindmost) < 0)
			hindmost = s;
	}
	step->asked = NULL;
	if (step->fatal && end_by_error(step)) {
		step_check_barrier(step); /* those that are left, if any */
		return;
	}
	for (size_t i = 0; i < step->strands.len; i++) {
		struct strand *s = step->strands.at[i];
		if (s->state != STRAND_BARRIER)
			continue;
		if (fatal) {
			s->host->failed = true;
			strand_end(s, true);
		} else if (s == hindmost || strand_compare_place(s, hindmost) == 0) {
			s->leader = s == hindmost ? NULL : hindmost;
			s->gate_open = true;
			strand_wake(s);
		}
	}
}

static bool follows_leader(const struct strand *s, const struct strand *leader)
{
	return s->leader == leader &&
	       (s->state == STRAND_FOLLOWING || (s->state == STRAND_READY && s->gate_open));
}

void step_strand_ended(struct strand *s)
{
	struct strand *next = NULL;
	/* those that followed it follow another, which does the task again */
	for (size_t i = 0; i < s->step->strands.len; i++) {
		struct strand *t = s->step->strands.at[i];
		if (!follows_leader(t, s))
			continue;
		t->leader = next;
		if (!next)
			next = t;
		if (t->state == STRAND_FOLLOWING)
			strand_wake(t);
	}
	step_check_barrier(s->step);
}

/* ---- run_once ---- */

/* A follower is done with the task at the gate. */
static void leave_gate(struct strand *s, const struct plan_node *node)
{
	size_t ignored;
	(void)strand_take_notification(s, &ignored);
	strand_next(s);
	s->leader = NULL;
	s->at_gate = s->gate_open = false;
	s->leaving = !node->is_handler;
	step_passed(s, node);
}

void step_share_result(struct strand *leader, struct flight *f, bool with_outcome)
{
	struct run_step *step = leader->step;
	for (size_t i = 0; i < step->strands.len; i++) {
		struct strand *s = step->strands.at[i];
		if (!follows_leader(s, leader))
			continue;
		if (with_outcome)
			outcome_share(f, s->host);
		leave_gate(s, f->node);
		strand_wake(s);
	}
}

void step_share_failure(struct strand *leader, struct flight *f)
{
	struct run_step *step = leader->step;
	for (size_t i = 0; i < step->strands.len; i++) {
		struct strand *s = step->strands.at[i];
		if (!follows_leader(s, leader))
			continue;
		outcome_share(f, s->host);
		leave_gate(s, f->node);
		s->failed_task = leader->failed_task;
		s->failed_result = leader->failed_result;
		if (strand_unwind(s)) {
			strand_wake(s);
			continue;
		}
		s->host->failed = true;
		strand_end(s, true);
	}
}

void step_end_all(struct run_step *step, bool all_batches)
{
	step->over = all_batches;
	for (size_t i = 0; i < step->strands.len; i++) {
		struct strand *s = step->strands.at[i];
		strand_leave_step(s);
		if (s->state == STRAND_BARRIER)
			strand_wake(s);
	}
}

/* ---- counting ---- */

static size_t *counter(struct strmap *m, struct arena *a, const struct plan_node *node)
{
	char key[16];
	int n = snprintf(key, sizeof(key), "%u", node->id);
	size_t *count = strmap_get(m, (struct slice){key, (size_t)n});
	if (!count) {
		count = ARENA_NEW(a, size_t);
		strmap_set(m, (struct slice){key, (size_t)n}, count);
	}
	return count;
}

/* A strand is past the task; after the last one the task is over. */
void step_passed(struct strand *s, const struct plan_node *node)
{
	struct run_step *step = s->step;
	size_t *count = counter(&step->passed, &step->run->arena, node), gone = 0;
	++*count;
	for (size_t i = 0; i < step->strands.len; i++)
		gone += step->strands.at[i]->failed;
	if (*count + gone < step->strands.len)
		return;
	*count = 0;
	struct report_event e = {.kind = REPORT_TASK_ENDED,
				 .step = step->plan->name,
				 .task_id = node->id,
				 .at = node->at};
	e.role = node->role ? node->role->name : NULL;
	emit(step->run, &e);
}

bool step_throttle_take(struct strand *s, const struct plan_node *node, int64_t limit)
{
	size_t *count = counter(&s->step->throttled, &s->step->run->arena, node);
	if ((int64_t)*count >= limit)
		return false;
	++*count;
	s->throttle_held = true;
	return true;
}

void step_throttle_give(struct strand *s, const struct plan_node *node)
{
	if (!s->throttle_held)
		return;
	s->throttle_held = false;
	--*counter(&s->step->throttled, &s->step->run->arena, node);
	for (size_t i = 0; i < s->step->strands.len; i++)
		if (s->step->strands.at[i]->state == STRAND_THROTTLED)
			strand_wake(s->step->strands.at[i]);
}
