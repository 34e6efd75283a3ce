/* kubernetes.core's k8s_scale: replicas, or a Job's parallelism. */
#include "merge.h"
#include "ready.h"

#include <strings.h>

static const struct module_param params[] = {
	ACCESS_PARAMS,
	{.name = "replicas", .type = MODULE_INT, .required = true, .doc = "How many."},
	{.name = "current_replicas",
	 .type = MODULE_INT,
	 .doc = "Only where there are so many now."},
	{.name = "resource_version",
	 .type = MODULE_STR,
	 .doc = "Only where the object has this version."},
	{.name = "resource_definition",
	 .type = MODULE_RAW,
	 .aliases = object_definition_aliases,
	 .doc = "The object: a mapping, or YAML text."},
	{.name = "src", .type = MODULE_PATH, .doc = "A file of it on the host."},
	{.name = "api_version",
	 .type = MODULE_STR,
	 .fallback = "v1",
	 .aliases = object_version_aliases,
	 .doc = "Its group and version, like apps/v1."},
	{.name = "kind", .type = MODULE_STR, .doc = "Its kind."},
	{.name = "name", .type = MODULE_STR, .doc = "Its name."},
	{.name = "namespace", .type = MODULE_STR, .doc = "Its namespace."},
	{.name = "label_selectors",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .doc = "All of the kind with these labels, instead of a name."},
	{.name = "wait",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Until so many are available."},
	{.name = "wait_timeout",
	 .type = MODULE_INT,
	 .fallback = "20",
	 .doc = "How long that may take, in seconds."},
	{.name = "wait_sleep",
	 .type = MODULE_INT,
	 .fallback = "5",
	 .doc = "Seconds between two looks."},
	{0},
};

static const char *field_of(const struct value *object)
{
	return strcasecmp(object_str(object, "kind"), "job") == 0 ? "parallelism" : "replicas";
}

/* {spec: {replicas: 3}} */
static const struct value *patch(struct module_call *call, const struct value *object)
{
	struct arena *a = call->arena;
	struct value *spec = value_dict_new(a), *p = value_dict_new(a);
	value_dict_put(a, spec, field_of(object), value_int(a, arg_int(call, "replicas", 0)));
	value_dict_put(a, p, "spec", spec);
	return p;
}

static int scale_by_name(struct module_call *call, const struct value *object, struct err *err)
{
	struct program p;
	const char *space = object_meta(object, "namespace");
	access_begin(call, "scale", &p);
	program_add_fmt(&p, "--replicas=%lld", (long long)arg_int(call, "replicas", 0));
	if (*space)
		program_add_fmt(&p, "--namespace=%s", space);
	program_add(&p, "--");
	program_add(&p, object_type(call->arena, object_str(object, "kind"),
				    object_str(object, "apiVersion")));
	program_add(&p, object_meta(object, "name"));
	return program_change(&p, err);
}

/* kubectl scale knows no Job: that is replaced. */
static int scale(struct module_call *call, const struct value *object, const struct value **ret,
		 struct err *err)
{
	const char *const quiet[] = {"--validate=false", NULL};
	const struct value *wanted = merge_patch(call->arena, object, patch(call, object), false);
	*ret = wanted;
	if (strcmp(field_of(object), "parallelism") == 0)
		return object_send(call, "replace", quiet, wanted, ret, err);
	int r = scale_by_name(call, object, err);
	return r < 0 || call->check_mode ? r : object_get(call, object, ret, NULL, err);
}

static int await(struct module_call *call, const struct value **object, struct value *result,
		 struct err *err)
{
	struct ready w = {.state = READY_PRESENT};
	if (!arg_bool(call, "wait") || call->check_mode)
		return 0;
	int r = ready_wait(call, object_identity(call->arena, *object), &w, err);
	if (r < 0)
		return r;
	value_dict_put(call->arena, result, "duration", value_int(call->arena, w.duration_s));
	if (!w.reached)
		return err_set(err, ERR_TIMEOUT, "Resource scaling timed out: %s",
			       object_title(call->arena, *object));
	*object = w.object;
	return 0;
}

static bool is_meant(const struct module_call *call, const struct value *object, int64_t count)
{
	const char *version = arg_str(call, "resource_version");
	if (version && strcmp(version, object_meta(object, "resourceVersion")) != 0)
		return false;
	return !arg_has(call, "current_replicas") || arg_int(call, "current_replicas", -1) == count;
}

static int one(struct module_call *call, const struct value *existing, struct value *result,
	       struct err *err)
{
	const struct value *count = value_get(value_get(existing, "spec"), field_of(existing)),
			   *after = existing;
	int r = 0;
	if (!count || count->type != VALUE_INT)
		return err_set(err, ERR_UNSUPPORTED, "Cannot perform scale on resource of kind %s",
			       object_str(existing, "kind"));
	bool changes = is_meant(call, existing, count->integer) &&
		       count->integer != arg_int(call, "replicas", 0);
	if (changes) {
		result_changed(call);
		r = scale(call, existing, &after, err);
		if (r == 0 && after)
			object_diff(call, existing, after);
		if (r == 0 && after)
			r = await(call, &after, result, err);
	}
	value_dict_put(call->arena, result, "result", after ? after : existing);
	value_dict_put(call->arena, result, "changed", value_bool(changes));
	return r;
}

static int find(struct module_call *call, const struct value *object, const struct value **ret,
		struct err *err)
{
	struct arena *a = call->arena;
	const char *const *selectors = arg_list(call, "label_selectors", NULL);
	struct value *list = value_list_new(a);
	const struct value *existing;
	bool found;
	if (selectors && *selectors && !*object_meta(object, "name"))
		return objects_selected(call, object, selectors, ret, &found, err);
	if (!*object_meta(object, "name"))
		return err_set(err, ERR_INVALID, "k8s_scale needs name");
	int r = object_get(call, object, &existing, NULL, err);
	if (r == 0 && !existing && call->check_mode)
		return err_set(err, ERR_UNKNOWN, "would scale %s, which is not there",
			       object_title(a, object));
	if (r == 0 && !existing)
		return err_set(err, ERR_NOT_FOUND,
			       "Failed to retrieve requested object: %s is not there",
			       object_title(a, object));
	if (r == 0)
		value_list_push(a, list, existing);
	*ret = list;
	return r;
}

static void put_results(struct module_call *call, const struct value *results)
{
	if (results->list.len != 1) {
		result_put(call, "results", results);
		return;
	}
	const struct value *only = results->list.at[0], *duration = value_get(only, "duration");
	result_put(call, "result", value_get(only, "result"));
	if (duration || arg_bool(call, "wait"))
		result_put(call, "duration", duration ? duration : value_int(call->arena, 0));
}

static int run_all(struct module_call *call, struct err *err)
{
	const struct value *objects, *existing;
	struct value *results = value_list_new(call->arena);
	if (arg_int(call, "replicas", 0) < 0)
		return err_set(err, ERR_INVALID, "replicas must not be negative");
	int r = access_check(call, err);
	if (r == 0)
		r = objects_of_task(call, &objects, err);
	for (size_t i = 0; r == 0 && i < objects->list.len; i++) {
		r = find(call, objects->list.at[i], &existing, err);
		for (size_t k = 0; r == 0 && k < existing->list.len; k++) {
			struct value *result = value_dict_new(call->arena);
			r = one(call, existing->list.at[k], result, err);
			value_list_push(call->arena, results, result);
		}
	}
	if (r == 0)
		put_results(call, results);
	return r;
}

static int run(struct module_call *call, struct err *err)
{
	return program_settle(call, run_all(call, err), err);
}

static const char *const excludes[] = {"resource_definition|src", NULL};

const struct module module_k8s_scale = {
	.name = "k8s_scale",
	.full_name = "kubernetes.core.k8s_scale",
	.doc = "Sets how many replicas an object of a Kubernetes cluster has.",
	.params = params,
	.mutually_exclusive = excludes,
	.run = run,
};
