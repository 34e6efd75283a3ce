/* kubernetes.core's k8s_info: the objects of a kind. */
#include "../call.h"
#include "ready.h"
#include "selector.h"

static const struct module_param params[] = {
	ACCESS_PARAMS,
	READY_PARAMS,
	{.name = "kind", .type = MODULE_STR, .required = true, .doc = "Their kind."},
	{.name = "api_version",
	 .type = MODULE_STR,
	 .fallback = "v1",
	 .aliases = object_version_aliases,
	 .doc = "Its group and version, like apps/v1."},
	{.name = "name", .type = MODULE_STR, .doc = "One of them alone."},
	{.name = "namespace", .type = MODULE_STR, .doc = "Theirs; all of them without it."},
	{.name = "label_selectors",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .fallback = "[]",
	 .doc = "Labels that they have."},
	{.name = "field_selectors",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .fallback = "[]",
	 .doc = "Fields that they have, like status.phase=Running."},
	{.name = "hidden_fields",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .fallback = "[]",
	 .doc = "Left out of the result, like metadata.managedFields."},
	{0},
};

struct question {
	const char *options[5], *type, *name;
};

/* kubectl takes a name or selectors. */
static void ask(struct module_call *call, struct question *q)
{
	struct arena *a = call->arena;
	const char *labels = selector_text(a, arg_list(call, "label_selectors", NULL)),
		   *fields = selector_text(a, arg_list(call, "field_selectors", NULL)),
		   *name = arg_has(call, "name") ? arg_str(call, "name") : NULL;
	bool selects = *labels || *fields;
	size_t n = 0;
	*q = (struct question){
		.name = selects ? NULL : name,
		.type = object_type(a, arg_str(call, "kind"), arg_str(call, "api_version"))};
	if (arg_has(call, "namespace"))
		q->options[n++] = arena_printf(a, "--namespace=%s", arg_str(call, "namespace"));
	else if (!q->name)
		q->options[n++] = "--all-namespaces";
	if (*labels)
		q->options[n++] = arena_printf(a, "--selector=%s", labels);
	if (selects && name)
		fields = arena_printf(a, "%s%smetadata.name=%s", fields, *fields ? "," : "", name);
	if (*fields)
		q->options[n++] = arena_printf(a, "--field-selector=%s", fields);
}

/* "metadata.managedFields" */
static const struct value *hide(struct arena *a, const struct value *object, struct slice path)
{
	struct slice key;
	const char *dot = memchr(path.ptr, '.', path.len);
	key = dot ? (struct slice){path.ptr, (size_t)(dot - path.ptr)} : path;
	const struct value *inner = value_get_slice(object, key);
	if (!inner)
		return object;
	struct value *rest = value_dict_dup(a, object);
	if (!dot) {
		value_dict_remove(rest, key);
		return rest;
	}
	path = (struct slice){dot + 1, path.len - key.len - 1};
	value_dict_put(a, rest, arena_slice(a, key).ptr, hide(a, inner, path));
	return rest;
}

static const struct value *shown(struct module_call *call, const struct value *object)
{
	const char *const *fields = arg_list(call, "hidden_fields", NULL);
	for (; fields && *fields; fields++)
		object = hide(call->arena, object, slice_from(*fields));
	return object;
}

/* Until there is something, if that is asked for. */
static int find(struct module_call *call, const struct question *q, const struct value **ret,
		bool *ret_found, struct err *err)
{
	struct ready_clock c;
	ready_begin(call, &c);
	do {
		int r = objects_find(call, q->options, q->type, q->name, ret, ret_found, err);
		if (r < 0)
			return r;
	} while (arg_bool(call, "wait") && !call->check_mode && *ret_found && !(*ret)->list.len &&
		 ready_pause(&c));
	return 0;
}

static int await(struct module_call *call, const struct value **object, struct err *err)
{
	struct ready w = {.state = READY_PRESENT};
	if (!arg_bool(call, "wait") || call->check_mode)
		return 0;
	int r = ready_wait(call, object_identity(call->arena, *object), &w, err);
	if (r < 0)
		return r;
	if (!w.reached)
		return err_set(err, ERR_TIMEOUT,
			       "Failed to gather information about %s(s) even after waiting for "
			       "%lld seconds",
			       object_str(*object, "kind"), (long long)w.duration_s);
	*object = w.object;
	return 0;
}

static int gather(struct module_call *call, struct err *err)
{
	struct question q;
	const struct value *list;
	struct value *resources = value_list_new(call->arena);
	bool found = false;
	int r = access_check(call, err);
	if (r == 0)
		r = ready_check(call, err);
	if (r < 0)
		return r;
	ask(call, &q);
	r = find(call, &q, &list, &found, err);
	for (size_t i = 0; r == 0 && i < list->list.len; i++) {
		const struct value *object = list->list.at[i];
		r = await(call, &object, err);
		value_list_push(call->arena, resources, shown(call, object));
	}
	if (r < 0)
		return r;
	result_put(call, "resources", resources);
	result_put_bool(call, "api_found", found);
	if (!found)
		result_put(call, "msg",
			   value_fmt(call->arena,
				     "Failed to find API for resource with apiVersion \"%s\" and "
				     "kind \"%s\"",
				     arg_str(call, "api_version"), arg_str(call, "kind")));
	return 0;
}

static int run(struct module_call *call, struct err *err)
{
	return program_settle(call, gather(call, err), err);
}

const struct module module_k8s_info = {
	.name = "k8s_info",
	.full_name = "kubernetes.core.k8s_info",
	.doc = "Tells of the objects of a Kubernetes cluster.",
	.objects_result = "resources",
	.params = params,
	.run = run,
};
