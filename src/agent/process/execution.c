#include "../pipe/message.h"
#include "../state.h"
#include "rollout/base/clock.h"

#include <signal.h>
#include <stdio.h>

#define TERM_GRACE_MS 2000   /* from SIGTERM to SIGKILL */
#define WORKER_GRACE_MS 5000 /* until the worker itself is killed */
#define KILL_INTERVAL_MS 50

static void stop_strand(struct agent *ag, uint32_t strand)
{
	struct job *dropped;
	queue_stop(&ag->queue, strand);
	while ((dropped = queue_take_stopped(&ag->queue))) {
		message_put_empty(&ag->controller.queue, WIRE_DROPPED, dropped->id);
		job_free(dropped);
	}
}

/* The answer that ends the job before its time. */
/* Together with the last result: the controller may send RESUME as soon as it
 * has it, and that must not find the strand still running. */
static void stop_after_failure(struct agent *ag)
{
	const struct job *j = ag->job;
	if (j->answered && j->failed && j->stop_on_failure && !ag->leaving)
		stop_strand(ag, j->strand);
}

static void answer(struct agent *ag, const char *msg, const char *mark)
{
	struct job *j = ag->job;
	output_flush(&ag->output);
	message_put_failure(&ag->controller.queue, j->id, j->next_item, msg, mark);
	j->failed = j->answered = true;
	stop_after_failure(ag);
}

static void answer_ended(struct agent *ag)
{
	char msg[80];
	if (ag->job->end == JOB_CANCELLED) {
		answer(ag, "cancelled", "cancelled");
		return;
	}
	snprintf(msg, sizeof(msg), "took longer than %.3g s and was ended",
		 (double)ag->job->timeout_ms / 1000);
	answer(ag, msg, "timed_out");
}

/* Answered, and no worker is at it any more. */
static void finish(struct agent *ag)
{
	struct job *j = ag->job;
	if (ag->relay.active && ag->relay.id == j->id)
		relay_abandon(ag);
	ag->relay.next_waits = false;
	ag->job = NULL;
	ag->worker = NULL;
	ag->signalled.len = 0;
	job_free(j);
}

static bool begin(struct agent *ag, struct err *err)
{
	struct job *j = ag->job;
	struct worker *w = j->check_mode ? &ag->check : &ag->real;
	if (j->check_mode && ag->check_lost) {
		err_set(err, ERR_UNKNOWN,
			"an earlier task in check mode ended the process that kept what would "
			"have changed; nothing can be predicted any more");
		return false;
	}
	if (!w->pid && worker_start(w, j->check_mode, err) < 0)
		return false;
	ag->worker = w;
	wire_put_bytes(&w->peer.queue, WIRE_TASK, j->id, strbuf_slice(&j->payload));
	strbuf_wipe(&j->payload);
	output_begin(&ag->output, j->id);
	j->deadline_ms = j->timeout_ms ? clock_now_ms() + j->timeout_ms : INT64_MAX;
	return true;
}

void execution_start_next(struct agent *ag)
{
	while (!ag->job && (ag->job = queue_take(&ag->queue))) {
		struct err err;
		if (ag->job->end != JOB_NOT_ENDED)
			answer_ended(ag);
		else if (begin(ag, &err))
			return;
		else
			answer(ag, err.msg, NULL);
		finish(ag);
	}
}

void execution_cancel(struct agent *ag, enum job_end end)
{
	struct job *j = ag->job;
	if (j->end != JOB_NOT_ENDED || j->answered)
		return;
	j->end = end;
	j->ended_ms = clock_now_ms();
	j->deadline_ms = INT64_MAX;
	ag->kill_at_ms = 0;
	/* Before the command is killed, or the worker begins the next item. */
	message_put_empty(&ag->worker->peer.queue, WIRE_CANCEL, j->id);
	peer_flush(&ag->worker->peer);
	execution_tick(ag);
}

/* --- what the worker says -------------------------------------------------- */

/* The worker is the agent's own program, but it may run as anybody. */
static int take_result(struct agent *ag, const struct wire_frame *frame, const struct value *v)
{
	struct job *j = ag->job;
	uint64_t item;
	const struct value *last = value_get(v, "last"), *result = value_get(v, "result");
	if (!last || last->type != VALUE_BOOL || !result || result->type != VALUE_DICT)
		return ERR_PROTOCOL;
	if (j->end != JOB_NOT_ENDED) {
		/* It is answered when the worker has ended. */
		if (last->boolean)
			answer_ended(ag);
		return 0;
	}
	if (!message_uint(v, "item", j->nitems, &item) || item != j->next_item)
		return ERR_PROTOCOL;
	const struct value *failed = value_get(result, "failed");
	output_flush(&ag->output);
	wire_put_bytes(&ag->controller.queue, WIRE_RESULT, j->id, frame->payload);
	j->next_item++;
	j->failed = j->failed || (failed && value_truthy(failed));
	j->answered = last->boolean;
	stop_after_failure(ag);
	return 0;
}

