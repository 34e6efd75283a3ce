#pragma once
/* Logging in as a run will: the transport, with the machine's variables. */
#include "rollout/vm/vm.h"

/*
 * Connects, verifies the host key, logs in and runs `command` (NULL: "true").
 * Blocks, with a loop of its own; limit_ms holds for connecting and again for the
 * rest. ERR_UNREACHABLE, ERR_TIMEOUT, ERR_HOSTKEY, ERR_AUTH …; ERR_PROTOCOL when
 * the command fails.
 */
int vm_login(const struct vm_machine *m, const char *command, int64_t limit_ms, struct err *err);
