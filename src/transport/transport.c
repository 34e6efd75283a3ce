#include "pipe.h"

#include "rollout/base/clock.h"

#include <stdlib.h>

static void free_handle(uv_handle_t *h)
{
	free(h);
}

static void on_end(uv_timer_t *timer)
{
	struct transport *t = timer->data;
	const struct transport_events events = t->events;
	void *ctx = t->ctx;
	struct err why = t->why;
	bool failed = t->failed;
	t->ops->stop(t);
	uv_close((uv_handle_t *)t->timer, free_handle);
	bootstrap_release(&t->boot);
	strbuf_wipe(&t->queue);
	free(t);
	events.on_down(ctx, failed ? &why : NULL);
}

static void end(struct transport *t)
{
	t->state = TRANSPORT_ENDING;
	uv_timer_start(t->timer, on_end, 0, 0);
}

void transport_fail(struct transport *t, const struct err *why)
{
	if (t->state == TRANSPORT_ENDING)
		return;
	t->failed = t->state != TRANSPORT_CLOSING;
	t->why = *why;
	end(t);
}

/* login_only: the command was all there is to run. */
static void login_worked(struct transport *t)
{
	const struct transport_info info = {.connect_ms = t->connected_ms - t->begun_ms,
					    .start_ms = clock_now_ms() - t->connected_ms};
	t->state = TRANSPORT_UP;
	uv_timer_stop(t->timer);
	t->events.on_up(t->ctx, &info);
}

void transport_ended(struct transport *t, int status, const char *signal)
{
	struct err why = {0};
	if (t->state == TRANSPORT_ENDING)
		return;
	if (t->target.login_only && t->state == TRANSPORT_STARTING && status == 0 && !signal) {
		login_worked(t);
		return;
	}
	bootstrap_explain(&t->boot, status, signal, &why);
	transport_fail(t, &why);
}

static void on_limit(uv_timer_t *timer)
{
	struct transport *t = timer->data;
	struct err why = {0};
	char said[300];
	if (t->state == TRANSPORT_CLOSING) {
		end(t);
		return;
	}
	bootstrap_said(&t->boot, said, sizeof(said));
	err_set(&why, ERR_TIMEOUT, "%s: the %s within %lld s%s%s", t->target.name,
		t->target.login_only ? "login's command did not end" : "agent did not start",
		(long long)(t->target.start_timeout_ms / 1000), said[0] ? ": " : "", said);
	transport_fail(t, &why);
}

void transport_started(struct transport *t)
{
	t->state = TRANSPORT_STARTING;
	t->connected_ms = clock_now_ms();
	uv_timer_start(t->timer, on_limit, (uint64_t)t->target.start_timeout_ms, 0);
}

struct slice transport_pending(const struct transport *t)
{
	struct slice s = strbuf_slice(&t->queue);
	return (struct slice){s.ptr + t->queue_at, s.len - t->queue_at};
}

void transport_took(struct transport *t, size_t n)
{
	t->queue_at += n;
	if (t->queue_at == t->queue.len) {
		/* what waited may have been a password or a vault's secret */
		if (t->queue.ptr)
			explicit_bzero(t->queue.ptr, t->queue.len);
		strbuf_truncate(&t->queue, 0);
		t->queue_at = 0;
	} else if (t->queue_at > TRANSPORT_QUEUE_HIGH) {
		strbuf_drop_front(&t->queue, t->queue_at);
		t->queue_at = 0;
	}
	if (transport_queued(t) == 0 && t->state == TRANSPORT_UP && t->events.on_drained)
		t->events.on_drained(t->ctx);
}

/* --- what the conversation wants --- */

static void boot_write(void *ctx, struct slice bytes)
{
	struct transport *t = ctx;
	strbuf_slice_append(&t->queue, bytes);
	t->ops->push(t);
}

static void boot_up(void *ctx, const char *machine, bool cached)
{
	struct transport *t = ctx;
	const struct transport_info info = {.machine = machine,
					    .agent_was_cached = cached,
					    .connect_ms = t->connected_ms - t->begun_ms,
					    .start_ms = clock_now_ms() - t->connected_ms};
	if (t->state != TRANSPORT_STARTING)
		return;
	t->state = TRANSPORT_UP;
	uv_timer_stop(t->timer);
	t->events.on_up(t->ctx, &info);
}

static void boot_data(void *ctx, struct slice bytes)
{
	struct transport *t = ctx;
	if (t->state == TRANSPORT_UP || t->state == TRANSPORT_CLOSING)
		t->events.on_data(t->ctx, bytes);
}

static void boot_fail(void *ctx, const struct err *why)
{
	transport_fail(ctx, why);
}

/* --- the contract --- */

void transport_init(struct transport *t, const struct transport_ops *ops, uv_loop_t *loop,
		    const struct transport_target *target)
{
	t->ops = ops;
	t->loop = loop;
	t->target = *target;
	if (t->target.start_timeout_ms <= 0)
		t->target.start_timeout_ms = TRANSPORT_START_TIMEOUT_MS;
	t->begun_ms = clock_now_ms();
	t->timer = xcalloc(1, sizeof(*t->timer));
	t->timer->data = t;
	uv_timer_init(loop, t->timer);
}

struct transport *transport_open(uv_loop_t *loop, const struct transport_target *target,
				 const struct transport_events *events, void *ctx)
{
	static const struct bootstrap_ops ops = {boot_write, boot_up, boot_data, boot_fail};
	struct transport *t =
		target->kind == TRANSPORT_LOCAL ? local_open(loop, target) : ssh_open(loop, target);
	t->events = *events;
	t->ctx = ctx;
	bootstrap_init(&t->boot, &t->target, &ops, t);
	return t;
}

void transport_send(struct transport *t, struct slice bytes)
{
	if (t->state != TRANSPORT_UP || bytes.len == 0 || t->target.login_only)
		return;
	strbuf_slice_append(&t->queue, bytes);
	t->ops->push(t);
}

size_t transport_queued(const struct transport *t)
{
	return t->queue.len - t->queue_at + t->in_flight;
}

void transport_close(struct transport *t)
{
	if (t->state == TRANSPORT_ENDING || t->state == TRANSPORT_CLOSING)
		return;
	if (t->state != TRANSPORT_UP || t->target.login_only) {
		end(t);
		return;
	}
	t->state = TRANSPORT_CLOSING;
	uv_timer_start(t->timer, on_limit, TRANSPORT_CLOSE_LIMIT_MS, 0);
	t->ops->push(t);
}
