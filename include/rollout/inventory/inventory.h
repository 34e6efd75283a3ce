#pragma once
/*
 * Hosts, groups and their variables, from Ansible's inventories.
 *
 *     inventory_new → inventory_add_source for each -i → inventory_add_vars_dir
 *     (the playbook's folder) → inventory_finish → inventory_match
 *
 * Sources: a YAML or INI file, a program that prints JSON, the configuration of
 * the `constructed` plugin, a folder of those (in alphabetical order), or a
 * "host1,host2," list. `group_vars/` and `host_vars/` beside a source are read.
 * Of two definitions of a variable the later one wins whole, but for `vm`: groups
 * and hosts each add to that mapping, or change keys of it (docs/vm.md); with
 * merge_hashes all mappings are merged, deep.
 * Source: Ansible's "How to build your inventory", "Patterns: targeting hosts
 * and groups". Everything lives in the inventory's arena. docs/inventory.md.
 */
#include "rollout/base/strmap.h"
#include "rollout/base/vec.h"
#include "rollout/value/value.h"

#define INVENTORY_MAX_HOSTS 100000u
#define INVENTORY_MAX_GROUP_DEPTH 1000u
#define INVENTORY_MAX_FILE (64u << 20)
#define INVENTORY_PORT_NONE (-1)

struct inv_group;
typedef VEC(struct value_pair) inv_definitions;
struct inv_host {
	const char *name;
	struct srcloc at;
	size_t index;		     /* order of appearance */
	struct value *own_vars;	     /* of the inventory's files: level 8 */
	inv_definitions definitions; /* each that own_vars was made of */
	const struct value
		*vars; /* all inventory levels merged, 3 to 10; each value knows its place */
	VEC(struct inv_group *)
	groups; /* every group it is in, `all` first, by depth, priority, name */
	const struct value *written; /* vars without the defaults of inventory_set_defaults */
	bool implicit;		     /* the implicit localhost */
	const char *source;	     /* the first that names it: inventory_file; NULL: none does */
	const char *source_dir;	     /* inventory_dir; NULL: of no file */
	unsigned mark;		     /* of the walk that met it last */
};
struct inv_group {
	const char *name;
	struct srcloc at;
	struct value *own_vars;
	inv_definitions definitions;
	VEC(struct inv_group *) children, parents;
	VEC(struct inv_host *) direct_hosts;
	VEC(struct inv_host *) hosts; /* its own, then its children's, each once */
	unsigned depth, mark;
	int priority; /* ansible_group_priority */
	bool visiting, visited;
};
typedef VEC(struct inv_host *) inv_hosts; /* a vector needs a name to be passed */

/* Runs a program of the inventory with `args` (NULL-terminated; args[0] is its
 * path) and appends what it prints to *out. What it said is in the error. */
struct inventory_runner {
	void *self;
	int (*run)(void *self, const char *const *args, struct strbuf *out, struct err *err);
};

struct inventory {
	struct arena arena;
	struct strmap hosts;  /* name → struct inv_host */
	struct strmap groups; /* name → struct inv_group */
	struct inv_group *all, *ungrouped;
	const char *dir,
		*file; /* of the first source: inventory_dir, inventory_file; NULL when a list */
	VEC(const char *)
	var_dirs; /* folders whose group_vars/ and host_vars/ count, low to high */
	VEC(bool) var_dir_is_playbook;
	VEC(const char *) sources;	 /* as given: ansible_inventory_sources */
	const char *source, *source_dir; /* that is being read */
	struct strmap vars_files;	 /* those read so far, by path */
	unsigned mark;
	bool secret_source; /* the source that is being read is encrypted */
	/* Set these before the first source. */
	bool merge_hashes;		/* Ansible's hash_behaviour = merge */
	struct inventory_runner runner; /* run NULL: programs are refused */
	unsigned grown;			/* counts changes after inventory_finish */
};

