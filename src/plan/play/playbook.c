/* A playbook: a list of plays and of other playbooks. The plays of all that a
 * command line names are one list, in which each waits for the one before. */
#include "../internal.h"
#include "rollout/base/nearest.h"

#define IMPORT_MAX_DEPTH 32u

static int read_playbook(struct plan *plan, const struct play_outer *outer, unsigned depth,
			 struct err *err);

static const struct value *import_key(const struct value *entry, const struct value **ret_key)
{
	static const char *const names[] = {"import_playbook", "ansible.builtin.import_playbook",
					    "ansible.legacy.import_playbook", "include"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		for (size_t k = 0; k < entry->dict.len; k++)
			if (value_is_str(entry->dict.at[k].key, names[i])) {
				*ret_key = entry->dict.at[k].key;
				return entry->dict.at[k].value;
			}
	return NULL;
}

static int take_import_key(struct compiler *c, const struct value *key, const struct value *v,
			   struct play_outer *in, struct err *err)
{
	struct arena *a = &c->plan->arena;
	if (value_is_str(key, "name"))
		return 0;
	if (value_is_str(key, "when") || value_is_str(key, "tags")) {
		int r = attrs_take(c, &in->attrs, key, v, err);
		return r < 0 ? r : 0;
	}
	if (!value_is_str(key, "vars")) {
		struct nearest near;
		char hint[128];
		nearest_init(&near, key->type == VALUE_STRING ? key->str : SLICE_LIT("?"));
		nearest_offer(&near, SLICE_LIT("vars"));
		nearest_offer(&near, SLICE_LIT("when"));
		nearest_offer(&near, SLICE_LIT("tags"));
		return err_at(err, ERR_INVALID, key->at, "import_playbook has no keyword '%.*s'%s",
			      SLICE_ARG(near.wanted), nearest_hint(&near, hint, sizeof(hint)));
	}
	if (v->type != VALUE_DICT)
		return err_at(err, ERR_INVALID, v->at, "'vars' is a mapping of variables, not a %s",
			      value_type_name(v));
	/* the outer import's win */
	struct value *vars = value_dict_dup(a, v);
	for (size_t i = 0; in->vars && i < in->vars->dict.len; i++)
		value_dict_set(a, vars, in->vars->dict.at[i].key, in->vars->dict.at[i].value);
	in->vars = vars;
	return 0;
}

static int import(struct plan *plan, const struct play_outer *outer, const struct value *entry,
		  unsigned depth, struct err *err)
{
	const struct value *key, *name = import_key(entry, &key);
	struct compiler c = {.plan = plan};
	struct play_outer in = *outer;
	if (name->type != VALUE_STRING || name->str.len == 0)
		return err_at(err, ERR_INVALID, name->at, "import_playbook names a file");
	in.attrs = attrs_inherit(&outer->attrs);
	int r = 0;
	for (size_t i = 0; r == 0 && i < entry->dict.len; i++)
		if (entry->dict.at[i].key != key)
			r = take_import_key(&c, entry->dict.at[i].key, entry->dict.at[i].value, &in,
					    err);
	const struct value *rendered = name;
	if (r == 0 && template_has_markup(name->str)) {
		struct plan_step vars = {.play_vars = in.vars};
		c.step = &vars;
		r = keys_render(&c, name, &rendered, err);
	}
	if (r == 0 && rendered->type != VALUE_STRING)
		r = err_at(err, ERR_INVALID, name->at, "the playbook's name gives a %s",
			   value_type_name(rendered));
	if (r == 0) {
		in.path = rendered->str.ptr[0] == '/'
				  ? rendered->str.ptr
				  : arena_printf(&plan->arena, "%s/%.*s", outer->dir,
						 SLICE_ARG(rendered->str));
		r = err_locate(err, plan_folder(plan, in.path, &in.dir, err), name->at);
	}
	if (r == 0)
		r = read_playbook(plan, &in, depth + 1, err);
	attrs_release(&in.attrs);
	return r;
}

static int read_playbook(struct plan *plan, const struct play_outer *outer, unsigned depth,
			 struct err *err)
{
	const struct value *top;
	int r = plan_load_file(plan, outer->path, &top, err);
	if (r < 0)
		return r;
	if (depth > IMPORT_MAX_DEPTH)
		return err_at(err, ERR_LIMIT, top->at, "playbooks import each other deeper than %u",
			      IMPORT_MAX_DEPTH);
	if (top->type != VALUE_LIST)
		return err_at(err, ERR_INVALID, top->at,
			      "a playbook is a list of plays; this is a %s%s", value_type_name(top),
			      value_get(top, "roles") ? " (a site file is run alone)" : "");
	if (top->list.len == 0)
		return err_at(err, ERR_INVALID, top->at, "the playbook has no plays");
	for (size_t i = 0; r == 0 && i < top->list.len; i++) {
		const struct value *entry = top->list.at[i], *key;
		if (entry->type != VALUE_DICT)
			r = err_at(err, ERR_INVALID, entry->at,
				   "a play is a mapping ('- hosts: …'), not a %s",
				   value_type_name(entry));
		else
			r = import_key(entry, &key) ? import(plan, outer, entry, depth, err)
						    : play_compile(plan, outer, entry, err);
		r = plan_go_without(plan, NULL, r, err);
	}
	return r;
}

static int read_file(struct plan *plan, const struct plan_options *opts, const char *path,
		     struct err *err)
{
	struct play_outer outer = {.path = arena_strdup(&plan->arena, path), .opts = opts};
	int r = plan_folder(plan, path, &outer.dir, err);
	if (opts->become)
		outer.attrs.become = value_bool(true);
	if (opts->become_user)
		outer.attrs.become_user = value_cstr(&plan->arena, opts->become_user);
	size_t first = plan->steps.len;
	if (r == 0)
		r = read_playbook(plan, &outer, 0, err);
	if (r == 0 && first > 0 && first < plan->steps.len)
		plan->steps.at[first]->opens_file = true;
	attrs_release(&outer.attrs);
	return r;
}

int playbooks_compile(struct plan *plan, const struct plan_options *opts, struct err *err)
{
	int r = read_file(plan, opts, opts->site_path, err);
	for (const char *const *p = opts->more_paths; r == 0 && p && *p; p++)
		r = read_file(plan, opts, *p, err);
	return r;
}
