#include "queue.h"

#include <assert.h>

static int job_from_frame(struct job *j, const struct wire_frame *frame, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	const struct value *v;
	struct wire_task t = {0};
	int r = wire_value_decode(&a, frame->payload, 0, &v, err);
	if (r == 0)
		r = wire_task_from_value(v, &t, err);
	if (r < 0)
		return r;
	assert(t.items);
	*j = (struct job){
		.id = frame->id,
		.strand = t.strand,
		.stop_on_failure = t.stop_on_failure,
		.check_mode = t.check_mode,
		.no_log = t.no_log,
		.nitems = t.items->list.len,
		.timeout_ms = t.timeout_ms,
	};
	strbuf_slice_append(&j->payload, frame->payload);
	return 0;
}

int queue_add(struct queue *q, const struct wire_frame *frame, struct err *err)
{
	struct job j;
	if (frame->id == 0 || queue_find(q, frame->id))
		return err_set(err, ERR_PROTOCOL, "TASK: id %u is in use", frame->id);
	if (q->waiting.len == WIRE_QUEUED_TASKS_MAX)
		return err_set(err, ERR_LIMIT, "more than %u tasks wait", WIRE_QUEUED_TASKS_MAX);
	if (q->bytes + frame->payload.len > WIRE_QUEUED_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "more than %u bytes of tasks wait",
			       WIRE_QUEUED_BYTES_MAX);
	int r = job_from_frame(&j, frame, err);
	if (r < 0)
		return r;
	struct job *kept = xmalloc(sizeof(*kept));
	*kept = j;
	vec_push(&q->waiting, kept);
	q->bytes += j.payload.len;
	return 0;
}

struct job *queue_find(const struct queue *q, uint32_t id)
{
	for (size_t i = 0; i < q->waiting.len; i++) {
		if (q->waiting.at[i]->id == id)
			return q->waiting.at[i];
	}
	return NULL;
}

static struct job *take_at(struct queue *q, size_t i)
{
	struct job *j = q->waiting.at[i];
	vec_remove(&q->waiting, i);
	q->bytes -= j->payload.len;
	return j;
}

struct job *queue_take(struct queue *q)
{
	return q->waiting.len > 0 ? take_at(q, 0) : NULL;
}

static size_t find_stopped(const struct queue *q, uint32_t strand)
{
	size_t i = 0;
	while (i < q->stopped.len && q->stopped.at[i] != strand)
		i++;
	return i;
}

struct job *queue_take_stopped(struct queue *q)
{
	for (size_t i = 0; i < q->waiting.len; i++) {
		if (find_stopped(q, q->waiting.at[i]->strand) < q->stopped.len)
			return take_at(q, i);
	}
	return NULL;
}

void queue_stop(struct queue *q, uint32_t strand)
{
	if (find_stopped(q, strand) == q->stopped.len)
		vec_push(&q->stopped, strand);
}

void queue_resume(struct queue *q, uint32_t strand)
{
	size_t i = find_stopped(q, strand);
	if (i < q->stopped.len)
		vec_remove(&q->stopped, i);
}

void job_free(struct job *j)
{
	if (!j)
		return;
	strbuf_wipe(&j->payload);
	free(j);
}

void queue_release(struct queue *q)
{
	for (size_t i = 0; i < q->waiting.len; i++)
		job_free(q->waiting.at[i]);
	vec_release(&q->waiting);
	vec_release(&q->stopped);
	q->bytes = 0;
}
