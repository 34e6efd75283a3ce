/*
 * One task on one host, from its launch to its end. What it does is worked out
 * in evaluate.c, sent and answered in dispatch.c.
 */
#include "flight.h"
#include "../action/action.h"
#include "../action/parts.h"
#include "../dialogue/dialogue.h"
#include "../emit.h"
#include "../link/link.h"
#include "../run.h"
#include "../strand/step.h"
#include "../strand/strand.h"
#include "../variables/facts.h"
#include "../variables/scope.h"
#include "rollout/base/clock.h"

#include <stdlib.h>

struct flight *flight_new(struct strand *s, const struct plan_node *node)
{
	struct flight *f = xcalloc(1, sizeof(*f));
	f->strand = s;
	f->node = node;
	f->target = s->host;
	f->link = s->host->link;
	f->started_ms = clock_now_ms();
	for (size_t i = 0; i < s->stack.len; i++)
		vec_push(&f->before, s->stack.at[i]);
	f->nroles_ended = s->roles_ended.len;
	return f;
}

static void on_timer_closed(uv_handle_t *h)
{
	struct flight *f = h->data;
	f->timer_open = false;
	flight_free(f);
}

void flight_free(struct flight *f)
{
	link_abandon(f->link, f); /* first: an answer may come before its timer is closed */
	if (f->timer_open) {
		if (!uv_is_closing((uv_handle_t *)&f->timer))
			uv_close((uv_handle_t *)&f->timer, on_timer_closed);
		return;
	}
	if (f->pending_fetches > 0) {
		f->zombie = true;
		return;
	}
	fetched_free(f->fetched);
	slurped_free(f->slurped);
	pulled_free(f);
	free(f->sent_items);
	vec_release(&f->before);
	arena_release(&f->arena);
	free(f);
}

void flight_drop(struct flight *f)
{
	struct run_host *h = f->strand->host;
	dialogue_withdraw(h->run, f);
	if (f->taken && f->strand->notified[f->handler_index] < f->taken)
		f->strand->notified[f->handler_index] = f->taken;
	if (!f->node) {
		facts_forget_pending(h);
		f->strand->nfacts_asked = 0;
		f->strand->all_facts_asked = h->all_facts = false;
	}
	if (f->register_marked) {
		if (f->register_before)
			value_dict_put(&h->arena, h->set_vars, f->node->register_name,
				       f->register_before);
		else
			value_dict_remove(h->set_vars, slice_from(f->node->register_name));
	}
	if (f->node)
		step_throttle_give(f->strand, f->node);
	f->request = NULL;
	f->zombie = true;
	flight_free(f);
}

void flight_finish(struct flight *f)
{
	f->finished = true;
	strand_settle(f->strand);
}

/* The task failed before or beside its module. */
void flight_fail(struct flight *f, const struct err *err)
{
	char text[1400];
	struct value *d = outcome_failure(&f->arena, err_format(err, text, sizeof(text)));
	f->result = d;
	f->status = f->ignore_errors ? REPORT_IGNORED : REPORT_FAILED;
	if (err->code == ERR_UNKNOWN) {
		value_dict_put(&f->arena, d, "failed", value_bool(false));
		f->status = REPORT_UNKNOWN;
	}
	if (f->node && f->node->register_name)
		outcome_register(
			f->strand->host, f->node->register_name,
			f->status == REPORT_UNKNOWN
				? value_unknown(&f->strand->host->arena, ERR_UNKNOWN,
						arena_strdup(&f->strand->host->arena, err->msg))
				: d);
	for (size_t i = 0; f->status == REPORT_UNKNOWN && f->node && i < f->node->notify.len; i++)
		if (f->node->notify.at[i]->type != VALUE_STRING ||
		    !template_has_markup(f->node->notify.at[i]->str))
			strand_notify(f->strand, f->node, f->node->notify.at[i], NOTIFIED_MAYBE);
	f->finished = true;
}

/* The walk through the handlers must see what it notifies. */
static bool notifies_from_handler(const struct flight *f)
{
	for (size_t i = 0; i < f->before.len; i++)
		if (f->before.at[i].section == FRAME_HANDLERS)
			return true;
	return false;
}

