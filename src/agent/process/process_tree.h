#pragma once
/* All processes below one, as /proc shows them: its descendants, and what is
 * in the session it leads, since a dead process has no descendants. */
#include "rollout/base/vec.h"

#include <sys/types.h>

typedef VEC(pid_t) pids;

/* Sends a signal to all below root but those in `*seen`, which is
 * NULL or grows by them. root itself gets none. */
void process_tree_kill(pid_t root, int signal_number, pids *seen);
