#include "helm_run.h"

#include "../call.h"
#include "../command/process.h"
#include "../kubernetes/object.h"
#include "rollout/value/json.h"

const char *const helm_context_aliases[] = {"kube_context", NULL};
const char *const helm_kubeconfig_aliases[] = {"kubeconfig_path", NULL};
const char *const helm_name_aliases[] = {"name", NULL};
const char *const helm_namespace_aliases[] = {"namespace", NULL};

void helm_begin(struct module_call *call, const char *verb, struct program *p)
{
	static const struct {
		const char *name, *option;
	} options[] = {
		{"context", "kube-context"},
		{"host", "kube-apiserver"},
		{"ca_cert", "kube-ca-file"},
		{"release_namespace", "namespace"},
	};
	const char *executable = arg_str(call, "binary_path"),
		   *path = access_setting(call, "kubeconfig"),
		   *token = access_setting(call, "api_key");
	struct slice words = slice_from(verb), word;
	bool verify;
	program_init(p, call, executable ? executable : "helm");
	while (slice_word(&words, &word))
		program_add(p, arena_slice(call->arena, word).ptr);
	if (!access_put_config(call, p) && path)
		program_add_fmt(p, "--kubeconfig=%s", call_expand_path(call, path));
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		const char *value = access_setting(call, options[i].name);
		if (value)
			program_add_fmt(p, "--%s=%s", options[i].option, value);
	}
	if (access_verifies(call, &verify) && !verify)
		program_add(p, "--kube-insecure-skip-tls-verify");
	if (token)
		program_env(p, "HELM_KUBETOKEN", token);
}

void helm_put_output(const struct program *p)
{
	struct module_call *call = p->call;
	CLEANUP(strbuf_release) struct strbuf command = {0};
	for (size_t i = 0; i < p->len; i++)
		strbuf_printf(&command, "%s%s", i ? " " : "", p->words[i]);
	result_put(call, "stdout", value_str(call->arena, p->out));
	result_put(call, "stdout_lines", process_lines(call->arena, p->out));
	result_put(call, "stderr", value_str(call->arena, p->err));
	result_put(call, "stderr_lines", process_lines(call->arena, p->err));
	result_put(call, "command", value_str(call->arena, strbuf_slice(&command)));
}

static int read_json(struct program *p, const struct value **ret, struct err *err)
{
	const char *why = host_assumes(p->call->host);
	int r = program_read(p, err);
	if (r == ERR_INVALID && why)
		return err_set(err, ERR_UNKNOWN, "would ask helm: %s", why);
	if (r < 0)
		return r;
	if (p->truncated)
		return err_set(err, ERR_LIMIT, "helm said more than %u bytes", HOST_OUTPUT_MAX);
	*ret = value_null();
	return slice_trim(p->out).len
		       ? json_parse(p->call->arena, "helm's answer", p->out, ret, err)
		       : 0;
}

static int put_values(struct module_call *call, struct value *release, bool all, struct err *err)
{
	struct program p;
	const struct value *values;
	helm_begin(call, "get values", &p);
	program_add(&p, "--output=json");
	if (all)
		program_add(&p, "--all");
	program_add(&p, arg_str(call, "release_name"));
	int r = read_json(&p, &values, err);
	if (r < 0)
		return r;
	value_dict_put(call->arena, release, "values",
		       values->type == VALUE_DICT ? values : value_dict_new(call->arena));
	return 0;
}

int helm_release(struct module_call *call, const char *const *states, bool all_values,
		 struct value **ret, struct err *err)
{
	struct program p;
	const struct value *list;
	const char *name = arg_str(call, "release_name");
	helm_begin(call, "list", &p);
	program_add(&p, "--output=json");
	for (; states && *states; states++)
		program_add_fmt(&p, "--%s", *states);
	program_add_fmt(&p, "--filter=^%s$", name);
	int r = read_json(&p, &list, err);
	*ret = NULL;
	for (size_t i = 0; r == 0 && list->type == VALUE_LIST && i < list->list.len; i++) {
		const struct value *release = list->list.at[i];
		if (strcmp(object_str(release, "name"), name) != 0)
			continue;
		*ret = value_dict_dup(call->arena, release);
		return put_values(call, *ret, all_values, err);
	}
	return r;
}
