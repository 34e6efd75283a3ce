/*
 * Programs that print an inventory as JSON: --list, and --host NAME where the list
 * has no _meta.hostvars.
 * Source: Ansible's "Developing dynamic inventory", "Inventory script conventions".
 */
#include "../internal.h"
#include "rollout/value/json.h"

struct listing {
	struct inventory *inv;
	const struct value *hostvars; /* of _meta, or NULL */
	inv_hosts hosts;	      /* that it named */
	struct err *err;
};

static int wrong_type(struct listing *l, const struct value *v, const char *group, const char *what)
{
	return err_at(l->err, ERR_INVALID, v->at, "group '%s': %s, not a %s", group, what,
		      value_type_name(v));
}

static int add_host(struct listing *l, struct inv_group *g, const struct value *name)
{
	if (name->type != VALUE_STRING || name->str.len == 0 ||
	    memchr(name->str.ptr, '\0', name->str.len))
		return wrong_type(l, name, g->name, "a host's name must be a text");
	if (l->inv->hosts.len >= INVENTORY_MAX_HOSTS)
		return err_at(l->err, ERR_LIMIT, name->at, "more than %u hosts",
			      INVENTORY_MAX_HOSTS);
	struct inv_host *h = inventory_host_add(l->inv, name->str, name->at, INVENTORY_PORT_NONE);
	inventory_group_add_host(g, h);
	vec_push(&l->hosts, h);
	return 0;
}

static int add_hosts(struct listing *l, struct inv_group *g, const struct value *names)
{
	int r = 0;
	if (names->type != VALUE_LIST)
		return wrong_type(l, names, g->name, "'hosts' must be a list of names");
	for (size_t i = 0; i < names->list.len && r == 0; i++)
		r = add_host(l, g, names->list.at[i]);
	return r;
}

static int add_children(struct listing *l, struct inv_group *g, const struct value *names)
{
	if (names->type != VALUE_LIST)
		return wrong_type(l, names, g->name, "'children' must be a list of groups");
	for (size_t i = 0; i < names->list.len; i++) {
		const struct value *name = names->list.at[i];
		if (name->type != VALUE_STRING || name->str.len == 0)
			return wrong_type(l, name, g->name, "a child must be a group's name");
		struct inv_group *child = inventory_group_add(l->inv, name->str, name->at);
		if (child == g)
			return err_at(l->err, ERR_INVALID, name->at,
				      "group '%s' cannot be a child of itself", g->name);
		inventory_group_add_child(g, child);
	}
	return 0;
}

/* A list of hosts, or hosts, vars and children; what holds none of the three is a
 * host of this name and its variables. */
static int add_group(struct listing *l, const struct value_pair *p)
{
	struct inv_group *g = inventory_group_add(l->inv, p->key->str, p->key->at);
	const struct value *data = p->value, *hosts = value_get(data, "hosts"),
			   *vars = value_get(data, "vars"), *children = value_get(data, "children");
	int r = 0;
	if (data->type == VALUE_LIST)
		return add_hosts(l, g, data);
	if (data->type != VALUE_DICT)
		return wrong_type(l, data, g->name, "must be a mapping or a list of hosts");
	if (!hosts && !vars && !children) {
		r = add_host(l, g, p->key);
		vars = data;
	}
	if (r == 0 && hosts)
		r = add_hosts(l, g, hosts);
	if (r == 0 && vars)
		r = vars->type == VALUE_DICT
			    ? inventory_group_define_all(l->inv, g, vars, l->err)
			    : wrong_type(l, vars, g->name, "'vars' must be a mapping");
	if (r == 0 && children)
		r = add_children(l, g, children);
	return r;
}

static int parse(struct inventory *inv, const char *program, const char *option,
		 const struct strbuf *text, const struct value **ret, struct err *err)
{
	const char *name = arena_printf(&inv->arena, "%s %s", program, option);
	int r = json_parse(&inv->arena, srcfile_intern(name), strbuf_slice(text), ret, err);
	if (r < 0)
		return err_wrap(err, r, "what the program printed");
	return 0;
}

static int ask_host(struct listing *l, const char *program, struct inv_host *h,
		    const struct value **ret)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	const char *option = arena_printf(&l->inv->arena, "--host %s", h->name);
	int r = l->inv->runner.run(l->inv->runner.self,
				   (const char *[]){program, "--host", h->name, NULL}, &text,
				   l->err);
	*ret = NULL;
	if (r < 0 || slice_trim(strbuf_slice(&text)).len == 0)
		return r;
	return parse(l->inv, program, option, &text, ret, l->err);
}

static int add_hostvars(struct listing *l, const char *program)
{
	int r = 0;
	for (size_t i = 0; i < l->hosts.len && r == 0; i++) {
		struct inv_host *h = l->hosts.at[i];
		const struct value *vars = NULL;
		bool again = false;
		for (size_t k = 0; k < i && !l->hostvars && !again; k++)
			again = l->hosts.at[k] == h;
		if (again)
			continue;
		if (l->hostvars)
			vars = value_get_slice(l->hostvars, slice_from(h->name));
		else if (program)
			r = ask_host(l, program, h, &vars);
		if (r < 0 || !vars)
			continue;
		if (vars->type != VALUE_DICT)
			return err_at(l->err, ERR_INVALID, vars->at,
				      "the variables of host '%s' must be a mapping, not a %s",
				      h->name, value_type_name(vars));
		r = inventory_host_define_all(l->inv, h, vars, l->err);
	}
	return r;
}

int inventory_read_list(struct inventory *inv, const struct value *tree, const char *program,
			struct err *err)
{
	struct listing l = {.inv = inv, .err = err};
	int r = 0;
	if (tree->type != VALUE_DICT)
		return err_at(err, ERR_INVALID, tree->at,
			      "an inventory is a mapping of groups; this is a %s",
			      value_type_name(tree));
	for (size_t i = 0; i < tree->dict.len && r == 0; i++) {
		const struct value_pair *p = &tree->dict.at[i];
		if (value_is_str(p->key, "_meta"))
			l.hostvars = value_get(p->value, "hostvars");
		else if (p->key->str.len == 0)
			r = err_at(err, ERR_INVALID, p->key->at, "a group's name must be a word");
		else
			r = add_group(&l, p);
	}
	if (r == 0)
		r = add_hostvars(&l, program);
	vec_release(&l.hosts);
	return r;
}

int inventory_read_program(struct inventory *inv, const char *path, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	const struct value *tree;
	if (!inv->runner.run)
		return err_at(err, ERR_UNSUPPORTED, (struct srcloc){srcfile_intern(path), 1, 1},
			      "programs are not run here");
	const char *program = strchr(path, '/') ? path : arena_printf(&inv->arena, "./%s", path);
	int r = inv->runner.run(inv->runner.self, (const char *[]){program, "--list", NULL}, &text,
				err);
	if (r == 0)
		r = parse(inv, path, "--list", &text, &tree, err);
	return r < 0 ? r : inventory_read_list(inv, tree, program, err);
}
