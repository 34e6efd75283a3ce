/* site.roles: named steps, each a role on some hosts. */
#include "internal.h"
#include "rollout/base/nearest.h"

static const char *const site_keys[] = {"name",
					"vars",
					"vars_files",
					"roles",
					"gather_facts",
					"any_errors_fatal",
					"max_fail_percentage"};
static const char *const step_keys[] = {"role",
					"hosts",
					"after",
					"vars",
					"serial",
					"gather_facts",
					"any_errors_fatal",
					"max_fail_percentage"};

static void offer(void *ctx, struct slice name)
{
	nearest_offer(ctx, name);
}

static int unknown_key(const struct value *key, const char *where, const char *const *known,
		       size_t n, struct err *err)
{
	struct nearest near;
	char hint[160];
	struct slice name = key->type == VALUE_STRING ? key->str : SLICE_LIT("?");
	nearest_init(&near, name);
	for (size_t i = 0; i < n; i++)
		nearest_offer(&near, slice_from(known[i]));
	attrs_offer_names(offer, &near);
	return err_at(err, ERR_INVALID, key->at, "%s has no key '%.*s'%s", where, SLICE_ARG(name),
		      nearest_hint(&near, hint, sizeof(hint)));
}

static bool is_one_of(const struct value *key, const char *const *known, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (value_is_str(key, known[i]))
			return true;
	return false;
}

/* ---- what holds for the whole site ---- */

struct site {
	const struct value *vars; /* vars_files under vars */
	const struct value *steps;
	struct plan_attrs attrs;
	const struct value *gather_facts, *any_errors_fatal, *max_fail_percentage;
	bool by_step; /* --step */
};

static int read_site(struct compiler *c, const struct value *top, struct site *s, struct err *err)
{
	struct plan *plan = c->plan;
	struct value *vars = value_dict_new(&plan->arena);
	for (size_t i = 0; i < top->dict.len; i++) {
		const struct value *key = top->dict.at[i].key, *v = top->dict.at[i].value;
		int r = is_one_of(key, site_keys, ARRAY_LEN(site_keys))
				? ATTR_TAKEN
				: attrs_take(c, &s->attrs, key, v, err);
		if (r == ATTR_NOT_MINE)
			r = unknown_key(key, "a site file", site_keys, ARRAY_LEN(site_keys), err);
		if (r < 0)
			return r;
	}
	const struct value *own = value_get(top, "vars"), *files = value_get(top, "vars_files"),
			   *name = value_get(top, "name");
	if (own && own->type != VALUE_DICT && own->type != VALUE_NULL)
		return err_at(err, ERR_INVALID, own->at,
			      "'vars' is a mapping of variables, not a %s", value_type_name(own));
	for (size_t i = 0; own && own->type == VALUE_DICT && i < own->dict.len; i++)
		value_dict_set(&plan->arena, vars, own->dict.at[i].key, own->dict.at[i].value);
	if (files) {
		int r = vars_files_read(c, files, vars, err);
		if (r < 0)
			return r;
	}
	if (name && name->type == VALUE_STRING)
		plan->name = name->str.ptr;
	s->vars = vars;
	s->steps = value_get(top, "roles");
	s->gather_facts = value_get(top, "gather_facts");
	s->any_errors_fatal = value_get(top, "any_errors_fatal");
	s->max_fail_percentage = value_get(top, "max_fail_percentage");
	return 0;
}

/* ---- one step ---- */

static int read_step_keys(struct compiler *c, const struct site *s, const struct value *body,
			  struct plan_attrs *attrs, struct err *err)
{
	struct plan_step *step = c->step;
	int r;
	for (size_t i = 0; i < body->dict.len; i++) {
		const struct value *key = body->dict.at[i].key;
		r = is_one_of(key, step_keys, ARRAY_LEN(step_keys))
			    ? ATTR_TAKEN
			    : attrs_take(c, attrs, key, body->dict.at[i].value, err);
		if (r == ATTR_NOT_MINE)
			r = unknown_key(key, "a step", step_keys, ARRAY_LEN(step_keys), err);
		if (r < 0)
			return r;
	}
	const struct value *gather = value_get(body, "gather_facts"),
			   *fatal = value_get(body, "any_errors_fatal");
	const struct value *percentage = value_get(body, "max_fail_percentage"),
			   *vars = value_get(body, "vars");
	step->gather_facts = true;
	if ((r = keys_bool(gather ? gather : s->gather_facts, "gather_facts", &step->gather_facts,
			   err)) < 0 ||
	    (r = keys_bool(fatal ? fatal : s->any_errors_fatal, "any_errors_fatal",
			   &step->any_errors_fatal, err)) < 0 ||
	    (r = keys_serial(c, value_get(body, "serial"), err)) < 0 ||
	    (r = keys_percentage(c, percentage ? percentage : s->max_fail_percentage, err)) < 0)
		return r;
	step->linear = step->any_errors_fatal || step->max_fail_percentage || s->by_step;
	if (vars && vars->type != VALUE_DICT && vars->type != VALUE_NULL)
		return err_at(err, ERR_INVALID, vars->at,
			      "'vars' is a mapping of variables, not a %s", value_type_name(vars));
	if (vars && vars->type == VALUE_DICT)
		c->role_params = vars;
	return 0;
}