/* May the strand go on before the answer is there? */
static bool may_overlap(const struct flight *f)
{
	const struct plan_node *n = f->node;
	if (f->one_by_one || f->local || f->broken ||
	    n->module->kind == MODULE_KIND_WAIT_FOR_CONNECTION || f->target != f->strand->host ||
	    n->attrs.throttle || n->barrier || f->pending_fetches ||
	    n->module->flags & MODULE_BRINGS_FACTS || debugger_may_stop(f))
		return false;
	if (f->strand->flights.len >= RUN_INFLIGHT_TASKS_MAX)
		return false;
	for (size_t i = 0; i < f->nitems; i++)
		if (f->items[i].failure)
			return false;
	if (n->notify.len && notifies_from_handler(f))
		return false;
	for (size_t i = 0; i < n->notify.len; i++)
		if (n->notify.at[i]->type == VALUE_STRING &&
		    template_has_markup(n->notify.at[i]->str))
			return false; /* an include's item may be in it */
	for (size_t i = 0; i < n->changed_when.len; i++)
		if (n->changed_when.at[i]->type != VALUE_BOOL)
			return false; /* an error in it is a failure that the agent does not know of */
	return n->failed_when.len == 0 ||
	       (n->failed_when.len == 1 && n->failed_when.at[0]->type == VALUE_BOOL &&
		!n->failed_when.at[0]->boolean);
}

/* What `register` is going to replace. */
static void remember_register(struct flight *f)
{
	if (!f->node->register_name)
		return;
	f->register_before = value_get(f->strand->host->set_vars, f->node->register_name);
	f->register_marked = true;
}

static void mark_register_pending(struct flight *f)
{
	struct run_host *h = f->strand->host;
	if (!f->node->register_name)
		return;
	value_dict_put(&h->arena, h->set_vars, f->node->register_name,
		       value_unknown(&h->arena, ERR_PENDING, "a result that is still in flight"));
}

/* set_fact: an item sees what the items before it have set. False: the loop ends. */
static bool evaluate_late(struct flight *f, struct flight_item *it)
{
	struct err err = {0};
	if (!flight_evaluates_late(f) || f->current == 0 || it->args || it->result)
		return true;
	if (flight_evaluate_item(f, f->current, &err) < 0) {
		f->broken = arena_copy(&f->arena, &err, sizeof(err));
		f->nitems = f->current;
		return false;
	}
	if (it->skipped)
		emit_item(f, it);
	return true;
}

static void on_item_pause_over(uv_timer_t *timer)
{
	struct flight *f = timer->data;
	if (f->zombie)
		return;
	flight_resume_local(f);
	run_drain(f->strand->step->run);
}

/* loop_control: pause; true: the next item comes later. */
static bool pauses(struct flight *f)
{
	if (f->pause_ms == 0 || f->current + 1 >= f->nitems)
		return false;
	f->current++;
	flight_start_timer(f, f->pause_ms, on_item_pause_over);
	return true;
}

static bool has_delegate_per_item(const struct flight *f)
{
	return f->is_loop && f->node->attrs.delegate_to &&
	       f->node->attrs.delegate_to->type == VALUE_STRING &&
	       template_has_markup(f->node->attrs.delegate_to->str);
}

/* 1: its timer goes on. */
static int run_local_item(struct flight *f, struct flight_item *it, struct err *err)
{
	struct scope sc;
	scope_init(&sc, &f->arena, f->strand->host, f->strand, f->node, it->loop_vars);
	int r = has_delegate_per_item(f) ? flight_eval_delegate(f, &sc, err) : 0;
	it->target = f->target;
	if (r == 0)
		r = action_run(f, &sc, it, err);
	scope_release(&sc);
	return r;
}

static void run_local_items(struct flight *f)
{
	struct err err = {0};
	for (; f->current < f->nitems; f->current++) {
		struct flight_item *it = &f->items[f->current];
		if (!evaluate_late(f, it))
			break;
		if (it->result)
			continue;
		int r = run_local_item(f, it, &err);
		if (r == 1)
			return; /* its timer goes on */
		if (r == ERR_UNKNOWN) {
			it->unknown = true;
			it->result = value_dict_new(&f->arena);
			value_dict_put(&f->arena, it->result, "msg",
				       value_cstr(&f->arena, err.msg));
		} else if (r < 0) {
			char text[1400];
			it->result =
				outcome_failure(&f->arena, err_format(&err, text, sizeof(text)));
		}
		struct value *result = it->result;
		it->result = NULL;
		if (outcome_wants_retry(f, it, result))
			return;
		outcome_item(f, it, result);
		if (flight_evaluates_late(f) && it->status != REPORT_FAILED)
			outcome_facts(f->strand->host, it->result);
		f->attempt = 0;
		if (pauses(f))
			return;
	}
	outcome_task(f);
	f->finished = true;
}

void flight_resume_local(struct flight *f)
{
	run_local_items(f);
	if (f->finished)
		flight_finish(f);
}

void flight_start_timer(struct flight *f, int64_t ms, uv_timer_cb on_over)
{
	if (!f->timer_open) {
		uv_timer_init(&f->strand->step->run->loop, &f->timer);
		f->timer.data = f;
		f->timer_open = true;
	}
	uv_timer_start(&f->timer, on_over, (uint64_t)ms, 0);
}

