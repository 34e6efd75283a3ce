/* Modules that Ansible's world has and rollout has not. Roles name them in tasks
 * for other systems, which `when` or a computed include keeps from being done: so
 * one is an error before the run only where its task is sure to be done; elsewhere
 * a warning, and the task fails when it is reached. */
#include "../internal.h"
#include "foreign_names.h"

#include <ctype.h>

/* Collections whose modules are all in rollout's table or in foreign_names. */
static const char *const listed[] = {"ansible.builtin.", "ansible.legacy.",    "ansible.posix.",
				     "rollout.",	 "community.general.", "community.crypto."};

static const struct module_param no_params[] = {{0}};

static const struct module foreign_module = {
	.name = "foreign_module",
	.full_name = "rollout.foreign_module",
	.doc = "What stands for a module that rollout does not have.",
	.flags = MODULE_ACTION | MODULE_ANY_ARGS | MODULE_FREE_FORM,
	.params = no_params,
};

static bool has_prefix(struct slice name)
{
	struct slice rest = slice_from(foreign_prefixes), next;
	while (rest.len > 0 && slice_split(&rest, ' ', &next))
		if (next.len && name.len >= next.len &&
		    slice_eq((struct slice){name.ptr, next.len}, next))
			return true;
	return false;
}

static bool is_listed(struct slice word)
{
	struct slice rest = slice_from(foreign_names), next;
	while (rest.len > 0 && slice_split(&rest, ' ', &next))
		if (slice_eq(next, word))
			return true;
	return false;
}

/* Of namespace.collection.module. */
static struct slice last_part(struct slice name, size_t *ret_dots)
{
	struct slice last = name;
	*ret_dots = 0;
	for (size_t i = 0; i < name.len; i++) {
		bool word = isalnum((unsigned char)name.ptr[i]) || name.ptr[i] == '_';
		if (name.ptr[i] == '.') {
			++*ret_dots;
			last = (struct slice){name.ptr + i + 1, name.len - i - 1};
		} else if (!word) {
			return (struct slice){NULL, 0};
		}
	}
	return last;
}

/* A name that rollout knows in another collection is a mistake, not foreign. */
static bool is_foreign(struct slice name)
{
	size_t dots;
	struct slice last = last_part(name, &dots);
	if (last.len == 0)
		return false;
	if (dots == 0)
		return has_prefix(name) || is_listed(name);
	if (dots < 2 || module_find(last))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(listed); i++)
		if (slice_starts_with(name, listed[i]))
			return is_listed(last);
	return true;
}

bool foreign_is(const struct module *m)
{
	return m == &foreign_module;
}

void foreign_stand_in(struct plan_node *node)
{
	node->module = &foreign_module;
	node->written_name = "";
}

const struct module *foreign_find(const struct compiler *c, struct slice name)
{
	return is_foreign(name) || collection_has_module(c, name) ? &foreign_module : NULL;
}

int foreign_check(struct compiler *c, const struct plan_node *node, struct err *err)
{
	char hint[160];
	const char *name = node->written_name;
	if (!foreign_is(node->module) || !*name)
		return 0;
	if (task_is_certain(c, node))
		return err_at(err, ERR_UNSUPPORTED, node->at, "rollout has no module '%s'%s", name,
			      module_hint(slice_from(name), hint, sizeof(hint)));
	plan_warn(c->plan, node->at,
		  "rollout has no module '%s': a task that comes to it will fail", name);
	return 0;
}

int foreign_tolerate(struct compiler *c, bool certain, int r, const struct err *err)
{
	if (r != ERR_UNSUPPORTED || certain)
		return r;
	plan_warn(c->plan, err->at, "%s: a task that comes to it will fail", err->msg);
	return 0;
}
