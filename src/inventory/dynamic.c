/* Hosts and groups that come while a run goes on: add_host, group_by. */
#include "internal.h"

static void take_out(struct inv_group *g, const struct inv_host *h)
{
	for (size_t i = 0; i < g->hosts.len; i++)
		if (g->hosts.at[i] == h) {
			vec_remove(&g->hosts, i);
			return;
		}
}

/* What the launcher of VMs says of a host stays on top of what is merged anew. */
static int finish_again(struct inventory *inv, struct inv_host *h, struct err *err)
{
	const struct value *before = h->vars;
	int r = inventory_finish_host(inv, h, err);
	if (r == 0 && h->written) {
		struct value *vars = value_dict_dup(&inv->arena, before);
		inventory_merge_vars(inv, vars, h->vars);
		h->vars = vars;
	}
	inv->grown++;
	return r;
}

int inventory_add_dynamic_host(struct inventory *inv, struct slice name, const struct value *vars,
			       struct inv_host **ret, struct err *err)
{
	if (name.len == 0)
		return err_set(err, ERR_INVALID, "a host's name is empty");
	if (!strmap_has(&inv->hosts, name) && inv->hosts.len >= INVENTORY_MAX_HOSTS)
		return err_set(err, ERR_LIMIT, "more than %u hosts", INVENTORY_MAX_HOSTS);
	struct inv_host *h = inventory_host_add(inv, name, (struct srcloc){0}, INVENTORY_PORT_NONE);
	h->implicit = false;
	inventory_group_add_host(inv->all, h);
	if (vars)
		inventory_merge_vars(inv, h->own_vars, value_copy(&inv->arena, vars, 0));
	int r = finish_again(inv, h, err);
	if (r == 0 && ret)
		*ret = h;
	return r;
}

static bool is_in(const struct inv_host *h, const struct inv_group *g)
{
	for (size_t i = 0; i < h->groups.len; i++)
		if (h->groups.at[i] == g)
			return true;
	return false;
}

static void leave(struct inv_host *h, struct inv_group *g)
{
	for (size_t i = 0; i < h->groups.len; i++)
		if (h->groups.at[i] == g) {
			vec_remove(&h->groups, i);
			break;
		}
	for (size_t i = 0; i < g->direct_hosts.len; i++)
		if (g->direct_hosts.at[i] == h) {
			vec_remove(&g->direct_hosts, i);
			break;
		}
	take_out(g, h);
}

int inventory_add_dynamic_group(struct inventory *inv, struct slice name, struct inv_host *h,
				bool *ret_changed, struct err *err)
{
	if (name.len == 0)
		return err_set(err, ERR_INVALID, "a group's name is empty");
	struct inv_group *g = inventory_group_add(inv, name, (struct srcloc){0});
	*ret_changed = !is_in(h, g);
	if (!*ret_changed)
		return 0;
	inventory_group_add_host(g, h);
	if (g != inv->ungrouped)
		leave(h, inv->ungrouped);
	int r = inventory_finish_graph(inv, err);
	return r < 0 ? r : finish_again(inv, h, err);
}

int inventory_add_dynamic_parent(struct inventory *inv, struct slice child, struct slice parent,
				 struct err *err)
{
	if (slice_is(child, "all") || slice_eq(child, parent))
		return 0;
	struct inv_group *p = inventory_group_add(inv, parent, (struct srcloc){0}),
			 *c = inventory_group_add(inv, child, (struct srcloc){0});
	size_t before = p->children.len;
	inventory_group_add_child(p, c);
	int r = inventory_finish_graph(inv, err);
	if (r < 0 && p->children.len > before) { /* a circle: it is as before */
		p->children.len--;
		c->parents.len--;
	}
	for (size_t i = 0; r == 0 && i < c->hosts.len; i++)
		r = finish_again(inv, c->hosts.at[i], err);
	return r;
}
