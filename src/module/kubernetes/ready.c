#include "ready.h"

#include "../call.h"
#include "rollout/base/clock.h"

#include <errno.h>
#include <time.h>

static const struct value *deep(const struct value *object, const char *outer, const char *inner)
{
	return value_get(value_get(object, outer), inner);
}

static int64_t number(const struct value *object, const char *outer, const char *inner,
		      int64_t fallback)
{
	const struct value *v = deep(object, outer, inner);
	return v && v->type == VALUE_INT ? v->integer : fallback;
}

static bool is_observed(const struct value *o)
{
	return number(o, "status", "observedGeneration", 0) ==
	       number(o, "metadata", "generation", 0);
}

static bool deployment_ready(const struct value *o)
{
	int64_t replicas = number(o, "status", "replicas", 0);
	return number(o, "spec", "replicas", 1) == replicas &&
	       number(o, "status", "availableReplicas", 0) == replicas && is_observed(o) &&
	       number(o, "status", "unavailableReplicas", 0) == 0;
}

static bool daemonset_ready(const struct value *o)
{
	int64_t desired = number(o, "status", "desiredNumberScheduled", -1);
	return desired >= 0 && number(o, "status", "updatedNumberScheduled", 0) == desired &&
	       number(o, "status", "numberReady", 0) == desired && is_observed(o) &&
	       number(o, "status", "numberUnavailable", 0) == 0;
}

static bool statefulset_ready(const struct value *o)
{
	int64_t replicas = number(o, "spec", "replicas", 1);
	const char *strategy =
		object_str(value_get(value_get(o, "spec"), "updateStrategy"), "type");
	const struct value *status = value_get(o, "status");
	return strcmp(strategy, "RollingUpdate") == 0 && is_observed(o) &&
	       strcmp(object_str(status, "updateRevision"),
		      object_str(status, "currentRevision")) == 0 &&
	       number(o, "status", "updatedReplicas", 0) == replicas &&
	       number(o, "status", "readyReplicas", 0) == replicas &&
	       number(o, "status", "replicas", 0) == replicas;
}

static bool pod_ready(const struct value *o)
{
	const struct value *all = deep(o, "status", "containerStatuses");
	bool ready = all && all->type == VALUE_LIST;
	for (size_t i = 0; ready && i < all->list.len; i++) {
		const struct value *v = value_get(all->list.at[i], "ready");
		ready = v && value_truthy(v);
	}
	return ready;
}

/* wait_condition's status as the API writes it: True, False, Unknown. */
static const char *wanted_status(const struct value *condition)
{
	const struct value *v = value_get(condition, "status");
	bool is_true = true;
	if (v && v->type == VALUE_STRING && slice_is(v->str, "Unknown"))
		return "Unknown";
	if (v && v->type != VALUE_NULL)
		(void)value_to_bool(v, &is_true);
	return is_true ? "True" : "False";
}

static bool condition_holds(const struct value *condition, const struct value *o)
{
	const struct value *all = deep(o, "status", "conditions");
	const char *reason = object_str(condition, "reason");
	for (size_t i = 0; all && all->type == VALUE_LIST && i < all->list.len; i++) {
		const struct value *c = all->list.at[i];
		if (strcmp(object_str(c, "type"), object_str(condition, "type")) != 0)
			continue;
		return strcmp(object_str(c, "status"), wanted_status(condition)) == 0 &&
		       (!*reason || strcmp(object_str(c, "reason"), reason) == 0);
	}
	return false;
}

static bool is_ready(const struct module_call *call, const struct value *o)
{
	static const struct {
		const char *kind;
		bool (*ready)(const struct value *o);
	} kinds[] = {
		{"DaemonSet", daemonset_ready},
		{"Deployment", deployment_ready},
		{"Pod", pod_ready},
		{"StatefulSet", statefulset_ready},
	};
	const struct value *condition = value_get(call->args, "wait_condition");
	if (condition && *object_str(condition, "type"))
		return condition_holds(condition, o);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(object_str(o, "kind"), kinds[i].kind) == 0)
			return kinds[i].ready(o);
	return true;
}

int ready_check(const struct module_call *call, struct err *err)
{
	static const char *const keys[] = {"type", "status", "reason"};
	const struct value *c = value_get(call->args, "wait_condition");
	for (size_t i = 0; c && c->type == VALUE_DICT && i < c->dict.len; i++) {
		const struct value *key = c->dict.at[i].key;
		bool known = false;
		for (size_t k = 0; k < ARRAY_LEN(keys); k++)
			known |= value_is_str(key, keys[k]);
		if (!known)
			return err_set(err, ERR_INVALID,
				       "wait_condition has type, status and reason, no '%s'",
				       key->type == VALUE_STRING ? key->str.ptr : "?");
	}
	const struct value *status = value_get(c, "status");
	bool ignored;
	if (status && status->type != VALUE_NULL && !value_is_str(status, "Unknown") &&
	    !value_to_bool(status, &ignored))
		return err_set(err, ERR_INVALID,
			       "wait_condition.status must be True, False or Unknown");
	return 0;
}

void ready_begin(const struct module_call *call, struct ready_clock *c)
{
	c->start_ms = clock_now_ms();
	c->end_ms = c->start_ms + call_arg_ms(call, "wait_timeout", 120);
	c->pause_ms = call_arg_ms(call, "wait_sleep", 5);
}

bool ready_pause(const struct ready_clock *c)
{
	int64_t left = c->end_ms - clock_now_ms(), ms = c->pause_ms > 0 ? c->pause_ms : 10;
	if (left <= 0)
		return false;
	if (ms > left)
		ms = left;
	struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		continue;
	return true;
}

int ready_wait(struct module_call *call, const struct value *identity, struct ready *w,
	       struct err *err)
{
	struct ready_clock c;
	ready_begin(call, &c);
	do {
		int r = object_get(call, identity, &w->object, NULL, err);
		if (r < 0)
			return r;
		w->reached = w->state == READY_ABSENT ? !w->object
						      : w->object && is_ready(call, w->object);
	} while (!w->reached && ready_pause(&c));
	w->duration_s = (clock_now_ms() - c.start_ms) / 1000;
	return 0;
}
