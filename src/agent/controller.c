#include "pipe/message.h"
#include "state.h"

#include <stdio.h>

void agent_leave(struct agent *ag, int exit_code)
{
	if (ag->leaving)
		return;
	ag->leaving = true;
	ag->exit_code = exit_code;
	queue_release(&ag->queue);
	if (ag->job)
		execution_cancel(ag, JOB_CANCELLED);
}

static void look_ahead(struct agent *ag, const struct wire_frame *frame)
{
	CLEANUP(arena_release) struct arena a = {0};
	const struct value *v;
	struct wire_task t = {0};
	if (wire_value_decode(&a, frame->payload, 0, &v, NULL) == 0 &&
	    wire_task_from_value(v, &t, NULL) == 0)
		ahead_guess(&ag->ahead, frame->id, &t);
}

static int take_task(struct agent *ag, const struct wire_frame *frame, struct err *err)
{
	struct job *dropped;
	if (ag->job && ag->job->id == frame->id)
		return err_set(err, ERR_PROTOCOL, "TASK: id %u is in use", frame->id);
	int r = queue_add(&ag->queue, frame, err);
	if (r == 0)
		look_ahead(ag, frame);
	/* None but the new one can be of a stopped strand. */
	while (r == 0 && (dropped = queue_take_stopped(&ag->queue))) {
		message_put_empty(&ag->controller.queue, WIRE_DROPPED, dropped->id);
		job_free(dropped);
	}
	return r;
}

static int take_cancel(struct agent *ag, uint32_t id)
{
	struct job *waiting = queue_find(&ag->queue, id);
	if (ag->job && ag->job->id == id)
		execution_cancel(ag, JOB_CANCELLED);
	else if (waiting)
		waiting->end = JOB_CANCELLED;
	return 0;
}

static int take_resume(struct agent *ag, const struct value *v, struct err *err)
{
	uint64_t strand;
	if (!message_uint(v, "strand", UINT32_MAX, &strand))
		return err_set(err, ERR_PROTOCOL, "RESUME: no strand");
	queue_resume(&ag->queue, (uint32_t)strand);
	return 0;
}

/* Kept by its own hash: whoever wants another does not find it. */
static int take_content(struct agent *ag, struct slice bytes, struct err *err)
{
	struct strbuf copy = {0};
	char hex[DIGEST_HEX_MAX];
	if (bytes.len > WIRE_BLOB_CHUNK)
		return err_set(err, ERR_LIMIT, "CONTENT: %zu bytes", bytes.len);
	digest_bytes(DIGEST_SHA256, bytes.ptr, bytes.len, hex);
	strbuf_slice_append(&copy, bytes);
	contents_keep(&ag->contents, hex, &copy);
	strbuf_wipe(&copy);
	return 0;
}

/* RESUME, CANCEL, BYE, PING: small dicts. */
static int take_control(struct agent *ag, const struct wire_frame *frame, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	const struct value *v;
	int r = wire_value_decode(&a, frame->payload, 0, &v, err);
	if (r < 0)
		return r;
	if (v->type != VALUE_DICT)
		return err_set(err, ERR_PROTOCOL, "frame type %d: not a dict", (int)frame->type);
	if (frame->type == WIRE_CANCEL)
		return take_cancel(ag, frame->id);
	if (frame->type == WIRE_RESUME)
		return take_resume(ag, v, err);
	if (frame->type == WIRE_PING) {
		message_put_empty(&ag->controller.queue, WIRE_PONG, 0);
		return 0;
	}
	ag->bye = true;
	return 0;
}

static int take_frame(struct agent *ag, const struct wire_frame *frame, struct err *err)
{
	if (frame->type == WIRE_BLOB || frame->type == WIRE_BLOB_END)
		return relay_take(ag, frame, err);
	if (frame->type == WIRE_CANCEL)
		return take_control(ag, frame, err);
	if (frame->type == WIRE_CONTENT)
		return take_content(ag, frame->payload, err);
	if (frame->type < WIRE_TASK)
		return err_set(err, ERR_PROTOCOL, "frame type %d is the agent's to send",
			       (int)frame->type);
	if (ag->bye)
		return err_set(err, ERR_PROTOCOL, "frame type %d after BYE", (int)frame->type);
	return frame->type == WIRE_TASK ? take_task(ag, frame, err) : take_control(ag, frame, err);
}

void controller_handle(struct agent *ag)
{
	struct wire_frame frame;
	struct err err;
	int n = 0, r = 0;
	while (!ag->leaving && r == 0 &&
	       (n = wire_reader_next(&ag->controller.reader, &frame, &err)) > 0)
		r = take_frame(ag, &frame, &err);
	if (ag->leaving || (r == 0 && n == 0))
		return;
	fprintf(stderr, "rollout-agent: protocol error: %s\n", err.msg);
	agent_leave(ag, 1);
}
