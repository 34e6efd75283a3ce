#pragma once
/* What the files of this folder share: the compiler's state. */
#include "rollout/plan/meta.h"
#include "rollout/plan/plan.h"

/* Where a task is being compiled. Copied and changed when going down. */
struct compiler {
	struct plan *plan;
	struct plan_step *step;
	const struct plan_role *role;
	const struct plan_lineage *lineage;
	const struct value *role_defaults, *role_vars, *role_params, *include_params;
	const struct plan_role_use *role_use;
	const char *file_dir;		/* of the task file, for imports beside it */
	const char *const *search_dirs; /* of the nodes that are made */
	unsigned depth;
	bool handlers;
	bool included; /* at run time, by include_tasks or include_role */
	bool rescued;  /* who fails there goes on, or it is not known that it is reached */
};

/* ---- attrs.c: inheritable keywords ---- */
enum attr_result { ATTR_NOT_MINE, ATTR_TAKEN };
/* Is `key` an inheritable keyword? Then it is put into `attrs`. Negative: error. */
int attrs_take(struct compiler *c, struct plan_attrs *attrs, const struct value *key,
	       const struct value *v, struct err *err);
/* A copy of `outer` for something inside it. */
struct plan_attrs attrs_inherit(const struct plan_attrs *outer);
void attrs_add_vars(struct compiler *c, struct plan_attrs *attrs, const struct value *vars);
/* The keyword `vars`: a dict, NULL where nothing is said; a list of mappings is merged. */
int vars_take(struct compiler *c, const struct value *v, const struct value **ret, struct err *err);
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
/* The play has the role, and what it depends on: for variables that name them. */
int role_record(struct compiler *c, const struct plan_role *role, struct err *err);
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
	bool unchecked;		       /* rolespec_validate: false */
	bool included;		       /* by a task, not by a list of roles */
	bool once;		       /* allow_duplicates: false, of such a task */
	const struct value *task_vars; /* the `vars` of such a task, or NULL */
};
/* The role's tasks (tasks_from) as a block in `out`, dependencies first. */
int role_compile(struct compiler *c, const struct plan_role *role, const struct role_use *use,
		 const struct plan_attrs *attrs, struct plan_block *out, struct err *err);
/* A compiler that looks from inside the role; `use` NULL: nothing special. */
int role_enter(const struct compiler *c, const struct plan_role *role, const struct role_use *use,
	       struct compiler *ret, struct err *err);

/* ---- role_use.c ---- */
/* The step's use of the role that says the same. */
const struct plan_role_use *role_use_find(struct compiler *c, const struct plan_role *role,
					  const struct role_use *use);
/* Is the role not done twice on a host, when it is used like this? */
bool role_is_once(const struct plan_role *role, const struct role_use *use);

/* What an import_role's or include_role's arguments say; templates must be rendered. */
int role_read_use(struct plan *plan, const struct value *args, struct role_use *ret,
		  struct err *err);

/* ---- collection.c: roles of collections ---- */
/* The folder of ns.collection.role, or of a role of the own collection or of those
 * that `collections` names; NULL: there is none. */
const char *collection_role(const struct compiler *c, struct slice name);
/* name and collection of a role in that folder, where it is in one of a collection. */
void collection_name_role(struct arena *a, const char *dir, struct plan_role *role);
/* Has the collection of the role that is being compiled a module of that name? */
bool collection_has_module(const struct compiler *c, struct slice name);

/* ---- role_spec.c: meta/argument_specs.yml ---- */
/* A task in front of the role's that checks its arguments, where they are specified. */
int role_add_check(struct compiler *c, const struct plan_role *role, const char *entry_point,
		   struct plan_node *block, struct err *err);

/* ---- load.c: files ---- */
/* The parsed file; each file is read once. `what` is for messages. */
int plan_load_file(struct plan *plan, const char *path, const struct value **ret, struct err *err);
/* dir/name, dir/name.yml, .yaml, .json: the first that exists, or NULL. */
const char *plan_main_file(struct plan *plan, const char *dir, const char *name);

/* search_dirs, for tasks of a file in `dir`; after lineage and step are set. Source:
 * ansible-core, playbook/base.py (get_search_path). */
