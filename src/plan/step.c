/* What the steps of a site file and the plays of a playbook have in common. */
#include "internal.h"

#include <math.h>
#include <stdlib.h>

static bool name_is_taken(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->steps.len; i++)
		if (strcmp(plan->steps.at[i]->name, name) == 0)
			return true;
	return false;
}

void step_set_dir(struct plan *plan, struct plan_step *step, const char *dir)
{
	const char **dirs = ARENA_ARRAY(&plan->arena, const char *, 2);
	dirs[0] = dir;
	step->dir = dir;
	step->search_dirs = dirs;
}

struct plan_step *step_new(struct plan *plan, const char *name, struct srcloc at)
{
	struct plan_step *step = ARENA_NEW(&plan->arena, struct plan_step);
	const char *own = name;
	unsigned n = 1; /* of plays with one name the numbers before are given */
	for (size_t i = 0; i < plan->steps.len; i++)
		n += strcmp(plan->steps.at[i]->play_name, name) == 0;
	for (n = n < 2 ? 2 : n; name_is_taken(plan, own); n++)
		own = arena_printf(&plan->arena, "%s (%u)", name, n);
	step->name = own;
	step->play_name = name;
	step->index = plan->steps.len;
	step->at = at;
	step->path = plan->site_path;
	step_set_dir(plan, step, plan->dir);
	step->defaults = value_dict_new(&plan->arena);
	step->vars = value_dict_new(&plan->arena);
	step->body = block_new(plan);
	vec_push(&plan->steps, step);
	return step;
}

int keys_bool(const struct value *v, const char *what, bool *ret, struct err *err)
{
	if (v && v->type != VALUE_NULL && !value_to_bool(v, ret))
		return err_at(err, ERR_INVALID, v->at, "'%s' is yes or no", what);
	return 0;
}

int keys_render(struct compiler *c, const struct value *v, const struct value **ret,
		struct err *err)
{
	struct vars vars;
	vars_init(&vars, c->plan->env, &c->plan->arena, NULL);
	vars_set_level(&vars, VARS_ROLE_DEFAULTS, plan_magic(c->plan, c->step));
	vars_set_level(&vars, VARS_PLAY, c->step ? c->step->play_vars : NULL);
	vars_set_level(&vars, VARS_EXTRA, c->plan->extra_vars);
	int r = template_render(c->plan->env, &vars.scope, &c->plan->arena, v, ret, err);
	vars_release(&vars);
	return r < 0 ? err_locate(err, r, v->at) : r;
}

/* 3, "3" or "30%"; 0 and below mean all hosts that are left */
static bool is_batch_size(const struct value *v)
{
	if (v->type == VALUE_INT)
		return true;
	struct slice s = v->type == VALUE_STRING ? v->str : SLICE_LIT("");
	if (slice_ends_with(s, "%"))
		s.len--;
	else if (slice_starts_with(s, "-"))
		s = (struct slice){s.ptr + 1, s.len - 1};
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	return s.len > 0 && s.len < 10;
}

int keys_serial(struct compiler *c, const struct value *serial, struct err *err)
{
	struct plan_step *step = c->step;
	struct srcloc at = serial ? serial->at : (struct srcloc){0};
	if (!serial || serial->type == VALUE_NULL)
		return 0;
	int r = keys_render(c, serial, &serial, err);
	if (r < 0)
		return r;
	if (serial->type == VALUE_LIST)
		for (size_t i = 0; i < serial->list.len; i++)
			vec_push(&step->serial, serial->list.at[i]);
	else
		vec_push(&step->serial, serial);
	for (size_t i = 0; i < step->serial.len; i++) {
		const struct value *v = step->serial.at[i];
		if (!is_batch_size(v))
			return err_at(
				err, ERR_INVALID, v->at.file ? v->at : at,
				"'serial' is a number of hosts or a percentage like \"30%%\"");
	}
	return 0;
}

int keys_percentage(struct compiler *c, const struct value *v, struct err *err)
{
	const struct value *number;
	double x = -1;
	char *end = NULL;
	if (!v || v->type == VALUE_NULL)
		return 0;
	int r = keys_render(c, v, &number, err);
	if (r < 0)
		return r;
	if (number->type == VALUE_INT)
		x = (double)number->integer;
	else if (number->type == VALUE_FLOAT)
		x = number->real;
	else if (number->type == VALUE_STRING && number->str.len) {
		x = strtod(number->str.ptr, &end);
		if (*end && strcmp(end, "%") != 0)
			x = -1;
	}
	if (!(x >= 0 && x <= 100))
		return err_at(err, ERR_INVALID, v->at,
			      "'max_fail_percentage' is a number from 0 to 100");
	c->step->max_fail_percentage = value_float(&c->plan->arena, x);
	return 0;
}

/* ---- vars_files ---- */

static int read_one(struct compiler *c, const struct value *name, struct value *into,
		    struct err *err)
{
	const struct value *rendered, *vars;
	struct plan_place place = {c->step->search_dirs, "vars"};
	const char *path;
	if (name->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, name->at,
			      "'vars_files' is a list of file names, or of lists of them");
	int r = keys_render(c, name, &rendered, err);
	if (r < 0)
		return r;
	if (rendered->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, name->at, "a name of 'vars_files' is a %s",
			      value_type_name(rendered));
	r = plan_find_file(&place, rendered->str, &c->plan->arena, &path, err);
	if (r < 0)
		return err_locate(err, r, name->at);
	if ((r = plan_load_vars(c->plan, path, &vars, err)) < 0)
		return r;
	for (size_t k = 0; k < vars->dict.len; k++)
		value_dict_set(&c->plan->arena, into, vars->dict.at[k].key, vars->dict.at[k].value);
	return 0;
}

/* The first of a list that exists. */
static int read_first(struct compiler *c, const struct value *names, struct value *into,
		      struct err *err)
{
	int r = ERR_NOT_FOUND;
	for (size_t i = 0; i < names->list.len && r == ERR_NOT_FOUND; i++) {
		struct err why = {0};
		if ((r = read_one(c, names->list.at[i], into, &why)) < 0)
			*err = why;
	}
	if (r == ERR_NOT_FOUND)
		return err_at(err, r, names->at, "none of these 'vars_files' exists");
	return r;
}

int vars_files_read(struct compiler *c, const struct value *files, struct value *into,
		    struct err *err)
{
	size_t n = files->type == VALUE_LIST ? files->list.len : files->type != VALUE_NULL;
	for (size_t i = 0; i < n; i++) {
		const struct value *f = files->type == VALUE_LIST ? files->list.at[i] : files;
		struct err why = {0};
		int r = f->type == VALUE_LIST ? read_first(c, f, into, &why)
					      : read_one(c, f, into, &why);
		bool play = c->step && c->step->is_play;
		/* what follows such a file counts more, and is read again after it */
		bool late = play && (r == ERR_UNDEFINED || c->step->late_vars_files.len);
		if (late)
			vec_push(&c->step->late_vars_files, f);
		if (play && r == ERR_UNDEFINED)
			r = names_of_value(c, f, err);
		else if (r < 0)
			*err = why;
		if (r < 0)
			return r;
	}
	return 0;
}
