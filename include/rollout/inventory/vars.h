#pragma once
/*
 * The variables that one task sees on one host: dicts in Ansible's order of
 * precedence, evaluated when asked for. A `struct vars` is made for one
 * evaluation, caches what it rendered, and forgets it when it is released.
 *
 * Source: Ansible's "Understanding variable precedence".
 */
#include "rollout/base/strmap.h"
#include "rollout/base/vec.h"
#include "rollout/template/template.h"

enum vars_level {		       /* low to high; Ansible's number in brackets */
		  VARS_ROLE_DEFAULTS,  /* 2 */
		  VARS_INVENTORY,      /* 3 to 10, merged by the inventory */
		  VARS_FACTS,	       /* 11 */
		  VARS_PLAY,	       /* 12, 13 */
		  VARS_PLAY_FILES,     /* 14 */
		  VARS_ROLE,	       /* 15 */
		  VARS_BLOCK,	       /* 16, inner blocks merged over outer */
		  VARS_TASK,	       /* 17 */
		  VARS_INCLUDE_VARS,   /* 18 */
		  VARS_SET,	       /* 19: set_fact and register */
		  VARS_ROLE_PARAMS,    /* 20 */
		  VARS_INCLUDE_PARAMS, /* 21 */
		  VARS_EXTRA,	       /* 22 */
		  VARS_LOOP,	       /* item and its like: above all */
		  VARS_LEVELS,
};
const char *vars_level_name(enum vars_level level);

/* Magic variables, from whoever knows them. *ret NULL: not mine. */
struct vars_magic {
	void *self;
	int (*get)(void *self, struct arena *a, struct slice name, const struct value **ret,
		   struct err *err);
	void (*each_name)(void *self, void (*fn)(void *ctx, struct slice name), void *ctx);
};

struct vars {
	struct template_env *env;
	struct arena *arena;			 /* of the rendered values: the caller's scratch */
	const struct value *levels[VARS_LEVELS]; /* dicts or NULL, borrowed */
	const struct vars_magic *magic;
	struct strmap rendered; /* name → const struct value */
	VEC(struct slice) in_progress;
	bool merge_hashes; /* mappings of several levels are merged, but those of VARS_LOOP */
	struct template_scope scope; /* give this to template_* */
};

void vars_init(struct vars *v, struct template_env *env, struct arena *arena,
	       const struct vars_magic *magic);
/* Replaces a level and forgets what was rendered. */
void vars_set_level(struct vars *v, enum vars_level level, const struct value *dict);
/* The winning raw value (with merge_hashes: what they come to) and its level; NULL when not defined by any level. */
const struct value *vars_raw(const struct vars *v, struct slice name, enum vars_level *ret_level);
/* Rendered; *ret NULL when not defined. A variable that refers to itself is ERR_INVALID. */
int vars_get(struct vars *v, const char *name, const struct value **ret, struct err *err);
void vars_release(struct vars *v);
