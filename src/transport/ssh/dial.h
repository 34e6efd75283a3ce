#pragma once
/* A TCP connection to a name, or a socket to a ProxyCommand. */
#include "rollout/base/err.h"

#include <uv.h>

struct dial;

/* Exactly once, later: the connected, non-blocking, close-on-exec socket
 * (yours), or -1 and why. Then the dial is gone. */
typedef void dial_done(void *ctx, int fd, const struct err *why);

struct dial *dial_tcp(uv_loop_t *loop, const char *host, int port, dial_done *done, void *ctx);
void dial_cancel(struct dial *d); /* no call of done */

/* Runs `sh -c COMMAND`, its standard input and output being the socket. *owner
 * is NULL again once it ended. */
struct dial_command;
int dial_command(uv_loop_t *loop, const char *text, struct dial_command **owner, int *ret_fd,
		 struct err *err);
void dial_command_end(struct dial_command *c); /* asks it to end; NULL is fine */
