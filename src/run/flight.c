/*
 * One task on one host: evaluated, sent (or done here), answered.
 */
#include "rollout/base/clock.h"
#include "state.h"

#include <stdlib.h>

#define LOOP_MAX_ITEMS 100000u
#define RETRIES_DEFAULT 3
#define DELAY_DEFAULT_S 5

static struct flight *flight_new(struct strand *s, const struct plan_node *node)
{
	struct flight *f = xcalloc(1, sizeof(*f));
	f->strand = s;
	f->node = node;
	f->target = s->host;
	f->started_ms = clock_now_ms();
	for (size_t i = 0; i < s->stack.len; i++)
		vec_push(&f->before, s->stack.at[i]);
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
	if (f->timer_open) {
		if (!uv_is_closing((uv_handle_t *)&f->timer))
			uv_close((uv_handle_t *)&f->timer, on_timer_closed);
		return;
	}
	if (f->pending_fetches > 0) {
		f->zombie = true;
		return;
	}
	free(f->sent_items);
	vec_release(&f->before);
	arena_release(&f->arena);
	free(f);
}

void flight_drop(struct flight *f)
{
	struct run_host *h = f->strand->host;
	if (f->register_marked) {
		if (f->register_before)
			value_dict_put(&h->arena, h->set_vars, f->node->register_name, f->register_before);
		else
			value_dict_remove(h->set_vars, slice_from(f->node->register_name));
	}
	link_abandon(f->target->link, f);
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
	struct value *d = value_dict_new(&f->arena);
	value_dict_put(&f->arena, d, "failed", value_bool(true));
	value_dict_put(&f->arena, d, "changed", value_bool(false));
	value_dict_put(&f->arena, d, "msg", value_cstr(&f->arena, err_format(err, text, sizeof(text))));
	f->result = d;
	f->status = f->ignore_errors ? REPORT_IGNORED : REPORT_FAILED;
	if (err->code == ERR_UNKNOWN) {
		value_dict_put(&f->arena, d, "failed", value_bool(false));
		f->status = REPORT_UNKNOWN;
	}
	if (f->node && f->node->register_name)
		outcome_register(f->strand->host, f->node->register_name,
				 f->status == REPORT_UNKNOWN
					 ? value_unknown(&f->strand->host->arena, ERR_UNKNOWN, arena_strdup(&f->strand->host->arena, err->msg))
					 : d);
	for (size_t i = 0; f->status == REPORT_UNKNOWN && f->node && i < f->node->notify.len; i++)
		if (f->node->notify.at[i]->type == VALUE_STRING && !template_has_markup(f->node->notify.at[i]->str))
			strand_notify(f->strand, f->node->notify.at[i]->str, NOTIFIED_MAYBE);
	f->finished = true;
}

/* ---- evaluation ---- */

/* with_x: what the lookup of that name gives for the terms. */
static int eval_with(struct flight *f, struct scope *sc, const struct value *terms, const struct value **ret, struct err *err)
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
	int r = template_eval(f->strand->step->run->env, &sc->vars.scope, a, slice_from(expr), f->node->loop.items->at, ret, err);
	vars_set_level(&sc->vars, VARS_LOOP, NULL);
	return r;
}

static int eval_loop(struct flight *f, struct scope *sc, const struct value **ret, struct err *err)
{
	const struct value *v;
	int r = template_render(f->strand->step->run->env, &sc->vars.scope, &f->arena, f->node->loop.items, &v, err);
	if (r == 0 && v->type == VALUE_UNKNOWN)
		return err_set(err, v->unknown.code, "%s", v->unknown.what);
	if (r == 0 && f->node->loop.with && strcmp(f->node->loop.with, "list") != 0)
		r = eval_with(f, sc, v, &v, err);
	if (r < 0)
		return r;
	if (v->type != VALUE_LIST)
		return err_at(err, ERR_INVALID, f->node->loop.items->at, "a loop needs a list, and this is a %s", value_type_name(v));
	if (v->list.len > LOOP_MAX_ITEMS)
		return err_at(err, ERR_LIMIT, f->node->loop.items->at, "a loop of more than %u items", LOOP_MAX_ITEMS);
	*ret = v;
	return 0;
}

