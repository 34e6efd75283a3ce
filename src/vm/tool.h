#pragma once
/* Programs of others (qemu-img, ip, ssh-keygen …), run with a limit. */
#include "rollout/base/err.h"
#include "rollout/base/str.h"

#include <stdint.h>

#define TOOL_OUTPUT_MAX (1u << 20)

struct tool_call {
	const char *const
		*argv;	 /* NULL-terminated; argv[0] is searched in PATH, /usr/sbin, /sbin */
	const char *dir; /* working directory; NULL: ours */
	struct slice input;
	int64_t timeout_ms; /* 0: 30 s; then it is killed with its group */
};
/* Waits. *out (may be NULL) gets standard output. A failure is ERR_SYS with the
 * command and the end of what it said; ERR_NOT_FOUND when there is no such
 * program; ERR_TIMEOUT. */
int vm_tool_run(const struct tool_call *call, struct strbuf *out, struct err *err);
/* The absolute path; NULL when there is none. Yours to free(). */
char *vm_tool_find(const char *program);

/* Starts a program that outlives us: setsid, standard input from /dev/null, output
 * appended to `log`, working directory `dir`, `keep_fd` inherited (-1: none). Fails
 * when exec fails. */
int vm_tool_daemon(const char *const *argv, const char *dir, const char *log, int keep_fd,
		   int *ret_pid, struct err *err);
