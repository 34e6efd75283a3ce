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
};

static int read_vars_files(struct plan *plan, const struct value *files, struct value *into,
			   struct err *err)
{
	size_t n = files->type == VALUE_LIST ? files->list.len : 1;
	for (size_t i = 0; i < n; i++) {
		const struct value *f = files->type == VALUE_LIST ? files->list.at[i] : files,
				   *vars;
		const char *path;
		if (f->type != VALUE_STRING)
			return err_at(err, ERR_INVALID, f->at,
				      "'vars_files' is a list of file names");
		int r = plan_find_file(plan, NULL, "vars", f->str, &plan->arena, &path, err);
		if (r < 0)
			return err_locate(err, r, f->at);
		if ((r = plan_load_vars(plan, path, &vars, err)) < 0)
			return r;
		for (size_t k = 0; k < vars->dict.len; k++)
			value_dict_set(&plan->arena, into, vars->dict.at[k].key,
				       vars->dict.at[k].value);
	}
	return 0;
}

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
		int r = read_vars_files(plan, files, vars, err);
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

static int want_bool(const struct value *v, const char *what, bool *ret, struct err *err)
{
	if (v && !value_to_bool(v, ret))
		return err_at(err, ERR_INVALID, v->at, "'%s' is yes or no", what);
	return 0;
}

/* A list of patterns is a union. */
static int match_hosts(struct plan *plan, const struct value *hosts, inv_hosts *ret,
		       struct err *err)
{
	struct strbuf text CLEANUP(strbuf_release) = {0};
	if (hosts->type == VALUE_LIST) {
		for (size_t i = 0; i < hosts->list.len; i++) {
			if (hosts->list.at[i]->type != VALUE_STRING)
				return err_at(err, ERR_INVALID, hosts->list.at[i]->at,
					      "'hosts' is a pattern or a list of patterns");
			strbuf_printf(&text, "%s%.*s", i ? "," : "",
				      SLICE_ARG(hosts->list.at[i]->str));
		}
	} else if (hosts->type == VALUE_STRING) {
		strbuf_slice_append(&text, hosts->str);
	} else {
		return err_at(err, ERR_INVALID, hosts->at, "'hosts' is a pattern, not a %s",
			      value_type_name(hosts));
	}
	if (!template_has_markup(strbuf_slice(&text)))
		return inventory_match(plan->inv, strbuf_slice(&text), hosts->at, ret, err);
	struct vars vars;
	const struct value *pattern;
	vars_init(&vars, plan->env, &plan->arena, NULL);
	vars_set_level(&vars, VARS_EXTRA, plan->extra_vars);
	struct value *templated = value_str(&plan->arena, strbuf_slice(&text));
	templated->at = hosts->at;
	int r = template_render(plan->env, &vars.scope, &plan->arena, templated, &pattern, err);
	vars_release(&vars);
	if (r < 0)
		return r;
	if (pattern->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, hosts->at, "'hosts' gives a %s, not a pattern",
			      value_type_name(pattern));
	return inventory_match(plan->inv, pattern->str, hosts->at, ret, err);
}

static int step_hosts(struct plan *plan, struct plan_step *step, const struct value *hosts,
		      const inv_hosts *limit, struct err *err)
{
	inv_hosts all = {0};
	int r = match_hosts(plan, hosts, &all, err);
	/* By the host's index: a search in both lists would be quadratic. */
	bool *wanted = xcalloc(plan->inv->hosts.len, sizeof(*wanted));
	for (size_t i = 0; r == 0 && i < plan->inv->hosts.len; i++)
		wanted[i] = limit == NULL;
	for (size_t i = 0; limit && i < limit->len; i++)
		wanted[limit->at[i]->index] = true;
	for (size_t i = 0; r == 0 && i < all.len; i++)
		if (wanted[all.at[i]->index])
			vec_push(&step->hosts, all.at[i]);
	free(wanted);
	vec_release(&all);
	return r;
}

/* 3, "3" or "30%" */
static bool is_batch_size(const struct value *v)
{
	if (v->type == VALUE_INT)
		return v->integer > 0;
	struct slice s = v->type == VALUE_STRING ? v->str : SLICE_LIT("");
	if (slice_ends_with(s, "%"))
		s.len--;
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	return s.len > 0 && s.len < 10 && !(s.len == 1 && s.ptr[0] == '0');
}

static int check_percentage(const struct value *v, struct err *err)
{
	if (v && (v->type != VALUE_INT || v->integer < 0 || v->integer > 100))
		return err_at(err, ERR_INVALID, v->at,
			      "'max_fail_percentage' is a number from 0 to 100");
	return 0;
}

