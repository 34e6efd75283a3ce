/* vars_files whose names the host's own variables tell: read when its play begins.
 * Source: ansible-core, vars/manager.py. */
#include "scope.h"

static int read_one(struct strand *s, struct scope *sc, const struct value *name,
		    struct value *into, struct err *err)
{
	struct plan *plan = s->step->run->plan;
	struct arena *a = &s->host->arena;
	struct plan_place place = {s->step->plan->search_dirs, "vars"};
	const struct value *vars;
	const char *path, *text = NULL;
	int r = scope_string(sc, name, &text, err);
	if (r < 0)
		return err_locate(err, r, name->at);
	r = plan_find_file(&place, slice_from(text ? text : ""), a, &path, err);
	if (r < 0 || (r = plan_load_vars(plan, path, &vars, err)) < 0)
		return err_locate(err, r, name->at);
	for (size_t i = 0; i < vars->dict.len; i++)
		value_dict_set(a, into, vars->dict.at[i].key, vars->dict.at[i].value);
	return 0;
}

static int read_first(struct strand *s, struct scope *sc, const struct value *names,
		      struct value *into, struct err *err)
{
	int r = ERR_NOT_FOUND;
	for (size_t i = 0; i < names->list.len && r == ERR_NOT_FOUND; i++) {
		struct err why = {0};
		if ((r = read_one(s, sc, names->list.at[i], into, &why)) < 0)
			*err = why;
	}
	return r;
}

int strand_read_vars_files(struct strand *s, struct err *err)
{
	const struct plan_step *plan = s->step->plan;
	struct value *into = value_dict_new(&s->host->arena);
	struct arena a = {0};
	int r = 0;
	if (s->file_vars_known || plan->late_vars_files.len == 0)
		return 0;
	for (size_t i = 0; i < plan->late_vars_files.len && r == 0; i++) {
		const struct value *names = plan->late_vars_files.at[i];
		struct scope sc;
		s->file_vars = into;
		scope_init(&sc, &a, s->host, s, NULL, NULL);
		r = names->type == VALUE_LIST ? read_first(s, &sc, names, into, err)
					      : read_one(s, &sc, names, into, err);
		scope_release(&sc);
	}
	s->file_vars_known = r == 0;
	arena_release(&a);
	return r < 0 && r != ERR_PENDING ? err_wrap(err, r, "vars_files") : r;
}
