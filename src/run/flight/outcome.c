/* From what a module answered to what the task is: changed_when, failed_when,
 * register. */
#include "../action/parts.h"
#include "../emit.h"
#include "../run.h"
#include "../strand/strand.h"
#include "../variables/facts.h"
#include "../variables/scope.h"
#include "concealed.h"
#include "flight.h"
#include "rollout/base/clock.h"

#include <stdlib.h>

static bool is_true(const struct value *result, const char *key)
{
	const struct value *v = value_get(result, key);
	return v && value_truthy(v);
}

static void put(struct flight *f, struct value *result, const char *key, const struct value *v)
{
	value_dict_put(&f->arena, result, key, v);
}

struct value *outcome_failure(struct arena *a, const char *msg)
{
	struct value *result = value_dict_new(a);
	value_dict_put(a, result, "failed", value_bool(true));
	value_dict_put(a, result, "msg", value_cstr(a, msg));
	return result;
}

/* The scope in which a task's conditions see its own result. */
static void result_scope(struct scope *sc, struct flight *f, struct flight_item *it,
			 const struct value *result)
{
	const struct value *own = it->loop_vars;
	if (f->node->register_name) {
		struct value *d = own ? value_dict_dup(&f->arena, own) : value_dict_new(&f->arena);
		value_dict_put(&f->arena, d, f->node->register_name, result);
		own = d;
	}
	scope_init(sc, &f->arena, f->strand->host, f->strand, f->node, own);
}

static void condition_failed(struct flight *f, struct value *result, const char *keyword,
			     const struct err *err)
{
	char text[1400];
	put(f, result, "failed", value_bool(true));
	put(f, result, "msg",
	    value_fmt(&f->arena, "%s: %s", keyword, err_format(err, text, sizeof(text))));
}

static void apply_failed_when(struct flight *f, struct flight_item *it, struct value *result)
{
	struct scope sc;
	struct err err = {0};
	bool failed;
	if (f->node->failed_when.len == 0)
		return;
	result_scope(&sc, f, it, result);
	int r = scope_conditions(&sc, f->node->failed_when.at, f->node->failed_when.len, &failed,
				 NULL, &err);
	scope_release(&sc);
	if (r == ERR_UNKNOWN) {
		it->unknown = true;
	} else if (r < 0) {
		condition_failed(f, result, "failed_when", &err);
	} else {
		put(f, result, "failed", value_bool(failed));
		put(f, result, "failed_when_result", value_bool(failed));
	}
}

/* False: it cannot be told, which is a failure that failed_when is not asked about. */
static bool apply_changed_when(struct flight *f, struct flight_item *it, struct value *result)
{
	struct scope sc;
	struct err err = {0};
	bool changed;
	if (f->node->changed_when.len == 0)
		return true;
	result_scope(&sc, f, it, result);
	int r = scope_conditions(&sc, f->node->changed_when.at, f->node->changed_when.len, &changed,
				 NULL, &err);
	scope_release(&sc);
	if (r == ERR_UNKNOWN)
		it->unknown = true;
	else if (r < 0)
		condition_failed(f, result, "changed_when", &err);
	else
		put(f, result, "changed", value_bool(changed));
	return r >= 0 || r == ERR_UNKNOWN;
}

/* As Ansible: a non-zero rc without a verdict is a failure. */
static void complete(struct flight *f, struct value *result)
{
	const struct value *rc = value_get(result, "rc");
	if (!value_get(result, "failed"))
		put(f, result, "failed",
		    value_bool(rc && rc->type == VALUE_INT && rc->integer != 0));
	if (!value_get(result, "changed"))
		put(f, result, "changed", value_bool(false));
	if (f->retries > 0)
		put(f, result, "attempts", value_int(&f->arena, f->attempt + 1));
}

static void apply_verdicts(struct flight *f, struct flight_item *it, struct value *result)
{
	complete(f, result);
	if (value_get(result, "skipped"))
		return;
	if (apply_changed_when(f, it, result))
		apply_failed_when(f, it, result);
}

static enum report_status status_of(const struct flight_item *it)
{
	if (it->unknown)
		return REPORT_UNKNOWN;
	if (is_true(it->result, "failed"))
		return REPORT_FAILED;
	if (is_true(it->result, "skipped"))
		return REPORT_SKIPPED;
	return is_true(it->result, "changed") ? REPORT_CHANGED : REPORT_OK;
}

/* A failure; where failed_when decides, in what is registered alone. */
static void put_giving_up(struct flight *f, struct flight_item *it, struct value *result)
{
	put(f, result, "failed", value_bool(true));
	if (it->until_error || f->node->failed_when.len == 0)
		it->status = status_of(it);
	if (it->until_error)
		put(f, result, "msg", value_cstr(&f->arena, it->until_error));
	else
		put(f, result, "attempts", value_int(&f->arena, f->retries));
}

/* Of a task that was awaited: as Ansible's, it names no file any more. */
static void put_job_id(struct flight *f, struct value *result)
{
	if (!value_get(result, "ansible_job_id"))
		put(f, result, "ansible_job_id",
		    value_fmt(&f->arena, "%u.%lld", f->node->id, (long long)clock_now_ms()));
}

