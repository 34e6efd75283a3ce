/* include_vars: a file's variables, or a folder's. Source: Ansible's page of the
 * module. */
#include "../variables/scope.h"
#include "action.h"
#include "rollout/base/file.h"
#include "rollout/value/yaml.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#define DEPTH_MAX 64

static int load(struct action_call *c, const char *path, struct value *into, struct err *err)
{
	const struct value *vars;
	struct value *list = (struct value *)value_get(c->result, "ansible_included_var_files");
	int r = yaml_load(&c->f->strand->host->arena, path, &vars, err);
	if (r < 0)
		return r;
	if (vars->type != VALUE_DICT && vars->type != VALUE_NULL)
		return err_at(err, ERR_INVALID, vars->at,
			      "a variables file holds a mapping; this is a %s",
			      value_type_name(vars));
	value_list_push(c->a, list, value_cstr(c->a, path));
	for (size_t i = 0; vars->type == VALUE_DICT && i < vars->dict.len; i++)
		value_dict_set(c->a, into, vars->dict.at[i].key, vars->dict.at[i].value);
	return 0;
}

/* ---- a folder ---- */

/* Python's re.search, by the template's test of that name. */
static int matches(struct action_call *c, const char *name, const char *regex, bool *ret,
		   struct err *err)
{
	struct value *bound = value_dict_new(c->a);
	const struct value *v;
	value_dict_put(c->a, bound, "rollout_name", value_cstr(c->a, name));
	value_dict_put(c->a, bound, "rollout_regex", value_cstr(c->a, regex));
	for (size_t i = 0; i < bound->dict.len; i++)
		((struct value *)bound->dict.at[i].value)->flags |= VALUE_UNSAFE;
	const struct value *before = c->scope->vars.levels[VARS_LOOP];
	vars_set_level(&c->scope->vars, VARS_LOOP, bound);
	int r = template_eval(c->f->strand->step->run->env, &c->scope->vars.scope, c->a,
			      SLICE_LIT("rollout_name is search(rollout_regex)"), c->f->node->at,
			      &v, err);
	vars_set_level(&c->scope->vars, VARS_LOOP, before);
	if (r == 0)
		*ret = value_truthy(v);
	return r;
}

static int is_ignored(struct action_call *c, const char *name, bool *ret, struct err *err)
{
	const struct value *list = action_arg(c, "ignore_files");
	*ret = false;
	for (size_t i = 0; list && list->type == VALUE_LIST && i < list->list.len && !*ret; i++) {
		if (list->list.at[i]->type != VALUE_STRING)
			continue;
		int r = matches(c, name, arena_printf(c->a, "%s$", list->list.at[i]->str.ptr), ret,
				err);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool has_extension(const struct action_call *c, const char *name)
{
	static const char *const usual[] = {"json", "yaml", "yml"};
	const struct value *list = action_arg(c, "extensions");
	const char *dot = strrchr(name, '.');
	if (!dot || dot == name)
		return false;
	if (list && list->type == VALUE_LIST) {
		for (size_t i = 0; i < list->list.len; i++)
			if (value_is_str(list->list.at[i], dot + 1))
				return true;
		return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(usual); i++)
		if (strcmp(dot + 1, usual[i]) == 0)
			return true;
	return false;
}

static int take_file(struct action_call *c, const char *folder, const char *name,
		     struct value *into, struct err *err)
{
	const struct value *matching = action_arg(c, "files_matching"),
			   *lax = action_arg(c, "ignore_unknown_extensions");
	const char *path = arena_printf(c->a, "%s/%s", folder, name);
	bool wanted = true, ignored = false;
	int r = 0;
	if (matching && matching->type == VALUE_STRING)
		r = matches(c, name, matching->str.ptr, &wanted, err);
	if (r == 0 && wanted)
		r = is_ignored(c, name, &ignored, err);
	if (r < 0 || !wanted || ignored)
		return r;
	/* a role's main.yml is loaded anyway */
	const struct plan_role *role = c->f->node->role;
	if (role && strcmp(path, arena_printf(c->a, "%s/vars/main.yml", role->dir)) == 0)
		return 0;
	if (has_extension(c, name))
		return load(c, path, into, err);
	if (lax && value_truthy(lax))
		return 0;
	return err_at(err, ERR_INVALID, c->f->node->at,
		      "include_vars: %s does not have a valid extension (yaml, yml, json)", path);
}

static int take_folder(struct action_call *c, const char *folder, int64_t depth, struct value *into,
		       struct err *err)
{
	struct dirent **names;
	int n = scandir(folder, &names, NULL, alphasort), r = 0;
	if (n < 0)
		return err_sys(err, "include_vars: %s", folder);
	/* its files first, then its folders */
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < n; i++) {
			const char *name = names[i]->d_name;
			const char *path = arena_printf(c->a, "%s/%s", folder, name);
			struct stat st;
			if (r < 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
			    stat(path, &st) < 0)
				continue;
			if (pass == 0 && S_ISREG(st.st_mode))
				r = take_file(c, folder, name, into, err);
			else if (pass == 1 && S_ISDIR(st.st_mode) && depth > 1)
				r = take_folder(c, path, depth - 1, into, err);
		}
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	return r;
}

/* Below the role's vars/; outside roles, beside the file of the task. */
static const char *folder_path(const struct action_call *c, const char *dir)
{
	const struct plan_role *role = c->f->node->role;
	const char *file = c->f->node->at.file;
	if (dir[0] == '/')
		return dir;
	if (role && (strcmp(dir, "vars") == 0 || strncmp(dir, "vars/", 5) == 0))
		return arena_printf(c->a, "%s/%s", role->dir, dir);
	if (role)
		return arena_printf(c->a, "%s/vars/%s", role->dir, dir);
	struct slice base = path_dirname(file ? file : ".");
	return arena_printf(c->a, "%.*s/%s", SLICE_ARG(base), dir);
}

/* ---- the module ---- */

static int read_all(struct action_call *c, struct value *into, struct err *err)
{
	const struct value *file = action_arg(c, "file"), *dir = action_arg(c, "dir");
	int64_t depth;
	if (dir && dir->type == VALUE_STRING) {
		int r = scope_int(c->scope, action_arg(c, "depth"), 0, &depth, err);
		if (r < 0)
			return r;
		return take_folder(c, folder_path(c, dir->str.ptr), depth > 0 ? depth : DEPTH_MAX,
				   into, err);
	}
	if (!file)
		file = action_arg(c, "_raw_params");
	if (!file || file->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, c->f->node->at,
			      "include_vars needs 'file' or 'dir'");
	struct plan_place place = {c->f->node->search_dirs, "vars"};
	const char *path;
	int r = plan_find_file(&place, file->str, c->a, &path, err);
	return r < 0 ? r : load(c, path, into, err);
}

int action_include_vars(struct action_call *c, struct err *err)
{
	const struct value *name = action_arg(c, "name");
	struct value *vars = value_dict_new(c->a);
	action_put(c, "ansible_included_var_files", value_list_new(c->a));
	int r = read_all(c, vars, err);
	if (r < 0)
		return r;
	if (name && name->type == VALUE_STRING) {
		struct value *d = value_dict_new(c->a);
		value_dict_put(c->a, d, name->str.ptr, vars);
		vars = d;
	}
	action_put(c, "ansible_facts", vars);
	action_put(c, "_level", value_cstr(c->a, "include_vars"));
	return 0;
}
