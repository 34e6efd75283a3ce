/* Keywords that blocks, roles and steps hand down. */
#include "internal.h"

#include <stddef.h>

enum kind { TEXT, TRUTH, NUMBER };
static const struct {
	const char *name;
	size_t offset;
	enum kind kind;
} simple[] = {
#define SIMPLE(field, kind)                                                                        \
	{                                                                                          \
#		field, offsetof(struct plan_attrs, field), kind                                   \
	}
	SIMPLE(become, TRUTH),
	SIMPLE(become_user, TEXT),
	SIMPLE(check_mode, TRUTH),
	SIMPLE(diff, TRUTH),
	SIMPLE(no_log, TRUTH),
	SIMPLE(ignore_errors, TRUTH),
	SIMPLE(delegate_to, TEXT),
	SIMPLE(delegate_facts, TRUTH),
	SIMPLE(run_once, TRUTH),
	SIMPLE(throttle, NUMBER),
	SIMPLE(timeout, NUMBER),
	SIMPLE(any_errors_fatal, TRUTH),
	SIMPLE(remote_user, TEXT),
	SIMPLE(connection, TEXT),
	SIMPLE(port, NUMBER),
	SIMPLE(become_method, TEXT),
	SIMPLE(become_flags, TEXT),
	SIMPLE(become_exe, TEXT),
	SIMPLE(ignore_unreachable, TRUTH),
#undef SIMPLE
};
static const char *const lists[] = {"when", "environment", "tags", "module_defaults",
				    "collections"};

void attrs_offer_names(void (*fn)(void *ctx, struct slice name), void *ctx)
{
	for (size_t i = 0; i < ARRAY_LEN(simple); i++)
		fn(ctx, slice_from(simple[i].name));
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		fn(ctx, slice_from(lists[i]));
}

static int take_when(struct plan_attrs *attrs, const struct value *v, struct err *err)
{
	if (v->type == VALUE_STRING || v->type == VALUE_BOOL) {
		vec_push(&attrs->when, v);
		return ATTR_TAKEN;
	}
	if (v->type != VALUE_LIST)
		return err_at(err, ERR_INVALID, v->at,
			      "'when' is an expression or a list of them, not a %s",
			      value_type_name(v));
	for (size_t i = 0; i < v->list.len; i++) {
		int r = take_when(attrs, v->list.at[i], err);
		if (r < 0)
			return r;
	}
	return ATTR_TAKEN;
}

static int take_tags(struct compiler *c, struct plan_attrs *attrs, const struct value *v,
		     struct err *err)
{
	if (v->type == VALUE_STRING) {
		struct slice rest = v->str, part;
		while (slice_split(&rest, ',', &part)) {
			part = slice_trim(part);
			if (part.len)
				vec_push(&attrs->tags,
					 arena_strndup(&c->plan->arena, part.ptr, part.len));
		}
		return ATTR_TAKEN;
	}
	if (v->type == VALUE_INT) {
		vec_push(&attrs->tags,
			 arena_printf(&c->plan->arena, "%lld", (long long)v->integer));
		return ATTR_TAKEN;
	}
	if (v->type != VALUE_LIST)
		return err_at(err, ERR_INVALID, v->at,
			      "'tags' is a name or a list of names, not a %s", value_type_name(v));
	for (size_t i = 0; i < v->list.len; i++) {
		int r = take_tags(c, attrs, v->list.at[i], err);
		if (r < 0)
			return r;
	}
	return ATTR_TAKEN;
}

static int take_environment(struct plan_attrs *attrs, const struct value *v, struct err *err)
{
	if (v->type == VALUE_LIST) {
		for (size_t i = 0; i < v->list.len; i++)
			vec_push(&attrs->environment, v->list.at[i]);
	} else if (v->type == VALUE_DICT || plan_has_markup(v)) {
		vec_push(&attrs->environment, v);
	} else if (v->type != VALUE_NULL) {
		return err_at(err, ERR_INVALID, v->at,
			      "'environment' is a mapping of variables, not a %s",
			      value_type_name(v));
	}
	return ATTR_TAKEN;
}

