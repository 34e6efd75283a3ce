#include "rollout/run/run.h"
#include "rollout/base/clock.h"

#include "action/action.h"
#include "action/download/fetch.h"
#include "dialogue/dialogue.h"
#include "emit.h"
#include "flight/flight.h"
#include "gate.h"
#include "link/blob.h"
#include "link/link.h"
#include "run.h"
#include "strand/step.h"
#include "strand/strand.h"

#include <signal.h>
#include <stdlib.h>

#define TICK_MS 100

/* What the launcher knows of a VM is also a fact (docs/vm.md). */
static void add_vm_facts(struct run_host *h)
{
	const struct value *ip = h->inv->vars ? value_get(h->inv->vars, "vm_ip") : NULL;
	if (ip)
		value_dict_put(&h->arena, h->facts, "ansible_vm_ip", ip);
}

struct run_host *run_host_get(struct run *run, struct inv_host *inv)
{
	struct run_host *h = strmap_get(&run->hosts, slice_from(inv->name));
	if (h)
		return h;
	h = xcalloc(1, sizeof(*h));
	h->run = run;
	h->inv = inv;
	h->set_vars = value_dict_new(&h->arena);
	h->facts = value_dict_new(&h->arena);
	h->include_vars = value_dict_new(&h->arena);
	add_vm_facts(h);
	h->stats.host = inv->name;
	h->link = link_new(h, NULL);
	strmap_set(&run->hosts, slice_from(inv->name), h);
	return h;
}

static void run_host_free(struct run_host *h)
{
	vec_release(&h->others);
	arena_release(&h->arena);
	free(h);
}

/* ---- becoming: does any task of the host's steps need root? ---- */

static bool becomes(const struct plan_attrs *attrs)
{
	bool b;
	return attrs->become &&
	       (!value_to_bool(attrs->become, &b) || b); /* a template may be true */
}

static void find_wants_root(struct run *run)
{
	for (size_t i = 0; i < run->plan->nodes.len; i++) {
		const struct plan_node *n = run->plan->nodes.at[i];
		if (n->kind != PLAN_TASK || !becomes(&n->attrs) ||
		    (n->module->flags & MODULE_ACTION && !n->attrs.delegate_to &&
		     !action_steers(n->module)))
			continue;
		for (size_t k = 0; k < n->step->hosts.len; k++)
			run_host_get(run, n->step->hosts.at[k])->wants_root = true;
		if (n->attrs.delegate_to && n->attrs.delegate_to->type == VALUE_STRING) {
			struct inv_host *inv =
				template_has_markup(n->attrs.delegate_to->str)
					? NULL
					: inventory_host(run->plan->inv, n->attrs.delegate_to->str);
			if (inv)
				run_host_get(run, inv)->wants_root = true;
		}
	}
}

/* ---- the loop ---- */

static bool all_ended(const struct run *run)
{
	for (size_t i = 0; i < run->steps.len; i++)
		if (!run->steps.at[i]->ended)
			return false;
	return true;
}

static void close_all(struct run *run)
{
	if (run->closing)
		return;
	run->closing = true;
	gate_end(run);
	dialogue_end(run);
	for (size_t i = 0; i < run->links.len; i++)
		link_close(run->links.at[i]);
	uv_close((uv_handle_t *)&run->ticker, NULL);
	uv_close((uv_handle_t *)&run->on_int, NULL);
	uv_close((uv_handle_t *)&run->on_term, NULL);
}

/* Advances what can be advanced, until nothing can. */
void run_drain(struct run *run)
{
	if (run->draining || run->closing)
		return;
	run->draining = true;
	do {
		while (run->ready.len) {
			struct strand *s = run->ready.at[0];
			vec_remove(&run->ready, 0);
			s->queued = false;
			strand_advance(s);
		}
		step_start_ready(run);
	} while (run->ready.len);
	run->draining = false;
	if (all_ended(run))
		close_all(run);
}

/* Nothing is in flight and something is unfinished: a mistake of ours, which
 * must not become a hang. */
static void give_up(struct run *run)
{
	emit_warning(run, (struct srcloc){0}, "internal error: the run came to a standstill");
	run->stalled = true;
	for (size_t i = 0; i < run->steps.len; i++)
		run->steps.at[i]->ended = true;
	close_all(run);
}

/* Whoever waits, waits for some task that is under way. Idle connections keep
 * the loop alive, so that a standstill would be a hang. */
