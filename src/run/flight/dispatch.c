/* A task's way to its host and its answers back. */
#include "../action/parts.h"
#include "../emit.h"
#include "../link/link.h"
#include "../run.h"
#include "../variables/facts.h"
#include "../variables/scope.h"
#include "flight.h"

#include <stdlib.h>

static int request_new(struct flight *f, const struct value *items, bool secret,
		       struct request **ret, struct err *err)
{
	struct strand *s = f->strand;
	const struct module *module = f->node ? f->node->module : module_find(SLICE_LIT("setup"));
	struct wire_task task = {.module = module->name, .items = items, .strand = s->id};
	task.stop_on_failure =
		f->overlaps && f->node && !f->ignore_errors && f->node->failed_when.len == 0;
	task.check_mode = f->check_mode;
	task.no_log = f->no_log;
	task.diff_mode = f->diff_mode && !f->no_log && !secret;
	task.become_user = f->become_user;
	task.environment = f->environment;
	task.timeout_ms = f->timeout_ms;
	struct strbuf frame = {0};
	if (wire_put_value(&frame, WIRE_TASK, 0, wire_task_to_value(&f->arena, &task)) < 0) {
		strbuf_release(&frame);
		return err_set(err, ERR_LIMIT, "the task's arguments are larger than %u MiB",
			       WIRE_FRAME_MAX >> 20);
	}
	struct request *req = xcalloc(1, sizeof(*req));
	req->frame = frame;
	req->module = module->name;
	req->task = f->name ? f->name : "Gathering Facts";
	req->strand_id = s->id;
	req->resumes = s->needs_resume && f->target == s->host;
	req->resendable = !(module->flags & MODULE_ONCE_ONLY) && !reboot_is_once_only(f);
	req->flight = f;
	req->nitems = items->list.len;
	request_allow(req, s->step->run, items);
	if (req->resumes)
		s->needs_resume = false;
	*ret = req;
	return 0;
}

/* Sends the item `current`, or all that are to be sent. */
int flight_send(struct flight *f, struct err *err)
{
	struct value *list = value_list_new(&f->arena);
	bool secret = false;
	f->nsent = 0;
	free(f->sent_items);
	f->sent_items = xcalloc(f->nitems + 1, sizeof(*f->sent_items));
	for (size_t i = f->one_by_one ? f->current : 0; i < f->nitems; i++) {
		if (!f->items[i].args || f->items[i].result)
			continue;
		f->current = i;
		reboot_put_phase(f);
		pulled_put_phase(f);
		f->sent_items[f->nsent++] = i;
		secret |= holds_secret(f->items[i].args);
		value_list_push(&f->arena, list, f->items[i].args);
		if (f->one_by_one)
			break;
	}
	int r;
	if (f->varies) {
		f->become_user = f->items[f->current].become_user;
		f->environment = f->items[f->current].environment;
	}
	if (f->one_by_one && f->is_loop && f->node->attrs.delegate_to) {
		struct scope sc;
		scope_init(&sc, &f->arena, f->strand->host, f->strand, f->node,
			   f->items[f->current].loop_vars);
		link_abandon(f->link, f);
		r = flight_eval_delegate(f, &sc, err);
		f->items[f->current].target = f->target;
		if (r == 0)
			r = flight_eval_link(f, &sc, err);
		scope_release(&sc);
		if (r < 0)
			return r;
	}
	emit_task_started(f);
	if (reconnect_delays(f))
		return 0;
	if ((r = request_new(f, list, secret, &f->request, err)) < 0)
		return r;
	if (f->become_user)
		link_want_root(f->link);
	link_submit(f->link, f->request);
	return 0;
}

static void send_or_fail(struct flight *f)
{
	struct err err = {0};
	if (flight_send(f, &err) < 0) {
		flight_fail(f, &err);
		flight_finish(f);
	}
}

static void on_pause_over(uv_timer_t *timer)
{
	struct flight *f = timer->data;
	if (f->zombie)
		return;
	send_or_fail(f);
	run_drain(f->strand->step->run);
}

/* The next item of those that go one by one; false when there is none. */
static bool send_next(struct flight *f)
{
	for (f->current++; f->current < f->nitems; f->current++) {
		if (f->items[f->current].result)
			continue;
		f->attempt = 0;
		if (f->pause_ms > 0)
			flight_start_timer(f, f->pause_ms, on_pause_over);
		else
			send_or_fail(f);
		return true;
	}
	return false;
}

/* The last result may come before the last item: the task was ended. */
static void finish_unanswered(struct flight *f)
{
	for (size_t i = 0; i < f->nitems; i++) {
		if (f->items[i].result)
			continue;
		outcome_item(
			f, &f->items[i],
			outcome_failure(&f->arena, "the task ended before it came to this item"));
	}
}

void flight_on_result(struct flight *f, size_t sent_index, const struct value *result, bool last)
{
	if (!f->node) {
		facts_arrived(f, result);
		return;
	}
	if (sent_index >= f->nsent)
		return;
	struct flight_item *it = &f->items[f->sent_items[sent_index]];
	struct value *own = facts_only(&f->arena, result);
	reconnect_put_elapsed(f, own);
	slurped_complete(f, own);
	if (reboot_goes_on(f, own) || pulled_goes_on(f, own) || outcome_wants_retry(f, it, own))
		return;
	outcome_item(f, it, own);
	if (!last || (f->one_by_one && send_next(f)))
		return;
	finish_unanswered(f);
	outcome_task(f);
	flight_finish(f);
}

void flight_on_output(struct flight *f, size_t sent_index, int stream, struct slice text)
{
	struct report_event e = {.kind = REPORT_OUTPUT,
				 .step = f->strand->step->plan->name,
				 .host = f->strand->host->inv->name};
	(void)sent_index;
	if (f->no_log || !f->node)
		return;
	e.task = f->name;
	e.task_id = f->node->id;
	e.stream = stream;
	e.text = text;
	emit(f->strand->step->run, &e);
}

void flight_on_lost(struct flight *f, const struct err *why)
{
	char text[1400];

	if (reconnect_again(f))
		return;
	const struct value *rebooting = reboot_lost(f, why);
	if (rebooting) {
		flight_on_result(f, 0, rebooting, true);
		return;
	}
	struct value *d = value_dict_new(&f->arena);
	value_dict_put(&f->arena, d, "unreachable", value_bool(true));
	value_dict_put(&f->arena, d, "changed", value_bool(false));
	value_dict_put(&f->arena, d, "msg",
		       value_cstr(&f->arena, err_format(why, text, sizeof(text))));
	f->result = d;
	f->status = f->target == f->strand->host ? REPORT_UNREACHABLE : REPORT_FAILED;
	if (f->status == REPORT_FAILED)
		value_dict_put(&f->arena, d, "failed", value_bool(true));
	if (f->status == REPORT_FAILED && f->ignore_errors)
		f->status = REPORT_IGNORED;
	if (!f->node)
		facts_forget_pending(f->strand->host);
	else if (f->node->register_name)
		outcome_register(f->strand->host, f->node->register_name, d);
	flight_finish(f);
}
