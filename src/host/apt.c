#include "apt.h"

#include "rollout/base/vec.h"
#include "tool.h"

#include <fnmatch.h>

const char *const apt_env[] = {"DEBIAN_FRONTEND=noninteractive", "DEBIAN_PRIORITY=critical",
			       "APT_LISTCHANGES_FRONTEND=none", NULL};

bool apt_is_file(const char *spec)
{
	return slice_ends_with(slice_from(spec), ".deb") && strchr(spec, '/');
}

const char *apt_package_name(struct arena *a, const char *spec)
{
	return arena_strndup(a, spec, strcspn(spec, "=/"));
}

/* A .deb file's own name and version; *ret_name NULL when it cannot be read. */
static int deb_fields(struct host *h, struct arena *a, const char *path, const char **ret_name,
		      const char **ret_version, struct err *err)
{
	CLEANUP(host_command_result_release) struct host_command_result result = {0};
	const char *argv[] = {"dpkg-deb", "-f", path, "Package", "Version", NULL};
	int r = tool_run(h, TOOL_PROBE, &(struct tool){.argv = argv}, &result, err);
	if (r < 0)
		return r;
	struct slice text = strbuf_slice(&result.out), line;
	*ret_name = *ret_version = NULL;
	while (result.exit_code == 0 && slice_split(&text, '\n', &line)) {
		size_t skip = slice_starts_with(line, "Package: ")   ? 9
			      : slice_starts_with(line, "Version: ") ? 9
								     : 0;
		if (skip)
			*(line.ptr[0] == 'P' ? ret_name : ret_version) =
				arena_strndup(a, line.ptr + skip, line.len - skip);
	}
	return 0;
}

static int is_needed(struct host *h, struct arena *a, const struct host_package_change *c,
		     const char *spec, bool *ret, struct err *err)
{
	struct host_package p;
	const char *name = NULL, *version = strchr(spec, '=');
	version = version ? version + 1 : NULL;
	int r = 0;
	if (apt_is_file(spec))
		r = deb_fields(h, a, spec, &name, &version, err);
	else
		name = apt_package_name(a, spec);
	if (r < 0)
		return r;
	*ret = true;
	if (!name)
		return 0;
	r = h->ops->package(h, a, name, &p, err);
	if (r < 0)
		return r;
	if (c->state == HOST_PACKAGE_ABSENT)
		*ret = p.installed || (c->purge && p.has_config);
	else if (c->state == HOST_PACKAGE_PRESENT)
		*ret = !p.installed ||
		       (version && (!p.version || fnmatch(version, p.version, 0) != 0));
	return 0;
}

int apt_needed(struct host *h, struct arena *a, const struct host_package_change *c,
	       const char *const **ret_names, size_t *ret_len, struct err *err)
{
	size_t total = 0, len = 0;
	while (c->names && c->names[total])
		total++;
	const char **names = ARENA_ARRAY(a, const char *, total + 1);
	for (size_t i = 0; i < total; i++) {
		bool needed = false;
		int r = is_needed(h, a, c, c->names[i], &needed, err);
		if (r < 0)
			return r;
		if (needed)
			names[len++] = c->names[i];
	}
	*ret_names = names;
	*ret_len = len;
	return 0;
}

struct words {
	const char **at;
	size_t len, cap;
};

static void add_options(struct words *w, const struct host_package_change *c, bool simulate,
			bool has_names)
{
	const struct {
		bool wanted;
		const char *word;
	} options[] = {
		{simulate, "-s"},
		{c->no_recommends, "--no-install-recommends"},
		{c->recommends, "--install-recommends"},
		{c->allow_downgrade || c->force, "--allow-downgrades"},
		{c->force || c->allow_unauthenticated, "--allow-unauthenticated"},
		{c->force, "--allow-remove-essential"},
		{c->force || c->allow_held, "--allow-change-held-packages"},
		{c->no_remove, "--no-remove"},
		{c->autoremove && has_names, "--auto-remove"},
		{c->purge && c->state != HOST_PACKAGE_ABSENT, "--purge"},
	};
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (options[i].wanted)
			vec_push(w, options[i].word);
}

static const char *verb_of(const struct host_package_change *c, bool has_names)
{
	if (!has_names)
		return "autoremove";
	if (c->state == HOST_PACKAGE_ABSENT)
		return c->purge ? "purge" : "remove";
	return "install";
}

const char *const *apt_words(struct arena *a, const struct host_package_change *c,
			     const char *const *names, bool simulate)
{
	static const char *const fixed[] = {"apt-get", "-y", "-q"};
	static const char *const conffiles[] = {"force-confdef", "force-confold", NULL};
	struct words w = {0};
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		vec_push(&w, fixed[i]);
	for (const char *const *o = c->dpkg_options ? c->dpkg_options : conffiles; *o; o++) {
		vec_push(&w, "-o");
		vec_push(&w, arena_printf(a, "Dpkg::Options::=--%s", *o));
	}
	add_options(&w, c, simulate, names[0] != NULL);
	vec_push(&w, arena_printf(a, "-oDPkg::Lock::Timeout=%lld",
				  (long long)(c->lock_timeout_ms / 1000)));
	if (c->default_release)
		vec_push(&w, arena_printf(a, "--target-release=%s", c->default_release));
	vec_push(&w, verb_of(c, names[0] != NULL));
	vec_push(&w, "--");
	for (; *names; names++)
		vec_push(&w, *names);
	vec_push(&w, NULL);
	const char *const *words = arena_copy(a, w.at, w.len * sizeof(*w.at));
	vec_release(&w);
	return words;
}

void apt_steps_parse(struct arena *a, struct slice output, struct apt_steps *ret)
{
	VEC(struct apt_step) steps = {0};
	struct slice line;
	while (slice_split(&output, '\n', &line)) {
		struct slice verb, name, word;
		slice_word(&line, &verb);
		bool install = slice_is(verb, "Inst");
		if (!install && !slice_is(verb, "Remv") && !slice_is(verb, "Purg"))
			continue;
		slice_word(&line, &name);
		struct apt_step s = {install, arena_strndup(a, name.ptr, name.len), NULL};
		while (install && !s.version && slice_word(&line, &word))
			if (word.ptr[0] == '(')
				s.version = arena_strndup(a, word.ptr + 1, word.len - 1);
		vec_push(&steps, s);
	}
	*ret = (struct apt_steps){NULL, steps.len};
	if (steps.len)
		ret->at = arena_copy(a, steps.at, steps.len * sizeof(*steps.at));
	vec_release(&steps);
}
