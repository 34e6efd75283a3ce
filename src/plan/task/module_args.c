/* A task's module and its arguments: free form, mappings, templates of mappings,
 * and what module_defaults adds. */
#include "../internal.h"
#include "rollout/base/nearest.h"

#include <ctype.h>

static const char *const task_keywords[] = {"name",    "loop",	       "loop_control", "register",
					    "notify",  "changed_when", "failed_when",  "until",
					    "retries", "delay",	       "vars",	       "args",
					    "listen",  "action",       "local_action", "block",
					    "rescue",  "always",       "async",	       "poll"};

static void offer(void *ctx, struct slice name)
{
	nearest_offer(ctx, name);
}

static bool steers_the_run(const struct module *m)
{
	return module_kind_includes(m->kind) || module_kind_imports(m->kind) ||
	       m->kind == MODULE_KIND_META;
}

static int unknown_key(struct compiler *c, const struct value *key, struct err *err)
{
	struct nearest near;
	char hint[160];
	size_t n;
	struct slice name = key->str;
	nearest_init(&near, name);
	const struct module *const *all = module_all(&n);
	for (size_t i = 0; i < n; i++)
		nearest_offer(&near, slice_from(memchr(name.ptr, '.', name.len) ? all[i]->full_name
										: all[i]->name));
	for (size_t i = 0; i < ARRAY_LEN(task_keywords); i++)
		nearest_offer(&near, slice_from(task_keywords[i]));
	attrs_offer_names(offer, &near);
	const struct module *meant = near.best.len ? module_find(near.best) : NULL;
	if (meant && (steers_the_run(meant) || meant->kind == MODULE_KIND_INCLUDE_VARS))
		plan_lacks(c->plan, c->step);
	return err_at(err, ERR_UNSUPPORTED, key->at,
		      "'%.*s' is neither a module nor a task keyword that rollout has%s",
		      SLICE_ARG(name), nearest_hint(&near, hint, sizeof(hint)));
}

static void tell_variable_args(struct compiler *c, const struct value *v)
{
	if (!c->plan->told_variable_args)
		plan_warn(
			c->plan, v->at,
			"a template gives the arguments of a task: whoever can set its variables, "
			"as a host's facts may, decides on all of them");
	c->plan->told_variable_args = true;
}

/* Only what is done can take its arguments from a variable: what steers the run
 * must be known. As Ansible, free text is no template of a mapping. */
static int set_variable_args(struct compiler *c, struct plan_node *node, const struct value *v,
			     struct err *err)
{
	if (steers_the_run(node->module))
		return err_at(err, ERR_UNSUPPORTED, v->at,
			      "the arguments of %s must be a mapping, not a template of one",
			      node->module->name);
	tell_variable_args(c, v);
	node->variable_args = v;
	return 0;
}

/* "{{ x }}" and nothing beside it: a "=" in it is the expression's. */
static bool is_one_template(struct slice text)
{
	text = slice_trim(text);
	return slice_starts_with(text, "{{") && slice_ends_with(text, "}}") &&
	       !memmem(text.ptr + 2, text.len - 2, "{{", 2);
}

static bool takes_text(const struct module *m)
{
	return m->flags & (MODULE_FREE_FORM | MODULE_MAKES_HOSTS) ||
	       m->kind == MODULE_KIND_SET_FACT;
}

static int set_text(struct compiler *c, struct plan_node *node, const struct value *v,
		    struct err *err)
{
	struct arena *a = &c->plan->arena;
	bool templated = is_one_template(v->str) ||
			 (template_has_markup(v->str) && !memchr(v->str.ptr, '=', v->str.len));
	if (node->module->flags & MODULE_FREE_FORM || !templated)
		return module_parse_free_form(node->module, a, v->str, v->at, &node->args, err);
	if (takes_text(node->module))
		return err_at(err, ERR_UNSUPPORTED, v->at,
			      "a template of the arguments of %s goes into 'args'",
			      node->module->name);
	struct value *empty = value_dict_new(a);
	empty->at = v->at;
	node->args = empty;
	return set_variable_args(c, node, v, err);
}

static int set_args(struct compiler *c, struct plan_node *node, const struct value *v,
		    struct err *err)
{
	struct arena *a = &c->plan->arena;
	if (v->type == VALUE_STRING)
		return set_text(c, node, v, err);
	if (v->type == VALUE_NULL) {
		struct value *empty = value_dict_new(a);
		empty->at = node->at;
		node->args = empty;
	} else if (v->type == VALUE_DICT) {
		node->args = v;
	} else if (v->type == VALUE_LIST && node->module->flags & MODULE_FREE_FORM) {
		struct value *d = value_dict_new(a);
		d->at = v->at;
		value_dict_put(a, d, "argv", v);
		node->args = d;
	} else {
		return err_at(err, ERR_INVALID, v->at,
			      "the arguments of %s are a mapping, not a %s", node->module->name,
			      value_type_name(v));
	}
	return 0;
}

/* What `args` does not say itself. */
static const struct value *with_more(struct arena *a, const struct value *args,
				     const struct value *more)
{
	struct value *d = value_dict_dup(a, args);
	d->at = args->at;
	for (size_t i = 0; i < more->dict.len; i++)
		if (!value_find(d, more->dict.at[i].key))
			value_dict_set(a, d, more->dict.at[i].key, more->dict.at[i].value);
	return d;
}

