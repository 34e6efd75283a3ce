/* One play: its keywords, and on which hosts. Source: Ansible, "Playbook Keywords". */
#include "../internal.h"
#include "rollout/base/nearest.h"

/* Those that are not keywords of tasks too. */
static const char *const play_keys[] = {"hosts",
					"name",
					"vars",
					"vars_files",
					"vars_prompt",
					"gather_facts",
					"gather_subset",
					"gather_timeout",
					"fact_path",
					"pre_tasks",
					"roles",
					"tasks",
					"post_tasks",
					"handlers",
					"strategy",
					"order",
					"serial",
					"force_handlers",
					"max_fail_percentage",
					"user"};

/* Keywords of tasks that a play does not have. */
static const char *const not_of_plays[] = {"when", "delegate_to", "delegate_facts"};

static void offer(void *ctx, struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(not_of_plays); i++)
		if (slice_is(name, not_of_plays[i]))
			return;
	nearest_offer(ctx, name);
}

static bool is_one_of(const struct value *key, const char *const *known, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (value_is_str(key, known[i]))
			return true;
	return false;
}

static int unknown_key(const struct value *key, struct err *err)
{
	struct nearest near;
	char hint[160];
	struct slice name = key->type == VALUE_STRING ? key->str : SLICE_LIT("?");
	nearest_init(&near, name);
	for (size_t i = 0; i < ARRAY_LEN(play_keys); i++)
		nearest_offer(&near, slice_from(play_keys[i]));
	attrs_offer_names(offer, &near);
	return err_at(err, ERR_INVALID, key->at, "'%.*s' is not a keyword of a play%s",
		      SLICE_ARG(name), nearest_hint(&near, hint, sizeof(hint)));
}

static int take_keys(struct compiler *c, const struct value *play, struct err *err)
{
	for (size_t i = 0; i < play->dict.len; i++) {
		const struct value *key = play->dict.at[i].key, *v = play->dict.at[i].value;
		int r = ATTR_TAKEN;
		if (value_is_str(key, "user"))
			c->step->attrs.remote_user = v;
		else if (is_one_of(key, not_of_plays, ARRAY_LEN(not_of_plays)))
			r = ATTR_NOT_MINE;
		else if (!is_one_of(key, play_keys, ARRAY_LEN(play_keys)))
			r = attrs_take(c, &c->step->attrs, key, v, err);
		if (r == ATTR_NOT_MINE)
			r = unknown_key(key, err);
		if (r < 0 && (r = plan_go_without(c->plan, c->step, r, err)) < 0)
			return r;
	}
	return 0;
}

/* ---- variables ---- */

static int take_vars(struct compiler *c, const struct play_outer *outer, const struct value *play,
		     struct err *err)
{
	struct arena *a = &c->plan->arena;
	const struct value *own = value_get(play, "vars"), *files = value_get(play, "vars_files"),
			   *prompts = value_get(play, "vars_prompt");
	struct value *vars = value_dict_new(a);
	c->step->play_vars = vars;
	int r = own ? vars_take(c, own, &own, err) : 0;
	if (r < 0)
		return r;
	for (size_t i = 0; own && i < own->dict.len; i++)
		value_dict_set(a, vars, own->dict.at[i].key, own->dict.at[i].value);
	for (size_t i = 0; outer->vars && i < outer->vars->dict.len; i++)
		value_dict_set(a, vars, outer->vars->dict.at[i].key, outer->vars->dict.at[i].value);
	if (prompts)
		r = prompts_ask(c, outer->opts, prompts, vars, err);
	if (r == 0 && files)
		r = vars_files_read(c, files, vars, err);
	return r;
}

/* ---- the keywords that say how it runs ---- */

static int choose(const struct value *v, const char *what, const char *const *names, size_t n,
		  struct err *err)
{
	struct nearest near;
	char hint[160];
	struct slice name = v->type == VALUE_STRING ? v->str : SLICE_LIT("?");
	nearest_init(&near, name);
	if (slice_starts_with(name, "ansible.builtin."))
		name = (struct slice){name.ptr + 16, name.len - 16};
	for (size_t i = 0; i < n; i++) {
		if (slice_is(name, names[i]))
			return (int)i;
		nearest_offer(&near, slice_from(names[i]));
	}
	return err_at(err, ERR_UNSUPPORTED, v->at, "rollout has no %s '%.*s'%s", what,
		      SLICE_ARG(name), nearest_hint(&near, hint, sizeof(hint)));
}

