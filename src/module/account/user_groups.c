#include "user_parts.h"

#include "../call.h"

#include <stdlib.h>

static int find_group(struct module_call *call, const char *name, struct host_group *ret,
		      struct err *err)
{
	const struct host_ops *ops = call->host->ops;
	int r = ops->group(call->host, call->arena, name, ret, err);
	if (r == 0 && !ret->exists && name[0] && strspn(name, "0123456789") == strlen(name))
		r = ops->group_by_id(call->host, call->arena, (gid_t)strtoul(name, NULL, 10), ret,
				     err);
	if (r == 0 && !ret->exists && !ret->assumed)
		r = err_set(err, ERR_NOT_FOUND, "Group %s does not exist", name);
	return r;
}

int user_group_id(struct module_call *call, const char *name, int64_t *ret_gid, struct err *err)
{
	struct host_group g;
	int r = find_group(call, name, &g, err);
	if (r == 0)
		*ret_gid = g.assumed ? -1 : (int64_t)g.gid;
	return r;
}

static bool holds(const char *const *list, const char *name)
{
	for (; list && *list; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

/* Those that have to be there after, without the primary group and duplicates. */
static int resolve(struct module_call *call, const struct host_user *now, const char **wanted,
		   size_t *ret_len, struct err *err)
{
	const char *const *names = call_names(call, "groups", NULL);
	size_t len = 0;
	for (; *names; names++) {
		struct host_group g;
		if (!(*names)[0])
			continue;
		int r = find_group(call, *names, &g, err);
		if (r < 0)
			return r;
		/* The user's groups are known by name. */
		const char *name = g.exists ? g.name : *names;
		bool primary = now->exists && g.exists && now->gid == g.gid;
		if (!primary && !holds(wanted, name))
			wanted[len++] = name;
	}
	*ret_len = len;
	return 0;
}

int user_groups(struct module_call *call, const struct host_user *now, const char *const **ret,
		struct err *err)
{
	size_t given, len, missing = 0, have = 0;
	*ret = NULL;
	if (!arg_has(call, "groups"))
		return 0;
	arg_list(call, "groups", &given);
	const char **wanted = ARENA_ARRAY(call->arena, const char *, given + 1);
	int r = resolve(call, now, wanted, &len, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < len; i++)
		missing += !holds(now->groups, wanted[i]);
	for (const char *const *g = now->groups; g && *g; g++)
		have++;
	bool surplus = !arg_bool(call, "append") && have > len - missing;
	if (missing || surplus)
		*ret = wanted;
	return 0;
}
