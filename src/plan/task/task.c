/* One task: its keywords, its module, its arguments. */
#include "../internal.h"

#include <ctype.h>
#include <sys/stat.h>

static struct slice key_text(const struct value *key)
{
	return key->type == VALUE_STRING ? key->str : SLICE_LIT("?");
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

int keyword_variable(const struct value *key, const struct value *v, const char **ret,
		     struct err *err)
{
	int r = want_string(key, v, ret, err);
	if (r == 0 && !is_identifier(*ret))
		return err_at(err, ERR_INVALID, v->at,
			      "'%s' cannot be the name of a variable (letters, digits and _)",
			      *ret);
	return r;
}

bool number_is_written(const struct value *v, bool whole)
{
	return v->type == VALUE_NULL || v->type == VALUE_INT || v->type == VALUE_FLOAT ||
	       plan_has_markup(v) || value_is_number_text(v, whole);
}

int keyword_number(const struct value *key, const struct value *v, const struct value **ret,
		   struct err *err)
{
	bool whole = !value_is_str(key, "pause");
	*ret = v;
	if (number_is_written(v, whole))
		return 0;
	return err_at(err, ERR_INVALID, v->at, "'%.*s' is a %snumber, not a %s",
		      SLICE_ARG(key_text(key)), whole ? "whole " : "",
		      v->type == VALUE_STRING ? "text" : value_type_name(v));
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

/* An empty text holds. */
static const struct value *condition_of(const struct value *v)
{
	return value_is_str(v, "") ? value_bool(true) : v;
}

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
	if (v->type == VALUE_NULL)
		return 0;
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
	else if (value_is_str(key, "loop") || slice_starts_with(key->str, "with_"))
		r = loop_take(c, node, key, v, err);
	else if (value_is_str(key, "loop_control"))
		r = loop_take_control(node, v, err);
	else if (value_is_str(key, "register"))
		r = v->type == VALUE_NULL ? 0 : keyword_variable(key, v, &node->register_name, err);
	else if (value_is_str(key, "notify"))
		TAKE_LIST(&node->notify, v);
	else if (value_is_str(key, "changed_when"))
		TAKE_LIST(&node->changed_when, condition_of(v));
	else if (value_is_str(key, "failed_when"))
		TAKE_LIST(&node->failed_when, condition_of(v));
	else if (value_is_str(key, "until"))
		TAKE_LIST(&node->until, condition_of(v));
	else if (value_is_str(key, "retries"))
		r = keyword_number(key, v, &node->retries, err);
	else if (value_is_str(key, "delay"))
		r = keyword_number(key, v, &node->delay, err);
	else if (value_is_str(key, "async"))
		r = keyword_number(key, v, &node->async_s, err);
	else if (value_is_str(key, "poll"))
		r = keyword_number(key, v, &node->poll, err);
	else if (value_is_str(key, "listen"))
		r = take_listen(c, node, key, v, err);
	else if (value_is_str(key, "vars"))
		r = vars_take(c, v, &node->vars, err);
	else
		return 0;
	return r < 0 ? r : 1;
}

static int read_key(struct compiler *c, struct plan_node *node, const struct value *key,
		    const struct value *v, struct err *err)
{
	if (key->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, key->at, "a task's key must be a word");
	int r = attrs_take(c, &node->attrs, key, v, err);
	if (r == ATTR_NOT_MINE)
		r = take_keyword(c, node, key, v, err);
	if (r != 0 || value_is_str(key, "args"))
		return r;
	return value_is_str(key, "action") || value_is_str(key, "local_action")
		       ? task_set_action(c, node, key, v, err)
		       : task_set_module(c, node, key, v, err);
}

int task_go_on(struct compiler *c, struct plan_node *node, int r, struct err *err)
{
	node->mistaken |= r < 0;
	return plan_go_on(c->plan, r, err);
}

/* A key with a mistake may have been meant for any other. */
static int misread(struct compiler *c, struct plan_node *node, const struct value *v, int r,
		   struct err *err)
{
	if ((r = task_go_on(c, node, r, err)) < 0)
		return r;
	vec_push(&c->plan->misread, v);
	c->step->handlers_unknown |= c->handlers;
	return 0;
}

static int read_keys(struct compiler *c, struct plan_node *node, const struct value *task,
		     struct err *err)
{
	for (size_t i = 0; i < task->dict.len; i++) {
		const struct value *v = task->dict.at[i].value;
		int r = read_key(c, node, task->dict.at[i].key, v, err);
		if (r < 0 && (r = misread(c, node, v, r, err)) < 0)
			return r;
	}
	if (!node->module && !node->mistaken) {
		int r = err_at(err, ERR_INVALID, task->at, "the task names no module");
		if ((r = task_go_on(c, node, r, err)) < 0)
			return r;
	}
	if (!node->module)
		foreign_stand_in(node);
	if (!node->args) {
		struct value *empty = value_dict_new(&c->plan->arena);
		empty->at = task->at;
		node->args = empty;
	}
	return task_go_on(c, node, task_complete_args(c, node, value_get(task, "args"), err), err);
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

/* A file of that name in the folder, or NULL. */
static const char *file_in(struct compiler *c, const char *folder, struct slice name)
{
	struct stat st;
	const char *path = arena_printf(&c->plan->arena, "%s/%.*s", folder, SLICE_ARG(name));
	return stat(path, &st) == 0 ? path : NULL;
}

/* What a role's tasks include lies in its folder of tasks, or else beside them; what they
 * import is looked for beside them first. Source: ansible-core, playbook/included_file.py
 * and playbook/helpers.py. */
int task_include_file(struct compiler *c, const struct plan_node *node, struct slice name,
		      const char **ret, struct err *err)
{
	*ret = NULL;
	if (c->file_dir && name.len && name.ptr[0] != '/') {
		if (node->role && !node->is_handler &&
		    node->module->kind == MODULE_KIND_INCLUDE_TASKS)
			*ret = file_in(c,
				       arena_printf(&c->plan->arena, "%s/tasks", node->role->dir),
				       name);
		if (!*ret)
			*ret = file_in(c, c->file_dir, name);
		if (*ret)
			return 0;
	}
	const char *own[] = {node->role ? node->role->dir : plan_dir(c->plan, c->step),
			     plan_dir(c->plan, c->step), NULL};
	struct plan_place place = {own, "tasks"};
	int r = plan_find_file(&place, name, &c->plan->arena, ret, err);
	const struct value *written = task_include_name(node);
	return err_locate(err, r, written && written->at.file ? written->at : node->at);
}

static int import_role(struct compiler *c, struct plan_node *task, const struct value *name,
		       struct plan_node *block, struct err *err)
{
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
	use.task_vars = task->vars;
	if ((r = role_gather(c, role, &use, err)) < 0 || (r = role_record(c, role, err)) < 0 ||
	    (r = role_enter(c, role, &use, &in, err)) < 0)
		return err_locate(err, r, task->at);
	return err_locate(err, role_compile(&in, role, &use, &block->attrs, block->block, err),
			  task->at);
}

/* As Ansible's, the name of an import may come from what no host has to be known for:
 * the command line, the play, the role, blocks and the task. */
static const struct value *import_name(struct compiler *c, const struct plan_node *task)
{
	const struct value *name = task_include_name(task), *known = name;
	struct err ignored = {0};
	struct vars vars;
	if (!name || !plan_has_markup(name))
		return name;
	vars_init(&vars, c->plan->env, &c->plan->arena, NULL);
	vars_set_level(&vars, VARS_ROLE_DEFAULTS, c->role_defaults);
	vars_set_level(&vars, VARS_INVENTORY, plan_magic(c->plan, c->step));
	vars_set_level(&vars, VARS_PLAY, c->step->play_vars);
	vars_set_level(&vars, VARS_ROLE, c->role_vars);
	vars_set_level(&vars, VARS_BLOCK, task->attrs.block_vars);
	vars_set_level(&vars, VARS_TASK, task->vars);
	vars_set_level(&vars, VARS_ROLE_PARAMS, c->role_params);
	vars_set_level(&vars, VARS_EXTRA, c->plan->extra_vars);
	int r = template_render(c->plan->env, &vars.scope, &c->plan->arena, name, &known, &ignored);
	vars_release(&vars);
	return r == 0 && known->type == VALUE_STRING ? known : name;
}

static int import(struct compiler *c, struct plan_node *task, struct plan_node **ret,
		  struct err *err)
{
	const struct value *name = import_name(c, task);
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
	if (task->module->kind == MODULE_KIND_IMPORT_ROLE)
		return import_role(c, task, name, block, err);
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
	if (node->module->kind == MODULE_KIND_META)
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
	const struct plan_meta *meta = plan_meta_of(node->module, node->args);
	return node->module->flags & MODULE_FOR_ALL || (meta && meta->for_all);
}

static bool sets_vars(const struct plan_node *node)
{
	return node->register_name ||
	       node->module->flags & (MODULE_SETS_VARS | MODULE_BRINGS_FACTS);
}

/* Tasks or variables that are written elsewhere. */
static bool brings_more(const struct module *m)
{
	return module_kind_imports(m->kind) || module_kind_includes(m->kind) ||
	       m->kind == MODULE_KIND_INCLUDE_VARS;
}

int task_compile(struct compiler *c, const struct value *task, const struct plan_attrs *attrs,
		 struct plan_node **ret, struct err *err)
{
	struct plan_node *node = node_new(c, PLAN_TASK, task->at, attrs);
	int r = read_keys(c, node, task, err);
	if (r == 0)
		r = task_go_on(c, node, include_check_keys(node, task, err), err);
	if (r < 0)
		return r;
	if (node->notify.len == 0 && attrs->notify)
		TAKE_LIST(&node->notify, attrs->notify);
	if (!node->loop.loop_var)
		node->loop.loop_var = "item";
	bool imports = module_kind_imports(node->module->kind);
	if (node->is_handler && !node->name && node->listen.len == 0 && !imports) {
		r = err_at(err, ERR_INVALID, task->at, "a handler needs a name or 'listen'");
		if ((r = task_go_on(c, node, r, err)) < 0)
			return r;
	}
	struct plan_attrs *outer = ARENA_NEW(&c->plan->arena, struct plan_attrs);
	*outer = attrs_inherit(attrs);
	vec_push(&c->plan->outers, outer);
	node->outer = outer;
	r = task_go_on(c, node, foreign_check(c, node, err), err);
	if (r < 0 || (r = check_task(c, node, err)) < 0)
		return r;
	if (node->mistaken && brings_more(node->module))
		plan_lacks(c->plan, c->step);
	if (imports)
		return node->mistaken && !task_include_name(node) ? 0 : import(c, node, ret, err);
	node->once = works_for_all(node);
	/* tags do not choose handlers: what notifies them does */
	node->selected = node->is_handler || attrs_selected(c->plan, &node->attrs);
	node->barrier |= needs_barrier(node) || c->step->linear || c->step->groups_hosts;
	c->step->groups_hosts |= node->module->flags & MODULE_MAKES_HOSTS && !node->once;
	if (sets_vars(node))
		c->step->sets_vars = true;
	c->step->ntasks++;
	if ((r = task_go_on(c, node, names_of_task(c, node, err), err)) == 0)
		*ret = node;
	return r;
}
