/* The lookup config: settings of Ansible's configuration, as the run has them. */
#include "../filter/filter.h"
#include "rollout/base/nearest.h"

int config_missing(const struct template_env *env, struct slice name, struct err *err)
{
	char hint[160];
	struct nearest near;
	nearest_init(&near, name);
	for (size_t i = 0; env->settings && i < env->settings->dict.len; i++)
		nearest_offer(&near, env->settings->dict.at[i].key->str);
	return err_set(err, ERR_NOT_FOUND, "Unable to find setting %.*s%s", SLICE_ARG(name),
		       nearest_hint(&near, hint, sizeof(hint)));
}

static int keyword_text(struct call *c, const char *name, struct slice *ret, struct err *err)
{
	const struct value *v = template_arg(c->args, name);
	return v && v->type != VALUE_NULL ? text_of(c->ev, v, ret, err) : 0;
}

FN(l_config)
{
	struct value *out = list_new(c->ev);
	struct slice missing = SLICE_LIT("error"), plugin = {0}, kind = {0};
	int r;
	if ((r = keyword_text(c, "on_missing", &missing, err)) < 0 ||
	    (r = keyword_text(c, "plugin_name", &plugin, err)) < 0 ||
	    (r = keyword_text(c, "plugin_type", &kind, err)) < 0)
		return r;
	if (!slice_is(missing, "error") && !slice_is(missing, "warn") && !slice_is(missing, "skip"))
		return err_set(err, ERR_INVALID, "on_missing is one of error, warn, skip, not %.*s",
			       SLICE_ARG(missing));
	if (plugin.len || kind.len)
		return err_set(err, ERR_UNSUPPORTED, "settings of plugins are not there");
	for (size_t i = 0; i < c->args->npositional; i++) {
		struct slice name;
		if (!is_str(c->args->positional[i]))
			return type_error(err, "the name of a setting is needed",
					  c->args->positional[i]);
		name = c->args->positional[i]->str;
		const struct value *v =
			c->ev->env->settings ? value_get_slice(c->ev->env->settings, name) : NULL;
		if (!v && slice_is(missing, "error"))
			return config_missing(c->ev->env, name, err);
		if (v)
			list_push(c->ev, out, v);
	}
	*ret = out;
	return 0;
}

const struct function lookups_config[] = {
	{"config", "", 0, FN_VARARGS | FN_KWARGS, l_config},
	{0},
};
