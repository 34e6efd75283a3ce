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
	bool rescued; /* who fails there goes on, or it is not known that it is reached */
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
int role_load(const struct compiler *c, const char *base_dir, const struct value *name,
	      const struct plan_role **ret, struct err *err);
/* Loads a role with its dependencies into the step's defaults and vars. */
struct role_use;
int role_gather(struct compiler *c, const struct plan_role *role, const struct role_use *use,
		struct err *err);
/* An entry of a play's `roles` or of `dependencies`: the role it names, found from
 * `base_dir` too; its tasks with its keywords and parameters. */
int role_entry_name(struct compiler *c, const char *base_dir, const struct value *entry,
		    const struct plan_role **ret, struct err *err);
int role_entry_compile(struct compiler *c, const char *base_dir, const struct value *entry,
		       const struct plan_attrs *outer, struct plan_block *out, struct err *err);
/* How a role is used: by an entry of a list, by import_role, by include_role. */
struct role_use {
	const struct value *entry;					    /* dict or NULL */
	const struct value *params, *vars;				    /* dicts or NULL */
	const char *tasks_from, *vars_from, *defaults_from, *handlers_from; /* NULL: main */
	bool unchecked; /* rolespec_validate: false */
};
/* The role's tasks (tasks_from) as a block in `out`, dependencies first. */
int role_compile(struct compiler *c, const struct plan_role *role, const struct role_use *use,
		 const struct plan_attrs *attrs, struct plan_block *out, struct err *err);
/* A compiler that looks from inside the role; `use` NULL: nothing special. */
int role_enter(const struct compiler *c, const struct plan_role *role, const struct role_use *use,
	       struct compiler *ret, struct err *err);
/* What an import_role's or include_role's arguments say; templates must be rendered. */
int role_read_use(struct plan *plan, const struct value *args, struct role_use *ret,
		  struct err *err);

/* ---- role_spec.c: meta/argument_specs.yml ---- */
/* A task in front of the role's that checks its arguments, where they are specified. */
int role_add_check(struct compiler *c, const struct plan_role *role, const char *entry_point,
		   struct plan_node *block, struct err *err);

/* ---- load.c: files ---- */
/* The parsed file; each file is read once. `what` is for messages. */
int plan_load_file(struct plan *plan, const char *path, const struct value **ret, struct err *err);
/* dir/name, dir/name.yml, .yaml, .json: the first that exists, or NULL. */
const char *plan_main_file(struct plan *plan, const char *dir, const char *name);

/* The folder of a site file or playbook, absolute. */
int plan_folder(struct plan *plan, const char *path, const char **ret, struct err *err);
void plan_warn(struct plan *plan, struct srcloc at, const char *fmt, ...) PRINTF_LIKE(3, 4);

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

/* ---- library.c ---- */
/* The file of library/ that a task's key names; NULL: there is none, or it is a
 * Python one in whose place rollout has a module of its own. */
int library_find(struct compiler *c, const struct value *key, const char **ret, struct err *err);
/* The module that carries such files to hosts. */
const struct module *library_module(void);

/* ---- module_defaults.c ---- */
/* Does the key of a module_defaults name the task's module, by itself or by a group? */
bool defaults_name(const struct value *key, const struct plan_node *node);
int defaults_check_key(struct compiler *c, const struct value *key, struct err *err);

/* ---- check.c: what can be wrong without a host ---- */
int check_task(struct compiler *c, struct plan_node *node, struct err *err);
/* Of the given node in plan->nodes on, once all handlers are known. */
int check_notify(struct plan *plan, size_t from, struct err *err);

/* ---- include.c ---- */
int includes_compile(struct plan *plan, struct err *err);

/* ---- names.c: variables that tasks use: facts, hostvars, their own templates ---- */
int names_of_task(struct compiler *c, struct plan_node *node, struct err *err);
/* Where another host's results or facts are read: once all tasks of their steps are
 * known, from the given one in plan->nodes on. */
void step_set_barriers(struct plan *plan, size_t from);

/* ---- undefined.c: variables that nothing defines ---- */
/* `found`: it is defined there; `certain`: it will be evaluated. */
void uses_note(struct plan *plan, const struct template_use *use, bool found, bool certain);
/* Once all is compiled: an error where one will be evaluated, else warnings. */
int uses_check(struct plan *plan, struct err *err);
/* A play's own values, such as names of files. */
int names_of_value(struct compiler *c, const struct value *v, struct err *err);
int names_of_text(struct compiler *c, struct plan_node *node, struct slice text, const char *file,
		  struct err *err);

/* ---- step.c: what steps and plays have in common ---- */
/* A new one at the end of the plan; the name is made unlike all others. */
struct plan_step *step_new(struct plan *plan, const char *name, struct srcloc at);
int keys_bool(const struct value *v, const char *what, bool *ret, struct err *err);
int keys_serial(struct compiler *c, const struct value *serial, struct err *err);
int keys_percentage(struct compiler *c, const struct value *v, struct err *err);
/* With the play's variables and -e; *ret is `v` where it holds no template. */
int keys_render(struct compiler *c, const struct value *v, const struct value **ret,
		struct err *err);
/* Files whose names only hosts' variables tell go to step->late_vars_files. */
int vars_files_read(struct compiler *c, const struct value *files, struct value *into,
		    struct err *err);

/* ---- hosts.c ---- */
int hosts_check_limit(const struct plan *plan, struct err *err);

/* ---- playbook.c, play.c ---- */
int playbooks_compile(struct plan *plan, const struct plan_options *opts, struct err *err);
/* What an import_playbook, or several around each other, hand to their plays. */
struct play_outer {
	const char *path, *dir;
	const struct value *vars; /* dict or NULL; they beat the play's own */
	struct plan_attrs attrs;  /* when, tags, and what the command line says */
	const struct plan_options *opts;
};
int play_compile(struct plan *plan, const struct play_outer *outer, const struct value *play,
		 struct err *err);
/* The play's keys that are tasks and roles. */
int play_sections(struct compiler *c, const struct value *play, struct err *err);
int prompts_ask(struct compiler *c, const struct plan_options *opts, const struct value *prompts,
		struct value *vars, struct err *err);

/* ---- site.c ---- */
int site_compile(struct plan *plan, const struct value *site, const struct plan_options *opts,
		 struct err *err);
/* Leaves out what comes before the task of that name (a shell pattern). */
int start_at_task(struct plan *plan, const char *pattern, struct err *err);
int edges_compile(struct plan *plan, const struct value *steps, struct err *err);

/* ---- connection.c ---- */
int connection_check(struct plan *plan, struct err *err);

/* playbook_dir of the step; of the first file when NULL. */
const char *plan_dir(const struct plan *plan, const struct plan_step *step);
/* Is the value literally no? */
bool plan_is_false(const struct value *v);
bool plan_has_markup(const struct value *v);
