/* timezone: /etc/localtime, and Debian's /etc/timezone where there is one. */
#include "../call.h"

#define ZONES "/usr/share/zoneinfo/"

#define ADJTIME "/etc/adjtime"

static const char *const clocks[] = {"local", "UTC", NULL};
static const char *const hwclock_aliases[] = {"rtc", NULL};
static const struct module_param params[] = {
	{.name = "name", .type = MODULE_STR, .doc = "Like Europe/Berlin."},
	{.name = "hwclock",
	 .type = MODULE_STR,
	 .choices = clocks,
	 .aliases = hwclock_aliases,
	 .doc = "What the hardware clock shows."},
	{0},
};
static const char *const one_of[] = {"name|hwclock", NULL};

static const char *current_zone(struct module_call *call)
{
	struct host_stat st;
	if (call->host->ops->stat(call->host, call->arena, "/etc/localtime", false, &st, NULL) <
		    0 ||
	    st.type != HOST_LINK)
		return "";
	const char *zone = strstr(st.link_target, "zoneinfo/");
	return zone ? zone + strlen("zoneinfo/") : "";
}

static int check_zone(struct module_call *call, const char *name, struct err *err)
{
	struct host_stat st;
	if (name[0] == '/' || strstr(name, ".."))
		return err_set(err, ERR_INVALID, "'%s' is not a time zone", name);
	int r = call->host->ops->stat(call->host, call->arena,
				      arena_printf(call->arena, ZONES "%s", name), true, &st, err);
	if (r == 0 && st.type != HOST_FILE && !st.assumed)
		return err_set(err, ERR_NOT_FOUND,
			       "the host has no time zone '%s' (is tzdata installed?)", name);
	return r;
}

static int write_name(struct module_call *call, const char *name, struct err *err)
{
	const char *line = arena_printf(call->arena, "%s\n", name);
	struct host_write w = {.content = slice_from(line), .attr = HOST_ATTR_KEEP};
	return call->host->ops->write(call->host, "/etc/timezone", &w, err);
}

/* Where it has /etc/timezone too, both say the new one, or both the old. */
static int set_zone(struct module_call *call, const char *name, struct err *err)
{
	struct slice old = call_read_trimmed(call, "/etc/timezone");
	int r = check_zone(call, name, err);
	if (r == 0 && old.len)
		r = write_name(call, name, err);
	if (r < 0)
		return r;
	r = call->host->ops->symlink(call->host, arena_printf(call->arena, ZONES "%s", name),
				     "/etc/localtime", err);
	if (r < 0 && old.len)
		(void)write_name(call, arena_slice(call->arena, old).ptr, NULL);
	return r;
}

/* adjtime(5): the third line says UTC or LOCAL; without the file it is UTC. */
static int run_clock(struct module_call *call, struct err *err)
{
	bool local = strcmp(arg_str(call, "hwclock"), "local") == 0;
	struct slice old = call_read_trimmed(call, ADJTIME), rest = old, line[3] = {0};
	struct host_write w = {.attr = HOST_ATTR_KEEP};
	for (size_t i = 0; i < ARRAY_LEN(line); i++)
		if (!slice_split(&rest, '\n', &line[i]))
			line[i] = SLICE_LIT("");
	if (slice_is(slice_trim(line[2]), "LOCAL") == local)
		return 0;
	const char *text = arena_printf(call->arena, "%.*s\n%.*s\n%s\n",
					SLICE_ARG(line[0].len ? line[0] : SLICE_LIT("0.0 0 0")),
					SLICE_ARG(line[1].len ? line[1] : SLICE_LIT("0")),
					local ? "LOCAL" : "UTC");
	w.content = slice_from(text);
	w.attr.mode = 0644;
	int r = call->host->ops->write(call->host, ADJTIME, &w, err);
	if (r < 0)
		return r;
	result_changed(call);
	result_diff(call, ADJTIME, old, ADJTIME, slice_trim(w.content));
	return 0;
}

static int run_zone(struct module_call *call, struct err *err)
{
	const char *name = arg_str(call, "name"), *now = current_zone(call);
	if (strcmp(now, name) == 0)
		return 0;
	int r = set_zone(call, name, err);
	if (r < 0)
		return r;
	result_changed(call);
	result_diff(call, "timezone", slice_from(now), "timezone", slice_from(name));
	return 0;
}

static int run(struct module_call *call, struct err *err)
{
	int r = arg_has(call, "name") ? run_zone(call, err) : 0;
	return r < 0 || !arg_has(call, "hwclock") ? r : run_clock(call, err);
}

const struct module module_timezone = {
	.name = "timezone",
	.full_name = "community.general.timezone",
	.doc = "Sets the host's time zone.",
	.params = params,
	.required_one_of = one_of,
	.run = run,
};
