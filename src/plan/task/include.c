/* Includes: compiled before the run where their name is written out, and when
 * they are met where only run time knows it. */
#include "../internal.h"

#include <stdlib.h>

struct compiler compiler_at(struct plan *plan, const struct plan_node *node)
{
	struct compiler c = {
		.plan = plan, .step = (struct plan_step *)node->step, .role = node->role};
	c.lineage = node->lineage;
	c.search_dirs = node->search_dirs;
	c.role_defaults = node->role_defaults;
	c.role_vars = node->role_vars;
	c.role_params = node->role_params;
	c.include_params = node->include_params;
	c.role_use = node->role_use;
	c.handlers = false;
	c.rescued = true;
	c.included = true;
	if (node->at.file) {
		const char *slash = strrchr(node->at.file, '/');
		c.file_dir = slash ? arena_strndup(&plan->arena, node->at.file,
						   (size_t)(slash - node->at.file))
				   : ".";
	}
	return c;
}

/* Source: ansible-core, playbook/task_include.py (VALID_INCLUDE_KEYWORDS). */
static bool is_include_key(const struct plan_node *node, const struct value *key)
{
	static const char *const known[] = {
		"action",	"args", "collections", "debugger",    "ignore_errors", "loop",
		"loop_control", "name", "no_log",      "register",    "run_once",      "tags",
		"timeout",	"vars", "when",	       "local_action"};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (value_is_str(key, known[i]))
			return true;
	return slice_starts_with(key->str, "with_") || value_is_str(key, node->written_name) ||
	       (node->is_handler && value_is_str(key, "listen"));
}

int include_check_keys(const struct plan_node *node, const struct value *task, struct err *err)
{
	const char *name = node->module->name;
	if (!include_is_of_tasks(node) || old_include_is(slice_from(node->written_name)))
		return 0;
	for (size_t i = 0; i < task->dict.len; i++) {
		const struct value *key = task->dict.at[i].key;
		if (is_include_key(node, key))
			continue;
		return err_at(err, ERR_INVALID, key->at,
			      "%s has no '%.*s' of its own; for the tasks that it brings it "
			      "goes into 'apply'",
			      name, SLICE_ARG(key->str));
	}
	return 0;
}

/* What `apply:` hands to the included tasks. */
static int apply_attrs(struct compiler *c, const struct plan_node *node, struct plan_attrs *attrs,
		       struct err *err)
{
	const struct value *apply = value_get(node->args, "apply");
	for (size_t i = 0; apply && apply->type == VALUE_DICT && i < apply->dict.len; i++) {
		const struct value *key = apply->dict.at[i].key;
		int r = block_take_keyword(c, attrs, key, apply->dict.at[i].value, err);
		if (r < 0)
			return r;
		if (r == ATTR_NOT_MINE && !value_is_str(key, "name"))
			return err_at(err, ERR_INVALID, key->at, "'apply' cannot hand down '%.*s'",
				      SLICE_ARG(key->str));
	}
	return 0;
}

static int finish(struct plan *plan, const char *key, size_t first_node, struct plan_block *block,
		  struct plan_block **ret, struct err *err)
{
	/* before that, further includes may bring the handler */
	int r = plan->written_out ? check_notify(plan, first_node, err) : 0;
	if (r < 0)
		return r;
	step_set_barriers(plan, first_node);
	strmap_set(&plan->includes, slice_from(key), block);
	*ret = block;
	return 0;
}

int plan_include_tasks(struct plan *plan, const struct plan_node *node, struct slice file,
		       struct plan_block **ret, struct err *err)
{
	struct compiler c = compiler_at(plan, node);
	const char *path;
	size_t first = plan->nodes.len;
	int r = task_include_file(&c, node, file, &path, err);
	if (r < 0)
		return r;
	const char *key = arena_printf(&plan->arena, "%u/%s", node->id, path);
	struct plan_block *known = strmap_get(&plan->includes, slice_from(key));
	if (known) {
		*ret = known;
		return 0;
	}
	struct plan_attrs attrs = attrs_inherit(node->outer);
	struct plan_block *block = block_new(plan);
	r = apply_attrs(&c, node, &attrs, err);
	if (r == 0)
		r = block_compile_file(&c, path, &attrs, block, err);
	attrs_release(&attrs);
	return r < 0 ? r : finish(plan, key, first, block, ret, err);
}

