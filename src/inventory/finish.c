/* Finishing: the graph of groups, membership, variables. */
#include "internal.h"

#include <stdlib.h>

/* The longest way from the top. What is below a group is gone through again only
 * when the group turns out to lie deeper: ways double where groups meet again. */
static int visit(struct inv_group *g, unsigned depth, struct err *err)
{
	if (g->visiting)
		return err_at(err, ERR_INVALID, g->at, "group '%s' is its own descendant", g->name);
	if (g->visited && depth <= g->depth)
		return 0;
	if (depth > INVENTORY_MAX_GROUP_DEPTH)
		return err_at(err, ERR_LIMIT, g->at, "groups are nested deeper than %u",
			      INVENTORY_MAX_GROUP_DEPTH);
	g->depth = depth > g->depth ? depth : g->depth;
	g->visiting = g->visited = true;
	for (size_t i = 0; i < g->children.len; i++) {
		int r = visit(g->children.at[i], g->depth + 1, err);
		if (r < 0)
			return r == ERR_INVALID ? err_wrap(err, r, "group '%s' has child", g->name)
						: r;
	}
	g->visiting = false;
	return 0;
}

int inventory_sort_depths(struct inventory *inv, struct err *err)
{
	int r = 0;
	for (size_t i = 0; i < inv->groups.len && r == 0; i++)
		r = visit(inv->groups.entries[i].value, 0, err);
	return r;
}

static void add_ancestors(struct inventory *inv, struct inv_host *h)
{
	unsigned mark = ++inv->mark;
	for (size_t i = 0; i < h->groups.len; i++)
		h->groups.at[i]->mark = mark;
	for (size_t i = 0; i < h->groups.len; i++) {
		struct inv_group *g = h->groups.at[i];
		for (size_t p = 0; p < g->parents.len; p++) {
			if (g->parents.at[p]->mark == mark)
				continue;
			g->parents.at[p]->mark = mark;
			vec_push(&h->groups, g->parents.at[p]);
		}
	}
}

static int group_order(const void *a, const void *b)
{
	const struct inv_group *x = *(struct inv_group *const *)a,
			       *y = *(struct inv_group *const *)b;
	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return strcmp(x->name, y->name);
}

void inventory_collect_groups(struct inventory *inv, struct inv_host *h)
{
	add_ancestors(inv, h);
	if (h->groups.len > 1)
		qsort(h->groups.at, h->groups.len, sizeof(h->groups.at[0]), group_order);
}

/* As Ansible: a group's own hosts, then those of its children, level by level. */
static void collect_hosts(struct inventory *inv, struct inv_group *top)
{
	VEC(struct inv_group *) queue = {0};
	unsigned mark = ++inv->mark;
	top->mark = mark;
	top->hosts.len = 0;
	vec_push(&queue, top);
	for (size_t i = 0; i < queue.len; i++) {
		struct inv_group *g = queue.at[i];
		for (size_t k = 0; k < g->direct_hosts.len; k++) {
			if (g->direct_hosts.at[k]->mark == mark)
				continue;
			g->direct_hosts.at[k]->mark = mark;
			vec_push(&top->hosts, g->direct_hosts.at[k]);
		}
		for (size_t k = 0; k < g->children.len; k++) {
			if (g->children.at[k]->mark == mark)
				continue;
			g->children.at[k]->mark = mark;
			vec_push(&queue, g->children.at[k]);
		}
	}
	vec_release(&queue);
}

static bool is_in_another_group(const struct inventory *inv, const struct inv_host *h)
{
	for (size_t i = 0; i < h->groups.len; i++)
		if (h->groups.at[i] != inv->all && h->groups.at[i] != inv->ungrouped)
			return true;
	return false;
}

/* `ungrouped` has those hosts that no group but `all` has, whatever the sources say. */
static void settle_ungrouped(struct inventory *inv)
{
	size_t kept = 0;
	for (size_t i = 0; i < inv->ungrouped->direct_hosts.len; i++) {
		struct inv_host *h = inv->ungrouped->direct_hosts.at[i];
		if (!is_in_another_group(inv, h)) {
			inv->ungrouped->direct_hosts.at[kept++] = h;
			continue;
		}
		for (size_t g = 0; g < h->groups.len; g++)
			if (h->groups.at[g] == inv->ungrouped) {
				vec_remove(&h->groups, g);
				break;
			}
	}
	inv->ungrouped->direct_hosts.len = kept;
	for (size_t i = 0; i < inv->hosts.len; i++) {
		struct inv_host *h = inv->hosts.entries[i].value;
		if (!is_in_another_group(inv, h))
			inventory_group_add_host(inv->ungrouped, h);
	}
}

int inventory_finish_graph(struct inventory *inv, struct err *err)
{
	for (size_t i = 0; i < inv->groups.len; i++) {
		struct inv_group *g = inv->groups.entries[i].value;
		if (g != inv->all && g->parents.len == 0)
			inventory_group_add_child(inv->all, g);
	}
	for (size_t i = 0; i < inv->groups.len; i++) {
		struct inv_group *g = inv->groups.entries[i].value;
		g->visiting = g->visited = false;
		g->depth = 0;
	}
	return inventory_sort_depths(inv, err);
}

int inventory_finish_host(struct inventory *inv, struct inv_host *h, struct err *err)
{
	if (!is_in_another_group(inv, h))
		inventory_group_add_host(inv->ungrouped, h);
	inventory_collect_groups(inv, h);
	for (size_t i = 0; i < h->groups.len; i++)
		collect_hosts(inv, h->groups.at[i]);
	return inventory_merge_host(inv, h, err);
}

int inventory_finish(struct inventory *inv, struct err *err)
{
	int r = inventory_finish_graph(inv, err);
	if (r < 0)
		return r;
	settle_ungrouped(inv);
	for (size_t i = 0; i < inv->groups.len; i++)
		collect_hosts(inv, inv->groups.entries[i].value);
	for (size_t i = 0; i < inv->hosts.len && r == 0; i++) {
		struct inv_host *h = inv->hosts.entries[i].value;
		inventory_collect_groups(inv, h);
		r = inventory_merge_host(inv, h, err);
	}
	return r;
}

/* Ansible's implicit localhost: not in `all`, but sees its variables. Files that
 * cannot be read were told by inventory_finish, but for its own host_vars. */
static struct inv_host *implicit_localhost(struct inventory *inv)
{
	struct inv_host *h = ARENA_NEW(&inv->arena, struct inv_host);
	h->name = "localhost";
	h->index = inv->hosts.len;
	h->implicit = true;
	h->own_vars = value_dict_new(&inv->arena);
	strmap_set(&inv->hosts, SLICE_LIT("localhost"), h);
	inventory_host_define(inv, h, value_cstr(&inv->arena, "ansible_connection"),
			      value_cstr(&inv->arena, "local"), NULL);
	if (inventory_merge_host(inv, h, NULL) < 0)
		h->vars = h->own_vars;
	return h;
}

struct inv_host *inventory_host(struct inventory *inv, struct slice name)
{
	struct inv_host *h = strmap_get(&inv->hosts, name);
	if (h)
		return h;
	if (slice_is(name, "localhost") || slice_is(name, "127.0.0.1") || slice_is(name, "::1")) {
		h = strmap_get(&inv->hosts, SLICE_LIT("localhost"));
		return h ? h : implicit_localhost(inv);
	}
	return NULL;
}
