/*
 * apt and package. Which packages are there, and their change, is the host's
 * work; this decides what has to change.
 * https://docs.ansible.com/ansible/latest/collections/ansible/builtin/apt_module.html
 */
#include "apt.h"

#include "apt_names.h"
#include "apt_upgrade.h"

static const char *const states[] = {"present", "installed", "latest", "absent",
				     "removed", "build-dep", "fixed",  NULL};
static const char *const upgrades[] = {"no", "yes", "safe", "full", "dist", NULL};
static const char *const name_aliases[] = {"package", "pkg", NULL};
static const char *const update_aliases[] = {"update-cache", NULL};
static const char *const release_aliases[] = {"default-release", NULL};
static const char *const recommends_aliases[] = {"install-recommends", NULL};
static const char *const unauthenticated_aliases[] = {"allow-unauthenticated", NULL};
static const char *const downgrade_aliases[] = {"allow-downgrade", "allow_downgrades",
						"allow-downgrades", NULL};

static const struct module_param params[] = {
	{.name = "name",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .aliases = name_aliases,
	 .doc = "Packages, each as name, name=version or name>=version; * ? and [ ] match "
		"names and versions."},
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .doc = "What they shall be; build-dep installs what building them needs, fixed "
		"corrects broken dependencies."},
	{.name = "deb",
	 .type = MODULE_PATH,
	 .doc = "Path of a .deb file on the host to install, or its URL."},
	{.name = "update_cache",
	 .type = MODULE_BOOL,
	 .aliases = update_aliases,
	 .doc = "Fetches the lists of packages first."},
	{.name = "update_cache_retries",
	 .type = MODULE_INT,
	 .fallback = "5",
	 .doc = "How often fetching them is tried."},
	{.name = "update_cache_retry_max_delay",
	 .type = MODULE_INT,
	 .fallback = "12",
	 .doc = "The longest wait between two tries, in seconds."},
	{.name = "cache_valid_time",
	 .type = MODULE_INT,
	 .fallback = "0",
	 .doc = "Fetches them only when they are older than this, in seconds."},
	{.name = "upgrade",
	 .type = MODULE_STR,
	 .fallback = "no",
	 .choices = upgrades,
	 .doc = "Upgrades all packages: yes and safe remove none, full and dist may."},
	{.name = "purge",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Removes configuration files too."},
	{.name = "autoremove",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Removes what was installed for others and is needed no more."},
	{.name = "autoclean",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Deletes downloaded packages that cannot be downloaded any more."},
	{.name = "clean",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Deletes downloaded packages."},
	{.name = "install_recommends",
	 .type = MODULE_BOOL,
	 .aliases = recommends_aliases,
	 .doc = "Installs recommended packages as well; the host's setting without it."},
	{.name = "default_release",
	 .type = MODULE_STR,
	 .aliases = release_aliases,
	 .doc = "The release that packages come from."},
	{.name = "only_upgrade",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Leaves out packages that are not installed."},
	{.name = "allow_downgrade",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .aliases = downgrade_aliases,
	 .doc = "A version may be older than the installed one."},
	{.name = "force",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "apt-get's --force-yes: unsigned packages, downgrades, held ones."},
	{.name = "force_apt_get", .type = MODULE_BOOL, .doc = "Accepted; it is apt-get anyway."},
	{.name = "dpkg_options",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .fallback = "force-confdef,force-confold",
	 .doc = "dpkg's options, without their --."},
	{.name = "allow_unauthenticated",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .aliases = unauthenticated_aliases,
	 .doc = "Installs packages whose origin cannot be verified."},
	{.name = "allow_change_held_packages",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Changes packages that are on hold, too."},
	{.name = "fail_on_autoremove",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Fails rather than remove another package."},
	{.name = "auto_install_module_deps",
	 .type = MODULE_BOOL,
	 .doc = "Accepted; there are none."},
	{.name = "policy_rc_d",
	 .type = MODULE_INT,
	 .doc = "Exit code of policy-rc.d; 101 keeps packages from starting services."},
	{.name = "lock_timeout",
	 .type = MODULE_INT,
	 .fallback = "60",
	 .doc = "How long to wait for another apt or dpkg, in seconds."},
	{0},
};

/* A source package's build dependencies; what is broken. */
static int run_state(struct module_call *call, const char *state, struct err *err)
{
	if (strcmp(state, "build-dep") == 0)
		return apt_build_dep(call, err);
	int r = apt_fix(call, err);
	return r == 0 && arg_has(call, "name") ? apt_names_apply(call, err) : r;
}

int apt_run(struct module_call *call, struct err *err)
{
	const char *upgrade = arg_str(call, "upgrade"), *state = arg_str(call, "state");
	int r = apt_refresh(call, err);
	if (r == 0 && arg_bool(call, "clean"))
		r = apt_clean(call, err);
	if (r == 0 && upgrade && strcmp(upgrade, "no") != 0)
		return apt_upgrade(call, upgrade, err);
	if (r == 0 && arg_has(call, "deb"))
		return apt_deb_apply(call, err);
	if (r == 0 && state && (strcmp(state, "build-dep") == 0 || strcmp(state, "fixed") == 0))
		return run_state(call, state, err);
	if (r == 0 && arg_has(call, "name"))
		return apt_names_apply(call, err);
	return r < 0 ? r : apt_tidy(call, err);
}

static const char *const needs[] = {
	"name|deb|update_cache|cache_valid_time|upgrade|autoremove|autoclean|clean", NULL};
static const char *const excludes[] = {"name|deb", NULL};

const struct module module_apt = {
	.name = "apt",
	.full_name = "ansible.builtin.apt",
	.doc = "Installs, upgrades and removes Debian packages.",
	.params = params,
	.required_one_of = needs,
	.mutually_exclusive = excludes,
	.run = apt_run,
};