static const char *or_main(const char *from)
{
	return from ? from : "main";
}

/* `public: true`: when a host comes to it, it is one of the play's roles. */
static int record_public(struct compiler *c, const struct plan_role *role, const char *key,
			 const struct value *public, struct err *err)
{
	const char *mark = arena_printf(&c->plan->arena, "public/%s", key);
	if (!c->plan->written_out || plan_is_false(public) ||
	    strmap_has(&c->plan->includes, slice_from(mark)))
		return 0;
	strmap_set(&c->plan->includes, slice_from(mark), c->plan);
	return role_record(c, role, err);
}

int plan_include_role(struct plan *plan, const struct plan_node *node, const struct value *args,
		      struct plan_block **ret, struct err *err)
{
	struct compiler c = compiler_at(plan, node), in;
	const struct value *name = value_get(args, "name"), *public = value_get(args, "public");
	const struct plan_role *role;
	struct role_use use = {0};
	size_t first = plan->nodes.len;
	if (!name || name->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, node->at, "include_role needs the role's name");
	int r = role_load(&c, c.file_dir, name, &role, err);
	if (r < 0)
		return r;
	if ((r = role_read_use(plan, args, &use, err)) < 0)
		return err_locate(err, r, node->at);
	use.task_vars = node->vars;
	const char *key = arena_printf(&plan->arena, "%u/%s/%s/%s/%s/%s", node->id, role->dir,
				       or_main(use.tasks_from), or_main(use.vars_from),
				       or_main(use.defaults_from), or_main(use.handlers_from));
	struct plan_block *known = strmap_get(&plan->includes, slice_from(key));
	if (known) {
		*ret = known;
		return record_public(&c, role, key, public, err);
	}
	struct plan_attrs attrs = attrs_inherit(node->outer);
	struct plan_block *block = block_new(plan);
	r = apply_attrs(&c, node, &attrs, err);
	if (r == 0 && !plan_is_false(public))
		r = role_gather(&c, role, &use, err);
	if (r == 0)
		r = role_enter(&c, role, &use, &in, err);
	if (r == 0)
		r = role_compile(&in, role, &use, &attrs, block, err);
	if (r == 0)
		r = record_public(&c, role, key, public, err);
	attrs_release(&attrs);
	return r < 0 ? err_locate(err, r, node->at) : finish(plan, key, first, block, ret, err);
}

/* ---- includes whose name is written out: compiled before the run ---- */

bool include_is_of_tasks(const struct plan_node *n)
{
	return n->kind == PLAN_TASK && module_kind_includes(n->module->kind);
}

bool include_is_literal(const struct plan_node *n)
{
	const struct value *name = task_include_name(n);
	return name && !template_has_markup(name->str) &&
	       !plan_has_markup(value_get(n->args, "tasks_from"));
}

/* So that what is wrong in them is told, and what they need (root, facts) known,
 * before any host is contacted. Each file once a step: one may include itself. */
int includes_compile(struct plan *plan, struct err *err)
{
	struct strmap seen = {0};
	int r = 0;
	for (size_t i = 0; r == 0 && i < plan->nodes.len; i++) {
		const struct plan_node *n = plan->nodes.at[i];
		struct plan_block *block;
		if (!include_is_of_tasks(n) || !include_is_literal(n))
			continue;
		const struct value *from = value_get(n->args, "tasks_from");
		const char *key = arena_printf(
			&plan->arena, "%zu/%s/%s/%s/%s", n->step->index,
			n->role ? n->role->dir : "", n->module->name, task_include_name(n)->str.ptr,
			from && from->type == VALUE_STRING ? from->str.ptr : "");
		if (strmap_has(&seen, slice_from(key)))
			continue;
		strmap_set(&seen, slice_from(key), &seen);
		if (n->module->kind == MODULE_KIND_INCLUDE_ROLE)
			r = plan_include_role(plan, n, n->args, &block, err);
		else
			r = plan_include_tasks(plan, n, task_include_name(n)->str, &block, err);
		r = plan_go_without(plan, plan->steps.at[n->step->index], r, err);
	}
	strmap_release(&seen);
	return r;
}
