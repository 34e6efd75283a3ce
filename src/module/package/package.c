/* package: whatever manages packages on the host. */
#include "apt.h"

#include "../whole_file.h"
#include "managers.h"

static const char *const states[] = {"present", "installed", "latest", "absent", "removed", NULL};

static const struct module_param params[] = {
	{.name = "name",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .required = true,
	 .doc = "Packages, as the host's package manager takes them."},
	{.name = "state",
	 .type = MODULE_STR,
	 .required = true,
	 .choices = states,
	 .doc = "What they shall be."},
	{.name = "use",
	 .type = MODULE_STR,
	 .fallback = "auto",
	 .doc = "apt, dnf, yum or apk; auto takes what the host has."},
	{0},
};

static const struct {
	const char *name, *program;
} managers[] = {
	{"apt", "/usr/bin/apt-get"},
	{"dnf", "/usr/bin/dnf"},
	{"yum", "/usr/bin/yum"},
	{"apk", "/sbin/apk"},
};

/* apt where there is none of them: its errors say what is missing. */
static int find_manager(struct module_call *call, const char **ret, struct err *err)
{
	*ret = "apt";
	for (size_t i = 0; i < ARRAY_LEN(managers); i++) {
		bool there = false;
		int r = whole_file_exists(call, managers[i].program, &there, err);
		if (r < 0)
			return r;
		if (there) {
			*ret = managers[i].name;
			return 0;
		}
	}
	return 0;
}

static int run(struct module_call *call, struct err *err)
{
	const char *use = arg_str(call, "use");
	const char *dot = strrchr(use, '.');
	if (dot)
		use = dot + 1;
	if (strcmp(use, "auto") == 0) {
		int r = find_manager(call, &use, err);
		if (r < 0)
			return r;
	}
	if (strcmp(use, "apt") == 0)
		return apt_run(call, err);
	if (strcmp(use, "dnf") == 0 || strcmp(use, "yum") == 0)
		return dnf_run(call, use, err);
	if (strcmp(use, "apk") == 0)
		return apk_run(call, err);
	return err_set(err, ERR_UNSUPPORTED,
		       "packages are managed by apt, dnf, yum or apk, not by "
		       "'%s'",
		       use);
}

const struct module module_package = {
	.name = "package",
	.full_name = "ansible.builtin.package",
	.doc = "Installs, upgrades and removes packages.",
	.params = params,
	.run = run,
};
