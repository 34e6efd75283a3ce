/* Encrypted variables that say how a host is reached: no task names them, and
 * they are needed by the first. */
#include "internal.h"
#include "rollout/value/encrypted.h"

static int check_vars(const struct value *vars, struct err *err)
{
	int r = 0;
	for (size_t i = 0; vars && vars->type == VALUE_DICT && i < vars->dict.len && r == 0; i++)
		if (vars->dict.at[i].key->type == VALUE_STRING &&
		    slice_starts_with(vars->dict.at[i].key->str, "ansible_"))
			r = encrypted_check(vars->dict.at[i].value, err);
	return r;
}

static bool has_work(const struct plan *plan, const struct plan_step *step)
{
	for (size_t i = 0; i < plan->nodes.len; i++) {
		const struct plan_node *n = plan->nodes.at[i];
		if (n->step == step && n->kind == PLAN_TASK && n->selected && !n->is_handler)
			return true;
	}
	return false;
}

int connection_check(const struct plan *plan, struct err *err)
{
	int r = encrypted_is_eager() ? check_vars(plan->extra_vars, err) : 0;
	for (size_t i = 0; i < plan->steps.len && r == 0 && encrypted_is_eager(); i++) {
		const struct plan_step *step = plan->steps.at[i];
		if (!has_work(plan, step))
			continue;
		r = check_vars(step->play_vars, err);
		for (size_t k = 0; k < step->hosts.len && r == 0; k++)
			r = check_vars(step->hosts.at[k]->vars, err);
	}
	return r;
}
