#include "runner.h"

#include "../pipe/message.h"
#include "../pipe/peer.h"
#include "detach.h"
#include "environment.h"
#include "identity.h"
#include "rollout/module/module.h"
#include "rollout/wire/task.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

struct runner {
	struct peer up; /* the agent's own process */
	struct host *real, *host;
	uint32_t id;
	size_t item;
	bool cancelled;
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

static int receive_blob(struct runner *run, struct strbuf *out, struct err *err)
{
	struct wire_frame frame;
	size_t start = out->len;
	for (;;) {
		next_frame(run, &frame);
		if (frame.type == WIRE_CANCEL) {
			run->cancelled = true;
			return err_set(err, ERR_CANCELLED, "cancelled");
		}
		if (frame.type == WIRE_BLOB_END)
			return blob_ended(&frame, err);
		if (frame.type != WIRE_BLOB)
			die();
		if (out->len - start + frame.payload.len > WIRE_BLOB_MAX)
			return err_set(err, ERR_LIMIT, "content of more than %u bytes",
				       WIRE_BLOB_MAX);
		strbuf_slice_append(out, frame.payload);
	}
}

static int get_blob(void *self, const char *sha256, struct strbuf *out, struct err *err)
{
	struct runner *run = self;
	size_t start = out->len;
	char hex[DIGEST_HEX_MAX];
	if (run->cancelled)
		return err_set(err, ERR_CANCELLED, "cancelled");
	message_put_sha256(&run->up.queue, WIRE_BLOB_WANTED, run->id, sha256, NULL);
	peer_flush_all(&run->up);
	int r = receive_blob(run, out, err);
	if (r == 0) {
		digest_bytes(DIGEST_SHA256, strbuf_slice(out).ptr + start, out->len - start, hex);
		if (strcmp(hex, sha256) != 0)
			r = err_set(err, ERR_PROTOCOL, "content %s arrived as %s", sha256, hex);
	}
	if (r < 0)
		strbuf_truncate(out, start);
	return r;
}

/* --- tasks --------------------------------------------------------------- */

static void run_detached(struct runner *run, struct module_call *call, int64_t seconds)
{
	struct err err = {0};
	char text[sizeof(err.msg) + 64];
	if (seconds > DETACH_MAX_SECONDS)
		seconds = DETACH_MAX_SECONDS;
	if (detach_start(call, seconds, run->up.in, &err) == 0)
		return;
	call->result = value_dict_new(call->arena);
	result_put_bool(call, "failed", true);
	result_put_str(call, "msg", err_format(&err, text, sizeof(text)));
}

static void run_item(struct runner *run, const struct wire_task *task, const struct module *m)
{
	const struct module_services services = {run, get_blob, on_output};
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
