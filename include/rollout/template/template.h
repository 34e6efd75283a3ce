#pragma once
/*
 * Jinja2 as Ansible configures it: lexer, parser, evaluator, filters, tests,
 * lookups. Pure: text and a scope in, text or values out; only lookups and
 * {% include %} read files, below the search paths given.
 *
 * Order of use: template_env_new once a run; template_check on all that users
 * wrote, before any host is contacted; template_render / _eval / _text with a
 * scope for each host and task.
 *
 * Source: Jinja's "Template Designer Documentation"; Ansible's "Templating".
 * Differences from Ansible are in docs/differences.md.
 */
#include "rollout/value/value.h"

struct template_env;

/* Where names come from: a host's variables, a test's table. */
struct template_scope_ops {
	/* *ret is NULL when the name is not defined. The value is final (already
	 * rendered, deep). A failure is e.g. an undefined name inside it. */
	int (*get)(void *self, struct slice name, const struct value **ret, struct err *err);
	/* Offers each defined name, for "did you mean". */
	void (*each_name)(void *self, void (*fn)(void *ctx, struct slice name), void *ctx);
};
struct template_scope {
	const struct template_scope_ops *ops;
	void *self;
	/* Folders that a relative file of a lookup or an include is looked for
	 * in, in order; NULL-terminated; may be NULL. lookup('file') tries
	 * "<dir>/files/x" and "<dir>/x", include "<dir>/templates/x" and "<dir>/x". */
	const char *const *search_dirs;
};

/* Compiled templates are cached in the env, keyed by text. */
struct template_env *template_env_new(void);
void template_env_free(struct template_env *env);
/* Bounds of one rendering: nodes evaluated (50 million), bytes of memory (1 GiB).
 * What goes beyond is ERR_LIMIT. */
void template_env_limit(struct template_env *env, uint64_t steps, size_t bytes);

/* What lookup('config', NAME) finds: a dict by Ansible's names of settings. Borrowed. */
void template_env_settings(struct template_env *env, const struct value *settings);

/* Does the string hold {{, {% or {#? */
bool template_has_markup(struct slice text);

/*
 * Static check of every string in the tree `v` (dict keys too): syntax, names
 * of filters, tests and lookups, their argument counts. Unsafe values are
 * passed over. The error's place is exact: the value's place plus the offset
 * within its text.
 */
int template_check(struct template_env *env, const struct value *v, struct err *err);
int template_check_expression(struct template_env *env, struct slice expr, struct srcloc at,
			      struct err *err);
/* A template file's whole text (with its #jinja2: line). */
int template_check_text(struct template_env *env, struct slice text, const char *file,
			struct err *err);

/*
 * Renders every string in the tree, deep. A string that is exactly one
 * {{ expression }} keeps the expression's type; anything around it makes a
 * string, which becomes a list, dict or bool where it reads as one. Values with VALUE_UNSAFE pass unchanged. `omit` stays in the tree as
 * template_omit(); callers drop it (template_is_omit).
 * The result lives in `a`. ERR_UNDEFINED names the variable, its place and the
 * nearest defined name; ERR_PENDING / ERR_UNKNOWN when a VALUE_UNKNOWN was touched.
 */
int template_render(struct template_env *env, const struct template_scope *scope, struct arena *a,
		    const struct value *v, const struct value **ret, struct err *err);
/* A bare expression: when, until, changed_when, debug's var. */
int template_eval(struct template_env *env, const struct template_scope *scope, struct arena *a,
		  struct slice expr, struct srcloc at, const struct value **ret, struct err *err);
/* As eval, then Ansible's truth of conditionals: a str result "False"/"no"… is
 * evaluated as Ansible does. `cond` may be a bool or a string value. */
int template_condition(struct template_env *env, const struct template_scope *scope,
		       const struct value *cond, bool *ret, struct err *err);

struct template_text_options {
	bool trim_blocks; /* Ansible's template module: true */
	bool lstrip_blocks;
	bool keep_trailing_newline;   /* Ansible: true */
	const char *newline_sequence; /* "\n" when NULL */
	bool *ret_secret;	      /* set where a secret went into the text; may be NULL */
	/* Jinja's own when NULL: {{ }} {% %} {# #} */
	const char *variable_start, *variable_end, *block_start, *block_end, *comment_start,
		*comment_end;
};
/* A template file's text, `#jinja2: key: value` first line honoured. */
int template_text(struct template_env *env, const struct template_scope *scope, struct slice text,
		  const char *file, const struct template_text_options *opts, struct strbuf *ret,
		  struct err *err);

/* One mention of a free variable. */
struct unit;
struct template_use {
	struct slice name;
	bool guarded;	  /* it need not be defined: x is defined, x | default(…), 'x' in vars */
	bool conditional; /* maybe not evaluated: after and, or, if; in the body of for, of a macro */
	const struct unit *unit;
	uint32_t offset;
};
typedef void template_use_fn(void *ctx, const struct template_use *use);
struct srcloc template_use_place(const struct template_use *use);
/* Every mention of a free variable in the strings of `v` (not those bound by
 * for/set/macro inside). `is_expr`: `v` is a bare expression (or list of them).
 * Text that does not parse gives no names. */
void template_each_name(struct template_env *env, const struct value *v, bool is_expr,
			template_use_fn *fn, void *ctx);
/* The same of a template file. */
void template_each_name_of_text(struct template_env *env, struct slice text, const char *file,
				template_use_fn *fn, void *ctx);

/* Ansible's `omit` placeholder: a unique object. */
const struct value *template_omit(void);
bool template_is_omit(const struct value *v);
