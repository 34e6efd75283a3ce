/*
 * apt and package. Which packages are there, and their change, is the host's
 * work; this decides what has to change.
 * https://docs.ansible.com/ansible/latest/collections/ansible/builtin/apt_module.html
 */
#include "apt.h"

#include "../call.h"
#include "apt_upgrade.h"
#include "rollout/base/vec.h"

#include <fnmatch.h>

static const char *const states[] = {"present", "installed", "latest", "absent", "removed", NULL};
static const char *const upgrades[] = {"no", "yes", "safe", "full", "dist", NULL};
static const char *const name_aliases[] = {"package", "pkg", NULL};
static const char *const update_aliases[] = {"update-cache", NULL};
static const char *const release_aliases[] = {"default-release", NULL};
static const char *const recommends_aliases[] = {"install-recommends", NULL};
static const char *const downgrade_aliases[] = {"allow-downgrade", "allow_downgrades",
						"allow-downgrades", NULL};

static const struct module_param params[] = {
	{.name = "name",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .aliases = name_aliases,
	 .doc = "Packages, each as name or name=version."},
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .doc = "What they shall be."},
	{.name = "deb", .type = MODULE_PATH, .doc = "Path of a .deb file on the host to install."},
	{.name = "update_cache",
	 .type = MODULE_BOOL,
	 .aliases = update_aliases,
	 .doc = "Fetches the lists of packages first."},
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
	 .doc = "Accepted as force-confdef,force-confold, which is what is done."},
	{.name = "policy_rc_d",
	 .type = MODULE_INT,
	 .doc = "Exit code of policy-rc.d; 101 keeps packages from starting services."},
	{.name = "lock_timeout",
	 .type = MODULE_INT,
	 .fallback = "60",
	 .doc = "How long to wait for another apt or dpkg, in seconds."},
	{0},
};

struct wanted {
	const char *spec, *name; /* "nginx=1.18*", "nginx" */
	const char *version;	 /* NULL: any */
	struct host_package now;
};

struct change {
	VEC(const char *) specs;
	struct strbuf before, after; /* "name version" lines for the diff */
};

static void change_release(struct change *c)
{
	vec_release(&c->specs);
	strbuf_release(&c->before);
	strbuf_release(&c->after);
}

static bool state_is(const struct module_call *call, const char *a, const char *b)
{
	const char *state = arg_str(call, "state");
	return state && (strcmp(state, a) == 0 || strcmp(state, b) == 0);
}

static int look(struct module_call *call, const char *spec, struct wanted *w, struct err *err)
{
	size_t len = strcspn(spec, "=<>");
	*w = (struct wanted){.spec = spec, .name = arena_strndup(call->arena, spec, len)};
	if (spec[len] && spec[len] != '=')
		return err_set(err, ERR_UNSUPPORTED,
			       "package '%s': only name=version is understood", spec);
	if (len == 0)
		return err_set(err, ERR_INVALID, "package '%s' has no name", spec);
	if (strpbrk(w->name, "*?["))
		return err_set(err, ERR_UNSUPPORTED, "package '%s': names have no wildcards", spec);
	if (spec[len] == '=')
		w->version = spec + len + 1;
	const struct host_ops *ops = call->host->ops;
	int r = ops->package(call->host, call->arena, w->name, &w->now, err);
	/* A candidate costs a process; only an upgrade needs to know it. */
	if (r == 0 && w->now.installed && !w->now.candidate && !w->version &&
	    state_is(call, "latest", "latest"))
		r = ops->package_candidate(call->host, call->arena, w->name, &w->now.candidate,
					   err);
	return r;
}

static bool has_version(const struct wanted *w)
{
	if (!w->version || w->now.assumed)
		return true;
	return w->now.version && fnmatch(w->version, w->now.version, 0) == 0;
}

static bool must_install(const struct module_call *call, const struct wanted *w)
{
	if (!w->now.installed)
		return !arg_bool(call, "only_upgrade");
	if (!has_version(w))
		return true;
	return state_is(call, "latest", "latest") && !w->version && w->now.version &&
	       w->now.candidate && strcmp(w->now.version, w->now.candidate) != 0;
}

