#pragma once
/* Tasks that wait for their turn, and the strands that are stopped. */
#include "rollout/base/vec.h"
#include "rollout/wire/task.h"

/* WAITING → RUNNING → ENDING → (gone). A cancelled one that waits goes from
 * WAITING to ENDING. */
enum job_end { JOB_NOT_ENDED, JOB_CANCELLED, JOB_TIMED_OUT };

struct job {
	uint32_t id, strand;
	bool stop_on_failure, check_mode, no_log;
	size_t nitems, next_item; /* the first one not answered */
	bool failed;		  /* one of its results is a failure */
	bool answered;		  /* the last result was sent */
	enum job_end end;
	int64_t ended_ms; /* when it was cancelled */
	int64_t timeout_ms, deadline_ms;
	struct strbuf payload; /* of its TASK, as it came */
};

struct queue {
	VEC(struct job *) waiting;
	size_t bytes;
	VEC(uint32_t) stopped;
};

/* From a TASK; ERR_PROTOCOL, ERR_LIMIT. The caller sees to ids in use elsewhere. */
int queue_add(struct queue *q, const struct wire_frame *frame, struct err *err);
struct job *queue_find(const struct queue *q, uint32_t id);
struct job *queue_take(struct queue *q); /* the oldest, yours; NULL */
/* The oldest of a stopped strand, yours; NULL. */
struct job *queue_take_stopped(struct queue *q);
void queue_stop(struct queue *q, uint32_t strand);
void queue_resume(struct queue *q, uint32_t strand);
void job_free(struct job *j);
void queue_release(struct queue *q);
