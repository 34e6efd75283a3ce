/* apk: https://docs.ansible.com/ansible/latest/collections/community/general/apk_module.html */
#include "../call.h"
#include "../command/process.h"
#include "../path/whole_file.h"
#include "../program.h"
#include "managers.h"

static const char *const states[] = {"present", "installed", "latest", "absent", "removed", NULL};
static const char *const name_aliases[] = {"package", "pkg", NULL};

static const struct module_param params[] = {
	{.name = "name",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .aliases = name_aliases,
	 .doc = "Packages, with versions as apk writes them."},
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .doc = "What they shall be."},
	{.name = "repository",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .doc = "Further repositories for this."},
	{.name = "update_cache",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Fetches the lists of packages first."},
	{.name = "upgrade",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Upgrades all packages."},
	{.name = "available",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "With upgrade, takes what the repositories have, older versions too."},
	{.name = "no_cache", .type = MODULE_BOOL, .fallback = "false", .doc = "Keeps no lists."},
	{.name = "world",
	 .type = MODULE_STR,
	 .doc = "Another list of packages that count as asked for already: state present leaves "
		"them alone."},
	{0},
};

static bool state_is(const struct module_call *call, const char *a, const char *b)
{
	const char *state = arg_str(call, "state");
	return state && (strcmp(state, a) == 0 || strcmp(state, b) == 0);
}

static void begin(struct module_call *call, struct program *p)
{
	size_t count;
	const char *const *urls = arg_list(call, "repository", &count);
	program_init(p, call, "apk");
	if (arg_bool(call, "no_cache"))
		program_add(p, "--no-cache");
	for (size_t i = 0; i < count; i++) {
		program_add(p, "--repository");
		program_add(p, urls[i]);
	}
}

/* Its simulation prints "(1/2) Installing x (1.0)" for what it would do. */
static bool would_act(struct slice out)
{
	struct slice line;
	while (slice_split(&out, '\n', &line))
		if (slice_starts_with(line, "("))
			return true;
	return false;
}

static int act(struct program *p, const char *const *words, struct err *err)
{
	struct module_call *call = p->call;
	struct program simulated = *p;
	simulated.cap = 0; /* words of its own from the next one on */
	program_add(&simulated, "--simulate");
	program_add_all(&simulated, words);
	int r = program_probe(&simulated, err);
	if (r < 0)
		return r;
	if (simulated.exit_code != 0)
		return host_assumes(call->host) ? err_set(err, ERR_UNKNOWN, "would ask apk: %s",
							  host_assumes(call->host))
						: program_failed(&simulated, err);
	if (!would_act(simulated.out))
		return 0;
	result_changed(call);
	host_overlay_assume(call->host, "apk would change packages");
	program_add_all(p, words);
	r = program_change(p, err);
	struct slice said = call->check_mode ? simulated.out : p->out;
	result_put(call, "stdout", value_str(call->arena, said));
	result_put(call, "stdout_lines", process_lines(call->arena, said));
	return r;
}

/* Removing what is not there is an error for apk. */
static int remove_all(struct module_call *call, struct err *err)
{
	struct program p, asked;
	size_t count, there = 0;
	const char *const *names = call_names(call, "name", &count);
	begin(call, &p);
	program_add(&p, "del");
	const char **words = ARENA_ARRAY(call->arena, const char *, count + 1);
	for (size_t i = 0; i < count; i++) {
		program_init(&asked, call, "apk");
		program_add(&asked, "info");
		program_add(&asked, "-e");
		program_add(&asked, names[i]);
		int r = program_probe(&asked, err);
		if (r < 0)
			return r;
		if (asked.exit_code == 0)
			words[there++] = names[i];
	}
	return there ? act(&p, words, err) : 0;
}

/* Is it in the list, by itself or with a version or repository? */
static bool is_in_world(struct slice world, const char *name)
{
	struct slice word;
	size_t len = strlen(name);
	while (slice_word(&world, &word))
		if (slice_starts_with(word, name) &&
		    (word.len == len || (word.len > len + 1 && strchr("@=<>~", word.ptr[len]))))
			return true;
	return false;
}

static int read_world(struct module_call *call, struct slice *ret, struct err *err)
{
	const char *path = call_absolute_path(call, NULL, arg_str(call, "world"));
	bool there = false;
	int r = whole_file_exists(call, path, &there, err);
	if (r < 0)
		return r;
	if (!there && host_assumes(call->host))
		return err_set(err, ERR_UNKNOWN, "would read %s: %s", path,
			       host_assumes(call->host));
	if (!there)
		return err_set(err, ERR_NOT_FOUND, "world: the file %s does not exist", path);
	return call_read(call, path, ret, err);
}

/* Those that the world does not name. */
static int missing_names(struct module_call *call, const char *const **ret, struct err *err)
{
	size_t count, missing = 0;
	struct slice world = {"", 0};
	const char *const *names = *ret = call_names(call, "name", &count);
	const char **out = ARENA_ARRAY(call->arena, const char *, count + 1);
	if (!arg_has(call, "world") || state_is(call, "latest", "latest"))
		return 0;
	int r = read_world(call, &world, err);
	for (size_t i = 0; r == 0 && i < count; i++)
		if (!is_in_world(world, names[i]))
			out[missing++] = names[i];
	out[missing] = NULL;
	*ret = out;
	return r;
}

static int apply(struct module_call *call, struct err *err)
{
	struct program p;
	const char *const *names = NULL;
	int r = 0;
	begin(call, &p);
	if (arg_bool(call, "update_cache")) {
		program_add(&p, "update");
		r = program_change(&p, err);
		begin(call, &p);
	}
	if (r < 0)
		return r;
	if (arg_bool(call, "upgrade")) {
		const char *const words[] = {arg_bool(call, "available") ? "--available" : NULL,
					     NULL};
		program_add(&p, "upgrade");
		return act(&p, words, err);
	}
	if (!arg_has(call, "name"))
		return 0;
	if (state_is(call, "absent", "removed"))
		return remove_all(call, err);
	r = missing_names(call, &names, err);
	if (r < 0 || !names[0])
		return r;
	program_add(&p, "add");
	if (state_is(call, "latest", "latest"))
		program_add(&p, "--upgrade");
	return act(&p, names, err);
}

int apk_run(struct module_call *call, struct err *err)
{
	return program_settle(call, apply(call, err), err);
}

static const char *const needs[] = {"name|update_cache|upgrade", NULL};

const struct module module_apk = {
	.name = "apk",
	.full_name = "community.general.apk",
	.doc = "Installs, upgrades and removes packages of Alpine Linux.",
	.params = params,
	.required_one_of = needs,
	.run = apk_run,
};
