/* Includes: compiled before the run where their name is written out, and when
 * they are met where only run time knows it. */
#include "internal.h"

#include <stdlib.h>

static struct compiler compiler_at(struct plan *plan, const struct plan_node *node)
{
	struct compiler c = {
		.plan = plan, .step = (struct plan_step *)node->step, .role = node->role};
	c.role_defaults = node->role_defaults;
	c.role_vars = node->role_vars;
	c.role_params = node->role_params;
	c.include_params = node->include_params;
	c.handlers = false;
	c.rescued = true;
	if (node->at.file) {
		const char *slash = strrchr(node->at.file, '/');
		c.file_dir = slash ? arena_strndup(&plan->arena, node->at.file,
						   (size_t)(slash - node->at.file))
				   : ".";
	}
	return c;
}

/* What `apply:` hands to the included tasks. */
static int apply_attrs(struct compiler *c, const struct plan_node *node, struct plan_attrs *attrs,
		       struct err *err)
{
	const struct value *apply = value_get(node->args, "apply");
	for (size_t i = 0; apply && apply->type == VALUE_DICT && i < apply->dict.len; i++) {
		const struct value *key = apply->dict.at[i].key;
		int r = attrs_take(c, attrs, key, apply->dict.at[i].value, err);
		if (r < 0)
			return r;
		if (r == ATTR_NOT_MINE)
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
	const char *key = arena_printf(&plan->arena, "%u/%s/%s/%s/%s/%s", node->id, role->dir,
				       or_main(use.tasks_from), or_main(use.vars_from),
				       or_main(use.defaults_from), or_main(use.handlers_from));
	struct plan_block *known = strmap_get(&plan->includes, slice_from(key));
	if (known) {
		*ret = known;
		return 0;
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
	attrs_release(&attrs);
	return r < 0 ? err_locate(err, r, node->at) : finish(plan, key, first, block, ret, err);
}

/* ---- includes whose name is written out: compiled before the run ---- */

static bool is_literal_include(const struct plan_node *n)
{
	const struct value *name;
	if (n->kind != PLAN_TASK || !slice_starts_with(slice_from(n->module->name), "include_") ||
	    strcmp(n->module->name, "include_vars") == 0)
		return false;
	name = task_include_name(n);
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
		if (!is_literal_include(n))
			continue;
		const struct value *from = value_get(n->args, "tasks_from");
		const char *key = arena_printf(
			&plan->arena, "%zu/%s/%s/%s/%s", n->step->index,
			n->role ? n->role->dir : "", n->module->name, task_include_name(n)->str.ptr,
			from && from->type == VALUE_STRING ? from->str.ptr : "");
		if (strmap_has(&seen, slice_from(key)))
			continue;
		strmap_set(&seen, slice_from(key), &seen);
		if (strcmp(n->module->name, "include_role") == 0)
			r = plan_include_role(plan, n, n->args, &block, err);
		else
			r = plan_include_tasks(plan, n, task_include_name(n)->str, &block, err);
	}
	strmap_release(&seen);
	return r;
}
