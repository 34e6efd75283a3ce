/* Modules that the controller carries out itself. */
#include "action.h"
#include "../flight/flight.h"
#include "../link/link.h"
#include "../strand/step.h"
#include "../strand/strand.h"
#include "../variables/scope.h"
#include "rollout/pki/modules.h"
#include "rollout/plan/meta.h"

#include <stdlib.h>
#include <strings.h>

static int render(struct action_call *c, const struct value *v, const struct value **ret,
		  struct err *err)
{
	return template_render(c->f->strand->step->run->env, &c->scope->vars.scope, c->a, v, ret,
			       err);
}

/* What a message says; what was left out or became `omit` says the other one. */
static int render_message(struct action_call *c, const struct value *msg, const char *without,
			  const struct value **ret, struct err *err)
{
	int r = msg ? render(c, msg, ret, err) : 0;
	if (r == 0 && (!msg || template_is_omit(*ret)))
		*ret = value_cstr(c->a, without);
	return r;
}

/* ---- debug ---- */

static int run_debug(struct action_call *c, struct err *err)
{
	const struct value *var = action_arg(c, "var"), *msg = action_arg(c, "msg"),
			   *verbosity = action_arg(c, "verbosity"), *v;
	int64_t level;
	int r = scope_int(c->scope, verbosity, 0, &level, err);
	if (r < 0)
		return r;
	if (level > (int64_t)c->f->strand->step->run->opts->verbosity) {
		action_put(c, "skipped", value_bool(true));
		return 0;
	}
	if (!var) {
		if ((r = render_message(c, msg, "Hello world!", &v, err)) == 0)
			action_put(c, "msg", v);
		return r;
	}
	if (var->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, var->at, "debug's 'var' is an expression, not a %s",
			      value_type_name(var));
	if (template_has_markup(var->str))
		r = render(c, var, &v, err);
	else
		r = template_eval(c->f->strand->step->run->env, &c->scope->vars.scope, c->a,
				  var->str, var->at, &v, err);
	if (r == ERR_UNDEFINED) {
		v = value_cstr(c->a, "VARIABLE IS NOT DEFINED!");
		r = 0;
	}
	if (r == 0)
		action_put(c, var->str.ptr, v);
	return r;
}

/* ---- assert, fail ---- */

static int run_assert(struct action_call *c, struct err *err)
{
	const struct value *that = action_arg(c, "that"), *fail_msg = action_arg(c, "fail_msg"),
			   *msg, *failed = NULL;
	bool holds = true;
	int r = 0;
	if (!fail_msg)
		fail_msg = action_arg(c, "msg");
	if (that->type == VALUE_LIST)
		r = scope_conditions(c->scope, that->list.at, that->list.len, &holds, &failed, err);
	else
		r = scope_conditions(c->scope, &that, 1, &holds, &failed, err);
	if (r < 0)
		return r;
	if (holds) {
		r = render_message(c, action_arg(c, "success_msg"), "All assertions passed", &msg,
				   err);
		if (r == 0)
			action_put(c, "msg", msg);
		return r;
	}
	action_put(c, "failed", value_bool(true));
	action_put(c, "evaluated_to", value_bool(false));
	action_put(c, "assertion", failed);
	if ((r = render_message(c, fail_msg, "Assertion failed", &msg, err)) == 0)
		action_put(c, "msg", msg);
	return r;
}

static int run_fail(struct action_call *c, struct err *err)
{
	const struct value *msg = action_arg(c, "msg");
	(void)err;
	action_put(c, "failed", value_bool(true));
	action_put(c, "msg", msg ? msg : value_cstr(c->a, "Failed as requested from task"));
	return 0;
}

static int run_foreign(struct action_call *c, struct err *err)
{
	return err_at(err, ERR_UNSUPPORTED, c->f->node->at, "rollout has no module '%s'",
		      c->f->node->written_name);
}

/* What a template names could not be found out: says why. */
static int run_chosen(struct action_call *c, struct err *err)
{
	const struct plan_node *chosen;
	int r = flight_choose_module(c->f->strand, c->f->node, &chosen, err);
	return r < 0 ? err_locate(err, r, c->f->node->at)
		     : err_at(err, ERR_INVALID, c->f->node->at, "the module was not known in time");
}

/* ---- variables ---- */

