/* What a task comes to on one host: the items of its loop, whether each is
 * wanted, its keywords and its arguments. */
#include "../action/action.h"
#include "../action/parts.h"
#include "../emit.h"
#include "../link/link.h"
#include "../run.h"
#include "../variables/scope.h"
#include "flight.h"

#include <stdlib.h>

#define LOOP_MAX_ITEMS 100000u
#define RETRIES_DEFAULT 3
#define RETRIES_MAX 1000000000u
#define DELAY_DEFAULT_S 5

/* with_x: what the lookup of that name gives for the terms. */
static int eval_with(struct flight *f, struct scope *sc, const struct value *terms,
		     const struct value **ret, struct err *err)
{
	struct arena *a = &f->arena;
	const char *expr = arena_printf(a, "query('%s', *rollout_loop_terms)", f->node->loop.with);
	struct value *bound = value_dict_new(a);
	if (terms->type != VALUE_LIST) {
		struct value *l = value_list_new(a);
		value_list_push(a, l, terms);
		terms = l;
	}
	value_dict_put(a, bound, "rollout_loop_terms", value_copy(a, terms, VALUE_UNSAFE));
	vars_set_level(&sc->vars, VARS_LOOP, bound);
	int r = template_eval(f->strand->step->run->env, &sc->vars.scope, a, slice_from(expr),
			      f->node->loop.items->at, ret, err);
	vars_set_level(&sc->vars, VARS_LOOP, NULL);
	return r;
}

static int eval_loop(struct flight *f, struct scope *sc, const struct value **ret, struct err *err)
{
	const struct value *v;
	int r = template_render(f->strand->step->run->env, &sc->vars.scope, &f->arena,
				f->node->loop.items, &v, err);
	if (r == 0 && v->type == VALUE_UNKNOWN)
		return err_set(err, v->unknown.code, "%s", v->unknown.what);
	if (r == 0 && f->node->loop.with && strcmp(f->node->loop.with, "list") != 0)
		r = eval_with(f, sc, v, &v, err);
	if (r < 0)
		return r;
	if (v->type != VALUE_LIST)
		return err_at(err, ERR_INVALID, f->node->loop.items->at,
			      "a loop needs a list, and this is a %s", value_type_name(v));
	if (v->list.len > LOOP_MAX_ITEMS)
		return err_at(err, ERR_LIMIT, f->node->loop.items->at,
			      "a loop of more than %u items", LOOP_MAX_ITEMS);
	*ret = v;
	return 0;
}

static const struct value *extended_loop(struct arena *a, const struct value *items, size_t i,
					 bool with_allitems)
{
	struct value *d = value_dict_new(a);
	size_t n = items->list.len;
	if (with_allitems)
		value_dict_put(a, d, "allitems", items);
	value_dict_put(a, d, "index", value_int(a, (int64_t)i + 1));
	value_dict_put(a, d, "index0", value_int(a, (int64_t)i));
	value_dict_put(a, d, "revindex", value_int(a, (int64_t)(n - i)));
	value_dict_put(a, d, "revindex0", value_int(a, (int64_t)(n - i - 1)));
	value_dict_put(a, d, "first", value_bool(i == 0));
	value_dict_put(a, d, "last", value_bool(i + 1 == n));
	value_dict_put(a, d, "length", value_int(a, (int64_t)n));
	if (i > 0)
		value_dict_put(a, d, "previtem", items->list.at[i - 1]);
	if (i + 1 < n)
		value_dict_put(a, d, "nextitem", items->list.at[i + 1]);
	return d;
}

static const struct value *loop_vars(struct flight *f, const struct value *items, size_t i)
{
	struct arena *a = &f->arena;
	const struct plan_loop *loop = &f->node->loop;
	struct value *d = value_dict_new(a);
	value_dict_put(a, d, loop->loop_var, value_copy(a, items->list.at[i], VALUE_UNSAFE));
	value_dict_put(a, d, "ansible_loop_var", value_cstr(a, loop->loop_var));
	if (loop->index_var) {
		value_dict_put(a, d, loop->index_var, value_int(a, (int64_t)i));
		value_dict_put(a, d, "ansible_index_var", value_cstr(a, loop->index_var));
	}
	if (loop->extended)
		value_dict_put(a, d, "ansible_loop",
			       extended_loop(a, items, i, !loop->without_allitems));
	return d;
}

