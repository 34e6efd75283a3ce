/* The levels of a host's variables that the inventory knows, 3 to 10 of Ansible's.
 * Source: Ansible's "Understanding variable precedence". */
#include "internal.h"

#include <stdio.h>

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

int inventory_merge_host(struct inventory *inv, struct inv_host *h, struct err *err)
{
	struct merging m = {inv, value_dict_new(&inv->arena)};
	int r = walk_levels(&(struct walk){inv, h, merge_level, &m, err});
	if (r == 0)
		h->vars = m.vars;
	return r;
}

/* Ansible makes `all` the parent of those without one only at the end, so that its
 * variables are not seen where a source does not say that a group is below it. */
int inventory_vars_so_far(struct inventory *inv, struct inv_host *h, bool files, struct value **ret,
			  struct err *err)
{
	struct merging m = {inv, value_dict_new(&inv->arena)};
	struct value *names = value_list_new(&inv->arena);
	struct inv_host view = {.name = h->name};
	int r = inventory_sort_depths(inv, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < h->groups.len; i++)
		vec_push(&view.groups, h->groups.at[i]);
	inventory_collect_groups(inv, &view);
	struct walk w = {inv, &view, merge_level, &m, err};
	for (size_t i = 0; i < view.groups.len; i++) {
		walk_group(&w, view.groups.at[i]);
		if (view.groups.at[i] != inv->all)
			value_list_push(&inv->arena, names,
					value_cstr(&inv->arena, view.groups.at[i]->name));
	}
	if (files && (r = walk_dirs(&w, false, "group_vars", "all")) == 0)
		r = walk_dirs(&w, false, "group_vars", NULL);
	inventory_merge_vars(inv, m.vars, h->own_vars);
	if (files && r == 0)
		r = walk_dirs(&w, false, "host_vars", h->name);
	vec_release(&view.groups);
	value_dict_put(&inv->arena, m.vars, "group_names", names);
	if (r == 0)
		*ret = m.vars;
	return r;
}

/* What ansible-inventory calls exported: what is said of one host or group itself. */
struct own {
	struct merging merging;
	const char *kind, *files;
};

static void merge_own(void *ctx, const struct level *level)
{
	struct own *o = ctx;
	if (strcmp(level->kind, o->kind) == 0 || strcmp(level->kind, o->files) == 0)
		merge_level(&o->merging, level);
}

const struct value *inventory_host_own(struct inventory *inv, const struct inv_host *h)
{
	struct own o = {{inv, value_dict_new(&inv->arena)}, "host", "host_vars"};
	struct err ignored = {0}; /* the files have been read before */
	(void)walk_levels(&(struct walk){inv, h, merge_own, &o, &ignored});
	return o.merging.vars;
}

const struct value *inventory_group_own(struct inventory *inv, const struct inv_group *g)
{
	struct merging m = {inv, value_dict_new(&inv->arena)};
	struct err ignored = {0};
	struct walk w = {inv, NULL, merge_level, &m, &ignored};
	walk_group(&w, g);
	if (walk_dirs(&w, false, "group_vars", g->name) == 0)
		(void)walk_dirs(&w, true, "group_vars", g->name);
	return m.vars;
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
