#pragma once
/*
 * Output of long commands arrives in pieces that end anywhere. One
 * `struct host_output` joins them to lines, for each host and stream.
 */
#include "rollout/base/strmap.h"

#define OUTPUT_LINE_MAX_BYTES 8192u /* a longer line is cut into several */

struct host_output {
	struct strmap partial; /* "host\0stream" → struct strbuf */
};

typedef void host_output_line_fn(void *ctx, const char *host, int stream, struct slice line);

/* Calls fn for each line that is whole now; the newline is taken off. */
void host_output_feed(struct host_output *o, const char *host, int stream, struct slice text,
		      host_output_line_fn *fn, void *ctx);
/* The host's task is over: what has no newline yet is a line. */
void host_output_end(struct host_output *o, const char *host, host_output_line_fn *fn, void *ctx);
void host_output_release(struct host_output *o);
