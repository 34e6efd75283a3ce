#pragma once
/* The programs that both hosts ask: getent, dpkg, apt-get, systemctl, useradd.
 * They run with LC_ALL=C through the host's own run or probe. */
#include "rollout/host/host.h"

enum tool_kind { TOOL_PROBE, TOOL_CHANGE };

struct tool {
	const char *const *argv;
	const char *const *env; /* beside LC_ALL=C; NULL-terminated, at most 6, or NULL */
	struct slice stdin_bytes;
	int64_t timeout_ms; /* 0: a minute for a probe, the host's default for a change */
};

/* Runs it; any exit code is a success. */
int tool_run(struct host *h, enum tool_kind kind, const struct tool *t,
	     struct host_command_result *result, struct err *err);
/* As tool_run, but an exit code other than 0 is an error with what it said. */
int tool_must(struct host *h, enum tool_kind kind, const struct tool *t, struct err *err);
/* The error of a tool that exited with a code other than 0. */
int tool_failed(const struct tool *t, const struct host_command_result *result, struct err *err);

/* Words of a validate command with every %s replaced by path; in the arena. */
int validate_words(struct arena *a, const char *command, const char *path,
		   const char *const **ret_argv, struct err *err);
/* What it comes to: 0, or the error with what the command said. */
int validate_verdict(const struct host_command_result *result, struct err *err);
