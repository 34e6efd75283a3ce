/* Which of the named packages have to change. */
#include "apt_names.h"

#include "../../call.h"
#include "../../program.h"
#include "apt_upgrade.h"
#include "rollout/base/vec.h"

#include <fnmatch.h>

#define WILDCARDS "*?["

void apt_change_release(struct apt_change *c)
{
	vec_release(c);
	strbuf_release(&c->before);
	strbuf_release(&c->after);
}

static bool state_is(const struct module_call *call, const char *a, const char *b)
{
	const char *state = arg_str(call, "state");
	return state && (strcmp(state, a) == 0 || strcmp(state, b) == 0);
}

static bool is_latest(const struct module_call *call)
{
	return state_is(call, "latest", "latest");
}

/* What would be installed now, from default_release where that is set. */
static int candidate(struct module_call *call, const char *name, const char **ret, struct err *err)
{
	const char *release = arg_str(call, "default_release");
	if (!release)
		return call->host->ops->package_candidate(call->host, call->arena, name, ret, err);
	struct program p;
	program_init(&p, call, "apt-cache");
	program_add(&p, "-o");
	program_add_fmt(&p, "APT::Default-Release=%s", release);
	program_add(&p, "policy");
	program_add(&p, name);
	int r = program_read(&p, err);
	if (r < 0)
		return r;
	*ret = NULL;
	const char *at = strstr(p.out.ptr, "Candidate: ");
	if (at && strncmp(at + 11, "(none)", 6) != 0)
		*ret = arena_strndup(call->arena, at + 11, strcspn(at + 11, "\n"));
	return 0;
}

static int parse_spec(struct module_call *call, const char *spec, struct apt_wanted *w,
		      struct err *err)
{
	size_t len = strcspn(spec, "=<>");
	*w = (struct apt_wanted){.spec = spec, .name = arena_strndup(call->arena, spec, len)};
	if (len == 0)
		return err_set(err, ERR_INVALID, "package '%s' has no name", spec);
	w->at_least = strncmp(spec + len, ">=", 2) == 0;
	if (spec[len] && spec[len] != '=' && !w->at_least)
		return err_set(err, ERR_UNSUPPORTED,
			       "package '%s': only name=version and name>=version are understood",
			       spec);
	if (spec[len])
		w->version = spec + len + (w->at_least ? 2 : 1);
	if (w->version && !w->version[0])
		return err_set(err, ERR_INVALID, "package '%s' has no version", spec);
	return 0;
}

int apt_look(struct module_call *call, const char *spec, struct apt_wanted *w, struct err *err)
{
	int r = parse_spec(call, spec, w, err);
	if (r == 0)
		r = call->host->ops->package(call->host, call->arena, w->name, &w->now, err);
	if (r < 0)
		return r;
	/* A candidate costs a process; only what may be upgraded needs to know it. */
	bool needed = w->at_least || (w->now.installed && !w->version && is_latest(call));
	return needed && !w->now.candidate ? candidate(call, w->name, &w->now.candidate, err) : 0;
}

static int at_least(struct module_call *call, const char *version, const char *minimum, bool *ret,
		    struct err *err)
{
	struct program p;
	const char *const words[] = {"--compare-versions", version, "ge", minimum, NULL};
	program_init(&p, call, "dpkg");
	program_add_all(&p, words);
	int r = program_probe(&p, err);
	if (r == 0)
		*ret = p.exit_code == 0;
	return r;
}

int apt_has_version(struct module_call *call, const struct apt_wanted *w, bool *ret,
		    struct err *err)
{
	*ret = true;
	if (!w->version || w->now.assumed)
		return 0;
	*ret = w->now.version && !w->at_least && fnmatch(w->version, w->now.version, 0) == 0;
	if (!w->at_least || !w->now.version)
		return 0;
	return at_least(call, w->now.version, w->version, ret, err);
}

/* name>=version: there must be such a version, and it is the one installed. */
static int settle_minimum(struct module_call *call, struct apt_wanted *w, struct err *err)
{
	bool enough = false;
	int r = w->now.candidate ? at_least(call, w->now.candidate, w->version, &enough, err) : 0;
	if (r < 0)
		return r;
	if (!enough)
		return err_set(err, ERR_NOT_FOUND,
			       "no available installation option for %s (the candidate is %s)",
			       w->spec, w->now.candidate ? w->now.candidate : "(none)");
	w->version = w->now.candidate;
	w->spec = arena_printf(call->arena, "%s=%s", w->name, w->version);
	return 0;
}

static bool newer_there(const struct apt_wanted *w)
{
	return w->now.version && w->now.candidate && strcmp(w->now.version, w->now.candidate) != 0;
}

