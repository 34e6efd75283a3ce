#include "node.h"

#include "access.h"
#include "kubectl_run.h"

#define SLACK_MS 60000 /* kubectl's own limit comes first */

static int is_cordoned(struct module_call *call, const char *name, bool *ret, struct err *err)
{
	struct program p;
	kubectl_begin(call, "get", &p);
	const char *const words[] = {"node", name, "--output=jsonpath={.spec.unschedulable}", NULL};
	program_add_all(&p, words);
	int r = access_read(&p, err);
	if (r == 0)
		*ret = slice_is(slice_trim(p.out), "true");
	return r;
}

static int act(struct module_call *call, const char *verb, const char *name, struct err *err)
{
	struct program p;
	kubectl_begin(call, verb, &p);
	program_add(&p, name);
	result_changed(call);
	return program_change(&p, err);
}

struct node_drain node_drain_of(const struct module_call *call)
{
	return (struct node_drain){
		.ignore_daemonsets = arg_bool(call, "ignore_daemonsets"),
		.delete_emptydir_data = arg_bool(call, "delete_emptydir_data"),
		.force = arg_bool(call, "force"),
		.grace_s = arg_int(call, "grace_period", -1),
		.timeout_s = arg_int(call, "wait_timeout", 120),
	};
}

static void build_drain(struct module_call *call, const char *name, const struct node_drain *d,
			struct program *p)
{
	kubectl_begin(call, "drain", p);
	p->timeout_ms = d->timeout_s * 1000 + SLACK_MS;
	program_add(p, name);
	if (d->ignore_daemonsets)
		program_add(p, "--ignore-daemonsets");
	if (d->delete_emptydir_data)
		program_add(p, "--delete-emptydir-data");
	if (d->force)
		program_add(p, "--force");
	if (d->disable_eviction)
		program_add(p, "--disable-eviction");
	if (d->pod_selector)
		program_add_fmt(p, "--pod-selector=%s", d->pod_selector);
	if (d->grace_s >= 0)
		program_add_fmt(p, "--grace-period=%lld", (long long)d->grace_s);
	program_add_fmt(p, "--timeout=%llds", (long long)d->timeout_s);
}

/* "evicting pod ns/name (server dry run)" */
static bool has_pods(struct slice out)
{
	struct slice line;
	while (slice_split(&out, '\n', &line))
		if (memmem(line.ptr, line.len, "evicting pod", 12) ||
		    memmem(line.ptr, line.len, "deleting pod", 12))
			return true;
	return false;
}

static int drain(struct module_call *call, const char *name, const struct node_drain *d,
		 bool cordoned, struct err *err)
{
	struct program p;
	build_drain(call, name, d, &p);
	program_add(&p, "--dry-run=server");
	int r = access_read(&p, err);
	if (r < 0 || (cordoned && !has_pods(p.out) && !has_pods(p.err)))
		return r;
	build_drain(call, name, d, &p);
	result_changed(call);
	r = program_change(&p, err);
	result_put(call, "stdout", value_str(call->arena, slice_trim(p.out)));
	return r;
}

int node_apply(struct module_call *call, const char *state, const struct node_drain *d,
	       struct err *err)
{
	const char *name = arg_str(call, "name");
	bool cordoned = false;
	if (!name || !name[0] || name[0] == '-')
		return err_set(err, ERR_INVALID, "state %s needs name, of a node", state);
	int r = is_cordoned(call, name, &cordoned, err);
	if (r < 0)
		return r;
	if (strcmp(state, "drained") == 0)
		return drain(call, name, d, cordoned, err);
	if (cordoned == (strcmp(state, "cordoned") == 0))
		return 0;
	return act(call, cordoned ? "uncordon" : "cordon", name, err);
}
