#pragma once
/* The TASK message: one module call, or one per item of a loop. */
#include "rollout/wire/wire.h"

struct wire_task {
	const char *module;	   /* short name */
	const struct value *items; /* list of argument dicts (coerced), at least one */
	uint32_t strand;	   /* tasks of one strand run in order and stop together */
	bool stop_on_failure;	   /* a failed item stops the strand until RESUME */
	bool check_mode, diff_mode, no_log;
	const char *become_user;	 /* NULL: the login user; else that user's name */
	const struct value *environment; /* dict of strings, or NULL */
	int64_t timeout_ms;		 /* 0: none beside the module's own */
};

/* Borrows items and environment. */
struct value *wire_task_to_value(struct arena *a, const struct wire_task *t);
/* Borrows from v. ERR_PROTOCOL where a key is missing, unknown or of the wrong type. */
int wire_task_from_value(const struct value *v, struct wire_task *ret, struct err *err);
