#include "runner.h"

#include "../pipe/message.h"
#include "../pipe/peer.h"
#include "detach.h"
#include "environment.h"
#include "identity.h"
#include "rollout/base/file.h"
#include "rollout/module/module.h"
#include "rollout/wire/task.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

/* OPEN → COMES, when it is asked for → ENDED. */
struct blob {
	enum { BLOB_ENDED, BLOB_OPEN, BLOB_COMES } state;
	uint64_t received;
	char sha256[SHA256_HEX_SIZE];
};
struct runner {
	struct peer up; /* the agent's own process */
	struct host *real, *host;
	uint32_t id;
	size_t item;
	bool cancelled;
	struct blob blob; /* content on its way to the module */
};

static void die(void)
{
	_exit(1);
}

/* The next frame, waiting for it. */
static void next_frame(struct runner *run, struct wire_frame *ret)
{
	struct err err;
	int n;
	while ((n = wire_reader_next(&run->up.reader, ret, &err)) == 0) {
		peer_read(&run->up);
		if (run->up.ended)
			die();
	}
	if (n < 0)
		die();
}

/* Between items: is there a CANCEL, or nobody any more? */
static void look_for_cancel(struct runner *run)
{
	struct pollfd fd = {.fd = run->up.in, .events = POLLIN};
	struct wire_frame frame;
	struct err err;
	if (poll(&fd, 1, 0) > 0)
		peer_read(&run->up);
	if (run->up.ended)
		die();
	while (wire_reader_next(&run->up.reader, &frame, &err) > 0) {
		if (frame.type == WIRE_CANCEL && frame.id == run->id)
			run->cancelled = true;
	}
}

/* --- services ------------------------------------------------------------ */

static void on_output(void *self, int stream, struct slice bytes)
{
	struct runner *run = self;
	while (bytes.len > 0) {
		size_t n = bytes.len < WIRE_OUTPUT_CHUNK ? bytes.len : WIRE_OUTPUT_CHUNK;
		message_put_output(&run->up.queue, run->id, run->item, stream,
				   (struct slice){bytes.ptr, n}, 0);
		bytes = (struct slice){bytes.ptr + n, bytes.len - n};
	}
	peer_flush_all(&run->up);
}

static int blob_ended(const struct wire_frame *frame, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	const struct value *v, *error;
	int r = wire_value_decode(&a, frame->payload, 0, &v, err);
	if (r < 0)
		return r;
	error = value_get(v, "error");
	if (!error)
		return 0;
	struct slice why = error->type == VALUE_STRING ? error->str : SLICE_LIT("?");
	return err_set(err, ERR_NOT_FOUND, "the content was not sent: %.*s", SLICE_ARG(why));
}

/* What is not part of it ends it. */
static int take_piece(struct runner *run, const struct wire_frame *frame, struct slice *ret,
		      struct err *err)
{
	struct blob *b = &run->blob;
	*ret = (struct slice){0};
	if (frame->type == WIRE_BLOB) {
		b->received += frame->payload.len;
		*ret = frame->payload;
		return b->received <= WIRE_BLOB_MAX
			       ? 0
			       : err_set(err, ERR_LIMIT, "content of more than %llu bytes",
					 WIRE_BLOB_MAX);
	}
	b->state = BLOB_ENDED;
	if (frame->type == WIRE_BLOB_END)
		return blob_ended(frame, err);
	if (frame->type != WIRE_CANCEL)
		die();
	run->cancelled = true;
	return err_set(err, ERR_CANCELLED, "cancelled");
}