static int take_output(struct agent *ag, const struct value *v)
{
	uint64_t item, stream;
	const struct value *data = value_get(v, "data");
	if (!message_uint(v, "item", ag->job->nitems, &item) ||
	    !message_uint(v, "stream", 2, &stream) || !data || data->type != VALUE_STRING ||
	    data->str.len > WIRE_OUTPUT_CHUNK)
		return ERR_PROTOCOL;
	if (!ag->job->no_log && ag->job->end == JOB_NOT_ENDED)
		output_add(&ag->output, (size_t)item, (int)stream, data->str);
	return 0;
}

static int take_file(struct agent *ag, const struct wire_frame *frame, const struct value *v)
{
	const struct value *source = value_get(v, "source");
	if (!source || source->type != VALUE_STRING)
		return ERR_PROTOCOL;
	if (ag->job->end == JOB_NOT_ENDED)
		wire_put_bytes(&ag->controller.queue, WIRE_FILE, ag->job->id, frame->payload);
	return 0;
}

static int take_piece(struct agent *ag, const struct wire_frame *frame)
{
	if (frame->payload.len == 0 || frame->payload.len > WIRE_BLOB_CHUNK)
		return ERR_PROTOCOL;
	if (ag->job->end == JOB_NOT_ENDED)
		wire_put_bytes(&ag->controller.queue, WIRE_PIECE, ag->job->id, frame->payload);
	return 0;
}

static int take_frame(struct agent *ag, const struct wire_frame *frame)
{
	CLEANUP(arena_release) struct arena a = {0};
	const struct value *v;
	if (frame->id != ag->job->id || ag->job->answered)
		return ERR_PROTOCOL;
	if (frame->type == WIRE_PIECE)
		return take_piece(ag, frame);
	int r = wire_value_decode(&a, frame->payload, 0, &v, NULL);
	if (r < 0)
		return ERR_PROTOCOL;
	if (frame->type == WIRE_FILE)
		return take_file(ag, frame, v);
	if (frame->type == WIRE_RESULT)
		return take_result(ag, frame, v);
	if (frame->type == WIRE_OUTPUT)
		return take_output(ag, v);
	if (frame->type == WIRE_BLOB_STOP) {
		relay_stop(ag);
		return 0;
	}
	if (frame->type != WIRE_BLOB_WANTED || !message_sha256(v))
		return ERR_PROTOCOL;
	if (ag->job->end == JOB_NOT_ENDED)
		relay_wanted(ag, message_sha256(v));
	return 0;
}

/* The worker has ended, or must. */
static void end_worker(struct agent *ag)
{
	char how[80], msg[128];
	bool lost = !ag->job->answered;
	ag->check_lost = ag->check_lost || ag->worker->check_mode;
	if (lost)
		process_tree_kill(ag->worker->pid, SIGKILL, NULL);
	worker_end(ag->worker, how, sizeof(how));
	snprintf(msg, sizeof(msg), "the task's process was %s", how[0] ? how : "ended");
	if (lost && ag->job->end != JOB_NOT_ENDED)
		answer_ended(ag);
	else if (lost)
		answer(ag, msg, NULL);
	finish(ag);
}

void execution_handle(struct agent *ag)
{
	struct wire_frame frame;
	int n = 0, r = 0;
	while (r == 0 && (n = wire_reader_next(&ag->worker->peer.reader, &frame, NULL)) > 0)
		r = take_frame(ag, &frame);
	if (r < 0 || n < 0 || ag->worker->peer.ended)
		end_worker(ag);
	else if (ag->job->answered && ag->worker->check_mode)
		finish(ag);
}

/* --- time ------------------------------------------------------------------ */

void execution_tick(struct agent *ag)
{
	int64_t now_ms = clock_now_ms();
	if (ag->output.flush_at_ms && now_ms >= ag->output.flush_at_ms)
		output_flush(&ag->output);
	if (!ag->job || !ag->worker)
		return;
	if (now_ms >= ag->job->deadline_ms)
		execution_cancel(ag, JOB_TIMED_OUT);
	if (ag->job->end == JOB_NOT_ENDED || now_ms < ag->kill_at_ms)
		return;
	int64_t for_ms = now_ms - ag->job->ended_ms;
	ag->kill_at_ms = now_ms + KILL_INTERVAL_MS;
	if (for_ms < TERM_GRACE_MS)
		process_tree_kill(ag->worker->pid, SIGTERM, &ag->signalled);
	else
		process_tree_kill(ag->worker->pid, SIGKILL, NULL);
	if (for_ms >= WORKER_GRACE_MS)
		kill(ag->worker->pid, SIGKILL);
}

int64_t execution_next_ms(const struct agent *ag)
{
	int64_t next_ms = ag->output.flush_at_ms ? ag->output.flush_at_ms : INT64_MAX;
	if (!ag->job || !ag->worker)
		return next_ms;
	int64_t job_ms = ag->job->end == JOB_NOT_ENDED ? ag->job->deadline_ms : ag->kill_at_ms;
	return job_ms < next_ms ? job_ms : next_ms;
}

void execution_release(struct agent *ag)
{
	worker_end(&ag->real, NULL, 0);
	worker_end(&ag->check, NULL, 0);
	job_free(ag->job);
	vec_release(&ag->signalled);
}