static int compile_role(struct compiler *c, const struct value *name, struct err *err)
{
	struct plan_step *step = c->step;
	const struct plan_role *role;
	struct compiler in;
	int r = role_load(c, NULL, name, &role, err);
	if (r < 0)
		return r;
	step->role_name = role->name;
	if ((r = role_gather(c, role, NULL, err)) < 0 || (r = role_record(c, role, err)) < 0 ||
	    (r = role_enter(c, role, NULL, &in, err)) < 0)
		return r;
	return role_compile(&in, role, &(struct role_use){0}, &step->attrs, step->body, err);
}

static int compile_parts(struct compiler *c, const struct site *s, const struct value_pair *entry,
			 struct err *err)
{
	struct plan *plan = c->plan;
	struct plan_step *step = c->step;
	const struct value *role_name = value_get(entry->value, "role");
	int r = read_step_keys(c, s, entry->value, &step->attrs, err);
	bool misread = r < 0;
	if ((r = plan_go_without(plan, step, r, err)) < 0)
		return r;
	if (step->hosts_value)
		r = plan_step_hosts(plan, step, &step->hosts, err);
	else if (!misread)
		r = err_at(err, ERR_INVALID, entry->key->at,
			   "step '%s' does not say on which 'hosts'", step->name);
	if ((r = plan_go_without(plan, step, r, err)) < 0)
		return r;
	if (!role_name)
		role_name = entry->key;
	r = role_name->type != VALUE_STRING
		    ? err_at(err, ERR_INVALID, role_name->at, "'role' is the name of a role")
		    : compile_role(c, role_name, err);
	return plan_go_without(plan, step, r, err);
}

static int compile_step(struct plan *plan, const struct site *s, const struct value_pair *entry,
			struct err *err)
{
	const struct value *body = entry->value, *name = entry->key,
			   *hosts = value_get(body, "hosts");
	if (name->type != VALUE_STRING || name->str.len == 0)
		return err_at(err, ERR_INVALID, name->at, "a step's name must be a word");
	if (body->type != VALUE_DICT)
		return err_at(err, ERR_INVALID, name->at,
			      "step '%s' must be a mapping with at least 'hosts'", name->str.ptr);
	struct plan_step *step = step_new(plan, name->str.ptr, name->at);
	struct compiler c = {.plan = plan, .step = step, .search_dirs = step->search_dirs};
	step->play_vars = s->vars;
	step->attrs = attrs_inherit(&s->attrs);
	step->hosts_value = hosts;
	return compile_parts(&c, s, entry, err);
}

int site_compile(struct plan *plan, const struct value *top, const struct plan_options *opts,
		 struct err *err)
{
	struct compiler c = {.plan = plan};
	struct site s = {.by_step = opts->step};
	int r = read_site(&c, top, &s, err);
	if (r == 0 && (!s.steps || s.steps->type != VALUE_DICT || s.steps->dict.len == 0))
		r = err_at(err, ERR_INVALID, s.steps ? s.steps->at : top->at,
			   "a site file needs 'roles': a mapping of named steps");
	if (r == 0 && s.steps->dict.len > PLAN_MAX_STEPS)
		r = err_at(err, ERR_LIMIT, s.steps->at, "more than %u steps", PLAN_MAX_STEPS);
	if (r == 0 && opts->become)
		s.attrs.become = value_bool(true);
	if (r == 0 && opts->become_user)
		s.attrs.become_user = value_cstr(&plan->arena, opts->become_user);
	for (size_t i = 0; r == 0 && i < s.steps->dict.len; i++)
		r = plan_go_without(plan, NULL, compile_step(plan, &s, &s.steps->dict.at[i], err),
				    err);
	if (r == 0 && plan->steps.len == s.steps->dict.len)
		r = edges_compile(plan, s.steps, err);
	attrs_release(&s.attrs);
	return r;
}
