/* One task: its keywords, its module, its arguments. */
#include "internal.h"
#include "rollout/base/nearest.h"

#include <ctype.h>
#include <stdlib.h>
#include <sys/stat.h>

static const char *const task_keywords[] = {"name",    "loop",	       "loop_control", "register",
					    "notify",  "changed_when", "failed_when",  "until",
					    "retries", "delay",	       "vars",	       "args",
					    "listen",  "action",       "local_action", "block",
					    "rescue",  "always",       "async",	       "poll"};

static const char *const with_kinds[] = {"items",	 "list",	"dict",	  "indexed_items",
					 "flattened",	 "together",	"nested", "sequence",
					 "fileglob",	 "first_found", "lines",  "subelements",
					 "random_choice"};

static struct slice key_text(const struct value *key)
{
	return key->type == VALUE_STRING ? key->str : SLICE_LIT("?");
}

static void offer(void *ctx, struct slice name)
{
	nearest_offer(ctx, name);
}

static int unknown_key(const struct value *key, struct err *err)
{
	struct nearest near;
	char hint[160];
	size_t n;
	struct slice name = key_text(key);
	nearest_init(&near, name);
	const struct module *const *all = module_all(&n);
	for (size_t i = 0; i < n; i++)
		nearest_offer(&near, slice_from(memchr(name.ptr, '.', name.len) ? all[i]->full_name
										: all[i]->name));
	for (size_t i = 0; i < ARRAY_LEN(task_keywords); i++)
		nearest_offer(&near, slice_from(task_keywords[i]));
	attrs_offer_names(offer, &near);
	return err_at(err, ERR_UNSUPPORTED, key->at,
		      "'%.*s' is neither a module nor a task keyword that rollout has%s",
		      SLICE_ARG(name), nearest_hint(&near, hint, sizeof(hint)));
}

/* ---- keywords ---- */

static int want_string(const struct value *key, const struct value *v, const char **ret,
		       struct err *err)
{
	if (v->type != VALUE_STRING || v->str.len == 0)
		return err_at(err, ERR_INVALID, v->at, "'%.*s' is a name, not a %s",
			      SLICE_ARG(key_text(key)), value_type_name(v));
	*ret = v->str.ptr;
	return 0;
}

static bool is_identifier(const char *s)
{
	if (!isalpha((unsigned char)*s) && *s != '_')
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && *s != '_')
			return false;
	return true;
}

static int want_variable(const struct value *key, const struct value *v, const char **ret,
			 struct err *err)
{
	int r = want_string(key, v, ret, err);
	if (r == 0 && !is_identifier(*ret))
		return err_at(err, ERR_INVALID, v->at,
			      "'%s' cannot be the name of a variable (letters, digits and _)",
			      *ret);
	return r;
}

/* As written, maybe a template. */
static int want_number(const struct value *key, const struct value *v, const struct value **ret,
		       struct err *err)
{
	char *end = NULL;
	*ret = v;
	if (v->type == VALUE_NULL || v->type == VALUE_INT || v->type == VALUE_FLOAT ||
	    plan_has_markup(v))
		return 0;
	if (v->type == VALUE_STRING && v->str.len && (strtod(v->str.ptr, &end), *end == '\0'))
		return 0;
	return err_at(err, ERR_INVALID, v->at, "'%.*s' is a number, not a %s",
		      SLICE_ARG(key_text(key)),
		      v->type == VALUE_STRING ? "word" : value_type_name(v));
}

