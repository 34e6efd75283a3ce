/*
 * kubernetes.core's k8s through the host's kubectl. An object is asked for, the
 * definition laid over it, and what differs is sent; in check mode with
 * --dry-run=server. https://docs.ansible.com, kubernetes.core.k8s.
 */
#include "change.h"
#include "merge.h"
#include "ready.h"
#include "rollout/base/digest.h"
#include "selector.h"

#define CONFLICT_RETRIES 5 /* somebody else has changed it meanwhile */

static const char *const states[] = {"present", "absent", "patched", NULL};
static const char *const merge_types[] = {"merge", "strategic-merge", NULL};

static const struct module_param params[] = {
	ACCESS_PARAMS,
	READY_PARAMS,
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .doc = "patched leaves alone what is not there."},
	{.name = "resource_definition",
	 .type = MODULE_RAW,
	 .aliases = object_definition_aliases,
	 .doc = "The objects: a mapping, a list of them, or YAML text of one or more."},
	{.name = "src", .type = MODULE_PATH, .doc = "A file of them on the host."},
	{.name = "template",
	 .type = MODULE_RAW,
	 .doc = "Templates of them on the controller: a path, a mapping with path, a list."},
	{.name = "api_version",
	 .type = MODULE_STR,
	 .fallback = "v1",
	 .aliases = object_version_aliases,
	 .doc = "Of an object without definition."},
	{.name = "kind", .type = MODULE_STR, .doc = "Of an object without definition."},
	{.name = "name", .type = MODULE_STR, .doc = "Of an object that has none."},
	{.name = "namespace", .type = MODULE_STR, .doc = "Of objects that have none."},
	{.name = "generate_name",
	 .type = MODULE_STR,
	 .doc = "What a name begins with that the server makes."},
	{.name = "force",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Replaces an object instead of patching it."},
	{.name = "merge_type",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .choices = merge_types,
	 .doc = "How it is patched; strategic-merge for Kubernetes' own kinds, else merge."},
	{.name = "apply",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "As kubectl apply: what a former definition had and this has not goes."},
	{.name = "server_side_apply",
	 .type = MODULE_DICT,
	 .doc = "apply on the server: field_manager, force_conflicts."},
	{.name = "delete_options",
	 .type = MODULE_DICT,
	 .doc = "gracePeriodSeconds, propagationPolicy, preconditions."},
	{.name = "label_selectors",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .doc = "Only objects with these labels."},
	{.name = "validate",
	 .type = MODULE_DICT,
	 .doc = "fail_on_error: kubectl refuses what the API does not know."},
	{.name = "continue_on_error",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Goes on with the next object."},
	{0},
};

static const char *state_of(const struct module_call *call)
{
	return arg_str(call, "state");
}

static bool validates(const struct module_call *call)
{
	const struct value *v = value_get(value_get(call->args, "validate"), "fail_on_error");
	bool fail = false;
	return v && value_to_bool(v, &fail) && fail;
}

static const char *validation(const struct module_call *call)
{
	return validates(call) ? "--validate=true" : "--validate=false";
}

/* stringData goes where the server puts it, so that it can be compared. */
static const struct value *encoded(struct arena *a, const struct value *object)
{
	const struct value *plain = value_get(object, "stringData");
	if (strcmp(object_str(object, "kind"), "Secret") != 0 || !plain ||
	    plain->type != VALUE_DICT)
		return object;
	const struct value *old = value_get(object, "data");
	struct value *data = old && old->type == VALUE_DICT ? value_dict_dup(a, old)
							    : value_dict_new(a),
		     *secret = value_dict_dup(a, object);
	for (size_t i = 0; i < plain->dict.len; i++) {
		CLEANUP(strbuf_wipe) struct strbuf text = {0}, code = {0};
		value_print(&text, plain->dict.at[i].value);
		base64_encode(&code, text.len ? text.ptr : "", text.len);
		value_dict_set(a, data, plain->dict.at[i].key, value_str(a, strbuf_slice(&code)));
	}
	value_dict_remove(secret, SLICE_LIT("stringData"));
	value_dict_put(a, secret, "data", data);
	return secret;
}

/* ---- present ---- */

static int create(struct change *c, struct err *err)
{
	const char *const options[] = {validation(c->call), NULL};
	c->method = "create";
	c->changed = true;
	return object_send(c->call, "create", options, c->object, &c->after, err);
}

static void note_difference(struct change *c)
{
	/* in check mode NULL: the server cannot tell, and it is a change */
	c->changed =
		!c->after || !c->existing || object_differs(c->call->arena, c->existing, c->after);
}

static int apply(struct change *c, struct err *err)
{
	const struct value *server = value_get(c->call->args, "server_side_apply"),
			   *force = value_get(server, "force_conflicts");
	const char *options[5] = {validation(c->call)},
		   *manager = object_str(server, "field_manager");
	size_t n = 1;
	bool forced = false;
	c->method = "apply";
	if (server) {
		options[n++] = "--server-side";
		options[n++] = arena_printf(c->call->arena, "--field-manager=%s", manager);
	}
	if (force && value_to_bool(force, &forced) && forced)
		options[n++] = "--force-conflicts";
	int r = object_send(c->call, "apply", options, c->object, &c->after, err);
	if (r == 0)
		note_difference(c);
	return r;
}

static int replace(struct change *c, const struct value *with, struct err *err)
{
	const char *const options[] = {validation(c->call), NULL};
	int r = object_send(c->call, "replace", options, with, &c->after, err);
	if (r == 0)
		note_difference(c);
	return r;
}

static bool merges_strategically(const struct change *c)
{
	const char *const *types = arg_list(c->call, "merge_type", NULL);
	if (types && *types)
		return strcmp(*types, "strategic-merge") == 0;
	return merge_is_strategic(c->existing);
}

/* The definition laid over what is there. It is sent with the version it was made
 * from: where somebody else was faster the server refuses, and it is made anew. */
static int update(struct change *c, struct err *err)
{
	int r = 0;
	c->method = "update";
	for (int tries = 0; tries < CONFLICT_RETRIES && c->existing; tries++) {
		const struct value *wanted = merge_patch(c->call->arena, c->existing, c->object,
							 merges_strategically(c));
		c->after = c->existing;
		if (value_equal(wanted, c->existing))
			return 0;
		r = replace(c, wanted, err);
		if (r != ERR_INVALID || !strstr(err->msg, "(Conflict)"))
			return r;
		r = object_get(c->call, c->object, &c->existing, NULL, err);
		if (r < 0)
			return r;
	}
	return c->existing ? r
			   : err_set(err, ERR_NOT_FOUND, "%s is gone meanwhile",
				     object_title(c->call->arena, c->object));
}

static int await(struct change *c, struct err *err)
{
	struct arena *a = c->call->arena;
	struct ready w = {.state = READY_PRESENT};
	if (!arg_bool(c->call, "wait") || c->call->check_mode)
		return 0;
	const struct value *named = c->after ? c->after : c->object;
	int r = ready_wait(c->call, object_identity(a, named), &w, err);
	if (r < 0)
		return r;
	if (w.object)
		c->after = w.object;
	value_dict_put(a, c->result, "duration", value_int(a, w.duration_s));
	if (!w.reached)
		return err_set(err, ERR_TIMEOUT, "\"%s\" \"%s\": Resource %s timed out",
			       object_str(c->object, "kind"), object_meta(named, "name"),
			       strcmp(c->method, "create") == 0	  ? "creation"
			       : strcmp(c->method, "apply") == 0  ? "apply"
			       : strcmp(c->method, "update") == 0 ? "update"
								  : "replacement");
	return 0;
}

static bool is_filtered(struct change *c, int matches)
{
	if (matches)
		return false;
	const struct value *o = c->object;
	value_dict_put(c->call->arena, c->result, "msg",
		       value_fmt(c->call->arena,
				 "resource 'kind=%s,name=%s,namespace=%s' filtered by "
				 "label_selectors.",
				 object_str(o, "kind"), object_meta(o, "name"),
				 object_meta(o, "namespace")));
	return true;
}

static int write_object(struct change *c, struct err *err)
{
	if (arg_bool(c->call, "apply"))
		return apply(c, err);
	if (!c->existing)
		return create(c, err);
	if (!arg_bool(c->call, "force"))
		return update(c, err);
	c->method = "replace";
	return replace(c, c->object, err);
}

static int present(struct change *c, struct err *err)
{
	struct module_call *call = c->call;
	const struct value *labels = value_get(value_get(c->object, "metadata"), "labels");
	bool lacks = false, named = *object_meta(c->object, "name") != '\0';
	int r = selector_matches(arg_list(call, "label_selectors", NULL), labels, err);
	if (r < 0 || is_filtered(c, r))
		return r;
	if (!named && !*object_meta(c->object, "generateName"))
		return err_set(err, ERR_INVALID, "%s has neither name nor generateName",
			       object_str(c->object, "kind"));
	r = named ? object_get(call, c->object, &c->existing, call->check_mode ? &lacks : NULL, err)
		  : 0;
	if (r < 0)
		return r;
	if (!c->existing && strcmp(state_of(call), "patched") == 0) {
		result_warn(call,
			    "resource 'kind=%s,name=%s,namespace=%s' was not found but will not be "
			    "created as 'state' parameter has been set to 'patched'",
			    object_str(c->object, "kind"), object_meta(c->object, "name"),
			    object_meta(c->object, "namespace"));
		return 0;
	}
	r = write_object(c, err);
	if (r == 0)
		r = await(c, err);
	if (r == 0 && c->changed)
		object_diff(call, c->existing, c->after ? c->after : c->object);
	if (r == 0 && (c->after || c->changed))
		value_dict_put(call->arena, c->result, "result", c->after ? c->after : c->object);
	return r;
}

/* ---- the task ---- */

static int one(struct module_call *call, const struct value *object, struct value **ret,
	       struct err *err)
{
	struct arena *a = call->arena;
	struct change c = {.call = call, .object = encoded(a, object), .result = value_dict_new(a)};
	value_dict_put(a, c.result, "result", value_dict_new(a));
	int r = strcmp(state_of(call), "absent") == 0 ? change_delete(&c, err) : present(&c, err);
	if (c.changed && (r == 0 || !call->check_mode))
		result_changed(call);
	if (c.method)
		value_dict_put(a, c.result, "method", value_cstr(a, c.method));
	value_dict_put(a, c.result, "changed", value_bool(c.changed && r == 0));
	*ret = c.result;
	return r;
}

static void put_results(struct module_call *call, const struct value *results)
{
	struct value *all = value_dict_new(call->arena);
	if (results->list.len != 1) {
		value_dict_put(call->arena, all, "results", results);
		result_put(call, "result", all);
		return;
	}
	const struct value *only = results->list.at[0];
	for (size_t i = 0; i < only->dict.len; i++)
		if (!value_is_str(only->dict.at[i].key, "changed"))
			result_put(call, only->dict.at[i].key->str.ptr, only->dict.at[i].value);
}

static int check(const struct module_call *call, struct err *err)
{
	const struct value *server = value_get(call->args, "server_side_apply"),
			   *policy = value_get(value_get(call->args, "delete_options"),
					       "propagationPolicy");
	if (server && server->type == VALUE_DICT && !*object_str(server, "field_manager"))
		return err_set(err, ERR_INVALID, "server_side_apply needs field_manager");
	if (policy && !value_is_str(policy, "Foreground") && !value_is_str(policy, "Background") &&
	    !value_is_str(policy, "Orphan"))
		return err_set(err, ERR_INVALID,
			       "propagationPolicy is Foreground, Background or Orphan");
	int r = access_check(call, err);
	return r < 0 ? r : ready_check(call, err);
}

static int run_all(struct module_call *call, struct err *err)
{
	const struct value *objects;
	struct value *results = value_list_new(call->arena), *result;
	int r = check(call, err);
	if (r == 0)
		r = objects_of_task(call, &objects, err);
	for (size_t i = 0; r == 0 && i < objects->list.len; i++) {
		struct err why = {0};
		r = one(call, objects->list.at[i], &result, &why);
		if (r < 0 && r != ERR_UNKNOWN && arg_bool(call, "continue_on_error")) {
			value_dict_put(call->arena, result, "error",
				       value_cstr(call->arena, why.msg));
			r = 0;
		} else if (r < 0) {
			*err = why;
		}
		value_list_push(call->arena, results, result);
	}
	if (r == 0)
		put_results(call, results);
	return r;
}

static int run(struct module_call *call, struct err *err)
{
	return program_settle(call, run_all(call, err), err);
}

static const char *const excludes[] = {"merge_type|apply", "template|resource_definition|src",
				       "name|generate_name", NULL};

const struct module module_k8s = {
	.name = "k8s",
	.full_name = "kubernetes.core.k8s",
	.doc = "Creates, patches, applies and deletes objects of a Kubernetes cluster.",
	.flags = MODULE_PREPARE | MODULE_ASYNC,
	.kind = MODULE_KIND_MANIFEST,
	.objects_result = "result",
	.params = params,
	.mutually_exclusive = excludes,
	.run = run,
};
