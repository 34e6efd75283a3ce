/* Where a task may have templates, beside its loop, arguments, conditions and
 * environment. */
#include "../internal.h"

size_t node_templates(const struct plan_node *node, const struct value *ret[NODE_TEMPLATES])
{
	const struct plan_attrs *attrs = &node->attrs;
	const struct value *const all[] = {
		node->name,	      node->module_name,
		node->vars,	      node->variable_args,
		node->default_args,   node->loop.label,
		node->loop.pause,     node->retries,
		node->delay,	      node->async_s,
		node->poll,	      attrs->any_errors_fatal,
		attrs->become,	      attrs->become_exe,
		attrs->become_flags,  attrs->become_method,
		attrs->become_user,   attrs->check_mode,
		attrs->connection,    attrs->delegate_facts,
		attrs->delegate_to,   attrs->diff,
		attrs->ignore_errors, attrs->ignore_unreachable,
		attrs->no_log,	      attrs->port,
		attrs->remote_user,   attrs->run_once,
		attrs->throttle,      attrs->timeout,
	};
	size_t n = 0;
	_Static_assert(ARRAY_LEN(all) <= NODE_TEMPLATES, "room for all");
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (all[i])
			ret[n++] = all[i];
	return n;
}
