/*
 * The connection to one host's agent: opened when there is work, kept until the
 * run ends, retried with backoff. Requests are answered in order.
 *
 * States: IDLE → WAITS_FOR_SLOT → CONNECTING → UP; CONNECTING → BACKOFF →
 * CONNECTING on trouble that may pass; → DOWN when it does not, or after close.
 * IDLE → HELD while the host is being made → IDLE, or DOWN when that failed.
 * A link holds one of the run's `forks` slots while it has requests.
 */
#include "../emit.h"
#include "../gate.h"
#include "answers.h"
#include "parts.h"
#include "sending.h"

#include <stdlib.h>

struct link *link_new(struct run_host *host, const struct value *reach)
{
	struct link *l = xcalloc(1, sizeof(*l));
	l->run = host->run;
	l->reach = reach ? value_copy(&l->arena, reach, 0) : NULL;
	vec_push(&host->run->links, l);
	l->host = host;
	l->sending.fd = -1;
	l->timer.data = l;
	uv_timer_init(&l->run->loop, &l->timer);
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
	hearing_reset(l);
	arena_release(&l->arena);
	free(l);
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
		link_refuse_later(l);
	}
	return state != RUN_GATE_OPEN;
}

void link_start_work(struct link *l)
{
	if (l->state == LINK_HELD || (l->state == LINK_IDLE && held_by_gate(l)))
		return;
	if (!slot_take(l)) {
		if (l->state == LINK_IDLE)
			l->state = LINK_WAITS_FOR_SLOT;
		return;
	}
	if (l->state == LINK_IDLE || l->state == LINK_WAITS_FOR_SLOT)
		link_connect(l);
	else if (l->state == LINK_UP)
		link_pump(l);
}

/* ---- requests ---- */

void link_remove_request(struct link *l, size_t i)
{
	struct request *req = l->requests.at[i];
	vec_remove(&l->requests, i);
	if (req->flight && req->flight->request == req)
		req->flight->request = NULL;
	request_free(req);
	if (l->requests.len == 0) {
		slot_give(l);
		link_pass_slots(l->run);
	}
}

size_t link_find_request(const struct link *l, uint32_t id)
{
	for (size_t i = 0; i < l->requests.len; i++)
		if (l->requests.at[i]->id == id)
			return i;
	return l->requests.len;
}

/* The agent takes so many tasks, and so many bytes of them: docs/wire.md. */
static bool fits(const struct request *req, size_t ntasks, size_t nbytes)
{
	return ntasks == 0 ||
	       (ntasks < WIRE_QUEUED_TASKS_MAX && nbytes + req->frame.len <= WIRE_QUEUED_BYTES_MAX);
}

static void send_request(struct link *l, struct request *req)
{
	if (req->resumes)
		sending_message(l, WIRE_RESUME, 0, "strand", req->strand_id);
	req->sent = true;
	if (req->flight)
		req->flight->sent = true;
	sending_bytes(l, strbuf_slice(&req->frame));
}

void link_pump(struct link *l)
{
	size_t ntasks = 0, nbytes = 0;
	if (l->state != LINK_UP || link_renews(l))
		return;
	for (size_t i = 0; i < l->requests.len; i++) {
		ntasks += l->requests.at[i]->sent;
		nbytes += l->requests.at[i]->sent ? l->requests.at[i]->frame.len : 0;
	}
	for (size_t i = 0; i < l->requests.len; i++) {
		struct request *req = l->requests.at[i];
		if (req->sent)
			continue;
		if (!fits(req, ntasks, nbytes))
			return;
		send_request(l, req);
		ntasks++;
		nbytes += req->frame.len;
	}
}

void link_unsend(struct request *req)
{
	req->sent = false;
	req->answered = 0;
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
	if (l->run->closing)
		return; /* nobody connects any more */
	if (l->state == LINK_DOWN || l->state == LINK_CLOSING)
		l->state = LINK_IDLE;
	link_start_work(l);
}

void link_abandon(struct link *l, const struct flight *flight)
{
	for (size_t i = 0; i < l->requests.len;) {
		struct request *req = l->requests.at[i];
		if (req->flight == flight) {
			req->flight = NULL;
			if (!req->sent) {
				link_remove_request(l, i);
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
		sending_message(l, WIRE_CANCEL, req->id, NULL, 0);
	}
}

void link_send_again(struct link *l, size_t i)
{
	struct request *req = l->requests.at[i];
	uint32_t strand_id = req->strand_id;
	req->resumes = true;
	for (; i < l->requests.len; i++) {
		req = l->requests.at[i];
		if (req->strand_id != strand_id || !req->flight)
			continue;
		set_id(l, req); /* DROPPED may be under way for the old one */
		link_unsend(req);
	}
	link_pump(l);
}

/* ---- a host that is still being made ---- */

void link_open_gate(struct link *l)
{
	if (l->state != LINK_HELD)
		return;
	l->state = LINK_IDLE;
	link_start_work(l);
}

void link_fail_gate(struct link *l, const struct err *why)
{
	if (l->state != LINK_HELD)
		return;
	l->state = LINK_DOWN;
	l->refused = *why;
	link_fail_all(l, why);
}
