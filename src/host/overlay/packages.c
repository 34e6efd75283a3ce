/* Packages that earlier tasks would have installed or removed. apt-get's own
 * simulation says which, dependencies included. */
#include "../apt.h"
#include "../tool.h"
#include "overlay.h"
#include "rollout/base/clock.h"

#include <stdlib.h>

#define APT_STAMP "/var/lib/apt/periodic/update-success-stamp"
#define APT_LISTS "/var/lib/apt/lists"
#define APT_FOLDER "/etc/apt/"
#define POLICY_DENIES 101
#define SIMULATION_TIMEOUT_MS 300000

int overlay_package(struct host *h, struct arena *a, const char *name, struct host_package *ret,
		    struct err *err)
{
	struct overlay *o = overlay_of(h);
	const struct host_package *kept = strmap_get(&o->packages, slice_from(name));
	if (!kept)
		return o->under->ops->package(o->under, a, name, ret, err);
	*ret = *kept;
	if (kept->version)
		ret->version = arena_strdup(a, kept->version);
	return 0;
}

int overlay_package_candidate(struct host *h, struct arena *a, const char *name,
			      const char **ret_version, struct err *err)
{
	struct overlay *o = overlay_of(h);
	return o->under->ops->package_candidate(o->under, a, name, ret_version, err);
}

static void keep(struct overlay *o, const struct host_package_change *c, const char *name,
		 const char *version, bool installed)
{
	struct host_package *p = ARENA_NEW(&o->arena, struct host_package);
	p->installed = installed;
	p->has_config = !installed && !c->purge;
	p->assumed = installed && !version;
	p->version = version ? arena_strdup(&o->arena, version) : NULL;
	strmap_set(&o->packages, slice_from(name), p);
}

/* Could the real run know packages that the simulation does not? */
static bool sources_may_differ(const struct overlay *o)
{
	if (o->why || o->lists_refreshed)
		return true;
	for (size_t i = 0; i < o->nodes.len; i++)
		if (slice_starts_with(o->nodes.entries[i].key, APT_FOLDER))
			return true;
	return false;
}

/* A .deb that only the overlay has cannot be simulated. */
static bool has_overlay_file(struct host *h, struct arena *a, const char *const *names)
{
	struct host *under = overlay_of(h)->under;
	struct host_stat st = {0};
	for (; *names; names++)
		if (apt_is_file(*names) &&
		    under->ops->stat(under, a, *names, true, &st, NULL) == 0 &&
		    st.type == HOST_ABSENT)
			return true;
	return false;
}

/* "/x/name_1.2_amd64.deb" to "name". */
static const char *name_of_spec(struct arena *a, const char *spec)
{
	if (!apt_is_file(spec))
		return apt_package_name(a, spec);
	const char *base = strrchr(spec, '/') + 1;
	return arena_strndup(a, base, strcspn(base, "_"));
}

static void keep_names(struct overlay *o, struct arena *a, const struct host_package_change *c,
		       const char *const *names)
{
	for (; *names; names++) {
		const char *version = strchr(*names, '=');
		bool exact = version && !strpbrk(version, "*?[");
		keep(o, c, name_of_spec(a, *names), exact ? version + 1 : NULL,
		     c->state != HOST_PACKAGE_ABSENT);
	}
}

static void installs(struct overlay *o, const struct host_package_change *c, const char *name)
{
	o->package_pending = true;
	if (c->policy_rc_d != POLICY_DENIES)
		o->services_start = true;
	host_overlay_assume(&o->base,
			    arena_printf(&o->arena, "the package %s would be installed", name));
}

static void keep_steps(struct overlay *o, struct arena *a, const struct host_package_change *c,
		       struct slice simulation, struct strbuf *output)
{
	struct apt_steps steps;
	apt_steps_parse(a, simulation, &steps);
	for (size_t i = 0; i < steps.len; i++) {
		const struct apt_step *s = &steps.at[i];
		struct host_package before = {0};
		if (s->install && overlay_package(&o->base, a, s->name, &before, NULL) == 0 &&
		    !before.installed)
			installs(o, c, s->name);
		keep(o, c, s->name, s->version, s->install);
		if (output)
			strbuf_printf(output, "%s %s%s%s\n",
				      s->install ? "would install" : "would remove", s->name,
				      s->version ? " " : "", s->version ? s->version : "");
	}
}

int overlay_package_change(struct host *h, const struct host_package_change *c,
			   struct strbuf *output, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	CLEANUP(host_command_result_release) struct host_command_result result = {0};
	struct overlay *o = overlay_of(h);
	const char *const *names;
	size_t len;
	int r = apt_needed(h, &a, c, &names, &len, err);
	if (r < 0 || (len == 0 && !c->autoremove))
		return r;
	if (!has_overlay_file(h, &a, names)) {
		struct tool t = {.argv = apt_words(&a, c, names, true),
				 .env = apt_env,
				 .timeout_ms = SIMULATION_TIMEOUT_MS};
		r = tool_run(o->under, TOOL_PROBE, &t, &result, err);
		if (r < 0)
			return r;
		if (result.exit_code != 0 && !sources_may_differ(o))
			return tool_failed(&t, &result, err);
		if (result.exit_code == 0)
			keep_steps(o, &a, c, strbuf_slice(&result.out), output);
	}
	/* What the simulation did not tell: all of it where it failed, and
	 * what an earlier task would have removed. */
	for (size_t i = 0; i < len; i++) {
		const char *one[] = {names[i], NULL};
		struct host_package p;
		if (overlay_package(h, &a, name_of_spec(&a, names[i]), &p, NULL) == 0 &&
		    p.installed == (c->state != HOST_PACKAGE_ABSENT))
			continue;
		if (c->state != HOST_PACKAGE_ABSENT)
			installs(o, c, name_of_spec(&a, names[i]));
		keep_names(o, &a, c, one);
	}
	return 0;
}

int overlay_package_refresh(struct host *h, int64_t max_age_s, bool *ret_updated, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct overlay *o = overlay_of(h);
	struct host_stat st = {0};
	bool fresh = o->lists_refreshed;
	if (max_age_s > 0 && !fresh) {
		int r = overlay_stat(h, &a, APT_STAMP, true, &st, err);
		if (r == 0 && st.type == HOST_ABSENT)
			r = overlay_stat(h, &a, APT_LISTS, true, &st, err);
		if (r < 0)
			return r;
		int64_t age_s = clock_realtime_us() / 1000000 - st.mtime_ns / 1000000000;
		fresh = st.type != HOST_ABSENT && age_s >= 0 && age_s <= max_age_s;
	} else if (max_age_s == 0) {
		fresh = false;
	}
	if (!fresh)
		o->lists_refreshed = true;
	*ret_updated = !fresh;
	return 0;
}