static const struct value *extended_loop(struct arena *a, const struct value *items, size_t i)
{
	struct value *d = value_dict_new(a);
	size_t n = items->list.len;
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
		value_dict_put(a, d, "ansible_loop", extended_loop(a, items, i));
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
		    scope_conditions(sc, f->node->attrs.when.at, f->node->attrs.when.len, &holds, NULL, &ignored) == 0 && !holds) {
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
		text = n->module->name;
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

static int eval_become(struct flight *f, struct scope *sc, struct err *err)
{
	const struct plan_attrs *at = &f->node->attrs;
	const struct value *var;
	bool become = false;
	int r = scope_bool(sc, at->become, false, &become, err);
	if (r == 0 && (r = vars_get(&sc->vars, "ansible_become", &var, err)) == 0 && var)
		(void)value_to_bool(var, &become);
	if (r < 0 || !become)
		return r;
	if ((r = scope_string(sc, at->become_user, &f->become_user, err)) < 0)
		return r;
	if (vars_get(&sc->vars, "ansible_become_user", &var, err) == 0 && var && var->type == VALUE_STRING)
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
		int r = template_render(sc->host->run->env, &sc->vars.scope, &f->arena, at->environment.at[i], &v, err);
		if (r < 0)
			return r;
		if (v->type != VALUE_DICT)
			return err_at(err, ERR_INVALID, at->environment.at[i]->at, "'environment' must be a mapping, and is a %s",
				      value_type_name(v));
		if (!merged)
			merged = value_dict_new(&f->arena);
		for (size_t k = 0; k < v->dict.len; k++) {
			struct strbuf text CLEANUP(strbuf_release) = {0};
			value_print(&text, v->dict.at[k].value);
			value_dict_set(&f->arena, merged, v->dict.at[k].key, value_str(&f->arena, strbuf_slice(&text)));
		}
	}
	f->environment = merged;
	return 0;
}

static int eval_delegate(struct flight *f, struct scope *sc, struct err *err)
{
	const char *name;
	int r = scope_string(sc, f->node->attrs.delegate_to, &name, err);
	f->target = f->strand->host;
	f->delegated_to = NULL;
	if (r < 0 || !name || strcmp(name, f->strand->host->inv->name) == 0)
		return r;
	struct inv_host *inv = inventory_host(f->strand->step->run->plan->inv, slice_from(name));
	if (!inv)
		return err_at(err, ERR_NOT_FOUND, f->node->attrs.delegate_to->at, "delegate_to: no host is named '%s'", name);
	f->target = run_host_get(f->strand->step->run, inv);
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
	f->retries = retries > 0 ? (unsigned)retries : 1;
	f->delay_ms = delay > 0 ? delay * 1000 : 0;
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
	    (r = scope_int(sc, at->timeout, 0, &timeout, err)) < 0 || (r = eval_become(f, sc, err)) < 0 ||
	    (r = eval_environment(f, sc, err)) < 0 || (r = eval_until(f, sc, err)) < 0 || (r = eval_delegate(f, sc, err)) < 0)
		return r;
	f->timeout_ms = timeout * 1000;
	return 0;
}

/* Drops what became `omit`, at any depth. */
static const struct value *without_omit(struct arena *a, const struct value *v)
{
	if (v->type != VALUE_DICT && v->type != VALUE_LIST)
		return v;
	struct value *out = v->type == VALUE_DICT ? value_dict_new(a) : value_list_new(a);
	out->at = v->at;
	out->flags = v->flags;
	for (size_t i = 0; v->type == VALUE_DICT && i < v->dict.len; i++)
		if (!template_is_omit(v->dict.at[i].value))
			value_dict_set(a, out, v->dict.at[i].key, without_omit(a, v->dict.at[i].value));
	for (size_t i = 0; v->type == VALUE_LIST && i < v->list.len; i++)
		if (!template_is_omit(v->list.at[i]))
			value_list_push(a, out, without_omit(a, v->list.at[i]));
	return out;
}

static bool has_unknown(const struct value *v, const struct value **ret)
{
	if (v->type == VALUE_UNKNOWN) {
		*ret = v;
		return true;
	}
	for (size_t i = 0; v->type == VALUE_LIST && i < v->list.len; i++)
		if (has_unknown(v->list.at[i], ret))
			return true;
	for (size_t i = 0; v->type == VALUE_DICT && i < v->dict.len; i++)
		if (has_unknown(v->dict.at[i].value, ret))
			return true;
	return false;
}

/* debug's var and assert's that stay expressions: the action evaluates them. */
static bool keeps_expressions(const struct plan_node *n)
{
	return strcmp(n->module->name, "debug") == 0 || strcmp(n->module->name, "assert") == 0;
}

