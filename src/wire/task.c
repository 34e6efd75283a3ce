#include "rollout/wire/task.h"

/* A key of the TASK message and the type its value must have. */
struct field {
	const char *name;
	enum value_type type;
	bool required;
};
enum field_index {
	F_MODULE,
	F_ITEMS,
	F_STRAND,
	F_STOP,
	F_CHECK,
	F_DIFF,
	F_NO_LOG,
	F_BECOME,
	F_ENVIRONMENT,
	F_TIMEOUT,
	F_COUNT,
};
static const struct field fields[F_COUNT] = {
	[F_MODULE] = {"module", VALUE_STRING, true},
	[F_ITEMS] = {"items", VALUE_LIST, true},
	[F_STRAND] = {"strand", VALUE_INT, true},
	[F_STOP] = {"stop_on_failure", VALUE_BOOL, true},
	[F_CHECK] = {"check_mode", VALUE_BOOL, true},
	[F_DIFF] = {"diff_mode", VALUE_BOOL, true},
	[F_NO_LOG] = {"no_log", VALUE_BOOL, true},
	[F_BECOME] = {"become_user", VALUE_STRING, false},
	[F_ENVIRONMENT] = {"environment", VALUE_DICT, false},
	[F_TIMEOUT] = {"timeout_ms", VALUE_INT, false},
};

struct value *wire_task_to_value(struct arena *a, const struct wire_task *t)
{
	struct value *v = value_dict_new(a);
	value_dict_put(a, v, "module", value_cstr(a, t->module));
	value_dict_put(a, v, "items", t->items);
	value_dict_put(a, v, "strand", value_int(a, t->strand));
	value_dict_put(a, v, "stop_on_failure", value_bool(t->stop_on_failure));
	value_dict_put(a, v, "check_mode", value_bool(t->check_mode));
	value_dict_put(a, v, "diff_mode", value_bool(t->diff_mode));
	value_dict_put(a, v, "no_log", value_bool(t->no_log));
	if (t->become_user)
		value_dict_put(a, v, "become_user", value_cstr(a, t->become_user));
	if (t->environment)
		value_dict_put(a, v, "environment", t->environment);
	if (t->timeout_ms > 0)
		value_dict_put(a, v, "timeout_ms", value_int(a, t->timeout_ms));
	return v;
}

static int bad(struct err *err, const char *what)
{
	err_set(err, ERR_PROTOCOL, "TASK: %s", what);
	return ERR_PROTOCOL;
}

static bool has_nul(const struct value *v)
{
	return memchr(v->str.ptr, '\0', v->str.len) != NULL;
}

/* What is wrong with a field's value, or NULL; v NULL: it is not there. */
static const char *field_trouble(const struct field *f, const struct value *v)
{
	if (!v)
		return f->required ? "is not there" : NULL;
	if (v->type != f->type)
		return "has the wrong type";
	return f->type == VALUE_STRING && has_nul(v) ? "has a NUL byte" : NULL;
}

static int take_fields(const struct value *v, const struct value *ret[F_COUNT], struct err *err)
{
	size_t found = 0;
	if (v->type != VALUE_DICT)
		return bad(err, "not a dict");
	for (size_t i = 0; i < F_COUNT; i++) {
		ret[i] = value_get(v, fields[i].name);
		found += ret[i] != NULL;
		const char *trouble = field_trouble(&fields[i], ret[i]);
		if (trouble) {
			err_set(err, ERR_PROTOCOL, "TASK: %s %s", fields[i].name, trouble);
			return ERR_PROTOCOL;
		}
	}
	return found == v->dict.len ? 0 : bad(err, "a key that it does not have");
}

static int check_items(const struct value *items, struct err *err)
{
	if (items->list.len == 0)
		return bad(err, "no items");
	for (size_t i = 0; i < items->list.len; i++) {
		if (items->list.at[i]->type != VALUE_DICT)
			return bad(err, "an item that is not a dict");
	}
	return 0;
}

/* What setenv takes. */
static int check_environment(const struct value *env, struct err *err)
{
	for (size_t i = 0; i < env->dict.len; i++) {
		const struct value *key = env->dict.at[i].key, *v = env->dict.at[i].value;
		if (key->type != VALUE_STRING || v->type != VALUE_STRING)
			return bad(err, "an environment that is not strings");
		if (key->str.len == 0 || memchr(key->str.ptr, '=', key->str.len) || has_nul(key) ||
		    has_nul(v))
			return bad(err, "an environment that cannot be set");
	}
	return 0;
}

int wire_task_from_value(const struct value *v, struct wire_task *ret, struct err *err)
{
	const struct value *f[F_COUNT];
	int r = take_fields(v, f, err);
	if (r == 0)
		r = check_items(f[F_ITEMS], err);
	if (r == 0 && f[F_ENVIRONMENT])
		r = check_environment(f[F_ENVIRONMENT], err);
	if (r < 0)
		return r;
	if (f[F_STRAND]->integer < 0 || f[F_STRAND]->integer > UINT32_MAX)
		return bad(err, "strand is out of range");
	if (f[F_TIMEOUT] && f[F_TIMEOUT]->integer <= 0)
		return bad(err, "timeout_ms is out of range");
	*ret = (struct wire_task){
		.module = f[F_MODULE]->str.ptr,
		.items = f[F_ITEMS],
		.strand = (uint32_t)f[F_STRAND]->integer,
		.stop_on_failure = f[F_STOP]->boolean,
		.check_mode = f[F_CHECK]->boolean,
		.diff_mode = f[F_DIFF]->boolean,
		.no_log = f[F_NO_LOG]->boolean,
		.become_user = f[F_BECOME] ? f[F_BECOME]->str.ptr : NULL,
		.environment = f[F_ENVIRONMENT],
		.timeout_ms = f[F_TIMEOUT] ? f[F_TIMEOUT]->integer : 0,
	};
	return 0;
}
