#pragma once
/* The serve loop on the target: frames on one descriptor, answers on another. */
#include "rollout/base/err.h"

/* Serves until BYE, end of input or a protocol error. Blocks. Returns the exit
 * code: 0 after BYE or end of input, 1 otherwise. */
int agent_serve(int in_fd, int out_fd, const char *own_sha256);
