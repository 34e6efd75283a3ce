/* What a play does: pre_tasks, roles, tasks, post_tasks, and where its handlers run. */
#include "../internal.h"

/* A task that nobody wrote: meta: flush_handlers. */
static int add_flush(struct compiler *c, struct plan_block *out, struct err *err)
{
	struct arena *a = &c->plan->arena;
	struct plan_attrs none = {0};
	struct value *task = value_dict_new(a);
	struct plan_node *node;
	task->at = c->step->at;
	value_dict_put(a, task, "meta", value_cstr(a, "flush_handlers"));
	int r = task_compile(c, task, &none, &node, err);
	if (r < 0)
		return r;
	node->implicit = node->selected = true;
	c->step->ntasks--;
	vec_push(&out->body, node);
	return 0;
}

static bool is_empty(const struct value *list)
{
	return !list || list->type == VALUE_NULL ||
	       (list->type == VALUE_LIST && list->list.len == 0);
}

static int add_tasks(struct compiler *c, const struct value *play, const char *key,
		     struct plan_block *out, struct err *err)
{
	const struct value *list = value_get(play, key);
	return is_empty(list) ? 0 : block_compile(c, list, &c->step->attrs, out, err);
}

static int check_roles(const struct value *roles, struct err *err)
{
	if (roles->type != VALUE_LIST)
		return err_at(err, ERR_INVALID, roles->at, "'roles' is a list of roles, not a %s",
			      value_type_name(roles));
	return 0;
}

/* First all of their variables, which the others see; then their tasks. */
static int add_roles(struct compiler *c, const struct value *play, struct plan_block *out,
		     struct err *err)
{
	const struct value *roles = value_get(play, "roles");
	int r = is_empty(roles) ? 0 : check_roles(roles, err);
	for (size_t i = 0; r == 0 && !is_empty(roles) && i < roles->list.len; i++)
		r = role_entry_compile(c, NULL, roles->list.at[i], &c->step->attrs, out, err);
	return r;
}

/* An entry's `vars` are seen by all of the play, as the role's own are. */
static const struct value *vars_of(const struct value *entry)
{
	const struct value *vars = entry->type == VALUE_DICT ? value_get(entry, "vars") : NULL;
	return vars && vars->type == VALUE_DICT ? vars : NULL;
}

static int gather_roles(struct compiler *c, const struct value *play, struct err *err)
{
	const struct value *roles = value_get(play, "roles");
	int r = is_empty(roles) ? 0 : check_roles(roles, err);
	for (size_t i = 0; r == 0 && !is_empty(roles) && i < roles->list.len; i++) {
		const struct plan_role *role;
		r = role_entry_name(c, NULL, roles->list.at[i], &role, err);
		if (r == 0)
			r = role_gather(c, role,
					&(struct role_use){.vars = vars_of(roles->list.at[i])},
					err);
		if (r == 0)
			r = role_record(c, role, err);
	}
	return r;
}

/* The section's tasks and then its handlers; with force_handlers also when the
 * tasks failed. */
static int finish_section(struct compiler *c, struct plan_block *section, struct err *err)
{
	if (!c->step->force_handlers) {
		for (size_t i = 0; i < section->body.len; i++)
			vec_push(&c->step->body->body, section->body.at[i]);
		section->body.len = 0;
		return add_flush(c, c->step->body, err);
	}
	struct plan_attrs none = {0};
	struct plan_block flush = {0};
	struct plan_node *node = node_new(c, PLAN_BLOCK, c->step->at, &none);
	node->implicit = true;
	node->block = block_new(c->plan);
	memcpy(&node->block->body, &section->body, sizeof(section->body));
	memset(&section->body, 0, sizeof(section->body));
	int r = add_flush(c, &flush, err);
	memcpy(&node->block->always, &flush.body, sizeof(flush.body));
	vec_push(&c->step->body->body, node);
	return r;
}

/* A section without tasks has no handlers to run but those of the one before. */
static int add_section(struct compiler *c, const struct value *play, unsigned which,
		       struct err *err)
{
	struct plan_block section = {0};
	int r = 0;
	if (which == 0)
		r = add_tasks(c, play, "pre_tasks", &section, err);
	if (which == 1 && (r = add_roles(c, play, &section, err)) == 0)
		r = add_tasks(c, play, "tasks", &section, err);
	if (which == 2)
		r = add_tasks(c, play, "post_tasks", &section, err);
	if (r == 0 && (section.body.len || which > 0))
		r = finish_section(c, &section, err);
	vec_release(&section.body);
	return r;
}

int play_sections(struct compiler *c, const struct value *play, struct err *err)
{
	const struct value *handlers = value_get(play, "handlers");
	int r = gather_roles(c, play, err);
	for (unsigned which = 0; r == 0 && which < 3; which++)
		r = add_section(c, play, which, err);
	if (r == 0 && !is_empty(handlers))
		r = handlers_compile(c, handlers, &c->step->attrs, err);
	return r;
}
