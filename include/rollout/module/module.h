#pragma once
/*
 * Task modules: a parameter table and a function over `host`. The controller
 * uses the tables (checking arguments before any host is contacted, `rollout
 * doc`); the agent runs the functions. A module's results are a dict with the
 * fields that Ansible's page of the module documents.
 *
 * One file per module, src/module/<subject>/<name>.c; src/module/registry/ lists them.
 */
#include "rollout/host/host.h"
#include "rollout/module/kind.h"
#include "rollout/value/value.h"

enum module_param_type {
	MODULE_STR,
	MODULE_BOOL,
	MODULE_INT,
	MODULE_FLOAT,
	MODULE_PATH, /* ~ is expanded on the host */
	MODULE_MODE, /* 0644, "0644", "u=rw,g=r": kept as a string, an int becomes octal text */
	MODULE_LIST, /* of .element; a string is split at commas as Ansible does, a scalar becomes one item */
	MODULE_DICT,
	MODULE_RAW,
};

struct module_param {
	const char *name;
	enum module_param_type type;
	bool required;
	const char *fallback;		/* default, as YAML text; NULL: none */
	const char *const *choices;	/* NULL-terminated */
	const char *const *aliases;	/* NULL-terminated */
	enum module_param_type element; /* of a MODULE_LIST */
	bool expression;	/* of MODULE_EVALUATES: text without {{ }} is an expression */
	bool secret;		/* is hidden in whatever is shown */
	bool undefined_is_told; /* and the module tells it where a name in it is undefined */
	/* Of a converted value (of a list: of each item), for what its type does not say:
	 * NULL, or what the value at *ret_at, it or one in it, is not ("a name like DNS:x"). */
	const char *(*check)(const struct value *v, const struct value **ret_at);
	const char *doc; /* one sentence */
};

enum module_flags {
	MODULE_FREE_FORM =
		1, /* command, shell, raw, script, meta, include_tasks: the string is `_raw_params` */
	MODULE_ACTION =
		2, /* done on the controller alone; run is NULL (debug, set_fact, include_tasks, pki_*) */
	MODULE_PREPARE =
		4, /* the controller reads, renders or fetches content before it is sent (copy, template, get_url) */
	MODULE_ANY_ARGS = 8,	  /* keys are the user's own (set_fact) */
	MODULE_BRINGS_FACTS = 16, /* later tasks may use what it finds, by any name */
	MODULE_ONCE_ONLY = 32,	  /* not sent again when it is not known whether it was done */
	MODULE_SETS_VARS = 64,	  /* later tasks may have variables from it, beside `register` */
	MODULE_MAKES_HOSTS = 128, /* hosts or groups that were not there, and their variables */
	MODULE_FOR_ALL = 256,	  /* done once, for the first host */
	MODULE_STEERS =
		512, /* what comes after it on the host: meta, include_tasks, include_role */
	MODULE_EVALUATES = 1024, /* its arguments are not rendered before it */
	MODULE_ASYNC = 2048,	 /* may go on by itself although the controller prepares it */
};

#define SLURP_MAX (64u << 20) /* of a file that slurp returns: the controller holds it */

struct module_call;
struct module {
	const char *name;      /* short name: copy */
	const char *full_name; /* ansible.builtin.copy, ansible.posix.sysctl, rollout.pki_ca … */
	const char *doc;       /* one sentence */
	unsigned flags;
	enum module_kind kind;
	/* Folder of a role or playbook where the controller's `src` lies; NULL: it has none. */
	const char *source_dir;
	/* Fields of the result that are never shown, and members of those, at any depth,
	 * that are hidden in whatever else is shown. NULL-terminated, or NULL. */
	const char *const *secret_results, *const *secret_texts;
	/* A field with objects of Kubernetes, of whose Secrets the data is never shown. */
	const char *objects_result;
	const struct module_param *params; /* ends with name NULL */
	/* NULL-terminated groups "a|b|c": at least one of each is needed; exclusive: at most one. */
	const char *const *required_one_of;
	const char *const *mutually_exclusive;
	/* Does the work. A negative return is a failed task whose msg is err's. */
	int (*run)(struct module_call *call, struct err *err);
};

