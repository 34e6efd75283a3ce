/* `include`, which was import_tasks and include_tasks before these were: static where
 * its name is written out and nothing loops, with words after the name as variables.
 * Source: ansible-core 2.14, playbook/helpers.py and task_include.py. */
#include "../internal.h"

#include <ctype.h>

bool old_include_is(struct slice name)
{
	return slice_is(name, "include") || slice_is(name, "ansible.builtin.include") ||
	       slice_is(name, "ansible.legacy.include");
}

/* How much of the text is the file's name: blanks inside {{ }} are part of it. */
static size_t name_len(struct slice text)
{
	size_t i = 0;
	for (unsigned depth = 0; i < text.len && (depth || !isspace((unsigned char)text.ptr[i]));
	     i++) {
		bool twice = i + 1 < text.len && text.ptr[i] == text.ptr[i + 1];
		depth += twice && text.ptr[i] == '{';
		depth -= depth && twice && text.ptr[i] == '}';
	}
	return i;
}

static int split_text(struct compiler *c, const struct value *text, struct value *ret,
		      struct err *err)
{
	static const struct module pairs = {.name = "include", .flags = MODULE_ANY_ARGS};
	struct arena *a = &c->plan->arena;
	struct slice all = slice_trim(text->str);
	size_t n = name_len(all);
	const struct value *vars;
	struct value *name = value_str(a, (struct slice){all.ptr, n});
	name->at = text->at;
	value_dict_put(a, ret, "_raw_params", name);
	struct slice rest = slice_trim((struct slice){all.ptr + n, all.len - n});
	if (rest.len == 0)
		return 0;
	int r = module_parse_free_form(&pairs, a, rest, text->at, &vars, err);
	for (size_t i = 0; r == 0 && i < vars->dict.len; i++)
		value_dict_set(a, ret, vars->dict.at[i].key, vars->dict.at[i].value);
	return r;
}

int old_include_args(struct compiler *c, const struct value *v, const struct value **ret,
		     struct err *err)
{
	struct value *args = value_dict_new(&c->plan->arena);
	args->at = v->at;
	*ret = v;
	if (v->type != VALUE_STRING)
		return 0;
	*ret = args;
	return split_text(c, v, args, err);
}

static bool is_own(const struct value *key)
{
	return value_is_str(key, "_raw_params") || value_is_str(key, "file") ||
	       value_is_str(key, "static");
}

void old_include_settle(struct compiler *c, struct plan_node *node)
{
	struct arena *a = &c->plan->arena;
	const struct value *name = task_include_name(node);
	struct value *args = value_dict_new(a),
		     *vars = node->vars ? value_dict_dup(a, node->vars) : value_dict_new(a);
	bool fixed = name && !template_has_markup(name->str) && !node->loop.items;
	args->at = node->args->at;
	for (size_t i = 0; i < node->args->dict.len; i++)
		if (!is_own(node->args->dict.at[i].key))
			value_dict_set(a, vars, node->args->dict.at[i].key,
				       node->args->dict.at[i].value);
	if (name)
		value_dict_put(a, args, "_raw_params", name);
	node->args = args;
	node->vars = vars->dict.len ? vars : NULL;
	node->module = module_find(fixed ? SLICE_LIT("import_tasks") : SLICE_LIT("include_tasks"));
}