static void note(struct change *c, const struct wanted *w, bool install)
{
	vec_push(&c->specs, install ? w->spec : w->name);
	if (w->now.installed)
		strbuf_printf(&c->before, "%s %s\n", w->name, w->now.version ? w->now.version : "");
	const char *version = w->version ? w->version : w->now.candidate;
	if (install)
		strbuf_printf(&c->after, "%s%s%s\n", w->name, version ? " " : "",
			      version ? version : "");
}

static int plan(struct module_call *call, bool install, struct change *c, struct err *err)
{
	size_t count;
	const char *const *names = arg_list(call, "name", &count);
	for (size_t i = 0; i < count; i++) {
		struct wanted w;
		if (!names[i][0])
			continue;
		int r = look(call, names[i], &w, err);
		if (r < 0)
			return r;
		if (install ? must_install(call, &w) : w.now.installed)
			note(c, &w, install);
	}
	return 0;
}

static int apply(struct module_call *call, struct change *c, bool install, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf output = {0};
	if (c->specs.len == 0)
		return 0;
	vec_push(&c->specs, NULL);
	const struct host_package_change change = {
		.names = c->specs.at,
		.state = !install			      ? HOST_PACKAGE_ABSENT
			 : state_is(call, "latest", "latest") ? HOST_PACKAGE_LATEST
							      : HOST_PACKAGE_PRESENT,
		.purge = arg_bool(call, "purge"),
		.autoremove = arg_bool(call, "autoremove"),
		.no_recommends = arg_has(call, "install_recommends") &&
				 !arg_bool(call, "install_recommends"),
		.allow_downgrade = arg_bool(call, "allow_downgrade"),
		.force = arg_bool(call, "force"),
		.default_release = arg_str(call, "default_release"),
		.policy_rc_d = (int)arg_int(call, "policy_rc_d", -1),
		.lock_timeout_ms = arg_int(call, "lock_timeout", 60) * 1000,
	};
	int r = call->host->ops->package_change(call->host, &change, &output, err);
	if (r < 0)
		return r;
	result_changed(call);
	apt_put_output(call, strbuf_slice(&output));
	result_diff(call, "packages", strbuf_slice(&c->before), "packages",
		    strbuf_slice(&c->after));
	return 0;
}

static int apply_names(struct module_call *call, struct err *err)
{
	CLEANUP(change_release) struct change c = {0};
	bool install = !state_is(call, "absent", "removed");
	int r = plan(call, install, &c, err);
	return r < 0 ? r : apply(call, &c, install, err);
}

/* Name and version are in the file; in check mode the file may not be there yet. */
static int apply_deb(struct module_call *call, struct err *err)
{
	CLEANUP(change_release) struct change c = {0};
	const char *path = arg_str(call, "deb");
	const char *const argv[] = {"dpkg-deb", "--show", "--showformat=${Package}=${Version}",
				    path, NULL};
	struct wanted w = {.spec = path, .name = path};
	struct slice out;
	if (strstr(path, "://"))
		return err_set(err, ERR_UNSUPPORTED,
			       "deb takes a path on the host: fetch %s with get_url first", path);
	int r = call_probe(call, argv, NULL, &out, err);
	if (r < 0 && !call->check_mode)
		return r;
	if (r == 0) {
		r = look(call, out.ptr, &w, err);
		if (r < 0 || (w.now.installed && has_version(&w)))
			return r;
	}
	w.spec = path;
	note(&c, &w, true);
	return apply(call, &c, true, err);
}

static int check_dpkg_options(struct module_call *call, struct err *err)
{
	size_t count;
	const char *const *options = arg_list(call, "dpkg_options", &count);
	for (size_t i = 0; i < count; i++)
		if (strcmp(options[i], "force-confdef") != 0 &&
		    strcmp(options[i], "force-confold") != 0)
			return err_set(err, ERR_UNSUPPORTED, "dpkg_options '%s' is not supported",
				       options[i]);
	return 0;
}

int apt_run(struct module_call *call, struct err *err)
{
	const char *upgrade = arg_str(call, "upgrade");
	int r = check_dpkg_options(call, err);
	if (r == 0)
		r = apt_refresh(call, err);
	if (r == 0 && upgrade && strcmp(upgrade, "no") != 0)
		return apt_upgrade(call, upgrade, err);
	if (r == 0 && arg_has(call, "deb"))
		return apply_deb(call, err);
	if (r == 0 && arg_has(call, "name"))
		return apply_names(call, err);
	return r < 0 ? r : apt_clean(call, err);
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
