/* kubernetes.core's k8s_drain: cordons, uncordons and drains a node. */
#include "../call.h"
#include "access.h"
#include "node.h"
#include "selector.h"

#define UNSAID_S 600	/* kubectl waits for the pods in any case */
#define FOREVER_S 86400 /* wait_timeout: 0 */

static const char *const states[] = {"drain", "cordon", "uncordon", NULL};

static const struct module_param params[] = {
	ACCESS_PARAMS,
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "drain",
	 .choices = states,
	 .doc = "What happens to the node."},
	{.name = "name", .type = MODULE_STR, .required = true, .doc = "The node."},
	{.name = "pod_selectors",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .doc = "Drains pods with these labels alone."},
	{.name = "delete_options",
	 .type = MODULE_DICT,
	 .doc = "delete_emptydir_data, disable_eviction, force, ignore_daemonsets, "
		"terminate_grace_period, wait_timeout, wait_sleep."},
	{0},
};

static int put_option(struct node_drain *d, const char *name, const struct value *v,
		      struct err *err)
{
	const struct {
		const char *name;
		bool *flag;
		int64_t *number;
	} options[] = {
		{"delete_emptydir_data", &d->delete_emptydir_data, NULL},
		{"disable_eviction", &d->disable_eviction, NULL},
		{"force", &d->force, NULL},
		{"ignore_daemonsets", &d->ignore_daemonsets, NULL},
		{"terminate_grace_period", NULL, &d->grace_s},
		{"wait_timeout", NULL, &d->timeout_s},
		{"wait_sleep", NULL, NULL}, /* kubectl's own */
	};
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		if (strcmp(options[i].name, name) != 0)
			continue;
		if (options[i].flag && !value_to_bool(v, options[i].flag))
			return err_set(err, ERR_INVALID, "delete_options.%s is no boolean", name);
		if (options[i].number && (v->type != VALUE_INT || v->integer < 0))
			return err_set(err, ERR_INVALID, "delete_options.%s is no number", name);
		if (options[i].number)
			*options[i].number = v->integer;
		return 0;
	}
	return err_set(err, ERR_INVALID, "delete_options has no '%s'", name);
}

static int drain_of(struct module_call *call, struct node_drain *d, struct err *err)
{
	const struct value *given = value_get(call->args, "delete_options");
	const char *const *selectors = arg_list(call, "pod_selectors", NULL);
	*d = (struct node_drain){.grace_s = -1, .timeout_s = UNSAID_S};
	if (selectors && *selectors)
		d->pod_selector = selector_text(call->arena, selectors);
	for (size_t i = 0; given && given->type == VALUE_DICT && i < given->dict.len; i++) {
		const struct value_pair *pair = &given->dict.at[i];
		if (pair->key->type != VALUE_STRING || pair->value->type == VALUE_NULL)
			continue;
		int r = put_option(d, pair->key->str.ptr, pair->value, err);
		if (r < 0)
			return r;
	}
	if (d->timeout_s == 0 || d->timeout_s > FOREVER_S)
		d->timeout_s = FOREVER_S;
	return 0;
}

/* What kubectl said, or that nothing was to do. */
static void put_result(struct module_call *call, const char *state)
{
	const struct value *out = value_get(call->result, "stdout");
	const char *name = arg_str(call, "name");
	bool on = strcmp(state, "uncordon") != 0;
	if (result_is_changed(call) && out && value_truthy(out))
		result_put(call, "result", out);
	else
		result_put(call, "result",
			   value_fmt(call->arena, "node %s %smarked %sschedulable.", name,
				     result_is_changed(call) ? "" : "already ", on ? "un" : ""));
}

static int run(struct module_call *call, struct err *err)
{
	const char *state = arg_str(call, "state");
	struct node_drain d;
	int r = access_check(call, err);
	if (r == 0)
		r = drain_of(call, &d, err);
	if (r == 0)
		r = node_apply(call,
			       strcmp(state, "drain") == 0    ? "drained"
			       : strcmp(state, "cordon") == 0 ? "cordoned"
							      : "uncordoned",
			       &d, err);
	if (r == 0)
		put_result(call, state);
	return program_settle(call, r, err);
}

const struct module module_k8s_drain = {
	.name = "k8s_drain",
	.full_name = "kubernetes.core.k8s_drain",
	.doc = "Drains, cordons and uncordons a node of a Kubernetes cluster.",
	.params = params,
	.run = run,
};
