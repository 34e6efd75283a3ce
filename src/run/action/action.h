#pragma once
/* A module that the controller carries out itself, at work. */
#include "../variables/scope.h"

struct action_call {
	struct flight *f;
	struct scope *scope;
	struct flight_item *it;
	struct arena *a;
	struct value *result;
};
typedef int action_fn(struct action_call *c, struct err *err);

static inline const struct value *action_arg(const struct action_call *c, const char *key)
{
	return value_get(c->it->args, key);
}

static inline void action_put(struct action_call *c, const char *key, const struct value *v)
{
	value_dict_put(c->a, c->result, key, v);
}

/* include_vars.c, hosts_action.c, argument_spec.c, pause.c */
action_fn action_include_vars, action_add_host, action_group_by, action_set_stats,
	action_validate_argument_spec, action_pause;

bool action_exists(const struct module *m);
/* Fills it->result; 1: goes on later (pause). */
int action_run(struct flight *f, struct scope *sc, struct flight_item *it, struct err *err);
/* meta, include_*: they steer the strand. */
bool action_steers(const struct module *m);
int action_steer(struct flight *f, struct err *err);
