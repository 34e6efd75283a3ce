/*
 * reboot, the host's half: what the controller asks for one after the other.
 *   _phase "look"    the boot id, and whether there is a command to reboot with
 *   _phase "reboot"  the command; the connection may be gone before its answer
 *   _phase "check"   _boot_id must have changed, and the test command succeed
 * Source: Ansible, ansible.builtin.reboot.
 */
#include "../call.h"
#include "rollout/base/shellwords.h"

#define BOOT_TIME_DEFAULT "cat /proc/sys/kernel/random/boot_id"

static const char *const pre_names[] = {"pre_reboot_delay_sec", NULL};
static const char *const post_names[] = {"post_reboot_delay_sec", NULL};
static const char *const timeout_names[] = {"reboot_timeout_sec", NULL};
static const char *const connect_names[] = {"connect_timeout_sec", NULL};

static const struct module_param params[] = {
	{.name = "boot_time_command",
	 .type = MODULE_STR,
	 .fallback = BOOT_TIME_DEFAULT,
	 .doc = "What it prints changes with each boot."},
	{.name = "connect_timeout",
	 .type = MODULE_INT,
	 .aliases = connect_names,
	 .doc = "Seconds for one try to connect; the run's own limit counts."},
	{.name = "msg",
	 .type = MODULE_STR,
	 .fallback = "Reboot initiated by Ansible",
	 .doc = "What users of the host are told."},
	{.name = "post_reboot_delay",
	 .type = MODULE_INT,
	 .fallback = "0",
	 .aliases = post_names,
	 .doc = "Seconds from the reboot to the first try."},
	{.name = "pre_reboot_delay",
	 .type = MODULE_INT,
	 .fallback = "0",
	 .aliases = pre_names,
	 .doc = "Seconds before the reboot, in whole minutes; less than one is none."},
	{.name = "reboot_command",
	 .type = MODULE_STR,
	 .doc = "The command and its arguments, in place of shutdown -r."},
	{.name = "reboot_timeout",
	 .type = MODULE_INT,
	 .fallback = "600",
	 .aliases = timeout_names,
	 .doc = "Seconds to wait for the host, at most; as many again for the test command."},
	{.name = "search_paths",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .fallback = "[/sbin, /bin, /usr/sbin, /usr/bin, /usr/local/sbin]",
	 .doc = "Where the command is looked for."},
	{.name = "test_command",
	 .type = MODULE_STR,
	 .fallback = "whoami",
	 .doc = "Must succeed after the reboot."},
	{0},
};

static int shell(struct module_call *call, const char *text, int *ret_exit, struct slice *ret_out,
		 struct err *err)
{
	const char *const argv[] = {"/bin/sh", "-c", text, NULL};
	return call_probe(call, argv, ret_exit, ret_out, err);
}

static int boot_id(struct module_call *call, struct slice *ret, struct err *err)
{
	int exit_code = 0;
	int r = shell(call, arg_str(call, "boot_time_command"), &exit_code, ret, err);
	if (r == 0 && exit_code != 0)
		return err_set(err, ERR_INVALID,
			       "reboot: failed to get host boot time info, rc: %d, stdout: %.*s",
			       exit_code, SLICE_ARG(*ret));
	return r;
}

/* ---- the command ---- */

/* A list with commas for a message. */
static const char *joined(struct module_call *call, const char *const *words)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	for (size_t i = 0; words && words[i]; i++)
		strbuf_printf(&text, "%s%s", i ? ", " : "", words[i]);
	return arena_slice(call->arena, strbuf_slice(&text)).ptr;
}

/* The program's path in search_paths. */
static int find_program(struct module_call *call, struct slice name, const char **ret,
			struct err *err)
{
	const char *const *dirs = arg_list(call, "search_paths", NULL);
	struct host_stat st = {0};
	*ret = arena_strndup(call->arena, name.ptr, name.len);
	if (name.len && name.ptr[0] == '/')
		return 0;
	for (size_t i = 0; dirs && dirs[i]; i++) {
		const char *path = arena_printf(call->arena, "%s/%.*s", dirs[i], SLICE_ARG(name));
		int r = call->host->ops->stat(call->host, call->arena, path, true, &st, err);
		if (r < 0)
			return r;
		if (st.type == HOST_ABSENT)
			continue;
		*ret = path;
		return 0;
	}
	return err_set(err, ERR_NOT_FOUND, "Unable to find command \"%s\" in search paths: %s",
		       *ret, joined(call, dirs));
}

