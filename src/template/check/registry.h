#pragma once
/* Filters, tests, lookups and methods by name. The tables lie with the
 * functions (filter/, test/, lookup/, eval/); a call is bound to their
 * parameters by eval/call.c and checked beforehand by check.c. */
#include "rollout/base/err.h"
#include "rollout/base/str.h"

struct value;
struct call;

#define CALL_MAX_PARAMS 8

enum function_flags {
	FN_UNDEFINED = 1, /* takes an undefined input (default, defined, mandatory) */
	FN_VARARGS = 2,	  /* further positional arguments, in call.args */
	FN_KWARGS = 4,	  /* further keyword arguments, in call.args */
	FN_DEFAULT = 32,  /* gives back an input that is defined */
	FN_TEXT = 16,	  /* the result stays text, also where it looks like a list */
	FN_LAZY = 8, /* input and arguments may hold unknown values that are only passed along */
};

struct function {
	const char *name;
	const char *params; /* "a,b,c": the names of the arguments, in order */
	uint8_t required;   /* so many of them must be given */
	uint8_t flags;	    /* enum function_flags */
	int (*fn)(struct call *c, const struct value **ret, struct err *err);
};

const struct function *registry_filter(struct slice name);
const struct function *registry_test(struct slice name);
const struct function *registry_lookup(struct slice name);
/* "; did you mean 'x'?" or "" into buf. kind: 'f'ilter, 't'est, 'l'ookup. */
const char *registry_hint(char kind, struct slice name, char *buf, size_t size);
/* Does a collection of Ansible's world have it, which rollout has not? (foreign.c) */
bool registry_is_foreign(char kind, struct slice name);

/* ERR_NOT_FOUND: there is no such setting, and which is the nearest (lookup/config.c). */
struct template_env;
int config_missing(const struct template_env *env, struct slice name, struct err *err);

/* The index of a parameter, -1 when there is none of that name. */
int function_param(const struct function *f, struct slice name);
unsigned function_max_args(const struct function *f);
/* How many of so many positional arguments have a parameter. */
size_t function_takes(const struct function *f, size_t given);
