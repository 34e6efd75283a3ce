/* Keywords that blocks, roles and steps hand down. */
#include "../internal.h"
#include "rollout/base/nearest.h"

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
static const char *const lists[] = {"when",	   "environment", "tags", "module_defaults",
				    "collections", "debugger"};

void attrs_offer_names(void (*fn)(void *ctx, struct slice name), void *ctx)
{
	for (size_t i = 0; i < ARRAY_LEN(simple); i++)
		fn(ctx, slice_from(simple[i].name));
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		fn(ctx, slice_from(lists[i]));
}

static int take_when(struct plan_attrs *attrs, const struct value *v, struct err *err)
{
	if (v->type == VALUE_NULL || value_is_str(v, ""))
		return ATTR_TAKEN;
	if (v->type == VALUE_INT)
		v = value_bool(v->integer != 0);
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
	struct err ignored = {0};
	if (plan_has_markup(v) && v->type == VALUE_STRING)
		(void)keys_render(c, v, &v, &ignored);
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

/* What is no mapping counts for nothing, as with Ansible. */
static void take_environment(struct compiler *c, struct plan_attrs *attrs, const struct value *v)
{
	for (size_t i = 0; v->type == VALUE_LIST && i < v->list.len; i++) {
		const struct value *one = v->list.at[i];
		if (one->type == VALUE_DICT || (one->type == VALUE_STRING && plan_has_markup(one)))
			vec_push(&attrs->environment, one);
		else
			plan_warn(c->plan, one->at,
				  "'environment' has a %s, which is no mapping of variables, and "
				  "passes it over",
				  value_type_name(one));
	}
	if (v->type == VALUE_DICT || (v->type == VALUE_STRING && plan_has_markup(v)))
		vec_push(&attrs->environment, v);
	else if (v->type != VALUE_LIST && v->type != VALUE_NULL)
		plan_warn(c->plan, v->at,
			  "'environment' is a mapping of variables; a %s is passed over",
			  value_type_name(v));
}

/* What is written, where it is not a template, must be of the keyword's kind. */
static int check_kind(enum kind kind, const char *name, const struct value *v, struct err *err)
{
	bool truth;
	if (plan_has_markup(v) || v->type == VALUE_NULL)
		return 0;
	if (kind == TRUTH && !value_to_bool(v, &truth))
		return err_at(err, ERR_INVALID, v->at, "'%s' is yes or no", name);
	if (kind == NUMBER &&
	    (!number_is_written(v, true) ||
	     (v->type == VALUE_INT && v->integer < 0 && strcmp(name, "port") == 0)))
		return err_at(err, ERR_INVALID, v->at, "'%s' is a whole number", name);
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
		if (args->type != VALUE_DICT && args->type != VALUE_NULL &&
		    !(args->type == VALUE_STRING && plan_has_markup(args)))
			return err_at(err, ERR_INVALID, args->at,
				      "the defaults of a module are a mapping, not a %s",
				      value_type_name(args));
	}
	vec_push(&attrs->module_defaults, v);
	return ATTR_TAKEN;
}

/* Names of collections: modules are found without them, a play's roles by them. */
static int take_collections(struct compiler *c, const struct plan_attrs *attrs,
			    const struct value *v, struct err *err)
{
	for (size_t i = 0; v->type == VALUE_LIST && i < v->list.len; i++)
		if (v->list.at[i]->type != VALUE_STRING)
			return err_at(err, ERR_INVALID, v->list.at[i]->at,
				      "'collections' is a list of names");
	if (v->type != VALUE_LIST && v->type != VALUE_STRING && v->type != VALUE_NULL)
		return err_at(err, ERR_INVALID, v->at, "'collections' is a list of names");
	if (attrs == &c->step->attrs)
		c->step->collections = v;
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
	    !value_is_str(method, "sudo") && !value_is_str(method, "ansible.builtin.sudo") &&
	    !value_is_str(method, "su") && !value_is_str(method, "ansible.builtin.su"))
		return err_at(err, ERR_UNSUPPORTED, method->at,
			      "become_method '%.*s' is not supported by rollout (sudo and su are)",
			      SLICE_ARG(method->str));
	return 0;
}

