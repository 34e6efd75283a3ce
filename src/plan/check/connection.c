/* Variables that say how a host is reached: no task names them, and they are
 * needed by the first. */
#include "../internal.h"
#include "rollout/base/nearest.h"
#include "rollout/value/encrypted.h"

#include <stdlib.h>

static int check_port(const struct value *v, struct err *err)
{
	char *end = NULL;
	long long n = v->type == VALUE_INT ? v->integer : 0;
	if (v->type == VALUE_NULL || (v->flags & VALUE_ENCRYPTED) || plan_has_markup(v))
		return 0;
	if (v->type == VALUE_STRING && v->str.len)
		n = strtoll(v->str.ptr, &end, 10);
	if ((v->type == VALUE_INT || (end && *end == '\0')) && n > 0 && n < 65536)
		return 0;
	return err_at(err, ERR_INVALID, v->at, "'%.*s' is not a port (1 to 65535)",
		      v->type == VALUE_STRING ? (int)v->str.len : 0,
		      v->type == VALUE_STRING ? v->str.ptr : "");
}

static int check_kind(const struct value *v, struct err *err)
{
	static const char *const kinds[] = {"ssh", "local", "smart", "paramiko"};
	struct nearest near;
	char hint[100];
	if (v->type != VALUE_STRING || (v->flags & VALUE_ENCRYPTED) || template_has_markup(v->str))
		return 0;
	struct slice name = v->str;
	if (slice_starts_with(name, "ansible.builtin."))
		name = (struct slice){name.ptr + 16, name.len - 16};
	nearest_init(&near, name);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (slice_is(name, kinds[i]))
			return 0;
		nearest_offer(&near, slice_from(kinds[i]));
	}
	return err_at(err, ERR_UNSUPPORTED, v->at,
		      "ansible_connection: '%.*s' is not a connection that rollout has (ssh, "
		      "local)%s",
		      SLICE_ARG(v->str), nearest_hint(&near, hint, sizeof(hint)));
}

/* Only its hosts cannot be reached, so the rest may go on. */
static void warn_of(struct plan *plan, struct slice name, const struct value *v)
{
	struct err why = {0};
	int r = 0;
	if (slice_is(name, "ansible_port") || slice_is(name, "ansible_ssh_port"))
		r = check_port(v, &why);
	else if (slice_is(name, "ansible_connection"))
		r = check_kind(v, &why);
	if (r < 0)
		plan_warn(plan, why.at, "%s", why.msg);
}

static int check_vars(struct plan *plan, const struct value *vars, struct err *err)
{
	int r = 0;
	for (size_t i = 0; vars && vars->type == VALUE_DICT && i < vars->dict.len && r == 0; i++) {
		const struct value *key = vars->dict.at[i].key, *v = vars->dict.at[i].value;
		if (key->type != VALUE_STRING || !slice_starts_with(key->str, "ansible_"))
			continue;
		warn_of(plan, key->str, v);
		r = encrypted_check(v, err);
	}
	return r;
}

/* Of each step: does some task run? */
static bool *steps_with_work(const struct plan *plan)
{
	bool *has = xcalloc(plan->steps.len + 1, sizeof(*has));
	for (size_t i = 0; i < plan->nodes.len; i++) {
		const struct plan_node *n = plan->nodes.at[i];
		if (n->step && n->kind == PLAN_TASK && n->selected && !n->is_handler)
			has[n->step->index] = true;
	}
	return has;
}

int connection_check(struct plan *plan, struct err *err)
{
	CLEANUP(free_ptr) bool *has_work = steps_with_work(plan);
	struct strmap seen = {0};
	int r = check_vars(plan, plan->extra_vars, err);
	for (size_t i = 0; i < plan->steps.len && r == 0; i++) {
		const struct plan_step *step = plan->steps.at[i];
		if (!has_work[i])
			continue;
		r = check_vars(plan, step->play_vars, err);
		for (size_t k = 0; k < step->hosts.len && r == 0; k++) {
			struct slice name = slice_from(step->hosts.at[k]->name);
			if (strmap_has(&seen, name))
				continue;
			strmap_set(&seen, name, &seen);
			r = check_vars(plan, step->hosts.at[k]->vars, err);
		}
	}
	strmap_release(&seen);
	return r;
}