void flight_end_wait(struct flight *f)
{
	struct err err = {0};
	if (!f->timer_open || !uv_is_active((uv_handle_t *)&f->timer))
		return;
	uv_timer_stop(&f->timer);
	err_set(&err, ERR_CANCELLED, "the run was interrupted while the task waited");
	flight_fail(f, &err);
	flight_finish(f);
}

static bool nothing_to_send(const struct flight *f)
{
	for (size_t i = 0; i < f->nitems; i++)
		if (!f->items[i].result)
			return false;
	return true;
}

static void fail_unprepared(struct flight *f)
{
	for (size_t i = 0; i < f->nitems; i++) {
		struct flight_item *it = &f->items[i];
		if (it->failure && !it->result)
			outcome_item(f, it, outcome_failure(&f->arena, it->failure));
	}
}

int flight_begin(struct flight *f, struct err *err)
{
	fail_unprepared(f);
	if (!nothing_to_send(f))
		return flight_send(f, err);
	outcome_task(f);
	f->finished = true;
	return 0;
}

static void announce_skipped(struct flight *f)
{
	for (size_t i = 0; f->is_loop && i < f->nitems; i++)
		if (f->items[i].skipped)
			emit_item(f, &f->items[i]);
}

/* In check mode a handler that may have been notified may run. */
static bool is_maybe_handler(struct strand *s, const struct plan_node *node)
{
	struct frame *top = &s->stack.at[s->stack.len - 1];
	return node->is_handler && top->section == FRAME_HANDLERS &&
	       s->notified[top->index] == NOTIFIED_MAYBE;
}

void flight_fail_early(struct strand *s, const struct plan_node *node, const struct err *err)
{
	struct flight *f = flight_new(s, node);
	f->name = node_module_name(node);
	strand_next(s);
	vec_push(&s->flights, f);
	flight_fail(f, err);
	strand_settle(s);
}

/* A task that is skipped must not be overwritten by an answer to one before it. */
static bool awaits_same_name(const struct strand *s, const struct plan_node *node)
{
	for (size_t i = 0; node->register_name && i < s->flights.len; i++) {
		const struct plan_node *other = s->flights.at[i]->node;
		if (other && other->register_name &&
		    strcmp(other->register_name, node->register_name) == 0)
			return true;
	}
	return false;
}

enum launch flight_launch(struct strand *s, const struct plan_node *node)
{
	struct err err = {0}, unchosen = {0};
	if (node->module_name && flight_choose_module(s, node, &node, &unchosen) == ERR_PENDING)
		return LAUNCH_BLOCKED;
	bool steers = action_steers(node->module), local = action_exists(node->module);
	if (s->flights.len && (steers || local || !s->flights.at[s->flights.len - 1]->overlaps ||
			       awaits_same_name(s, node)))
		return LAUNCH_BLOCKED;
	struct flight *f = flight_new(s, node);
	f->local = local;
	f->announced = s->redoes == node;
	int r = flight_evaluate(f, &err);
	/* two connections have no order between them */
	if (r == ERR_PENDING ||
	    (s->flights.len && s->flights.at[s->flights.len - 1]->link != f->link)) {
		flight_free(f);
		return LAUNCH_BLOCKED;
	}
	if (is_maybe_handler(s, node))
		r = err_set(&err, ERR_UNKNOWN, "whether it is notified is known after the run");
	f->taken = strand_take_notification(s, &f->handler_index);
	s->redoes = NULL;
	strand_next(s);
	remember_register(f);
	vec_push(&s->flights, f);
	f->one_by_one = f->retries > 0 || has_delegate_per_item(f) || f->node->loop.pause ||
			f->varies || reboot_is(f) || pulled_is(f);
	if (r < 0) {
		flight_fail(f, &err);
		return LAUNCH_FINISHED;
	}
	announce_skipped(f);
	if (r == 0)
		fail_unprepared(f);
	if (nothing_to_send(f)) {
		outcome_task(f);
		f->finished = true;
		return LAUNCH_FINISHED;
	}
	if (steers) {
		if (action_steer(f, &err) < 0)
			flight_fail(f, &err);
		f->finished = true;
		return LAUNCH_FINISHED;
	}
	f->overlaps = may_overlap(f);
	if (local) {
		emit_task_started(f);
		run_local_items(f);
		if (f->finished)
			return LAUNCH_FINISHED;
		s->state = STRAND_WAITING;
		return LAUNCH_STARTED;
	}
	mark_register_pending(f);
	if (r == 0 && flight_send(f, &err) < 0) {
		flight_fail(f, &err);
		return LAUNCH_FINISHED;
	}
	if (!f->overlaps)
		s->state = STRAND_WAITING;
	return LAUNCH_STARTED;
}
