/*
 * The constructed plugin: variables and groups from expressions over each host's
 * variables.
 * Source: Ansible's page of the `constructed` inventory plugin.
 */
#include "../internal.h"
#include "rollout/base/nearest.h"
#include "rollout/inventory/vars.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>

struct constructed {
	struct inventory *inv;
	struct template_env *env;
	const struct value *compose, *groups, *keyed_groups;
	bool strict, use_vars_plugins, no_leading_separator;
	struct inv_host *host;
	struct vars vars; /* of the host */
	struct arena scratch;
	struct err *err;
};

/* ---- the configuration ---- */

static int wrong_type(const struct value *v, const char *key, const char *want, struct err *err)
{
	return err_at(err, ERR_INVALID, v->at, "'%s' must be %s, not a %s", key, want,
		      value_type_name(v));
}

static int read_bool(const struct value *v, const char *key, bool *ret, struct err *err)
{
	return value_to_bool(v, ret) ? 0 : wrong_type(v, key, "true or false", err);
}

static int unknown_key(const struct value *key, const char *what, const char *const *known,
		       struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	char hint[128];
	struct nearest near;
	value_print(&text, key);
	nearest_init(&near, strbuf_slice(&text));
	for (size_t i = 0; known[i]; i++)
		nearest_offer(&near, slice_from(known[i]));
	return err_at(err, ERR_INVALID, key->at, "%s has no key '%s'%s", what, text.ptr,
		      nearest_hint(&near, hint, sizeof(hint)));
}

static int read_key(struct constructed *c, const struct value *key, const struct value *v)
{
	static const char *const known[] = {
		"plugin",	    "compose",		 "groups", "keyed_groups", "strict",
		"use_vars_plugins", "leading_separator", NULL};
	bool leading = true;
	int r = 0;
	if (value_is_str(key, "plugin"))
		return 0;
	if (value_is_str(key, "strict"))
		return read_bool(v, "strict", &c->strict, c->err);
	if (value_is_str(key, "use_vars_plugins"))
		return read_bool(v, "use_vars_plugins", &c->use_vars_plugins, c->err);
	if (value_is_str(key, "leading_separator")) {
		r = read_bool(v, "leading_separator", &leading, c->err);
		c->no_leading_separator = !leading;
		return r;
	}
	if (value_is_str(key, "keyed_groups")) {
		c->keyed_groups = v;
		return v->type == VALUE_LIST ? 0 : wrong_type(v, "keyed_groups", "a list", c->err);
	}
	bool compose = value_is_str(key, "compose");
	if (!compose && !value_is_str(key, "groups"))
		return unknown_key(key, "the constructed plugin", known, c->err);
	if (v->type != VALUE_DICT)
		return wrong_type(v, compose ? "compose" : "groups", "a mapping", c->err);
	*(compose ? &c->compose : &c->groups) = v;
	return 0;
}

/* The expression that a value is; booleans and numbers are expressions too. */
static struct slice expression_of(struct constructed *c, const struct value *v)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (v->type == VALUE_STRING)
		return v->str;
	value_print(&text, v);
	return arena_slice(&c->inv->arena, strbuf_slice(&text));
}

static int check_expression(struct constructed *c, const struct value *v, const char *what)
{
	if (v->type == VALUE_DICT || v->type == VALUE_LIST || v->type == VALUE_NULL)
		return wrong_type(v, what, "an expression", c->err);
	return template_check_expression(c->env, expression_of(c, v), v->at, c->err);
}

static int check_keyed(struct constructed *c, const struct value *entry)
{
	static const char *const known[] = {
		"key", "prefix", "separator", "parent_group", "default_value", "trailing_separator",
		NULL};
	if (entry->type != VALUE_DICT)
		return wrong_type(entry, "keyed_groups", "a list of mappings", c->err);
	for (size_t i = 0; i < entry->dict.len; i++) {
		size_t k = 0;
		while (known[k] && !value_is_str(entry->dict.at[i].key, known[k]))
			k++;
		if (!known[k])
			return unknown_key(entry->dict.at[i].key, "an entry of keyed_groups", known,
					   c->err);
	}
	const struct value *key = value_get(entry, "key");
	if (!key)
		return err_at(c->err, ERR_INVALID, entry->at,
			      "an entry of keyed_groups needs a 'key'");
	if (value_get(entry, "default_value") && value_get(entry, "trailing_separator"))
		return err_at(c->err, ERR_INVALID, entry->at,
			      "default_value and trailing_separator exclude each other");
	return check_expression(c, key, "key");
}

