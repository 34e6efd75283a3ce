/* Which hosts a step or a play runs on: its pattern, --limit, `order`. */
#include "internal.h"

#include <stdlib.h>

/* ---- the pattern's text ---- */

static int add_text(const struct value *v, struct strbuf *text, struct err *err)
{
	if (v->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, v->at,
			      "'hosts' is a pattern or a list of patterns, not a %s",
			      value_type_name(v));
	strbuf_printf(text, "%s%.*s", text->len ? "," : "", SLICE_ARG(v->str));
	return 0;
}

const struct value *plan_magic(struct plan *plan, const struct plan_step *step)
{
	struct value *d = value_dict_new(&plan->arena);
	value_dict_put(&plan->arena, d, "groups", inventory_groups(plan->inv, &plan->arena));
	value_dict_put(&plan->arena, d, "playbook_dir",
		       value_cstr(&plan->arena, plan_dir(plan, step)));
	return d;
}

static int render(struct plan *plan, const struct plan_step *step, const struct value *v,
		  const struct value **ret, struct err *err)
{
	struct vars vars;
	if (!template_has_markup(v->type == VALUE_STRING ? v->str : SLICE_LIT("{{"))) {
		*ret = v;
		return 0;
	}
	vars_init(&vars, plan->env, &plan->arena, NULL);
	vars_set_level(&vars, VARS_ROLE_DEFAULTS, plan_magic(plan, step));
	vars_set_level(&vars, VARS_PLAY, step->play_vars);
	vars_set_level(&vars, VARS_EXTRA, plan->extra_vars);
	int r = template_render(plan->env, &vars.scope, &plan->arena, v, ret, err);
	vars_release(&vars);
	return r;
}

/* A list of patterns is a union. */
static int pattern_text(struct plan *plan, const struct plan_step *step, struct strbuf *text,
			struct err *err)
{
	const struct value *v;
	int r = render(plan, step, step->hosts_value, &v, err);
	if (r < 0)
		return err_locate(err, r, step->hosts_value->at);
	if (v->type != VALUE_LIST)
		return add_text(v, text, err);
	for (size_t i = 0; i < v->list.len && r == 0; i++)
		r = add_text(v->list.at[i], text, err);
	return r;
}

/* ---- names that match nothing ---- */

struct misses {
	struct plan *plan;
	struct srcloc at;
};

/* A task before may make it; the play looks again when it begins. */
static bool may_come(const struct plan *plan)
{
	for (size_t i = 0; i < plan->nodes.len; i++) {
		const struct module *m = plan->nodes.at[i]->module;
		if (m && m->flags & MODULE_MAKES_HOSTS)
			return true;
	}
	return false;
}

static void tell_miss(void *ctx, struct slice name, const struct err *why)
{
	struct misses *m = ctx;
	if (m->plan->inv->grown == 0 && may_come(m->plan))
		return;
	const char *hint = strstr(why->msg, "; did you mean");
	plan_warn(m->plan, m->at, "Could not match supplied host pattern, ignoring: %.*s%s",
		  SLICE_ARG(name), hint ? hint : "");
}

static int match(struct plan *plan, struct slice text, struct srcloc at, inv_hosts *ret,
		 struct err *err)
{
	struct misses m = {plan, at};
	const struct inv_missing missing = {&m, tell_miss};
	if (slice_trim(text).len == 0)
		return err_at(err, ERR_INVALID, at, "'hosts' is empty");
	return inventory_match_known(plan->inv, &(struct inv_pattern){text, at, &missing}, ret,
				     err);
}

/* ---- --limit and order ---- */

static int keep_limited(struct plan *plan, inv_hosts *hosts, struct err *err)
{
	inv_hosts limit = {0};
	if (!plan->limit)
		return 0;
	int r = err_wrap(err,
			 inventory_match(plan->inv, slice_from(plan->limit), (struct srcloc){0},
					 &limit, err),
			 "--limit");
	/* By the host's index: a search in both lists would be quadratic. */
	bool *wanted = xcalloc(plan->inv->hosts.len + 1, sizeof(*wanted));
	size_t n = 0;
	for (size_t i = 0; i < limit.len; i++)
		wanted[limit.at[i]->index] = true;
	for (size_t i = 0; r == 0 && i < hosts->len; i++)
		if (wanted[hosts->at[i]->index])
			hosts->at[n++] = hosts->at[i];
	if (r == 0)
		hosts->len = n;
	free(wanted);
	vec_release(&limit);
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct inv_host *const *)a)->name, (*(struct inv_host *const *)b)->name);
}

static void reverse(inv_hosts *hosts)
{
	for (size_t i = 0, k = hosts->len; i + 1 < k; i++) {
		struct inv_host *swap = hosts->at[--k];
		hosts->at[k] = hosts->at[i];
		hosts->at[i] = swap;
	}
}

static void shuffle(inv_hosts *hosts)
{
	for (size_t i = hosts->len; i > 1; i--) {
		size_t k = (size_t)arc4random_uniform((uint32_t)i);
		struct inv_host *swap = hosts->at[i - 1];
		hosts->at[i - 1] = hosts->at[k];
		hosts->at[k] = swap;
	}
}

static void put_in_order(inv_hosts *hosts, enum plan_order order)
{
	if (hosts->len > 1 && (order == PLAN_ORDER_SORTED || order == PLAN_ORDER_REVERSE_SORTED))
		qsort(hosts->at, hosts->len, sizeof(hosts->at[0]), by_name);
	if (order == PLAN_ORDER_REVERSE_SORTED || order == PLAN_ORDER_REVERSE_INVENTORY)
		reverse(hosts);
	if (order == PLAN_ORDER_SHUFFLE)
		shuffle(hosts);
}

int plan_step_hosts(struct plan *plan, const struct plan_step *step, inv_hosts *ret,
		    struct err *err)
{
	struct strbuf text CLEANUP(strbuf_release) = {0};
	inv_hosts found = {0};
	int r = pattern_text(plan, step, &text, err);
	if (r == 0)
		r = match(plan, strbuf_slice(&text), step->hosts_value->at, &found, err);
	if (r == 0)
		r = keep_limited(plan, &found, err);
	if (r == 0)
		put_in_order(&found, step->order);
	for (size_t i = 0; r == 0 && i < found.len; i++)
		vec_push(ret, found.at[i]);
	vec_release(&found);
	return r;
}

int hosts_check_limit(const struct plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->steps.len; i++)
		if (plan->steps.at[i]->hosts.len)
			return 0;
	return err_set(err, ERR_NOT_FOUND, "--limit '%s' leaves no host in any step of %s",
		       plan->limit, plan->site_path);
}
