#pragma once
/* The variables of one evaluation, by their levels, and keyword values. */
#include "../state.h"

struct scope {
	struct vars vars;
	struct vars_magic magic;
	struct run_host *host;
	const struct strand *strand;  /* may be NULL */
	const struct plan_node *node; /* may be NULL */
	VEC(struct scope *) others;   /* of hosts that were asked for through hostvars */
	const struct value *as_value; /* of such a host: its entry in hostvars */
};
void scope_init(struct scope *sc, struct arena *a, struct run_host *host, const struct strand *s,
		const struct plan_node *node, const struct value *loop_vars);
void scope_release(struct scope *sc);
/* The levels that a host has in any step. */
void scope_base_levels(struct vars *v, struct run_host *h);
/* Keyword values: NULL gives the fallback. */
int scope_bool(struct scope *sc, const struct value *v, bool fallback, bool *ret, struct err *err);
int scope_int(struct scope *sc, const struct value *v, int64_t fallback, int64_t *ret,
	      struct err *err);
/* Of seconds, with a fraction or without; NULL: 0. */
int scope_milliseconds(struct scope *sc, const struct value *v, int64_t *ret, struct err *err);
int scope_string(struct scope *sc, const struct value *v, const char **ret, struct err *err);
/* All must hold. *ret_false: the first that does not. */
int scope_conditions(struct scope *sc, const struct value *const *conds, size_t n, bool *ret,
		     const struct value **ret_false, struct err *err);

/* ---- magic.c: variables that nobody wrote; self is a struct scope ---- */
int magic_get(void *self, struct arena *a, struct slice name, const struct value **ret,
	      struct err *err);
void magic_names(void *self, void (*fn)(void *ctx, struct slice name), void *ctx);

/* ---- vars_files.c ---- */
/* Names of files that only the host's variables tell. ERR_PENDING: not yet. */
int strand_read_vars_files(struct strand *s, struct err *err);