static bool is_at_standstill(const struct run *run)
{
	if (run->closing || run->ready.len || run->questions.len)
		return false;
	for (size_t i = 0; i < run->steps.len; i++)
		for (size_t k = 0; k < run->steps.at[i]->strands.len; k++)
			if (run->steps.at[i]->strands.at[k]->flights.len)
				return false;
	return true;
}

static void on_tick(uv_timer_t *timer)
{
	struct run *run = timer->data;
	int64_t now = (int64_t)uv_now(&run->loop);
	if (is_at_standstill(run))
		give_up(run);
	bool asking = dialogue_tick(run);
	for (size_t i = 0; i < run->opts->nsinks; i++)
		if (run->opts->sinks[i].ops->tick && !asking)
			run->opts->sinks[i].ops->tick(run->opts->sinks[i].self, now);
}

static void end_waits(struct run *run)
{
	for (size_t i = 0; i < run->steps.len; i++)
		for (size_t k = 0; k < run->steps.at[i]->strands.len; k++) {
			struct strand *s = run->steps.at[i]->strands.at[k];
			if (s->flights.len)
				flight_end_wait(s->flights.at[0]);
		}
}

void run_interrupt(struct run *run)
{
	run->stopping = true;
	if (++run->interrupts > 1)
		return;
	emit_warning(run, (struct srcloc){0},
		     "interrupted: waiting for what is in flight (once more to stop at once)");
	for (size_t i = 0; i < run->steps.len; i++)
		for (size_t k = 0; k < run->steps.at[i]->strands.len; k++) {
			struct strand *s = run->steps.at[i]->strands.at[k];
			strand_recall(s);
			if (s->flights.len == 0 || s->state != STRAND_WAITING)
				strand_wake(s);
		}
	end_waits(run);
	gate_give_up(run);
	dialogue_cancel(run);
}

/* The first: nothing new is begun. The second: nothing is waited for. */
static void on_signal(uv_signal_t *handle, int signum)
{
	struct run *run = handle->data;
	(void)signum;
	run_interrupt(run);
	if (run->interrupts > 1) {
		end_waits(run);
		fetches_cancel(run);
		for (size_t i = 0; i < run->links.len; i++)
			link_give_up(run->links.at[i]);
	}
	run_drain(run);
}

static int start(struct run *run, struct err *err)
{
	int r = uv_loop_init(&run->loop);
	if (r < 0)
		return err_set(err, ERR_SYS, "event loop: %s", uv_strerror(r));
	uv_timer_init(&run->loop, &run->ticker);
	uv_signal_init(&run->loop, &run->on_int);
	uv_signal_init(&run->loop, &run->on_term);
	run->ticker.data = run->on_int.data = run->on_term.data = run;
	uv_timer_start(&run->ticker, on_tick, TICK_MS, TICK_MS);
	uv_signal_start(&run->on_int, on_signal, SIGINT);
	uv_signal_start(&run->on_term, on_signal, SIGTERM);
	uv_unref((uv_handle_t *)&run->ticker);
	uv_unref((uv_handle_t *)&run->on_int);
	uv_unref((uv_handle_t *)&run->on_term);
	return 0;
}

static void add_steps(struct run *run)
{
	for (size_t i = 0; i < run->plan->steps.len; i++) {
		const struct plan_step *p = run->plan->steps.at[i];
		struct run_step *step = xcalloc(1, sizeof(*step));
		step->run = run;
		step->plan = p;
		step->nblock = p->after.len;
		step->stats.step = p->name;
		step->stats.nhosts = p->hosts.len;
		for (size_t k = 0; k < p->hosts.len; k++)
			vec_push(&step->hosts, run_host_get(run, p->hosts.at[k]));
		vec_push(&run->steps, step);
	}
}

static void step_free(struct run_step *step)
{
	for (size_t i = 0; i < step->strands.len; i++)
		strand_free(step->strands.at[i]);
	for (size_t i = 0; i < step->old_strands.len; i++)
		strand_free(step->old_strands.at[i]);
	vec_release(&step->strands);
	vec_release(&step->old_strands);
	vec_release(&step->hosts);
	strmap_release(&step->passed);
	strmap_release(&step->throttled);
	free(step);
}

/* ---- the end ---- */

static bool takes_part(const struct run *run, const struct run_host *h)
{
	for (size_t i = 0; i < run->steps.len; i++)
		for (size_t k = 0; k < run->steps.at[i]->hosts.len; k++)
			if (run->steps.at[i]->hosts.at[k] == h)
				return true;
	return false;
}

/* Hosts of plays that were not begun, or had nothing to do, are not in Ansible's recap. */
static bool is_untouched(const struct report_host_stats *st)
{
	return !st->ok && !st->changed && !st->unreachable && !st->failed && !st->skipped &&
	       !st->rescued && !st->ignored && !st->unknown && !st->not_reached;
}

