/* Finished flights: counted, shown, and what a failure leads to. */
#include "../dialogue/dialogue.h"
#include "../emit.h"
#include "../link/link.h"
#include "../strand/step.h"
#include "../strand/strand.h"
#include "../variables/scope.h"
#include "flight.h"

static bool is_changed(const struct flight *f)
{
	const struct value *changed = value_get(f->result, "changed");
	return changed && value_truthy(changed);
}

/* As Ansible: they are neither counted nor shown. */
static bool is_meta(const struct flight *f)
{
	return f->node->module->kind == MODULE_KIND_META;
}

/* Ansible counts each file that a task includes, and no role. */
static unsigned times_ok(const struct flight *f)
{
	unsigned n = 0;
	if (f->node->module->kind == MODULE_KIND_INCLUDE_ROLE)
		return 0;
	if (f->node->module->kind != MODULE_KIND_INCLUDE_TASKS)
		return 1;
	for (size_t i = 0; i < f->nitems; i++)
		n += !f->items[i].skipped;
	return n;
}

static void count(struct strand *s, const struct flight *f)
{
	struct report_host_stats *st = &s->host->stats;
	switch (f->status) {
	case REPORT_OK:
		st->ok += times_ok(f);
		break;
	case REPORT_CHANGED:
		st->ok++, st->changed++, s->step->stats.changed++;
		break;
	case REPORT_SKIPPED:
		st->skipped++;
		break;
	case REPORT_FAILED:
		st->failed++, s->step->stats.failed++;
		break;
	case REPORT_IGNORED:
		st->ok++, st->ignored++, st->changed += is_changed(f);
		s->step->stats.changed += is_changed(f);
		break;
	case REPORT_RESCUED:
		st->rescued++;
		break;
	case REPORT_UNREACHABLE:
		st->unreachable++, s->step->stats.failed++;
		break;
	case REPORT_UNKNOWN:
		st->unknown++;
		break;
	}
}

static void keep_failure(struct strand *s, const struct flight *f)
{
	struct arena *a = &s->host->arena;
	struct value *task = value_dict_new(a);
	value_dict_put(a, task, "name",
		       value_cstr(a, f->node && f->node->name && f->name ? f->name : ""));
	value_dict_put(a, task, "action",
		       value_cstr(a, f->node ? node_module_name(f->node) : "setup"));
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

/* It waits for a slot, a connection or a download, and no host knows of it. */
static bool is_untold(const struct flight *f)
{
	return !f->sent && (f->request || f->pending_fetches);
}

void strand_recall(struct strand *s)
{
	size_t kept = s->flights.len && !is_untold(s->flights.at[0]);
	if (s->flights.len <= kept)
		return;
	/* the place behind the one that is kept is the place before the next */
	strand_go_back(s, s->flights.at[kept]);
	while (s->flights.len > kept) {
		struct flight *f = s->flights.at[s->flights.len - 1];
		s->flights.len--;
		link_recall(f->link, f);
		flight_drop(f);
	}
}

static bool is_fatal(struct strand *s, const struct plan_node *node)
{
	struct arena a = {0};
	struct scope sc;
	struct err ignored = {0};
	bool fatal = false;
	if (!node || !node->attrs.any_errors_fatal)
		return false;
	scope_init(&sc, &a, s->host, s, node, NULL);
	(void)scope_bool(&sc, node->attrs.any_errors_fatal, false, &fatal, &ignored);
	scope_release(&sc);
	arena_release(&a);
	return fatal;
}

static bool ignores_unreachable(struct strand *s, struct flight *f)
{
	struct scope sc;
	struct err ignored = {0};
	bool yes = false;
	if (!f->node || !f->node->attrs.ignore_unreachable)
		return false;
	scope_init(&sc, &f->arena, s->host, s, f->node, NULL);
	(void)scope_bool(&sc, f->node->attrs.ignore_unreachable, false, &yes, &ignored);
	scope_release(&sc);
	return yes;
}

static void on_failure(struct strand *s, struct flight *f, bool once)
{
	bool rescued, told, ended, unreachable = f->status == REPORT_UNREACHABLE;
	strand_go_back(s, f);
	drop_later(s);
	s->needs_resume |= f->overlaps;
	strand_next(s);
	/* `rescue` is for unreachable hosts too, `always` alone is not */
	rescued = strand_is_rescued(s);
	told = rescued && strand_rescue_counts(s);
	if (told)
		keep_failure(s, f);
	/* as with Ansible, a block's own `always` keeps its failures from being fatal */
	s->spares_others = !rescued && strand_has_always(s);
	if (!rescued && !s->spares_others)
		s->step->fatal |= is_fatal(s, f->node);
	ended = (unreachable && !rescued) || !strand_unwind(s);
	if (told)
		f->status = REPORT_RESCUED;
	unreachable &= !rescued;
	count(s, f);
	emit_result(f);
	if (once && !unreachable)
		step_share_failure(s, f);
	if (!ended)
		return;
	if (unreachable)
		s->host->unreachable = true;
	else
		s->host->failed = true;
	strand_end(s, true);
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
	strand_count_role(s, f);
	if (f->status == REPORT_FAILED || f->status == REPORT_UNREACHABLE) {
		on_failure(s, f, once || (f->node && f->node->once));
	} else if (f->node) {
		if (!is_meta(f)) {
			count(s, f);
			emit_result(f);
		}
		if (once || f->node->once)
			step_share_result(s, f, once);
	}
	if (f->node)
		step_passed(s, f->node);
	flight_free(f);
}

void strand_settle(struct strand *s)
{
	while (s->flights.len && s->flights.at[0]->finished) {
		struct flight *f = s->flights.at[0];
		if (f->status == REPORT_UNREACHABLE && ignores_unreachable(s, f))
			f->status = REPORT_IGNORED;
		if (debugger_enters(s, f)) {
			s->state = STRAND_WAITING;
			return;
		}
		vec_remove(&s->flights, 0);
		settle_one(s, f);
	}
	if (s->flights.len && s->flights.at[0]->nsent)
		emit_task_started(s->flights.at[0]);
	if (s->state != STRAND_DONE)
		strand_wake(s);
	strands_unblock(s->step->run);
}
