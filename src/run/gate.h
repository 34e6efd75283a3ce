#pragma once
/* Hosts that are still being made. */
#include "state.h"

void gate_begin(struct run *run);
void gate_end(struct run *run);
/* Of the link's host; OPEN where there is no gate. *ret_text is borrowed. */
enum run_gate_state gate_ask(const struct link *l, const char **ret_text);
/* An interrupted run waits for no host. */
void gate_give_up(struct run *run);