/* A list of all items in each item would be their square. */
void outcome_loop_vars(struct flight *f, const struct flight_item *it, struct value *result)
{
	for (size_t i = 0; f->is_loop && i < it->loop_vars->dict.len; i++) {
		const struct value *v = it->loop_vars->dict.at[i].value;
		const char *name = it->loop_vars->dict.at[i].key->str.ptr;
		if (strcmp(name, "ansible_loop") == 0) {
			struct value *loop = value_dict_dup(&f->arena, v);
			value_dict_remove(loop, SLICE_LIT("allitems"));
			v = loop;
		}
		put(f, result, name, v);
	}
}

void outcome_item(struct flight *f, struct flight_item *it, const struct value *module_result)
{
	struct value *result = value_dict_dup(&f->arena, module_result);
	concealed_results(f, result);
	it->unknown |= is_true(result, "_unknown");
	it->result = result;
	if (f->node->module->kind == MODULE_KIND_FETCH)
		fetched_keep(f, it, result);
	if (!it->unknown) {
		apply_verdicts(f, it, result);
	}
	it->status = status_of(it);
	if (it->gave_up)
		put_giving_up(f, it, result);
	if (f->node->async_s && !value_get(result, "finished")) {
		put(f, result, "started", value_int(&f->arena, 1));
		put(f, result, "finished", value_int(&f->arena, 1));
		put_job_id(f, result);
	}
	outcome_loop_vars(f, it, result);
	if (f->is_loop)
		emit_item(f, it);
}

/* ---- until ---- */

static void on_delay(uv_timer_t *timer)
{
	struct flight *f = timer->data;
	struct err err = {0};
	if (f->zombie)
		return;
	if (f->local) {
		flight_resume_local(f);
		run_drain(f->strand->step->run);
		return;
	}
	int r = fetch_again(f, &f->items[f->current], &err);
	if (r == 0)
		r = flight_send(f, &err);
	if (r < 0) {
		flight_fail(f, &err);
		flight_finish(f);
	}
	run_drain(f->strand->step->run);
}

static void emit_retry(struct flight *f, struct flight_item *it, const struct value *result)
{
	const struct value *msg = value_get(result, "msg");
	struct report_event e = {.kind = REPORT_RETRY,
				 .step = f->strand->step->plan->name,
				 .host = f->strand->host->inv->name};
	e.task = f->name;
	e.task_id = f->node->id;
	e.item = f->no_log ? NULL : it->label;
	e.attempt = f->attempt;
	e.retries = f->retries;
	e.msg = msg && msg->type == VALUE_STRING && !f->no_log ? msg->str.ptr : NULL;
	emit(f->strand->step->run, &e);
}

/* Does what the task waits for hold? Negative: it cannot be told. */
static int until_holds(struct flight *f, struct flight_item *it, const struct value *module_result,
		       bool *ret, struct err *err)
{
	struct scope sc;
	struct value *result = value_dict_dup(&f->arena, module_result);
	apply_verdicts(f, it, result);
	*ret = !is_true(result, "failed");
	if (f->node->until.len == 0)
		return 0;
	result_scope(&sc, f, it, result);
	int r = scope_conditions(&sc, f->node->until.at, f->node->until.len, ret, NULL, err);
	scope_release(&sc);
	return r;
}

int outcome_wants_retry(struct flight *f, struct flight_item *it, const struct value *module_result)
{
	struct err err = {0};
	bool holds;
	if (f->retries == 0 || f->unasked || is_true(module_result, "_unknown") ||
	    f->strand->step->run->stopping)
		return 0;
	if (until_holds(f, it, module_result, &holds, &err) < 0) {
		char text[1400];
		it->until_error =
			arena_printf(&f->arena, "until: %s", err_format(&err, text, sizeof(text)));
		it->gave_up = true;
		return 0;
	}
	it->gave_up = !holds && f->attempt >= f->retries;
	if (holds || it->gave_up)
		return 0;
	f->attempt++;
	emit_retry(f, it, module_result);
	flight_start_timer(f, f->delay_ms, on_delay);
	return 1;
}

/* ---- the whole task ---- */

static const char *combined_text(const struct flight *f, bool failed, bool skipped)
{
	if (f->nitems == 0)
		return "No items in the list";
	return failed	 ? "One or more items failed"
	       : skipped ? "All items skipped"
			 : "All items completed";
}

static void combine(struct flight *f)
{
	struct value *all = value_dict_new(&f->arena), *list = value_list_new(&f->arena);
	bool changed = false, failed = false, skipped = f->nitems > 0;
	for (size_t i = 0; i < f->nitems; i++) {
		value_list_push(&f->arena, list, without_internals(&f->arena, f->items[i].result));
		changed |= is_true(f->items[i].result, "changed");
		failed |= is_true(f->items[i].result, "failed");
		skipped &= f->items[i].status == REPORT_SKIPPED;
	}
	put(f, all, "results", list);
	put(f, all, "changed", value_bool(changed));
	if (failed)
		put(f, all, "failed", value_bool(true));
	put(f, all, "skipped", value_bool(skipped || f->nitems == 0));
	put(f, all, f->nitems ? "msg" : "skipped_reason",
	    value_cstr(&f->arena, combined_text(f, failed, skipped)));
	f->result = all;
}

