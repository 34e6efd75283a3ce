/* package: whatever manages packages on the host. */
#include "apt/apt.h"

#include "../path/whole_file.h"
#include "managers.h"

static const char *const states[] = {"present", "installed", "latest", "absent",
				     "removed", "build-dep", "fixed",  NULL};
static const char *const name_aliases[] = {"pkg", "package", NULL};

/* The manager's module converts and refuses these: Ansible hands all of them on. */
#define HANDED_ON(name_)                                                                           \
	{                                                                                          \
		.name = name_, .type = MODULE_RAW, .doc = "As the manager's own module has it."    \
	}

static const struct module_param params[] = {
	{.name = "name",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .aliases = name_aliases,
	 .doc = "Packages, as the host's package manager takes them."},
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .doc = "What they shall be."},
	{.name = "use",
	 .type = MODULE_STR,
	 .fallback = "auto",
	 .doc = "apt, dnf, yum or apk; auto takes what the host has."},
	HANDED_ON("allow_change_held_packages"),
	HANDED_ON("allow_downgrade"),
	HANDED_ON("allow_unauthenticated"),
	HANDED_ON("allowerasing"),
	HANDED_ON("autoremove"),
	HANDED_ON("cache_valid_time"),
	HANDED_ON("default_release"),
	HANDED_ON("disable_gpg_check"),
	HANDED_ON("disablerepo"),
	HANDED_ON("dpkg_options"),
	HANDED_ON("enablerepo"),
	HANDED_ON("exclude"),
	HANDED_ON("fail_on_autoremove"),
	HANDED_ON("force"),
	HANDED_ON("force_apt_get"),
	HANDED_ON("install_recommends"),
	HANDED_ON("install_weak_deps"),
	HANDED_ON("lock_timeout"),
	HANDED_ON("no_cache"),
	HANDED_ON("nobest"),
	HANDED_ON("only_upgrade"),
	HANDED_ON("policy_rc_d"),
	HANDED_ON("purge"),
	HANDED_ON("repository"),
	HANDED_ON("skip_broken"),
	HANDED_ON("update_cache"),
	HANDED_ON("update_only"),
	HANDED_ON("upgrade"),
	HANDED_ON("validate_certs"),
	{0},
};

static const char *const needs[] = {"name|update_cache|cache_valid_time|upgrade|autoremove", NULL};

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

/* The arguments as the manager's module has them. */
static int hand_on(struct module_call *call, const char *manager, struct err *err)
{
	const struct module *m = module_find(slice_from(manager));
	struct value *args = value_dict_dup(call->arena, call->args);
	value_dict_remove(args, SLICE_LIT("use"));
	int r = module_check_args(m, args, false, err);
	return r < 0 ? r : module_coerce_args(m, call->arena, args, &call->args, err);
}

static int run_manager(struct module_call *call, const char *manager, struct err *err)
{
	int r = hand_on(call, manager, err);
	if (r < 0)
		return r;
	if (strcmp(manager, "apt") == 0)
		return apt_run(call, err);
	return strcmp(manager, "apk") == 0 ? apk_run(call, err) : dnf_run(call, manager, err);
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
	for (size_t i = 0; i < ARRAY_LEN(managers); i++)
		if (strcmp(use, managers[i].name) == 0)
			return run_manager(call, use, err);
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
	.required_one_of = needs,
	.run = run,
};
