#pragma once
/*
 * A site file and its roles, compiled: steps that wait for steps, each with
 * hosts and a tree of tasks. Everything that can be wrong without a host is
 * found here: unknown keys, modules, arguments, filters, missing files and
 * handlers, cycles. Lives in plan->arena; borrows from the inventory.
 *
 *     plan_load(&opts, inv, env, &plan, err)  …run…  plan_free(plan)
 *
 * Sources: docs/roles.md for site.roles; Ansible's "Playbook Keywords".
 */
#include "rollout/inventory/inventory.h"
#include "rollout/inventory/vars.h"
#include "rollout/module/module.h"

#define PLAN_MAX_TASKS 100000u
#define PLAN_MAX_STEPS 10000u
#define PLAN_MAX_BLOCK_DEPTH 32u
#define PLAN_MAX_INCLUDE_DEPTH 32u
#define PLAN_MAX_MISTAKES 1000u /* looked for in one project */
#define PLAN_MISTAKES_TOLD 20u	/* of these, and the count of the others */

struct plan_block;
struct plan_step;

/* A role as it lies on disk, read once. */
struct plan_role {
	const char *name, *dir;		     /* a collection's: ns.coll.role */
	const char *short_name;		     /* role */
	const char *collection;		     /* its folder; NULL: of none */
	const struct value *defaults, *vars; /* dicts */
	const struct value *meta;	     /* dict */
	const struct value *argument_specs;  /* dict of meta/argument_specs.yml, or NULL */
};

/* How a role came to be used: what uses it, outwards. */
struct plan_lineage {
	const struct plan_lineage *outer; /* NULL: the play itself */
	const struct plan_role *role;
	bool included; /* by include_role or import_role, not as a dependency */
};

/*
 * A role as a step uses it. Uses that say the same (parameters, `vars`, `when`, `tags`,
 * …_from) are one: on a host where it is over and did something, it is not done again.
 * Source: ansible-core, playbook/role/__init__.py (ROLE_CACHE).
 */
struct plan_role_use {
	const struct plan_role *role;
	const struct value *entry; /* of a list of roles; dict or NULL */
	const struct value *vars;  /* of an include or import; dict or NULL */
	const char *from[4];	   /* tasks_from …; NULL: main */
	bool included;		   /* by a task */
};

/* Keywords that a block, a role and a step hand down to their tasks. Values
 * are as written, maybe templates; NULL where nobody set them. */
struct plan_attrs {
	const struct value *become, *become_user;
	const struct value *check_mode, *diff, *no_log, *ignore_errors;
	const struct value *delegate_to, *delegate_facts, *run_once;
	const struct value *notify; /* of a block, for tasks that say none: a name or a list */
	const struct value *throttle, *timeout, *any_errors_fatal, *ignore_unreachable;
	/* how the host is reached; the variables ansible_… beat them */
	const struct value *remote_user, *connection, *port;
	const struct value *become_method, *become_flags, *become_exe;
	const struct value *debugger;		   /* "always" …; "enabled": by the strategy */
	VEC(const struct value *) when;		   /* all must hold; outer first */
	VEC(const struct value *) environment;	   /* dicts or templates, outer first */
	VEC(const struct value *) module_defaults; /* dicts, outer first */
	VEC(const char *) tags;
	const struct value *block_vars; /* merged dict of the enclosing blocks, or NULL */
};

struct plan_loop {
	const struct value *items; /* `loop:` or `with_x:` as written; NULL: no loop */
	const char *with;	   /* "items", "dict", …; NULL for `loop:` */
	const char *loop_var, *index_var;
	const struct value *label, *pause; /* templates or NULL */
	bool extended, without_allitems;
};

enum plan_node_kind { PLAN_TASK, PLAN_BLOCK };

struct plan_node {
	enum plan_node_kind kind;
	uint32_t id; /* unique in the plan */
	struct srcloc at;
	const struct value *name;	    /* template or NULL */
	struct plan_attrs attrs;	    /* all inherited ones merged in */
	const struct plan_attrs *outer;	    /* of what encloses it: what an include hands down */
	const struct plan_role *role;	    /* NULL outside roles */
	const struct plan_lineage *lineage; /* of the role, or NULL */
	/* Where its files are looked for, absolute: its role, what uses that, outwards, the
	 * folder of the task's file, playbook_dir. NULL-terminated. */
	const char *const *search_dirs;
	/* Dicts or NULL: the step's roles' defaults and vars with the own role's
	 * on top, the parameters of the role, of the include. */
	const struct value *role_defaults, *role_vars, *role_params, *include_params;
	const struct plan_step *step;
	const struct plan_role_use *role_use; /* that brought it; of a role's block: its own */
	bool role_block;		      /* a role's tasks, all of them */
	bool once_a_host;		      /* such a block: not where its use is over */
	bool selected;			      /* by --tags and --skip-tags */
	bool barrier;		/* every host of the step must have arrived, and leaves together */
	bool mentions_hostvars; /* directly or through a variable */
	bool imported;		/* a block that import_tasks or import_role made */
	bool implicit;		/* nobody wrote it: a play's flush of handlers */
	bool once;		/* the module works for all hosts at once: add_host, pause */