/* What is written, where it is not a template, must be of the keyword's kind. */
static int check_kind(enum kind kind, const char *name, const struct value *v, struct err *err)
{
	bool truth;
	if (plan_has_markup(v) || v->type == VALUE_NULL)
		return 0;
	if (kind == TRUTH && !value_to_bool(v, &truth))
		return err_at(err, ERR_INVALID, v->at, "'%s' is yes or no", name);
	if (kind == NUMBER && (v->type != VALUE_INT || v->integer < 0))
		return err_at(err, ERR_INVALID, v->at, "'%s' is a number", name);
	if (kind == TEXT && (v->type == VALUE_LIST || v->type == VALUE_DICT))
		return err_at(err, ERR_INVALID, v->at, "'%s' is a word, not a %s", name,
			      value_type_name(v));
	return 0;
}

/* module: {arg: value}, or a list of such mappings. */
static int take_module_defaults(struct compiler *c, struct plan_attrs *attrs, const struct value *v,
				struct err *err)
{
	for (size_t i = 0; v->type == VALUE_LIST && i < v->list.len; i++) {
		int r = take_module_defaults(c, attrs, v->list.at[i], err);
		if (r < 0)
			return r;
	}
	if (v->type == VALUE_LIST || v->type == VALUE_NULL)
		return ATTR_TAKEN;
	if (v->type != VALUE_DICT)
		return err_at(err, ERR_INVALID, v->at,
			      "'module_defaults' maps modules to their arguments; this is a %s",
			      value_type_name(v));
	for (size_t i = 0; i < v->dict.len; i++) {
		const struct value *key = v->dict.at[i].key, *args = v->dict.at[i].value;
		int r = defaults_check_key(c, key, err);
		if (r < 0)
			return r;
		if (args->type != VALUE_DICT && args->type != VALUE_NULL)
			return err_at(err, ERR_INVALID, args->at,
				      "the defaults of a module are a mapping, not a %s",
				      value_type_name(args));
	}
	vec_push(&attrs->module_defaults, v);
	return ATTR_TAKEN;
}

/* Names of collections: what rollout has is found without them. */
static int take_collections(const struct value *v, struct err *err)
{
	for (size_t i = 0; v->type == VALUE_LIST && i < v->list.len; i++)
		if (v->list.at[i]->type != VALUE_STRING)
			return err_at(err, ERR_INVALID, v->list.at[i]->at,
				      "'collections' is a list of names");
	if (v->type != VALUE_LIST && v->type != VALUE_STRING && v->type != VALUE_NULL)
		return err_at(err, ERR_INVALID, v->at, "'collections' is a list of names");
	return ATTR_TAKEN;
}

/* Literal values that this program has no way to follow. */
static int check_reach(const struct plan_attrs *attrs, struct err *err)
{
	static const char *const kinds[] = {"ssh", "smart", "paramiko", "paramiko_ssh", "local"};
	const struct value *kind = attrs->connection, *method = attrs->become_method;
	bool known = !kind || kind->type != VALUE_STRING || plan_has_markup(kind);
	for (size_t i = 0; !known && i < ARRAY_LEN(kinds); i++)
		known = value_is_str(kind, kinds[i]) ||
			(slice_starts_with(kind->str, "ansible.builtin.") &&
			 strcmp(kind->str.ptr + 16, kinds[i]) == 0);
	if (!known)
		return err_at(err, ERR_UNSUPPORTED, kind->at,
			      "connection '%.*s' is not one that rollout has (ssh, local)",
			      SLICE_ARG(kind->str));
	if (method && method->type == VALUE_STRING && !plan_has_markup(method) &&
	    !value_is_str(method, "sudo") && !value_is_str(method, "ansible.builtin.sudo"))
		return err_at(err, ERR_UNSUPPORTED, method->at,
			      "become_method '%.*s' is not supported by rollout (sudo is)",
			      SLICE_ARG(method->str));
	return 0;
}

static int refuse(const struct value *key, const struct value *v, struct err *err)
{
	if (value_is_str(key, "debugger") && !value_is_str(v, "never"))
		return err_at(err, ERR_UNSUPPORTED, key->at,
			      "the keyword 'debugger' is not supported by rollout: nobody is asked "
			      "while a run goes on");
	return value_is_str(key, "debugger") ? ATTR_TAKEN : ATTR_NOT_MINE;
}

