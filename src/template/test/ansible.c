/* Ansible's tests: of results, patterns, versions, sets and truth. */
#include "../algorithm/version.h"
#include "../filter/filter.h"

static int give(const struct value **ret, bool is)
{
	*ret = value_bool(is);
	return 0;
}

static int flag_of(struct call *c, const char *key, bool *ret, struct err *err)
{
	if (!is_dict(c->in))
		return type_error(err, "the result of a task is needed", c->in);
	const struct value *v = value_get(c->in, key);
	*ret = false;
	return v ? eval_truth(c->ev, v, ret, err) : 0;
}

static int flag_is(struct call *c, const char *key, bool wanted, const struct value **ret,
		   struct err *err)
{
	bool is;
	int r = flag_of(c, key, &is, err);
	return r < 0 ? r : give(ret, is == wanted);
}
FN(t_failed)
{
	return flag_is(c, "failed", true, ret, err);
}
FN(t_succeeded)
{
	return flag_is(c, "failed", false, ret, err);
}
FN(t_unreachable)
{
	return flag_is(c, "unreachable", true, ret, err);
}
FN(t_reachable)
{
	return flag_is(c, "unreachable", false, ret, err);
}
FN(t_skipped)
{
	return flag_is(c, "skipped", true, ret, err);
}

/* Of a loop's result: any item's. */
FN(t_changed)
{
	bool is = false;
	int r = flag_of(c, "changed", &is, err);
	const struct value *results = r == 0 ? value_get(c->in, "results") : NULL;
	if (r < 0 || value_get(c->in, "changed") || !results || !is_list(results))
		return r < 0 ? r : give(ret, is);
	for (size_t i = 0; i < results->list.len && !is; i++) {
		const struct value *v = value_get(results->list.at[i], "changed");
		if (v && (r = eval_truth(c->ev, v, &is, err)) < 0)
			return r;
	}
	return give(ret, is);
}

/* Of an asynchronous task; any other has started and finished. */
static int async_flag(struct call *c, const char *key, const struct value **ret, struct err *err)
{
	bool is;
	int r = flag_of(c, key, &is, err);
	return r < 0 ? r : give(ret, is || !value_get(c->in, key));
}
FN(t_started)
{
	return async_flag(c, "started", ret, err);
}
FN(t_finished)
{
	return async_flag(c, "finished", ret, err);
}

static int matches(struct call *c, bool anchored, const struct value **ret, struct err *err)
{
	struct regex_match g[REGEX_MAX_GROUPS];
	const struct regex *re;
	struct slice s;
	unsigned n;
	const struct regex_flag_places at = {.ignorecase = 1, .multiline = 2};
	int r = regex_of_call(c, at, &s, &re, err);
	if (r == 0)
		r = regex_exec(re, s, 0, anchored, g, &n, err);
	return r < 0 ? r : give(ret, r > 0);
}
FN(t_match)
{
	return matches(c, true, ret, err);
}
FN(t_search)
{
	return matches(c, false, ret, err);
}
FN(t_regex)
{
	struct slice type;
	int r = call_text(c, 3, "search", &type, err);
	return r < 0 ? r
		     : matches(c, slice_is(type, "match") || slice_is(type, "fullmatch"), ret, err);
}

FN(t_version)
{
	return version_test(c, ret, err);
}

/* Is each item of `part` in `whole`? */
static int all_in(struct call *c, const struct value *part, const struct value *whole,
		  const struct value **ret, struct err *err)
{
	const struct value_list *list;
	bool is = true;
	int r = eval_iterate(c->ev, part, &list, err);
	if (r == 0 && is_str(whole)) { /* its characters */
		const struct value_list *chars;
		struct value *set = list_new(c->ev);
		r = eval_iterate(c->ev, whole, &chars, err);
		if (r == 0)
			set->list = *chars;
		whole = set;
	}
	for (size_t i = 0; r == 0 && i < list->len && is; i++)
		r = eval_contains(c->ev, whole, list->at[i], &is, err);
	return r < 0 ? r : give(ret, is);
}
FN(t_subset)
{
	return all_in(c, c->in, c->arg[0], ret, err);
}
FN(t_superset)
{
	return all_in(c, c->arg[0], c->in, ret, err);
}

FN(t_contains)
{
	bool is;
	int r = eval_contains(c->ev, c->in, c->arg[0], &is, err);
	return r < 0 ? r : give(ret, is);
}

static int count_true(struct call *c, bool stop_at, const struct value **ret, struct err *err)
{
	const struct value_list *list;
	bool is = !stop_at;
	int r = in_list(c, &list, err);
	for (size_t i = 0; r == 0 && i < list->len && is != stop_at; i++)
		r = eval_truth(c->ev, list->at[i], &is, err);
	return r < 0 ? r : give(ret, is);
}
FN(t_any)
{
	return count_true(c, true, ret, err);
}
FN(t_all)
{
	return count_true(c, false, ret, err);
}

static int truthy(struct call *c, bool wanted, const struct value **ret, struct err *err)
{
	bool convert, is;
	int r = call_bool(c, 0, false, &convert, err);
	if (r < 0)
		return r;
	if (!convert || !value_to_bool(c->in, &is))
		r = eval_truth(c->ev, c->in, &is, err);
	return r < 0 ? r : give(ret, is == wanted);
}
FN(t_truthy)
{
	return truthy(c, true, ret, err);
}
FN(t_falsy)
{
	return truthy(c, false, ret, err);
}
FN(t_nan)
{
	return give(ret, c->in->type == VALUE_FLOAT && c->in->real != c->in->real);
}
FN(t_vault_encrypted)
{
	return give(ret, c->in->flags & (VALUE_ENCRYPTED | VALUE_VAULTED));
}

const struct function tests_ansible[] = {
	{"failed", "", 0, 0, t_failed},
	{"failure", "", 0, 0, t_failed},
	{"succeeded", "", 0, 0, t_succeeded},
	{"success", "", 0, 0, t_succeeded},
	{"successful", "", 0, 0, t_succeeded},
	{"reachable", "", 0, 0, t_reachable},
	{"unreachable", "", 0, 0, t_unreachable},
	{"changed", "", 0, 0, t_changed},
	{"change", "", 0, 0, t_changed},
	{"skipped", "", 0, 0, t_skipped},
	{"skip", "", 0, 0, t_skipped},
	{"started", "", 0, 0, t_started},
	{"finished", "", 0, 0, t_finished},
	{"match", "pattern,ignorecase,multiline", 0, 0, t_match},
	{"search", "pattern,ignorecase,multiline", 0, 0, t_search},
	{"regex", "pattern,ignorecase,multiline,match_type", 0, 0, t_regex},
	{"version", "version,operator,strict,version_type", 1, 0, t_version},
	{"version_compare", "version,operator,strict,version_type", 1, 0, t_version},
	{"subset", "b", 1, 0, t_subset},
	{"issubset", "b", 1, 0, t_subset},
	{"superset", "b", 1, 0, t_superset},
	{"issuperset", "b", 1, 0, t_superset},
	{"contains", "value", 1, 0, t_contains},
	{"any", "", 0, 0, t_any},
	{"all", "", 0, 0, t_all},
	{"truthy", "convert_bool", 0, 0, t_truthy},
	{"falsy", "convert_bool", 0, 0, t_falsy},
	{"nan", "", 0, 0, t_nan},
	{"isnan", "", 0, 0, t_nan},
	{"vault_encrypted", "", 0, 0, t_vault_encrypted},
	{0},
};
