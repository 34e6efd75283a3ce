#pragma once
/* Events to the sinks, without what must not be seen. */
#include "state.h"

/* Is any value of the tree a secret? */
bool holds_secret(const struct value *v);
void emit(struct run *run, struct report_event *e);
void emit_result(struct flight *f);
void emit_item(struct flight *f, const struct flight_item *it);
void emit_task_started(struct flight *f);
void emit_host_state(struct run_host *h, enum report_host_state state, const char *msg);
void emit_warning(struct run *run, struct srcloc at, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Keys that begin with "_" are between the layers. */
const struct value *without_internals(struct arena *a, const struct value *result);
