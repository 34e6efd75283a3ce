#pragma once
/*
 * Which modules the tests ran: each trial leaves a file below
 * $ROLLOUT_BINARY_DIR/module-trials, and test_coverage.c asks for those of every
 * module of the registry.
 */
#include "rollout/module/module.h"

/* `again`: the call before on that host was the same. */
void trials_note(const char *module, const struct host *host, const char *args);
/* "predicted", "applied", "again" */
bool trials_has(const char *module, const char *how);
/* Once asked: what no test does any more is not to be found the next time. */
void trials_forget(const char *module, const char *how);
