/*
 * A strand: one step on one host. It walks the tree of tasks, runs ahead of the
 * answers where nothing can depend on them, and goes back when a task failed.
 *
 * READY → (WAITING | BARRIER | FOLLOWING | THROTTLED) → READY … → DONE
 */
#include "state.h"

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
}

/* ---- notifications ---- */

static bool handler_named(struct strand *s, const struct plan_node *h, struct slice name)
{
	for (size_t i = 0; i < h->listen.len; i++)
		if (slice_is(name, h->listen.at[i]))
			return true;
	if (!h->name || h->name->type != VALUE_STRING)
		return false;
	struct slice own = h->name->str;
	struct scope sc;
	struct arena a = {0};
	const char *rendered = NULL;
	struct err ignored;
	bool equal;
	if (template_has_markup(own)) {
		scope_init(&sc, &a, s->host, s, h, NULL);
		if (scope_string(&sc, h->name, &rendered, &ignored) == 0 && rendered)
			own = slice_from(rendered);
		scope_release(&sc);
	}
	equal = slice_eq(own, name);
	if (!equal && h->role) {
		const char *full = arena_printf(&a, "%s : %.*s", h->role->name, SLICE_ARG(own));
		equal = slice_is(name, full);
	}
	arena_release(&a);
	return equal;
}

void strand_notify(struct strand *s, struct slice name, enum notified how)
{
	bool found = false;
	/* an included role may have brought more */
	if (s->nnotified < s->step->plan->handlers.len) {
		s->notified = xrealloc(s->notified, (s->step->plan->handlers.len + 1) * sizeof(*s->notified));
		for (size_t i = s->nnotified; i < s->step->plan->handlers.len; i++)
			s->notified[i] = NOTIFIED_NO;
		s->nnotified = s->step->plan->handlers.len;
	}
	for (size_t i = 0; i < s->nnotified; i++) {
		if (!handler_named(s, s->step->plan->handlers.at[i], name))
			continue;
		found = true;
		if (s->notified[i] < how)
			s->notified[i] = how;
	}
	if (!found)
		emit_warning(s->step->run, s->step->plan->at, "no handler is named '%.*s'", SLICE_ARG(name));
}

static bool any_notified(const struct strand *s)
{
	for (size_t i = 0; i < s->nnotified; i++)
		if (s->notified[i])
			return true;
	return false;
}

/* ---- the place in the tree ---- */

static struct frame *top(struct strand *s)
{
	return s->stack.len ? &s->stack.at[s->stack.len - 1] : NULL;
}

void strand_next(struct strand *s)
{
	if (top(s))
		top(s)->index++;
}

void strand_push_include(struct strand *s, const struct plan_block *block, const struct value *params, const struct value *loop_vars)
{
	vec_push(&s->stack, ((struct frame){.block = block, .include_params = params, .loop_vars = loop_vars}));
}

static size_t section_len(const struct frame *f)
{
	switch (f->section) {
	case FRAME_BODY: return f->block->body.len;
	case FRAME_RESCUE: return f->block->rescue.len;
	case FRAME_ALWAYS: return f->block->always.len;
	case FRAME_HANDLERS: return 0;
	}
	return 0;
}

static const struct plan_node *node_at(const struct frame *f)
{
	switch (f->section) {
	case FRAME_BODY: return f->block->body.at[f->index];
	case FRAME_RESCUE: return f->block->rescue.at[f->index];
	default: return f->block->always.at[f->index];
	}
}

/* The next notified handler, or NULL. Its mark is taken when it is run. */
static const struct plan_node *next_handler(struct strand *s, struct frame *f)
{
	for (; f->index < s->nnotified; f->index++)
		if (s->notified[f->index])
			return s->step->plan->handlers.at[f->index];
	return NULL;
}

/* After a failure: back to the innermost rescue or always. False: there is none. */
static bool unwind(struct strand *s, bool *ret_rescued)
{
	*ret_rescued = false;
	while (s->stack.len) {
		struct frame *f = top(s);
		if (f->block && f->section == FRAME_BODY && f->block->rescue.len) {
			f->section = FRAME_RESCUE;
			f->index = 0;
			*ret_rescued = true;
			return true;
		}
		if (f->block && f->section != FRAME_ALWAYS && f->block->always.len) {
			f->section = FRAME_ALWAYS;
			f->index = 0;
			f->failing = true;
			return true;
		}
		s->stack.len--;
	}
	return false;
}

