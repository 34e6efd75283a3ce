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

/* Of a play's roles those that there are. */
struct entries {
	const struct value **at;
	size_t len;
};

/* An entry's `vars` are seen by all of the play, as the role's own are. */
static const struct value *vars_of(const struct value *entry)
{
	const struct value *vars = entry->type == VALUE_DICT ? value_get(entry, "vars") : NULL;
	return vars && vars->type == VALUE_DICT ? vars : NULL;
}

static int gather_role(struct compiler *c, const struct value *entry, struct err *err)
{
	const struct plan_role *role;
	const struct role_use use = {.vars = vars_of(entry)};
	int r = role_entry_name(c, NULL, entry, &role, err);
	if (r == 0)
		r = role_gather(c, role, &use, err);
	return r < 0 ? r : role_record(c, role, err);
}

/* First the variables of all roles, which the others see; then their tasks. */
static int gather_roles(struct compiler *c, const struct value *play, struct entries *ret,
			struct err *err)
{
	const struct value *roles = value_get(play, "roles");
	int r = 0;
	if (is_empty(roles))
		return 0;
	if (roles->type != VALUE_LIST)
		return err_at(err, ERR_INVALID, roles->at, "'roles' is a list of roles, not a %s",
			      value_type_name(roles));
	ret->at = ARENA_ARRAY(&c->plan->arena, const struct value *, roles->list.len);
	for (size_t i = 0; r == 0 && i < roles->list.len; i++) {
		const struct value *entry = roles->list.at[i];
		if ((r = gather_role(c, entry, err)) == 0)
			ret->at[ret->len++] = entry;
		r = plan_go_without(c->plan, c->step, r, err);
	}
	return r;
}

static int add_roles(struct compiler *c, const struct entries *roles, struct plan_block *out,
		     struct err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < roles->len; i++) {
		r = role_entry_compile(c, NULL, roles->at[i], &c->step->attrs, out, err);
		r = plan_go_without(c->plan, c->step, r, err);
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
static int add_section(struct compiler *c, const struct value *play, const struct entries *roles,
		       const char *key, struct err *err)
{
	struct plan_block section = {0};
	bool first = strcmp(key, "pre_tasks") == 0;
	int r = strcmp(key, "tasks") == 0 ? add_roles(c, roles, &section, err) : 0;
	if (r == 0)
		r = plan_go_without(c->plan, c->step, add_tasks(c, play, key, &section, err), err);
	if (r == 0 && (section.body.len || !first))
		r = finish_section(c, &section, err);
	vec_release(&section.body);
	return r;
}

int play_sections(struct compiler *c, const struct value *play, struct err *err)
{
	static const char *const keys[] = {"pre_tasks", "tasks", "post_tasks"};
	const struct value *handlers = value_get(play, "handlers");
	struct entries roles = {0};
	int r = plan_go_without(c->plan, c->step, gather_roles(c, play, &roles, err), err);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(keys); i++)
		r = add_section(c, play, &roles, keys[i], err);
	if (r == 0 && !is_empty(handlers))
		r = handlers_compile(c, handlers, &c->step->attrs, err);
	return r;
}
