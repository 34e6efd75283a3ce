/* Roles of collections, as ansible-galaxy lays them:
 * PATH/ansible_collections/NAMESPACE/COLLECTION/roles/ROLE.
 * Source: Ansible, "Using collections". */
#include "../internal.h"
#include "rollout/base/file.h"

#include <sys/stat.h>

#define COLLECTIONS "ansible_collections"

static bool is_there(const char *path, bool folder)
{
	struct stat st;
	return stat(path, &st) == 0 && (folder ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode));
}

/* "ns.coll" and "role", or "sub.role" of a folder below, in one of the folders of
 * collections. */
static const char *find_in(struct plan *plan, const char *dir, struct slice collection,
			   struct slice role)
{
	const char *dot = memchr(collection.ptr, '.', collection.len);
	if (!dot || collection.len > 200 || role.len > 200)
		return NULL;
	int n = (int)(dot - collection.ptr), rest = (int)collection.len - n - 1;
	bool inside = slice_is(path_basename(dir), COLLECTIONS);
	char *path = arena_printf(&plan->arena, "%s%s/%.*s/%.*s/roles/%.*s", dir,
				  inside ? "" : "/" COLLECTIONS, n, collection.ptr, rest, dot + 1,
				  SLICE_ARG(role));
	for (char *p = path + strlen(path) - role.len; *p; p++)
		*p = *p == '.' ? '/' : *p;
	return is_there(path, true) ? path : NULL;
}

static const char *find(const struct compiler *c, struct slice collection, struct slice role)
{
	struct plan *plan = c->plan;
	const char *beside = arena_printf(&plan->arena, "%s/collections", plan_dir(plan, c->step));
	const char *found = find_in(plan, beside, collection, role);
	for (const char *const *p = plan->collections_path; !found && p && *p; p++)
		found = find_in(plan, *p, collection, role);
	return found;
}

static const char *find_named(const struct compiler *c, const struct value *names,
			      struct slice role)
{
	const char *found = NULL;
	if (names && names->type == VALUE_STRING)
		return find(c, names->str, role);
	for (size_t i = 0; !found && names && names->type == VALUE_LIST && i < names->list.len; i++)
		if (names->list.at[i]->type == VALUE_STRING)
			found = find(c, names->list.at[i]->str, role);
	return found;
}

/* "ns.coll" of a full name, "role" or "sub.role" what follows. */
static bool split_name(struct slice name, struct slice *ret_collection, struct slice *ret_role)
{
	const char *end = name.ptr + name.len, *dot = memchr(name.ptr, '.', name.len);
	const char *second = dot ? memchr(dot + 1, '.', (size_t)(end - dot - 1)) : NULL;
	if (!second || memchr(name.ptr, '/', name.len))
		return false;
	*ret_collection = (struct slice){name.ptr, (size_t)(second - name.ptr)};
	*ret_role = (struct slice){second + 1, (size_t)(end - second - 1)};
	return true;
}

const char *collection_role(const struct compiler *c, struct slice name)
{
	struct slice collection, role;
	if (split_name(name, &collection, &role))
		return find(c, collection, role);
	if (memchr(name.ptr, '.', name.len) || memchr(name.ptr, '/', name.len))
		return NULL;
	if (c->role && c->role->collection) {
		char *path = arena_printf(&c->plan->arena, "%s/roles/%.*s", c->role->collection,
					  SLICE_ARG(name));
		if (is_there(path, true))
			return path;
	}
	const char *found =
		c->role ? find_named(c, value_get(c->role->meta, "collections"), name) : NULL;
	return found || !c->step ? found : find_named(c, c->step->collections, name);
}

/* What follows the last "ansible_collections/" of a path; empty: it has none. */
static struct slice below_collections(struct slice path)
{
	static const struct slice mark = SLICE_LIT("/" COLLECTIONS "/");
	for (size_t i = path.len; i >= mark.len; i--)
		if (slice_eq((struct slice){path.ptr + i - mark.len, mark.len}, mark))
			return (struct slice){path.ptr + i, path.len - i};
	return SLICE_LIT("");
}

void collection_name_role(struct arena *a, const char *dir, struct plan_role *role)
{
	struct slice rest = below_collections(slice_from(dir)), part[3], last = path_basename(dir);
	for (size_t i = 0; i < ARRAY_LEN(part); i++)
		if (!slice_split(&rest, '/', &part[i]))
			return;
	if (!slice_is(part[2], "roles") || rest.len == 0)
		return;
	role->name = arena_printf(a, "%.*s.%.*s.%.*s", SLICE_ARG(part[0]), SLICE_ARG(part[1]),
				  SLICE_ARG(last));
	role->collection = arena_strndup(a, dir, (size_t)(part[2].ptr - dir) - 1);
}

bool collection_has_module(const struct compiler *c, struct slice name)
{
	if (!c->role || !c->role->collection)
		return false;
	return is_there(arena_printf(&c->plan->arena, "%s/plugins/modules/%.*s.py",
				     c->role->collection, SLICE_ARG(name)),
			false);
}
