/* Magic variables of roles. Source: Ansible, "Special Variables"; ansible-core,
 * vars/manager.py, playbook/role_include.py, playbook/base.py (get_search_path). */
#include "magic.h"

#include <stdlib.h>

static bool holds(const struct value *list, const char *name)
{
	for (size_t i = 0; i < list->list.len; i++)
		if (value_is_str(list->list.at[i], name))
			return true;
	return false;
}

static void push_once(struct arena *a, struct value *list, const char *name)
{
	if (!holds(list, name))
		value_list_push(a, list, value_cstr(a, name));
}

/* The play's as they are named, twice where they are used twice. */
const struct value *magic_role_names(const struct scope *sc, struct arena *a, enum role_names which)
{
	if (!sc->strand)
		return NULL;
	const struct plan_step *step = sc->strand->step->plan;
	struct value *l = value_list_new(a);
	for (size_t i = 0; which != ROLE_NAMES_DEPENDENT && i < step->play_roles.len; i++) {
		if (which == ROLE_NAMES_PLAY)
			value_list_push(a, l, value_cstr(a, step->play_roles.at[i]->name));
		else
			push_once(a, l, step->play_roles.at[i]->name);
	}
	for (size_t i = 0; which != ROLE_NAMES_PLAY && i < step->dependent_roles.len; i++)
		push_once(a, l, step->dependent_roles.at[i]->name);
	return l;
}

const struct value *magic_parent_roles(const struct scope *sc, struct arena *a, bool folders)
{
	const struct plan_lineage *l = sc->node ? sc->node->lineage : NULL;
	struct value *list = NULL;
	for (; l; l = l->outer) {
		if (!l->included || !l->outer)
			continue;
		if (!list)
			list = value_list_new(a);
		value_list_push(
			a, list,
			value_cstr(a, folders ? l->outer->role->dir : l->outer->role->name));
	}
	return list;
}

const struct value *magic_search_path(const struct scope *sc, struct arena *a)
{
	if (!sc->strand || !sc->node)
		return NULL;
	struct value *list = value_list_new(a);
	for (const char *const *d = sc->node->search_dirs; *d; d++)
		value_list_push(a, list, value_cstr(a, *d));
	return list;
}
