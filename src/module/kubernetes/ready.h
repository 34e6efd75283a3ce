#pragma once
/* Waiting: until objects are ready as kubernetes.core means it, or gone. Each
 * wait ends after wait_timeout seconds, and looks every wait_sleep. */
#include "object.h"

#define READY_PARAMS                                                                               \
	{.name = "wait",                                                                           \
	 .type = MODULE_BOOL,                                                                      \
	 .fallback = "false",                                                                      \
	 .doc = "Until Deployment, DaemonSet, StatefulSet and Pod are ready, others there."},      \
		{.name = "wait_sleep",                                                             \
		 .type = MODULE_INT,                                                               \
		 .fallback = "5",                                                                  \
		 .doc = "Seconds between two looks."},                                             \
		{.name = "wait_timeout",                                                           \
		 .type = MODULE_INT,                                                               \
		 .fallback = "120",                                                                \
		 .doc = "How long each wait may take, in seconds."},                               \
	{                                                                                          \
		.name = "wait_condition", .type = MODULE_DICT,                                     \
		.doc = "A condition of its status instead: type, status, reason."                  \
	}

/* wait_condition says something that can be waited for. */
int ready_check(const struct module_call *call, struct err *err);

enum ready_state { READY_PRESENT, READY_ABSENT };
struct ready {
	enum ready_state state;
	const struct value *object; /* as last seen; NULL: not there */
	int64_t duration_s;
	bool reached;
};
/* Of the object that `identity` means; w->state is given. */
int ready_wait(struct module_call *call, const struct value *identity, struct ready *w,
	       struct err *err);

/* The pause before the next look, or false when the time is over. */
struct ready_clock {
	int64_t start_ms, end_ms, pause_ms;
};
void ready_begin(const struct module_call *call, struct ready_clock *c);
bool ready_pause(const struct ready_clock *c);
