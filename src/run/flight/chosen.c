/* A task whose module a template names: `action: "{{ ansible_pkg_mgr }} name=x"`. */
#include "../run.h"
#include "../strand/step.h"
#include "../variables/scope.h"
#include "flight.h"

int flight_choose_module(struct strand *s, const struct plan_node *node,
			 const struct plan_node **ret, struct err *err)
{
	struct arena a = {0};
	struct scope sc;
	const char *name = NULL;
	scope_init(&sc, &a, s->host, s, node, NULL);
	int r = scope_string(&sc, node->module_name, &name, err);
	if (r == 0)
		r = plan_choose_module(s->step->run->plan, node, slice_from(name ? name : ""), ret,
				       err);
	scope_release(&sc);
	arena_release(&a);
	return r;
}
