/* Roles: where they lie, what they bring, their dependencies. */
#include "internal.h"
#include "rollout/base/file.h"
#include "rollout/base/nearest.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#define ROLE_MAX_DEPTH 16u

static const char *role_try(struct plan *plan, const char *dir, struct slice name)
{
	struct stat st;
	char *path = arena_printf(&plan->arena, "%s/%.*s", dir, SLICE_ARG(name));
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? path : NULL;
}

static void offer_roles(struct nearest *near, struct plan *plan, const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			nearest_offer(near, slice_from(arena_strdup(&plan->arena, e->d_name)));
	if (d)
		closedir(d);
}

static int role_missing(struct plan *plan, struct slice name, struct srcloc at, struct err *err)
{
	struct nearest near;
	struct strbuf dirs CLEANUP(strbuf_release) = {0};
	char hint[160];
	CLEANUP(free_ptr) char *own = path_join(plan->dir, "roles");
	nearest_init(&near, name);
	offer_roles(&near, plan, own);
	strbuf_puts(&dirs, own);
	for (const char *const *p = plan->roles_path; p && *p; p++) {
		offer_roles(&near, plan, *p);
		strbuf_printf(&dirs, ", %s", *p);
	}
	return err_at(err, ERR_NOT_FOUND, at, "no role '%.*s' in %s%s", SLICE_ARG(name), dirs.ptr,
		      nearest_hint(&near, hint, sizeof(hint)));
}

static const char *role_find(struct plan *plan, const char *base_dir, struct slice name)
{
	const char *found;
	if (name.ptr[0] == '/')
		return role_try(plan, "", name);
	if ((found = role_try(plan, arena_printf(&plan->arena, "%s/roles", plan->dir), name)))
		return found;
	for (const char *const *p = plan->roles_path; p && *p; p++)
		if ((found = role_try(plan, *p, name)))
			return found;
	if (base_dir && (found = role_try(plan, base_dir, name)))
		return found;
	return role_try(plan, plan->dir, name);
}