static int read_config(struct constructed *c, const struct value *config)
{
	int r = 0;
	for (size_t i = 0; i < config->dict.len && r == 0; i++)
		r = read_key(c, config->dict.at[i].key, config->dict.at[i].value);
	for (size_t i = 0; c->compose && i < c->compose->dict.len && r == 0; i++)
		r = check_expression(c, c->compose->dict.at[i].value, "compose");
	for (size_t i = 0; c->groups && i < c->groups->dict.len && r == 0; i++)
		r = check_expression(c, c->groups->dict.at[i].value, "groups");
	for (size_t i = 0; c->keyed_groups && i < c->keyed_groups->list.len && r == 0; i++)
		r = check_keyed(c, c->keyed_groups->list.at[i]);
	return r;
}

/* ---- a host ---- */

static void put_magic(struct constructed *c, struct value *vars)
{
	struct arena *a = &c->inv->arena;
	struct in_addr v4;
	struct in6_addr v6;
	struct slice name = slice_from(c->host->name), rest = name, label;
	bool address = inet_pton(AF_INET, c->host->name, &v4) == 1 ||
		       inet_pton(AF_INET6, c->host->name, &v6) == 1;
	slice_split(&rest, '.', &label);
	value_dict_put(a, vars, "inventory_hostname", value_str(a, name));
	value_dict_put(a, vars, "inventory_hostname_short", value_str(a, address ? name : label));
}

static int by_name(const void *a, const void *b)
{
	const struct value *const *x = a, *const *y = b;
	return slice_cmp((*x)->str, (*y)->str);
}

static int see_host(struct constructed *c)
{
	struct value *vars;
	int r = inventory_vars_so_far(c->inv, c->host, c->use_vars_plugins, &vars, c->err);
	if (r < 0)
		return r;
	struct value *names = (struct value *)value_get(vars, "group_names");
	if (names->list.len > 1)
		qsort(names->list.at, names->list.len, sizeof(*names->list.at), by_name);
	put_magic(c, vars);
	vars_set_level(&c->vars, VARS_INVENTORY, vars);
	return 0;
}

/* What an expression gives; *ret NULL: it failed, and that is no error without `strict`. */
static int evaluate(struct constructed *c, const struct value *expr, const char *what,
		    const struct value **ret)
{
	struct err err = {0};
	int r = template_eval(c->env, &c->vars.scope, &c->scratch, expression_of(c, expr), expr->at,
			      ret, &err);
	if (r == 0)
		return 0;
	*ret = NULL;
	if (!c->strict)
		return 0;
	*c->err = err;
	return err_wrap(c->err, r, "%s of host '%s'", what, c->host->name);
}

static int compose(struct constructed *c)
{
	int r = 0;
	for (size_t i = 0; c->compose && i < c->compose->dict.len && r == 0; i++) {
		const struct value_pair *p = &c->compose->dict.at[i];
		const struct value *v;
		r = evaluate(c, p->value, "compose", &v);
		if (r < 0 || !v)
			continue;
		struct value *kept = value_copy(&c->inv->arena, v, 0);
		kept->at = p->value->at;
		r = inventory_host_define(c->inv, c->host, p->key, kept, c->err);
	}
	return r;
}

/* Ansible's names of groups are Python's: other characters become underscores. */
static struct inv_group *group_named(struct constructed *c, struct slice name, struct srcloc at)
{
	CLEANUP(strbuf_release) struct strbuf safe = {0};
	for (size_t i = 0; i < name.len; i++) {
		unsigned char ch = (unsigned char)name.ptr[i];
		bool good = ch >= 0x80 || isalpha(ch) || ch == '_' || (i > 0 && isdigit(ch));
		strbuf_putc(&safe, good ? (char)ch : '_');
	}
	return inventory_group_add(c->inv, strbuf_slice(&safe), at);
}

static int add_groups(struct constructed *c)
{
	for (size_t i = 0; c->groups && i < c->groups->dict.len; i++) {
		const struct value_pair *p = &c->groups->dict.at[i];
		CLEANUP(strbuf_release) struct strbuf name = {0};
		const struct value *v;
		int r = evaluate(c, p->value, "groups", &v);
		if (r < 0)
			return r;
		value_print(&name, p->key);
		if (v && value_truthy(v) && name.len > 0)
			inventory_group_add_host(group_named(c, strbuf_slice(&name), p->key->at),
						 c->host);
	}
	return 0;
}

/* ---- keyed_groups ---- */

struct keyed {
	struct srcloc at;
	const char *prefix, *separator, *fallback; /* NULL: no default_value */
	bool no_trailing_separator;
	struct inv_group *parent;
};

static const char *text_of(struct constructed *c, const struct value *v, const char *otherwise)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (!v || v->type == VALUE_NULL)
		return otherwise;
	value_print(&text, v);
	return arena_strndup(&c->scratch, text.ptr ? text.ptr : "", text.len);
}

