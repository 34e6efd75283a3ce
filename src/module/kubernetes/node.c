#include "node.h"

#include "kubectl_run.h"

static int is_cordoned(struct module_call *call, const char *name, bool *ret, struct err *err)
{
	struct program p;
	kubectl_begin(call, "get", &p);
	const char *const words[] = {"node", name, "--output=jsonpath={.spec.unschedulable}", NULL};
	program_add_all(&p, words);
	int r = kubectl_read(&p, err);
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

static void build_drain(struct module_call *call, const char *name, struct program *p)
{
	kubectl_begin(call, "drain", p);
	program_add(p, name);
	if (arg_bool(call, "ignore_daemonsets"))
		program_add(p, "--ignore-daemonsets");
	if (arg_bool(call, "delete_emptydir_data"))
		program_add(p, "--delete-emptydir-data");
	if (arg_bool(call, "force"))
		program_add(p, "--force");
	if (arg_has(call, "grace_period"))
		program_add_fmt(p, "--grace-period=%lld",
				(long long)arg_int(call, "grace_period", -1));
	program_add_fmt(p, "--timeout=%llds", (long long)arg_int(call, "wait_timeout", 120));
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

static int drain(struct module_call *call, const char *name, bool cordoned, struct err *err)
{
	struct program p;
	build_drain(call, name, &p);
	program_add(&p, "--dry-run=server");
	int r = kubectl_read(&p, err);
	if (r < 0 || (cordoned && !has_pods(p.out) && !has_pods(p.err)))
		return r;
	build_drain(call, name, &p);
	result_changed(call);
	r = program_change(&p, err);
	result_put(call, "stdout", value_str(call->arena, slice_trim(p.out)));
	return r;
}

int node_apply(struct module_call *call, const char *state, struct err *err)
{
	const char *name = arg_str(call, "name");
	bool cordoned = false;
	if (!name || !name[0] || name[0] == '-')
		return err_set(err, ERR_INVALID, "state %s needs name, of a node", state);
	int r = is_cordoned(call, name, &cordoned, err);
	if (r < 0)
		return r;
	if (strcmp(state, "drained") == 0)
		return drain(call, name, cordoned, err);
	if (cordoned == (strcmp(state, "cordoned") == 0))
		return 0;
	return act(call, cordoned ? "uncordon" : "cordon", name, err);
}
