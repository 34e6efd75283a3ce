#pragma once
/*
 * What another program prints, waited for in the foreground: for what is asked
 * once and has an end (an inventory's program, a vault password script, the
 * lookup pipe). Its output and its time are bounded.
 */
#include "rollout/base/err.h"
#include "rollout/base/str.h"

#include <stdbool.h>

struct capture {
	const char *const *argv; /* [0] is a path */
	const char *cwd;	 /* NULL: ours */
	size_t max_bytes;	 /* of standard output; more is ERR_LIMIT */
	int timeout_ms;		 /* then it is killed: ERR_TIMEOUT */
	bool no_input;		 /* /dev/null for standard input instead of ours */
	bool own_group;		 /* a process group, killed whole; not for what asks the terminal */
	struct strbuf *said;	 /* its standard error, as far as it fits; NULL: ours */
	size_t said_max_bytes;
};

/* Appends to *out when it has ended, however it did; *ret_status is waitpid's. What was read
 * is wiped behind it. ERR_SYS: it could not be started. */
int capture_run(const struct capture *c, struct strbuf *out, int *ret_status, struct err *err);