static int take_simple(struct plan_attrs *attrs, size_t i, const struct value *v, struct err *err)
{
	int r = check_kind(simple[i].kind, simple[i].name, v, err);
	*(const struct value **)((char *)attrs + simple[i].offset) = v;
	if (r == 0)
		r = check_reach(attrs, err);
	return r < 0 ? r : ATTR_TAKEN;
}

int attrs_take(struct compiler *c, struct plan_attrs *attrs, const struct value *key,
	       const struct value *v, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(simple); i++)
		if (value_is_str(key, simple[i].name))
			return take_simple(attrs, i, v, err);
	if (value_is_str(key, "when"))
		return take_when(attrs, v, err);
	if (value_is_str(key, "tags"))
		return take_tags(c, attrs, v, err);
	if (value_is_str(key, "environment"))
		return take_environment(attrs, v, err);
	if (value_is_str(key, "module_defaults"))
		return take_module_defaults(c, attrs, v, err);
	if (value_is_str(key, "collections"))
		return take_collections(v, err);
	return refuse(key, v, err);
}

struct plan_attrs attrs_inherit(const struct plan_attrs *outer)
{
	struct plan_attrs a = *outer;
	memset(&a.when, 0, sizeof(a.when));
	memset(&a.environment, 0, sizeof(a.environment));
	memset(&a.tags, 0, sizeof(a.tags));
	memset(&a.module_defaults, 0, sizeof(a.module_defaults));
	for (size_t i = 0; i < outer->module_defaults.len; i++)
		vec_push(&a.module_defaults, outer->module_defaults.at[i]);
	for (size_t i = 0; i < outer->when.len; i++)
		vec_push(&a.when, outer->when.at[i]);
	for (size_t i = 0; i < outer->environment.len; i++)
		vec_push(&a.environment, outer->environment.at[i]);
	for (size_t i = 0; i < outer->tags.len; i++)
		vec_push(&a.tags, outer->tags.at[i]);
	return a;
}

void attrs_add_vars(struct compiler *c, struct plan_attrs *attrs, const struct value *vars)
{
	struct value *merged = attrs->block_vars
				       ? value_dict_dup(&c->plan->arena, attrs->block_vars)
				       : value_dict_new(&c->plan->arena);
	for (size_t i = 0; i < vars->dict.len; i++)
		value_dict_set(&c->plan->arena, merged, vars->dict.at[i].key,
			       vars->dict.at[i].value);
	attrs->block_vars = merged;
}

void attrs_release(struct plan_attrs *attrs)
{
	vec_release(&attrs->when);
	vec_release(&attrs->environment);
	vec_release(&attrs->tags);
	vec_release(&attrs->module_defaults);
}

static bool has_tag(const struct plan_attrs *attrs, const char *tag)
{
	for (size_t i = 0; i < attrs->tags.len; i++)
		if (strcmp(attrs->tags.at[i], tag) == 0)
			return true;
	return false;
}

static bool matches(const struct plan_attrs *attrs, const char *const *wanted)
{
	for (; *wanted; wanted++) {
		if (strcmp(*wanted, "all") == 0 || has_tag(attrs, *wanted))
			return true;
		if (strcmp(*wanted, "tagged") == 0 && attrs->tags.len)
			return true;
		if (strcmp(*wanted, "untagged") == 0 && !attrs->tags.len)
			return true;
	}
	return false;
}

/* Source: Ansible, "Tags", special tags always and never. */
bool attrs_selected(const struct plan *plan, const struct plan_attrs *attrs)
{
	bool wanted = true;
	if (plan->tags && plan->tags[0])
		wanted = has_tag(attrs, "always") || matches(attrs, plan->tags);
	if (has_tag(attrs, "never")) {
		bool named = false;
		for (const char *const *t = plan->tags; t && *t && !named; t++)
			named = strcmp(*t, "all") != 0 && strcmp(*t, "tagged") != 0 &&
				has_tag(attrs, *t);
		wanted = named;
	}
	if (wanted && plan->skip_tags && matches(attrs, plan->skip_tags))
		wanted = false;
	return wanted;
}
