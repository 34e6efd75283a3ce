#pragma once
/* Runs `ssh -G HOST`: what ssh_config(5) says about a host, by the program
 * whose file it is. */
#include "ssh_options.h"

#include <uv.h>

#define SSH_CONFIG_OUTPUT_MAX (1u << 20)

struct ssh_config_run;

/* out: its standard output; why NULL on success. Then the run is gone. */
typedef void ssh_config_done(void *ctx, struct slice out, const struct err *why);

/* NULL and *err when it cannot be started. config_file NULL: ssh's own. The
 * words of o->args go along. */
struct ssh_config_run *ssh_config_start(uv_loop_t *loop, const struct ssh_options *o,
					const char *config_file, const char *host, struct err *err);
/* Exactly once after start, before the loop runs. */
void ssh_config_expect(struct ssh_config_run *run, ssh_config_done *done, void *ctx);
void ssh_config_cancel(struct ssh_config_run *run); /* no call of done */