static int next_piece(void *self, struct slice *ret, struct err *err)
{
	struct runner *run = self;
	struct wire_frame frame;
	if (run->cancelled)
		return err_set(err, ERR_CANCELLED, "cancelled");
	if (run->blob.state == BLOB_ENDED) {
		*ret = (struct slice){0};
		return 0;
	}
	if (run->blob.state == BLOB_OPEN) {
		message_put_sha256(&run->up.queue, WIRE_BLOB_WANTED, run->id, run->blob.sha256,
				   NULL);
		peer_flush_all(&run->up);
		run->blob.state = BLOB_COMES;
	}
	next_frame(run, &frame);
	return take_piece(run, &frame, ret, err);
}

static int open_content(void *self, const char *sha256, struct host_stream *ret, struct err *err)
{
	struct runner *run = self;
	(void)err;
	run->blob = (struct blob){.state = BLOB_OPEN};
	memcpy(run->blob.sha256, sha256, sizeof(run->blob.sha256));
	*ret = (struct host_stream){.self = run, .next = next_piece};
	return 0;
}

/* What is under way is read to its end, or it would be taken for the next. */
static void close_content(void *self)
{
	struct runner *run = self;
	struct slice piece;
	if (run->blob.state == BLOB_COMES) {
		message_put_empty(&run->up.queue, WIRE_BLOB_STOP, run->id);
		peer_flush_all(&run->up);
	}
	while (run->blob.state == BLOB_COMES)
		(void)next_piece(run, &piece, NULL);
	run->blob.state = BLOB_ENDED;
}

static int put_pieces(struct runner *run, struct slice bytes, struct err *err)
{
	while (bytes.len > 0) {
		size_t n = bytes.len < WIRE_BLOB_CHUNK ? bytes.len : WIRE_BLOB_CHUNK;
		look_for_cancel(run);
		if (run->cancelled)
			return err_set(err, ERR_CANCELLED, "cancelled");
		wire_put_bytes(&run->up.queue, WIRE_PIECE, run->id, (struct slice){bytes.ptr, n});
		peer_flush_all(&run->up);
		bytes = (struct slice){bytes.ptr + n, bytes.len - n};
	}
	return 0;
}

static int send_file(void *self, const char *source, const struct host_stream *s, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct runner *run = self;
	struct slice piece;
	struct value *v = value_dict_new(&a);
	if (s->size > WIRE_BLOB_MAX)
		return err_set(err, ERR_LIMIT, "%s is larger than %llu GiB", source,
			       WIRE_BLOB_MAX >> 30);
	value_dict_put(&a, v, "source", value_cstr(&a, source));
	value_dict_put(&a, v, "size", value_int(&a, (int64_t)s->size));
	wire_put_value(&run->up.queue, WIRE_FILE, run->id, v);
	uint64_t left = s->size;
	int r;
	while ((r = s->next(s->self, &piece, err)) == 0 && piece.len > 0) {
		if (piece.len > left)
			return err_set(err, ERR_INVALID, "%s has grown while it was sent", source);
		if ((r = put_pieces(run, piece, err)) < 0)
			return r;
		left -= piece.len;
	}
	return r;
}

/* --- tasks --------------------------------------------------------------- */

/* The task that goes on without this agent finds its content in a file. */
static int spool_content(struct module_call *call, const char *sha256, int *ret_fd, struct err *err)
{
	struct host_stream raw;
	int r = call->services->content_open(call->services->self, sha256, &raw, err);
	if (r == 0)
		r = host_spool(&raw, NULL, ret_fd, err);
	call->services->content_close(call->services->self);
	return r;
}

static void run_detached(struct runner *run, struct module_call *call, int64_t seconds)
{
	struct err err = {0};
	char text[sizeof(err.msg) + 64];
	if (seconds > DETACH_MAX_SECONDS)
		seconds = DETACH_MAX_SECONDS;
	CLEANUP(fd_close) int fd = -1;
	struct host_fd_stream content;
	struct err why = {0};
	const char *sha256 = arg_str(call, "_sha256");
	if (sha256)
		(void)spool_content(call, sha256, &fd, &why);
	host_fd_stream_init(&content, fd);
	const struct detach d = {seconds, run->up.in, &content, &why};
	int r = detach_start(call, &d, &err);
	if (r == 0)
		return;
	call->result = value_dict_new(call->arena);
	result_put_bool(call, "failed", true);
	result_put_str(call, "msg", err_format(&err, text, sizeof(text)));
}

