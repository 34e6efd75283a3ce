/* dpkg_selections: https://docs.ansible.com/ansible/latest/collections/ansible/builtin/dpkg_selections_module.html */
#include "../../call.h"
#include "../../program.h"

static const char *const selections[] = {"install", "hold", "deinstall", "purge", NULL};

static const struct module_param params[] = {
	{.name = "name", .type = MODULE_STR, .required = true, .doc = "Name of the package."},
	{.name = "selection",
	 .type = MODULE_STR,
	 .required = true,
	 .choices = selections,
	 .doc = "What dpkg shall want for it."},
	{0},
};

static int current(struct module_call *call, const char *name, const char **ret, struct err *err)
{
	struct program p;
	program_init(&p, call, "dpkg");
	program_add(&p, "--get-selections");
	program_add(&p, name);
	int r = program_probe(&p, err);
	if (r < 0)
		return r;
	const char *line = program_line(&p), *blank = strrchr(line, '\t');
	*ret = blank ? blank + 1 : "not present";
	return 0;
}

static int apply(struct module_call *call, struct err *err)
{
	struct program p;
	const char *name = arg_str(call, "name"), *wanted = arg_str(call, "selection");
	const char *now = NULL;
	if (strpbrk(name, " \t\n"))
		return err_set(err, ERR_INVALID, "'%s' is not a package's name", name);
	int r = current(call, name, &now, err);
	if (r < 0)
		return r;
	result_put_str(call, "before", now);
	result_put_str(call, "after", wanted);
	if (strcmp(now, wanted) == 0)
		return 0;
	/* dpkg takes no selection of what it does not know. */
	if (strcmp(now, "not present") == 0 && host_assumes(call->host))
		return err_set(err, ERR_UNKNOWN, "would select %s for %s: %s", wanted, name,
			       host_assumes(call->host));
	result_changed(call);
	result_diff(call, "selection", slice_from(now), "selection", slice_from(wanted));
	program_init(&p, call, "dpkg");
	program_add(&p, "--set-selections");
	p.stdin_bytes = slice_from(arena_printf(call->arena, "%s %s", name, wanted));
	return program_change(&p, err);
}

static int run(struct module_call *call, struct err *err)
{
	return program_settle(call, apply(call, err), err);
}

const struct module module_dpkg_selections = {
	.name = "dpkg_selections",
	.full_name = "ansible.builtin.dpkg_selections",
	.doc = "Holds packages, and sets dpkg's other selections.",
	.params = params,
	.run = run,
};
