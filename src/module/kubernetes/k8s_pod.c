/* kubernetes.core's k8s_exec and k8s_log: a command in a pod, and what a pod says. */
#include "../call.h"
#include "../command/process.h"
#include "object.h"
#include "selector.h"

static const struct module_param exec_params[] = {
	ACCESS_PARAMS,
	{.name = "namespace", .type = MODULE_STR, .required = true, .doc = "The pod's."},
	{.name = "pod", .type = MODULE_STR, .required = true, .doc = "The pod."},
	{.name = "container", .type = MODULE_STR, .doc = "Its container; its first without."},
	{.name = "command",
	 .type = MODULE_STR,
	 .required = true,
	 .doc = "The command, split at blanks as a shell does."},
	{0},
};

static int execute(struct module_call *call, struct err *err)
{
	struct program p;
	int r = access_check(call, err);
	if (r < 0)
		return r;
	access_begin(call, "exec", &p);
	p.timeout_ms = 0;
	program_add_fmt(&p, "--namespace=%s", arg_str(call, "namespace"));
	if (arg_has(call, "container"))
		program_add_fmt(&p, "--container=%s", arg_str(call, "container"));
	program_add_fmt(&p, "pod/%s", arg_str(call, "pod"));
	program_add(&p, "--");
	if ((r = program_add_text(&p, arg_str(call, "command"), err)) < 0)
		return r;
	result_changed(call);
	if (call->check_mode) {
		result_unknown(call, "would run");
		return 0;
	}
	if ((r = program_run(&p, err)) < 0)
		return r;
	result_put(call, "stdout", value_str(call->arena, p.out));
	result_put(call, "stdout_lines", process_lines(call->arena, p.out));
	result_put(call, "stderr", value_str(call->arena, p.err));
	result_put(call, "stderr_lines", process_lines(call->arena, p.err));
	result_put_int(call, "rc", p.exit_code);
	result_put_int(call, "return_code", p.exit_code);
	if (p.exit_code != 0)
		call_fail(call, "non-zero return code");
	return 0;
}

const struct module module_k8s_exec = {
	.name = "k8s_exec",
	.full_name = "kubernetes.core.k8s_exec",
	.doc = "Runs a command in a pod of a Kubernetes cluster.",
	.flags = MODULE_ONCE_ONLY,
	.params = exec_params,
	.run = execute,
};

static const struct module_param log_params[] = {
	ACCESS_PARAMS,
	{.name = "kind", .type = MODULE_STR, .fallback = "Pod", .doc = "Whose pods."},
	{.name = "api_version",
	 .type = MODULE_STR,
	 .fallback = "v1",
	 .aliases = object_version_aliases,
	 .doc = "Its group and version, like apps/v1."},
	{.name = "name", .type = MODULE_STR, .doc = "Its name."},
	{.name = "namespace", .type = MODULE_STR, .doc = "Its namespace."},
	{.name = "label_selectors",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .fallback = "[]",
	 .doc = "The first pod with these labels instead."},
	{.name = "container", .type = MODULE_STR, .doc = "One container alone."},
	{.name = "all_containers", .type = MODULE_BOOL, .doc = "All of them."},
	{.name = "previous",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Of those before the last restart."},
	{.name = "since_seconds", .type = MODULE_STR, .doc = "Only of the last seconds."},
	{.name = "tail_lines", .type = MODULE_INT, .doc = "Only the last lines."},
	{0},
};

/* By a selector: the first pod, as kubernetes.core takes it. */
static int first_pod(struct module_call *call, const char *labels, const char **ret,
		     struct err *err)
{
	struct arena *a = call->arena;
	const char *space = arg_str(call, "namespace");
	const char *const options[] = {arena_printf(a, "--selector=%s", labels),
				       space ? arena_printf(a, "--namespace=%s", space) : NULL,
				       NULL};
	const struct value *pods;
	bool found;
	int r = objects_find(call, options, "pods", NULL, &pods, &found, err);
	if (r == 0 && !pods->list.len)
		return err_set(err, ERR_NOT_FOUND, "No pods in namespace %s matched selector %s",
			       space ? space : "default", labels);
	if (r == 0)
		*ret = arena_printf(a, "pod/%s", object_meta(pods->list.at[0], "name"));
	return r;
}

static int whose(struct module_call *call, const char **ret, struct err *err)
{
	const char *labels = selector_text(call->arena, arg_list(call, "label_selectors", NULL));
	bool named = arg_has(call, "name");
	if (named && *labels)
		return err_set(err, ERR_INVALID,
			       "Only one of name or label_selectors can be provided");
	if (!named && !*labels)
		return err_set(err, ERR_INVALID, "k8s_log needs name or label_selectors");
	if (*labels)
		return first_pod(call, labels, ret, err);
	*ret = arena_printf(
		call->arena, "%s/%s",
		object_type(call->arena, arg_str(call, "kind"), arg_str(call, "api_version")),
		arg_str(call, "name"));
	return 0;
}

static int read_log(struct module_call *call, struct err *err)
{
	struct program p;
	const char *target = NULL;
	int r = access_check(call, err);
	if (r == 0)
		r = whose(call, &target, err);
	if (r < 0)
		return r;
	access_begin(call, "logs", &p);
	if (arg_has(call, "namespace"))
		program_add_fmt(&p, "--namespace=%s", arg_str(call, "namespace"));
	if (arg_has(call, "container"))
		program_add_fmt(&p, "--container=%s", arg_str(call, "container"));
	if (arg_bool(call, "all_containers"))
		program_add(&p, "--all-containers");
	if (arg_bool(call, "previous"))
		program_add(&p, "--previous");
	if (arg_has(call, "since_seconds"))
		program_add_fmt(&p, "--since=%ss", arg_str(call, "since_seconds"));
	if (arg_has(call, "tail_lines"))
		program_add_fmt(&p, "--tail=%lld", (long long)arg_int(call, "tail_lines", -1));
	program_add(&p, "--");
	program_add(&p, target);
	if ((r = access_read(&p, err)) < 0)
		return r;
	result_put(call, "log", value_str(call->arena, p.out));
	result_put(call, "log_lines", process_lines(call->arena, p.out));
	return 0;
}

static int log_run(struct module_call *call, struct err *err)
{
	return program_settle(call, read_log(call, err), err);
}

static const char *const log_excludes[] = {"container|all_containers", NULL};

const struct module module_k8s_log = {
	.name = "k8s_log",
	.full_name = "kubernetes.core.k8s_log",
	.doc = "Reads what the containers of a pod have said.",
	.params = log_params,
	.mutually_exclusive = log_excludes,
	.run = log_run,
};
