/*
 * cronvar (community.general): a variable of a crontab.
 * https://docs.ansible.com/ansible/latest/collections/community/general/cronvar_module.html
 */
#include "crontab.h"

static const struct module_param params[] = {
	{.name = "name", .type = MODULE_STR, .required = true, .doc = "The variable."},
	{.name = "value", .type = MODULE_STR, .doc = "Its value; needed for state present."},
	{.name = "user", .type = MODULE_STR, .doc = "Whose crontab."},
	CRONTAB_PARAMS,
	{.name = "insertafter", .type = MODULE_STR, .doc = "A new one goes after that variable."},
	{.name = "insertbefore", .type = MODULE_STR, .doc = "A new one goes before that variable."},
	{0},
};
static const char *const exclusive[] = {"insertafter|insertbefore", NULL};

/* What stands behind the equals sign, without quotes around it. */
static struct slice value_of(struct slice line)
{
	const char *equals = memchr(line.ptr, '=', line.len);
	struct slice v =
		slice_trim((struct slice){equals + 1, line.len - (size_t)(equals - line.ptr) - 1});
	bool quoted =
		v.len > 1 && (v.ptr[0] == '"' || v.ptr[0] == '\'') && v.ptr[v.len - 1] == v.ptr[0];
	return quoted ? (struct slice){v.ptr + 1, v.len - 2} : v;
}

static int run(struct module_call *call, struct err *err)
{
	CLEANUP(crontab_release) struct crontab c = {0};
	bool present = strcmp(arg_str(call, "state"), "present") == 0;
	const char *name = arg_str(call, "name"), *value = arg_str(call, "value");
	if (present && !value)
		return err_set(err, ERR_INVALID,
			       "You must specify 'value' to insert a new cron "
			       "variable");
	if (strpbrk(name, " =\n"))
		return err_set(err, ERR_INVALID, "Invalid name for environment variable");
	int r = crontab_open(call, &c, err);
	if (r < 0)
		return r;
	size_t at = crontab_find_env(&c, name);
	bool same = present && at != SIZE_MAX && slice_is(value_of(c.lines.at[at]), value);
	if (!same)
		r = crontab_set_env(&c, name, present ? value : NULL, err);
	if (r == 0)
		r = crontab_save(&c, false, err);
	if (r < 0)
		return r;
	crontab_put_names(&c);
	value_dict_remove(call->result, SLICE_LIT("jobs"));
	result_put(call, "vars", value_get(call->result, "envs"));
	value_dict_remove(call->result, SLICE_LIT("envs"));
	if (c.path)
		result_put_str(call, "cron_file", arg_str(call, "cron_file"));
	return 0;
}

const struct module module_cronvar = {
	.name = "cronvar",
	.full_name = "community.general.cronvar",
	.doc = "Manages variables of crontabs.",
	.params = params,
	.mutually_exclusive = exclusive,
	.run = run,
};