/* The end of a section: on to `always`, or out. False: the failure goes on up. */
static bool leave_section(struct strand *s)
{
	struct frame *f = top(s);
	if (f->section != FRAME_ALWAYS && f->section != FRAME_HANDLERS && f->block->always.len) {
		f->section = FRAME_ALWAYS;
		f->index = 0;
		return true;
	}
	bool failing = f->failing;
	s->stack.len--;
	return !failing;
}

/* The task to do next; NULL when the strand is at its end or has failed. */
static const struct plan_node *current(struct strand *s)
{
	while (s->stack.len) {
		struct frame *f = top(s);
		if (f->section == FRAME_HANDLERS) {
			const struct plan_node *h = next_handler(s, f);
			if (h && h->kind == PLAN_BLOCK) {
				s->notified[f->index++] = NOTIFIED_NO;
				vec_push(&s->stack, ((struct frame){.node = h, .block = h->block}));
				continue;
			}
			if (h)
				return h;
			s->stack.len--;
			continue;
		}
		if (f->index < section_len(f)) {
			const struct plan_node *n = node_at(f);
			if (n->kind == PLAN_TASK)
				return n;
			f->index++;
			vec_push(&s->stack, ((struct frame){.node = n, .block = n->block}));
			continue;
		}
		bool rescued;
		if (!leave_section(s) && !unwind(s, &rescued)) {
			s->host->failed = true; /* `always` is over, and what failed was not rescued */
			return NULL;
		}
	}
	return NULL;
}

/* ---- finished flights ---- */

static void count(struct strand *s, const struct flight *f)
{
	struct report_host_stats *st = &s->host->stats;
	switch (f->status) {
	case REPORT_OK: st->ok++; break;
	case REPORT_CHANGED: st->ok++, st->changed++, s->step->stats.changed++; break;
	case REPORT_SKIPPED: st->skipped++; break;
	case REPORT_FAILED: st->failed++, s->step->stats.failed++; break;
	case REPORT_IGNORED: st->ok++, st->ignored++; break;
	case REPORT_RESCUED: st->rescued++; break;
	case REPORT_UNREACHABLE: st->unreachable++, s->step->stats.failed++; break;
	case REPORT_UNKNOWN: st->unknown++; break;
	}
}

static void keep_failure(struct strand *s, const struct flight *f)
{
	struct arena *a = &s->host->arena;
	struct value *task = value_dict_new(a);
	value_dict_put(a, task, "name", value_cstr(a, f->name ? f->name : ""));
	value_dict_put(a, task, "action", value_cstr(a, f->node ? f->node->module->name : "setup"));
	s->failed_task = task;
	s->failed_result = value_copy(a, f->result, VALUE_UNSAFE);
}

static void drop_later(struct strand *s)
{
	while (s->flights.len) {
		struct flight *f = s->flights.at[s->flights.len - 1];
		s->flights.len--;
		flight_drop(f);
		s->needs_resume = true;
	}
}

void strand_recall(struct strand *s)
{
	if (s->flights.len < 2)
		return;
	/* the place behind the oldest is the place before the second */
	frames *behind = &s->flights.at[1]->before, swap = s->stack;
	s->stack = *(frames *)behind;
	memcpy(behind, &swap, sizeof(swap));
	while (s->flights.len > 1) {
		struct flight *f = s->flights.at[s->flights.len - 1];
		s->flights.len--;
		link_recall(f->target->link, f);
		flight_drop(f);
	}
}

static void on_failure(struct strand *s, struct flight *f)
{
	bool rescued = false, ended;
	frames swap = s->stack;
	s->stack = f->before;
	f->before = swap;
	drop_later(s);
	s->needs_resume |= f->overlaps;
	keep_failure(s, f);
	strand_next(s);
	ended = f->status == REPORT_UNREACHABLE || !unwind(s, &rescued);
	if (rescued && f->status == REPORT_FAILED)
		f->status = REPORT_RESCUED;
	count(s, f);
	emit_result(f);
	if (ended) {
		if (f->status == REPORT_UNREACHABLE)
			s->host->unreachable = true;
		else
			s->host->failed = true;
		strand_end(s, true);
	}
}

