#pragma once
/* A run as a whole. */
#include "state.h"

struct run_host *run_host_get(struct run *run, struct inv_host *inv);
void run_drain(struct run *run);
/* Nothing new is begun; what is in flight is waited for. */
void run_interrupt(struct run *run);
/* What the plan found odd, from the given one on. */
void run_emit_plan_warnings(struct run *run, size_t from);