/* defaults/main.yml and the like: a file, or a folder main/ of files. */
static int load_part(struct plan *plan, const char *dir, const char *part, const struct value **ret,
		     struct err *err)
{
	const char *folder = arena_printf(&plan->arena, "%s/%s", dir, part);
	const char *file = plan_main_file(plan, folder, "main");
	if (file)
		return plan_load_vars(plan, file, ret, err);
	struct value *merged = value_dict_new(&plan->arena);
	struct dirent **names;
	folder = arena_printf(&plan->arena, "%s/main", folder);
	int n = scandir(folder, &names, NULL, alphasort), r = 0;
	for (int i = 0; i < n; i++) {
		const struct value *v;
		if (r == 0 && names[i]->d_name[0] != '.') {
			r = plan_load_vars(
				plan, arena_printf(&plan->arena, "%s/%s", folder, names[i]->d_name),
				&v, err);
			for (size_t k = 0; r == 0 && k < v->dict.len; k++)
				value_dict_set(&plan->arena, merged, v->dict.at[k].key,
					       v->dict.at[k].value);
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	*ret = merged;
	return r;
}

int role_load(struct plan *plan, const char *base_dir, struct slice name, struct srcloc at,
	      const struct plan_role **ret, struct err *err)
{
	if (name.len == 0)
		return err_at(err, ERR_INVALID, at, "a role's name is empty");
	const char *dir = role_find(plan, base_dir, name);
	char real[4096];
	if (!dir || !realpath(dir, real))
		return role_missing(plan, name, at, err);
	struct plan_role *role = strmap_get(&plan->roles, slice_from(real));
	if (role) {
		*ret = role;
		return 0;
	}
	role = ARENA_NEW(&plan->arena, struct plan_role);
	role->dir = arena_strdup(&plan->arena, real);
	struct slice base = path_basename(role->dir);
	role->name = arena_strndup(&plan->arena, base.ptr, base.len);
	int r;
	if ((r = load_part(plan, role->dir, "defaults", &role->defaults, err)) < 0 ||
	    (r = load_part(plan, role->dir, "vars", &role->vars, err)) < 0 ||
	    (r = load_part(plan, role->dir, "meta", &role->meta, err)) < 0)
		return r;
	const char **dirs = ARENA_ARRAY(&plan->arena, const char *, 3);
	dirs[0] = role->dir;
	dirs[1] = plan->dir;
	role->search_dirs = dirs;
	strmap_set(&plan->roles, slice_from(real), role);
	*ret = role;
	return 0;
}

/* ---- dependencies ---- */

static const struct value *dependencies(const struct plan_role *role)
{
	const struct value *d = value_get(role->meta, "dependencies");
	return d && d->type == VALUE_LIST ? d : NULL;
}

/* The role that an entry of `dependencies` or `roles` names. */
static int entry_role(struct compiler *c, const struct plan_role *from, const struct value *entry,
		      const struct plan_role **ret, struct err *err)
{
	const struct value *name = entry;
	if (entry->type == VALUE_DICT) {
		name = value_get(entry, "role");
		if (!name)
			name = value_get(entry, "name");
	}
	if (!name || name->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, entry->at,
			      "a dependency names its role ('role: name')");
	struct slice base = path_dirname(from->dir);
	return role_load(c->plan, arena_strndup(&c->plan->arena, base.ptr, base.len), name->str,
			 name->at, ret, err);
}

static void merge(struct arena *a, struct value *into, const struct value *from)
{
	for (size_t i = 0; i < from->dict.len; i++)
		value_dict_set(a, into, from->dict.at[i].key, from->dict.at[i].value);
}

int role_gather(struct compiler *c, const struct plan_role *role, unsigned depth, struct err *err)
{
	const struct value *deps = dependencies(role);
	if (depth > ROLE_MAX_DEPTH)
		return err_at(err, ERR_INVALID, deps ? deps->at : (struct srcloc){0},
			      "role '%s': its dependencies go in a circle", role->name);
	for (size_t i = 0; deps && i < deps->list.len; i++) {
		const struct plan_role *dep;
		int r = entry_role(c, role, deps->list.at[i], &dep, err);
		if (r < 0 || (r = role_gather(c, dep, depth + 1, err)) < 0)
			return r;
	}
	merge(&c->plan->arena, c->step->defaults, role->defaults);
	merge(&c->plan->arena, c->step->vars, role->vars);
	return 0;
}

int role_enter(const struct compiler *c, const struct plan_role *role, const struct value *params,
	       struct compiler *ret, struct err *err)
{
	struct arena *a = &c->plan->arena;
	struct compiler in = *c;
	(void)err;
	struct value *defaults = value_dict_dup(a, c->step->defaults),
		     *vars = value_dict_dup(a, c->step->vars);
	merge(a, defaults, role->defaults);
	merge(a, vars, role->vars);
	in.role = role;
	in.role_defaults = defaults;
	in.role_vars = vars;
	in.role_params = params ? params : c->role_params;
	in.file_dir = arena_printf(a, "%s/tasks", role->dir);
	*ret = in;
	return 0;
}

/* Keys of a dependency entry: keywords for its tasks, `vars`, and parameters. */
static int dependency_compile(struct compiler *c, const struct plan_role *from,
			      const struct value *entry, const struct plan_attrs *outer,
			      struct plan_block *out, struct err *err)
{
	const struct plan_role *role;
	int r = entry_role(c, from, entry, &role, err);
	if (r < 0)
		return r;
	struct plan_attrs attrs = attrs_inherit(outer);
	struct value *params = c->role_params ? value_dict_dup(&c->plan->arena, c->role_params)
					      : value_dict_new(&c->plan->arena);
	for (size_t i = 0; entry->type == VALUE_DICT && i < entry->dict.len; i++) {
		const struct value *key = entry->dict.at[i].key, *v = entry->dict.at[i].value;
		if (value_is_str(key, "role") || value_is_str(key, "name"))
			continue;
		if (value_is_str(key, "vars") && v->type == VALUE_DICT) {
			merge(&c->plan->arena, params, v);
			continue;
		}
		r = attrs_take(c, &attrs, key, v, err);
		if (r < 0)
			break;
		if (r == ATTR_NOT_MINE)
			value_dict_set(&c->plan->arena, params, key, v);
	}
	struct compiler in;
	if (r >= 0)
		r = role_enter(c, role, params, &in, err);
	if (r >= 0)
		r = role_compile(&in, role, "main", &attrs, out, err);
	attrs_release(&attrs);
	return r;
}

static bool compiled_already(const struct compiler *c, const struct plan_role *role,
			     const struct plan_block *out)
{
	bool duplicates = false;
	const struct value *allow = value_get(role->meta, "allow_duplicates");
	if (allow && value_to_bool(allow, &duplicates) && duplicates)
		return false;
	for (size_t i = 0; i < out->body.len; i++)
		if (out->body.at[i]->kind == PLAN_BLOCK && out->body.at[i]->role == role)
			return true;
	(void)c;
	return false;
}

int role_compile(struct compiler *c, const struct plan_role *role, const char *tasks_from,
		 const struct plan_attrs *attrs, struct plan_block *out, struct err *err)
{
	const struct value *deps = dependencies(role);
	int r = 0;
	if (++c->depth > PLAN_MAX_INCLUDE_DEPTH)
		return err_set(err, ERR_LIMIT, "role '%s': roles are nested too deep", role->name);
	for (size_t i = 0; deps && i < deps->list.len; i++)
		if ((r = dependency_compile(c, role, deps->list.at[i], attrs, out, err)) < 0)
			return r;
	if (strcmp(tasks_from, "main") == 0 && compiled_already(c, role, out))
		return 0;
	const char *handlers = plan_main_file(
		c->plan, arena_printf(&c->plan->arena, "%s/handlers", role->dir), "main");
	if (handlers && (r = handlers_compile_file(c, handlers, attrs, err)) < 0)
		return r;
	const char *tasks_dir = arena_printf(&c->plan->arena, "%s/tasks", role->dir);
	const char *file = plan_main_file(c->plan, tasks_dir, tasks_from);
	if (!file && strcmp(tasks_from, "main") != 0)
		return err_set(err, ERR_NOT_FOUND, "role '%s' has no tasks/%s.yml", role->name,
			       tasks_from);
	struct plan_node *node = node_new(
		c, PLAN_BLOCK, (struct srcloc){file ? srcfile_intern(file) : NULL, 1, 1}, attrs);
	node->block = block_new(c->plan);
	if (file && (r = block_compile_file(c, file, attrs, node->block, err)) < 0)
		return r;
	vec_push(&out->body, node);
	return 0;
}