struct inventory *inventory_new(void);
void inventory_free(struct inventory *inv);
int inventory_add_source(struct inventory *inv, const char *source, struct err *err);
/* dir/group_vars and dir/host_vars, at the precedence of a playbook's folder. */
int inventory_add_vars_dir(struct inventory *inv, const char *dir, struct err *err);
/* Group graph (a cycle is an error), depths, membership, merged variables. */
int inventory_finish(struct inventory *inv, struct err *err);

/* Where a host's variables come from, low to high precedence: the last that
 * defines one wins (but see above for mappings). */
struct inv_origin {
	const char *level; /* "group web", "group_vars/web", "host", "host_vars" */
	bool playbook;	   /* of the playbook's folder */
	const struct value *key, *value;
};
int inventory_each_origin(struct inventory *inv, const struct inv_host *h,
			  void (*fn)(void *ctx, const struct inv_origin *o), void *ctx,
			  struct err *err);

/* What is said of a host or a group itself: inventory, group_vars or host_vars, without
 * what it has from groups. After inventory_finish. */
const struct value *inventory_host_own(struct inventory *inv, const struct inv_host *h);
const struct value *inventory_group_own(struct inventory *inv, const struct inv_group *g);

/* Variables of a host that every other definition of them beats; they take the
 * place of earlier ones. After inventory_finish; the values must live as long as
 * the inventory. */
void inventory_set_defaults(struct inventory *inv, struct inv_host *h, const struct value *dict);

/* merge_hashes' way with two values of a variable: keys of both where they are mappings,
 * deep; else `over`. `under` may be NULL. */
const struct value *inventory_merge_deep(struct arena *a, const struct value *under,
					 const struct value *over);

/* `groups`: name → names of its hosts, as it is now. */
const struct value *inventory_groups(const struct inventory *inv, struct arena *a);

/* NULL when absent; "localhost" is made on demand (implicit). */
struct inv_host *inventory_host(struct inventory *inv, struct slice name);

/*
 * Hosts that a pattern names, each once, in the order the pattern names them:
 * a:b  a,b  a:!b  a:&b  web*  ~regex  web[0]  web[-1]  web[0:2]  @file (lines of
 * patterns).
 * A name that is neither host nor group is ERR_NOT_FOUND with the nearest one.
 * Appends nothing on failure.
 */
int inventory_match(struct inventory *inv, struct slice pattern, struct srcloc at, inv_hosts *ret,
		    struct err *err);

/* The same, for patterns that may name what does not exist: it is told, and passed
 * over. `missing` NULL: it is an error. */
struct inv_missing {
	void *ctx;
	void (*tell)(void *ctx, struct slice name, const struct err *why);
};
struct inv_pattern {
	struct slice text;
	struct srcloc at;
	const struct inv_missing *missing;
};
int inventory_match_known(struct inventory *inv, const struct inv_pattern *p, inv_hosts *ret,
			  struct err *err);

/*
 * Hosts and groups that come while a run goes on (add_host, group_by); before
 * inventory_finish use sources. A host that exists keeps its variables under the
 * new ones; group variables count as for those of the files. `grown` changes.
 */
int inventory_add_dynamic_host(struct inventory *inv, struct slice name, const struct value *vars,
			       struct inv_host **ret, struct err *err);
/* True in *ret_changed where the host was not in it. Parents: below `all` without. */
int inventory_add_dynamic_group(struct inventory *inv, struct slice name, struct inv_host *h,
				bool *ret_changed, struct err *err);
int inventory_add_dynamic_parent(struct inventory *inv, struct slice child, struct slice parent,
				 struct err *err);

/* "web[1:3].example" → names; also [a:c], [01:10], [1:9:2]. Private to inventory, and tested. */
int inventory_expand_range(struct arena *a, struct slice text, struct srcloc at, const char ***ret,
			   size_t *ret_len, struct err *err);
/* The same with a port after it: "web[1:3]:2222", "[2001:db8::1]:22". *ret_port is
 * INVENTORY_PORT_NONE without one. */
int inventory_expand_host(struct arena *a, struct slice text, struct srcloc at, const char ***ret,
			  size_t *ret_len, int *ret_port, struct err *err);