static int read_serial(struct plan_step *step, const struct value *serial, struct err *err)
{
	if (!serial)
		return 0;
	if (serial->type == VALUE_LIST)
		for (size_t i = 0; i < serial->list.len; i++)
			vec_push(&step->serial, serial->list.at[i]);
	else
		vec_push(&step->serial, serial);
	for (size_t i = 0; i < step->serial.len; i++) {
		const struct value *v = step->serial.at[i];
		if (!is_batch_size(v))
			return err_at(
				err, ERR_INVALID, v->at,
				"'serial' is a number of hosts or a percentage like \"30%%\"");
	}
	return 0;
}

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
	if ((r = want_bool(gather ? gather : s->gather_facts, "gather_facts", &step->gather_facts,
			   err)) < 0 ||
	    (r = want_bool(fatal ? fatal : s->any_errors_fatal, "any_errors_fatal",
			   &step->any_errors_fatal, err)) < 0 ||
	    (r = read_serial(step, value_get(body, "serial"), err)) < 0 ||
	    (r = check_percentage(percentage ? percentage : s->max_fail_percentage, err)) < 0)
		return r;
	step->max_fail_percentage = percentage ? percentage : s->max_fail_percentage;
	step->linear = step->any_errors_fatal || step->max_fail_percentage;
	if (vars && vars->type != VALUE_DICT && vars->type != VALUE_NULL)
		return err_at(err, ERR_INVALID, vars->at,
			      "'vars' is a mapping of variables, not a %s", value_type_name(vars));
	if (vars && vars->type == VALUE_DICT)
		c->role_params = vars;
	return 0;
}

static int compile_step(struct plan *plan, const struct site *s, const struct value_pair *entry,
			const inv_hosts *limit, struct err *err)
{
	const struct value *body = entry->value, *name = entry->key,
			   *hosts = value_get(body, "hosts"), *role_name;
	struct plan_step *step = ARENA_NEW(&plan->arena, struct plan_step);
	struct compiler c = {.plan = plan, .step = step}, in;
	const struct plan_role *role;
	if (name->type != VALUE_STRING || name->str.len == 0)
		return err_at(err, ERR_INVALID, name->at, "a step's name must be a word");
	if (body->type != VALUE_DICT)
		return err_at(err, ERR_INVALID, name->at,
			      "step '%s' must be a mapping with at least 'hosts'", name->str.ptr);
	if (!hosts)
		return err_at(err, ERR_INVALID, name->at, "step '%s' does not say on which 'hosts'",
			      name->str.ptr);
	step->name = name->str.ptr;
	step->index = plan->steps.len;
	step->at = name->at;
	step->play_vars = s->vars;
	step->defaults = value_dict_new(&plan->arena);
	step->vars = value_dict_new(&plan->arena);
	step->body = block_new(plan);
	vec_push(&plan->steps, step);
	step->attrs = attrs_inherit(&s->attrs);
	int r = step_hosts(plan, step, hosts, limit, err);
	if (r < 0 || (r = read_step_keys(&c, s, body, &step->attrs, err)) < 0)
		return r;
	role_name = value_get(body, "role");
	if (!role_name)
		role_name = name;
	if (role_name->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, role_name->at, "'role' is the name of a role");
	if ((r = role_load(plan, NULL, role_name->str, role_name->at, &role, err)) < 0)
		return r;
	step->role_name = role->name;
	if ((r = role_gather(&c, role, 0, err)) < 0 ||
	    (r = role_enter(&c, role, NULL, &in, err)) < 0 ||
	    (r = role_compile(&in, role, "main", &step->attrs, step->body, err)) < 0)
		return r;
	return 0;
}

static int finish_step(struct plan *plan, struct plan_step *step, struct err *err)
{
	step_set_barriers(plan, step, 0);
	return check_notify(plan, step, err);
}

static int check_limit(struct plan *plan, const struct plan_options *opts, struct err *err)
{
	for (size_t i = 0; i < plan->steps.len; i++)
		if (plan->steps.at[i]->hosts.len)
			return 0;
	return err_set(err, ERR_NOT_FOUND, "--limit '%s' leaves no host in any step of %s",
		       opts->limit, opts->site_path);
}

int site_compile(struct plan *plan, const struct value *top, const struct plan_options *opts,
		 struct err *err)
{
	struct compiler c = {.plan = plan};
	struct site s = {0};
	inv_hosts limit = {0};
	int r = read_site(&c, top, &s, err);
	if (r == 0 && (!s.steps || s.steps->type != VALUE_DICT || s.steps->dict.len == 0))
		r = err_at(err, ERR_INVALID, s.steps ? s.steps->at : top->at,
			   "a site file needs 'roles': a mapping of named steps");
	if (r == 0 && opts->become)
		s.attrs.become = value_bool(true);
	if (r == 0 && opts->become_user)
		s.attrs.become_user = value_cstr(&plan->arena, opts->become_user);
	if (r == 0 && opts->limit)
		r = err_wrap(err,
			     inventory_match(plan->inv, slice_from(opts->limit), (struct srcloc){0},
					     &limit, err),
			     "--limit");
	for (size_t i = 0; r == 0 && i < s.steps->dict.len; i++)
		r = compile_step(plan, &s, &s.steps->dict.at[i], opts->limit ? &limit : NULL, err);
	if (r == 0)
		r = edges_compile(plan, s.steps, err);
	if (r == 0)
		r = includes_compile(plan, err);
	for (size_t i = 0; r == 0 && i < plan->steps.len; i++)
		r = finish_step(plan, plan->steps.at[i], err);
	if (r == 0 && opts->start_at_task)
		r = start_at_task(plan, opts->start_at_task, err);
	if (r == 0 && opts->limit)
		r = check_limit(plan, opts, err);
	attrs_release(&s.attrs);
	vec_release(&limit);
	return r;
}