	/* PLAN_BLOCK */
	struct plan_block *block;

	/* PLAN_TASK */
	const struct module *module;
	const char *written_name;	 /* of the module: "ansible.builtin.copy" */
	const struct value *module_name; /* the template that names it: plan_choose_module() */
	const char *library;		 /* the file, when it is a module of one's own */
	const struct value *args;	 /* dict, templates inside; free form already split */
	/* NULL, or a template of a dict with more; and what of module_defaults is below
	 * that one, or is a template itself */
	const struct value *variable_args, *default_args;
	const struct value *vars; /* task vars or NULL */
	struct plan_loop loop;
	const char *register_name;
	VEC(const struct value *) notify;
	VEC(const struct value *) changed_when, failed_when, until; /* empty: not set */
	const struct value *retries, *delay;
	const struct value *async_s, *poll; /* seconds */
	/* handlers */
	bool is_handler;
	VEC(const char *) listen;
	bool mistaken; /* so the plan is not run: what follows from it is not told */
};

struct plan_block {
	VEC(struct plan_node *) body, rescue, always;
};

enum plan_order {
	PLAN_ORDER_INVENTORY,
	PLAN_ORDER_REVERSE_INVENTORY,
	PLAN_ORDER_SORTED,
	PLAN_ORDER_REVERSE_SORTED,
	PLAN_ORDER_SHUFFLE,
};

/* A role's variables as its tasks see them: the play's roles' with its own on top. */
struct plan_role_view {
	struct value *defaults, *vars;
	const struct value *own_defaults, *own_vars;
};

struct plan_step {
	const char *name;			   /* no other step's */
	const char *play_name;			   /* as written; "" without a name */
	const char *path, *dir;			   /* the file; its folder, playbook_dir */
	const char *const *search_dirs;		   /* of what is no task's; NULL-terminated */
	const struct value *hosts_value;	   /* as written */
	VEC(const struct value *) late_vars_files; /* names that the hosts' variables decide */
	size_t index;				   /* in plan->steps */
	struct srcloc at;
	const char *role_name;	   /* NULL in a playbook's play */
	inv_hosts hosts;	   /* after --limit, in inventory order */
	VEC(size_t) after, before; /* edges */
	const struct value
		*play_vars; /* site vars and, for a play, its vars and vars_files merged */
	struct plan_attrs attrs;
	const struct value *collections;  /* where its roles are looked for, or NULL */
	VEC(const struct value *) serial; /* ints, "20%", templates; empty: all at once */
	const struct value *max_fail_percentage;
	const struct value *fact_path; /* template or NULL */
	VEC(struct slice) fact_names;  /* without ansible_; what its tasks use */
	struct plan_block *body;
	VEC(struct plan_node *) handlers; /* in order of definition */
	size_t ntasks;
	VEC(struct plan_role_use *) role_uses;
	/* What its roles bring, merged in order; NULL before they are known. */
	struct value *defaults, *vars;
	VEC(struct plan_role_view) views;
	/* As the play names them (ansible_play_role_names); what these depend on, each once. */
	VEC(const struct plan_role *) play_roles, dependent_roles;
	struct strmap names;	     /* variable names whose values were checked */
	struct strmap handler_names; /* what notify may say, of the first handlers_known */
	size_t handlers_known;
	enum plan_order order;
	bool is_play;	     /* of a playbook; else a step of a site file */
	bool opens_file;     /* the first play of a further playbook of the command line */
	bool free, linear;   /* the strategies: no host waits; a barrier before every task */
	bool force_handlers; /* also on hosts that failed */
	bool any_errors_fatal;
	bool gather_facts;
	bool all_facts;	       /* ansible_facts as a whole is used */
	bool groups_hosts;     /* by group_by: later tasks see the groups of all hosts */
	bool sets_vars;	       /* some task registers or sets facts */
	bool handlers_unknown; /* run time knows the name of one, or one could not be read */
};

/* A question of vars_prompt. The answer is copied. */
struct plan_prompt {
	const char *name, *text, *fallback; /* fallback NULL: none */
	bool private, confirm;
	struct srcloc at;
};
typedef int plan_ask_fn(void *self, const struct plan_prompt *prompt, struct strbuf *ret_answer,
			struct err *err);

