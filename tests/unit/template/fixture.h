#pragma once
/* A table of variables as a scope, and templates run against it. */
#include "rollout/template/template.h"

struct fixture {
	struct template_env *env;
	struct arena arena;
	const struct value *vars;
	struct template_scope scope;
	unsigned depth; /* of variables within variables */
};

/* vars: JSON or YAML text; NULL: fixture_vars. */
extern const char fixture_vars[];
void fixture_init(struct fixture *f, const char *vars);
void fixture_release(struct fixture *f);

enum fixture_mode { EVAL, RENDER, TEXT, CONDITION };
/* repr() of the result, or "ERROR file:line:column: message". Lives in the arena. */
const char *fixture_run(struct fixture *f, enum fixture_mode mode, const char *text);

struct fixture_case {
	const char *text, *expected; /* expected "ERROR x": an error whose message holds x */
};
void fixture_check(enum fixture_mode mode, const struct fixture_case *cases, size_t n);
