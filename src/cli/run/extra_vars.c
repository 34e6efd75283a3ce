#include "extra_vars.h"

#include "rollout/module/module.h"
#include "rollout/value/yaml.h"

/* Where such a value says that it was written. */
#define PLACE "--extra-vars"

/* The k=v form is the one of Ansible's free-form arguments. */
static const struct module any_keys = {
	.name = "--extra-vars",
	.full_name = "--extra-vars",
	.flags = MODULE_ANY_ARGS,
	.params = (const struct module_param[]){{.name = NULL}},
};

static int load_one(struct arena *a, const char *text, const struct value **ret, struct err *err)
{
	const char *file = srcfile_intern(PLACE);
	struct slice s = slice_trim(slice_from(text));
	int r;
	if (slice_starts_with(s, "@"))
		r = yaml_load(a, arena_strndup(a, s.ptr + 1, s.len - 1), ret, err);
	else if (slice_starts_with(s, "{") || slice_starts_with(s, "["))
		r = yaml_parse(a, file, s, ret, err);
	else
		r = module_parse_free_form(&any_keys, a, s, (struct srcloc){.file = file}, ret,
					   err);
	if (r == ERR_INVALID)
		return err_set(err, ERR_USAGE,
			       "--extra-vars takes k=v, a YAML or JSON mapping, or @file, not '%s'",
			       text);
	if (r < 0)
		return r;
	if ((*ret)->type != VALUE_DICT && (*ret)->type != VALUE_NULL)
		return err_at(err, ERR_INVALID, (*ret)->at, "variables are a mapping; this is a %s",
			      value_type_name(*ret));
	return 0;
}

int extra_vars_load(struct arena *a, const char *const *texts, size_t count,
		    const struct value **ret, struct err *err)
{
	struct value *all = count > 0 ? value_dict_new(a) : NULL;
	for (size_t i = 0; i < count; i++) {
		const struct value *one;
		int r = load_one(a, texts[i], &one, err);
		if (r < 0)
			return r;
		for (size_t k = 0; one->type == VALUE_DICT && k < one->dict.len; k++)
			value_dict_set(a, all, one->dict.at[k].key, one->dict.at[k].value);
	}
	*ret = all;
	return 0;
}