static void settle_one(struct strand *s, struct flight *f)
{
	bool once = false;
	struct scope sc;
	struct err ignored = {0};
	if (f->node && f->node->attrs.run_once) {
		scope_init(&sc, &f->arena, s->host, s, f->node, NULL);
		(void)scope_bool(&sc, f->node->attrs.run_once, false, &once, &ignored);
		scope_release(&sc);
	}
	if (f->node)
		step_throttle_give(s, f->node);
	if (f->status == REPORT_FAILED || f->status == REPORT_UNREACHABLE) {
		on_failure(s, f);
	} else if (f->node) {
		count(s, f);
		emit_result(f);
	}
	if (f->node)
		step_passed(s, f->node);
	if (once)
		step_share_result(s, f);
	flight_free(f);
}

void strand_settle(struct strand *s)
{
	while (s->flights.len && s->flights.at[0]->finished) {
		struct flight *f = s->flights.at[0];
		vec_remove(&s->flights, 0);
		settle_one(s, f);
	}
	if (s->flights.len && s->flights.at[0]->nsent)
		emit_task_started(s->flights.at[0]);
	if (s->state != STRAND_DONE)
		strand_wake(s);
	strands_unblock(s->step->run);
}

/* ---- advancing ---- */

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

/* The place in the tree: the indices from the root, then behind or before. */
int strand_compare_place(const struct strand *a, const struct strand *b)
{
	size_t n = a->stack.len < b->stack.len ? a->stack.len : b->stack.len;
	for (size_t i = 0; i < n; i++) {
		const struct frame *x = &a->stack.at[i], *y = &b->stack.at[i];
		if (x->section != y->section)
			return x->section < y->section ? -1 : 1;
		if (x->index != y->index)
			return x->index < y->index ? -1 : 1;
	}
	if (a->stack.len != b->stack.len)
		return a->stack.len > b->stack.len ? -1 : 1; /* still inside */
	if (a->leaving != b->leaving)
		return a->leaving ? -1 : 1;
	return 0;
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

/* The end of the step's tasks: the handlers, then done. */
static void at_end(struct strand *s)
{
	if (s->flights.len) {
		s->state = STRAND_WAITING;
		return;
	}
	if (!s->handlers_pushed && !pass_barrier(s))
		return;
	if (any_notified(s) && !s->handlers_pushed) {
		s->handlers_pushed = true;
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
	/* not for handlers: the first host may not be notified */
	if (node->attrs.run_once && !node->is_handler) {
		scope_init(&sc, &a, s->host, s, node, NULL);
		(void)scope_bool(&sc, node->attrs.run_once, false, &once, &ignored);
		scope_release(&sc);
		arena_release(&a);
	}
	return once && !strand_is_first(s);
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

/* Does the gate of the task let the strand through? */
static bool may_launch(struct strand *s, const struct plan_node *node)
{
	if (node->barrier && !node->is_handler && !s->at_gate) {
		if (!pass_barrier(s))
			return false;
		s->at_gate = true;
	}
	if ((node->attrs.throttle || node->attrs.run_once) && s->flights.len) {
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
	const struct plan_node *node = current(s);
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
	if (!may_launch(s, node))
		return false;
	enum launch launched = flight_launch(s, node);
	if (launched == LAUNCH_BLOCKED) {
		set_blocked(s, s->flights.len == 0);
		s->state = STRAND_WAITING;
		return false;
	}
	s->at_gate = false;
	s->leaving = node->barrier && !node->is_handler && s->state != STRAND_DONE;
	if (launched == LAUNCH_FINISHED)
		strand_settle(s);
	return s->state == STRAND_READY;
}

void strand_advance(struct strand *s)
{
	enum launch facts;
	if (s->state != STRAND_READY)
		return;
	set_blocked(s, false);
	facts = flight_gather_facts(s);
	if (facts == LAUNCH_BLOCKED) {
		set_blocked(s, true);
		s->state = STRAND_WAITING;
		return;
	}
	while (s->state == STRAND_READY && advance_one(s))
		;
}