/* The keyword `args`; a template that is the module's own text counts before it. */
static int add_args(struct compiler *c, struct plan_node *node, const struct value *more,
		    struct err *err)
{
	if (more->type == VALUE_NULL)
		return 0;
	if (more->type == VALUE_STRING && template_has_markup(more->str))
		return node->variable_args ? 0 : set_variable_args(c, node, more, err);
	if (more->type != VALUE_DICT)
		return err_at(err, ERR_INVALID, more->at,
			      "'args' is a mapping or a template of one, not a %s",
			      value_type_name(more));
	node->args = with_more(&c->plan->arena, node->args, more);
	return 0;
}

/* They come after what a template gives, which only the run knows. */
static int take_defaults(struct compiler *c, struct plan_node *node, const struct value *v,
			 struct err *err)
{
	if (v->type == VALUE_STRING)
		tell_variable_args(c, v);
	else if (!node->variable_args || v->type != VALUE_DICT)
		return add_args(c, node, v, err);
	node->default_args = v;
	return 0;
}

static const struct value *innermost_defaults(const struct plan_node *node, bool of_group)
{
	for (size_t i = node->attrs.module_defaults.len; i-- > 0;) {
		const struct value *all = node->attrs.module_defaults.at[i];
		for (size_t k = all->dict.len; k-- > 0;)
			if (defaults_name(all->dict.at[k].key, node, of_group))
				return all->dict.at[k].value;
	}
	return NULL;
}

/* module_defaults: what the task does not say itself; the innermost of those that
 * name the module counts alone, then of those that name its group. What steers the run
 * has none. */
static int add_defaults(struct compiler *c, struct plan_node *node, struct err *err)
{
	if (steers_the_run(node->module))
		return 0;
	const struct value *own = innermost_defaults(node, false),
			   *group = innermost_defaults(node, true);
	if (own && group && own->type == VALUE_DICT && group->type == VALUE_DICT)
		own = with_more(&c->plan->arena, own, group);
	else if (!own)
		own = group;
	return own ? take_defaults(c, node, own, err) : 0;
}

int task_set_module(struct compiler *c, struct plan_node *node, const struct value *key,
		    const struct value *args, struct err *err)
{
	bool old = old_include_is(key->str);
	const struct module *m = module_find(old ? SLICE_LIT("include_tasks") : key->str);
	if (!m)
		m = foreign_find(c, key->str);
	int r = library_find(c, key, &node->library, err);
	if (r < 0)
		return r;
	if (node->library)
		m = library_module();
	else if (!m || m->kind == MODULE_KIND_LIBRARY)
		return unknown_key(c, key, err);
	if (node->module)
		return err_at(err, ERR_INVALID, key->at, "the task has two modules: %s and %s",
			      node->module->name, m->name);
	node->module = m;
	node->written_name = key->str.ptr;
	if (old && (r = old_include_args(c, args, &args, err)) < 0)
		return r;
	return set_args(c, node, args, err);
}

/* What an action names may be a template. */
static int set_named(struct compiler *c, struct plan_node *node, const struct value *name,
		     const struct value *args, struct err *err)
{
	if (node->module || !plan_has_markup(name))
		return task_set_module(c, node, name, args, err);
	node->module = chosen_stands_for(node, name);
	node->written_name = name->str.ptr;
	return set_args(c, node, args, err);
}

/* Blanks inside of {{ }} do not end it. */
static size_t name_len(struct slice text)
{
	size_t n = 0;
	while (n < text.len && !isspace((unsigned char)text.ptr[n])) {
		struct slice rest = {text.ptr + n, text.len - n};
		const char *end =
			slice_starts_with(rest, "{{") ? memmem(rest.ptr, rest.len, "}}", 2) : NULL;
		n = end ? (size_t)(end - text.ptr) + 2 : n + 1;
	}
	return n;
}

int task_set_action(struct compiler *c, struct plan_node *node, const struct value *key,
		    const struct value *v, struct err *err)
{
	struct arena *a = &c->plan->arena;
	struct value *name, *args;
	if (value_is_str(key, "local_action"))
		node->attrs.delegate_to = value_cstr(a, "localhost");
	if (v->type == VALUE_DICT) {
		const struct value *module = value_get(v, "module");
		if (!module || module->type != VALUE_STRING)
			return err_at(err, ERR_INVALID, v->at,
				      "'%.*s' names its module ('module: …')", SLICE_ARG(key->str));
		args = value_dict_dup(a, v);
		args->at = v->at;
		value_dict_remove(args, SLICE_LIT("module"));
		value_dict_remove(args, SLICE_LIT("args"));
		int r = set_named(c, node, module, args, err);
		const struct value *more = value_get(v, "args");
		return r < 0 || !more ? r : add_args(c, node, more, err);
	}
	if (v->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, v->at, "'%.*s' is a module and its arguments",
			      SLICE_ARG(key->str));
	struct slice text = slice_trim(v->str);
	size_t n = name_len(text);
	name = value_str(a, (struct slice){text.ptr, n});
	name->at = v->at;
	args = value_str(a, slice_trim((struct slice){text.ptr + n, text.len - n}));
	args->at = v->at;
	return set_named(c, node, name, args, err);
}

int task_complete_args(struct compiler *c, struct plan_node *node, const struct value *more,
		       struct err *err)
{
	int r = more ? add_args(c, node, more, err) : 0;
	if (r == 0 && old_include_is(slice_from(node->written_name)))
		old_include_settle(c, node);
	return r < 0 ? r : add_defaults(c, node, err);
}
