/* A link's connection: opened, lost, tried again with backoff, closed. */
#include "../emit.h"
#include "../flight/flight.h"
#include "../run.h"
#include "parts.h"
#include "sending.h"

#define BACKOFF_FIRST_MS 1000
#define BACKOFF_MAX_MS 15000

static void on_up(void *ctx, const struct transport_info *info)
{
	struct link *l = ctx;
	(void)info;
	l->state = LINK_UP;
	alive_begin(l);
	emit_host_state(l->host, REPORT_HOST_UP, NULL);
	link_pump(l);
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
		slot_give(l);
}

/* Everything that waits learns that the host cannot be had. */
void link_fail_all(struct link *l, const struct err *why)
{
	struct request *req;
	for (size_t i = 0; i < l->requests.len; i++)
		l->requests.at[i]->lost = true;
	slot_give(l);
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
		link_connect(l);
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
	uv_timer_start(&l->timer, on_backoff, (uint64_t)wait, 0);
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
	bool was_up = l->state == LINK_UP, parted = l->parting;
	struct err lost = {.code = ERR_UNREACHABLE};
	l->transport = NULL;
	uv_timer_stop(&l->timer);
	hearing_reset(l);
	sending_reset(l);
	l->parting = false;
	forget_abandoned(l);
	if (parted && l->renewing && !l->refused.code) {
		link_connect_anew(l);
		return;
	}
	if (l->renewing) { /* it was lost before its tasks were done: they go to the new one */
		l->renewing = false;
		l->target = (struct transport_target){0};
	}
	if (l->refused.code) {
		lost = l->refused;
		why = &lost;
	}
	if (l->requests.len == 0 || l->state == LINK_CLOSING) {
		l->state = LINK_DOWN;
		link_fail_all(l, why ? why : &lost);
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
		link_fail_all(l, &lost);
	} else {
		if (why != &lost)
			lost = *why;
		for (size_t i = 0; i < l->requests.len; i++)
			link_unsend(l->requests.at[i]);
		if (!retry_later(l, &lost)) {
			l->state = LINK_DOWN;
			link_fail_all(l, &lost);
		}
	}
	run_drain(l->run);
}

static const struct transport_events link_events = {on_up, hearing_bytes, on_drained, on_down};

static void on_refused(uv_timer_t *timer)
{
	struct link *l = timer->data;
	struct err why = l->refused;
	l->state = LINK_DOWN;
	link_fail_all(l, &why);
	run_drain(l->run);
}

/* Not at once: whoever submits still holds the flight. */
void link_refuse_later(struct link *l)
{
	l->state = LINK_BACKOFF;
	uv_timer_start(&l->timer, on_refused, 0, 0);
}

void link_connect(struct link *l)
{
	struct err err = {0};
	l->refused = err;
	if (!l->target.name && link_resolve_target(l, &err) < 0) {
		l->refused = err;
		link_refuse_later(l);
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

static const struct err interrupted = {.code = ERR_CANCELLED, .msg = "the run was interrupted"};

void link_give_up(struct link *l)
{
	if (l->transport) {
		transport_close(l->transport);
		return;
	}
	uv_timer_stop(&l->timer);
	l->state = LINK_DOWN;
	link_fail_all(l, &interrupted);
}

void link_close(struct link *l)
{
	if (l->state == LINK_UP && l->transport && !l->parting)
		sending_message(l, WIRE_BYE, 0, NULL, 0);
	uv_timer_stop(&l->timer);
	if (!uv_is_closing((uv_handle_t *)&l->timer))
		uv_close((uv_handle_t *)&l->timer, on_timer_closed);
	if (l->transport) {
		l->state = LINK_CLOSING;
		transport_close(l->transport);
	} else {
		l->state = LINK_DOWN;
		link_fail_all(l, &interrupted);
	}
}
