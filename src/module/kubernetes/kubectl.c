/*
 * kubectl: objects of a cluster, and its nodes, through the host's kubectl.
 * What changes is what `kubectl diff` says: the API server's own dry run.
 */
#include "kubectl_run.h"

#include "../command/process.h"
#include "access.h"
#include "node.h"

#define DIFFERS 1 /* kubectl diff's exit code */

static const char *const states[] = {"present",	   "absent",  "cordoned",
				     "uncordoned", "drained", NULL};
static const char *const definition_aliases[] = {"resource_definition", "inline", NULL};

static const struct module_param params[] = {
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .doc = "present and absent are for objects, the others for a node."},
	{.name = "definition",
	 .type = MODULE_RAW,
	 .aliases = definition_aliases,
	 .doc = "The objects: a mapping, a list of them, or YAML text of one or more."},
	{.name = "src", .type = MODULE_PATH, .doc = "A file or folder of them on the host."},
	{.name = "kind", .type = MODULE_STR, .doc = "Of an object that shall be absent."},
	{.name = "name", .type = MODULE_STR, .doc = "Its name, or a node's."},
	{.name = "namespace", .type = MODULE_STR, .doc = "Where objects are that do not say."},
	{.name = "kubeconfig", .type = MODULE_PATH, .doc = "The cluster's kubeconfig on the host."},
	{.name = "context", .type = MODULE_STR, .doc = "Its context."},
	{.name = "executable", .type = MODULE_PATH, .doc = "The kubectl program."},
	{.name = "server_side",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Applies on the server, which large objects need."},
	{.name = "field_manager", .type = MODULE_STR, .doc = "Who owns the fields then."},
	{.name = "force_conflicts",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Takes fields over from other managers."},
	{.name = "wait",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Until rollouts, jobs, pods and CRDs of it are ready, or gone."},
	{.name = "wait_for",
	 .type = MODULE_STR,
	 .doc = "Until this holds for all of it, like condition=Available."},
	{.name = "wait_timeout",
	 .type = MODULE_INT,
	 .fallback = "120",
	 .doc = "How long each of that may take, in seconds."},
	NODE_PARAMS,
	{0},
};

static void put_lines(struct module_call *call, struct slice out)
{
	out = slice_trim(out);
	result_put(call, "stdout", value_str(call->arena, out));
	result_put(call, "stdout_lines", process_lines(call->arena, out));
}

static void put_apply_options(struct program *p)
{
	struct module_call *call = p->call;
	const char *manager = arg_str(call, "field_manager");
	if (arg_bool(call, "server_side"))
		program_add(p, "--server-side");
	if (arg_bool(call, "force_conflicts"))
		program_add(p, "--force-conflicts");
	if (manager)
		program_add_fmt(p, "--field-manager=%s", manager);
}

/* A namespace or a kind that the same manifest brings is not there for a dry
 * run: that is a change like any other. */
static bool lacks_parts(const struct program *p)
{
	return strstr(p->err.ptr, "not found") || strstr(p->err.ptr, "no matches for kind") ||
	       strstr(p->err.ptr, "ensure CRDs are installed first");
}

static int differs(struct module_call *call, const struct kubectl_manifest *m, bool *ret,
		   struct err *err)
{
	struct program p;
	kubectl_begin(call, "diff", &p);
	put_apply_options(&p);
	kubectl_put_manifest(&p, m);
	int r = program_probe(&p, err);
	if (r < 0)
		return r;
	*ret = p.exit_code != 0;
	if (p.exit_code == DIFFERS && p.out.len)
		kubectl_put_diff(call, p.out);
	else if (*ret && !lacks_parts(&p))
		return access_failed(&p, err);
	return 0;
}

static bool wants_wait(const struct module_call *call)
{
	return arg_bool(call, "wait") || arg_has(call, "wait_for");
}

static int present(struct module_call *call, struct err *err)
{
	struct kubectl_manifest m;
	struct program p;
	bool changes = false;
	int r = kubectl_manifest(call, &m, err);
	if (r == 0)
		r = differs(call, &m, &changes, err);
	if (r == 0 && changes) {
		kubectl_begin(call, "apply", &p);
		put_apply_options(&p);
		kubectl_put_manifest(&p, &m);
		result_changed(call);
		r = program_change(&p, err);
		put_lines(call, p.out);
	}
	if (r == 0 && wants_wait(call) && !call->check_mode)
		r = kubectl_wait(call, &m, err);
	return r;
}

static int put_doomed(struct module_call *call, struct program *p, struct err *err)
{
	struct kubectl_manifest m;
	if (!arg_has(call, "kind")) {
		int r = kubectl_manifest(call, &m, err);
		if (r == 0)
			kubectl_put_manifest(p, &m);
		return r;
	}
	if (!arg_has(call, "name"))
		return err_set(err, ERR_INVALID, "kind needs name");
	program_add(p, "--"); /* neither is an option */
	program_add(p, arg_str(call, "kind"));
	program_add(p, arg_str(call, "name"));
	return 0;
}

static int absent(struct module_call *call, struct err *err)
{
	struct program p;
	kubectl_begin(call, "get", &p);
	program_add(&p, "--ignore-not-found");
	program_add(&p, "--output=name");
	int r = put_doomed(call, &p, err);
	if (r == 0)
		r = program_probe(&p, err);
	if (r < 0)
		return r;
	if (p.exit_code != 0 && !lacks_parts(&p))
		return access_failed(&p, err);
	if (!slice_trim(p.out).len)
		return 0;
	result_changed(call);
	result_diff(call, "objects", p.out, "objects", SLICE_LIT(""));
	kubectl_begin(call, "delete", &p);
	program_add(&p, "--ignore-not-found");
	program_add_fmt(&p, "--wait=%s", wants_wait(call) ? "true" : "false");
	program_add_fmt(&p, "--timeout=%llds", (long long)arg_int(call, "wait_timeout", 120));
	r = put_doomed(call, &p, err);
	if (r == 0)
		r = program_change(&p, err);
	put_lines(call, p.out);
	return r;
}

static int run(struct module_call *call, struct err *err)
{
	const char *state = arg_str(call, "state");
	const struct node_drain drain = node_drain_of(call);
	int r;
	if (strcmp(state, "present") == 0)
		r = present(call, err);
	else if (strcmp(state, "absent") == 0)
		r = absent(call, err);
	else
		r = node_apply(call, state, &drain, err);
	return program_settle(call, r, err);
}

static const char *const excludes[] = {"definition|src|kind", NULL};

const struct module module_kubectl = {
	.name = "kubectl",
	.full_name = "rollout.builtin.kubectl",
	.doc = "Applies and deletes objects of a Kubernetes cluster, and drains its nodes.",
	.params = params,
	.mutually_exclusive = excludes,
	.run = run,
};
