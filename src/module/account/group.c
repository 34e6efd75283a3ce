/* group: https://docs.ansible.com/ansible/latest/collections/ansible/builtin/group_module.html */
#include "../call.h"

static const char *const states[] = {"present", "absent", NULL};

static const struct module_param params[] = {
	{.name = "name", .type = MODULE_STR, .required = true, .doc = "Name of the group."},
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .doc = "Whether it shall exist."},
	{.name = "gid", .type = MODULE_INT, .doc = "Its id."},
	{.name = "system",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Takes an id of the system's range when it is made."},
	{.name = "non_unique",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "The id may be in use already."},
	{.name = "local", .type = MODULE_BOOL, .doc = "Accepted; groups are local anyway."},
	{0},
};

static void describe(struct strbuf *out, const struct host_group *g)
{
	if (g->exists)
		strbuf_printf(out, "name: %s\n", g->name);
	/* What check mode makes up would mislead. */
	if (g->exists && !host_id_is_provisional(g->gid))
		strbuf_printf(out, "gid: %u\n", g->gid);
}

static void put_gid(struct module_call *call, const struct host_group *g)
{
	if (g->exists && !host_id_is_provisional(g->gid))
		result_put_int(call, "gid", g->gid);
}

static int change(struct module_call *call, const struct host_group *before, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf old = {0}, new = {0};
	const char *name = arg_str(call, "name");
	const struct host_group_spec spec = {.name = name,
					     .gid = arg_int(call, "gid", -1),
					     .system = arg_bool(call, "system"),
					     .non_unique = arg_bool(call, "non_unique")};
	struct host_group after = {0};
	bool absent = strcmp(arg_str(call, "state"), "absent") == 0;
	const struct host_ops *ops = call->host->ops;
	int r = absent ? ops->group_remove(call->host, name, err)
		       : ops->group_set(call->host, &spec, err);
	if (r == 0 && !absent)
		r = ops->group(call->host, call->arena, name, &after, err);
	if (r < 0)
		return r;
	result_changed(call);
	put_gid(call, &after);
	describe(&old, before);
	describe(&new, &after);
	result_diff(call, "group", strbuf_slice(&old), "group", strbuf_slice(&new));
	return 0;
}

static int run(struct module_call *call, struct err *err)
{
	const char *name = arg_str(call, "name"), *state = arg_str(call, "state");
	int64_t gid = arg_int(call, "gid", -1);
	struct host_group now;
	result_put_str(call, "name", name);
	result_put_str(call, "state", state);
	int r = call->host->ops->group(call->host, call->arena, name, &now, err);
	if (r < 0)
		return r;
	if (strcmp(state, "absent") == 0)
		return now.exists ? change(call, &now, err) : 0;
	result_put_bool(call, "system", arg_bool(call, "system"));
	if (!now.exists || (gid >= 0 && now.gid != (gid_t)gid))
		return change(call, &now, err);
	put_gid(call, &now);
	return 0;
}

const struct module module_group = {
	.name = "group",
	.full_name = "ansible.builtin.group",
	.doc = "Adds and removes groups.",
	.params = params,
	.run = run,
};
