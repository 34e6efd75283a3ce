/* Where a strand is in the tree of tasks, and where it goes on after a failure. */
#include "strand.h"

static struct frame *top(struct strand *s)
{
	return s->stack.len ? &s->stack.at[s->stack.len - 1] : NULL;
}

void strand_next(struct strand *s)
{
	if (top(s))
		top(s)->index++;
}

enum notified strand_take_notification(struct strand *s, size_t *ret_index)
{
	const struct frame *f = top(s);
	enum notified how = NOTIFIED_NO;
	if (!f || f->section != FRAME_HANDLERS || f->index >= s->nnotified)
		return how;
	how = s->notified[f->index];
	s->notified[f->index] = NOTIFIED_NO;
	*ret_index = f->index;
	return how;
}

void strand_push_include(struct strand *s, size_t depth, const struct plan_block *block,
			 const struct value *params, const struct value *loop_vars)
{
	const struct value *outer_params = NULL, *outer_loop = NULL;
	for (size_t i = 0; i < depth; i++) {
		outer_params = s->stack.at[i].include_params ? s->stack.at[i].include_params
							     : outer_params;
		outer_loop = s->stack.at[i].loop_vars ? s->stack.at[i].loop_vars : outer_loop;
	}
	params = value_dict_merge(&s->host->arena, outer_params, params);
	loop_vars = value_dict_merge(&s->host->arena, outer_loop, loop_vars);
	vec_push(
		&s->stack,
		((struct frame){.block = block, .include_params = params, .loop_vars = loop_vars}));
}

static size_t section_len(const struct frame *f)
{
	switch (f->section) {
	case FRAME_BODY:
		return f->block->body.len;
	case FRAME_RESCUE:
		return f->block->rescue.len;
	case FRAME_ALWAYS:
		return f->block->always.len;
	case FRAME_HANDLERS:
		return 0;
	}
	return 0;
}

static const struct plan_node *node_at(const struct frame *f)
{
	switch (f->section) {
	case FRAME_BODY:
		return f->block->body.at[f->index];
	case FRAME_RESCUE:
		return f->block->rescue.at[f->index];
	default:
		return f->block->always.at[f->index];
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

bool strand_is_rescued(const struct strand *s)
{
	for (size_t i = 0; i < s->stack.len; i++) {
		const struct frame *f = &s->stack.at[i];
		if (f->block && f->section == FRAME_BODY && f->block->rescue.len)
			return true;
	}
	return false;
}

/* force_handlers: any_errors_fatal ends the play without them. */
static bool is_force_handlers(const struct frame *f)
{
	return f->node && f->node->implicit;
}

/* What a handler fails at that `meta: flush_handlers` runs is a failure all the same where
 * only the outermost block has a `rescue`, which is done. Source: ansible-core,
 * executor/play_iterator.py (is_any_block_rescuing). */
bool strand_rescue_counts(const struct strand *s)
{
	const struct frame *outermost = NULL;
	bool flushes = false, inner = false;
	for (size_t i = 0; i < s->stack.len; i++) {
		const struct frame *f = &s->stack.at[i];
		flushes |= f->section == FRAME_HANDLERS;
		if (!outermost && f->node && !f->node->role_block && !f->node->implicit)
			outermost = f;
		else if (f->block && f->section == FRAME_BODY && f->block->rescue.len)
			inner = true;
	}
	return !flushes || inner;
}

bool strand_has_always(const struct strand *s)
{
	const struct frame *f = s->stack.len ? &s->stack.at[s->stack.len - 1] : NULL;
	return f && f->block && f->section != FRAME_ALWAYS && f->block->always.len &&
	       !is_force_handlers(f);
}

/* After a failure: back to the innermost rescue or always. False: there is none. */
bool strand_unwind(struct strand *s)
{
	while (s->stack.len) {
		struct frame *f = top(s);
		if (f->block && f->section == FRAME_BODY && f->block->rescue.len) {
			f->section = FRAME_RESCUE;
			f->index = 0;
			return true;
		}
		if (f->block && f->section != FRAME_ALWAYS && f->block->always.len &&
		    !(is_force_handlers(f) && s->step->fatal)) {
			f->section = FRAME_ALWAYS;
			f->index = 0;
			f->failing = true;
			return true;
		}
		s->stack.len--;
	}
	return false;
}

/* ---- roles that are over ---- */

void strand_go_back(struct strand *s, struct flight *f)
{
	frames swap = s->stack;
	s->stack = f->before;
	f->before = swap;
	s->roles_ended.len = f->nroles_ended;
}

static bool holds(const struct plan_role_use *const *at, size_t n, const struct plan_role_use *use)
{
	for (size_t i = n; i-- > 0;)
		if (at[i] == use)
			return true;
	return false;
}

void strand_count_role(struct strand *s, const struct flight *f)
{
	const struct plan_role_use *use = f->node ? f->node->role_use : NULL;
	if (!use || f->status == REPORT_SKIPPED || f->status == REPORT_UNREACHABLE ||
	    f->node->module->kind == MODULE_KIND_META ||
	    holds(s->roles_run.at, s->roles_run.len, use))
		return;
	vec_push(&s->roles_run, use);
}

static void end_role(struct strand *s, const struct frame *f)
{
	if (f->node && f->node->role_block && !f->failing)
		vec_push(&s->roles_ended, f->node->role_use);
}

enum turn { TURN_NOW, TURN_NEVER, TURN_UNKNOWN };

/* Is the role's block to be done? It is not where it was, and did something. */
static enum turn turn_of(const struct strand *s, const struct plan_node *n)
{
	if (!n->once_a_host || !holds(s->roles_ended.at, s->roles_ended.len, n->role_use))
		return TURN_NOW;
	if (holds(s->roles_run.at, s->roles_run.len, n->role_use))
		return TURN_NEVER;
	return s->flights.len ? TURN_UNKNOWN : TURN_NOW;
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
	end_role(s, f);
	s->stack.len--;
	return !failing;
}

void strand_leave_step(struct strand *s)
{
	s->stack.len = 0;
	s->handler_rounds = RUN_HANDLER_ROUNDS; /* they are not run any more */
}

/* The task to do next; NULL when the strand is at its end or has failed. */
const struct plan_node *strand_current(struct strand *s)
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
			enum turn turn = turn_of(s, n);
			if (turn == TURN_UNKNOWN)
				return NULL;
			f->index++;
			if (turn == TURN_NOW)
				vec_push(&s->stack, ((struct frame){.node = n, .block = n->block}));
			continue;
		}
		if (!leave_section(s) && !strand_unwind(s)) {
			s->host->failed =
				true; /* `always` is over, and what failed was not rescued */
			return NULL;
		}
	}
	return NULL;
}

bool strand_tidies_up(const struct strand *s)
{
	for (size_t i = s->stack.len; i-- > 0;) {
		const struct frame *f = &s->stack.at[i];
		if (f->section == FRAME_HANDLERS)
			return false;
		if (f->index < section_len(f))
			return f->section != FRAME_BODY && node_at(f)->kind == PLAN_TASK;
		if (f->section != FRAME_ALWAYS && f->block->always.len)
			return f->block->always.at[0]->kind == PLAN_TASK;
	}
	return false;
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
