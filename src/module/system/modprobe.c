/* modprobe: https://docs.ansible.com/ansible/latest/collections/community/general/modprobe_module.html */
#include "../call.h"
#include "../path/whole_file.h"
#include "../program.h"

#include <sys/utsname.h>

static const char *const states[] = {"present", "absent", NULL};
static const char *const persistences[] = {"disabled", "present", "absent", NULL};

static const struct module_param params[] = {
	{.name = "name", .type = MODULE_STR, .required = true, .doc = "Name of the kernel module."},
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .doc = "Whether it is loaded."},
	{.name = "params", .type = MODULE_STR, .fallback = "", .doc = "Its parameters."},
	{.name = "persistent",
	 .type = MODULE_STR,
	 .fallback = "disabled",
	 .choices = persistences,
	 .doc = "Whether it is loaded at boot; disabled leaves that as it is."},
	{0},
};

/* The kernel takes - and _ in names for the same. */
static char *canonical(struct module_call *call, const char *name)
{
	char *copy = arena_strdup(call->arena, name);
	for (char *p = copy; *p; p++)
		if (*p == '-')
			*p = '_';
	return copy;
}

/* "…/br_netfilter.ko" of modules.builtin */
static bool is_builtin(struct module_call *call, const char *name)
{
	struct utsname un;
	struct slice text, line;
	if (uname(&un) < 0)
		return false;
	const char *path = arena_printf(call->arena, "/lib/modules/%s/modules.builtin", un.release);
	text = call_read_trimmed(call, path);
	const char *wanted = arena_printf(call->arena, "/%s.ko", name);
	while (slice_split(&text, '\n', &line)) {
		char *entry = canonical(call, arena_slice(call->arena, line).ptr);
		if (slice_ends_with(slice_from(entry), wanted))
			return true;
	}
	return false;
}

static bool is_loaded(struct module_call *call, const char *name)
{
	struct slice text = call_read_trimmed(call, "/proc/modules"), line, word;
	while (slice_split(&text, '\n', &line))
		if (slice_split(&line, ' ', &word) && slice_is(word, name))
			return true;
	return is_builtin(call, name);
}

static int apply_now(struct module_call *call, const char *name, bool present, struct err *err)
{
	struct program p;
	if (is_loaded(call, canonical(call, name)) == present)
		return 0;
	program_init(&p, call, "modprobe");
	if (!present)
		program_add(&p, "-r");
	program_add(&p, name);
	struct slice rest = arg_slice(call, "params"), word;
	while (present && rest.len && slice_split(&rest, ' ', &word))
		if (word.len)
			program_add(&p, arena_slice(call->arena, word).ptr);
	result_changed(call);
	return program_change(&p, err);
}

/* A line that begins with these words, and nothing longer. */
static bool is_about(struct slice line, const char *words)
{
	size_t len = strlen(words);
	line = slice_trim(line);
	return slice_starts_with(line, words) &&
	       (line.len == len || line.ptr[len] == ' ' || line.ptr[len] == '\t');
}

/* The line, or none, in place of those about `words`; others are somebody else's.
 * A file without any goes. */
static int apply_file(struct module_call *call, const char *path, const char *words,
		      const char *line, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf new = {0};
	struct slice old, rest, one;
	bool changed;
	int r = call_read(call, path, &old, err);
	if (r < 0)
		return r;
	for (rest = old; rest.len && slice_split(&rest, '\n', &one);)
		if (!is_about(one, words))
			strbuf_printf(&new, "%.*s\n", SLICE_ARG(one));
	if (line)
		strbuf_printf(&new, "%s\n", line);
	if (slice_eq(old, strbuf_slice(&new)))
		return 0;
	return new.len ? whole_file_put(call, path, strbuf_slice(&new), -1, &changed, err)
		       : whole_file_remove(call, path, &changed, err);
}

static int apply_boot(struct module_call *call, const char *name, const char *how, struct err *err)
{
	if (strcmp(how, "disabled") == 0)
		return 0;
	bool present = strcmp(how, "present") == 0;
	const char *options = arg_str(call, "params");
	const char *words = arena_printf(call->arena, "options %s", name);
	const char *line =
		present && options[0] ? arena_printf(call->arena, "%s %s", words, options) : NULL;
	int r = apply_file(call, arena_printf(call->arena, "/etc/modules-load.d/%s.conf", name),
			   name, present ? name : NULL, err);
	return r < 0 ? r
		     : apply_file(call, arena_printf(call->arena, "/etc/modprobe.d/%s.conf", name),
				  words, line, err);
}

static int run(struct module_call *call, struct err *err)
{
	const char *name = arg_str(call, "name"), *state = arg_str(call, "state");
	result_put_str(call, "name", name);
	result_put_str(call, "state", state);
	result_put_str(call, "params", arg_str(call, "params"));
	if (strpbrk(name, "/ \t") || name[0] == '-' || !name[0])
		return err_set(err, ERR_INVALID, "'%s' is not a kernel module's name", name);
	int r = call_check_line("name", slice_from(name), err);
	if (r == 0)
		r = call_check_line("params", arg_slice(call, "params"), err);
	if (r == 0)
		r = apply_now(call, name, strcmp(state, "present") == 0, err);
	return r < 0 ? r : apply_boot(call, name, arg_str(call, "persistent"), err);
}

const struct module module_modprobe = {
	.name = "modprobe",
	.full_name = "community.general.modprobe",
	.doc = "Loads and unloads kernel modules.",
	.params = params,
	.run = run,
};