static int must_install(struct module_call *call, struct apt_wanted *w, bool *ret, struct err *err)
{
	bool has = false;
	int r = w->now.installed ? apt_has_version(call, w, &has, err) : 0;
	if (r < 0)
		return r;
	if (!w->now.installed)
		*ret = !arg_bool(call, "only_upgrade");
	else
		*ret = !has || (is_latest(call) && (!w->version || w->at_least) && newer_there(w));
	return *ret && w->at_least ? settle_minimum(call, w, err) : 0;
}

void apt_note(struct apt_change *c, const struct apt_wanted *w, bool install)
{
	vec_push(c, install ? w->spec : w->name);
	if (w->now.installed)
		strbuf_printf(&c->before, "%s %s\n", w->name, w->now.version ? w->now.version : "");
	const char *version = w->version ? w->version : w->now.candidate;
	if (install)
		strbuf_printf(&c->after, "%s%s%s\n", w->name, version ? " " : "",
			      version ? version : "");
}

static int plan_one(struct module_call *call, const char *spec, bool install, struct apt_change *c,
		    struct err *err)
{
	struct apt_wanted w;
	bool act = false;
	int r = apt_look(call, spec, &w, err);
	if (r == 0 && install)
		r = must_install(call, &w, &act, err);
	else if (r == 0)
		act = w.now.installed || (w.now.has_config && arg_bool(call, "purge"));
	if (r == 0 && act)
		apt_note(c, &w, install);
	return r;
}

/* All names that apt knows and the pattern matches. */
static int plan_pattern(struct module_call *call, const char *spec, bool install,
			struct apt_change *c, struct err *err)
{
	struct program p;
	struct slice line;
	bool found = false;
	size_t len = strcspn(spec, "=<>");
	const char *pattern = arena_strndup(call->arena, spec, len);
	program_init(&p, call, "apt-cache");
	program_add(&p, "pkgnames");
	int r = program_read(&p, err);
	while (r == 0 && slice_split(&p.out, '\n', &line)) {
		const char *name = arena_slice(call->arena, line).ptr;
		if (!line.len || fnmatch(pattern, name, 0) != 0)
			continue;
		found = true;
		r = plan_one(call, arena_printf(call->arena, "%s%s", name, spec + len), install, c,
			     err);
	}
	/* Removing what nobody knows is done already. */
	if (r == 0 && !found && install)
		return err_set(err, ERR_NOT_FOUND, "No package(s) matching '%s' available", spec);
	return r;
}

static bool is_pattern(const char *spec)
{
	size_t len = strcspn(spec, "=<>");
	return strcspn(spec, WILDCARDS) < len;
}

static int plan(struct module_call *call, bool install, struct apt_change *c, struct err *err)
{
	size_t count;
	const char *const *names = call_names(call, "name", &count);
	for (size_t i = 0; i < count; i++) {
		if (!names[i][0])
			continue;
		int r = is_pattern(names[i]) ? plan_pattern(call, names[i], install, c, err)
					     : plan_one(call, names[i], install, c, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int apt_apply(struct module_call *call, struct apt_change *c, bool install, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf output = {0};
	if (c->len == 0)
		return 0;
	vec_push(c, NULL);
	const struct host_package_change change = {
		.names = c->at,
		.state = !install	   ? HOST_PACKAGE_ABSENT
			 : is_latest(call) ? HOST_PACKAGE_LATEST
					   : HOST_PACKAGE_PRESENT,
		.purge = arg_bool(call, "purge"),
		.autoremove = arg_bool(call, "autoremove"),
		.recommends = arg_bool(call, "install_recommends"),
		.no_recommends = arg_has(call, "install_recommends") &&
				 !arg_bool(call, "install_recommends"),
		.allow_downgrade = arg_bool(call, "allow_downgrade"),
		.allow_held = arg_bool(call, "allow_change_held_packages"),
		.allow_unauthenticated = arg_bool(call, "allow_unauthenticated"),
		.no_remove = install && arg_bool(call, "fail_on_autoremove"),
		.force = arg_bool(call, "force"),
		.dpkg_options = arg_list(call, "dpkg_options", NULL),
		.default_release = arg_str(call, "default_release"),
		.policy_rc_d = (int)arg_int(call, "policy_rc_d", -1),
		.lock_timeout_ms = call_arg_ms(call, "lock_timeout", 60),
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

/* name: "*" with state: latest is an upgrade of everything. */
static bool is_everything(struct module_call *call)
{
	size_t count;
	const char *const *names = call_names(call, "name", &count);
	return is_latest(call) && count == 1 && strcmp(names[0], "*") == 0;
}

int apt_names_apply(struct module_call *call, struct err *err)
{
	CLEANUP(apt_change_release) struct apt_change c = {0};
	bool install = !state_is(call, "absent", "removed");
	if (is_everything(call))
		return apt_upgrade(call, "yes", err);
	int r = plan(call, install, &c, err);
	return r < 0 ? r : apt_apply(call, &c, install, err);
}