static int eval_items(struct flight *f, struct scope *sc, struct err *err)
{
	const struct value *items = NULL;
	bool holds;
	if (!f->node->loop.items) {
		f->items = ARENA_NEW(&f->arena, struct flight_item);
		f->nitems = 1;
		return 0;
	}
	f->is_loop = true;
	int r = eval_loop(f, sc, &items, err);
	if (r < 0) {
		/* a loop over what is not defined is skipped where `when` says no */
		struct err ignored = {0};
		if (r != ERR_PENDING && f->node->attrs.when.len &&
		    scope_conditions(sc, f->node->attrs.when.at, f->node->attrs.when.len, &holds,
				     NULL, &ignored) == 0 &&
		    !holds) {
			f->is_loop = false;
			f->items = ARENA_NEW(&f->arena, struct flight_item);
			f->nitems = 1;
			return 0;
		}
		return r;
	}
	f->nitems = items->list.len;
	f->items = ARENA_ARRAY(&f->arena, struct flight_item, f->nitems + 1);
	for (size_t i = 0; i < f->nitems; i++) {
		f->items[i].item = items->list.at[i];
		f->items[i].loop_vars = loop_vars(f, items, i);
	}
	return 0;
}

static void skip_item(struct flight *f, struct flight_item *it, const struct value *condition)
{
	struct arena *a = &f->arena;
	struct value *d = value_dict_new(a);
	value_dict_put(a, d, "changed", value_bool(false));
	value_dict_put(a, d, "skipped", value_bool(true));
	value_dict_put(a, d, "skip_reason", value_cstr(a, "Conditional result was False"));
	if (condition && condition->type == VALUE_STRING)
		value_dict_put(a, d, "false_condition", value_str(a, condition->str));
	outcome_loop_vars(f, it, d);
	it->skipped = true;
	it->status = REPORT_SKIPPED;
	it->result = d;
}

static int eval_name(struct flight *f, struct scope *sc, struct err *err)
{
	const struct plan_node *n = f->node;
	const char *text = NULL;
	int r = scope_string(sc, n->name, &text, err);
	if (r == ERR_PENDING)
		return r;
	if (r < 0 && n->name->type == VALUE_STRING)
		text = n->name->str.ptr;
	if (!text)
		text = node_module_name(n);
	f->name = text;
	return 0;
}

static int eval_label(struct flight *f, struct scope *sc, struct flight_item *it, struct err *err)
{
	struct strbuf text CLEANUP(strbuf_release) = {0};
	if (!f->is_loop)
		return 0;
	if (f->node->loop.label) {
		int r = scope_string(sc, f->node->loop.label, &it->label, err);
		if (r < 0)
			return r;
	}
	if (!it->label) {
		value_print(&text, it->item);
		it->label = arena_strndup(&f->arena, text.ptr ? text.ptr : "", text.len);
	}
	return 0;
}

int flight_eval_become(struct flight *f, struct scope *sc, struct err *err)
{
	const struct plan_attrs *at = f->node ? &f->node->attrs : &f->strand->step->plan->attrs;
	const struct value *var;
	bool become = false;
	int r = scope_bool(sc, at->become, false, &become, err);
	if (r == 0 && (r = vars_get(&sc->vars, "ansible_become", &var, err)) == 0 && var)
		(void)value_to_bool(var, &become);
	if (r < 0 || !become)
		return r;
	if ((r = scope_string(sc, at->become_user, &f->become_user, err)) < 0 ||
	    (r = vars_get(&sc->vars, "ansible_become_user", &var, err)) < 0)
		return r;
	if (var && var->type == VALUE_STRING)
		f->become_user = var->str.ptr;
	if (!f->become_user || !*f->become_user)
		f->become_user = "root";
	return 0;
}

static int eval_environment(struct flight *f, struct scope *sc, struct err *err)
{
	const struct plan_attrs *at = &f->node->attrs;
	struct value *merged = NULL;
	for (size_t i = 0; i < at->environment.len; i++) {
		const struct value *v;
		int r = template_render(sc->host->run->env, &sc->vars.scope, &f->arena,
					at->environment.at[i], &v, err);
		if (r < 0)
			return r;
		if (v->type != VALUE_DICT) {
			emit_warning(sc->host->run, at->environment.at[i]->at,
				     "'environment' is a mapping of variables; a %s is passed over",
				     value_type_name(v));
			continue;
		}
		if (!merged)
			merged = value_dict_new(&f->arena);
		for (size_t k = 0; k < v->dict.len; k++) {
			struct strbuf text CLEANUP(strbuf_release) = {0};
			value_print(&text, v->dict.at[k].value);
			value_dict_set(&f->arena, merged, v->dict.at[k].key,
				       value_str(&f->arena, strbuf_slice(&text)));
		}
	}
	f->environment = merged;
	return 0;
}

