#pragma once
/*
 * async: a task that goes on when the agent has gone. Its result lies in
 * ~/.ansible_async/JID (or $ANSIBLE_ASYNC_DIR), where async_status finds it.
 */
#include "rollout/module/module.h"

#define DETACH_MAX_SECONDS (30 * 24 * 3600)

/* Starts the call in a process of its own; *ret_result is what is known at once.
 * `fd` is the agent's, which the process must not hold open. */
int detach_start(struct module_call *call, int64_t seconds, int fd, struct err *err);
