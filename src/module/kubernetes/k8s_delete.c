/* k8s with state absent: by name, or by labels. */
#include "change.h"
#include "ready.h"
#include "rollout/value/json.h"
#include "selector.h"

static int check_preconditions(const struct change *c, const struct value *existing,
			       struct err *err)
{
	static const char *const names[] = {"uid", "resourceVersion"};
	const struct value *conditions =
		value_get(value_get(c->call->args, "delete_options"), "preconditions");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *wanted = object_str(conditions, names[i]);
		if (*wanted && strcmp(wanted, object_meta(existing, names[i])) != 0)
			return err_set(err, ERR_INVALID,
				       "Failed to delete object: %s has another %s than %s",
				       object_title(c->call->arena, existing), names[i], wanted);
	}
	return 0;
}

static int delete_one(struct change *c, const struct value *existing, struct err *err)
{
	static const struct {
		const char *policy, *option;
	} policies[] = {{"Foreground", "--cascade=foreground"},
			{"Background", "--cascade=background"},
			{"Orphan", "--cascade=orphan"}};
	const struct value *given = value_get(c->call->args, "delete_options"),
			   *grace = value_get(given, "gracePeriodSeconds");
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	struct program p;
	int r = check_preconditions(c, existing, err);
	if (r < 0)
		return r;
	c->changed = true;
	object_diff(c->call, existing, NULL);
	access_begin(c->call, "delete", &p);
	program_add(&p, "--ignore-not-found");
	program_add(&p, "--wait=false");
	for (size_t i = 0; i < ARRAY_LEN(policies); i++)
		if (strcmp(object_str(given, "propagationPolicy"), policies[i].policy) == 0)
			program_add(&p, policies[i].option);
	if (grace && grace->type == VALUE_INT)
		program_add_fmt(&p, "--grace-period=%lld", (long long)grace->integer);
	if (grace && grace->type == VALUE_INT && grace->integer == 0)
		program_add(&p, "--force");
	program_add(&p, "-f");
	program_add(&p, "-");
	json_emit(&text, object_identity(c->call->arena, existing), JSON_COMPACT);
	p.stdin_bytes = arena_slice(c->call->arena, strbuf_slice(&text));
	return program_change(&p, err);
}

static int await_gone(struct change *c, const struct value *existing, struct err *err)
{
	struct arena *a = c->call->arena;
	struct ready w = {.state = READY_ABSENT};
	if (!arg_bool(c->call, "wait") || c->call->check_mode)
		return 0;
	int r = ready_wait(c->call, object_identity(a, existing), &w, err);
	if (r < 0)
		return r;
	value_dict_put(a, c->result, "duration", value_int(a, w.duration_s));
	return w.reached ? 0
			 : err_set(err, ERR_TIMEOUT, "\"%s\" \"%s\": Resource deletion timed out",
				   object_str(existing, "kind"), object_meta(existing, "name"));
}

/* Those that there are of what shall be absent. */
static int find_doomed(struct change *c, const struct value **ret, struct err *err)
{
	struct module_call *call = c->call;
	struct value *list = value_list_new(call->arena);
	const char *const *selectors = arg_list(call, "label_selectors", NULL);
	const struct value *found = NULL;
	bool known;
	int r = 0;
	*ret = list;
	if (*object_meta(c->object, "name")) {
		r = object_get(call, c->object, &found, NULL, err);
		if (r == 0 && found)
			r = selector_matches(
				selectors, value_get(value_get(found, "metadata"), "labels"), err);
		if (r > 0)
			value_list_push(call->arena, list, found);
		return r < 0 ? r : 0;
	}
	if (!selectors || !*selectors)
		return 0;
	r = objects_selected(call, c->object, selectors, ret, &known, err);
	if (r == 0 && !known)
		return err_set(err, ERR_NOT_FOUND, "the API has no kind %s in %s",
			       object_str(c->object, "kind"), object_str(c->object, "apiVersion"));
	return r;
}

int change_delete(struct change *c, struct err *err)
{
	const struct value *doomed;
	c->method = "delete";
	int r = find_doomed(c, &doomed, err);
	for (size_t i = 0; r == 0 && i < doomed->list.len; i++)
		r = delete_one(c, doomed->list.at[i], err);
	for (size_t i = 0; r == 0 && i < doomed->list.len; i++)
		r = await_gone(c, doomed->list.at[i], err);
	return r;
}