static void recap(struct run *run)
{
	struct report_host_stats *hosts =
		ARENA_ARRAY(&run->arena, struct report_host_stats, run->hosts.len + 1);
	struct report_step_stats *steps =
		ARENA_ARRAY(&run->arena, struct report_step_stats, run->steps.len + 1);
	struct report_event e = {.kind = REPORT_RUN_ENDED,
				 .hosts = hosts,
				 .steps = steps,
				 .interrupted = run->interrupts > 0};
	for (size_t i = 0; i < run->hosts.len; i++) {
		const struct run_host *h = run->hosts.entries[i].value;
		if (takes_part(run, h) && !(run->plan->is_playbook && is_untouched(&h->stats)))
			hosts[e.nhosts++] = h->stats;
	}
	critical_path_mark(run);
	for (size_t i = 0; i < run->steps.len; i++)
		if (run->steps.at[i]->started)
			steps[e.nsteps++] = run->steps.at[i]->stats;
	e.duration_ms = clock_now_ms() - run->started_ms;
	emit(run, &e);
}

static enum run_exit exit_code(const struct run *run)
{
	enum run_exit code = RUN_EXIT_OK;
	for (size_t i = 0; i < run->hosts.len; i++) {
		const struct run_host *h = run->hosts.entries[i].value;
		if (h->unreachable)
			code = RUN_EXIT_UNREACHABLE; /* the graver one, as for Ansible */
		else if (h->failed && code == RUN_EXIT_OK)
			code = RUN_EXIT_FAILED;
	}
	if (run->stalled)
		return RUN_EXIT_ERROR;
	return run->interrupts ? RUN_EXIT_INTERRUPTED : code;
}

void run_emit_plan_warnings(struct run *run, size_t from)
{
	for (size_t i = from; i < run->plan->warnings.len; i++)
		emit_warning(run, run->plan->warnings.at[i].at, "%s",
			     run->plan->warnings.at[i].text);
}

static void emit_start(struct run *run)
{
	struct report_host_stats *hosts =
		ARENA_ARRAY(&run->arena, struct report_host_stats, run->hosts.len + 1);
	struct report_event e = {.kind = REPORT_RUN_STARTED, .hosts = hosts};
	for (size_t i = 0; i < run->hosts.len; i++) {
		const struct run_host *h = run->hosts.entries[i].value;
		if (takes_part(run, h))
			hosts[e.nhosts++] = h->stats;
	}
	for (size_t i = 0; i < run->steps.len; i++)
		e.ntasks += step_task_count(run->steps.at[i]);
	e.nsteps = run->steps.len;
	emit(run, &e);
}

static void release(struct run *run, struct host *real)
{
	for (size_t i = 0; i < run->steps.len; i++)
		step_free(run->steps.at[i]);
	vec_release(&run->steps);
	/* handles of flights and links that were closed last */
	uv_run(&run->loop, UV_RUN_DEFAULT);
	for (size_t i = 0; i < run->links.len; i++)
		link_free(run->links.at[i]);
	vec_release(&run->links);
	for (size_t i = 0; i < run->hosts.len; i++)
		run_host_free(run->hosts.entries[i].value);
	strmap_release(&run->hosts);
	fetches_release(run);
	blobs_release(run);
	vec_release(&run->questions);
	vec_release(&run->ready);
	vec_release(&run->slot_queue);
	uv_loop_close(&run->loop);
	if (run->controller != real)
		host_free(run->controller);
	arena_release(&run->arena);
}

int run_execute(const struct run_options *opts, struct plan *plan, enum run_exit *ret_exit,
		struct err *err)
{
	struct run run = {.opts = opts, .plan = plan, .env = plan->env};
	int r = start(&run, err);
	if (r < 0)
		return r;
	struct host *real = host_real_new();
	run.controller = opts->check_mode ? host_overlay_new(real) : real;
	run.started_ms = clock_now_ms();
	add_steps(&run);
	find_wants_root(&run);
	emit_start(&run);
	run_emit_plan_warnings(&run, 0);
	gate_begin(&run);
	run_drain(&run);
	while (!run.closing)
		if (uv_run(&run.loop, UV_RUN_ONCE) == 0 && !run.closing)
			give_up(&run);
	uv_run(&run.loop, UV_RUN_DEFAULT);
	uv_update_time(&run.loop);
	recap(&run);
	*ret_exit = exit_code(&run);
	release(&run, real);
	host_free(real);
	return 0;
}
