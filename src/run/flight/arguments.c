/* What a task's arguments come to for one item of its loop. */
#include "../dialogue/dialogue.h"
#include "../variables/scope.h"
#include "concealed.h"
#include "flight.h"

#define POLL_DEFAULT_S 15

/* Drops what became `omit`, at any depth. */
static const struct value *without_omit(struct arena *a, const struct value *v)
{
	if (v->type != VALUE_DICT && v->type != VALUE_LIST)
		return v;
	struct value *out = v->type == VALUE_DICT ? value_dict_new(a) : value_list_new(a);
	out->at = v->at;
	out->flags = v->flags;
	for (size_t i = 0; v->type == VALUE_DICT && i < v->dict.len; i++)
		if (!template_is_omit(v->dict.at[i].value))
			value_dict_set(a, out, v->dict.at[i].key,
				       without_omit(a, v->dict.at[i].value));
	for (size_t i = 0; v->type == VALUE_LIST && i < v->list.len; i++)
		if (!template_is_omit(v->list.at[i]))
			value_list_push(a, out, without_omit(a, v->list.at[i]));
	return out;
}

static bool has_unknown(const struct value *v, const struct value **ret)
{
	if (v->type == VALUE_UNKNOWN) {
		*ret = v;
		return true;
	}
	for (size_t i = 0; v->type == VALUE_LIST && i < v->list.len; i++)
		if (has_unknown(v->list.at[i], ret))
			return true;
	for (size_t i = 0; v->type == VALUE_DICT && i < v->dict.len; i++)
		if (has_unknown(v->dict.at[i].value, ret))
			return true;
	return false;
}

int64_t flight_seconds(const struct flight *f, const char *key, int64_t fallback)
{
	const struct value *v = value_get(f->items[f->current].args, key);
	return v && v->type == VALUE_INT && v->integer >= 0 ? v->integer : fallback;
}

/* poll: 0 lets the task go on by itself; else its time is limited, no more. */
int flight_eval_async(struct flight *f, struct scope *sc, struct flight_item *it, struct err *err)
{
	int64_t seconds, poll;
	int r = scope_int(sc, f->node->async_s, 0, &seconds, err);
	if (r == 0)
		r = scope_int(sc, f->node->poll, POLL_DEFAULT_S, &poll, err);
	if (r < 0 || seconds <= 0)
		return r;
	if (poll > 0) {
		f->timeout_ms = ms_of_seconds(seconds);
		return 0;
	}
	struct value *args = value_dict_dup(&f->arena, it->args);
	args->at = it->args->at;
	value_dict_put(&f->arena, args, "_async", value_int(&f->arena, seconds));
	it->args = args;
	return 0;
}

/* The mapping that a template of arguments gives, under what `args` has. */
static int add_variable_args(struct flight *f, struct scope *sc, const struct value *written,
			     const struct value **args, struct err *err)
{
	const struct value *v, *own = *args;
	int r = template_render(sc->host->run->env, &sc->vars.scope, &f->arena, written, &v, err);
	if (r < 0)
		return err_locate(err, r, written->at);
	if (v->type == VALUE_UNKNOWN)
		return err_set(err, v->unknown.code, "%s", v->unknown.what);
	if (v->type != VALUE_DICT)
		return err_at(err, ERR_INVALID, written->at,
			      "the arguments of %s are a mapping, and this gives a %s",
			      node_module_name(f->node), value_type_name(v));
	/* it is rendered; what debug and assert have are expressions all the same */
	struct value *all =
		value_dict_dup(&f->arena, f->node->module->flags & MODULE_EVALUATES
						  ? v
						  : value_copy(&f->arena, v, VALUE_UNSAFE));
	all->at = own->at;
	all->flags = own->flags;
	for (size_t i = 0; i < own->dict.len; i++)
		value_dict_set(&f->arena, all, own->dict.at[i].key, own->dict.at[i].value);
	*args = all;
	return 0;
}

/* args: "{{ x }}": the task's own words beat it, and it beats module_defaults. */
static int with_variable_args(struct flight *f, struct scope *sc, const struct value **args,
			      struct err *err)
{
	const struct value *written = f->node->variable_args, *defaults = f->node->default_args;
	int r = written ? add_variable_args(f, sc, written, args, err) : 0;
	if (r < 0 || !defaults)
		return r;
	if (defaults->type != VALUE_DICT)
		return add_variable_args(f, sc, defaults, args, err);
	struct value *all = value_dict_dup(&f->arena, *args);
	all->at = (*args)->at;
	all->flags = (*args)->flags;
	for (size_t i = 0; i < defaults->dict.len; i++)
		if (!value_find(all, defaults->dict.at[i].key))
			value_dict_set(&f->arena, all, defaults->dict.at[i].key,
				       defaults->dict.at[i].value);
	*args = all;
	return 0;
}

int flight_eval_args(struct flight *f, struct scope *sc, struct flight_item *it, struct err *err)
{
	struct run *run = f->strand->step->run;
	const struct value *args = debugger_args(f->strand, f->node), *unknown;
	int r;
	bool variable = f->node->variable_args || f->node->default_args;
	if (variable && (r = with_variable_args(f, sc, &args, err)) < 0)
		return r;
	if (f->node->module->flags & MODULE_EVALUATES) {
		it->args = args;
		return variable ? module_check_args(f->node->module, args, true, err) : 0;
	}
	if ((r = template_render(run->env, &sc->vars.scope, &f->arena, args, &args, err)) < 0)
		return err_locate(err, r, f->node->at);
	if (has_unknown(args, &unknown))
		return err_set(err, unknown->unknown.code, "%s", unknown->unknown.what);
	args = without_omit(&f->arena, args);
	if (f->node->module->flags & MODULE_ANY_ARGS) {
		it->args = args;
		return 0;
	}
	r = module_coerce_args(f->node->module, &f->arena, args, &it->args, err);
	if (r == 0)
		concealed_args(f->node->module, it->args);
	return err_locate(err, r, f->node->at);
}
