/*
 * The connection to one host's agent: opened when there is work, kept until the
 * run ends, retried with backoff. Requests are answered in order.
 *
 * States: IDLE → WAITS_FOR_SLOT → CONNECTING → UP; CONNECTING → BACKOFF →
 * CONNECTING on trouble that may pass; → DOWN when it does not, or after close.
 * IDLE → HELD while the host is being made → IDLE, or DOWN when that failed.
 * A link holds one of the run's `forks` slots while it has requests.
 */
#include "rollout/base/clock.h"
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define BACKOFF_FIRST_MS 1000
#define BACKOFF_MAX_MS 15000
#define DROPPED_MAX 3 /* times that a task is sent again */

static void connect_now(struct link *l);
static void pump(struct link *l);
static void refuse_later(struct link *l);

static void request_free(struct request *req)
{
	strbuf_wipe(&req->frame);
	free(req);
}

struct link *link_new(struct run_host *host, const struct value *reach)
{
	struct link *l = xcalloc(1, sizeof(*l));
	l->run = host->run;
	l->reach = reach ? value_copy(&l->arena, reach, 0) : NULL;
	vec_push(&host->run->links, l);
	l->host = host;
	l->sending.fd = -1;
	l->backoff.data = l;
	uv_timer_init(&l->run->loop, &l->backoff);
	return l;
}

void link_free(struct link *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->requests.len; i++)
		request_free(l->requests.at[i]);
	vec_release(&l->requests);
	sending_reset(l);
	wire_reader_release(&l->reader);
	arena_release(&l->arena);
	free(l);
}

/* ---- slots: at most `forks` hosts with work in flight ---- */

static void take_slot_or_queue(struct link *l)
{
	struct run *run = l->run;
	if (l->has_slot)
		return;
	if (run->slots_used < run->opts->forks) {
		run->slots_used++;
		l->has_slot = true;
		return;
	}
	for (size_t i = 0; i < run->slot_queue.len; i++)
		if (run->slot_queue.at[i] == l)
			return;
	vec_push(&run->slot_queue, l);
}

static void give_slot(struct link *l)
{
	struct run *run = l->run;
	for (size_t i = 0; i < run->slot_queue.len; i++)
		if (run->slot_queue.at[i] == l) {
			vec_remove(&run->slot_queue, i);
			break;
		}
	if (!l->has_slot)
		return;
	l->has_slot = false;
	run->slots_used--;
}

/* Waits for its host, or learns at once that it will not come. */
static bool held_by_gate(struct link *l)
{
	const char *text;
	enum run_gate_state state = gate_ask(l, &text);
	if (state == RUN_GATE_WAITS) {
		l->state = LINK_HELD;
		emit_host_state(l->host, REPORT_HOST_BOOTING, text);
	} else if (state == RUN_GATE_FAILED) {
		err_set(&l->refused, ERR_UNREACHABLE, "%s", text);
		refuse_later(l);
	}
	return state != RUN_GATE_OPEN;
}

static void start_work(struct link *l)
{
	if (l->state == LINK_HELD || (l->state == LINK_IDLE && held_by_gate(l)))
		return;
	take_slot_or_queue(l);
	if (!l->has_slot) {
		if (l->state == LINK_IDLE)
			l->state = LINK_WAITS_FOR_SLOT;
		return;
	}
	if (l->state == LINK_IDLE || l->state == LINK_WAITS_FOR_SLOT)
		connect_now(l);
	else if (l->state == LINK_UP)
		pump(l);
}

void link_pass_slots(struct run *run)
{
	while (run->slot_queue.len && run->slots_used < run->opts->forks) {
		struct link *l = run->slot_queue.at[0];
		vec_remove(&run->slot_queue, 0);
		start_work(l);
	}
}

/* ---- requests ---- */

static void remove_request(struct link *l, size_t i)
{
	struct request *req = l->requests.at[i];
	vec_remove(&l->requests, i);
	if (req->flight && req->flight->request == req)
		req->flight->request = NULL;
	request_free(req);
	if (l->requests.len == 0) {
		give_slot(l);
		link_pass_slots(l->run);
	}
}

static size_t find_request(const struct link *l, uint32_t id)
{
	for (size_t i = 0; i < l->requests.len; i++)
		if (l->requests.at[i]->id == id)
			return i;
	return l->requests.len;
}

static void send_resume(struct link *l, uint32_t strand_id)
{
	struct arena a = {0};
	struct strbuf out CLEANUP(strbuf_release) = {0};
	struct value *v = value_dict_new(&a);
	value_dict_put(&a, v, "strand", value_int(&a, strand_id));
	wire_put_value(&out, WIRE_RESUME, 0, v);
	transport_send(l->transport, strbuf_slice(&out));
	arena_release(&a);
}

