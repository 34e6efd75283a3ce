/*
 * service_facts: the services that systemd knows, as ansible_facts.services.
 * https://docs.ansible.com/ansible/latest/collections/ansible/builtin/service_facts_module.html
 */
#include "../call.h"

static const struct module_param params[] = {{0}};

#define COLUMNS 4

/* Words of a line, as many as there are up to COLUMNS. */
static size_t words(struct slice line, struct slice out[COLUMNS])
{
	size_t n = 0;
	while (n < COLUMNS && slice_word(&line, &out[n]))
		n++;
	return n;
}

static void put_service(struct module_call *call, struct value *all, struct slice name,
			struct slice state, struct slice status)
{
	struct arena *a = call->arena;
	struct value *s = value_dict_new(a);
	value_dict_put(a, s, "name", value_str(a, name));
	value_dict_put(a, s, "state", value_str(a, state));
	value_dict_put(a, s, "status", value_str(a, status));
	value_dict_put(a, s, "source", value_cstr(a, "systemd"));
	value_dict_put(a, all, arena_slice(a, name).ptr, s);
}

/* What a unit's file says does not matter then. */
static bool is_bad(struct slice status)
{
	return slice_is(status, "not-found") || slice_is(status, "masked") ||
	       slice_is(status, "failed");
}

static bool is_service(struct slice name)
{
	return slice_ends_with(name, ".service");
}

/* UNIT LOAD ACTIVE SUB …; with a dot in front where something is wrong. */
static void read_units(struct module_call *call, struct slice text, struct value *all)
{
	struct slice line, w[COLUMNS];
	while (slice_split(&text, '\n', &line)) {
		if (slice_starts_with(line, "\xe2\x97\x8f") || slice_starts_with(line, "*"))
			line = (struct slice){line.ptr + (line.ptr[0] == '*' ? 1 : 3),
					      line.len - (line.ptr[0] == '*' ? 1 : 3)};
		if (words(line, w) < COLUMNS || !is_service(w[0]))
			continue;
		struct slice status = is_bad(w[1]) ? w[1] : is_bad(w[3]) ? w[3] : w[2];
		put_service(call, all, w[0],
			    slice_is(w[3], "running") ? SLICE_LIT("running") : SLICE_LIT("stopped"),
			    status);
	}
}

static struct slice field_of(const struct value *all, struct slice name, const char *field,
			     struct arena *a)
{
	const struct value *old = value_get(all, arena_slice(a, name).ptr);
	const struct value *v = old ? value_get(old, field) : NULL;
	return v ? v->str : (struct slice){NULL, 0};
}

/* UNIT STATE PRESET: the status of what has a file, loaded or not. */
static void read_files(struct module_call *call, struct slice text, struct value *all)
{
	struct slice line, w[COLUMNS];
	while (slice_split(&text, '\n', &line)) {
		if (words(line, w) < 2 || !is_service(w[0]))
			continue;
		struct slice state = field_of(all, w[0], "state", call->arena);
		if (is_bad(field_of(all, w[0], "status", call->arena)))
			continue;
		/* What is not loaded does not run; a template cannot. */
		bool template = slice_ends_with(w[0], "@.service");
		if (!state.ptr)
			state = template ? SLICE_LIT("unknown") : SLICE_LIT("inactive");
		put_service(call, all, w[0], state, w[1]);
	}
}

static int run(struct module_call *call, struct err *err)
{
	static const char *const units[] = {"systemctl", "list-units",	"--no-pager",
					    "--plain",	 "--no-legend", "--type",
					    "service",	 "--all",	NULL};
	static const char *const files[] = {
		"systemctl", "list-unit-files", "--no-pager", "--no-legend",
		"--type",    "service",		"--all",      NULL};
	struct value *facts = value_dict_new(call->arena), *all = value_dict_new(call->arena);
	struct slice text;
	int exit_code, r = call_probe(call, units, &exit_code, &text, err);
	if (r < 0)
		return r;
	if (exit_code != 0) {
		result_skip(call, "Failed to find any services. This can be due to privileges or "
				  "some other configuration issue.");
		return 0;
	}
	read_units(call, text, all);
	r = call_probe(call, files, NULL, &text, err);
	if (r < 0)
		return r;
	read_files(call, text, all);
	value_dict_put(call->arena, facts, "services", all);
	result_put(call, "ansible_facts", facts);
	return 0;
}

const struct module module_service_facts = {
	.name = "service_facts",
	.full_name = "ansible.builtin.service_facts",
	.doc = "Gathers the state of all services.",
	.flags = MODULE_BRINGS_FACTS,
	.params = params,
	.run = run,
};