static int is_alpine(struct module_call *call, bool *ret, struct err *err)
{
	struct host_stat st = {0};
	int r = call->host->ops->stat(call->host, call->arena, "/etc/alpine-release", true, &st,
				      err);
	*ret = r == 0 && st.type != HOST_ABSENT;
	return r;
}

static int default_command(struct module_call *call, const char **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf message = {0};
	int64_t delay = arg_int(call, "pre_reboot_delay", 0);
	const char *program;
	bool alpine;
	int r = is_alpine(call, &alpine, err);
	if (r == 0)
		r = find_program(call, alpine ? SLICE_LIT("reboot") : SLICE_LIT("shutdown"),
				 &program, err);
	if (r < 0)
		return r;
	shellwords_quote(&message, arg_slice(call, "msg"));
	*ret = alpine ? program
		      : arena_printf(call->arena, "%s -r %lld %s", program,
				     (long long)(delay > 0 ? delay / 60 : 0), message.ptr);
	return 0;
}

static int reboot_command(struct module_call *call, const char **ret, struct err *err)
{
	struct slice given = slice_trim(arg_slice(call, "reboot_command"));
	const char *program;
	size_t n = 0;
	if (given.len == 0)
		return default_command(call, ret, err);
	while (n < given.len && given.ptr[n] != ' ')
		n++;
	int r = find_program(call, (struct slice){given.ptr, n}, &program, err);
	if (r == 0)
		*ret = arena_printf(call->arena, "%s%.*s", program, (int)(given.len - n),
				    given.ptr + n);
	return r;
}

/* ---- the phases ---- */

static int look(struct module_call *call, struct err *err)
{
	const char *command;
	struct slice id;
	int r = boot_id(call, &id, err);
	if (r == 0)
		r = reboot_command(call, &command, err);
	if (r == 0)
		result_put(call, "_boot_id", value_str(call->arena, id));
	return r;
}

static int reboot_now(struct module_call *call, struct err *err)
{
	CLEANUP(host_command_result_release) struct host_command_result result = {0};
	const char *argv[] = {"/bin/sh", "-c", NULL, NULL};
	const struct host_command cmd = {.argv = argv, .mode_umask = -1};
	int r = reboot_command(call, &argv[2], err);
	if (r == 0)
		r = call->host->ops->run(call->host, &cmd, &result, err);
	if (r < 0)
		return r;
	struct slice out = slice_trim(strbuf_slice(&result.out)),
		     said = slice_trim(strbuf_slice(&result.err));
	if (result.exit_code != 0)
		return err_set(err, ERR_INVALID, "Reboot command failed. Error was: '%.*s, %.*s'",
			       SLICE_ARG(out), SLICE_ARG(said));
	return 0;
}

static int check(struct module_call *call, struct err *err)
{
	struct slice id, out;
	int exit_code = 0;
	int r = boot_id(call, &id, err);
	if (r < 0)
		return r;
	if (id.len == 0 || slice_eq(id, arg_slice(call, "_boot_id")))
		return err_set(err, ERR_INVALID,
			       "Timed out waiting for last boot time check (timeout=%lld)",
			       (long long)arg_int(call, "reboot_timeout", 0));
	result_put_bool(call, "_booted", true);
	r = shell(call, arg_str(call, "test_command"), &exit_code, &out, err);
	if (r == 0 && exit_code != 0)
		return err_set(
			err, ERR_INVALID,
			"Timed out waiting for post-reboot test command (timeout=%lld): it ended "
			"with %d: %.*s",
			(long long)arg_int(call, "reboot_timeout", 0), exit_code, SLICE_ARG(out));
	return r;
}

static int run(struct module_call *call, struct err *err)
{
	struct slice phase = arg_slice(call, "_phase");
	if (call->check_mode) {
		result_changed(call);
		result_put_bool(call, "rebooted", true);
		result_put_int(call, "elapsed", 0);
		return 0;
	}
	if (slice_is(phase, "look"))
		return look(call, err);
	if (slice_is(phase, "reboot"))
		return reboot_now(call, err);
	if (slice_is(phase, "check"))
		return check(call, err);
	return err_set(err, ERR_INVALID, "the controller told no phase of the reboot");
}

const struct module module_reboot = {
	.name = "reboot",
	.full_name = "ansible.builtin.reboot",
	.doc = "Reboots the host and waits until it is back.",
	.kind = MODULE_KIND_REBOOT,
	.params = params,
	.run = run,
};