static int take_loop_control(struct plan_node *node, const struct value *v, struct err *err)
{
	static const char *const known[] = {"loop_var", "index_var", "label",
					    "pause",	"extended",  "extended_allitems"};
	if (v->type != VALUE_DICT)
		return err_at(err, ERR_INVALID, v->at, "'loop_control' is a mapping, not a %s",
			      value_type_name(v));
	for (size_t i = 0; i < v->dict.len; i++) {
		const struct value *key = v->dict.at[i].key, *x = v->dict.at[i].value;
		int r = 0;
		if (value_is_str(key, "loop_var"))
			r = want_variable(key, x, &node->loop.loop_var, err);
		else if (value_is_str(key, "index_var"))
			r = want_variable(key, x, &node->loop.index_var, err);
		else if (value_is_str(key, "label"))
			node->loop.label = x;
		else if (value_is_str(key, "pause"))
			node->loop.pause = x;
		else if (value_is_str(key, "extended"))
			(void)value_to_bool(x, &node->loop.extended);
		else if (value_is_str(key, "extended_allitems"))
			node->loop.without_allitems = plan_is_false(x);
		else {
			struct nearest near;
			char hint[128];
			nearest_init(&near, key_text(key));
			for (size_t k = 0; k < ARRAY_LEN(known); k++)
				nearest_offer(&near, slice_from(known[k]));
			r = err_at(err, ERR_INVALID, key->at, "loop_control has no '%.*s'%s",
				   SLICE_ARG(key_text(key)),
				   nearest_hint(&near, hint, sizeof(hint)));
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int take_with(struct plan_node *node, const struct value *key, const struct value *v,
		     struct err *err)
{
	struct slice kind = {key->str.ptr + 5, key->str.len - 5};
	for (size_t i = 0; i < ARRAY_LEN(with_kinds); i++)
		if (slice_is(kind, with_kinds[i])) {
			node->loop.items = v;
			node->loop.with = with_kinds[i];
			return 0;
		}
	struct nearest near;
	char hint[128];
	nearest_init(&near, kind);
	for (size_t i = 0; i < ARRAY_LEN(with_kinds); i++)
		nearest_offer(&near, slice_from(with_kinds[i]));
	return err_at(err, ERR_UNSUPPORTED, key->at, "there is no loop 'with_%.*s'%s",
		      SLICE_ARG(kind), nearest_hint(&near, hint, sizeof(hint)));
}

/* A string or a list of them onto a vector of values. */
#define TAKE_LIST(vec, v)                                                                          \
	do {                                                                                       \
		if ((v)->type == VALUE_LIST)                                                       \
			for (size_t k_ = 0; k_ < (v)->list.len; k_++)                              \
				vec_push((vec), (v)->list.at[k_]);                                 \
		else if ((v)->type != VALUE_NULL)                                                  \
			vec_push((vec), (v));                                                      \
	} while (0)

static int take_listen(struct compiler *c, struct plan_node *node, const struct value *key,
		       const struct value *v, struct err *err)
{
	if (!c->handlers)
		return err_at(err, ERR_INVALID, key->at, "'listen' is a keyword of handlers");
	if (v->type == VALUE_LIST) {
		for (size_t i = 0; i < v->list.len; i++) {
			int r = take_listen(c, node, key, v->list.at[i], err);
			if (r < 0)
				return r;
		}
		return 0;
	}
	const char *name = NULL;
	int r = want_string(key, v, &name, err);
	if (r == 0)
		vec_push(&node->listen, name);
	return r;
}

/* 1 taken, 0 not a keyword of tasks, negative error. */
static int take_keyword(struct compiler *c, struct plan_node *node, const struct value *key,
			const struct value *v, struct err *err)
{
	int r = 0;
	if (value_is_str(key, "name"))
		node->name = v;
	else if (value_is_str(key, "loop"))
		node->loop.items = v;
	else if (slice_starts_with(key->str, "with_"))
		r = take_with(node, key, v, err);
	else if (value_is_str(key, "loop_control"))
		r = take_loop_control(node, v, err);
	else if (value_is_str(key, "register"))
		r = want_variable(key, v, &node->register_name, err);
	else if (value_is_str(key, "notify"))
		TAKE_LIST(&node->notify, v);
	else if (value_is_str(key, "changed_when"))
		TAKE_LIST(&node->changed_when, v);
	else if (value_is_str(key, "failed_when"))
		TAKE_LIST(&node->failed_when, v);
	else if (value_is_str(key, "until"))
		TAKE_LIST(&node->until, v);
	else if (value_is_str(key, "retries"))
		r = want_number(key, v, &node->retries, err);
	else if (value_is_str(key, "delay"))
		r = want_number(key, v, &node->delay, err);
	else if (value_is_str(key, "async"))
		node->async_s = v;
	else if (value_is_str(key, "poll"))
		node->poll = v;
	else if (value_is_str(key, "listen"))
		r = take_listen(c, node, key, v, err);
	else if (value_is_str(key, "vars")) {
		if (v->type != VALUE_DICT && v->type != VALUE_NULL)
			return err_at(err, ERR_INVALID, v->at,
				      "'vars' is a mapping of variables, not a %s",
				      value_type_name(v));
		node->vars = v->type == VALUE_DICT ? v : NULL;
	} else
		return 0;
	return r < 0 ? r : 1;
}

/* ---- the module and its arguments ---- */

static int set_args(struct compiler *c, struct plan_node *node, const struct value *v,
		    struct err *err)
{
	struct arena *a = &c->plan->arena;
	if (v->type == VALUE_STRING) {
		if (node->module->flags & MODULE_FREE_FORM || !template_has_markup(v->str) ||
		    memchr(v->str.ptr, '=', v->str.len))
			return module_parse_free_form(node->module, a, v->str, v->at, &node->args,
						      err);
		return err_at(err, ERR_UNSUPPORTED, v->at,
			      "the arguments of %s must be a mapping, not a template of one",
			      node->module->name);
	}
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

static int add_args(struct compiler *c, struct plan_node *node, const struct value *more,
		    struct err *err)
{
	if (more->type == VALUE_NULL)
		return 0;
	if (more->type != VALUE_DICT)
		return err_at(err, ERR_INVALID, more->at, "'args' is a mapping, not a %s",
			      value_type_name(more));
	struct value *d = value_dict_dup(&c->plan->arena, node->args);
	d->at = node->args->at;
	for (size_t i = 0; i < more->dict.len; i++)
		if (!value_find(d, more->dict.at[i].key))
			value_dict_set(&c->plan->arena, d, more->dict.at[i].key,
				       more->dict.at[i].value);
	node->args = d;
	return 0;
}

/* module_defaults: what the task does not say itself; the innermost that names
 * the module counts alone. */
static int add_defaults(struct compiler *c, struct plan_node *node, struct err *err)
{
	for (size_t i = node->attrs.module_defaults.len; i-- > 0;) {
		const struct value *all = node->attrs.module_defaults.at[i];
		for (size_t k = all->dict.len; k-- > 0;)
			if (defaults_name(all->dict.at[k].key, node))
				return add_args(c, node, all->dict.at[k].value, err);
	}
	return 0;
}

static int set_module(struct compiler *c, struct plan_node *node, const struct value *key,
		      const struct value *args, struct err *err)
{
	const struct module *m = module_find(key->str);
	int r = library_find(c, key, &node->library, err);
	if (r < 0)
		return r;
	if (node->library)
		m = library_module();
	else if (!m || m == library_module())
		return unknown_key(key, err);
	if (node->module)
		return err_at(err, ERR_INVALID, key->at, "the task has two modules: %s and %s",
			      node->module->name, m->name);
	node->module = m;
	node->written_name = key->str.ptr;
	return set_args(c, node, args, err);
}

/* action: module args   local_action: {module: name, …} */
static int set_action(struct compiler *c, struct plan_node *node, const struct value *key,
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
		return set_module(c, node, module, args, err);
	}
	if (v->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, v->at, "'%.*s' is a module and its arguments",
			      SLICE_ARG(key->str));
	struct slice text = slice_trim(v->str);
	size_t n = 0;
	while (n < text.len && !isspace((unsigned char)text.ptr[n]))
		n++;
	name = value_str(a, (struct slice){text.ptr, n});
	name->at = v->at;
	args = value_str(a, slice_trim((struct slice){text.ptr + n, text.len - n}));
	args->at = v->at;
	return set_module(c, node, name, args, err);
}

static int read_keys(struct compiler *c, struct plan_node *node, const struct value *task,
		     struct err *err)
{
	for (size_t i = 0; i < task->dict.len; i++) {
		const struct value *key = task->dict.at[i].key, *v = task->dict.at[i].value;
		if (key->type != VALUE_STRING)
			return err_at(err, ERR_INVALID, key->at, "a task's key must be a word");
		int r = attrs_take(c, &node->attrs, key, v, err);
		if (r == ATTR_NOT_MINE)
			r = take_keyword(c, node, key, v, err);
		if (r < 0)
			return r;
		if (r > 0 || value_is_str(key, "args"))
			continue;
		r = value_is_str(key, "action") || value_is_str(key, "local_action")
			    ? set_action(c, node, key, v, err)
			    : set_module(c, node, key, v, err);
		if (r < 0)
			return r;
	}
	if (!node->module)
		return err_at(err, ERR_INVALID, task->at, "the task names no module");
	const struct value *more = value_get(task, "args");
	int r = more ? add_args(c, node, more, err) : 0;
	return r < 0 ? r : add_defaults(c, node, err);
}

/* ---- imports, which are compiled in place ---- */

const struct value *task_include_name(const struct plan_node *node)
{
	static const char *const keys[] = {"_raw_params", "file", "name"};
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const struct value *v = value_get(node->args, keys[i]);
		if (v && v->type == VALUE_STRING)
			return v;
	}
	return NULL;
}

int task_include_file(struct compiler *c, const struct plan_node *node, struct slice name,
		      const char **ret, struct err *err)
{
	struct stat st;
	if (c->file_dir && name.len && name.ptr[0] != '/') {
		char *beside =
			arena_printf(&c->plan->arena, "%s/%.*s", c->file_dir, SLICE_ARG(name));
		if (stat(beside, &st) == 0) {
			*ret = beside;
			return 0;
		}
	}
	struct plan_place place = {c->step, node->role, "tasks"};
	int r = plan_find_file(c->plan, &place, name, &c->plan->arena, ret, err);
	const struct value *written = task_include_name(node);
	return err_locate(err, r, written && written->at.file ? written->at : node->at);
}

static int import_role(struct compiler *c, struct plan_node *task, struct plan_node *block,
		       struct err *err)
{
	const struct value *name = value_get(task->args, "name");
	const struct plan_role *role;
	struct role_use use = {0};
	struct compiler in;
	if (!name || name->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, task->at, "import_role needs the role's name");
	int r = role_load(c, c->file_dir, name, &role, err);
	if (r < 0 || (r = role_read_use(c->plan, task->args, &use, err)) < 0)
		return r;
	/* what it brings is the whole play's, as with an entry of `roles` */
	if (!use.vars)
		use.vars = task->vars;
	if ((r = role_gather(c, role, &use, err)) < 0 ||
	    (r = role_enter(c, role, &use, &in, err)) < 0)
		return err_locate(err, r, task->at);
	in.include_params = block->attrs.block_vars;
	return err_locate(err, role_compile(&in, role, &use, &block->attrs, block->block, err),
			  task->at);
}

static int import(struct compiler *c, struct plan_node *task, struct plan_node **ret,
		  struct err *err)
{
	const struct value *name = task_include_name(task);
	if (task->loop.items)
		return err_at(err, ERR_INVALID, task->at, "%s cannot loop; use include_%s",
			      task->module->name, task->module->name + 7);
	if (!name || template_has_markup(name->str))
		return err_at(err, ERR_INVALID, name ? name->at : task->at,
			      "%s needs a name that is known before the run; use include_%s",
			      task->module->name, task->module->name + 7);
	if (task->vars)
		attrs_add_vars(c, &task->attrs, task->vars);
	struct plan_node *block = node_new(c, PLAN_BLOCK, task->at, &task->attrs);
	block->block = block_new(c->plan);
	block->imported = true;
	*ret = block;
	if (strcmp(task->module->name, "import_role") == 0)
		return import_role(c, task, block, err);
	const char *path;
	int r = task_include_file(c, task, name->str, &path, err);
	return r < 0 ? r : block_compile_file(c, path, &block->attrs, block->block, err);
}

/* Words after which every host must have arrived: the outcome could differ
 * from Ansible's linear order otherwise. */
static bool needs_barrier(const struct plan_node *node)
{
	const struct value *run_once = node->attrs.run_once;
	if (run_once && (plan_has_markup(run_once) || !plan_is_false(run_once)))
		return true;
	if (strcmp(node->module->name, "meta") == 0)
		return true;
	if (node->attrs.any_errors_fatal && !plan_is_false(node->attrs.any_errors_fatal))
		return true;
	if (node->once)
		return true;
	return node->attrs.delegate_to != NULL &&
	       !value_is_str(node->attrs.delegate_to, "{{ inventory_hostname }}");
}

/* Ansible does these for the first host alone: it is that one's `when` that counts. */
static bool works_for_all(const struct plan_node *node)
{
	static const char *const metas[] = {"clear_facts", "clear_host_errors", "end_batch",
					    "end_play", "refresh_inventory"};
	const struct value *what = value_get(node->args, "_raw_params");
	if (strcmp(node->module->name, "meta") != 0)
		return strcmp(node->module->name, "add_host") == 0 ||
		       strcmp(node->module->name, "pause") == 0;
	for (size_t i = 0; i < ARRAY_LEN(metas); i++)
		if (what && what->type == VALUE_STRING && slice_is(slice_trim(what->str), metas[i]))
			return true;
	return false;
}

static bool sets_vars(const struct plan_node *node)
{
	static const char *const modules[] = {"set_fact", "include_vars", "setup", "include_tasks",
					      "include_role"};
	for (size_t i = 0; i < ARRAY_LEN(modules); i++)
		if (strcmp(node->module->name, modules[i]) == 0)
			return true;
	return node->register_name != NULL;
}

int task_compile(struct compiler *c, const struct value *task, const struct plan_attrs *attrs,
		 struct plan_node **ret, struct err *err)
{
	struct plan_node *node = node_new(c, PLAN_TASK, task->at, attrs);
	int r = read_keys(c, node, task, err);
	if (r < 0)
		return r;
	if (!node->loop.loop_var)
		node->loop.loop_var = "item";
	bool imports = slice_starts_with(slice_from(node->module->name), "import_");
	if (node->is_handler && !node->name && node->listen.len == 0 && !imports)
		return err_at(err, ERR_INVALID, task->at, "a handler needs a name or 'listen'");
	struct plan_attrs *outer = ARENA_NEW(&c->plan->arena, struct plan_attrs);
	*outer = attrs_inherit(attrs);
	vec_push(&c->plan->outers, outer);
	node->outer = outer;
	if ((r = check_task(c, node, err)) < 0)
		return r;
	if (imports)
		return import(c, node, ret, err);
	node->once = works_for_all(node);
	/* tags do not choose handlers: what notifies them does */
	node->selected = node->is_handler || attrs_selected(c->plan, &node->attrs);
	node->barrier = needs_barrier(node) || c->step->linear;
	if (sets_vars(node))
		c->step->sets_vars = true;
	c->step->ntasks++;
	if ((r = names_of_task(c, node, err)) < 0)
		return r;
	*ret = node;
	return 0;
}
