/* Facts: gathered once a host, and only those that the tasks of its steps use. */
#include "facts.h"
#include "../flight/flight.h"
#include "../link/link.h"
#include "scope.h"

static const struct value *missing_facts(struct flight *f, struct run_host *h)
{
	const struct plan_step *step = f->strand->step->plan;
	struct value *names = value_list_new(&f->arena);
	for (size_t i = 0; i < step->fact_names.len; i++) {
		char *full =
			arena_printf(&f->arena, "ansible_%.*s", SLICE_ARG(step->fact_names.at[i]));
		/* each play that gathers, gathers anew */
		if (step->is_play || !value_get(h->facts, full))
			value_list_push(&f->arena, names,
					value_str(&f->arena, step->fact_names.at[i]));
	}
	return names;
}

static bool has_asked(const struct strand *s)
{
	const struct plan_step *p = s->step->plan;
	return !p->gather_facts ||
	       (s->nfacts_asked == p->fact_names.len && s->all_facts_asked == p->all_facts);
}

/* Where ansible_local comes from, where the play says it. */
static void put_fact_path(struct flight *f, struct value *args)
{
	struct strand *s = f->strand;
	struct err ignored = {0};
	struct scope sc;
	const char *path = NULL;
	if (!s->step->plan->fact_path)
		return;
	scope_init(&sc, &f->arena, s->host, s, NULL, NULL);
	if (scope_string(&sc, s->step->plan->fact_path, &path, &ignored) == 0 && path && *path)
		value_dict_put(&f->arena, args, "fact_path", value_cstr(&f->arena, path));
	scope_release(&sc);
}

/* A play's as the play says; those of a site file serve all steps. */
static int eval_become(struct flight *f, struct scope *sc, struct err *err)
{
	if (f->strand->step->plan->is_play)
		return flight_eval_become(f, sc, err);
	f->become_user = f->strand->host->wants_root ? "root" : NULL;
	return 0;
}

void flight_gather_facts(struct strand *s)
{
	struct run_host *h = s->host;
	struct err err = {0};
	bool all = s->step->plan->all_facts && (!h->all_facts || s->step->plan->is_play);
	if (has_asked(s))
		return;
	s->nfacts_asked = s->step->plan->fact_names.len;
	s->all_facts_asked = s->step->plan->all_facts;
	struct flight *f = flight_new(s, NULL);
	const struct value *names = missing_facts(f, h);
	if (names->list.len == 0 && !all) {
		flight_free(f);
		return;
	}
	f->items = ARENA_NEW(&f->arena, struct flight_item);
	f->nitems = 1;
	struct value *args = value_dict_new(&f->arena);
	if (!all)
		value_dict_put(&f->arena, args, "_only", names);
	h->all_facts |= all;
	f->items[0].args = args;
	put_fact_path(f, args);
	for (size_t i = 0; i < names->list.len; i++)
		value_dict_put(
			&h->arena, h->facts,
			arena_printf(&h->arena, "ansible_%s", names->list.at[i]->str.ptr),
			value_unknown(&h->arena, ERR_PENDING, "a fact that is being gathered"));
	f->overlaps = !all;
	struct scope sc;
	scope_init(&sc, &f->arena, h, s, NULL, NULL);
	int r = eval_become(f, &sc, &err);
	if (r == 0)
		r = flight_eval_link(f, &sc, &err);
	scope_release(&sc);
	vec_push(&s->flights, f);
	if (r == 0)
		r = flight_send(f, &err);
	if (r < 0) {
		flight_fail(f, &err);
		facts_forget_pending(h);
	}
}

void facts_forget_pending(struct run_host *h)
{
	for (size_t i = 0; i < h->facts->dict.len;) {
		if (h->facts->dict.at[i].value->type == VALUE_UNKNOWN)
			value_dict_remove(h->facts, h->facts->dict.at[i].key->str);
		else
			i++;
	}
}

void facts_arrived(struct flight *f, const struct value *result)
{
	struct run_host *h = f->strand->host;
	const struct value *failed = value_get(result, "failed");
	f->result = facts_only(&f->arena, result);
	outcome_facts(h, f->result);
	facts_forget_pending(h);
	f->status = failed && value_truthy(failed) ? REPORT_FAILED : REPORT_OK;
	flight_finish(f);
}
