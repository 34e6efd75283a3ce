/* kubernetes.core's helm_repository: where charts come from. */
#include "../kubernetes/object.h"
#include "helm_run.h"
#include "rollout/value/json.h"

static const char *const states[] = {"present", "absent", NULL};
static const char *const state_aliases[] = {"state", NULL};
static const char *const name_aliases[] = {"name", NULL};
static const char *const url_aliases[] = {"url", NULL};
static const char *const username_aliases[] = {"username", NULL};
static const char *const password_aliases[] = {"password", NULL};
static const char *const force_aliases[] = {"force", NULL};

static const struct module_param params[] = {
	HELM_PARAMS,
	{.name = "repo_name",
	 .type = MODULE_STR,
	 .required = true,
	 .aliases = name_aliases,
	 .doc = "Its name."},
	{.name = "repo_url",
	 .type = MODULE_STR,
	 .aliases = url_aliases,
	 .doc = "Its URL; needed where it shall be present."},
	{.name = "repo_username",
	 .type = MODULE_STR,
	 .aliases = username_aliases,
	 .doc = "Who asks there."},
	{.name = "repo_password",
	 .type = MODULE_STR,
	 .secret = true,
	 .aliases = password_aliases,
	 .doc = "Their password, which helm gets on its standard input."},
	{.name = "repo_state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .aliases = state_aliases,
	 .doc = "Whether helm knows it."},
	{.name = "pass_credentials",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "The password goes to all domains."},
	{.name = "force_update",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .aliases = force_aliases,
	 .doc = "Another URL replaces the one that is there."},
	{0},
};

/* *ret NULL: helm does not know it. */
static int find(struct module_call *call, const struct value **ret, struct err *err)
{
	struct program p;
	const struct value *list;
	helm_begin(call, "repo list", &p);
	program_add(&p, "--output=json");
	int r = program_probe(&p, err);
	*ret = NULL;
	if (r < 0 || (p.exit_code != 0 && strstr(p.err.ptr, "no repositories")))
		return r;
	if (p.exit_code != 0)
		return program_failed(&p, err);
	if ((r = json_parse(call->arena, "helm's answer", p.out, &list, err)) < 0)
		return r;
	for (size_t i = 0; list->type == VALUE_LIST && i < list->list.len; i++)
		if (strcmp(object_str(list->list.at[i], "name"), arg_str(call, "repo_name")) == 0)
			*ret = list->list.at[i];
	return 0;
}

static void build_add(struct module_call *call, struct program *p)
{
	helm_begin(call, "repo add", p);
	if (arg_has(call, "repo_username"))
		program_add_fmt(p, "--username=%s", arg_str(call, "repo_username"));
	if (arg_has(call, "repo_password")) {
		program_add(p, "--password-stdin");
		p->stdin_bytes = arg_slice(call, "repo_password");
	}
	if (arg_bool(call, "pass_credentials"))
		program_add(p, "--pass-credentials");
	if (arg_bool(call, "force_update"))
		program_add(p, "--force-update");
	program_add(p, "--");
	program_add(p, arg_str(call, "repo_name"));
	program_add(p, arg_str(call, "repo_url"));
}

static void build_remove(struct module_call *call, struct program *p)
{
	helm_begin(call, "repo remove", p);
	program_add(p, "--");
	program_add(p, arg_str(call, "repo_name"));
}

static int act(struct module_call *call, struct program *p, struct err *err)
{
	result_changed(call);
	int r = program_change(p, err);
	if (r < 0 || call->check_mode)
		return r;
	helm_put_output(p);
	return 0;
}

/* Of credentials it cannot be told whether they are the same. */
static int present(struct module_call *call, const struct value *known, struct err *err)
{
	struct program p;
	bool force = arg_bool(call, "force_update");
	bool same = known && strcmp(object_str(known, "url"), arg_str(call, "repo_url")) == 0;
	if (known && !same && !force)
		return err_set(err, ERR_INVALID, "Repository already have a repository named %s",
			       arg_str(call, "repo_name"));
	if (same && !(force && arg_has(call, "repo_password"))) {
		result_put_str(call, "repo_name", arg_str(call, "repo_name"));
		result_put_str(call, "repo_url", arg_str(call, "repo_url"));
		return 0;
	}
	build_add(call, &p);
	return act(call, &p, err);
}

static int run_repository(struct module_call *call, struct err *err)
{
	const struct value *known = NULL;
	struct program p;
	bool is_present = strcmp(arg_str(call, "repo_state"), "present") == 0;
	if (is_present && !arg_has(call, "repo_url"))
		return err_set(err, ERR_INVALID, "repo_state present needs repo_url");
	if (arg_has(call, "repo_username") != arg_has(call, "repo_password"))
		return err_set(err, ERR_INVALID, "repo_username and repo_password go together");
	int r = access_check(call, err);
	if (r == 0)
		r = find(call, &known, err);
	if (r < 0)
		return r;
	if (is_present)
		return present(call, known, err);
	if (!known)
		return 0;
	build_remove(call, &p);
	return act(call, &p, err);
}

static int run(struct module_call *call, struct err *err)
{
	return program_settle(call, run_repository(call, err), err);
}

static const char *const excludes[] = {"context|ca_cert", NULL};

const struct module module_helm_repository = {
	.name = "helm_repository",
	.full_name = "kubernetes.core.helm_repository",
	.doc = "Adds and removes repositories of Helm charts.",
	.params = params,
	.mutually_exclusive = excludes,
	.run = run,
};