static void say_bye(struct link *l)
{
	struct arena a = {0};
	struct strbuf out CLEANUP(strbuf_release) = {0};
	wire_put_value(&out, WIRE_BYE, 0, value_dict_new(&a));
	transport_send(l->transport, strbuf_slice(&out));
	arena_release(&a);
}

/* ---- another connection in place of this one ---- */

/* Nothing is sent any more; what was sent is waited for. */
static bool renews(struct link *l)
{
	if (!l->renewing || l->state != LINK_UP)
		return false;
	for (size_t i = 0; i < l->requests.len; i++)
		if (l->requests.at[i]->sent)
			return true;
	say_bye(l);
	transport_close(l->transport);
	return true;
}

static void connect_anew(struct link *l)
{
	l->renewing = false;
	l->target = (struct transport_target){0};
	l->state = LINK_DOWN;
	if (l->requests.len)
		connect_now(l);
	run_drain(l->run);
}

/* Sends what was not sent yet. */
static void pump(struct link *l)
{
	if (renews(l))
		return;
	for (size_t i = 0; i < l->requests.len; i++) {
		struct request *req = l->requests.at[i];
		if (req->sent)
			continue;
		if (req->resumes)
			send_resume(l, req->strand_id);
		transport_send(l->transport, strbuf_slice(&req->frame));
		req->sent = true;
	}
}

static void set_id(struct link *l, struct request *req)
{
	req->id = ++l->next_id;
	/* the id stands in bytes 5 to 8 of the frame: docs/wire.md */
	for (int i = 0; i < 4; i++)
		req->frame.ptr[5 + i] = (char)(req->id >> (24 - 8 * i));
}

void link_submit(struct link *l, struct request *req)
{
	set_id(l, req);
	vec_push(&l->requests, req);
	if (l->state == LINK_DOWN || l->state == LINK_CLOSING)
		l->state = LINK_IDLE;
	start_work(l);
}

void link_abandon(struct link *l, const struct flight *flight)
{
	for (size_t i = 0; i < l->requests.len;) {
		struct request *req = l->requests.at[i];
		if (req->flight == flight) {
			req->flight = NULL;
			if (!req->sent) {
				remove_request(l, i);
				continue;
			}
		}
		i++;
	}
}

void link_recall(struct link *l, const struct flight *flight)
{
	for (size_t i = 0; i < l->requests.len; i++) {
		const struct request *req = l->requests.at[i];
		if (req->flight != flight || !req->sent || l->state != LINK_UP)
			continue;
		struct arena a = {0};
		struct strbuf out CLEANUP(strbuf_release) = {0};
		wire_put_value(&out, WIRE_CANCEL, req->id, value_dict_new(&a));
		transport_send(l->transport, strbuf_slice(&out));
		arena_release(&a);
	}
}

/* ---- what the agent says ---- */

static void on_result(struct link *l, size_t i, const struct value *v)
{
	struct request *req = l->requests.at[i];
	const struct value *item = value_get(v, "item"), *last = value_get(v, "last"),
			   *result = value_get(v, "result");
	struct flight *flight = req->flight;
	size_t index =
		item && item->type == VALUE_INT && item->integer >= 0 ? (size_t)item->integer : 0;
	bool is_last = !last || value_truthy(last);
	l->attempts = 0;
	if (is_last)
		remove_request(l, i);
	if (flight)
		flight_on_result(flight, index, result, is_last);
}

/* The agent left out a task of a stopped strand. One that is still wanted crossed
 * with the failure: it goes out again, with what was sent behind it. */
static void on_dropped(struct link *l, size_t i)
{
	struct request *req = l->requests.at[i];
	struct flight *flight = req->flight;
	uint32_t strand_id = req->strand_id;
	struct err why = {0};
	if (!flight || ++req->ndropped > DROPPED_MAX) {
		err_set(&why, ERR_PROTOCOL,
			"the agent does not do the task, since one before it failed");
		remove_request(l, i);
		if (flight)
			flight_on_lost(flight, &why);
		return;
	}
	req->resumes = true;
	for (; i < l->requests.len; i++) {
		req = l->requests.at[i];
		if (req->strand_id != strand_id || !req->flight)
			continue;
		set_id(l, req); /* DROPPED may be under way for the old one */
		req->sent = false;
	}
	pump(l);
}

