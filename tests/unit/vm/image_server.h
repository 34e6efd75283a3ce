#pragma once
/*
 * A small HTTP server in a thread, for downloads: one file, with or without Range,
 * and the ways in which servers fail. Counts its requests.
 */
#include "rollout/base/str.h"

#include <pthread.h>

struct image_server {
	struct slice file;    /* what GET answers; borrowed */
	bool no_ranges;	      /* ignores Range */
	size_t break_after;   /* bytes of a body after which it hangs up; 0: never */
	unsigned breaks;      /* … in so many requests, then no more */
	int status;	      /* instead of 200 and 206; 0: none */
	const char *redirect; /* Location, or NULL */
	bool no_length;

	unsigned requests, ranged; /* what was asked for */
	size_t first_range;
	unsigned port;
	int fd;
	pthread_t thread;
};

void image_server_start(struct image_server *s); /* sets port */
void image_server_stop(struct image_server *s);
