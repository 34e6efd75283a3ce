/*
 * kubernetes.core's helm: a release of a chart. What it would change is told as
 * there without the plugin diff: by the chart's name and versions, and the values.
 */
#include "../call.h"
#include "../kubernetes/merge.h"
#include "../kubernetes/object.h"
#include "helm_run.h"
#include "rollout/value/json.h"
#include "rollout/value/yaml.h"

static const char *const states[] = {"present", "absent", NULL};
static const char *const state_aliases[] = {"state", NULL};
static const char *const values_aliases[] = {"values", NULL};

static const struct module_param params[] = {
	HELM_PARAMS,
	HELM_RELEASE_PARAMS,
	{.name = "release_state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .aliases = state_aliases,
	 .doc = "Whether it is there."},
	{.name = "chart_ref",
	 .type = MODULE_PATH,
	 .doc = "The chart: repository/name, a path on the host, a URL."},
	{.name = "chart_repo_url", .type = MODULE_STR, .doc = "The repository's URL."},
	{.name = "chart_version", .type = MODULE_STR, .doc = "Its version; the latest without."},
	{.name = "release_values",
	 .type = MODULE_DICT,
	 .fallback = "{}",
	 .aliases = values_aliases,
	 .doc = "Values for the chart."},
	{.name = "values_files",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .fallback = "[]",
	 .doc = "Files of values on the host, before release_values."},
	{.name = "update_repo_cache",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Runs helm repo update first; not in check mode."},
	{.name = "atomic",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Takes back what fails."},
	{.name = "create_namespace",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Makes the namespace."},
	{.name = "disable_hook", .type = MODULE_BOOL, .fallback = "false", .doc = "No hooks."},
	{.name = "force",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Upgrades in any case, by replacement."},
	{.name = "history_max", .type = MODULE_INT, .doc = "How many revisions are kept."},
	{.name = "post_renderer", .type = MODULE_STR, .doc = "A program that renders after helm."},
	{.name = "purge",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "absent: its history goes, too."},
	{.name = "replace",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Takes the name of a deleted release."},
	{.name = "reset_values",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "An upgrade begins with the chart's values."},
	{.name = "reuse_values",
	 .type = MODULE_BOOL,
	 .doc = "An upgrade begins with the release's values."},
	{.name = "skip_crds",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "No definitions of kinds."},
	{.name = "dependency_update",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Fetches the chart's dependencies."},
	{.name = "wait",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Until it is ready, or gone."},
	{.name = "wait_timeout", .type = MODULE_STR, .doc = "How long, as 5m0s."},
	{.name = "timeout", .type = MODULE_STR, .doc = "How long helm may take, as 5m0s."},
	{0},
};

static void put_flags(struct program *p)
{
	static const struct {
		const char *argument, *option;
	} flags[] = {
		{"wait", "--wait"},
		{"atomic", "--atomic"},
		{"disable_hook", "--no-hooks"},
		{"create_namespace", "--create-namespace"},
		{"skip_crds", "--skip-crds"},
		{"dependency_update", "--dependency-update"},
	};
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (arg_bool(p->call, flags[i].argument))
			program_add(p, flags[i].option);
}

static void put_timeout(struct program *p)
{
	const char *timeout = arg_str(p->call, "timeout");
	if (!timeout && arg_bool(p->call, "wait"))
		timeout = arg_str(p->call, "wait_timeout");
	if (timeout)
		program_add_fmt(p, "--timeout=%s", timeout);
}

static void put_chart(struct program *p)
{
	const char *version = arg_str(p->call, "chart_version"),
		   *url = arg_str(p->call, "chart_repo_url");
	if (version)
		program_add_fmt(p, "--version=%s", version);
	if (url)
		program_add_fmt(p, "--repo=%s", url);
}

/* The task's values go by standard input: they may hold passwords. */
static void put_values(struct program *p)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	const struct value *values = value_get(p->call->args, "release_values");
	const char *const *files = arg_list(p->call, "values_files", NULL);
	for (; files && *files; files++)
		program_add_fmt(p, "--values=%s", call_expand_path(p->call, *files));
	if (!values || !value_truthy(values))
		return;
	json_emit(&text, values, JSON_COMPACT);
	program_add(p, "--values=-");
	p->stdin_bytes = arena_slice(p->call->arena, strbuf_slice(&text));
}

static void build_deploy(struct module_call *call, bool upgrades, struct program *p)
{
	bool replace = arg_bool(call, "replace");
	helm_begin(call, replace ? "install" : "upgrade", p);
	if (replace)
		program_add(p, "--replace");
	else
		program_add(p, "--install");
	if (!replace && arg_bool(call, "reset_values") && !arg_bool(call, "reuse_values"))
		program_add(p, "--reset-values");
	if (!replace && arg_bool(call, "reuse_values"))
		program_add(p, "--reuse-values");
	if (upgrades && arg_bool(call, "force"))
		program_add(p, "--force");
	put_flags(p);
	put_timeout(p);
	put_chart(p);
	put_values(p);
	if (arg_has(call, "post_renderer"))
		program_add_fmt(p, "--post-renderer=%s", arg_str(call, "post_renderer"));
	if (arg_has(call, "history_max"))
		program_add_fmt(p, "--history-max=%lld",
				(long long)arg_int(call, "history_max", 0));
	program_add(p, "--");
	program_add(p, arg_str(call, "release_name"));
	program_add(p, arg_str(call, "chart_ref"));
}

static void build_delete(struct module_call *call, struct program *p)
{
	const char *timeout = arg_str(call, arg_has(call, "timeout") ? "timeout" : "wait_timeout");
	helm_begin(call, "uninstall", p);
	if (!arg_bool(call, "purge"))
		program_add(p, "--keep-history");
	if (arg_bool(call, "disable_hook"))
		program_add(p, "--no-hooks");
	if (arg_bool(call, "wait"))
		program_add(p, "--wait");
	if (timeout)
		program_add_fmt(p, "--timeout=%s", timeout);
	program_add(p, "--");
	program_add(p, arg_str(call, "release_name"));
}

/* ---- would it change? ---- */

/* Those of the files, one over the other, then the task's. */
static int wanted_values(struct module_call *call, const struct value **ret, struct err *err)
{
	const char *const *files = arg_list(call, "values_files", NULL);
	const struct value *all = value_dict_new(call->arena), *given;
	for (; files && *files; files++) {
		CLEANUP(strbuf_wipe) struct strbuf text = {0};
		const char *path = call_absolute_path(call, NULL, call_expand_path(call, *files));
		int r = call->host->ops->read(call->host, path, YAML_MAX_BYTES, &text, err);
		if (r == 0)
			r = yaml_parse(call->arena, path, strbuf_slice(&text), &given, err);
		if (r < 0)
			return r;
		if (given->type == VALUE_DICT)
			all = merge_patch(call->arena, all, given, false);
	}
	given = value_get(call->args, "release_values");
	*ret = given ? merge_patch(call->arena, all, given, false) : all;
	return 0;
}

static int chart_of(struct module_call *call, const struct value **ret, struct err *err)
{
	struct program p;
	helm_begin(call, "show chart", &p);
	put_chart(&p);
	program_add(&p, "--");
	program_add(&p, arg_str(call, "chart_ref"));
	int r = program_read(&p, err);
	if (r == ERR_INVALID && call->check_mode) /* a repository that is to be added */
		return err_set(err, ERR_UNKNOWN, "would look at the chart %s",
			       arg_str(call, "chart_ref"));
	return r < 0 ? r : yaml_parse(call->arena, "helm show chart", p.out, ret, err);
}

/* A version may be a number in YAML. */
static const char *text_of(struct arena *a, const struct value *dict, const char *key)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	const struct value *v = value_get(dict, key);
	if (v && v->type != VALUE_NULL)
		value_print(&text, v);
	return arena_slice(a, strbuf_slice(&text)).ptr;
}

static int would_change(struct module_call *call, const struct value *release, bool *ret,
			struct err *err)
{
	struct arena *a = call->arena;
	const struct value *chart, *values = NULL, *had = value_get(release, "values");
	*ret = true;
	if (arg_bool(call, "force"))
		return 0;
	int r = chart_of(call, &chart, err);
	if (r == 0)
		r = wanted_values(call, &values, err);
	if (r < 0)
		return r;
	if (arg_bool(call, "reuse_values"))
		values = merge_patch(a, had, values, false);
	const char *full =
		arena_printf(a, "%s-%s", text_of(a, chart, "name"), text_of(a, chart, "version"));
	*ret = !value_equal(values, had) || strcmp(full, text_of(a, release, "chart")) != 0 ||
	       strcmp(text_of(a, chart, "appVersion"), text_of(a, release, "app_version")) != 0;
	return 0;
}

/* ---- the task ---- */

static int update_cache(struct module_call *call, struct err *err)
{
	struct program p;
	if (!arg_bool(call, "update_repo_cache"))
		return 0;
	helm_begin(call, "repo update", &p);
	return program_change(&p, err);
}

static int act(struct module_call *call, struct program *p, struct err *err)
{
	struct value *release;
	result_changed(call);
	int r = program_change(p, err);
	helm_put_output(p);
	if (r == 0 && !call->check_mode &&
	    (r = helm_release(call, NULL, false, &release, err)) == 0 && release)
		result_put(call, "status", release);
	return r;
}

static int run_release(struct module_call *call, struct err *err)
{
	struct program p;
	struct value *release;
	bool present = strcmp(arg_str(call, "release_state"), "present") == 0, changes;
	if (present && !arg_has(call, "chart_ref"))
		return err_set(err, ERR_INVALID, "release_state present needs chart_ref");
	if (!present && arg_bool(call, "replace"))
		return err_set(err, ERR_INVALID, "replace is not applicable when state is absent");
	int r = access_check(call, err);
	if (r == 0)
		r = update_cache(call, err);
	if (r == 0)
		r = helm_release(call, NULL, false, &release, err);
	if (r < 0)
		return r;
	changes = present != (release != NULL);
	if (present && release)
		r = would_change(call, release, &changes, err);
	if (r < 0)
		return r;
	if (present)
		build_deploy(call, release != NULL, &p);
	else
		build_delete(call, &p);
	if (changes)
		return act(call, &p, err);
	p.out = p.err = SLICE_LIT("");
	helm_put_output(&p);
	if (release)
		result_put(call, "status", release);
	return 0;
}

static int run(struct module_call *call, struct err *err)
{
	return program_settle(call, run_release(call, err), err);
}

static const char *const excludes[] = {"context|ca_cert", "replace|history_max",
				       "wait_timeout|timeout", NULL};

const struct module module_helm = {
	.name = "helm",
	.full_name = "kubernetes.core.helm",
	.doc = "Installs, upgrades and deletes releases of Helm charts.",
	.params = params,
	.mutually_exclusive = excludes,
	.run = run,
};
