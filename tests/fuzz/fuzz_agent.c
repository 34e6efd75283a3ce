/*
 * The agent's own process between two that it must not trust: the controller's frames
 * (src/agent/controller.c, the queue, content) and those of a task's process, which may
 * run as anybody (execution.c, relay.c). The input is a row of pieces, each from one of
 * the two. No process is started and nothing runs. Whatever comes, what the agent says
 * are frames that it may say, each task is answered once, and what it holds is bounded.
 */
#include "../../src/agent/pipe/message.h"
#include "../../src/agent/state.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- in place of process/worker.c, process_tree.c and kill(2) ---- */

#define NO_PID 0x7ffffff0

int worker_start(struct worker *w, bool check_mode, struct err *err UNUSED)
{
	*w = (struct worker){
		.pid = NO_PID, .peer = {.in = -1, .out = -1}, .check_mode = check_mode};
	return 0;
}

void worker_end(struct worker *w, char *buf, size_t size)
{
	if (size > 0)
		buf[0] = '\0';
	wire_reader_release(&w->peer.reader);
	strbuf_wipe(&w->peer.queue);
	*w = (struct worker){0};
}

void process_tree_kill(pid_t root, int signal_number UNUSED, pids *seen UNUSED)
{
	if (root != NO_PID)
		abort();
}

int kill(pid_t pid, int sig UNUSED)
{
	if (pid != NO_PID)
		abort();
	return 0;
}

/* Nothing has a descriptor here. */
void peer_flush(struct peer *p UNUSED)
{
}

void peer_read(struct peer *p UNUSED)
{
}

void peer_flush_all(struct peer *p UNUSED)
{
}

void peer_close(struct peer *p UNUSED)
{
}

/* ---- what was sent, and answered ---- */

struct judge {
	struct wire_reader controller, agent, to_worker;
	unsigned open[256]; /* tasks by the low byte of their id: not answered yet */
};

/* Those the agent takes; of the others it ends. */
static void note_task(struct judge *j, const struct wire_frame *f)
{
	if (f->type == WIRE_TASK)
		j->open[f->id & 0xff]++;
}

static bool is_last(struct slice payload)
{
	struct arena a = {0};
	struct err err = {0};
	const struct value *v, *last;
	if (wire_value_decode(&a, payload, 0, &v, &err) < 0 || v->type != VALUE_DICT ||
	    !(last = value_get(v, "last")))
		abort();
	bool yes = value_truthy(last);
	arena_release(&a);
	return yes;
}

static void judge_said(struct judge *j, struct agent *ag)
{
	struct wire_frame f;
	struct err err = {0};
	int n;
	wire_reader_feed(&j->agent, ag->controller.queue.ptr, ag->controller.queue.len);
	strbuf_truncate(&ag->controller.queue, 0);
	while ((n = wire_reader_next(&j->agent, &f, &err)) > 0) {
		if (f.type >= WIRE_TASK)
			abort();
		bool ends = f.type == WIRE_DROPPED || (f.type == WIRE_RESULT && is_last(f.payload));
		if (ends && j->open[f.id & 0xff]-- == 0)
			abort();
	}
	if (n < 0)
		abort();
}

static void judge_worker(struct judge *j, struct worker *w)
{
	struct wire_frame f;
	struct err err = {0};
	int n;
	wire_reader_feed(&j->to_worker, w->peer.queue.ptr, w->peer.queue.len);
	strbuf_truncate(&w->peer.queue, 0);
	while ((n = wire_reader_next(&j->to_worker, &f, &err)) > 0)
		if (f.type < WIRE_TASK)
			abort();
	if (n < 0)
		abort();
}

static void judge_bounds(const struct agent *ag)
{
	size_t bytes = 0;
	for (size_t i = 0; i < ag->queue.waiting.len; i++)
		bytes += ag->queue.waiting.at[i]->payload.len;
	if (bytes != ag->queue.bytes || ag->queue.waiting.len > WIRE_QUEUED_TASKS_MAX ||
	    ag->contents.size_bytes > CONTENT_ALL_MAX ||
	    ag->relay.copy.len > CONTENT_ONE_MAX + WIRE_BLOB_CHUNK)
		abort();
}

