#pragma once
/*
 * The agent's own process: a router between the controller and the worker that
 * runs the current task. It never blocks but in poll.
 *
 *   serve.c       the loop
 *   controller.c  what the controller says
 *   execution.c   the current task: its worker, its end
 *   relay.c       content on its way from the controller to the worker
 */
#include "ahead.h"
#include "content.h"
#include "pipe/output.h"
#include "pipe/peer.h"
#include "process/worker.h"
#include "queue.h"

#define QUEUED_HIGH (2u << 20)	  /* bytes to the controller, before a worker is read no more */
#define TO_WORKER_HIGH (1u << 20) /* bytes to a worker, before the controller is read no more */

/* A BLOB_WANTED and its answer. There is one at a time; one that was asked for
 * by a task that is over is read to its end before the next is asked for. */
struct relay {
	bool active, abandoned;
	uint32_t id;
	char sha256[SHA256_HEX_SIZE];
	uint64_t received;
	struct strbuf copy; /* to be kept, while it is small */
	bool next_waits;
	char next_sha256[SHA256_HEX_SIZE];
};

struct agent {
	struct peer controller;
	struct queue queue;
	struct contents contents;
	struct ahead ahead;
	struct relay relay;
	struct output output;
	int signal_fd;

	struct job *job;       /* the current one, or NULL */
	struct worker *worker; /* that runs it: one of the two below */
	struct worker real, check;
	bool check_lost;    /* the overlay's process died */
	pids signalled;	    /* of the job's processes, when it was cancelled */
	int64_t kill_at_ms; /* the next look at them */

	bool bye;     /* nothing more will come */
	bool leaving; /* the controller is gone, or broke the rules */
	int exit_code;
};

/* controller.c */
void controller_handle(struct agent *ag); /* all frames that have arrived */
void agent_leave(struct agent *ag, int exit_code);

/* execution.c */
void execution_start_next(struct agent *ag);
void execution_cancel(struct agent *ag, enum job_end end);
void execution_handle(struct agent *ag);	   /* all frames of the worker, and its end */
void execution_tick(struct agent *ag);		   /* time limits */
int64_t execution_next_ms(const struct agent *ag); /* when to tick; INT64_MAX */
void execution_release(struct agent *ag);

/* relay.c */
void relay_wanted(struct agent *ag, const char *sha256);
/* A BLOB or BLOB_END of the controller's. */
int relay_take(struct agent *ag, const struct wire_frame *frame, struct err *err);
/* Nobody wants the rest of it. */
void relay_abandon(struct agent *ag);
/* The worker does not; it is told where it ends. */
void relay_stop(struct agent *ag);