static void run_item(struct runner *run, const struct wire_task *task, const struct module *m)
{
	const struct module_services services = {run, open_content, close_content, send_file,
						 on_output};
	CLEANUP(arena_release) struct arena a = {0};
	struct module_call call = {
		.module = m,
		.host = run->host,
		.arena = &a,
		.args = task->items->list.at[run->item],
		.check_mode = task->check_mode,
		.diff_mode = task->diff_mode,
		.no_log = task->no_log,
		.services = &services,
	};
	const struct value *seconds = value_get(call.args, "_async");
	if (seconds && seconds->type == VALUE_INT && !task->check_mode)
		run_detached(run, &call, seconds->integer);
	else
		module_run(&call);
	bool last = run->item + 1 == task->items->list.len;
	message_put_result(&run->up.queue, run->id, run->item, last, call.result);
	peer_flush_all(&run->up);
}

static int prepare(struct runner *run, struct arena *a, const struct wire_task *task,
		   const struct module **ret, struct err *err)
{
	struct identity who;
	*ret = module_find(slice_from(task->module));
	if (!*ret || !(*ret)->run)
		return err_set(err, ERR_NOT_FOUND, "the agent has no module '%s'", task->module);
	int r = identity_find(run->host, a, task->become_user, &who, err);
	if (r < 0)
		return r;
	identity_put_environment(&who);
	if (!task->check_mode)
		r = identity_drop(&who, err);
	/* Dropping takes it away, so only now: no task outlives the agent. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	for (size_t i = 0; r == 0 && task->environment && i < task->environment->dict.len; i++)
		setenv(task->environment->dict.at[i].key->str.ptr,
		       task->environment->dict.at[i].value->str.ptr, 1);
	return r;
}

static void run_task(struct runner *run, const struct wire_task *task, struct arena *a)
{
	const struct module *m;
	struct err err = {0};
	char text[sizeof(err.msg) + 64];
	run->item = 0;
	run->cancelled = false;
	if (prepare(run, a, task, &m, &err) < 0) {
		message_put_failure(&run->up.queue, run->id, 0,
				    err_format(&err, text, sizeof(text)), NULL);
		peer_flush_all(&run->up);
		return;
	}
	for (; run->item < task->items->list.len; run->item++) {
		look_for_cancel(run);
		if (run->cancelled) {
			message_put_failure(&run->up.queue, run->id, run->item, "cancelled", NULL);
			peer_flush_all(&run->up);
			return;
		}
		run_item(run, task, m);
	}
}

static void take_task(struct runner *run, const struct wire_frame *frame)
{
	CLEANUP(arena_release) struct arena a = {0};
	const struct value *v;
	struct wire_task task;
	struct err err;
	if (wire_value_decode(&a, frame->payload, 0, &v, &err) < 0 ||
	    wire_task_from_value(v, &task, &err) < 0)
		die();
	run->id = frame->id;
	run_task(run, &task, &a);
}

_Noreturn void runner_main(int fd, bool check_mode)
{
	struct runner run = {.up = {.in = fd, .out = fd}, .real = host_real_new()};
	struct environment saved;
	struct wire_frame frame;
	/* What a task started stays below its worker, and can be found; its
	 * session tells even when the worker is dead. */
	setsid();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	run.host = check_mode ? host_overlay_new(run.real) : run.real;
	environment_save(&saved);
	for (;;) {
		next_frame(&run, &frame);
		if (frame.type != WIRE_TASK)
			continue; /* what is left of a task that was cancelled */
		take_task(&run, &frame);
		if (!check_mode)
			_exit(0);
		environment_restore(&saved);
	}
}
