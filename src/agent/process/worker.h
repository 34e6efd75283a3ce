#pragma once
/* A process that runs tasks, and the socket to it. */
#include "../pipe/peer.h"
#include "process_tree.h"

struct worker {
	pid_t pid; /* 0: there is none */
	struct peer peer;
	bool check_mode;
};

int worker_start(struct worker *w, bool check_mode, struct err *err);
/* Ends it, if it has not ended, and tells how: "" or "killed by signal 11
 * (Segmentation fault)" in buf. */
void worker_end(struct worker *w, char *buf, size_t size);