static int eval_args(struct flight *f, struct scope *sc, struct flight_item *it, struct err *err)
{
	struct run *run = f->strand->step->run;
	const struct value *args = f->node->args, *unknown;
	int r;
	if (keeps_expressions(f->node)) {
		it->args = args;
		return 0;
	}
	if ((r = template_render(run->env, &sc->vars.scope, &f->arena, args, &args, err)) < 0)
		return err_locate(err, r, f->node->at);
	if (has_unknown(args, &unknown))
		return err_set(err, unknown->unknown.code, "%s", unknown->unknown.what);
	args = without_omit(&f->arena, args);
	if (f->node->module->flags & MODULE_ANY_ARGS) {
		it->args = args;
		return 0;
	}
	if ((r = module_coerce_args(f->node->module, &f->arena, args, &it->args, err)) < 0)
		return err_locate(err, r, f->node->at);
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
	int r = scope_conditions(&sc, f->node->attrs.when.at, f->node->attrs.when.len, &holds, &condition, err);
	if (r == 0 && i == 0)
		r = eval_name(f, &sc, err);
	if (r == 0 && !holds) {
		struct err ignored = {0};
		(void)eval_label(f, &sc, it, &ignored);
		skip_item(f, it, condition);
	}
	if (r == 0 && holds && !f->keywords_known) {
		r = eval_keywords(f, &sc, err);
		f->keywords_known = true;
	}
	if (r == 0 && holds && (r = eval_label(f, &sc, it, err)) == 0 && (r = eval_args(f, &sc, it, err)) == 0 &&
	    f->node->module->flags & MODULE_PREPARE)
		r = prepare_item(f, &sc, it, err);
	scope_release(&sc);
	return r;
}

/* ---- sending ---- */

static bool is_once_only(const char *module)
{
	static const char *const names[] = {"command", "shell", "raw", "script"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], module) == 0)
			return true;
	return false;
}

static bool any_secret(const struct value *v)
{
	if (v->flags & VALUE_SECRET)
		return true;
	for (size_t i = 0; v->type == VALUE_LIST && i < v->list.len; i++)
		if (any_secret(v->list.at[i]))
			return true;
	for (size_t i = 0; v->type == VALUE_DICT && i < v->dict.len; i++)
		if (any_secret(v->dict.at[i].value))
			return true;
	return false;
}

static int request_new(struct flight *f, const struct value *items, bool secret, struct request **ret, struct err *err)
{
	struct strand *s = f->strand;
	const char *module = f->node ? f->node->module->name : "setup";
	struct wire_task task = {.module = module, .items = items, .strand = s->id};
	task.stop_on_failure = f->overlaps && f->node && !f->ignore_errors && f->node->failed_when.len == 0;
	task.check_mode = f->check_mode;
	task.no_log = f->no_log;
	task.diff_mode = f->diff_mode && !f->no_log && !secret;
	task.become_user = f->become_user;
	task.environment = f->environment;
	task.timeout_ms = f->timeout_ms;
	struct strbuf frame = {0};
	if (wire_put_value(&frame, WIRE_TASK, 0, wire_task_to_value(&f->arena, &task)) < 0) {
		strbuf_release(&frame);
		return err_set(err, ERR_LIMIT, "the task's arguments are larger than %u MiB", WIRE_FRAME_MAX >> 20);
	}
	struct request *req = xcalloc(1, sizeof(*req));
	req->frame = frame;
	req->module = module;
	req->task = f->name ? f->name : "Gathering Facts";
	req->strand_id = s->id;
	req->resumes = s->needs_resume && f->target == s->host;
	req->resendable = !is_once_only(module);
	req->flight = f;
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
		f->sent_items[f->nsent++] = i;
		secret |= any_secret(f->items[i].args);
		value_list_push(&f->arena, list, f->items[i].args);
		if (f->one_by_one)
			break;
	}
	int r;
	if (f->one_by_one && f->is_loop && f->node->attrs.delegate_to) {
		struct scope sc;
		scope_init(&sc, &f->arena, f->strand->host, f->strand, f->node, f->items[f->current].loop_vars);
		r = eval_delegate(f, &sc, err);
		scope_release(&sc);
		if (r < 0)
			return r;
	}
	emit_task_started(f);
	if ((r = request_new(f, list, secret, &f->request, err)) < 0)
		return r;
	link_submit(f->target->link, f->request);
	return 0;
}

