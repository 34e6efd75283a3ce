/*
 * How a task reaches its host. The host's own variables say it, for one connection
 * that all of the run shares; keywords of a play or task (connection, remote_user,
 * port, become_method …) and connection variables above the inventory's make others.
 * Source: Ansible, "Controlling how Ansible behaves: precedence rules".
 */
#include "../link/link.h"
#include "../variables/scope.h"
#include "flight.h"

/* A keyword, and the variables that beat it; without one: a variable alone. */
static const struct {
	const char *variables[4];
	size_t keyword; /* offset in plan_attrs; 0: none */
} ways[] = {
#define KEYWORD(name) offsetof(struct plan_attrs, name)
	{{"ansible_connection"}, KEYWORD(connection)},
	{{"ansible_user", "ansible_ssh_user"}, KEYWORD(remote_user)},
	{{"ansible_port", "ansible_ssh_port"}, KEYWORD(port)},
	{{"ansible_become_method"}, KEYWORD(become_method)},
	{{"ansible_become_flags", "ansible_sudo_flags", "ansible_su_flags"}, KEYWORD(become_flags)},
	{{"ansible_become_exe", "ansible_sudo_exe", "ansible_su_exe"}, KEYWORD(become_exe)},
	{{"ansible_host", "ansible_ssh_host"}, 0},
	{{"ansible_ssh_private_key_file", "ansible_private_key_file"}, 0},
	{{"ansible_password", "ansible_ssh_pass", "ansible_ssh_password"}, 0},
	{{"ansible_become_password", "ansible_become_pass", "ansible_sudo_pass", "ansible_su_pass"},
	 0},
	{{"ansible_ssh_common_args"}, 0},
	{{"ansible_ssh_extra_args"}, 0},
#undef KEYWORD
};

struct reaching {
	struct flight *f;
	struct scope *sc;
	struct value *dict; /* NULL: nothing yet */
};

static void add(struct reaching *w, const char *name, const struct value *v)
{
	if (!w->dict)
		w->dict = value_dict_new(&w->f->arena);
	value_dict_put(&w->f->arena, w->dict, name, v);
}

/* 1: a variable says it, be it one of the inventory. */
static int take_variable(struct reaching *w, const char *name, struct err *err)
{
	enum vars_level level = VARS_INVENTORY;
	const struct value *v, *raw = vars_raw(&w->sc->vars, slice_from(name), &level);
	bool delegated = w->f->target != w->f->strand->host;
	bool own = level == VARS_SET || level <= VARS_FACTS || level == VARS_INCLUDE_VARS;
	if (raw && level == VARS_EXTRA)
		return 1;
	if (!raw || (delegated && own))
		return value_get(w->f->target->inv->vars, name) != NULL;
	/* what set_fact says is seen by the connection that is opened after it */
	if (level <= VARS_FACTS)
		return 1;
	int r = vars_get(&w->sc->vars, name, &v, err);
	if (r < 0)
		return r;
	if (v)
		add(w, name, v);
	return 1;
}

static int take_keyword(struct reaching *w, size_t i, struct err *err)
{
	const struct plan_attrs *attrs =
		w->f->node ? &w->f->node->attrs : &w->f->strand->step->plan->attrs;
	const struct value *const *at = (const void *)((const char *)attrs + ways[i].keyword);
	const char *text;
	if (!ways[i].keyword || !*at)
		return 0;
	int r = scope_string(w->sc, *at, &text, err);
	if (r == 0 && text && *text)
		add(w, ways[i].variables[0], value_cstr(&w->f->arena, text));
	return r;
}

/* The connection of that kind, opened when it is needed. */
static struct link *find_link(struct flight *f, const struct value *reach)
{
	struct run_host *h = f->target;
	struct strbuf text CLEANUP(strbuf_wipe) = {0};
	value_repr(&text, reach);
	for (size_t i = 0; i < h->others.len; i++)
		if (strcmp(h->others.at[i]->reach_text, text.ptr) == 0)
			return h->others.at[i];
	struct link *l = link_new(h, reach);
	l->reach_text = arena_strdup(&l->arena, text.ptr);
	vec_push(&h->others, l);
	return l;
}

int flight_eval_link(struct flight *f, struct scope *sc, struct err *err)
{
	struct reaching w = {.f = f, .sc = sc};
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		int r = 0;
		for (size_t k = 0; r == 0 && k < ARRAY_LEN(ways[i].variables); k++)
			if (ways[i].variables[k])
				r = take_variable(&w, ways[i].variables[k], err);
		if (r == 0)
			r = take_keyword(&w, i, err);
		if (r < 0)
			return r;
	}
	f->link = w.dict ? find_link(f, w.dict) : f->target->link;
	return 0;
}
