/* package: whatever manages packages on the host. That is apt so far. */
#include "apt.h"

#include "../call.h"

static const char *const states[] = {"present", "installed", "latest", "absent", "removed", NULL};

static const struct module_param params[] = {
	{.name = "name",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .required = true,
	 .doc = "Packages, each as name or name=version."},
	{.name = "state",
	 .type = MODULE_STR,
	 .required = true,
	 .choices = states,
	 .doc = "What they shall be."},
	{.name = "use", .type = MODULE_STR, .fallback = "auto", .doc = "auto or apt."},
	{0},
};

static int run(struct module_call *call, struct err *err)
{
	const char *use = arg_str(call, "use");
	if (use && strcmp(use, "auto") != 0 && strcmp(use, "apt") != 0 &&
	    strcmp(use, "ansible.builtin.apt") != 0)
		return err_set(err, ERR_UNSUPPORTED, "packages are managed by apt, not by '%s'",
			       use);
	return apt_run(call, err);
}

const struct module module_package = {
	.name = "package",
	.full_name = "ansible.builtin.package",
	.doc = "Installs, upgrades and removes packages.",
	.params = params,
	.run = run,
};
