#pragma once
/*
 * What drivers share whose subject reads files: an input of several sections,
 * each ended by a line "====", and files that are only in memory.
 *
 *     static struct memory_file f;
 *     memory_file_set(&f, input_section(&rest));
 *     … f.path …
 */
#include "rollout/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Cuts the next section off; empty after the last. */
static inline struct slice input_section(struct slice *rest)
{
	static const char line[] = "\n====\n";
	const size_t len = sizeof(line) - 1;
	struct slice part = *rest;
	const char *end = part.len ? memmem(part.ptr, part.len, line, len) : NULL;
	if (slice_starts_with(part, line + 1)) {
		*rest = (struct slice){part.ptr + len - 1, part.len - len + 1};
		return (struct slice){"", 0};
	}
	if (!end) {
		*rest = (struct slice){"", 0};
		return part;
	}
	part.len = (size_t)(end - part.ptr) + 1; /* its line end is its own */
	*rest = (struct slice){end + len, rest->len - part.len - len + 1};
	return part;
}

struct memory_file {
	char path[40]; /* empty: not made yet */
	int fd;
};

/* Only the owner may read it, as keys and shadow want it. */
static inline void memory_file_set(struct memory_file *f, struct slice text)
{
	if (!f->path[0]) {
		f->fd = memfd_create("fuzz", MFD_CLOEXEC);
		if (f->fd < 0 || fchmod(f->fd, 0600) < 0)
			abort();
		snprintf(f->path, sizeof(f->path), "/proc/self/fd/%d", f->fd);
	}
	if (ftruncate(f->fd, 0) < 0 || pwrite(f->fd, text.ptr, text.len, 0) != (ssize_t)text.len)
		abort();
}
