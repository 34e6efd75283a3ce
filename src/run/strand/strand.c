/*
 * A strand: one step on one host. It walks the tree of tasks, runs ahead of the
 * answers where nothing can depend on them, and goes back when a task failed.
 *
 * READY → (WAITING | BARRIER | FOLLOWING | THROTTLED) → READY … → DONE
 */
#include "strand.h"
#include "../dialogue/dialogue.h"
#include "../flight/flight.h"
#include "../variables/facts.h"
#include "../variables/scope.h"
#include "step.h"

#include <stdlib.h>
void strand_start(struct run_step *step, struct run_host *host)
{
	struct strand *s = xcalloc(1, sizeof(*s));
	s->step = step;
	s->host = host;
	s->id = ++step->run->next_strand;
	s->nnotified = step->plan->handlers.len;
	s->notified = xcalloc(s->nnotified + 1, sizeof(*s->notified));
	vec_push(&s->stack, ((struct frame){.block = step->plan->body}));
	vec_push(&step->strands, s);
	strand_wake(s);
}

void strand_free(struct strand *s)
{
	for (size_t i = 0; i < s->flights.len; i++)
		flight_free(s->flights.at[i]);
	vec_release(&s->flights);
	vec_release(&s->stack);
	vec_release(&s->roles_ended);
	vec_release(&s->roles_run);
	free(s->notified);
	free(s);
}

void strand_wake(struct strand *s)
{
	struct run *run = s->step->run;
	if (s->state == STRAND_DONE)
		return;
	s->state = STRAND_READY;
	if (s->queued)
		return;
	s->queued = true;
	vec_push(&run->ready, s);
}

void strand_end(struct strand *s, bool failed)
{
	if (s->state == STRAND_DONE)
		return;
	if (s->blocked) {
		s->blocked = false;
		s->step->run->nblocked--;
	}
	s->state = STRAND_DONE;
	s->failed = failed;
	while (s->flights.len) {
		struct flight *f = s->flights.at[s->flights.len - 1];
		s->flights.len--;
		flight_drop(f);
	}
	step_strand_ended(s);
	strands_unblock(s->step->run);
}

/* ---- waiting for others ---- */

/* True when all hosts of the batch have come here; else the strand waits. */
static bool pass_barrier(struct strand *s)
{
	if (s->gate_open) {
		s->gate_open = false;
		return true;
	}
	if (s->flights.len) {
		s->state = STRAND_WAITING;
		return false;
	}
	s->state = STRAND_BARRIER;
	step_check_barrier(s->step);
	return false; /* the release wakes it, also when it was the last to come */
}
void strands_unblock(struct run *run)
{
	if (run->nblocked == 0)
		return;
	for (size_t i = 0; i < run->steps.len; i++)
		for (size_t k = 0; k < run->steps.at[i]->strands.len; k++) {
			struct strand *s = run->steps.at[i]->strands.at[k];
			if (s->blocked && s->state == STRAND_WAITING)
				strand_wake(s);
		}
}
/* ---- advancing ---- */

/* The end of the step's tasks: the handlers, then done. */
static void at_end(struct strand *s)
{
	if (s->flights.len) {
		s->state = STRAND_WAITING;
		return;
	}
	if (s->step->plan->is_play) { /* its handlers have their places in the tree */
		strand_end(s, false);
		return;
	}
	if (s->handler_rounds == 0 && !pass_barrier(s))
		return;
	if (strand_any_notified(s) && s->handler_rounds < RUN_HANDLER_ROUNDS) {
		s->handler_rounds++;
		vec_push(&s->stack, ((struct frame){.section = FRAME_HANDLERS}));
		return;
	}
	strand_end(s, false);
}

/* run_once: the first host does it, the others wait for what it gets. */
static bool follows(struct strand *s, const struct plan_node *node)
{
	struct arena a = {0};
	struct scope sc;
	struct err ignored = {0};
	bool once = false;
	if (node->once && s->leader)
		return true;
	if (node->attrs.run_once && s->leader && !s->step->plan->free) {
		scope_init(&sc, &a, s->host, s, node, NULL);
		(void)scope_bool(&sc, node->attrs.run_once, false, &once, &ignored);
		scope_release(&sc);
		arena_release(&a);
	}
	return once;
}