/* As Ansible's set_fact: these words are booleans, whatever they came from. */
static const struct value *fact_value(struct action_call *c, const struct value *v)
{
	static const char *const words[] = {"true", "yes", "false", "no"};
	for (size_t i = 0; v->type == VALUE_STRING && i < ARRAY_LEN(words); i++)
		if (v->str.len == strlen(words[i]) &&
		    strncasecmp(v->str.ptr, words[i], v->str.len) == 0) {
			struct value *b = arena_copy(c->a, value_bool(i < 2), sizeof(*b));
			b->at = v->at;
			b->flags = v->flags;
			return b;
		}
	return v;
}

static int run_set_fact(struct action_call *c, struct err *err)
{
	struct value *facts = value_dict_new(c->a);
	for (size_t i = 0; i < c->it->args->dict.len; i++) {
		const struct value *key = c->it->args->dict.at[i].key;
		if (value_is_str(key, "cacheable"))
			continue;
		if (key->type != VALUE_STRING)
			return err_at(err, ERR_INVALID, key->at,
				      "the name of a fact must be a word");
		value_dict_set(c->a, facts, key, fact_value(c, c->it->args->dict.at[i].value));
	}
	action_put(c, "ansible_facts", facts);
	action_put(c, "_level", value_cstr(c->a, "set_fact"));
	const struct value *cacheable = action_arg(c, "cacheable");
	if (cacheable && value_truthy(cacheable))
		action_put(c, "_cacheable", value_bool(true));
	return 0;
}

/* ---- modules with the shape of the agent's ---- */

static int run_pki(struct action_call *c, struct err *err)
{
	struct module_call call = {.module = c->f->node->module,
				   .host = c->f->strand->step->run->controller,
				   .arena = c->a};
	pki_run_fn *fn = pki_run_find(c->f->node->module->name);
	call.args = c->it->args;
	call.check_mode = c->f->check_mode;
	call.diff_mode = c->f->diff_mode && !c->f->no_log;
	call.no_log = c->f->no_log;
	call.result = c->result;
	return fn(&call, err);
}

static const struct {
	const char *name;
	action_fn *fn;
} actions[] = {{"debug", run_debug},
	       {"assert", run_assert},
	       {"fail", run_fail},
	       {"action", run_chosen},
	       {"foreign_module", run_foreign},
	       {"set_fact", run_set_fact},
	       {"pause", action_pause},
	       {"include_vars", action_include_vars},
	       {"add_host", action_add_host},
	       {"group_by", action_group_by},
	       {"set_stats", action_set_stats},
	       {"validate_argument_spec", action_validate_argument_spec}};

static action_fn *find(const struct module *m)
{
	for (size_t i = 0; i < ARRAY_LEN(actions); i++)
		if (strcmp(m->name, actions[i].name) == 0)
			return actions[i].fn;
	return pki_run_find(m->name) ? run_pki : NULL;
}

bool action_exists(const struct module *m)
{
	return find(m) != NULL;
}

int action_run(struct flight *f, struct scope *sc, struct flight_item *it, struct err *err)
{
	struct action_call c = {
		.f = f, .scope = sc, .it = it, .a = &f->arena, .result = value_dict_new(&f->arena)};
	int r = find(f->node->module)(&c, err);
	if (r >= 0)
		it->result = c.result;
	return r;
}

/* ---- what steers the strand ---- */

bool action_steers(const struct module *m)
{
	return m->flags & MODULE_STEERS;
}

static void clear_facts(struct run_step *step)
{
	for (size_t i = 0; i < step->hosts.len; i++) {
		step->hosts.at[i]->facts = value_dict_new(&step->hosts.at[i]->arena);
		step->hosts.at[i]->all_facts = false;
	}
}

/* They take part again, from the next play on. */
static void clear_host_errors(struct run_step *step)
{
	for (size_t i = 0; i < step->hosts.len; i++)
		step->hosts.at[i]->failed = step->hosts.at[i]->unreachable = false;
}

/* As with Ansible, a failure counts as rescued when its `rescue` is over, not before. */
static void end_host(struct strand *s)
{
	for (size_t i = 0; i < s->stack.len; i++)
		s->host->failed |= s->stack.at[i].section == FRAME_RESCUE;
	strand_leave_step(s);
}