static void on_frame(struct link *l, const struct wire_frame *frame, struct arena *a,
		     struct err *err, int *ret)
{
	const struct value *v;
	size_t i = find_request(l, frame->id);
	*ret = wire_value_decode(a, frame->payload, VALUE_UNSAFE, &v, err);
	if (*ret == 0 && v->type != VALUE_DICT)
		*ret = err_set(err, ERR_PROTOCOL, "the agent sent a %s where a dict belongs",
			       value_type_name(v));
	if (*ret < 0)
		return;
	if (frame->type == WIRE_HELLO) {
		const struct value *version = value_get(v, "version");
		if (!version || version->type != VALUE_INT || version->integer != WIRE_VERSION)
			*ret = err_set(err, ERR_PROTOCOL,
				       "the agent speaks another version of the protocol");
		return;
	}
	if (frame->type == WIRE_CONTENT_WANTED) {
		sending_small(l, value_get(v, "sha256"));
		return;
	}
	if (i == l->requests.len)
		return; /* an answer to what was abandoned */
	if (frame->type == WIRE_RESULT) {
		const struct value *result = value_get(v, "result");
		if (!result || result->type != VALUE_DICT)
			*ret = err_set(err, ERR_PROTOCOL,
				       "the agent sent a RESULT without a result");
		else
			on_result(l, i, v);
	} else if (frame->type == WIRE_DROPPED) {
		on_dropped(l, i);
	} else if (frame->type == WIRE_BLOB_WANTED) {
		sending_begin(l, frame->id, v);
	} else if (frame->type == WIRE_OUTPUT && l->requests.at[i]->flight) {
		const struct value *item = value_get(v, "item"), *stream = value_get(v, "stream"),
				   *data = value_get(v, "data");
		if (data && data->type == VALUE_STRING)
			flight_on_output(
				l->requests.at[i]->flight,
				item && item->type == VALUE_INT ? (size_t)item->integer : 0,
				stream && stream->type == VALUE_INT ? (int)stream->integer : 1,
				data->str);
	}
}

static void on_data(void *ctx, struct slice bytes)
{
	struct link *l = ctx;
	struct wire_frame frame;
	struct err err = {0};
	int r = 0, n = 0;
	wire_reader_feed(&l->reader, bytes.ptr, bytes.len);
	while (r == 0 && (n = wire_reader_next(&l->reader, &frame, &err)) > 0) {
		struct arena a = {0};
		on_frame(l, &frame, &a, &err, &r);
		arena_release(&a);
	}
	if (r < 0 || n < 0) {
		l->refused = err;
		transport_close(l->transport);
	} else {
		(void)renews(l);
	}
	run_drain(l->run);
}

static void on_up(void *ctx, const struct transport_info *info)
{
	struct link *l = ctx;
	(void)info;
	l->state = LINK_UP;
	emit_host_state(l->host, REPORT_HOST_UP, NULL);
	pump(l);
	run_drain(l->run);
}

static void on_drained(void *ctx)
{
	struct link *l = ctx;
	if (l->sending.id)
		sending_pump(l);
}

/* ---- trouble ---- */

static bool may_pass(const struct err *why)
{
	return why->code == ERR_UNREACHABLE || why->code == ERR_TIMEOUT;
}

static struct request *take_lost(struct link *l)
{
	for (size_t i = 0; i < l->requests.len; i++) {
		struct request *req = l->requests.at[i];
		if (!req->lost)
			continue;
		vec_remove(&l->requests, i);
		return req;
	}
	return NULL;
}

/* What nobody waits for any more must not be done by the next agent, which
 * knows nothing of stopped strands. */
static void forget_abandoned(struct link *l)
{
	for (size_t i = 0; i < l->requests.len;) {
		struct request *req = l->requests.at[i];
		if (req->flight) {
			i++;
			continue;
		}
		vec_remove(&l->requests, i);
		request_free(req);
	}
	if (l->requests.len == 0)
		give_slot(l);
}

/* Everything that waits learns that the host cannot be had. */
static void fail_all(struct link *l, const struct err *why)
{
	struct request *req;
	for (size_t i = 0; i < l->requests.len; i++)
		l->requests.at[i]->lost = true;
	give_slot(l);
	/* the first that learns of it may drop others, and submit new ones */
	while ((req = take_lost(l))) {
		struct flight *flight = req->flight;
		request_free(req);
		if (!flight)
			continue;
		flight->request = NULL;
		flight_on_lost(flight, why);
	}
	link_pass_slots(l->run);
}

static void on_backoff(uv_timer_t *timer)
{
	struct link *l = timer->data;
	if (l->state == LINK_BACKOFF)
		connect_now(l);
	run_drain(l->run);
}