static int take_debugger(struct plan_attrs *attrs, const struct value *v, struct err *err)
{
	static const char *const known[] = {"always", "never", "on_failed", "on_unreachable",
					    "on_skipped"};
	struct slice name = v->type == VALUE_STRING ? v->str : SLICE_LIT("?");
	struct nearest near;
	char hint[128];
	if (v->type == VALUE_NULL)
		return ATTR_TAKEN;
	nearest_init(&near, name);
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		nearest_offer(&near, slice_from(known[i]));
		if (slice_is(name, known[i])) {
			attrs->debugger = v;
			return ATTR_TAKEN;
		}
	}
	return err_at(err, ERR_INVALID, v->at,
		      "'debugger' is always, never, on_failed, on_unreachable or on_skipped, not "
		      "'%.*s'%s",
		      SLICE_ARG(name), nearest_hint(&near, hint, sizeof(hint)));
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
	if (value_is_str(key, "environment")) {
		take_environment(c, attrs, v);
		return ATTR_TAKEN;
	}
	if (value_is_str(key, "module_defaults"))
		return take_module_defaults(c, attrs, v, err);
	if (value_is_str(key, "collections"))
		return take_collections(c, attrs, v, err);
	if (value_is_str(key, "debugger"))
		return take_debugger(attrs, v, err);
	return ATTR_NOT_MINE;
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

int vars_take(struct compiler *c, const struct value *v, const struct value **ret, struct err *err)
{
	struct value *all = value_dict_new(&c->plan->arena);
	*ret = v->type == VALUE_DICT ? v : NULL;
	if (v->type == VALUE_DICT || v->type == VALUE_NULL)
		return 0;
	for (size_t i = 0; v->type == VALUE_LIST && i < v->list.len; i++) {
		const struct value *d = v->list.at[i];
		if (d->type != VALUE_DICT)
			return err_at(err, ERR_INVALID, d->at,
				      "'vars' is a mapping of variables or a list of them");
		for (size_t k = 0; k < d->dict.len; k++)
			value_dict_set(&c->plan->arena, all, d->dict.at[k].key,
				       d->dict.at[k].value);
	}
	if (v->type != VALUE_LIST)
		return err_at(err, ERR_INVALID, v->at, "'vars' is a mapping of variables, not a %s",
			      value_type_name(v));
	all->at = v->at;
	*ret = all;
	return 0;
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

/* By its own name, or as one of those that have some, or none. */
static bool is_named(const struct plan_attrs *attrs, const char *const *tags)
{
	for (; tags && *tags; tags++)
		if (has_tag(attrs, *tags) || (strcmp(*tags, "untagged") == 0 && !attrs->tags.len))
			return true;
	return false;
}

static bool names(const char *const *tags, const char *tag)
{
	for (; tags && *tags; tags++)
		if (strcmp(*tags, tag) == 0)
			return true;
	return false;
}

static bool is_wanted(const struct plan_attrs *attrs, const char *const *tags)
{
	if (has_tag(attrs, "always") || is_named(attrs, tags))
		return true;
	if (has_tag(attrs, "never"))
		return false;
	return !tags || !tags[0] || names(tags, "all") ||
	       (names(tags, "tagged") && attrs->tags.len);
}

static bool is_skipped(const struct plan_attrs *attrs, const char *const *tags)
{
	if (names(tags, "all"))
		return !has_tag(attrs, "always") || names(tags, "always");
	return is_named(attrs, tags) || (names(tags, "tagged") && attrs->tags.len);
}

/* Source: ansible-core, playbook/taggable.py (evaluate_tags). */
bool attrs_selected(const struct plan *plan, const struct plan_attrs *attrs)
{
	return is_wanted(attrs, plan->tags) && !is_skipped(attrs, plan->skip_tags);
}
