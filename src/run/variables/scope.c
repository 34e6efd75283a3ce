/* The variables of one evaluation, by their levels, and keyword values. */
#include "scope.h"
#include "../action/action.h"

#include <math.h>
#include <stdlib.h>

#define SECONDS_MAX 3.2e9 /* a century */

void scope_base_levels(struct vars *v, struct run_host *h)
{
	v->merge_hashes = h->run->plan->inv->merge_hashes;
	v->levels[VARS_INVENTORY] = h->inv->vars;
	v->levels[VARS_FACTS] = h->facts;
	v->levels[VARS_INCLUDE_VARS] = h->include_vars;
	v->levels[VARS_SET] = h->set_vars;
	v->levels[VARS_EXTRA] = h->run->plan->extra_vars;
}
static void strand_levels(struct vars *v, const struct strand *s, const struct value **loop_vars)
{
	v->levels[VARS_PLAY] = s->step->plan->play_vars;
	v->levels[VARS_PLAY_FILES] = s->file_vars;
	v->scope.search_dirs = s->step->plan->search_dirs;
	for (size_t i = s->stack.len; i-- > 0;) {
		if (s->stack.at[i].include_params && !v->levels[VARS_INCLUDE_PARAMS])
			v->levels[VARS_INCLUDE_PARAMS] = s->stack.at[i].include_params;
		if (s->stack.at[i].loop_vars && !*loop_vars)
			*loop_vars = s->stack.at[i].loop_vars;
	}
}

/* Of an include its own variables count as much as those of the includes around it. */
static const struct value *include_params(const struct vars *v, const struct plan_node *n)
{
	const struct value *outer = v->levels[VARS_INCLUDE_PARAMS];
	if (n->kind != PLAN_TASK || !n->vars || !action_steers(n->module))
		return outer;
	return value_dict_merge(v->arena, outer, n->vars);
}

static void node_levels(struct vars *v, const struct plan_node *n)
{
	v->levels[VARS_ROLE_DEFAULTS] = n->role_defaults;
	v->levels[VARS_ROLE] = n->role_vars;
	v->levels[VARS_ROLE_PARAMS] = n->role_params;
	v->levels[VARS_BLOCK] = n->attrs.block_vars;
	v->levels[VARS_TASK] = n->vars;
	if (n->include_params && !v->levels[VARS_INCLUDE_PARAMS])
		v->levels[VARS_INCLUDE_PARAMS] = n->include_params;
	v->levels[VARS_INCLUDE_PARAMS] = include_params(v, n);
	v->scope.search_dirs = n->search_dirs;
}

void scope_init(struct scope *sc, struct arena *a, struct run_host *host, const struct strand *s,
		const struct plan_node *node, const struct value *loop_vars)
{
	const struct value *outer_loop = NULL;
	*sc = (struct scope){.host = host, .strand = s, .node = node};
	sc->magic = (struct vars_magic){sc, magic_get, magic_names};
	vars_init(&sc->vars, host->run->env, a, &sc->magic);
	scope_base_levels(&sc->vars, host);
	if (s)
		strand_levels(&sc->vars, s, &outer_loop);
	if (node)
		node_levels(&sc->vars, node);
	sc->vars.levels[VARS_LOOP] = value_dict_merge(a, outer_loop, loop_vars);
	if (s && node && s->changes.node == node)
		sc->vars.levels[VARS_LOOP] =
			value_dict_merge(a, sc->vars.levels[VARS_LOOP], s->changes.vars);
}

void scope_release(struct scope *sc)
{
	for (size_t i = 0; i < sc->others.len; i++)
		scope_release(sc->others.at[i]);
	vec_release(&sc->others);
	vars_release(&sc->vars);
}

static int render(struct scope *sc, const struct value *v, const struct value **ret,
		  struct err *err)
{
	return template_render(sc->host->run->env, &sc->vars.scope, sc->vars.arena, v, ret, err);
}

int scope_bool(struct scope *sc, const struct value *v, bool fallback, bool *ret, struct err *err)
{
	const struct value *out;
	*ret = fallback;
	if (!v)
		return 0;
	int r = render(sc, v, &out, err);
	if (r < 0)
		return r;
	if (template_is_omit(out) || out->type == VALUE_NULL)
		return 0;
	if (!value_to_bool(out, ret))
		return err_at(err, ERR_INVALID, v->at, "this must be yes or no, and is a %s",
			      value_type_name(out));
	return 0;
}

int scope_int(struct scope *sc, const struct value *v, int64_t fallback, int64_t *ret,
	      struct err *err)
{
	const struct value *out;
	*ret = fallback;
	if (!v)
		return 0;
	int r = render(sc, v, &out, err);
	if (r < 0)
		return r;
	if (out->type == VALUE_NULL || template_is_omit(out))
		return 0;
	char *end = NULL;
	if (out->type == VALUE_INT)
		*ret = out->integer;
	else if (out->type == VALUE_FLOAT && fabs(out->real) < SECONDS_MAX)
		*ret = (int64_t)out->real;
	else if (out->type == VALUE_STRING && out->str.len &&
		 (*ret = strtoll(out->str.ptr, &end, 10), *end == '\0'))
		return 0;
	else
		return err_at(err, ERR_INVALID, v->at, "this must be a whole number, and is a %s",
			      value_type_name(out));
	return 0;
}

int scope_milliseconds(struct scope *sc, const struct value *v, int64_t *ret, struct err *err)
{
	const struct value *out;
	double seconds = 0;
	char *end = NULL;
	*ret = 0;
	if (!v)
		return 0;
	int r = render(sc, v, &out, err);
	if (r < 0 || out->type == VALUE_NULL || template_is_omit(out))
		return r;
	if (out->type == VALUE_INT)
		seconds = (double)out->integer;
	else if (out->type == VALUE_FLOAT)
		seconds = out->real;
	else if (out->type == VALUE_STRING && out->str.len)
		seconds = strtod(out->str.ptr, &end);
	else
		seconds = NAN;
	if ((end && *end) || isnan(seconds))
		return err_at(err, ERR_INVALID, v->at, "this must be a number, and is a %s",
			      value_type_name(out));
	seconds = seconds < 0 ? 0 : seconds < SECONDS_MAX ? seconds : SECONDS_MAX;
	*ret = (int64_t)(seconds * 1000);
	return 0;
}

int scope_string(struct scope *sc, const struct value *v, const char **ret, struct err *err)
{
	const struct value *out;
	*ret = NULL;
	if (!v)
		return 0;
	int r = render(sc, v, &out, err);
	if (r < 0 || template_is_omit(out) || out->type == VALUE_NULL)
		return r;
	struct strbuf text CLEANUP(strbuf_release) = {0};
	value_print(&text, out);
	*ret = arena_strndup(sc->vars.arena, text.ptr ? text.ptr : "", text.len);
	return 0;
}

int scope_conditions(struct scope *sc, const struct value *const *conds, size_t n, bool *ret,
		     const struct value **ret_false, struct err *err)
{
	*ret = true;
	for (size_t i = 0; i < n; i++) {
		int r = template_condition(sc->host->run->env, &sc->vars.scope, conds[i], ret, err);
		if (r < 0)
			return err_locate(err, r, conds[i]->at);
		if (!*ret) {
			if (ret_false)
				*ret_false = conds[i];
			return 0;
		}
	}
	return 0;
}