/* ---- the conversation ---- */

/* The controller's frames are noted as it takes them, one at a time. */
static void from_controller(struct agent *ag, struct judge *j, struct slice bytes)
{
	struct wire_frame f;
	struct err err = {0};
	wire_reader_feed(&j->controller, bytes.ptr, bytes.len);
	while (!ag->leaving && wire_reader_next(&j->controller, &f, &err) > 0)
		note_task(j, &f);
	wire_reader_feed(&ag->controller.reader, bytes.ptr, bytes.len);
	controller_handle(ag);
}

static void from_worker(struct agent *ag, struct slice bytes)
{
	if (!ag->worker)
		return;
	wire_reader_feed(&ag->worker->peer.reader, bytes.ptr, bytes.len);
	execution_handle(ag);
}

/* A frame of a task's process about the task that runs, as it would send it. */
static void true_answer(struct agent *ag, unsigned how)
{
	struct strbuf out = {0};
	struct arena a = {0};
	static const char sha[] =
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	if (!ag->worker || !ag->job)
		return;
	uint32_t id = ag->job->id;
	switch (how % 5) {
	case 0:
		message_put_result(&out, id, ag->job->next_item,
				   ag->job->next_item + 1 == ag->job->nitems, value_dict_new(&a));
		break;
	case 1:
		message_put_failure(&out, id, ag->job->next_item, "no", NULL);
		break;
	case 2:
		message_put_sha256(&out, WIRE_BLOB_WANTED, id, sha, NULL);
		break;
	case 3:
		message_put_empty(&out, WIRE_BLOB_STOP, id);
		break;
	default:
		message_put_output(&out, id, 0, 1, SLICE_LIT("text"), 0);
	}
	from_worker(ag, strbuf_slice(&out));
	strbuf_release(&out);
	arena_release(&a);
}

/* A piece: who (two bits), then a byte that is its length or how. */
static void piece(struct agent *ag, struct judge *j, struct slice *rest)
{
	uint8_t who = (uint8_t)rest->ptr[0];
	size_t n = rest->len > 1 ? (uint8_t)rest->ptr[1] : 0, head = rest->len > 1 ? 2 : 1;
	struct slice bytes = {rest->ptr + head, 0};
	rest->ptr += head;
	rest->len -= head;
	if ((who & 3) < 2) {
		bytes.len = n < rest->len ? n : rest->len;
		rest->ptr += bytes.len;
		rest->len -= bytes.len;
	}
	if ((who & 3) == 0)
		from_controller(ag, j, bytes);
	else if ((who & 3) == 1)
		from_worker(ag, bytes);
	else if ((who & 3) == 2)
		true_answer(ag, (unsigned)n);
	else if (ag->worker && n > 250) {
		ag->worker->peer.ended = true;
		execution_handle(ag);
	}
}

static bool task_is_over(void *ctx, uint32_t id)
{
	const struct agent *ag = ctx;
	return !(ag->job && ag->job->id == id) && !queue_find(&ag->queue, id);
}

static void release(struct agent *ag, struct judge *j)
{
	execution_release(ag);
	output_release(&ag->output);
	queue_release(&ag->queue);
	contents_release(&ag->contents);
	ahead_release(&ag->ahead);
	strbuf_wipe(&ag->relay.copy);
	wire_reader_release(&ag->controller.reader);
	strbuf_wipe(&ag->controller.queue);
	wire_reader_release(&j->controller);
	wire_reader_release(&j->agent);
	wire_reader_release(&j->to_worker);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct agent ag = {.controller = {.in = -1, .out = -1}, .signal_fd = -1};
	struct judge j = {0};
	struct slice rest = {(const char *)data, size};
	ag.output.to = &ag.controller;
	while (rest.len > 0 && !ag.leaving) {
		piece(&ag, &j, &rest);
		execution_start_next(&ag);
		ahead_ask(&ag.ahead, task_is_over, &ag, &ag.controller.queue);
		judge_said(&j, &ag);
		if (ag.worker)
			judge_worker(&j, ag.worker);
		else
			wire_reader_release(&j.to_worker), j.to_worker = (struct wire_reader){0};
		judge_bounds(&ag);
	}
	release(&ag, &j);
	return 0;
}
