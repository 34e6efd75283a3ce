#pragma once
/*
 * A running command's output on its way to the controller: collected for a
 * moment, and left out where there is more of it than a person could read or
 * the controller takes. The result holds it again.
 */
#include "peer.h"

#define OUTPUT_WINDOW_MS 100
#define OUTPUT_WINDOW_BYTES (256u << 10) /* at most in one window */
#define OUTPUT_QUEUED_MAX (1u << 20)	 /* bytes that the controller has not read */

struct output {
	struct peer *to;
	uint32_t id;
	size_t item;
	int stream;
	struct strbuf data;
	uint64_t dropped;
	size_t window_bytes;
	int64_t window_end_ms, flush_at_ms; /* flush_at_ms 0: nothing waits */
};

void output_begin(struct output *o, uint32_t id); /* of another task */
void output_add(struct output *o, size_t item, int stream, struct slice bytes);
void output_flush(struct output *o);
void output_release(struct output *o);
