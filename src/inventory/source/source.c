/* The tree of a YAML inventory: groups of hosts, vars and children. */
#include "../internal.h"
#include "rollout/base/nearest.h"

#include <ctype.h>

static bool name_is_legal(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (isspace((unsigned char)s.ptr[i]) || s.ptr[i] == '\0')
			return false;
	return s.len > 0;
}

int inventory_add_hosts(struct inventory *inv, struct inv_group *g, struct slice pattern,
			struct srcloc at, inv_hosts *ret, struct err *err)
{
	const char **names;
	size_t n;
	int port;
	if (!name_is_legal(pattern))
		return err_at(err, ERR_INVALID, at, "a host's name must be a word");
	int r = inventory_expand_host(&inv->arena, pattern, at, &names, &n, &port, err);
	if (r < 0)
		return r;
	if (inv->hosts.len + n > INVENTORY_MAX_HOSTS)
		return err_at(err, ERR_LIMIT, at, "more than %u hosts", INVENTORY_MAX_HOSTS);
	for (size_t i = 0; i < n; i++) {
		struct inv_host *h = inventory_host_add(inv, slice_from(names[i]), at, port);
		inventory_group_add_host(g, h);
		vec_push(ret, h);
	}
	return 0;
}

static int add_hosts(struct inventory *inv, struct inv_group *g, const struct value *key,
		     const struct value *vars, struct err *err)
{
	inv_hosts hosts = {0};
	if (key->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, key->at, "a host's name must be a word");
	if (vars && vars->type != VALUE_NULL && vars->type != VALUE_DICT)
		return err_at(err, ERR_INVALID, vars->at,
			      "host '%.*s' must hold a mapping of variables, not a %s",
			      SLICE_ARG(key->str), value_type_name(vars));
	int r = inventory_add_hosts(inv, g, key->str, key->at, &hosts, err);
	for (size_t i = 0; i < hosts.len && r == 0 && vars && vars->type == VALUE_DICT; i++)
		r = inventory_host_define_all(inv, hosts.at[i], vars, err);
	vec_release(&hosts);
	return r;
}

/* hosts: as a mapping, or one name. */
static int read_hosts(struct inventory *inv, struct inv_group *g, const struct value *hosts,
		      struct err *err)
{
	if (hosts->type == VALUE_STRING)
		return add_hosts(inv, g, hosts, NULL, err);
	if (hosts->type == VALUE_NULL)
		return 0;
	if (hosts->type != VALUE_DICT)
		return err_at(err, ERR_INVALID, hosts->at,
			      "'hosts' of group '%s' must be a mapping ('name:' on a line of its "
			      "own), not a %s",
			      g->name, value_type_name(hosts));
	for (size_t i = 0; i < hosts->dict.len; i++) {
		int r = add_hosts(inv, g, hosts->dict.at[i].key, hosts->dict.at[i].value, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_group(struct inventory *inv, const struct value *key, const struct value *body,
		      unsigned depth, struct inv_group **ret, struct err *err);

static int read_children(struct inventory *inv, struct inv_group *g, const struct value *children,
			 unsigned depth, struct err *err)
{
	if (children->type == VALUE_NULL)
		return 0;
	if (children->type != VALUE_DICT)
		return err_at(err, ERR_INVALID, children->at,
			      "'children' of group '%s' must be a mapping of groups, not a %s",
			      g->name, value_type_name(children));
	for (size_t i = 0; i < children->dict.len; i++) {
		struct inv_group *child;
		int r = read_group(inv, children->dict.at[i].key, children->dict.at[i].value,
				   depth + 1, &child, err);
		if (r < 0)
			return r;
		if (child == g || child == inv->all)
			return err_at(err, ERR_INVALID, children->dict.at[i].key->at,
				      "group '%s' cannot be a child of '%s'", child->name, g->name);
		inventory_group_add_child(g, child);
	}
	return 0;
}

static int read_section(struct inventory *inv, struct inv_group *g,
			const struct value_pair *section, unsigned depth, struct err *err)
{
	static const char *const known[] = {"hosts", "vars", "children"};
	const struct value *key = section->key, *v = section->value;
	if (value_is_str(key, "hosts"))
		return read_hosts(inv, g, v, err);
	if (value_is_str(key, "children"))
		return read_children(inv, g, v, depth, err);
	if (value_is_str(key, "vars")) {
		if (v->type != VALUE_DICT && v->type != VALUE_NULL)
			return err_at(err, ERR_INVALID, v->at,
				      "'vars' of group '%s' must be a mapping, not a %s", g->name,
				      value_type_name(v));
		return v->type == VALUE_DICT ? inventory_group_define_all(inv, g, v, err) : 0;
	}
	char hint[128];
	struct nearest near;
	nearest_init(&near, key->type == VALUE_STRING ? key->str : SLICE_LIT(""));
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		nearest_offer(&near, slice_from(known[i]));
	return err_at(err, ERR_INVALID, key->at,
		      "group '%s': unknown key '%.*s' (a group has hosts, vars and children)%s",
		      g->name, key->type == VALUE_STRING ? (int)key->str.len : 1,
		      key->type == VALUE_STRING ? key->str.ptr : "?",
		      nearest_hint(&near, hint, sizeof(hint)));
}

static int read_group(struct inventory *inv, const struct value *key, const struct value *body,
		      unsigned depth, struct inv_group **ret, struct err *err)
{
	if (key->type != VALUE_STRING || !name_is_legal(key->str))
		return err_at(err, ERR_INVALID, key->at, "a group's name must be a word");
	if (depth > 64)
		return err_at(err, ERR_LIMIT, key->at, "groups are nested deeper than 64");
	if (body->type != VALUE_DICT && body->type != VALUE_NULL)
		return err_at(
			err, ERR_INVALID, body->at,
			"group '%.*s' must be a mapping with hosts, vars or children, not a %s",
			SLICE_ARG(key->str), value_type_name(body));
	struct inv_group *g = inventory_group_add(inv, key->str, key->at);
	if (!g->at.file)
		g->at = key->at;
	for (size_t i = 0; body->type == VALUE_DICT && i < body->dict.len; i++) {
		int r = read_section(inv, g, &body->dict.at[i], depth, err);
		if (r < 0)
			return r;
	}
	*ret = g;
	return 0;
}

int inventory_read_tree(struct inventory *inv, const char *path, const struct value *tree,
			struct err *err)
{
	struct srcloc top = {srcfile_intern(path), 1, 1};
	if (tree->type == VALUE_NULL)
		return 0;
	if (tree->type != VALUE_DICT)
		return err_at(err, ERR_INVALID, tree->at.file ? tree->at : top,
			      "an inventory is a mapping of groups (all: with hosts, vars and "
			      "children); this is a %s",
			      value_type_name(tree));
	for (size_t i = 0; i < tree->dict.len; i++) {
		struct inv_group *g;
		int r = read_group(inv, tree->dict.at[i].key, tree->dict.at[i].value, 0, &g, err);
		if (r < 0)
			return r;
	}
	return 0;
}