static enum report_status combined_status(const struct flight *f)
{
	bool changed = false, failed = false, unknown = false, ok = false;
	for (size_t i = 0; i < f->nitems; i++) {
		changed |= f->items[i].status == REPORT_CHANGED;
		failed |= f->items[i].status == REPORT_FAILED;
		unknown |= f->items[i].status == REPORT_UNKNOWN;
		ok |= f->items[i].status == REPORT_OK;
	}
	if (failed)
		return f->ignore_errors ? REPORT_IGNORED : REPORT_FAILED;
	return changed	 ? REPORT_CHANGED
	       : unknown ? REPORT_UNKNOWN
	       : ok	 ? REPORT_OK
			 : REPORT_SKIPPED;
}

void outcome_register(struct run_host *h, const char *name, const struct value *result)
{
	value_dict_put(&h->arena, h->set_vars, name,
		       result->type == VALUE_UNKNOWN ? result
						     : value_copy(&h->arena, result, VALUE_UNSAFE));
}

/* ansible_facts of a result: set_fact's own go beside the registered ones. */
void outcome_facts(struct run_host *h, const struct value *result)
{
	const struct value *facts = value_get(result, "ansible_facts");
	const struct value *level = value_get(result, "_level");
	if (!facts || facts->type != VALUE_DICT)
		return;
	for (size_t i = 0; i < facts->dict.len; i++) {
		const struct value *key = facts->dict.at[i].key;
		const struct value *v = facts->dict.at[i].value;
		if (key->type != VALUE_STRING)
			continue;
		if (value_get(result, "_cacheable"))
			value_dict_put(&h->arena, h->facts, arena_strdup(&h->arena, key->str.ptr),
				       value_copy(&h->arena, v, 0));
		if (value_is_str(level, "set_fact"))
			outcome_register(h, key->str.ptr, v);
		else if (value_is_str(level, "include_vars"))
			value_dict_put(&h->arena, h->include_vars, key->str.ptr,
				       value_copy(&h->arena, v, 0));
		else if (fact_may_be_set(slice_from(key->str.ptr)))
			value_dict_put(&h->arena, h->facts, arena_strdup(&h->arena, key->str.ptr),
				       value_copy(&h->arena, v, VALUE_UNSAFE));
	}
}

static bool any_unknown(const struct flight *f)
{
	for (size_t i = 0; i < f->nitems; i++)
		if (f->items[i].unknown)
			return true;
	return false;
}

static void do_register(struct flight *f)
{
	struct run_host *h = f->strand->host;
	if (!f->node->register_name)
		return;
	if (any_unknown(f))
		outcome_register(
			h, f->node->register_name,
			value_unknown(&h->arena, ERR_UNKNOWN,
				      arena_printf(&h->arena,
						   "the result of '%s' is known after the run",
						   f->name)));
	else
		outcome_register(h, f->node->register_name,
				 without_internals(&f->arena, f->result));
}

void outcome_keep(struct flight *f)
{
	if (f->is_loop)
		combine(f);
	else
		f->result = f->items[0].result;
	do_register(f);
}

static bool delegates_facts(struct flight *f)
{
	struct scope sc;
	struct err ignored = {0};
	bool yes = false;
	if (!f->node->attrs.delegate_facts)
		return false;
	scope_init(&sc, &f->arena, f->strand->host, f->strand, f->node, NULL);
	(void)scope_bool(&sc, f->node->attrs.delegate_facts, false, &yes, &ignored);
	scope_release(&sc);
	return yes;
}

static void set_facts(const struct flight *f, struct run_host *h, bool delegated)
{
	for (size_t i = 0; i < f->nitems; i++) {
		const struct flight_item *it = &f->items[i];
		if (it->status == REPORT_OK || it->status == REPORT_CHANGED)
			outcome_facts(delegated && it->target ? it->target : h, it->result);
	}
}

void outcome_share(const struct flight *f, struct run_host *h)
{
	const char *name = f->node->register_name;
	const struct value *own = name ? value_get(f->strand->host->set_vars, name) : NULL;
	if (own)
		value_dict_put(&h->arena, h->set_vars, name,
			       own->type == VALUE_UNKNOWN ? own : value_copy(&h->arena, own, 0));
	if (!f->node->attrs.delegate_facts)
		set_facts(f, h, false);
}

void outcome_task(struct flight *f)
{
	if (f->broken) {
		flight_fail(f, f->broken);
		return;
	}
	outcome_keep(f);
	f->status = combined_status(f);
	bool delegated = delegates_facts(f);
	set_facts(f, delegated ? f->target : f->strand->host, delegated);
	outcome_notify(f);
}
