/* Events to the sinks. What must not be seen is censored here. */
#include "emit.h"
#include "rollout/base/clock.h"
#include "rollout/value/secret.h"

#include <stdio.h>

/* Without the secrets that are in it. */
static struct slice shown(struct arena *a, struct slice text)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	return text.ptr && secret_hide(&out, text) ? arena_slice(a, strbuf_slice(&out)) : text;
}

static void hide_secrets(struct arena *a, struct report_event *e)
{
	e->task = shown(a, slice_from(e->task)).ptr;
	e->item = shown(a, slice_from(e->item)).ptr;
	e->msg = shown(a, slice_from(e->msg)).ptr;
	e->text = shown(a, e->text);
}

void emit(struct run *run, struct report_event *e)
{
	/* Not the run's: a host may say a secret as often as it likes. */
	CLEANUP(arena_release) struct arena a = {0};
	hide_secrets(&a, e);
	e->time_us = clock_realtime_us();
	e->run_name = run->plan->name;
	e->check_mode = run->opts->check_mode;
	e->diff_mode = run->opts->diff_mode;
	for (size_t i = 0; i < run->opts->nsinks; i++)
		run->opts->sinks[i].ops->event(run->opts->sinks[i].self, e);
}

void emit_warning(struct run *run, struct srcloc at, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	struct report_event e = {.kind = REPORT_WARNING, .msg = text, .at = at};
	emit(run, &e);
}

void emit_host_state(struct run_host *h, enum report_host_state state, const char *msg)
{
	struct report_event e = {
		.kind = REPORT_HOST_STATE, .host = h->inv->name, .host_state = state, .msg = msg};
	emit(h->run, &e);
}

static struct report_event flight_event(const struct flight *f, enum report_kind kind)
{
	const struct strand *s = f->strand;
	struct report_event e = {
		.kind = kind, .step = s->step->plan->name, .host = s->host->inv->name};
	e.role = f->node && f->node->role ? f->node->role->name : s->step->plan->role_name;
	e.task = f->name ? f->name : "Gathering Facts";
	e.task_id = f->node ? f->node->id : 0;
	e.is_handler = f->node && f->node->is_handler;
	e.module = f->node ? node_module_name(f->node) : "setup";
	e.at = f->node ? f->node->at : s->step->plan->at;
	e.delegated_to = f->delegated_to;
	e.duration_ms = clock_now_ms() - f->started_ms;
	return e;
}

/* What a no_log task shows instead of its result. */
static const struct value *censored(struct flight *f, const struct value *result)
{
	static const char *const kept[] = {"changed", "failed", "skipped", "attempts",
					   "unreachable"};
	struct value *d = value_dict_new(&f->arena);
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		const struct value *v = value_get(result, kept[i]);
		if (v)
			value_dict_put(&f->arena, d, kept[i], v);
	}
	value_dict_put(&f->arena, d, "censored",
		       value_cstr(&f->arena, "the output has been hidden due to the fact that "
					     "'no_log: true' was specified for this result"));
	return d;
}

bool holds_secret(const struct value *v)
{
	if (v->flags & VALUE_SECRET)
		return true;
	for (size_t i = 0; v->type == VALUE_LIST && i < v->list.len; i++)
		if (holds_secret(v->list.at[i]))
			return true;
	for (size_t i = 0; v->type == VALUE_DICT && i < v->dict.len; i++)
		if (holds_secret(v->dict.at[i].value))
			return true;
	return false;
}

const struct value *without_internals(struct arena *a, const struct value *result)
{
	struct value *out = value_dict_new(a);
	for (size_t i = 0; i < result->dict.len; i++) {
		const struct value *key = result->dict.at[i].key;
		if (key->type != VALUE_STRING || key->str.len == 0 || key->str.ptr[0] != '_')
			value_dict_set(a, out, key, result->dict.at[i].value);
	}
	return out;
}

static const struct value *visible(struct flight *f, const struct value *result)
{
	if (!result)
		return NULL;
	result = without_internals(&f->arena, result);
	return f->no_log ? censored(f, result) : secret_hide_tree(&f->arena, result);
}

static const char *message(const struct value *result)
{
	const struct value *msg = result ? value_get(result, "msg") : NULL;
	return msg && msg->type == VALUE_STRING ? msg->str.ptr : NULL;
}

/* The oldest flight of a strand is the one that runs; what was sent ahead is
 * announced when its turn comes. */
void emit_task_started(struct flight *f)
{
	if (f->announced || !f->node || f->strand->flights.at[0] != f)
		return;
	f->announced = true;
	f->started_ms = clock_now_ms();
	struct report_event e = flight_event(f, REPORT_TASK_STARTED);
	emit(f->strand->step->run, &e);
}

void emit_item(struct flight *f, const struct flight_item *it)
{
	struct report_event e = flight_event(f, REPORT_ITEM);
	e.item = f->no_log ? "(hidden)" : it->label;
	e.status = it->status;
	e.result = visible(f, it->result);
	e.msg = message(e.result);
	emit(f->strand->step->run, &e);
}

void emit_result(struct flight *f)
{
	struct report_event e = flight_event(f, REPORT_RESULT);
	e.status = f->status;
	e.result = visible(f, f->result);
	e.msg = message(e.result);
	emit(f->strand->step->run, &e);
}
