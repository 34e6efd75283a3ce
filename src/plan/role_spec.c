/* meta/argument_specs.yml: what a role's arguments must be. Source: Ansible, "Role
 * argument validation". */
#include "internal.h"

/* The file, or the key of meta/main.yml. */
static const struct value *find_specs(const struct plan_role *role)
{
	const struct value *specs = role->argument_specs
					    ? value_get(role->argument_specs, "argument_specs")
					    : value_get(role->meta, "argument_specs");
	return specs && specs->type == VALUE_DICT ? specs : NULL;
}

static struct value *arguments(struct compiler *c, const struct plan_role *role,
			       const char *entry_point, const struct value *options)
{
	struct arena *a = &c->plan->arena;
	struct value *args = value_dict_new(a), *context = value_dict_new(a);
	args->at = options->at;
	value_dict_put(a, context, "type", value_cstr(a, "role"));
	value_dict_put(a, context, "name", value_cstr(a, role->name));
	value_dict_put(a, context, "argument_spec_name", value_cstr(a, entry_point));
	value_dict_put(a, context, "path", value_cstr(a, role->dir));
	value_dict_put(a, args, "argument_spec", options);
	value_dict_put(a, args, "validate_args_context", context);
	return args;
}

int role_add_check(struct compiler *c, const struct plan_role *role, const char *entry_point,
		   struct plan_node *block, struct err *err)
{
	struct arena *a = &c->plan->arena;
	const struct value *specs = find_specs(role),
			   *spec = specs ? value_get(specs, entry_point) : NULL;
	const struct value *options =
		spec && spec->type == VALUE_DICT ? value_get(spec, "options") : NULL;
	const struct value *about =
		spec && spec->type == VALUE_DICT ? value_get(spec, "short_description") : NULL;
	struct plan_node *node;
	if (!options || options->type != VALUE_DICT)
		return 0;
	struct value *task = value_dict_new(a);
	task->at = spec->at;
	value_dict_put(a, task, "name",
		       value_fmt(a, "Validating arguments against arg spec '%s'%s%s", entry_point,
				 about && about->type == VALUE_STRING ? " - " : "",
				 about && about->type == VALUE_STRING ? about->str.ptr : ""));
	value_dict_put(a, task, "tags", value_cstr(a, "always"));
	value_dict_put(a, task, "validate_argument_spec", arguments(c, role, entry_point, options));
	int r = task_compile(c, task, &block->attrs, &node, err);
	if (r == 0)
		vec_push(&block->block->body, node);
	return r;
}

static int name_without_ending(struct plan *plan, const struct value *args, const char *key,
			       const char **ret, struct err *err)
{
	const struct value *v = value_get(args, key);
	*ret = NULL;
	if (!v || v->type == VALUE_NULL)
		return 0;
	if (v->type != VALUE_STRING || v->str.len == 0)
		return err_at(err, ERR_INVALID, v->at, "'%s' is the name of a file, not a %s", key,
			      value_type_name(v));
	struct slice name = v->str;
	static const char *const endings[] = {".yml", ".yaml", ".json"};
	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (slice_ends_with(name, endings[i])) {
			name.len -= strlen(endings[i]);
			break;
		}
	if (!slice_is(name, "main"))
		*ret = arena_strndup(&plan->arena, name.ptr, name.len);
	return 0;
}

int role_read_use(struct plan *plan, const struct value *args, struct role_use *ret,
		  struct err *err)
{
	const struct value *validate = value_get(args, "rolespec_validate"),
			   *duplicates = value_get(args, "allow_duplicates");
	int r;
	if ((r = name_without_ending(plan, args, "tasks_from", &ret->tasks_from, err)) < 0 ||
	    (r = name_without_ending(plan, args, "vars_from", &ret->vars_from, err)) < 0 ||
	    (r = name_without_ending(plan, args, "defaults_from", &ret->defaults_from, err)) < 0 ||
	    (r = name_without_ending(plan, args, "handlers_from", &ret->handlers_from, err)) < 0)
		return r;
	ret->included = true;
	ret->once = duplicates && plan_is_false(duplicates);
	ret->unchecked = validate && plan_is_false(validate);
	return 0;
}