int flight_eval_delegate(struct flight *f, struct scope *sc, struct err *err)
{
	const char *name;
	int r = scope_string(sc, f->node->attrs.delegate_to, &name, err);
	f->target = f->strand->host;
	f->link = f->target->link;
	f->delegated_to = NULL;
	if (r == 0 && name)
		r = synchronize_delegate(f, name, err);
	if (r != 0 || !name || strcmp(name, f->strand->host->inv->name) == 0)
		return r < 0 ? r : 0;
	struct inv_host *inv = inventory_host(f->strand->step->run->plan->inv, slice_from(name));
	if (!inv)
		return err_at(err, ERR_NOT_FOUND, f->node->attrs.delegate_to->at,
			      "delegate_to: no host is named '%s'", name);
	f->target = run_host_get(f->strand->step->run, inv);
	f->link = f->target->link;
	f->delegated_to = inv->name;
	return 0;
}

static int eval_until(struct flight *f, struct scope *sc, struct err *err)
{
	int64_t retries, delay;
	if (f->node->until.len == 0 && !f->node->retries)
		return 0;
	int r = scope_int(sc, f->node->retries, RETRIES_DEFAULT, &retries, err);
	if (r < 0 || (r = scope_int(sc, f->node->delay, DELAY_DEFAULT_S, &delay, err)) < 0)
		return r;
	f->unasked = retries < 1; /* one try, whatever `until` says */
	f->retries = retries < 1 ? 1 : retries < RETRIES_MAX ? (unsigned)retries : RETRIES_MAX;
	f->delay_ms = ms_of_seconds(delay);
	return 0;
}

/* become_user and environment of one item of a loop, where they are templates. */
static int eval_item_keywords(struct flight *f, struct scope *sc, struct flight_item *it,
			      struct err *err)
{
	const struct plan_attrs *at = &f->node->attrs;
	const char *user = f->become_user;
	const struct value *environment = f->environment;
	it->become_user = user;
	it->environment = environment;
	if (!f->is_loop || it == &f->items[0] ||
	    (at->environment.len == 0 && !at->become && !at->become_user))
		return 0;
	f->become_user = NULL;
	int r = flight_eval_become(f, sc, err);
	if (r == 0)
		r = eval_environment(f, sc, err);
	it->become_user = f->become_user;
	it->environment = f->environment;
	f->become_user = user;
	f->environment = environment;
	if (r < 0)
		return r;
	if (!user != !it->become_user || (user && strcmp(user, it->become_user) != 0))
		f->varies = true;
	if (!environment != !it->environment ||
	    (environment && !value_equal(environment, it->environment)))
		f->varies = true;
	return 0;
}

static int eval_keywords(struct flight *f, struct scope *sc, struct err *err)
{
	const struct plan_attrs *at = &f->node->attrs;
	const struct run_options *o = f->strand->step->run->opts;
	int64_t timeout;
	int r;
	if ((r = scope_bool(sc, at->no_log, false, &f->no_log, err)) < 0 ||
	    (r = scope_bool(sc, at->ignore_errors, false, &f->ignore_errors, err)) < 0 ||
	    (r = scope_bool(sc, at->check_mode, o->check_mode, &f->check_mode, err)) < 0 ||
	    (r = scope_bool(sc, at->diff, o->diff_mode, &f->diff_mode, err)) < 0 ||
	    (r = scope_int(sc, at->timeout, 0, &timeout, err)) < 0 ||
	    (r = scope_milliseconds(sc, f->node->loop.pause, &f->pause_ms, err)) < 0 ||
	    (r = flight_eval_become(f, sc, err)) < 0 || (r = eval_environment(f, sc, err)) < 0 ||
	    (r = eval_until(f, sc, err)) < 0 || (r = flight_eval_delegate(f, sc, err)) < 0 ||
	    (r = flight_eval_link(f, sc, err)) < 0)
		return r;
	f->timeout_ms = timeout > 0 ? ms_of_seconds(timeout) : 0;
	return 0;
}