static int steer_meta(struct flight *f, struct err *err)
{
	const struct value *args = f->items[0].args, *what = value_get(args, "_raw_params");
	const struct plan_meta *meta = plan_meta_of(f->node->module, args);
	struct strand *s = f->strand;
	struct slice name = what && what->type == VALUE_STRING ? what->str : SLICE_LIT("");
	if (!meta)
		return err_at(err, ERR_UNSUPPORTED, f->node->at,
			      "meta: '%.*s' is not supported by rollout",
			      SLICE_ARG(slice_trim(name)));
	switch (meta->action) {
	case PLAN_META_NOOP:
		break;
	case PLAN_META_FLUSH_HANDLERS:
		vec_push(&s->stack, ((struct frame){.section = FRAME_HANDLERS}));
		break;
	case PLAN_META_END_BATCH:
	case PLAN_META_END_PLAY:
		step_end_all(s->step, meta->action == PLAN_META_END_PLAY);
		break;
	case PLAN_META_END_HOST:
		end_host(s);
		break;
	case PLAN_META_CLEAR_FACTS:
		clear_facts(s->step);
		break;
	case PLAN_META_CLEAR_HOST_ERRORS:
		clear_host_errors(s->step);
		break;
	case PLAN_META_RESET_CONNECTION:
		link_renew(f->link);
		break;
	}
	return 0;
}

static int included_block(struct flight *f, const struct value *args, struct plan_block **ret,
			  struct err *err)
{
	struct plan *plan = f->strand->step->run->plan;
	if (f->node->module->kind == MODULE_KIND_INCLUDE_ROLE)
		return plan_include_role(plan, f->node, args, ret, err);
	const struct value *file = value_get(args, "_raw_params");
	if (!file)
		file = value_get(args, "file");
	if (!file || file->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, f->node->at, "%s needs a file",
			      f->node->module->name);
	return plan_include_tasks(plan, f->node, file->str, ret, err);
}

static bool is_too_deep(const struct strand *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->stack.len; i++)
		n += !s->stack.at[i].node;
	return n > RUN_INCLUDE_DEPTH_MAX;
}

static int steer_include(struct flight *f, struct err *err)
{
	struct strand *s = f->strand;
	struct arena *a = &s->host->arena;
	struct plan_block **blocks = ARENA_ARRAY(&f->arena, struct plan_block *, f->nitems + 1);
	if (is_too_deep(s))
		return err_at(err, ERR_LIMIT, f->node->at, "includes are nested deeper than %u",
			      RUN_INCLUDE_DEPTH_MAX);
	for (size_t i = 0; i < f->nitems; i++) {
		int r = f->items[i].skipped ? 0
					    : included_block(f, f->items[i].args, &blocks[i], err);
		if (r < 0)
			return r;
	}
	/* the first item's tasks come first: they are pushed last */
	size_t depth = s->stack.len;
	for (size_t i = f->nitems; i-- > 0;) {
		const struct value *loop_vars = f->items[i].loop_vars;
		if (f->items[i].skipped)
			continue;
		strand_push_include(s, depth, blocks[i],
				    f->node->vars ? value_dict_dup(a, f->node->vars) : NULL,
				    loop_vars ? value_copy(a, loop_vars, VALUE_UNSAFE) : NULL);
	}
	return 0;
}

/* What `register` has of one include. */
static struct value *include_result(struct flight *f, const struct flight_item *it)
{
	struct value *d = value_dict_new(&f->arena), *args = value_dict_dup(&f->arena, it->args);
	bool tasks = f->node->module->kind == MODULE_KIND_INCLUDE_TASKS;
	const struct value *file = value_get(it->args, "_raw_params");
	if (!file)
		file = value_get(it->args, "file");
	if (tasks && file)
		value_dict_put(&f->arena, d, "include", file);
	value_dict_remove(args, SLICE_LIT("_raw_params"));
	value_dict_remove(args, SLICE_LIT("apply"));
	if (tasks)
		value_dict_remove(args, SLICE_LIT("file"));
	value_dict_put(&f->arena, d, "include_args", args);
	if (f->is_loop)
		outcome_loop_vars(f, it, d);
	else
		value_dict_put(&f->arena, d, "changed", value_bool(false));
	return d;
}

static void register_include(struct flight *f)
{
	for (size_t i = 0; i < f->nitems; i++)
		if (!f->items[i].skipped)
			f->items[i].result = include_result(f, &f->items[i]);
	outcome_keep(f);
}

int action_steer(struct flight *f, struct err *err)
{
	int r = f->node->module->kind == MODULE_KIND_META ? steer_meta(f, err)
							  : steer_include(f, err);
	if (r < 0)
		return r;
	if (f->node->register_name && f->node->module->kind != MODULE_KIND_META)
		register_include(f);
	for (size_t i = 0; i < f->nitems; i++) {
		struct value *d = value_dict_new(&f->arena);
		value_dict_put(&f->arena, d, "changed", value_bool(false));
		if (f->items[i].skipped)
			continue;
		f->items[i].result = d;
		f->items[i].status = REPORT_OK;
	}
	f->is_loop = false;
	f->result = f->items[0].result;
	f->status = REPORT_OK;
	return 0;
}
