/* raw: a command line as it is, without Ansible's own features around it. */
#include "process.h"

static const struct module_param params[] = {
	{.name = "executable", .type = MODULE_PATH, .doc = "The shell that runs it."},
	{0},
};

static int run(struct module_call *call, struct err *err)
{
	const char *text = arg_str(call, "_raw_params"), *shell = arg_str(call, "executable");
	if (!text)
		return err_set(err, ERR_INVALID, "no command given");
	const char *argv[] = {shell ? shell : "/bin/sh", "-c", text, NULL};
	const struct process p = {.argv = argv, .keep_empty_ends = true, .bare = true};
	return process_run(call, &p, err);
}

static const char *const needs[] = {"_raw_params", NULL};

const struct module module_raw = {
	.name = "raw",
	.full_name = "ansible.builtin.raw",
	.doc = "Runs a command line in a shell and gives back its bare output.",
	.flags = MODULE_FREE_FORM | MODULE_ONCE_ONLY,
	.params = params,
	.required_one_of = needs,
	.run = run,
};
