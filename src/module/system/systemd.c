/* systemd and service, which is systemd on every host that rollout manages. */
#include "../call.h"

#define JOURNAL_LINES "15"

static const char *const states[] = {"started", "stopped", "restarted", "reloaded", NULL};
static const char *const scopes[] = {"system", "user", "global", NULL};
static const char *const name_aliases[] = {"unit", "service", NULL};
static const char *const reload_aliases[] = {"daemon-reload", NULL};
static const char *const reexec_aliases[] = {"daemon-reexec", NULL};

static const struct module_param systemd_params[] = {
	{.name = "name",
	 .type = MODULE_STR,
	 .aliases = name_aliases,
	 .doc = "Name of the unit; .service when it has no suffix."},
	{.name = "state",
	 .type = MODULE_STR,
	 .choices = states,
	 .doc = "started and stopped act where needed; restarted and reloaded always."},
	{.name = "enabled", .type = MODULE_BOOL, .doc = "Whether it starts at boot."},
	{.name = "masked", .type = MODULE_BOOL, .doc = "Whether it is kept from starting at all."},
	{.name = "force", .type = MODULE_BOOL, .doc = "Accepted; symlinks are replaced anyway."},
	{.name = "daemon_reload",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .aliases = reload_aliases,
	 .doc = "Reads the unit files anew, before anything else."},
	{.name = "daemon_reexec",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .aliases = reexec_aliases,
	 .doc = "Executes systemd anew, before anything else."},
	{.name = "no_block",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Does not wait for the operation to end."},
	{.name = "scope",
	 .type = MODULE_STR,
	 .fallback = "system",
	 .choices = scopes,
	 .doc = "Whose units: the system's, the user's, or all users'."},
	{0},
};

static const char *const service_args_aliases[] = {"args", NULL};
static const struct module_param service_params[] = {
	{.name = "name", .type = MODULE_STR, .required = true, .doc = "Name of the service."},
	{.name = "state", .type = MODULE_STR, .choices = states, .doc = "See systemd."},
	{.name = "enabled", .type = MODULE_BOOL, .doc = "Whether it starts at boot."},
	{.name = "sleep", .type = MODULE_INT, .doc = "Accepted; systemd waits by itself."},
	{.name = "pattern", .type = MODULE_STR, .doc = "Accepted; systemd knows what runs."},
	{.name = "runlevel", .type = MODULE_STR, .doc = "Accepted; systemd has none."},
	{.name = "arguments",
	 .type = MODULE_STR,
	 .aliases = service_args_aliases,
	 .doc = "Accepted; a unit's file holds its arguments."},
	{.name = "use", .type = MODULE_STR, .doc = "Accepted; it is systemd in any case."},
	{0},
};

struct unit {
	const char *name, *scope;
	bool no_block;
	struct host_unit now;
};

static bool is_one_of(const char *text, const char *const *list)
{
	for (; text && *list; list++)
		if (strcmp(text, *list) == 0)
			return true;
	return false;
}

static bool is_running(const struct unit *u)
{
	static const char *const running[] = {"active", "activating", "reloading", "refreshing",
					      NULL};
	return is_one_of(u->now.active_state, running);
}

static bool is_enabled(const struct unit *u)
{
	/* Those for which `systemctl is-enabled` exits 0, without indirect. */
	static const char *const enabled[] = {"enabled", "enabled-runtime", "static",
					      "alias",	 "generated",	    NULL};
	return is_one_of(u->now.unit_file_state, enabled);
}

static bool is_masked(const struct unit *u)
{
	static const char *const masked[] = {"masked", "masked-runtime", NULL};
	return is_one_of(u->now.unit_file_state, masked) || is_one_of(u->now.load_state, masked);
}

static int look(struct module_call *call, struct unit *u, struct err *err)
{
	return call->host->ops->unit(call->host, call->arena, u->name, u->scope, &u->now, err);
}

static void put_status(struct module_call *call, const struct unit *u)
{
	struct arena *a = call->arena;
	struct value *status = value_dict_new(a);
	const struct {
		const char *key, *text;
	} rows[] = {
		{"LoadState", u->now.load_state},
		{"ActiveState", u->now.active_state},
		{"SubState", u->now.sub_state},
		{"UnitFileState", u->now.unit_file_state},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		value_dict_put(a, status, rows[i].key,
			       value_cstr(a, rows[i].text ? rows[i].text : ""));
	value_dict_put(a, status, "Id", value_cstr(a, u->name));
	result_put(call, "status", status);
}

/* A unit that would not start says why in the journal. */
static int with_journal(struct module_call *call, const struct unit *u, int code, struct err *err)
{
	const char *const user[] = {"journalctl", "--user",	 "-u",	       u->name,
				    "-n",	  JOURNAL_LINES, "--no-pager", NULL};
	const char *const system[] = {"journalctl",  "-u",	   u->name, "-n",
				      JOURNAL_LINES, "--no-pager", NULL};
	bool is_user = strcmp(u->scope, "user") == 0;
	struct slice lines;
	int exit_code;
	if (call_probe(call, is_user ? user : system, &exit_code, &lines, NULL) == 0 &&
	    exit_code == 0 && lines.len) {
		call_fail(call, "%s\n%.*s", err->msg, SLICE_ARG(lines));
		result_put(call, "journal", value_str(call->arena, lines));
		return 0;
	}
	return code;
}

/* "Unable to start service X: …" */
static int act(struct module_call *call, const struct unit *u, enum host_unit_action action,
	       struct err *err)
{
	static const char *const verbs[] = {
		[HOST_UNIT_START] = "start",	 [HOST_UNIT_STOP] = "stop",
		[HOST_UNIT_RESTART] = "restart", [HOST_UNIT_RELOAD] = "reload",
		[HOST_UNIT_ENABLE] = "enable",	 [HOST_UNIT_DISABLE] = "disable",
		[HOST_UNIT_MASK] = "mask",	 [HOST_UNIT_UNMASK] = "unmask",
	};
	int r = call->host->ops->unit_act(call->host, u->name, u->scope, action, u->no_block, err);
	if (r < 0)
		return err_wrap(err, r, "Unable to %s service %s", verbs[action], u->name);
	result_changed(call);
	return 0;
}

static int apply_masked(struct module_call *call, struct unit *u, struct err *err)
{
	if (!arg_has(call, "masked") || arg_bool(call, "masked") == is_masked(u))
		return 0;
	int r = act(call, u, arg_bool(call, "masked") ? HOST_UNIT_MASK : HOST_UNIT_UNMASK, err);
	/* Only unmasked does it show what it is. */
	return r < 0 ? r : look(call, u, err);
}

static bool cannot_be_disabled(const struct unit *u)
{
	static const char *const fixed[] = {"static", "generated", "alias", NULL};
	return is_one_of(u->now.unit_file_state, fixed);
}

static int apply_enabled(struct module_call *call, const struct unit *u, struct err *err)
{
	if (!arg_has(call, "enabled"))
		return 0;
	bool want = arg_bool(call, "enabled");
	int r = 0;
	if (want != is_enabled(u) && (want || !cannot_be_disabled(u)))
		r = act(call, u, want ? HOST_UNIT_ENABLE : HOST_UNIT_DISABLE, err);
	if (r == 0)
		result_put_bool(call, "enabled", want);
	return r;
}

static int apply_state(struct module_call *call, const struct unit *u, struct err *err)
{
	const char *state = arg_str(call, "state");
	enum host_unit_action action;
	if (!state)
		return 0;
	bool running = is_running(u);
	bool stopping = u->now.active_state && strcmp(u->now.active_state, "deactivating") == 0;
	result_put_str(call, "state", strcmp(state, "stopped") == 0 ? "stopped" : "started");
	if (strcmp(state, "stopped") == 0) {
		if (!running && !stopping)
			return 0;
		action = HOST_UNIT_STOP;
	} else if (strcmp(state, "started") == 0) {
		if (running)
			return 0;
		action = HOST_UNIT_START;
	} else if (!running) {
		action = HOST_UNIT_START;
	} else {
		action = strcmp(state, "restarted") == 0 ? HOST_UNIT_RESTART : HOST_UNIT_RELOAD;
	}
	int r = act(call, u, action, err);
	return r < 0 && action != HOST_UNIT_STOP ? with_journal(call, u, r, err) : r;
}

static int apply_daemon(struct module_call *call, const char *scope, struct err *err)
{
	bool is_user = strcmp(scope, "user") == 0;
	const char *const system[] = {"systemctl", "daemon-reexec", NULL};
	const char *const user[] = {"systemctl", "--user", "daemon-reexec", NULL};
	int r = 0;
	/* Neither counts as a change, as in Ansible. */
	if (arg_bool(call, "daemon_reload"))
		r = call->host->ops->daemon_reload(call->host, scope, err);
	if (r == 0 && arg_bool(call, "daemon_reexec"))
		r = call_change(call, is_user ? user : system, NULL, err);
	return r;
}

static int run(struct module_call *call, struct err *err)
{
	const char *scope = arg_str(call, "scope");
	struct unit u = {.name = arg_str(call, "name"),
			 .scope = scope ? scope : "system",
			 .no_block = arg_bool(call, "no_block")};
	int r = apply_daemon(call, u.scope, err);
	result_put_str(call, "name", u.name);
	if (r < 0 || (!u.name && !arg_has(call, "state") && !arg_has(call, "enabled") &&
		      !arg_has(call, "masked")))
		return r;
	if (!u.name)
		return err_set(err, ERR_INVALID, "state, enabled and masked need the unit's name");
	r = look(call, &u, err);
	if (r < 0)
		return r;
	put_status(call, &u);
	/* A unit file can be masked before it is there. */
	bool acts = arg_has(call, "state") || arg_has(call, "enabled");
	if (!u.now.exists && acts)
		return err_set(err, ERR_NOT_FOUND, "Could not find the requested service %s: host",
			       u.name);
	r = apply_masked(call, &u, err);
	if (r == 0)
		r = apply_enabled(call, &u, err);
	return r == 0 ? apply_state(call, &u, err) : r;
}

const struct module module_systemd = {
	.name = "systemd",
	.full_name = "ansible.builtin.systemd",
	.doc = "Starts, stops, enables and masks systemd units.",
	.params = systemd_params,
	.run = run,
};

const struct module module_service = {
	.name = "service",
	.full_name = "ansible.builtin.service",
	.doc = "Starts, stops and enables services, through systemd.",
	.params = service_params,
	.run = run,
};
