#pragma once
/* What several modules need of a call beside module.h's functions. */
#include "rollout/module/module.h"

/* A failed task that keeps the results it has: failed and msg. */
void call_fail(struct module_call *call, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ~, ~user, $NAME and ${NAME} as Python's expanduser and expandvars. In the arena. */
const char *call_expand_path(const struct module_call *call, const char *path);
/* A relative path below `cwd`, or below where commands start. In the arena. */
const char *call_absolute_path(const struct module_call *call, const char *cwd, const char *path);
/* Whether the path, which may hold *, ? and [ ], names anything. */
int call_path_exists(struct module_call *call, const char *pattern, bool *ret, struct err *err);

/* A list of packages or groups: arg_list(), each name without the blanks around it. */
const char *const *call_names(const struct module_call *call, const char *name, size_t *ret_len);

/* An argument in seconds, as milliseconds: nothing below 0, and a year is for ever. */
int64_t call_arg_ms(const struct module_call *call, const char *name, int64_t fallback_s);

/* What goes into a file of lines must be one itself: ERR_INVALID where it holds a
 * line end or a NUL. `what` names it. */
int call_check_line(const char *what, struct slice text, struct err *err);

/* The whole of a file, or "" where there is none. In the arena. */
int call_read(struct module_call *call, const char *path, struct slice *ret, struct err *err);
/* A file under /proc, /sys or /etc, at most 1 MB, trimmed; "" when it cannot be read. */
struct slice call_read_trimmed(struct module_call *call, const char *path);

/* A child's standard output, trimmed, in the arena. *ret_exit may be NULL: then
 * an exit code other than 0 is an error that ends with its stderr. For what
 * only reads; runs in check mode too. */
int call_probe(struct module_call *call, const char *const *argv, int *ret_exit,
	       struct slice *ret_out, struct err *err);
/* A command that changes the host. Not 0 is an error with its stderr; in check
 * mode nothing happens and it is a success. */
int call_change(struct module_call *call, const char *const *argv, struct slice *ret_out,
		struct err *err);
/* With a file as its input; -1: none. */
int call_change_from(struct module_call *call, const char *const *argv, int fd, struct err *err);
