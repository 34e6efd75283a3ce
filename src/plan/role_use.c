/* Which uses of a role are one and the same. Source: ansible-core,
 * playbook/role/__init__.py (Role.load), role_include.py. */
#include "internal.h"

/* Of an entry's keywords only these tell two uses apart; what is no keyword is a parameter. */
static bool tells_apart(struct compiler *c, const struct value *key)
{
	static const char *const names[] = {"tags", "vars", "when"};
	struct plan_attrs ignored = {0};
	struct err err = {0};
	const struct value null = {.type = VALUE_NULL};
	if (value_is_str(key, "role") || value_is_str(key, "name"))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (value_is_str(key, names[i]))
			return true;
	int r = attrs_take(c, &ignored, key, &null, &err);
	attrs_release(&ignored);
	return r == ATTR_NOT_MINE;
}

static bool says_all_of(struct compiler *c, const struct value *a, const struct value *b)
{
	for (size_t i = 0; a && i < a->dict.len; i++) {
		const struct value *key = a->dict.at[i].key, *other = b ? value_find(b, key) : NULL;
		if (tells_apart(c, key) && (!other || !value_equal(other, a->dict.at[i].value)))
			return false;
	}
	return true;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_vars(const struct value *a, const struct value *b)
{
	size_t na = a ? a->dict.len : 0, nb = b ? b->dict.len : 0;
	return na == nb && (na == 0 || value_equal(a, b));
}

static bool is_same(struct compiler *c, const struct plan_role_use *a,
		    const struct plan_role_use *b)
{
	for (size_t i = 0; i < ARRAY_LEN(a->from); i++)
		if (!same_text(a->from[i], b->from[i]))
			return false;
	return a->role == b->role && a->included == b->included && same_vars(a->vars, b->vars) &&
	       says_all_of(c, a->entry, b->entry) && says_all_of(c, b->entry, a->entry);
}

const struct plan_role_use *role_use_find(struct compiler *c, const struct plan_role *role,
					  const struct role_use *use)
{
	struct plan_role_use wanted = {
		.role = role,
		.entry = use->entry,
		.vars = use->task_vars,
		.from = {use->tasks_from, use->vars_from, use->defaults_from, use->handlers_from},
		.included = use->included,
	};
	for (size_t i = 0; i < c->step->role_uses.len; i++)
		if (is_same(c, &wanted, c->step->role_uses.at[i]))
			return c->step->role_uses.at[i];
	struct plan_role_use *found = ARENA_NEW(&c->plan->arena, struct plan_role_use);
	*found = wanted;
	vec_push(&c->step->role_uses, found);
	return found;
}

bool role_is_once(const struct plan_role *role, const struct role_use *use)
{
	const struct value *allow = value_get(role->meta, "allow_duplicates");
	bool duplicates = false;
	if (use->included)
		return use->once;
	return !(allow && value_to_bool(allow, &duplicates) && duplicates);
}
