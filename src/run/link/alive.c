/* Whether there is an agent at the other end: HELLO soon after the connection is up;
 * later, while it has tasks and says nothing, PONG to each PING. Bytes that it takes
 * count too: a PING stands behind what was sent before it. */
#include "parts.h"
#include "sending.h"

static int64_t interval_ms(const struct link *l)
{
	int64_t ms = l->run->opts->ping_interval_ms;
	return ms > 0 ? ms : RUN_PING_INTERVAL_MS;
}

static bool owes_an_answer(const struct link *l)
{
	for (size_t i = 0; i < l->requests.len; i++)
		if (l->requests.at[i]->sent)
			return true;
	return false;
}

static bool is_silent(struct link *l)
{
	int64_t taken = l->given_bytes - (int64_t)transport_queued(l->transport);
	bool silent = owes_an_answer(l) && !l->heard && taken <= l->taken_bytes;
	l->taken_bytes = taken;
	l->heard = false;
	return silent;
}

static void on_interval(uv_timer_t *timer)
{
	struct link *l = timer->data;
	struct err err = {0};
	if (l->state != LINK_UP || l->refused.code || l->parting)
		return;
	l->silences = is_silent(l) ? l->silences + 1 : 0;
	if (l->silences == 0)
		return;
	if (l->silences <= RUN_PING_MISSES) {
		sending_message(l, WIRE_PING, 0, NULL, 0);
		return;
	}
	err_set(&err, ERR_TIMEOUT,
		"%s: the agent has tasks and has said nothing for %lld s, not even that it is "
		"there",
		l->host->inv->name, (long long)(interval_ms(l) * RUN_PING_MISSES / 1000));
	hearing_refuse(l, &err);
}

void link_greeted(struct link *l)
{
	l->greeted = true;
	uv_timer_start(&l->timer, on_interval, (uint64_t)interval_ms(l), (uint64_t)interval_ms(l));
}

static void on_no_hello(uv_timer_t *timer)
{
	struct link *l = timer->data;
	struct err err = {0};
	if (l->state != LINK_UP || l->greeted || l->refused.code)
		return;
	err_set(&err, ERR_TIMEOUT, "%s: the agent did not say HELLO within %d s",
		l->host->inv->name, TRANSPORT_START_TIMEOUT_MS / 1000);
	hearing_refuse(l, &err);
}

void alive_begin(struct link *l)
{
	l->greeted = l->heard = false;
	l->silences = 0;
	l->given_bytes = l->taken_bytes = 0;
	uv_timer_start(&l->timer, on_no_hello, TRANSPORT_START_TIMEOUT_MS, 0);
}