/* In a loop it is the item that fails, not the task before it begins. */
static int prepare(struct flight *f, struct scope *sc, struct flight_item *it, struct err *err)
{
	char text[1400];
	int r = prepare_item(f, sc, it, err);
	if (r >= 0 || r == ERR_PENDING || r == ERR_UNKNOWN || !f->is_loop)
		return r;
	it->failure = arena_strdup(&f->arena, err_format(err, text, sizeof(text)));
	return 0;
}

/* 1: the item waits for a fetch. */
static int eval_item(struct flight *f, size_t i, struct err *err)
{
	struct flight_item *it = &f->items[i];
	const struct value *condition = NULL;
	struct scope sc;
	bool holds = true;
	scope_init(&sc, &f->arena, f->strand->host, f->strand, f->node, it->loop_vars);
	int r = scope_conditions(&sc, f->node->attrs.when.at, f->node->attrs.when.len, &holds,
				 &condition, err);
	if (r == 0 && i == 0)
		r = eval_name(f, &sc, err);
	if (r < 0 && r != ERR_PENDING && !f->name) {
		struct err ignored = {0};
		(void)eval_name(f, &sc, &ignored);
	}
	if (r == 0 && !holds) {
		struct err ignored = {0};
		(void)eval_label(f, &sc, it, &ignored);
		skip_item(f, it, condition);
	}
	if (r == 0 && holds && !f->keywords_known) {
		r = eval_keywords(f, &sc, err);
		f->keywords_known = true;
	}
	if (r == 0 && holds)
		r = eval_item_keywords(f, &sc, it, err);
	if (r == 0 && holds && (r = eval_label(f, &sc, it, err)) == 0 &&
	    (r = flight_eval_args(f, &sc, it, err)) == 0 && f->node->module->flags & MODULE_PREPARE)
		r = prepare(f, &sc, it, err);
	if (r >= 0 && holds && f->node->async_s) {
		int bad = flight_eval_async(f, &sc, it, err);
		r = bad < 0 ? bad : r;
	}
	scope_release(&sc);
	return r;
}

/* First of all: what fails before the keywords are evaluated must not be shown
 * either. Where it cannot be told yet, nothing is. */
static void eval_no_log(struct flight *f, struct scope *sc)
{
	struct err ignored = {0};
	if (f->node->attrs.no_log &&
	    scope_bool(sc, f->node->attrs.no_log, false, &f->no_log, &ignored) < 0)
		f->no_log = true;
	(void)scope_bool(sc, f->node->attrs.ignore_errors, false, &f->ignore_errors, &ignored);
}

/* Ansible does the items before one that cannot be evaluated, and then fails the
 * task as a whole. */
static bool breaks_loop(const struct flight *f, size_t i, int r)
{
	return f->is_loop && i > 0 && r != ERR_PENDING && r != ERR_UNKNOWN &&
	       !action_steers(f->node->module);
}

bool flight_evaluates_late(const struct flight *f)
{
	return f->is_loop && f->node->module->kind == MODULE_KIND_SET_FACT &&
	       !f->node->attrs.delegate_facts;
}

int flight_evaluate_item(struct flight *f, size_t i, struct err *err)
{
	return eval_item(f, i, err);
}

/* Evaluates everything; 1: a fetch is on its way. */
int flight_evaluate(struct flight *f, struct err *err)
{
	struct scope sc;
	int waits = 0;
	scope_init(&sc, &f->arena, f->strand->host, f->strand, f->node, NULL);
	eval_no_log(f, &sc);
	int r = eval_items(f, &sc, err);
	if (r < 0 && r != ERR_PENDING) {
		struct err ignored = {0};
		(void)eval_name(f, &sc, &ignored);
	}
	if (r == 0 && f->nitems == 0)
		r = eval_name(f, &sc, err);
	scope_release(&sc);
	size_t now = flight_evaluates_late(f) && f->nitems ? 1 : f->nitems;
	for (size_t i = 0; r >= 0 && i < now; i++) {
		r = eval_item(f, i, err);
		waits += r == 1;
		if (r < 0 && breaks_loop(f, i, r)) {
			f->broken = arena_copy(&f->arena, err, sizeof(*err));
			f->nitems = now = i;
			r = 0;
		}
	}
	return r < 0 ? r : waits > 0;
}
