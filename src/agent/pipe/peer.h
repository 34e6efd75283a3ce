#pragma once
/*
 * Frames on a pair of descriptors, in both directions, buffered: the
 * controller on stdin and stdout, or the other side of a worker's socket.
 */
#include "rollout/wire/wire.h"

struct peer {
	int in, out; /* may be the same; -1: closed */
	struct wire_reader reader;
	struct strbuf queue; /* what was not written yet starts at `written` */
	size_t written;
	bool ended;  /* nothing more comes from it */
	bool broken; /* nothing can be written to it; what is queued is dropped */
};

/* Reads what is there, blocking when nothing is. `ended` is set at its end. */
void peer_read(struct peer *p);
/* Writes as much as goes without blocking; `out` must be non-blocking. */
void peer_flush(struct peer *p);
/* Writes all, blocking. */
void peer_flush_all(struct peer *p);
static inline size_t peer_queued(const struct peer *p)
{
	return p->queue.len - p->written;
}
void peer_close(struct peer *p); /* the descriptors, and the buffers */
