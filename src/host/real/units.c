/* systemd units, by systemctl. */
#include "../tool.h"
#include "real.h"

static const char *const verbs[] = {
	[HOST_UNIT_START] = "start",	 [HOST_UNIT_STOP] = "stop",
	[HOST_UNIT_RESTART] = "restart", [HOST_UNIT_RELOAD] = "reload",
	[HOST_UNIT_ENABLE] = "enable",	 [HOST_UNIT_DISABLE] = "disable",
	[HOST_UNIT_MASK] = "mask",	 [HOST_UNIT_UNMASK] = "unmask",
};

static const char *scope_option(const char *scope)
{
	if (scope && strcmp(scope, "user") == 0)
		return "--user";
	return scope && strcmp(scope, "global") == 0 ? "--global" : "--system";
}

/* "Key=value" lines of systemctl show. */
static const char *property(struct arena *a, struct slice text, const char *key)
{
	struct slice line;
	size_t len = strlen(key);
	while (slice_split(&text, '\n', &line))
		if (slice_starts_with(line, key) && line.len > len && line.ptr[len] == '=')
			return arena_strndup(a, line.ptr + len + 1, line.len - len - 1);
	return "";
}

int real_unit(struct host *h, struct arena *a, const char *name, const char *scope,
	      struct host_unit *ret, struct err *err)
{
	CLEANUP(host_command_result_release) struct host_command_result result = {0};
	const char *argv[] = {
		"systemctl", scope_option(scope),
		"show",	     "--property=LoadState,ActiveState,SubState,UnitFileState",
		"--",	     name,
		NULL};
	struct tool t = {.argv = argv};
	int r = tool_run(h, TOOL_PROBE, &t, &result, err);
	if (r < 0)
		return r;
	if (result.exit_code != 0) {
		r = tool_failed(&t, &result, err);
		return err_wrap(err, r, "unit %s", name);
	}
	struct slice text = strbuf_slice(&result.out);
	*ret = (struct host_unit){
		.load_state = property(a, text, "LoadState"),
		.active_state = property(a, text, "ActiveState"),
		.sub_state = property(a, text, "SubState"),
		.unit_file_state = property(a, text, "UnitFileState"),
	};
	ret->exists = *ret->load_state && strcmp(ret->load_state, "not-found") != 0;
	return 0;
}

int real_unit_act(struct host *h, const char *name, const char *scope, enum host_unit_action action,
		  bool no_block, struct err *err)
{
	const char *argv[8] = {"systemctl", scope_option(scope)};
	size_t n = 2;
	if (no_block && action <= HOST_UNIT_RELOAD)
		argv[n++] = "--no-block";
	argv[n++] = verbs[action];
	argv[n++] = "--";
	argv[n] = name;
	int r = tool_must(h, TOOL_CHANGE, &(struct tool){.argv = argv}, err);
	return r < 0 ? err_wrap(err, r, "%s %s", verbs[action], name) : 0;
}

int real_daemon_reload(struct host *h, const char *scope, struct err *err)
{
	const char *argv[] = {"systemctl", scope_option(scope), "daemon-reload", NULL};
	return tool_must(h, TOOL_CHANGE, &(struct tool){.argv = argv}, err);
}
