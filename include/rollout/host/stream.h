#pragma once
/*
 * Content of any length, on its way from where it comes to where it is kept.
 *
 *     while ((r = s->next(s->self, &piece, err)) == 0 && piece.len > 0) …
 */
#include "rollout/base/err.h"
#include "rollout/base/str.h"

#include <sys/types.h>

/* Bytes that come one piece after another and are never held together. */
struct host_stream {
	void *self;
	/* The next piece, borrowed until the next call; of length 0 at the end.
	 * What does not end as it should is an error, and no end. */
	int (*next)(void *self, struct slice *ret, struct err *err);
	uint64_t size; /* of all of it; 0: not known */
};
/* All of a stream, appended; more than max_bytes is ERR_LIMIT. */
int host_stream_read(const struct host_stream *s, size_t max_bytes, struct strbuf *out,
		     struct err *err);
/* An open file, as a stream that can be read again once it has ended. */
struct host_fd_stream {
	struct host_stream stream;
	int fd;
	off_t at;
	uint64_t max; /* its end, where the file goes on after it */
	char buf[65536];
};
void host_fd_stream_init(struct host_fd_stream *s, int fd);
/* Content that is needed more than once: in a file without a name, in the
 * folder `near` (may be NULL) or where it cannot be, in /var/tmp or /tmp. The
 * descriptor is yours. It is the machine's own, in check mode too. */
int host_spool(const struct host_stream *s, const char *near, int *ret_fd, struct err *err);
