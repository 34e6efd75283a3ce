#pragma once
/*
 * Task modules: a parameter table and a function over `host`. The controller
 * uses the tables (checking arguments before any host is contacted, `rollout
 * doc`); the agent runs the functions. A module's results are a dict with the
 * fields that Ansible's page of the module documents.
 *
 * One file per module, src/module/<name>.c; src/module/registry.c lists them.
 */
#include "rollout/host/host.h"
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
	const char *doc;		/* one sentence */
};

enum module_flags {
	MODULE_FREE_FORM =
		1, /* command, shell, raw, script, meta, include_tasks: the string is `_raw_params` */
	MODULE_ACTION =
		2, /* done on the controller alone; run is NULL (debug, set_fact, include_tasks, pki_*) */
	MODULE_PREPARE =
		4, /* the controller reads, renders or fetches content before it is sent (copy, template, get_url) */
	MODULE_ANY_ARGS = 8,	/* keys are the user's own (set_fact) */
	MODULE_READS_ONLY = 16, /* never changes anything: run as it is in check mode */
};

struct module_call;
struct module {
	const char *name;      /* short name: copy */
	const char *full_name; /* ansible.builtin.copy, ansible.posix.sysctl, rollout.pki_ca … */
	const char *doc;       /* one sentence */
	unsigned flags;
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
/* "; did you mean 'copy'?" for a name that module_find does not know, or "". Returns buf. */
const char *module_hint(struct slice name, char *buf, size_t size);

/*
 * Checks an argument dict: unknown names (nearest is named), missing, choices,
 * types. With `templated` strings that hold {{ are taken on trust.
 * Places of errors are the argument's own.
 */
int module_check_args(const struct module *m, const struct value *args, bool templated,
		      struct err *err);
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
	/* The bytes that the controller named by hash; asked of it when needed. */
	int (*blob)(void *self, const char *sha256, struct strbuf *out, struct err *err);
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