static bool retry_later(struct link *l, const struct err *why)
{
	int64_t wait = BACKOFF_FIRST_MS;
	if (!may_pass(why) || l->attempts >= l->run->opts->connect_retries || l->run->stopping)
		return false;
	for (unsigned i = 0; i < l->attempts && wait < BACKOFF_MAX_MS; i++)
		wait *= 2;
	l->attempts++;
	l->state = LINK_BACKOFF;
	wait += (int64_t)(hash_bytes(l->host->inv->name, strlen(l->host->inv->name)) % 250);
	emit_host_state(l->host, REPORT_HOST_RETRYING, why->msg);
	uv_timer_start(&l->backoff, on_backoff, (uint64_t)wait, 0);
	return true;
}

/* The first request that was under way and may not be done twice, or NULL. */
static const struct request *interrupted_once_only(const struct link *l)
{
	for (size_t i = 0; i < l->requests.len; i++)
		if (l->requests.at[i]->sent && !l->requests.at[i]->resendable &&
		    l->requests.at[i]->flight)
			return l->requests.at[i];
	return NULL;
}

static void on_down(void *ctx, const struct err *why)
{
	struct link *l = ctx;
	bool was_up = l->state == LINK_UP;
	struct err lost = {.code = ERR_UNREACHABLE};
	l->transport = NULL;
	wire_reader_release(&l->reader);
	l->reader = (struct wire_reader){0};
	sending_reset(l);
	forget_abandoned(l);
	if (l->renewing && was_up && !l->refused.code) {
		connect_anew(l);
		return;
	}
	if (l->refused.code) {
		lost = l->refused;
		why = &lost;
	}
	if (l->requests.len == 0 || l->state == LINK_CLOSING) {
		l->state = LINK_DOWN;
		fail_all(l, why ? why : &lost);
		run_drain(l->run);
		return;
	}
	if (!why) {
		snprintf(lost.msg, sizeof(lost.msg), "the agent ended unexpectedly");
		why = &lost;
	}
	const struct request *once = was_up ? interrupted_once_only(l) : NULL;
	if (once) {
		err_set(&lost, ERR_UNREACHABLE,
			"the connection was lost with '%s' under way; it may or may not have been "
			"done (%s)",
			once->task, why->msg);
		l->state = LINK_DOWN;
		fail_all(l, &lost);
	} else {
		if (why != &lost)
			lost = *why;
		for (size_t i = 0; i < l->requests.len; i++)
			l->requests.at[i]->sent = false;
		if (!retry_later(l, &lost)) {
			l->state = LINK_DOWN;
			fail_all(l, &lost);
		}
	}
	run_drain(l->run);
}

void link_open_gate(struct link *l)
{
	if (l->state != LINK_HELD)
		return;
	l->state = LINK_IDLE;
	start_work(l);
}

void link_fail_gate(struct link *l, const struct err *why)
{
	if (l->state != LINK_HELD)
		return;
	l->state = LINK_DOWN;
	l->refused = *why;
	fail_all(l, why);
}

static const struct transport_events link_events = {on_up, on_data, on_drained, on_down};

static void on_refused(uv_timer_t *timer)
{
	struct link *l = timer->data;
	struct err why = l->refused;
	l->state = LINK_DOWN;
	fail_all(l, &why);
	run_drain(l->run);
}

/* Not at once: whoever submits still holds the flight. */
static void refuse_later(struct link *l)
{
	l->state = LINK_BACKOFF;
	uv_timer_start(&l->backoff, on_refused, 0, 0);
}

static void connect_now(struct link *l)
{
	struct err err = {0};
	l->refused = err;
	if (!l->target.name && link_resolve_target(l, &err) < 0) {
		l->refused = err;
		refuse_later(l);
		return;
	}
	l->state = LINK_CONNECTING;
	emit_host_state(l->host, REPORT_HOST_CONNECTING, NULL);
	l->transport = transport_open(&l->run->loop, &l->target, &link_events, l);
}

static void on_timer_closed(uv_handle_t *h)
{
	(void)h;
}

void link_close(struct link *l)
{
	if (l->state == LINK_UP && l->transport)
		say_bye(l);
	uv_timer_stop(&l->backoff);
	if (!uv_is_closing((uv_handle_t *)&l->backoff))
		uv_close((uv_handle_t *)&l->backoff, on_timer_closed);
	if (l->transport) {
		l->state = LINK_CLOSING;
		transport_close(l->transport);
	} else {
		l->state = LINK_DOWN;
		struct err gone = {.code = ERR_CANCELLED, .msg = "the run was interrupted"};
		fail_all(l, &gone);
	}
}
