/* kubernetes.core's helm_info: a release with its values, objects, hooks and notes. */
#include "helm_run.h"
#include "rollout/value/yaml.h"

static const char *const states[] = {"all",	   "deployed",	  "failed",	  "pending",
				     "superseded", "uninstalled", "uninstalling", NULL};

static const struct module_param params[] = {
	HELM_PARAMS,
	HELM_RELEASE_PARAMS,
	{.name = "release_state",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .choices = states,
	 .fallback = "[]",
	 .doc = "In which states; deployed and failed without it."},
	{.name = "get_all_values",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "The chart's own values, too."},
	{0},
};

static int get(struct module_call *call, const char *what, struct program *p, struct err *err)
{
	helm_begin(call, arena_printf(call->arena, "get %s", what), p);
	program_add(p, "--");
	program_add(p, arg_str(call, "release_name"));
	return program_read(p, err);
}

static int put_objects(struct module_call *call, struct value *release, const char *what,
		       struct err *err)
{
	struct program p;
	const struct value *documents;
	struct value *objects = value_list_new(call->arena);
	int r = get(call, what, &p, err);
	if (r == 0)
		r = yaml_parse_all(call->arena, what, p.out, &documents, err);
	for (size_t i = 0; r == 0 && i < documents->list.len; i++)
		if (documents->list.at[i]->type != VALUE_NULL)
			value_list_push(call->arena, objects, documents->list.at[i]);
	if (r == 0)
		value_dict_put(call->arena, release, what, objects);
	return r;
}

static int gather(struct module_call *call, struct err *err)
{
	struct value *release = NULL;
	struct program p;
	int r = access_check(call, err);
	if (r == 0)
		r = helm_release(call, arg_list(call, "release_state", NULL),
				 arg_bool(call, "get_all_values"), &release, err);
	if (r < 0 || !release)
		return r;
	if ((r = put_objects(call, release, "manifest", err)) < 0 ||
	    (r = put_objects(call, release, "hooks", err)) < 0 ||
	    (r = get(call, "notes", &p, err)) < 0)
		return r;
	value_dict_put(call->arena, release, "notes", value_str(call->arena, p.out));
	result_put(call, "status", release);
	return 0;
}

static int run(struct module_call *call, struct err *err)
{
	return program_settle(call, gather(call, err), err);
}

static const char *const excludes[] = {"context|ca_cert", NULL};

const struct module module_helm_info = {
	.name = "helm_info",
	.full_name = "kubernetes.core.helm_info",
	.doc = "Tells of a release of a Helm chart.",
	.objects_result = "status",
	.params = params,
	.mutually_exclusive = excludes,
	.run = run,
};