/* By short or full name (ansible.builtin., ansible.legacy., collections'). NULL: none. */
const struct module *module_find(struct slice name);
const struct module *const *module_all(size_t *ret_count);
/* By name or alias; NULL when the module has none. */
const struct module_param *module_param_find(const struct module *m, struct slice name);
/* "; did you mean 'copy'?" for a name that module_find does not know, or "". Returns buf. */
const char *module_hint(struct slice name, char *buf, size_t size);

/*
 * Checks an argument dict: unknown names (nearest is named), missing, choices,
 * types. With `templated` strings that hold {{ are taken on trust.
 * Places of errors are the argument's own.
 */
int module_check_args(const struct module *m, const struct value *args, bool templated,
		      struct err *err);
/* Its two parts: one argument of the dict, as with `templated`; and what is missing or
 * excludes each other. */
int module_check_arg(const struct module *m, const struct value_pair *arg, struct err *err);
int module_check_presence(const struct module *m, const struct value *args, struct err *err);
/* Only what is there, as with `templated`: the run will know of more. */
int module_check_given(const struct module *m, const struct value *args, struct err *err);
/* The dict with aliases resolved, types converted, defaults filled in. Arguments
 * that begin with "_" are the controller's own and pass through. */
int module_coerce_args(const struct module *m, struct arena *a, const struct value *args,
		       const struct value **ret, struct err *err);
/* Free-form text "k=v k2='v 2' rest" into a dict, as Ansible's splitter; for
 * MODULE_FREE_FORM the rest is `_raw_params` and only its known parameters
 * (chdir, creates, removes, executable, …) are taken out. */
int module_parse_free_form(const struct module *m, struct arena *a, struct slice text,
			   struct srcloc at, const struct value **ret, struct err *err);

/* What a call may use beside the host. */
struct module_services {
	void *self;
	/* What the controller named by hash; asked of it when it is first read.
	 * One at a time. src/module/content.h checks it. */
	int (*content_open)(void *self, const char *sha256, struct host_stream *ret,
			    struct err *err);
	/* Wherever it has been read to. */
	void (*content_close)(void *self);
	/* A file for the controller, of s->size bytes and no more; `source` is its path. */
	int (*send_file)(void *self, const char *source, const struct host_stream *s,
			 struct err *err);
	/* A long command's output as it comes. */
	void (*output)(void *self, int stream, struct slice bytes);
};

struct module_call {
	const struct module *module;
	struct host *host;
	struct arena *arena;
	const struct value *args; /* coerced */
	bool check_mode, diff_mode, no_log;
	const struct module_services *services;
	struct value *result; /* the dict under construction; use the functions below */
};

/* Runs the module and completes its result: changed and failed are always
 * there; a failure has msg. Never returns an error itself. */
void module_run(struct module_call *call);

/* Arguments; NULL/false/fallback when absent. */
const char *arg_str(const struct module_call *call, const char *name);
struct slice arg_slice(const struct module_call *call, const char *name);
bool arg_bool(const struct module_call *call, const char *name);
bool arg_has(const struct module_call *call, const char *name);
int64_t arg_int(const struct module_call *call, const char *name, int64_t fallback);
/* NULL-terminated strings of a list argument, in the call's arena; *ret_len may be NULL. */
const char *const *arg_list(const struct module_call *call, const char *name, size_t *ret_len);

/* Results. */
void result_changed(struct module_call *call);
bool result_is_changed(const struct module_call *call);
void result_put(struct module_call *call, const char *key, const struct value *v);
void result_put_str(struct module_call *call, const char *key, const char *s);
void result_put_int(struct module_call *call, const char *key, int64_t i);
void result_put_bool(struct module_call *call, const char *key, bool b);
void result_warn(struct module_call *call, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Skipped with a reason (creates: exists …) */
void result_skip(struct module_call *call, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Check mode: what it would do cannot be known ("would run"). Sets `_unknown`. */
void result_unknown(struct module_call *call, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Adds {"before_header","after_header","unified"} to result.diff (a list) when
 * diff_mode is set, no_log is not and the texts differ. */
void result_diff(struct module_call *call, const char *before_name, struct slice before,
		 const char *after_name, struct slice after);
