/*
 * script: a program of the controller, run on the host. The controller sends
 * its content by hash (_sha256); the first word of the command is its path
 * there and tells only how to name it.
 */
#include "process.h"

#include "../call.h"
#include "rollout/base/shellwords.h"

#include <sys/random.h>

static const struct module_param params[] = {
	{.name = "cmd",
	 .type = MODULE_STR,
	 .doc = "Path of the script on the controller, and its arguments."},
	PROCESS_GUARD_PARAMS,
	{.name = "decrypt",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Decrypts a vaulted script."},
	{.name = "executable",
	 .type = MODULE_STR,
	 .doc = "The program that interprets it; without it its own first line decides."},
	{0},
};

static int temporary_path(struct module_call *call, const char **ret, struct err *err)
{
	uint64_t random[2];
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return err_sys(err, "getrandom");
	*ret = arena_printf(call->arena, "/tmp/.rollout-script-%016llx%016llx",
			    (unsigned long long)random[0], (unsigned long long)random[1]);
	return 0;
}

static int put_script(struct module_call *call, const char *path, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf content = {0};
	const char *sha256 = arg_str(call, "_sha256");
	if (!sha256 || !call->services || !call->services->blob)
		return err_set(err, ERR_INVALID, "the controller sent no script");
	int r = call->services->blob(call->services->self, sha256, &content, err);
	if (r < 0)
		return r;
	struct host_write w = {.content = strbuf_slice(&content), .attr = HOST_ATTR_KEEP};
	w.attr.mode = 0700;
	return call->host->ops->write(call->host, path, &w, err);
}

/* [executable words…] path [arguments…] */
static int build_argv(struct module_call *call, const char *path, char **words, size_t count,
		      const char *const **ret, struct err *err)
{
	const char *executable = arg_str(call, "executable");
	char **before = NULL;
	size_t nbefore = 0;
	int r = executable ? shellwords_split(call->arena, slice_from(executable), &before,
					      &nbefore, err)
			   : 0;
	if (r < 0)
		return r;
	const char **argv = ARENA_ARRAY(call->arena, const char *, nbefore + count + 1);
	for (size_t i = 0; i < nbefore; i++)
		argv[i] = before[i];
	argv[nbefore] = path;
	for (size_t i = 1; i < count; i++)
		argv[nbefore + i] = words[i];
	*ret = argv;
	return 0;
}

static int run_script(struct module_call *call, char **words, size_t count, const char *cwd,
		      struct err *err)
{
	const char *path = NULL;
	struct process p = {.cwd = cwd, .keep_empty_ends = true, .bare = true};
	int r = temporary_path(call, &path, err);
	if (r == 0)
		r = build_argv(call, path, words, count, &p.argv, err);
	/* Check mode runs nothing, so it need not write what would be run. */
	if (r == 0 && !call->check_mode)
		r = put_script(call, path, err);
	if (r < 0)
		return r;
	r = process_run(call, &p, err);
	if (!call->check_mode) {
		struct err cleanup = {0};
		if (call->host->ops->remove(call->host, path, false, &cleanup) < 0)
			result_warn(call, "%s was left behind: %s", path, cleanup.msg);
	}
	return r;
}

static int run(struct module_call *call, struct err *err)
{
	const char *text = arg_str(call, "_raw_params"), *chdir = arg_str(call, "chdir");
	char **words;
	size_t count;
	bool skip;
	if (!text)
		text = arg_str(call, "cmd");
	int r = shellwords_split(call->arena, slice_from(text ? text : ""), &words, &count, err);
	if (r < 0)
		return r;
	if (count == 0)
		return err_set(err, ERR_INVALID, "no script given");
	if (chdir)
		chdir = call_absolute_path(call, NULL, chdir);
	r = process_guard(call, chdir, &skip, err);
	/* Of a script, other than of a command, Ansible says that it was skipped. */
	if (r == 0 && skip)
		result_put_bool(call, "skipped", true);
	return r < 0 || skip ? r : run_script(call, words, count, chdir, err);
}

static const char *const needs[] = {"_raw_params|cmd", NULL};

const struct module module_script = {
	.name = "script",
	.full_name = "ansible.builtin.script",
	.doc = "Runs a script of the controller on the host.",
	.flags = MODULE_FREE_FORM | MODULE_PREPARE,
	.params = params,
	.required_one_of = needs,
	.mutually_exclusive = needs,
	.run = run,
};
