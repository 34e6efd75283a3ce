/* Checking an argument dict against a module's table, and completing it. */
#include "args.h"

#include "rollout/base/nearest.h"

const struct module_param *module_param_find(const struct module *m, struct slice name)
{
	for (const struct module_param *p = m->params; p && p->name; p++) {
		if (slice_is(name, p->name))
			return p;
		for (const char *const *alias = p->aliases; alias && *alias; alias++)
			if (slice_is(name, *alias))
				return p;
	}
	return NULL;
}

bool args_templated(const struct value *v)
{
	switch (v->type) {
	case VALUE_STRING:
		return (v->flags & VALUE_ENCRYPTED) || memmem(v->str.ptr, v->str.len, "{{", 2) ||
		       memmem(v->str.ptr, v->str.len, "{%", 2);
	case VALUE_LIST:
		for (size_t i = 0; i < v->list.len; i++)
			if (args_templated(v->list.at[i]))
				return true;
		return false;
	case VALUE_DICT:
		for (size_t i = 0; i < v->dict.len; i++)
			if (args_templated(v->dict.at[i].key) ||
			    args_templated(v->dict.at[i].value))
				return true;
		return false;
	case VALUE_UNKNOWN:
		return true;
	default:
		return false;
	}
}

static int unsupported(const struct module *m, const struct value *key, struct err *err)
{
	struct nearest n;
	char hint[128];
	if (args_is_foreign(m, key->str))
		return err_at(err, ERR_UNSUPPORTED, key->at,
			      "rollout's module %s has no parameter '%.*s'", m->name,
			      SLICE_ARG(key->str));
	nearest_init(&n, key->str);
	for (const struct module_param *p = m->params; p && p->name; p++) {
		nearest_offer(&n, slice_from(p->name));
		for (const char *const *alias = p->aliases; alias && *alias; alias++)
			nearest_offer(&n, slice_from(*alias));
	}
	return err_at(err, ERR_INVALID, key->at, "unsupported parameter '%.*s' for module %s%s",
		      SLICE_ARG(key->str), m->name, nearest_hint(&n, hint, sizeof(hint)));
}

/* One pair of the dict: *ret_param is NULL for the user's own and the
 * controller's own keys. */
static int param_of_key(const struct module *m, const struct value *key,
			const struct module_param **ret_param, struct err *err)
{
	*ret_param = NULL;
	if (key->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, key->at,
			      "parameter names of module %s are strings, this is a %s", m->name,
			      value_type_name(key));
	if (slice_starts_with(key->str, "_"))
		return 0;
	*ret_param = module_param_find(m, key->str);
	return *ret_param || (m->flags & MODULE_ANY_ARGS) ? 0 : unsupported(m, key, err);
}

/* A parameter whose value is null is as good as not there. */
static bool is_set(const struct value *v)
{
	return v && v->type != VALUE_NULL;
}

/* Is the parameter there, by its name or by an alias? */
static bool given(const struct value *args, const struct module *m, struct slice name)
{
	const struct module_param *p = module_param_find(m, name);
	if (!p)
		return is_set(value_get_slice(args, name));
	if (is_set(value_get(args, p->name)))
		return true;
	for (const char *const *alias = p->aliases; alias && *alias; alias++)
		if (is_set(value_get(args, *alias)))
			return true;
	return false;
}

/* How many of "a|b|c" are given; their names, ", "-joined, into names. */
static size_t count_given(const struct module *m, const struct value *args, const char *group,
			  struct strbuf *names)
{
	size_t count = 0;
	struct slice rest = slice_from(group), name;
	while (slice_split(&rest, '|', &name)) {
		count += given(args, m, name);
		if (names->len)
			strbuf_puts(names, ", ");
		if (slice_is(name, "_raw_params"))
			strbuf_puts(names, "a free-form command");
		else
			strbuf_slice_append(names, name);
	}
	return count;
}

static int check_groups(const struct module *m, const struct value *args, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf names = {0};
	for (const char *const *g = m->required_one_of; g && *g; g++) {
		strbuf_truncate(&names, 0);
		if (count_given(m, args, *g, &names) == 0)
			return err_at(err, ERR_INVALID, args->at,
				      "one of the following is required by module %s: %s", m->name,
				      names.ptr);
	}
	for (const char *const *g = m->mutually_exclusive; g && *g; g++) {
		strbuf_truncate(&names, 0);
		if (count_given(m, args, *g, &names) > 1)
			return err_at(err, ERR_INVALID, args->at,
				      "parameters of module %s are mutually exclusive: %s", m->name,
				      names.ptr);
	}
	return 0;
}