static int take_strategy(struct compiler *c, const struct value *play, struct err *err)
{
	static const char *const strategies[] = {"linear", "free", "host_pinned", "debug"};
	static const char *const orders[] = {"inventory", "reverse_inventory", "sorted",
					     "reverse_sorted", "shuffle"};
	const struct value *strategy = value_get(play, "strategy"),
			   *order = value_get(play, "order");
	int r = 0;
	if (strategy && (r = keys_render(c, strategy, &strategy, err)) == 0)
		r = choose(strategy, "strategy", strategies, ARRAY_LEN(strategies), err);
	if (r < 0)
		return r;
	c->step->free = r == 1 || r == 2; /* they differ in who takes a free fork */
	if (r == 3 && !c->step->attrs.debugger)
		c->step->attrs.debugger = value_cstr(&c->plan->arena, "enabled");
	r = 0;
	if (order && order->type != VALUE_NULL && (r = keys_render(c, order, &order, err)) == 0)
		r = choose(order, "order", orders, ARRAY_LEN(orders), err);
	if (r < 0)
		return r;
	c->step->order = (enum plan_order)r;
	return 0;
}

static int take_bool(struct compiler *c, const struct value *play, const char *key, bool *ret,
		     struct err *err)
{
	const struct value *v = value_get(play, key);
	int r = v ? keys_render(c, v, &v, err) : 0;
	return r < 0 ? r : keys_bool(v, key, ret, err);
}

static int take_gathering(struct compiler *c, const struct value *play, struct err *err)
{
	static const char *const texts[] = {"gather_subset", "gather_timeout", "fact_path"};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const struct value *v = value_get(play, texts[i]);
		if (v && v->type == VALUE_DICT)
			return err_at(err, ERR_INVALID, v->at, "'%s' cannot be a mapping",
				      texts[i]);
	}
	c->step->gather_facts = true;
	c->step->fact_path = value_get(play, "fact_path");
	return take_bool(c, play, "gather_facts", &c->step->gather_facts, err);
}

static int take_conduct(struct compiler *c, const struct play_outer *outer,
			const struct value *play, struct err *err)
{
	int r;
	c->step->force_handlers = outer->opts->force_handlers;
	if ((r = take_strategy(c, play, err)) < 0 || (r = take_gathering(c, play, err)) < 0 ||
	    (r = keys_serial(c, value_get(play, "serial"), err)) < 0 ||
	    (r = keys_percentage(c, value_get(play, "max_fail_percentage"), err)) < 0)
		return r;
	if ((r = take_bool(c, play, "force_handlers", &c->step->force_handlers, err)) < 0)
		return r;
	c->step->linear = c->step->max_fail_percentage != NULL || outer->opts->step;
	return 0;
}

/* ---- the play ---- */

static const char *play_name(struct plan *plan, const struct value *play)
{
	const struct value *name = value_get(play, "name"), *hosts = value_get(play, "hosts");
	struct strbuf text CLEANUP(strbuf_release) = {0};
	if (name && name->type != VALUE_NULL) {
		value_print(&text, name);
	} else if (hosts->type == VALUE_LIST) {
		for (size_t i = 0; i < hosts->list.len; i++) {
			strbuf_puts(&text, i ? "," : "");
			value_print(&text, hosts->list.at[i]);
		}
	} else {
		value_print(&text, hosts);
	}
	return arena_strndup(&plan->arena, text.ptr ? text.ptr : "", text.len);
}

/* An import's conditions and tags come before the play's own. */
static struct plan_attrs outer_attrs(const struct play_outer *outer)
{
	return attrs_inherit(&outer->attrs);
}

static void wait_for_the_one_before(struct plan *plan, struct plan_step *step)
{
	if (step->index == 0)
		return;
	vec_push(&step->after, step->index - 1);
	vec_push(&plan->steps.at[step->index - 1]->before, step->index);
}

int play_compile(struct plan *plan, const struct play_outer *outer, const struct value *play,
		 struct err *err)
{
	const struct value *hosts = value_get(play, "hosts");
	if (!hosts)
		return err_at(err, ERR_INVALID, play->at, "the play does not say on which 'hosts'");
	if (plan->steps.len >= PLAN_MAX_STEPS)
		return err_at(err, ERR_LIMIT, play->at, "more than %u plays", PLAN_MAX_STEPS);
	struct plan_step *step = step_new(plan, play_name(plan, play), play->at);
	struct compiler c = {.plan = plan, .step = step, .file_dir = outer->dir};
	step->is_play = true;
	step->path = outer->path;
	step_set_dir(plan, step, outer->dir);
	c.search_dirs = step->search_dirs;
	step->hosts_value = hosts;
	step->attrs = outer_attrs(outer);
	wait_for_the_one_before(plan, step);
	int r = take_keys(&c, play, err);
	if (r == 0)
		r = plan_go_without(plan, step, take_vars(&c, outer, play, err), err);
	if (r == 0)
		r = plan_go_without(plan, step, take_conduct(&c, outer, play, err), err);
	if (r == 0)
		r = plan_go_without(plan, step, plan_step_hosts(plan, step, &step->hosts, err),
				    err);
	c.role_defaults = step->defaults;
	c.role_vars = step->vars;
	return r < 0 ? r : play_sections(&c, play, err);
}
