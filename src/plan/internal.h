#pragma once
/* What the files of this folder share: the compiler's state. */
#include "rollout/plan/plan.h"

/* Where a task is being compiled. Copied and changed when going down. */
struct compiler {
	struct plan *plan;
	struct plan_step *step;
	const struct plan_role *role;
	const struct value *role_defaults, *role_vars, *role_params, *include_params;
	const char *file_dir; /* of the task file, for imports beside it */
	unsigned depth;
	bool handlers;
};

/* ---- attrs.c: inheritable keywords ---- */
enum attr_result { ATTR_NOT_MINE, ATTR_TAKEN };
/* Is `key` an inheritable keyword? Then it is put into `attrs`. Negative: error. */
int attrs_take(struct compiler *c, struct plan_attrs *attrs, const struct value *key,
	       const struct value *v, struct err *err);
/* A copy of `outer` for something inside it. */
struct plan_attrs attrs_inherit(const struct plan_attrs *outer);
void attrs_add_vars(struct compiler *c, struct plan_attrs *attrs, const struct value *vars);
void attrs_release(struct plan_attrs *attrs);
void attrs_offer_names(void (*fn)(void *ctx, struct slice name), void *ctx);
bool attrs_selected(const struct plan *plan, const struct plan_attrs *attrs);

/* ---- role.c ---- */
int role_load(struct plan *plan, const char *base_dir, struct slice name, struct srcloc at,
	      const struct plan_role **ret, struct err *err);
/* Loads a role with its dependencies into the step's defaults and vars. */
int role_gather(struct compiler *c, const struct plan_role *role, unsigned depth, struct err *err);
/* The role's tasks (tasks_from) as a block in `out`, dependencies first. */
int role_compile(struct compiler *c, const struct plan_role *role, const char *tasks_from,
		 const struct plan_attrs *attrs, struct plan_block *out, struct err *err);
/* A compiler that looks from inside the role. */
int role_enter(const struct compiler *c, const struct plan_role *role, const struct value *params,
	       struct compiler *ret, struct err *err);

/* ---- load.c: files ---- */
/* The parsed file; each file is read once. `what` is for messages. */
int plan_load_file(struct plan *plan, const char *path, const struct value **ret, struct err *err);
/* The variables file's dict. */
int plan_load_vars(struct plan *plan, const char *path, const struct value **ret, struct err *err);
/* dir/name, dir/name.yml, .yaml, .json: the first that exists, or NULL. */
const char *plan_main_file(struct plan *plan, const char *dir, const char *name);

/* ---- block.c ---- */
int block_compile(struct compiler *c, const struct value *list, const struct plan_attrs *attrs,
		  struct plan_block *out, struct err *err);
int block_compile_file(struct compiler *c, const char *path, const struct plan_attrs *attrs,
		       struct plan_block *out, struct err *err);
struct plan_block *block_new(struct plan *plan);
struct plan_node *node_new(struct compiler *c, enum plan_node_kind kind, struct srcloc at,
			   const struct plan_attrs *attrs);
int handlers_compile(struct compiler *c, const struct value *list, const struct plan_attrs *attrs,
		     struct err *err);
int handlers_compile_file(struct compiler *c, const char *path, const struct plan_attrs *attrs,
			  struct err *err);

/* ---- task.c ---- */
int task_compile(struct compiler *c, const struct value *task, const struct plan_attrs *attrs,
		 struct plan_node **ret, struct err *err);
/* The file that include_tasks, import_tasks name. */
int task_include_file(struct compiler *c, const struct plan_node *node, struct slice name,
		      const char **ret, struct err *err);
/* The name argument of include_*: `_raw_params` or `file` or `name`; NULL when absent. */
const struct value *task_include_name(const struct plan_node *node);

/* ---- check.c: what can be wrong without a host ---- */
int check_task(struct compiler *c, struct plan_node *node, struct err *err);
int check_notify(struct plan *plan, struct plan_step *step, struct err *err);

/* ---- include.c ---- */
int includes_compile(struct plan *plan, struct err *err);

/* ---- names.c: variables that tasks use: facts, hostvars, their own templates ---- */
int names_of_task(struct compiler *c, struct plan_node *node, struct err *err);
/* Where another host's results or facts are read: once all tasks of the step are
 * known, from the given one in plan->nodes on. */
void step_set_barriers(struct plan *plan, struct plan_step *step, size_t from);
int names_of_text(struct compiler *c, struct plan_node *node, struct slice text, const char *file,
		  struct err *err);

/* ---- site.c ---- */
int site_compile(struct plan *plan, const struct value *site, const struct plan_options *opts,
		 struct err *err);
/* Leaves out what comes before the task of that name (a shell pattern). */
int start_at_task(struct plan *plan, const char *pattern, struct err *err);
int edges_compile(struct plan *plan, const struct value *steps, struct err *err);

/* ---- connection.c ---- */
int connection_check(const struct plan *plan, struct err *err);

/* Is the value literally no? */
bool plan_is_false(const struct value *v);
bool plan_has_markup(const struct value *v);
