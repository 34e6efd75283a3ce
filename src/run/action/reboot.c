/*
 * reboot, the controller's half: asks the host for its boot id, has it reboot,
 * and asks on new connections until the id is another and the test command
 * succeeds. Source: Ansible, ansible.builtin.reboot.
 */
#include "../flight/flight.h"
#include "../link/link.h"
#include "../run.h"
#include "parts.h"
#include "rollout/base/clock.h"

#define WAIT_FIRST_MS 1000
#define WAIT_MAX_MS 12000 /* between two tries, as Ansible */

bool reboot_is(const struct flight *f)
{
	return f->node && f->node->module->kind == MODULE_KIND_REBOOT;
}

bool reboot_is_once_only(const struct flight *f)
{
	return reboot_is(f) && f->reboot.phase == REBOOT_GO;
}

void reboot_put_phase(struct flight *f)
{
	static const char *const names[] = {
		[REBOOT_LOOK] = "look", [REBOOT_GO] = "reboot", [REBOOT_CHECK] = "check"};
	struct flight_item *it = &f->items[f->current];
	if (!reboot_is(f) || !it->args)
		return;
	struct value *args = value_dict_dup(&f->arena, it->args);
	value_dict_put(&f->arena, args, "_phase", value_cstr(&f->arena, names[f->reboot.phase]));
	if (f->reboot.boot_id)
		value_dict_put(&f->arena, args, "_boot_id", f->reboot.boot_id);
	it->args = args;
}

/* ---- one step after the other ---- */

static void send_phase(struct flight *f)
{
	struct err err = {0};
	if (flight_send(f, &err) == 0)
		return;
	flight_fail(f, &err);
	flight_finish(f);
}

static void on_time(uv_timer_t *timer)
{
	struct flight *f = timer->data;
	if (f->zombie)
		return;
	link_renew(f->link);
	send_phase(f);
	run_drain(f->strand->step->run);
}

static void begin_checks(struct flight *f)
{
	f->reboot.phase = REBOOT_CHECK;
	f->reboot.since_ms = f->reboot.begun_ms = clock_now_ms();
	f->reboot.wait_ms = WAIT_FIRST_MS;
	flight_start_timer(f,
			   ms_of_seconds(flight_seconds(f, "post_reboot_delay", 0)) + WAIT_FIRST_MS,
			   on_time);
}

/* Ansible allows the time-out for the boot, and once more for the test command. */
static bool check_again(struct flight *f)
{
	if (f->strand->step->run->stopping ||
	    clock_now_ms() - f->reboot.since_ms >=
		    ms_of_seconds(flight_seconds(f, "reboot_timeout", 600)))
		return false;
	flight_start_timer(f, f->reboot.wait_ms, on_time);
	f->reboot.wait_ms *= 2;
	if (f->reboot.wait_ms > WAIT_MAX_MS)
		f->reboot.wait_ms = WAIT_MAX_MS;
	return true;
}

/* ---- answers ---- */

static bool is_failure(const struct value *result)
{
	const struct value *failed = value_get(result, "failed");
	return failed && value_truthy(failed);
}

static void put(struct flight *f, struct value *result, const char *key, const struct value *v)
{
	value_dict_put(&f->arena, result, key, v);
}

static void complete(struct flight *f, struct value *result, bool rebooted)
{
	int64_t ms = rebooted ? clock_now_ms() - f->reboot.begun_ms : 0;
	value_dict_remove(result, SLICE_LIT("_boot_id"));
	value_dict_remove(result, SLICE_LIT("_booted"));
	put(f, result, "rebooted", value_bool(rebooted));
	put(f, result, "elapsed", value_int(&f->arena, ms / 1000));
	put(f, result, "changed", value_bool(rebooted && !is_failure(result)));
	f->reboot = (struct reboot){0}; /* for the next item */
}

static void refuse_local(struct flight *f, struct value *result)
{
	put(f, result, "failed", value_bool(true));
	put(f, result, "msg",
	    value_cstr(&f->arena, "Running reboot with local connection would reboot the control "
				  "node."));
	complete(f, result, false);
}

static bool looked(struct flight *f, struct value *result)
{
	if (is_failure(result)) {
		complete(f, result, false);
		return false;
	}
	f->reboot.boot_id = value_get(result, "_boot_id");
	f->reboot.phase = REBOOT_GO;
	send_phase(f);
	return true;
}

static bool went(struct flight *f, struct value *result)
{
	if (is_failure(result)) {
		complete(f, result, false);
		return false;
	}
	begin_checks(f);
	return true;
}

static bool checked(struct flight *f, struct value *result)
{
	if (value_get(result, "_booted") && !f->reboot.booted) {
		f->reboot.booted = true;
		f->reboot.since_ms = clock_now_ms();
		f->reboot.wait_ms = WAIT_FIRST_MS;
	}
	if (is_failure(result) && check_again(f))
		return true;
	complete(f, result, true);
	return false;
}

bool reboot_goes_on(struct flight *f, struct value *result)
{
	if (!reboot_is(f))
		return false;
	if (f->link->target.kind == TRANSPORT_LOCAL) {
		refuse_local(f, result);
		return false;
	}
	if (f->check_mode)
		return false;
	switch (f->reboot.phase) {
	case REBOOT_LOOK:
		return looked(f, result);
	case REBOOT_GO:
		return went(f, result);
	case REBOOT_CHECK:
		return checked(f, result);
	}
	return false;
}

const struct value *reboot_lost(struct flight *f, const struct err *why)
{
	char text[1400];
	if (!reboot_is(f) || f->reboot.phase == REBOOT_LOOK || why->code == ERR_CANCELLED)
		return NULL;
	struct value *result = value_dict_new(&f->arena);
	if (f->reboot.phase == REBOOT_CHECK) {
		put(f, result, "failed", value_bool(true));
		put(f, result, "msg",
		    value_fmt(&f->arena, "Timed out waiting for %s (timeout=%lld): %s",
			      f->reboot.booted ? "post-reboot test command"
					       : "last boot time check",
			      (long long)flight_seconds(f, "reboot_timeout", 600),
			      err_format(why, text, sizeof(text))));
	}
	return result;
}
