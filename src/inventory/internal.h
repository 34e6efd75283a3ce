#pragma once
/* What the files of this folder share. */
#include "rollout/inventory/inventory.h"

struct inv_group *inventory_group_add(struct inventory *inv, struct slice name, struct srcloc at);
/* `port` becomes ansible_port of a host that is new. */
struct inv_host *inventory_host_add(struct inventory *inv, struct slice name, struct srcloc at,
				    int port);
/* Adds once. */
void inventory_group_add_host(struct inv_group *g, struct inv_host *h);
void inventory_group_add_child(struct inv_group *parent, struct inv_group *child);
/* Whether `top` is `g` or an ancestor of it. */
bool inventory_group_is_below(struct inventory *inv, struct inv_group *g, struct inv_group *top);
/* The graph of groups: parents, depths; a cycle is an error (finish.c). */
int inventory_finish_graph(struct inventory *inv, struct err *err);
/* The place of a host that came late in its groups, and its variables. */
int inventory_finish_host(struct inventory *inv, struct inv_host *h, struct err *err);
/* Sets each pair of `from` in `into`. */
void inventory_merge_vars(struct inventory *inv, struct value *into, const struct value *from);

/* One variable of the inventory's files. ansible_group_priority is taken. */
int inventory_group_define(struct inventory *inv, struct inv_group *g, const struct value *key,
			   const struct value *v, struct err *err);
int inventory_host_define(struct inventory *inv, struct inv_host *h, const struct value *key,
			  const struct value *v, struct err *err);
int inventory_group_define_all(struct inventory *inv, struct inv_group *g, const struct value *dict,
			       struct err *err);
int inventory_host_define_all(struct inventory *inv, struct inv_host *h, const struct value *dict,
			      struct err *err);
/* The hosts of "web[1:3]:22" into the group, and appended to *ret. */
int inventory_add_hosts(struct inventory *inv, struct inv_group *g, struct slice pattern,
			struct srcloc at, inv_hosts *ret, struct err *err);

/* A YAML inventory's tree into the inventory (source.c). */
int inventory_read_tree(struct inventory *inv, const char *path, const struct value *tree,
			struct err *err);
/* An INI inventory (ini.c). */
int inventory_read_ini(struct inventory *inv, const char *path, struct slice text, struct err *err);
/* What a program prints for --list, and for --host of each host (program.c). */
int inventory_read_program(struct inventory *inv, const char *path, struct err *err);
int inventory_read_list(struct inventory *inv, const struct value *tree, const char *program,
			struct err *err);
/* The constructed plugin's configuration, over the hosts that are there (constructed.c). */
int inventory_read_constructed(struct inventory *inv, const struct value *config, struct err *err);
/* Depths of all groups; a cycle is an error (finish.c). */
int inventory_sort_depths(struct inventory *inv, struct err *err);
/* The ancestors of a host's groups too; all by depth, priority, name (finish.c). */
void inventory_collect_groups(struct inventory *inv, struct inv_host *h);
/* Sets h->vars (levels.c). */
int inventory_merge_host(struct inventory *inv, struct inv_host *h, struct err *err);
/* A host's variables while sources are still read, group_names among them; `files`: with
 * those of group_vars and host_vars (levels.c). */
int inventory_vars_so_far(struct inventory *inv, struct inv_host *h, bool files, struct value **ret,
			  struct err *err);
/* A literal of Python, as ast.literal_eval takes it; false: it is none (literal.c). */
bool inventory_literal(struct arena *a, struct slice text, struct srcloc at,
		       const struct value **ret);

/* The mappings of dir/group_vars/NAME or dir/host_vars/NAME, in order (vars_dir.c). */
struct inv_vars_files {
	const struct value **at;
	size_t len;
};
int inventory_vars_files(struct inventory *inv, const char *dir, const char *kind, const char *name,
			 const struct inv_vars_files **ret, struct err *err);