int module_check_presence(const struct module *m, const struct value *args, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf missing = {0};
	size_t count = 0;
	for (const struct module_param *p = m->params; p && p->name; p++) {
		if (!p->required || given(args, m, slice_from(p->name)))
			continue;
		strbuf_printf(&missing, "%s%s", count++ ? ", " : "", p->name);
	}
	if (count)
		return err_at(err, ERR_INVALID, args->at, "module %s lacks the required %s %s",
			      m->name, count == 1 ? "parameter" : "parameters", missing.ptr);
	return check_groups(m, args, err);
}

/* An absent argument dict, and a null one, are empty. */
static int as_dict(const struct module *m, struct arena *a, const struct value **args,
		   struct err *err)
{
	if (!*args || (*args)->type == VALUE_NULL) {
		struct value *empty = value_dict_new(a);
		if (*args)
			empty->at = (*args)->at;
		*args = empty;
	}
	if ((*args)->type != VALUE_DICT)
		return err_at(err, ERR_INVALID, (*args)->at,
			      "arguments of module %s must be a mapping, this is a %s", m->name,
			      value_type_name(*args));
	return 0;
}

static int check_value(const struct args_coerce *c, const struct value_pair *arg, struct err *err)
{
	const struct module_param *p;
	const struct value *ignored;
	int r = param_of_key(c->module, arg->key, &p, err);
	return r < 0 || !p ? r : args_coerce_value(c, p, arg->value, &ignored, err);
}

static int check_values(const struct args_coerce *c, const struct value *args, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < args->dict.len; i++)
		r = check_value(c, &args->dict.at[i], err);
	return r;
}

int module_check_args(const struct module *m, const struct value *args, bool templated,
		      struct err *err)
{
	if (templated && args && args->type == VALUE_STRING && args_templated(args))
		return 0;
	CLEANUP(arena_release) struct arena scratch = {0};
	struct args_coerce c = {.module = m, .arena = &scratch, .trust_templates = templated};
	int r = as_dict(m, &scratch, &args, err);
	if (r == 0)
		r = check_values(&c, args, err);
	return r < 0 ? r : module_check_presence(m, args, err);
}

int module_check_arg(const struct module *m, const struct value_pair *arg, struct err *err)
{
	CLEANUP(arena_release) struct arena scratch = {0};
	struct args_coerce c = {.module = m, .arena = &scratch, .trust_templates = true};
	return check_value(&c, arg, err);
}

int module_check_given(const struct module *m, const struct value *args, struct err *err)
{
	CLEANUP(arena_release) struct arena scratch = {0};
	struct args_coerce c = {.module = m, .arena = &scratch, .trust_templates = true};
	return check_values(&c, args, err);
}

static int put_given(const struct args_coerce *c, const struct value *args, struct value *out,
		     struct err *err)
{
	for (size_t i = 0; i < args->dict.len; i++) {
		const struct value_pair *pair = &args->dict.at[i];
		const struct module_param *p;
		const struct value *v = pair->value;
		int r = param_of_key(c->module, pair->key, &p, err);
		if (r == 0 && p)
			r = args_coerce_value(c, p, pair->value, &v, err);
		if (r < 0)
			return r;
		if (!p)
			value_dict_set(c->arena, out, pair->key, v);
		else if (v->type != VALUE_NULL || p->type == MODULE_RAW)
			value_dict_put(c->arena, out, p->name, v);
	}
	return 0;
}

static int put_defaults(const struct args_coerce *c, struct value *out, struct err *err)
{
	for (const struct module_param *p = c->module->params; p && p->name; p++) {
		const struct value *v;
		if (!p->fallback || value_get(out, p->name))
			continue;
		int r = args_fallback(c, p, &v, err);
		if (r < 0)
			return r;
		value_dict_put(c->arena, out, p->name, v);
	}
	return 0;
}

int module_coerce_args(const struct module *m, struct arena *a, const struct value *args,
		       const struct value **ret, struct err *err)
{
	struct args_coerce c = {.module = m, .arena = a};
	int r = as_dict(m, a, &args, err);
	if (r < 0)
		return r;
	struct value *out = value_dict_new(a);
	out->at = args->at;
	out->flags = args->flags;
	r = put_given(&c, args, out, err);
	if (r == 0)
		r = module_check_presence(m, args, err);
	if (r == 0)
		r = put_defaults(&c, out, err);
	if (r == 0)
		*ret = out;
	return r;
}
