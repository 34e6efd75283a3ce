/* A module that a template names: action: "{{ ansible_pkg_mgr }} name=x". Which
 * one it is each host knows when it comes to the task. */
#include "../internal.h"

static const struct module_param no_params[] = {{0}};

static const struct module chosen_module = {
	.name = "action",
	.full_name = "rollout.action",
	.doc = "What stands for a module that a template names.",
	.flags = MODULE_ANY_ARGS,
	.params = no_params,
};

const struct module *chosen_stands_for(struct plan_node *node, const struct value *name)
{
	node->module_name = name;
	return &chosen_module;
}

/* What the whole step has to know of before it begins. */
static bool must_be_written(const struct plan_node *node)
{
	enum module_kind kind = node->module->kind;
	return node->module->flags & (MODULE_MAKES_HOSTS | MODULE_FOR_ALL) ||
	       kind == MODULE_KIND_META || module_kind_includes(kind) || module_kind_imports(kind);
}

static int compile(struct compiler *c, struct plan_node *node, struct slice name, struct err *err)
{
	struct value *key = value_str(&c->plan->arena, name);
	const struct value *args = node->args;
	key->at = node->module_name->at;
	const struct value *written = node->module_name;
	char hint[160];
	bool known = module_find(name) || foreign_find(c, name);
	node->module = NULL;
	node->module_name = NULL;
	int r = library_find(c, key, &node->library, err);
	if (r == 0 && !known && !node->library)
		return err_at(err, ERR_UNSUPPORTED, key->at, "'%.*s' is '%.*s': no such module%s",
			      SLICE_ARG(written->str), SLICE_ARG(name),
			      module_hint(name, hint, sizeof(hint)));
	if (r < 0 || (r = task_set_module(c, node, key, args, err)) < 0)
		return r;
	if (must_be_written(node))
		return err_at(err, ERR_UNSUPPORTED, key->at,
			      "the name of the module %s cannot come from a template",
			      node->module->name);
	/* module_defaults do not count for it, as with Ansible */
	if ((r = check_async(node, err)) < 0)
		return r;
	r = node->variable_args ? module_check_given(node->module, node->args, err)
				: module_check_args(node->module, node->args, true, err);
	return err_locate(err, r, node->at);
}

int plan_choose_module(struct plan *plan, const struct plan_node *node, struct slice name,
		       const struct plan_node **ret, struct err *err)
{
	struct strbuf key CLEANUP(strbuf_release) = {0};
	name = slice_trim(name);
	strbuf_printf(&key, "%u/module/%.*s", node->id, SLICE_ARG(name));
	const struct plan_node *known = strmap_get(&plan->includes, strbuf_slice(&key));
	if (known) {
		*ret = known;
		return 0;
	}
	struct compiler c = compiler_at(plan, node);
	struct plan_node *chosen = ARENA_NEW(&plan->arena, struct plan_node);
	*chosen = *node; /* it borrows the vectors: it is none of plan->nodes */
	int r = compile(&c, chosen, arena_slice(&plan->arena, name), err);
	if (r < 0)
		return r;
	strmap_set(&plan->includes, strbuf_slice(&key), chosen);
	*ret = chosen;
	return 0;
}
