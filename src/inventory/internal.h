#pragma once
/* What the files of this folder share. */
#include "rollout/inventory/inventory.h"

struct inv_group *inventory_group_add(struct inventory *inv, struct slice name, struct srcloc at);
struct inv_host *inventory_host_add(struct inventory *inv, struct slice name, struct srcloc at);
/* Adds once. */
void inventory_group_add_host(struct inv_group *g, struct inv_host *h);
void inventory_group_add_child(struct inv_group *parent, struct inv_group *child);
/* The graph of groups: parents, depths; a cycle is an error. */
int inventory_finish_graph(struct inventory *inv, struct err *err);
/* A host's place in its groups, and its variables; it is in no group's `hosts` yet. */
int inventory_finish_host(struct inventory *inv, struct inv_host *h, struct err *err);
/* Sets each pair of `from` in `into`. */
void inventory_merge_vars(struct inventory *inv, struct value *into, const struct value *from);

/* A YAML inventory's tree into the inventory (source.c). */
int inventory_read_tree(struct inventory *inv, const char *path, const struct value *tree,
			struct err *err);
/* dir/group_vars/NAME or dir/host_vars/NAME merged into `into` (vars_dir.c). */
int inventory_read_vars(struct inventory *inv, const char *dir, const char *kind, const char *name,
			struct value *into, struct err *err);