void compiler_look_from(struct compiler *c, const char *dir);
/* The folder of a site file or playbook, absolute. */
int plan_folder(struct plan *plan, const char *path, const char **ret, struct err *err);
void plan_warn(struct plan *plan, struct srcloc at, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* ---- mistakes.c ---- */
/* What a part came to. 0 also for a mistake that others can be looked for after: it is
 * kept, and err is empty again. */
int plan_go_on(struct plan *plan, int r, struct err *err);
/* The same of a part that is then left out: plan_lacks(). */
int plan_go_without(struct plan *plan, struct plan_step *step, int r, struct err *err);
/* Something that could bring variables, and to the step (or NULL) handlers, could not be
 * read: what nothing seems to define is no mistake then. */
void plan_lacks(struct plan *plan, struct plan_step *step);
/* Ends plan_load: the mistakes in the order of their places, the first
 * PLAN_MISTAKES_TOLD of them, all but the last through opts->tell. */
int mistakes_tell(struct plan *plan, const struct plan_options *opts, int r, struct err *err);

/* ---- block.c ---- */
int block_compile(struct compiler *c, const struct value *list, const struct plan_attrs *attrs,
		  struct plan_block *out, struct err *err);
/* What a block and `apply` hand down: attrs_take(), `vars` and `notify`. */
int block_take_keyword(struct compiler *c, struct plan_attrs *attrs, const struct value *key,
		       const struct value *v, struct err *err);
/* The same file as a role's tasks: names in it are looked for in the role's folder of tasks. */
int block_compile_role_file(struct compiler *c, const char *path, const struct plan_attrs *attrs,
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
/* plan_go_on() with a mistake in a task. */
int task_go_on(struct compiler *c, struct plan_node *node, int r, struct err *err);
int task_compile(struct compiler *c, const struct value *task, const struct plan_attrs *attrs,
		 struct plan_node **ret, struct err *err);
/* The file that include_tasks, import_tasks name. */
int task_include_file(struct compiler *c, const struct plan_node *node, struct slice name,
		      const char **ret, struct err *err);
/* The name argument of include_*: `_raw_params` or `file` or `name`; NULL when absent. */
const struct value *task_include_name(const struct plan_node *node);

/* Is it a number as a keyword may have it, or a template? A text with a fraction is
 * no whole number, a number with one is cut. */
bool number_is_written(const struct value *v, bool whole);

int keyword_number(const struct value *key, const struct value *v, const struct value **ret,
		   struct err *err);
/* The name of a variable. */
int keyword_variable(const struct value *key, const struct value *v, const char **ret,
		     struct err *err);

/* ---- loop.c ---- */
int loop_take(struct compiler *c, struct plan_node *node, const struct value *key,
	      const struct value *v, struct err *err);
int loop_take_control(struct plan_node *node, const struct value *v, struct err *err);

/* ---- module_args.c ---- */
int task_set_module(struct compiler *c, struct plan_node *node, const struct value *key,
		    const struct value *args, struct err *err);
/* action: module args   local_action: {module: name, …} */
int task_set_action(struct compiler *c, struct plan_node *node, const struct value *key,
		    const struct value *v, struct err *err);
/* With the keyword `args` (or NULL) and module_defaults. */
int task_complete_args(struct compiler *c, struct plan_node *node, const struct value *more,
		       struct err *err);

/* ---- old_include.c: the module `include` ---- */
bool old_include_is(struct slice name);
/* Its text as a dict: the name as _raw_params, variables beside it. */
int old_include_args(struct compiler *c, const struct value *v, const struct value **ret,
		     struct err *err);
/* Once all keys of the task are read: makes import_tasks or include_tasks of it. */
void old_include_settle(struct compiler *c, struct plan_node *node);

/* ---- meta.c ---- */
/* "; did you mean 'noop'?" of a word that meta does not know, or "". Returns buf. */
const char *meta_hint(struct slice name, char *buf, size_t size);

/* ---- library.c ---- */
/* The file of library/ that a task's key names; NULL: there is none, or it is a
 * Python one in whose place rollout has a module of its own. */
int library_find(struct compiler *c, const struct value *key, const char **ret, struct err *err);
/* The module that carries such files to hosts. */
const struct module *library_module(void);

/* ---- foreign.c: what Ansible has and rollout has not ---- */
/* What stands for a module of that name; NULL: nobody has such a module. */
const struct module *foreign_find(const struct compiler *c, struct slice name);
bool foreign_is(const struct module *m);
/* It is also the module of a task whose own could not be read. */
void foreign_stand_in(struct plan_node *node);
/* An error where the task is certain to be done, else a warning. */
int foreign_check(struct compiler *c, const struct plan_node *node, struct err *err);
/* A result ERR_UNSUPPORTED of a check becomes a warning where that is not certain. */
int foreign_tolerate(struct compiler *c, bool certain, int r, const struct err *err);

/* ---- chosen.c: a module that a template names ---- */
/* What the task has in its place until plan_choose_module. */
const struct module *chosen_stands_for(struct plan_node *node, const struct value *name);

/* ---- module_defaults.c ---- */
/* Does the key of a module_defaults name the task's module, by itself or by a group? */
bool defaults_name(const struct value *key, const struct plan_node *node, bool of_group);
int defaults_check_key(struct compiler *c, const struct value *key, struct err *err);

/* ---- check.c: what can be wrong without a host ---- */
int check_task(struct compiler *c, struct plan_node *node, struct err *err);
int check_async(const struct plan_node *node, struct err *err);
/* Of the given node in plan->nodes on, once all handlers are known. */
int check_notify(struct plan *plan, size_t from, struct err *err);

/* ---- include.c ---- */
/* A compiler that stands where the task is. */
struct compiler compiler_at(struct plan *plan, const struct plan_node *node);
/* include_tasks, include_role */
bool include_is_of_tasks(const struct plan_node *n);
/* … whose name is written out, no template. */
bool include_is_literal(const struct plan_node *n);
int includes_compile(struct plan *plan, struct err *err);
/* The keywords that an include may have. */
int include_check_keys(const struct plan_node *node, const struct value *task, struct err *err);

/* ---- templates.c ---- */
#define NODE_TEMPLATES 32
/* Values of the node that may be templates; how many there are. */
size_t node_templates(const struct plan_node *node, const struct value *ret[NODE_TEMPLATES]);

/* ---- names.c: variables that tasks use: facts, hostvars, their own templates ---- */
int names_of_task(struct compiler *c, struct plan_node *node, struct err *err);
/* Will the task be done on each host that has not failed? */
bool task_is_certain(const struct compiler *c, const struct plan_node *node);
/* Where another host's results or facts are read: once all tasks of their steps are
 * known, from the given one in plan->nodes on. */
void step_set_barriers(struct plan *plan, size_t from);

/* Of a text that a task may read: facts and hostvars count, mistakes do not. */
void names_of_other_text(struct compiler *c, struct plan_node *node, struct slice text,
			 const char *file);

/* ---- facts.c: facts that tasks use ---- */
/* Of a name that may be one's; of a text that is not parsed. */
void facts_add(struct compiler *c, struct slice name);
void facts_scan(struct compiler *c, struct slice text);
/* What is beside the names in a template: lookups of templates, computed names. */
void facts_of_value(struct compiler *c, struct plan_node *node, const struct value *v);
void facts_of_text(struct compiler *c, struct plan_node *node, struct slice text);
/* The files of variables and templates that run time chooses. */
void facts_of_task(struct compiler *c, struct plan_node *node);

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
/* Its folder, which is kept. */
void step_set_dir(struct plan *plan, struct plan_step *step, const char *dir);
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
/* Variables that are there before there is a host: groups, playbook_dir. */
const struct value *plan_magic(struct plan *plan, const struct plan_step *step);
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

/* ---- tags.c ---- */
void tags_check(struct plan *plan); /* warns of tags that no task has */

/* ---- connection.c ---- */
int connection_check(struct plan *plan, struct err *err);

/* playbook_dir of the step; of the first file when NULL. */
const char *plan_dir(const struct plan *plan, const struct plan_step *step);
/* Is the value literally no? */
bool plan_is_false(const struct value *v);
bool plan_has_markup(const struct value *v);
