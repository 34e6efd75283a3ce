/* wait_for_connection: a connection anew, tried until it is there. */
#include "../flight/flight.h"
#include "../link/link.h"
#include "../run.h"
#include "parts.h"
#include "rollout/base/clock.h"

static bool waits(const struct flight *f)
{
	return f->node && f->nitems > 0 && f->items[f->current].args &&
	       f->node->module->kind == MODULE_KIND_WAIT_FOR_CONNECTION;
}

static void on_time(uv_timer_t *timer)
{
	struct flight *f = timer->data;
	struct err err = {0};
	if (f->zombie)
		return;
	f->delayed = true;
	if (flight_send(f, &err) < 0) {
		flight_fail(f, &err);
		flight_finish(f);
	}
	run_drain(f->strand->step->run);
}

bool reconnect_delays(struct flight *f)
{
	if (!waits(f) || f->delayed)
		return false;
	link_renew(f->link);
	flight_start_timer(f, ms_of_seconds(flight_seconds(f, "delay", 0)), on_time);
	return true;
}

bool reconnect_again(struct flight *f)
{
	if (!waits(f) || f->strand->step->run->stopping ||
	    clock_now_ms() - f->started_ms >= ms_of_seconds(flight_seconds(f, "timeout", 600)))
		return false;
	flight_start_timer(f, ms_of_seconds(flight_seconds(f, "sleep", 1)), on_time);
	return true;
}

void reconnect_put_elapsed(struct flight *f, struct value *result)
{
	if (waits(f))
		value_dict_put(&f->arena, result, "elapsed",
			       value_int(&f->arena, (clock_now_ms() - f->started_ms) / 1000));
}
