#pragma once
/*
 * async: a task that goes on when the agent has gone. Its result lies in
 * ~/.ansible_async/JID (or $ANSIBLE_ASYNC_DIR), where async_status finds it.
 */
#include "rollout/module/module.h"

#define DETACH_MAX_SECONDS (30 * 24 * 3600)

/* Starts the call in a process of its own; call->result is what is known at once.
 * `content` is what the task names, fetched before: the agent may be gone later. `fd`
 * is the agent's, which the process must not hold open. */
struct detach {
	int64_t seconds;
	int fd;
	struct host_fd_stream *content;
	const struct err *why; /* code 0: the content is there */
};
int detach_start(struct module_call *call, const struct detach *d, struct err *err);