struct plan_options {
	const char *site_path;
	const char *const *more_paths;		    /* further playbooks, NULL-terminated or NULL */
	const char *limit;			    /* pattern, or NULL */
	const char *const *tags, *const *skip_tags; /* NULL-terminated or NULL */
	const struct value *extra_vars;		    /* dict or NULL */
	const char *const *roles_path;		    /* further folders, NULL-terminated or NULL */
	const char *const *shipped_roles;	    /* those of the program, after all others */
	const char *const *collections_path;	    /* folders with ansible_collections/ */
	const char *start_at_task;
	bool become;		 /* -b */
	const char *become_user; /* --become-user */
	bool force_handlers;
	bool step;	       /* --step: a barrier before every task */
	bool refuse_undefined; /* a variable that nothing defines, where a task is sure to use it:
				  an error; else, and elsewhere, a warning */
	/* With it plan_load goes on after a mistake, and tells here what it found, but the
	 * last, which is its error. */
	void (*tell)(const struct err *mistake);
	plan_ask_fn *ask; /* vars_prompt; NULL: their defaults do */
	void *ask_self;
};

/* What is odd and no error. */
struct plan_warning {
	struct srcloc at;
	const char *text;
};

struct plan {
	struct arena arena;
	struct inventory *inv;
	struct template_env *env;
	const char *name, *site_path, *dir; /* dir: playbook_dir, absolute */
	VEC(struct plan_step *) steps;	    /* as written */
	const struct value *extra_vars;
	const char *const *roles_path, *const *shipped_roles, *const *collections_path;
	struct strmap roles;	 /* dir → struct plan_role */
	struct strmap files;	 /* path → parsed value, read once */
	struct strmap libraries; /* folder → has it a library/ */
	const char *const *tags, *const *skip_tags;
	const char *limit;
	bool is_playbook;
	VEC(struct plan_warning) warnings;
	VEC(struct err) mistakes;
	VEC(const struct value *) misread; /* of keywords with a mistake */
	bool collects_mistakes;
	bool incomplete; /* what may bring variables could not be read */
	uint32_t next_id;
	size_t ntasks;
	VEC(struct plan_node *) nodes; /* every one, for release and late checks */
	VEC(struct plan_attrs *) outers;
	VEC(struct plan_block *) blocks;
	struct strmap includes; /* "node id/path" → struct plan_block, "node id/module/name" →
				   struct plan_node */
	struct strmap uses;	/* variable names that tasks use → struct plan_use */
	bool refuses_undefined;
	bool told_variable_args; /* that a template gives a task's arguments */
	bool written_out;	 /* all includes with literal names are compiled */
};

int plan_load(const struct plan_options *opts, struct inventory *inv, struct template_env *env,
	      struct plan **ret, struct err *err);
void plan_free(struct plan *plan);

/*
 * Run time: the tasks of an include whose name was not known before. `node` is
 * the include_tasks or include_role task; `params` its rendered vars. The block
 * is compiled and checked once per (node, file) and lives as long as the plan.
 */
int plan_include_tasks(struct plan *plan, const struct plan_node *node, struct slice file,
		       struct plan_block **ret, struct err *err);
int plan_include_role(struct plan *plan, const struct plan_node *node, const struct value *args,
		      struct plan_block **ret, struct err *err);

/* Run time: a copy of a task whose module a template names, with the module of that
 * name. Checked once per (node, name); it lives as long as the plan. */
int plan_choose_module(struct plan *plan, const struct plan_node *node, struct slice name,
		       const struct plan_node **ret, struct err *err);

/* The hosts of the step as the inventory is now: before a play that comes after
 * add_host or group_by. Appends to *ret. */
int plan_step_hosts(struct plan *plan, const struct plan_step *step, inv_hosts *ret,
		    struct err *err);

/* A file of variables; read once, lives as long as the plan. */
int plan_load_vars(struct plan *plan, const char *path, const struct value **ret, struct err *err);

/* For messages: of a module of one's own the name that the task gives. */
static inline const char *node_module_name(const struct plan_node *node)
{
	bool foreign = strcmp(node->module->name, "foreign_module") == 0; /* plan/foreign.c */
	return node->library || foreign || node->module_name ? node->written_name
							     : node->module->name;
}

/* A file of a role or of the playbook as template, copy, script and include name it: in
 * each of the dirs (a task's or a step's) below `subdir`, then in itself. `subdir` is
 * "templates", "files", "tasks" or "vars". Yours in the arena; ERR_NOT_FOUND lists where
 * it was looked for. Source: ansible-core, parsing/dataloader.py. */
struct plan_place {
	const char *const *dirs;
	const char *subdir;
};
int plan_find_file(const struct plan_place *place, struct slice name, struct arena *a,
		   const char **ret_path, struct err *err);