static int add_keyed(struct constructed *c, const struct keyed *k, const char *bare)
{
	CLEANUP(strbuf_release) struct strbuf name = {0};
	bool bare_only = !k->prefix[0] && c->no_leading_separator;
	strbuf_printf(&name, "%s%s%s", k->prefix, bare_only ? "" : k->separator, bare);
	if (name.len == 0)
		return 0;
	struct inv_group *g = group_named(c, strbuf_slice(&name), k->at);
	inventory_group_add_host(g, c->host);
	if (!k->parent || k->parent == g)
		return 0;
	if (inventory_group_is_below(c->inv, k->parent, g))
		return err_at(c->err, ERR_INVALID, k->at,
			      "group '%s' cannot be the parent of '%s', which it is below",
			      k->parent->name, g->name);
	inventory_group_add_child(k->parent, g);
	return 0;
}

static const char *or_fallback(const struct keyed *k, const char *text)
{
	return !text[0] && k->fallback ? k->fallback : text;
}

static int add_pair(struct constructed *c, const struct keyed *k, const struct value_pair *p)
{
	const char *name = text_of(c, p->key, "None"), *value = text_of(c, p->value, "None");
	if (!value[0] && !k->fallback && k->no_trailing_separator)
		return add_keyed(c, k, name);
	return add_keyed(
		c, k,
		arena_printf(&c->scratch, "%s%s%s", name, k->separator, or_fallback(k, value)));
}

static int add_key(struct constructed *c, const struct keyed *k, const struct value *key)
{
	int r = 0;
	if (key->type == VALUE_DICT) {
		for (size_t i = 0; i < key->dict.len && r == 0; i++)
			r = add_pair(c, k, &key->dict.at[i]);
		return r;
	}
	if (key->type != VALUE_LIST)
		return add_keyed(c, k, or_fallback(k, text_of(c, key, "")));
	for (size_t i = 0; i < key->list.len && r == 0; i++)
		r = add_keyed(c, k, or_fallback(k, text_of(c, key->list.at[i], "None")));
	return r;
}

static int read_parent(struct constructed *c, const struct value *v, struct keyed *k, bool *skip)
{
	const struct value *name;
	struct err err = {0};
	if (!v || v->type == VALUE_NULL)
		return 0;
	int r = template_render(c->env, &c->vars.scope, &c->scratch, v, &name, &err);
	if (r < 0) {
		*skip = true;
		if (!c->strict)
			return 0;
		*c->err = err;
		return r;
	}
	k->parent = group_named(c, slice_from(text_of(c, name, "None")), v->at);
	return 0;
}

static int add_keyed_group(struct constructed *c, const struct value *entry)
{
	const struct value *key, *trailing = value_get(entry, "trailing_separator");
	bool trails = true, skip = false;
	struct keyed k = {
		.at = entry->at,
		.prefix = text_of(c, value_get(entry, "prefix"), ""),
		.separator = text_of(c, value_get(entry, "separator"), "_"),
		.fallback = text_of(c, value_get(entry, "default_value"), NULL),
	};
	if (trailing && value_to_bool(trailing, &trails))
		k.no_trailing_separator = !trails;
	int r = evaluate(c, value_get(entry, "key"), "keyed_groups", &key);
	if (r < 0 || !key)
		return r;
	bool empty_text = key->type == VALUE_STRING && key->str.len == 0;
	if (!value_truthy(key) && !(empty_text && k.fallback)) {
		bool none = key->type == VALUE_LIST || key->type == VALUE_DICT;
		return !c->strict || none ? 0
					  : err_at(c->err, ERR_INVALID, value_get(entry, "key")->at,
						   "the key is empty for host '%s'", c->host->name);
	}
	r = read_parent(c, value_get(entry, "parent_group"), &k, &skip);
	return r < 0 || skip ? r : add_key(c, &k, key);
}

static int construct(struct constructed *c)
{
	int r = see_host(c);
	if (r == 0)
		r = compose(c);
	if (r == 0)
		r = see_host(c);
	if (r == 0)
		r = add_groups(c);
	for (size_t i = 0; c->keyed_groups && i < c->keyed_groups->list.len && r == 0; i++)
		r = add_keyed_group(c, c->keyed_groups->list.at[i]);
	return r;
}

int inventory_read_constructed(struct inventory *inv, const struct value *config, struct err *err)
{
	struct constructed c = {.inv = inv, .err = err};
	c.env = template_env_new();
	int r = read_config(&c, config);
	for (size_t i = 0; i < inv->hosts.len && r == 0; i++) {
		c.host = inv->hosts.entries[i].value;
		vars_init(&c.vars, c.env, &c.scratch, NULL);
		r = construct(&c);
		vars_release(&c.vars);
		arena_release(&c.scratch);
		c.scratch = (struct arena){0};
	}
	template_env_free(c.env);
	return r;
}
