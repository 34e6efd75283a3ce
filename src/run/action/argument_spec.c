/* validate_argument_spec: a role's arguments against meta/argument_specs.yml.
 * Source: Ansible's page of the module; "Specification format". */
#include "action.h"
#include "rollout/value/secret.h"

#define SPEC_MAX_DEPTH 32u

struct checking {
	struct action_call *c;
	struct value *errors; /* list of texts */
};

static void complain(struct checking *k, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void complain(struct checking *k, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	value_list_push(k->c->a, k->errors, value_cstr(k->c->a, text));
}

static bool is_number(const struct value *v, bool whole)
{
	return v->type == VALUE_INT || (v->type == VALUE_FLOAT && !whole) ||
	       value_is_number_text(v, whole);
}

/* As Ansible's check_type_*: what can be converted is of the type. */
static bool is_of_type(const struct value *v, const char *type)
{
	bool b, scalar = v->type != VALUE_DICT && v->type != VALUE_LIST;
	if (strcmp(type, "bool") == 0)
		return value_to_bool(v, &b);
	if (strcmp(type, "int") == 0)
		return is_number(v, true);
	if (strcmp(type, "float") == 0)
		return is_number(v, false);
	if (strcmp(type, "list") == 0)
		return v->type != VALUE_DICT && v->type != VALUE_BOOL;
	if (strcmp(type, "dict") == 0)
		return v->type == VALUE_DICT || (v->type == VALUE_STRING &&
						 (v->str.ptr[0] == '{' || strchr(v->str.ptr, '=')));
	if (strcmp(type, "path") == 0)
		return scalar;
	return true; /* str, raw, json …: everything has a text */
}

static void check_type(struct checking *k, const char *name, const struct value *v,
		       const char *type, const char *context)
{
	if (!is_of_type(v, type))
		complain(k, "argument '%s' is of type %s%s and we were unable to convert to %s",
			 name, value_type_name(v), context, type);
}

static void check_choices(struct checking *k, const char *name, const struct value *v,
			  const struct value *choices)
{
	struct strbuf all CLEANUP(strbuf_release) = {0}, got CLEANUP(strbuf_release) = {0};
	if (v->type == VALUE_LIST) {
		for (size_t i = 0; i < v->list.len; i++)
			check_choices(k, name, v->list.at[i], choices);
		return;
	}
	for (size_t i = 0; i < choices->list.len; i++) {
		struct strbuf one CLEANUP(strbuf_release) = {0}, own CLEANUP(strbuf_release) = {0};
		value_print(&one, choices->list.at[i]);
		value_print(&own, v);
		if (slice_eq(strbuf_slice(&one), strbuf_slice(&own)))
			return;
		strbuf_printf(&all, "%s%s", i ? ", " : "", one.ptr);
	}
	value_print(&got, v);
	complain(k, "value of %s must be one of: %s, got: %s", name, all.ptr ? all.ptr : "",
		 got.ptr ? got.ptr : "");
}

static void check_options(struct checking *k, const struct value *spec, const struct value *given,
			  unsigned depth);

static void check_nested(struct checking *k, const struct value *spec, const struct value *v,
			 unsigned depth)
{
	const struct value *options = value_get(spec, "options");
	if (!options || options->type != VALUE_DICT || depth >= SPEC_MAX_DEPTH)
		return;
	if (v->type == VALUE_DICT)
		check_options(k, options, v, depth + 1);
	for (size_t i = 0; v->type == VALUE_LIST && i < v->list.len; i++)
		if (v->list.at[i]->type == VALUE_DICT)
			check_options(k, options, v->list.at[i], depth + 1);
}

/* Of an option with no_log: what is said of it does not show it. */
static void conceal(const struct value *spec, const struct value *v)
{
	const struct value *no_log = value_get(spec, "no_log");
	bool yes = false;
	if (no_log && value_to_bool(no_log, &yes) && yes && v->type == VALUE_STRING)
		secret_remember(v->str);
	else if (yes)
		secret_remember_tree(v);
}

static void check_one(struct checking *k, const char *name, const struct value *spec,
		      const struct value *v, unsigned depth)
{
	const struct value *type = value_get(spec, "type"), *elements = value_get(spec, "elements"),
			   *choices = value_get(spec, "choices");
	if (v->type == VALUE_NULL)
		return;
	conceal(spec, v);
	check_type(k, name, v, type && type->type == VALUE_STRING ? type->str.ptr : "str", "");
	if (elements && elements->type == VALUE_STRING && v->type == VALUE_LIST)
		for (size_t i = 0; i < v->list.len; i++)
			check_type(k, name, v->list.at[i], elements->str.ptr, " in a list");
	if (choices && choices->type == VALUE_LIST)
		check_choices(k, name, v, choices);
	check_nested(k, spec, v, depth);
}

static void check_options(struct checking *k, const struct value *spec, const struct value *given,
			  unsigned depth)
{
	struct strbuf missing CLEANUP(strbuf_release) = {0};
	for (size_t i = 0; i < spec->dict.len; i++) {
		const struct value *key = spec->dict.at[i].key, *one = spec->dict.at[i].value, *v;
		if (key->type != VALUE_STRING || one->type != VALUE_DICT)
			continue;
		const struct value *required = value_get(one, "required");
		v = value_find(given, key);
		if (v)
			check_one(k, key->str.ptr, one, v, depth);
		else if (required && value_truthy(required))
			strbuf_printf(&missing, "%s%s", missing.len ? ", " : "", key->str.ptr);
	}
	if (missing.len)
		complain(k, "missing required arguments: %s", missing.ptr);
	for (size_t i = 0; depth > 0 && i < given->dict.len; i++)
		if (!value_find(spec, given->dict.at[i].key) &&
		    given->dict.at[i].key->type == VALUE_STRING)
			complain(k, "%s. Supported parameters are those of the specification.",
				 given->dict.at[i].key->str.ptr);
}

/* The variables of the specified names, under what was given. */
static int collect(struct action_call *c, const struct value *spec, struct value *into,
		   struct err *err)
{
	const struct value *given = action_arg(c, "provided_arguments");
	for (size_t i = 0; i < spec->dict.len; i++) {
		const struct value *key = spec->dict.at[i].key, *v = NULL;
		if (key->type != VALUE_STRING)
			continue;
		int r = vars_get(&c->scope->vars, key->str.ptr, &v, err);
		if (r < 0)
			return r;
		if (v)
			value_dict_set(c->a, into, key, v);
	}
	for (size_t i = 0; given && given->type == VALUE_DICT && i < given->dict.len; i++)
		value_dict_set(c->a, into, given->dict.at[i].key, given->dict.at[i].value);
	return 0;
}

int action_validate_argument_spec(struct action_call *c, struct err *err)
{
	const struct value *spec = action_arg(c, "argument_spec"),
			   *context = action_arg(c, "validate_args_context");
	struct checking k = {c, value_list_new(c->a)};
	struct value *given = value_dict_new(c->a);
	struct strbuf text CLEANUP(strbuf_release) = {0};
	if (!spec || spec->type != VALUE_DICT)
		return err_at(err, ERR_INVALID, c->f->node->at, "'argument_spec' is a mapping");
	int r = collect(c, spec, given, err);
	if (r < 0)
		return r;
	check_options(&k, spec, given, 0);
	action_put(c, "validate_args_context", context ? context : value_dict_new(c->a));
	if (k.errors->list.len == 0) {
		action_put(c, "msg", value_cstr(c->a, "The arg spec validation passed"));
		return 0;
	}
	strbuf_puts(&text, "Validation of arguments failed:");
	for (size_t i = 0; i < k.errors->list.len; i++)
		strbuf_printf(&text, "\n%s", k.errors->list.at[i]->str.ptr);
	action_put(c, "failed", value_bool(true));
	action_put(c, "msg", value_cstr(c->a, text.ptr));
	action_put(c, "argument_errors", k.errors);
	action_put(c, "argument_spec_data", spec);
	return 0;
}