/* May the strand go on before the answer is there? */
static bool may_overlap(const struct flight *f)
{
	const struct plan_node *n = f->node;
	if (f->one_by_one || f->local || f->target != f->strand->host || n->attrs.throttle || n->barrier || f->pending_fetches)
		return false;
	if (f->strand->flights.len >= RUN_INFLIGHT_TASKS_MAX)
		return false;
	return n->failed_when.len == 0 || (n->failed_when.len == 1 && n->failed_when.at[0]->type == VALUE_BOOL &&
					   !n->failed_when.at[0]->boolean);
}

static void mark_register_pending(struct flight *f)
{
	struct run_host *h = f->strand->host;
	if (!f->node->register_name)
		return;
	f->register_before = value_get(h->set_vars, f->node->register_name);
	f->register_marked = true;
	value_dict_put(&h->arena, h->set_vars, f->node->register_name,
		       value_unknown(&h->arena, ERR_PENDING, "a result that is still in flight"));
}

static void run_local_items(struct flight *f)
{
	struct err err = {0};
	for (; f->current < f->nitems; f->current++) {
		struct flight_item *it = &f->items[f->current];
		struct scope sc;
		if (it->result)
			continue;
		scope_init(&sc, &f->arena, f->strand->host, f->strand, f->node, it->loop_vars);
		int r = action_run(f, &sc, it, &err);
		scope_release(&sc);
		if (r == 1)
			return; /* its timer goes on */
		if (r == ERR_UNKNOWN) {
			it->unknown = true;
			it->result = value_dict_new(&f->arena);
			value_dict_put(&f->arena, it->result, "msg", value_cstr(&f->arena, err.msg));
		} else if (r < 0) {
			char text[1400];
			it->result = value_dict_new(&f->arena);
			value_dict_put(&f->arena, it->result, "failed", value_bool(true));
			value_dict_put(&f->arena, it->result, "msg", value_cstr(&f->arena, err_format(&err, text, sizeof(text))));
		}
		struct value *result = it->result;
		it->result = NULL;
		if (outcome_wants_retry(f, it, result))
			return;
		outcome_item(f, it, result);
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

static bool nothing_to_send(const struct flight *f)
{
	for (size_t i = 0; i < f->nitems; i++)
		if (!f->items[i].result)
			return false;
	return true;
}

static void announce_skipped(struct flight *f)
{
	for (size_t i = 0; f->is_loop && i < f->nitems; i++)
		if (f->items[i].skipped)
			emit_item(f, &f->items[i]);
}

/* Evaluates everything; 1: a fetch is on its way. */
static int evaluate(struct flight *f, struct err *err)
{
	struct scope sc;
	int waits = 0;
	scope_init(&sc, &f->arena, f->strand->host, f->strand, f->node, NULL);
	int r = eval_items(f, &sc, err);
	if (r < 0 && r != ERR_PENDING) {
		struct err ignored = {0};
		(void)eval_name(f, &sc, &ignored);
	}
	if (r == 0 && f->nitems == 0)
		r = eval_name(f, &sc, err);
	scope_release(&sc);
	for (size_t i = 0; r >= 0 && i < f->nitems; i++) {
		r = eval_item(f, i, err);
		waits += r == 1;
	}
	return r < 0 ? r : waits > 0;
}

static bool has_delegate_per_item(const struct flight *f)
{
	return f->is_loop && f->node->attrs.delegate_to && f->node->attrs.delegate_to->type == VALUE_STRING &&
	       template_has_markup(f->node->attrs.delegate_to->str);
}

/* In check mode a handler that may have been notified may run. */
static bool is_maybe_handler(struct strand *s, const struct plan_node *node)
{
	struct frame *top = &s->stack.at[s->stack.len - 1];
	return node->is_handler && top->section == FRAME_HANDLERS && s->notified[top->index] == NOTIFIED_MAYBE;
}

static void take_notification(struct strand *s)
{
	struct frame *top = &s->stack.at[s->stack.len - 1];
	if (top->section == FRAME_HANDLERS)
		s->notified[top->index] = NOTIFIED_NO;
}

enum launch flight_launch(struct strand *s, const struct plan_node *node)
{
	struct err err = {0};
	bool steers = action_steers(node->module), local = action_exists(node->module);
	if (s->flights.len && (steers || local || !s->flights.at[s->flights.len - 1]->overlaps))
		return LAUNCH_BLOCKED;
	struct flight *f = flight_new(s, node);
	f->local = local;
	int r = evaluate(f, &err);
	if (r == ERR_PENDING) {
		flight_free(f);
		return LAUNCH_BLOCKED;
	}
	if (is_maybe_handler(s, node))
		r = err_set(&err, ERR_UNKNOWN, "whether it is notified is known after the run");
	take_notification(s);
	strand_next(s);
	vec_push(&s->flights, f);
	f->one_by_one = f->retries > 0 || has_delegate_per_item(f) || f->node->loop.pause;
	if (r < 0) {
		flight_fail(f, &err);
		return LAUNCH_FINISHED;
	}
	announce_skipped(f);
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

/* ---- facts: only those that the step's tasks use, once a host ---- */

static const struct value *missing_facts(struct flight *f, struct run_host *h)
{
	const struct plan_step *step = f->strand->step->plan;
	struct value *names = value_list_new(&f->arena);
	for (size_t i = 0; i < step->fact_names.len; i++) {
		char *full = arena_printf(&f->arena, "ansible_%.*s", SLICE_ARG(step->fact_names.at[i]));
		if (!value_get(h->facts, full))
			value_list_push(&f->arena, names, value_str(&f->arena, step->fact_names.at[i]));
	}
	return names;
}

enum launch flight_gather_facts(struct strand *s)
{
	struct run_host *h = s->host;
	struct err err = {0};
	bool all = s->step->plan->all_facts && !h->all_facts;
	if (s->facts_asked)
		return LAUNCH_FINISHED;
	s->facts_asked = true;
	if (!s->step->plan->gather_facts || (s->step->plan->fact_names.len == 0 && !all))
		return LAUNCH_FINISHED;
	struct flight *f = flight_new(s, NULL);
	const struct value *names = missing_facts(f, h);
	if (names->list.len == 0 && !all) {
		flight_free(f);
		return LAUNCH_FINISHED;
	}
	f->items = ARENA_NEW(&f->arena, struct flight_item);
	f->nitems = 1;
	struct value *args = value_dict_new(&f->arena);
	if (!all)
		value_dict_put(&f->arena, args, "_only", names);
	h->all_facts |= all;
	f->items[0].args = args;
	f->become_user = h->wants_root ? "root" : NULL;
	for (size_t i = 0; i < names->list.len; i++)
		value_dict_put(&h->arena, h->facts, arena_printf(&h->arena, "ansible_%s", names->list.at[i]->str.ptr),
			       value_unknown(&h->arena, ERR_PENDING, "a fact that is being gathered"));
	f->overlaps = !all;
	vec_push(&s->flights, f);
	(void)flight_send(f, &err);
	return LAUNCH_STARTED;
}

static void facts_arrived(struct flight *f, const struct value *result)
{
	struct run_host *h = f->strand->host;
	const struct value *failed = value_get(result, "failed");
	outcome_facts(h, result);
	for (size_t i = 0; i < h->facts->dict.len;) {
		if (h->facts->dict.at[i].value->type == VALUE_UNKNOWN)
			value_dict_remove(h->facts, h->facts->dict.at[i].key->str);
		else
			i++;
	}
	f->result = value_copy(&f->arena, result, VALUE_UNSAFE);
	f->status = failed && value_truthy(failed) ? REPORT_FAILED : REPORT_OK;
	flight_finish(f);
}

/* ---- answers ---- */

/* The next item of those that go one by one; false when there is none. */
static bool send_next(struct flight *f)
{
	struct err err = {0};
	for (f->current++; f->current < f->nitems; f->current++) {
		if (f->items[f->current].result)
			continue;
		f->attempt = 0;
		if (flight_send(f, &err) < 0) {
			flight_fail(f, &err);
			flight_finish(f);
		}
		return true;
	}
	return false;
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
	struct value *own = value_copy(&f->arena, result, VALUE_UNSAFE);
	if (outcome_wants_retry(f, it, own))
		return;
	outcome_item(f, it, own);
	if (!last || (f->one_by_one && send_next(f)))
		return;
	outcome_task(f);
	flight_finish(f);
}

void flight_on_output(struct flight *f, size_t sent_index, int stream, struct slice text)
{
	struct report_event e = {.kind = REPORT_OUTPUT, .step = f->strand->step->plan->name, .host = f->strand->host->inv->name};
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
	struct value *d = value_dict_new(&f->arena);
	value_dict_put(&f->arena, d, "unreachable", value_bool(true));
	value_dict_put(&f->arena, d, "changed", value_bool(false));
	value_dict_put(&f->arena, d, "msg", value_cstr(&f->arena, why->msg));
	f->result = d;
	f->status = f->target == f->strand->host ? REPORT_UNREACHABLE : REPORT_FAILED;
	flight_finish(f);
}
