/* Finishing: the graph of groups, membership, variables. */
#include "internal.h"

#include <stdio.h>
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

/* A host's groups: those it is in, and all their ancestors. */
static void collect_groups(struct inventory *inv, struct inv_host *h)
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

/* As Ansible: a group's own hosts, then those of its children, level by level. */
static void collect_hosts(struct inventory *inv, struct inv_group *top)
{
	VEC(struct inv_group *) queue = {0};
	unsigned mark = ++inv->mark;
	top->mark = mark;
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

/* ---- the levels of a host's variables ---- */

/* A level: what one source says in one place. `definitions` holds each line where
 * `dict`, what they come to, does not tell. */
struct level {
	const char *kind, *name; /* "group", "web" */
	bool playbook;
	const struct value *dict;
	const inv_definitions *definitions;
};

struct walk {
	struct inventory *inv;
	const struct inv_host *host;
	void (*fn)(void *ctx, const struct level *level);
	void *ctx;
	struct err *err;
};

static int walk_files(struct walk *w, size_t dir, const char *kind, const char *name)
{
	const struct inv_vars_files *files;
	int r = inventory_vars_files(w->inv, w->inv->var_dirs.at[dir], kind, name, &files, w->err);
	for (size_t i = 0; r == 0 && i < files->len; i++)
		w->fn(w->ctx, &(struct level){.kind = kind,
					      .name = name,
					      .playbook = w->inv->var_dir_is_playbook.at[dir],
					      .dict = files->at[i]});
	return r;
}

/* All folders of the inventory, or of the playbook; `groups`: of the host's groups but `all`. */
static int walk_dirs(struct walk *w, bool playbook, const char *kind, const char *name)
{
	int r = 0;
	for (size_t d = 0; d < w->inv->var_dirs.len && r == 0; d++) {
		if (w->inv->var_dir_is_playbook.at[d] != playbook)
			continue;
		if (name) {
			r = walk_files(w, d, kind, name);
			continue;
		}
		for (size_t i = 0; i < w->host->groups.len && r == 0; i++)
			if (w->host->groups.at[i] != w->inv->all)
				r = walk_files(w, d, kind, w->host->groups.at[i]->name);
	}
	return r;
}

static void walk_group(struct walk *w, const struct inv_group *g)
{
	w->fn(w->ctx, &(struct level){"group", g->name, false, g->own_vars, &g->definitions});
}

/* Levels 3 to 10 of Ansible's precedence, low to high. */
static int walk_levels(struct walk *w)
{
	const struct inv_host *h = w->host;
	int r;
	walk_group(w, w->inv->all);
	for (size_t i = 0; i < h->groups.len; i++)
		if (h->groups.at[i] != w->inv->all)
			walk_group(w, h->groups.at[i]);
	if ((r = walk_dirs(w, false, "group_vars", "all")) < 0 ||
	    (r = walk_dirs(w, true, "group_vars", "all")) < 0 ||
	    (r = walk_dirs(w, false, "group_vars", NULL)) < 0 ||
	    (r = walk_dirs(w, true, "group_vars", NULL)) < 0)
		return r;
	w->fn(w->ctx, &(struct level){"host", h->name, false, h->own_vars, &h->definitions});
	if ((r = walk_dirs(w, false, "host_vars", h->name)) < 0)
		return r;
	return walk_dirs(w, true, "host_vars", h->name);
}

struct merging {
	struct inventory *inv;
	struct value *vars;
};

static void merge_level(void *ctx, const struct level *level)
{
	struct merging *m = ctx;
	inventory_merge_vars(m->inv, m->vars, level->dict);
}

static int merge_host_vars(struct inventory *inv, struct inv_host *h, struct err *err)
{
	struct merging m = {inv, value_dict_new(&inv->arena)};
	int r = walk_levels(&(struct walk){inv, h, merge_level, &m, err});
	if (r == 0)
		h->vars = m.vars;
	return r;
}

struct telling {
	void (*fn)(void *ctx, const struct inv_origin *o);
	void *ctx;
};

static void tell_level(void *ctx, const struct level *level)
{
	const struct telling *t = ctx;
	char name[600];
	bool host = strcmp(level->kind, "host") == 0 || strcmp(level->kind, "host_vars") == 0;
	snprintf(name, sizeof(name), "%s%s%s", level->kind,
		 host ? "" : (level->definitions ? " " : "/"), host ? "" : level->name);
	const struct value_pair *at =
		level->definitions ? level->definitions->at : level->dict->dict.at;
	size_t len = level->definitions ? level->definitions->len : level->dict->dict.len;
	for (size_t i = 0; i < len; i++)
		t->fn(t->ctx, &(struct inv_origin){name, level->playbook, at[i].key, at[i].value});
}

int inventory_each_origin(struct inventory *inv, const struct inv_host *h,
			  void (*fn)(void *ctx, const struct inv_origin *o), void *ctx,
			  struct err *err)
{
	struct telling t = {fn, ctx};
	return walk_levels(&(struct walk){inv, h, tell_level, &t, err});
}

/* ---- all of it ---- */

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

static int build_graph(struct inventory *inv, struct err *err)
{
	int r = 0;
	for (size_t i = 0; i < inv->groups.len; i++) {
		struct inv_group *g = inv->groups.entries[i].value;
		if (g != inv->all && g->parents.len == 0)
			inventory_group_add_child(inv->all, g);
	}
	for (size_t i = 0; i < inv->groups.len && r == 0; i++)
		r = visit(inv->groups.entries[i].value, 0, err);
	return r;
}

int inventory_finish(struct inventory *inv, struct err *err)
{
	int r = build_graph(inv, err);
	if (r < 0)
		return r;
	settle_ungrouped(inv);
	for (size_t i = 0; i < inv->groups.len; i++)
		collect_hosts(inv, inv->groups.entries[i].value);
	for (size_t i = 0; i < inv->hosts.len && r == 0; i++) {
		struct inv_host *h = inv->hosts.entries[i].value;
		collect_groups(inv, h);
		qsort(h->groups.at, h->groups.len, sizeof(h->groups.at[0]), group_order);
		r = merge_host_vars(inv, h, err);
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
	if (merge_host_vars(inv, h, NULL) < 0)
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
