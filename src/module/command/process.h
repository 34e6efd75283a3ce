#pragma once
/* A command whose outcome is the task's result: what command, shell, raw and
 * script share. */
#include "rollout/module/module.h"

struct process {
	const char *const *argv; /* NULL-terminated */
	const struct value *cmd; /* for result.cmd: a list or a string; NULL: none */
	const char *cwd;
	struct slice stdin_bytes;
	bool keep_empty_ends; /* strip_empty_ends: false */
	bool bare;	      /* raw: neither cmd nor times */
};

/* Runs it and fills the result: cmd, rc, stdout, stderr, their _lines, start,
 * end, delta, and msg where it failed. In check mode the result is unknown. */
int process_run(struct module_call *call, const struct process *p, struct err *err);

/* Python's splitlines. */
const struct value *process_lines(struct arena *a, struct slice text);

/* creates: and removes:. *ret_skip when there is nothing to do; the result then
 * says so, as Ansible's command does. */
int process_guard(struct module_call *call, const char *cwd, bool *ret_skip, struct err *err);

#define PROCESS_GUARD_PARAMS                                                                       \
	{.name = "chdir", .type = MODULE_PATH, .doc = "Runs it in this folder."},                  \
		{.name = "creates",                                                                \
		 .type = MODULE_PATH,                                                              \
		 .doc = "A path or glob: where it exists, nothing is run."},                       \
	{                                                                                          \
		.name = "removes", .type = MODULE_PATH,                                            \
		.doc = "A path or glob: where it does not exist, nothing is run."                  \
	}