static bool throttled(struct strand *s, const struct plan_node *node)
{
	struct arena a = {0};
	struct scope sc;
	struct err ignored = {0};
	int64_t limit = 0;
	if (!node->attrs.throttle || s->throttle_held)
		return false;
	scope_init(&sc, &a, s->host, s, node, NULL);
	(void)scope_int(&sc, node->attrs.throttle, 0, &limit, &ignored);
	scope_release(&sc);
	arena_release(&a);
	return limit > 0 && !step_throttle_take(s, node, limit);
}

/* Of handlers, run_once alone: not every host is notified. */
static bool has_gate(const struct strand *s, const struct plan_node *node)
{
	return node->barrier && !s->step->plan->free &&
	       (!node->is_handler || node->attrs.run_once || node->once ||
		s->step->run->opts->step);
}

/* Have all come that the task waits for? */
static bool passes_gate(struct strand *s, const struct plan_node *node)
{
	if (has_gate(s, node) && !s->at_gate) {
		if (!pass_barrier(s))
			return false;
		s->at_gate = true;
	}
	/* who is asked wants to have seen what came before */
	if (s->step->run->opts->step && s->flights.len) {
		s->state = STRAND_WAITING;
		return false;
	}
	return true;
}

/* May the task be begun now? */
static bool may_launch(struct strand *s, const struct plan_node *node)
{
	if ((node->attrs.throttle || node->attrs.run_once || node->once) && s->flights.len) {
		s->state = STRAND_WAITING;
		return false;
	}
	if (follows(s, node)) {
		s->state = STRAND_FOLLOWING;
		step_check_barrier(s->step);
		return false;
	}
	if (throttled(s, node)) {
		s->state = STRAND_THROTTLED;
		return false;
	}
	return true;
}

static void set_blocked(struct strand *s, bool blocked)
{
	if (s->blocked == blocked)
		return;
	s->blocked = blocked;
	if (blocked)
		s->step->run->nblocked++;
	else
		s->step->run->nblocked--;
}

/* One task further. False: the strand must wait. */
static bool advance_one(struct strand *s)
{
	struct err err = {0};
	if (s->host->failed || s->host->unreachable || s->step->run->stopping) {
		if (s->flights.len) {
			s->state = STRAND_WAITING;
			return false;
		}
		s->host->stats.not_reached |= s->step->run->stopping;
		strand_end(s, s->host->failed || s->host->unreachable);
		return false;
	}
	if (s->leaving) {
		if (!pass_barrier(s))
			return false;
		s->leaving = false;
	}
	flight_gather_facts(s);
	const struct plan_node *node = strand_current(s);
	if (!node) {
		if (s->host->failed)
			return true;
		at_end(s);
		return s->state == STRAND_READY;
	}
	if (!node->selected) {
		strand_next(s);
		return true;
	}
	int r = strand_read_vars_files(s, &err);
	if (r == ERR_PENDING) {
		s->state = STRAND_WAITING;
		return false;
	}
	if (r < 0) {
		flight_fail_early(s, node, &err);
		return s->state == STRAND_READY;
	}
	if (!passes_gate(s, node))
		return false;
	enum wish wish = dialogue_wants(s, node);
	if (wish == WISH_ASKED) {
		set_blocked(s, true);
		s->state = STRAND_WAITING;
		return false;
	}
	if (wish == WISH_NO) {
		dialogue_pass_over(s, node);
		return true;
	}
	if (!may_launch(s, node))
		return false;
	enum launch launched = flight_launch(s, node);
	if (launched == LAUNCH_BLOCKED) {
		set_blocked(s, s->flights.len == 0);
		s->state = STRAND_WAITING;
		return false;
	}
	s->at_gate = false;
	s->wanted = NULL;
	s->leaving = node->barrier && !node->is_handler && !s->step->plan->free &&
		     s->state != STRAND_DONE;
	if (launched == LAUNCH_FINISHED)
		strand_settle(s);
	return s->state == STRAND_READY;
}

void strand_advance(struct strand *s)
{
	if (s->state != STRAND_READY)
		return;
	set_blocked(s, false);
	while (s->state == STRAND_READY && advance_one(s))
		;
}
