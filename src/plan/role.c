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
	CLEANUP(strbuf_release) struct strbuf path = {0};
	struct stat st;
	path_normalize(&path,
		       slice_from(arena_printf(&plan->arena, "%s/%.*s", dir, SLICE_ARG(name))));
	return stat(path.ptr, &st) == 0 && S_ISDIR(st.st_mode)
		       ? arena_strdup(&plan->arena, path.ptr)
		       : NULL;
}

static const char *role_try_all(struct plan *plan, const char *const *dirs, struct slice name)
{
	const char *found = NULL;
	while (!found && dirs && *dirs)
		found = role_try(plan, *dirs++, name);
	return found;
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

static void offer_all(struct nearest *near, struct plan *plan, const char *const *from,
		      struct strbuf *told)
{
	for (; from && *from; from++) {
		offer_roles(near, plan, *from);
		strbuf_printf(told, ", %s", *from);
	}
}

static int role_missing(struct plan *plan, const char *dir, const struct value *name,
			struct err *err)
{
	struct nearest near;
	struct strbuf dirs CLEANUP(strbuf_release) = {0};
	char hint[160];
	CLEANUP(free_ptr) char *own = path_join(dir, "roles");
	nearest_init(&near, name->str);
	offer_roles(&near, plan, own);
	strbuf_puts(&dirs, own);
	offer_all(&near, plan, plan->roles_path, &dirs);
	offer_all(&near, plan, plan->shipped_roles, &dirs);
	return err_at(err, ERR_NOT_FOUND, name->at, "no role '%.*s' in %s%s", SLICE_ARG(name->str),
		      dirs.ptr, nearest_hint(&near, hint, sizeof(hint)));
}

/* Where Ansible looks, in its order. A path names no role of the program's own. */
static const char *role_find(const struct compiler *c, const char *base_dir, struct slice name)
{
	struct plan *plan = c->plan;
	const char *dir = plan_dir(plan, c->step);
	const char *found;
	if (name.ptr[0] == '/')
		return role_try(plan, "", name);
	if ((found = role_try(plan, arena_printf(&plan->arena, "%s/roles", dir), name)) ||
	    (found = collection_role(c, name)))
		return found;
	if ((found = role_try_all(plan, plan->roles_path, name)) ||
	    (base_dir && (found = role_try(plan, base_dir, name))) ||
	    (found = role_try(plan, dir, name)))
		return found;
	return memchr(name.ptr, '/', name.len) ? NULL
					       : role_try_all(plan, plan->shipped_roles, name);
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

int role_load(const struct compiler *c, const char *base_dir, const struct value *name,
	      const struct plan_role **ret, struct err *err)
{
	struct plan *plan = c->plan;
	if (name->str.len == 0)
		return err_at(err, ERR_INVALID, name->at, "a role's name is empty");
	const char *dir = role_find(c, base_dir, name->str);
	char real[4096];
	if (!dir || !realpath(dir, real))
		return role_missing(plan, plan_dir(plan, c->step), name, err);
	struct plan_role *role = strmap_get(&plan->roles, slice_from(real));
	if (role) {
		*ret = role;
		return 0;
	}
	role = ARENA_NEW(&plan->arena, struct plan_role);
	role->dir = arena_strdup(&plan->arena, real);
	struct slice base = path_basename(role->dir);
	role->name = arena_strndup(&plan->arena, base.ptr, base.len);
	role->short_name = role->name;
	if (!memchr(name->str.ptr, '/', name->str.len))
		collection_name_role(&plan->arena, dir, role);
	int r;
	if ((r = load_part(plan, role->dir, "defaults", &role->defaults, err)) < 0 ||
	    (r = load_part(plan, role->dir, "vars", &role->vars, err)) < 0 ||
	    (r = load_part(plan, role->dir, "meta", &role->meta, err)) < 0)
		return r;
	const char *meta_dir = arena_printf(&plan->arena, "%s/meta", role->dir);
	const char *specs = plan_main_file(plan, meta_dir, "argument_specs");
	if (specs && (r = plan_load_vars(plan, specs, &role->argument_specs, err)) < 0)
		return r;
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

int role_entry_name(struct compiler *c, const char *base_dir, const struct value *entry,
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
			      "an entry of roles or dependencies names its role ('role: name')");
	int r = template_has_markup(name->str) ? keys_render(c, name, &name, err) : 0;
	if (r < 0)
		return r;
	if (name->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, entry->at, "the role's name gives a %s",
			      value_type_name(name));
	return role_load(c, base_dir, name, ret, err);
}

/* Beside the role that names it, roles are found too. */
static const char *beside(struct compiler *c, const struct plan_role *role)
{
	struct slice base = path_dirname(role->dir);
	return arena_strndup(&c->plan->arena, base.ptr, base.len);
}

static void merge(struct arena *a, struct value *into, const struct value *from)
{
	for (size_t i = 0; i < from->dict.len; i++)
		value_dict_set(a, into, from->dict.at[i].key, from->dict.at[i].value);
}

/* What a role brings to its play is seen by its other roles, under their own. */
static void merge_below(struct arena *a, struct value *into, const struct value *from,
			const struct value *own)
{
	for (size_t i = 0; i < from->dict.len; i++)
		if (!value_find(own, from->dict.at[i].key))
			value_dict_set(a, into, from->dict.at[i].key, from->dict.at[i].value);
}

static void publish(struct compiler *c, const struct value *defaults, const struct value *vars)
{
	struct arena *a = &c->plan->arena;
	merge(a, c->step->defaults, defaults);
	merge(a, c->step->vars, vars);
	for (size_t i = 0; i < c->step->views.len; i++) {
		const struct plan_role_view *v = &c->step->views.at[i];
		merge_below(a, v->defaults, defaults, v->own_defaults);
		merge_below(a, v->vars, vars, v->own_vars);
	}
}

/* vars_from, defaults_from: another file in place of main. */
static int load_from(struct plan *plan, const struct plan_role *role, const char *part,
		     const char *from, const struct value **ret, struct err *err)
{
	const char *folder = arena_printf(&plan->arena, "%s/%s", role->dir, part);
	if (!from || strcmp(from, "main") == 0)
		return 0;
	const char *file = plan_main_file(plan, folder, from);
	if (!file)
		return err_set(err, ERR_NOT_FOUND, "role '%s' has no %s/%s.yml", role->name, part,
			       from);
	return plan_load_vars(plan, file, ret, err);
}

static int own_values(const struct compiler *c, const struct plan_role *role,
		      const struct role_use *use, struct plan_role_view *ret, struct err *err)
{
	ret->own_defaults = role->defaults;
	ret->own_vars = role->vars;
	if (!use)
		return 0;
	int r = load_from(c->plan, role, "defaults", use->defaults_from, &ret->own_defaults, err);
	if (r == 0)
		r = load_from(c->plan, role, "vars", use->vars_from, &ret->own_vars, err);
	if (r == 0 && use->vars) {
		struct value *all = value_dict_dup(&c->plan->arena, use->vars);
		merge(&c->plan->arena, all, ret->own_vars);
		ret->own_vars = all;
	}
	return r;
}

/* Roles on the way to one, each with the entry that names the next. */
struct way {
	const struct way *before;
	const struct plan_role *role;
	const struct value *entry;
};

static void print_way(struct strbuf *out, const struct way *way, const struct plan_role *from)
{
	if (way->role != from)
		print_way(out, way->before, from);
	strbuf_printf(out, "%s (%s:%u:%u) needs ", way->role->name, way->entry->at.file,
		      way->entry->at.line, way->entry->at.column);
}

static int check_cycle(const struct way *way, const struct plan_role *role, struct err *err)
{
	struct strbuf text CLEANUP(strbuf_release) = {0};
	const struct way *w = way;
	unsigned depth = 0;
	while (w && w->role != role && ++depth < ROLE_MAX_DEPTH)
		w = w->before;
	if (!w)
		return 0;
	if (depth >= ROLE_MAX_DEPTH)
		return err_at(err, ERR_LIMIT, way->entry->at,
			      "role '%s': its dependencies are nested deeper than %u", role->name,
			      ROLE_MAX_DEPTH);
	print_way(&text, way, role);
	return err_at(err, ERR_INVALID, way->entry->at,
		      "role '%s': its dependencies go in a circle: %s%s", role->name, text.ptr,
		      role->name);
}

/* A dependency's `vars`, which all see as they see the role's own. */
static const struct value *entry_vars(const struct value *entry)
{
	const struct value *vars = entry->type == VALUE_DICT ? value_get(entry, "vars") : NULL;
	return vars && vars->type == VALUE_DICT ? vars : NULL;
}

static int gather(struct compiler *c, const struct plan_role *role, const struct role_use *use,
		  const struct way *way, struct err *err)
{
	const struct value *deps = dependencies(role);
	struct plan_role_view own;
	int r = check_cycle(way, role, err);
	for (size_t i = 0; deps && i < deps->list.len && r == 0; i++) {
		const struct way here = {way, role, deps->list.at[i]};
		const struct plan_role *dep;
		const struct role_use entry = {.vars = entry_vars(here.entry)};
		r = role_entry_name(c, beside(c, role), here.entry, &dep, err);
		if (r == 0)
			r = gather(c, dep, &entry, &here, err);
	}
	if (r == 0)
		r = own_values(c, role, use, &own, err);
	if (r == 0)
		publish(c, own.own_defaults, own.own_vars);
	return r;
}

int role_gather(struct compiler *c, const struct plan_role *role, const struct role_use *use,
		struct err *err)
{
	return gather(c, role, use, NULL, err);
}

static void record_dependent(struct compiler *c, const struct plan_role *role)
{
	for (size_t i = 0; i < c->step->dependent_roles.len; i++)
		if (c->step->dependent_roles.at[i] == role)
			return;
	vec_push(&c->step->dependent_roles, role);
}

/* role_gather has proved that they do not go in a circle. */
static int record_dependencies(struct compiler *c, const struct plan_role *role, struct err *err)
{
	const struct value *deps = dependencies(role);
	int r = 0;
	for (size_t i = 0; r == 0 && deps && i < deps->list.len; i++) {
		const struct plan_role *dep;
		r = role_entry_name(c, beside(c, role), deps->list.at[i], &dep, err);
		if (r == 0)
			r = record_dependencies(c, dep, err);
		if (r == 0)
			record_dependent(c, dep);
	}
	return r;
}

int role_record(struct compiler *c, const struct plan_role *role, struct err *err)
{
	vec_push(&c->step->play_roles, role);
	return record_dependencies(c, role, err);
}

/* What its dependencies bring is the role's own, below what it brings itself. */
static int with_dependencies(struct compiler *c, const struct plan_role *role, unsigned depth,
			     struct plan_role_view *view, struct err *err)
{
	const struct value *deps = dependencies(role);
	struct arena *a = &c->plan->arena;
	struct value *defaults = value_dict_new(a), *vars = value_dict_new(a);
	int r = 0;
	if (!deps || deps->list.len == 0)
		return 0;
	if (depth >= ROLE_MAX_DEPTH)
		return err_set(err, ERR_LIMIT, "role '%s': roles are nested too deep", role->name);
	for (size_t i = 0; i < deps->list.len && r == 0; i++) {
		const struct value *entry = deps->list.at[i];
		const struct role_use use = {.vars = entry_vars(entry)};
		struct plan_role_view own = {0};
		const struct plan_role *dep;
		r = role_entry_name(c, beside(c, role), entry, &dep, err);
		if (r == 0 && (r = own_values(c, dep, &use, &own, err)) == 0)
			r = with_dependencies(c, dep, depth + 1, &own, err);
		if (r < 0)
			return r;
		merge(a, defaults, own.own_defaults);
		merge(a, vars, own.own_vars);
	}
	merge(a, defaults, view->own_defaults);
	merge(a, vars, view->own_vars);
	view->own_defaults = defaults;
	view->own_vars = vars;
	return r;
}

int role_enter(const struct compiler *c, const struct plan_role *role, const struct role_use *use,
	       struct compiler *ret, struct err *err)
{
	struct arena *a = &c->plan->arena;
	struct compiler in = *c;
	struct plan_role_view view = {0};
	const struct role_use none = {0};
	use = use ? use : &none;
	int r = own_values(c, role, use, &view, err);
	if (r == 0)
		r = with_dependencies(&in, role, 0, &view, err);
	if (r < 0)
		return r;
	view.defaults = value_dict_dup(a, c->step->defaults);
	view.vars = value_dict_dup(a, c->step->vars);
	merge(a, view.defaults, view.own_defaults);
	merge(a, view.vars, view.own_vars);
	vec_push(&c->step->views, view);
	struct plan_lineage *lineage = ARENA_NEW(a, struct plan_lineage);
	*lineage = (struct plan_lineage){c->lineage, role, use->included};
	in.role = role;
	in.lineage = lineage;
	in.role_defaults = view.defaults;
	in.role_vars = view.vars;
	in.role_params = use->params ? use->params : c->role_params;
	in.file_dir = arena_printf(a, "%s/tasks", role->dir);
	compiler_look_from(&in, in.file_dir);
	*ret = in;
	return 0;
}

/* Keys of an entry: keywords for its tasks, `vars`, and parameters. */
static int read_entry(struct compiler *c, const struct value *entry, struct plan_attrs *attrs,
		      struct role_use *use, struct err *err)
{
	struct value *params = c->role_params ? value_dict_dup(&c->plan->arena, c->role_params)
					      : value_dict_new(&c->plan->arena);
	for (size_t i = 0; entry->type == VALUE_DICT && i < entry->dict.len; i++) {
		const struct value *key = entry->dict.at[i].key, *v = entry->dict.at[i].value;
		if (value_is_str(key, "role") || value_is_str(key, "name"))
			continue;
		if (value_is_str(key, "vars")) {
			if (v->type != VALUE_DICT && v->type != VALUE_NULL)
				return err_at(err, ERR_INVALID, v->at,
					      "'vars' is a mapping of variables, not a %s",
					      value_type_name(v));
			use->vars = v->type == VALUE_DICT ? v : NULL;
			continue;
		}
		int r = attrs_take(c, attrs, key, v, err);
		if (r < 0)
			return r;
		if (r == ATTR_NOT_MINE)
			value_dict_set(&c->plan->arena, params, key, v);
	}
	use->params = params;
	return 0;
}

int role_entry_compile(struct compiler *c, const char *base_dir, const struct value *entry,
		       const struct plan_attrs *outer, struct plan_block *out, struct err *err)
{
	struct role_use use = {.entry = entry->type == VALUE_DICT ? entry : NULL};
	const struct plan_role *role;
	struct compiler in;
	int r = role_entry_name(c, base_dir, entry, &role, err);
	if (r < 0)
		return r;
	struct plan_attrs attrs = attrs_inherit(outer);
	r = read_entry(c, entry, &attrs, &use, err);
	if (r >= 0)
		r = role_enter(c, role, &use, &in, err);
	if (r >= 0)
		r = role_compile(&in, role, &use, &attrs, out, err);
	attrs_release(&attrs);
	return r;
}

static int compile_handlers(struct compiler *c, const struct plan_role *role, const char *from,
			    const struct plan_attrs *attrs, struct err *err)
{
	const char *folder = arena_printf(&c->plan->arena, "%s/handlers", role->dir);
	const char *file = plan_main_file(c->plan, folder, from);
	if (file)
		return handlers_compile_file(c, file, attrs, err);
	if (strcmp(from, "main") == 0)
		return 0;
	return err_set(err, ERR_NOT_FOUND, "role '%s' has no handlers/%s.yml", role->name, from);
}

int role_compile(struct compiler *c, const struct plan_role *role, const struct role_use *use,
		 const struct plan_attrs *attrs, struct plan_block *out, struct err *err)
{
	const struct value *deps = dependencies(role);
	const char *tasks_from = use->tasks_from ? use->tasks_from : "main";
	int r = 0;
	if (++c->depth > PLAN_MAX_INCLUDE_DEPTH)
		return err_set(err, ERR_LIMIT, "role '%s': roles are nested too deep", role->name);
	for (size_t i = 0; deps && i < deps->list.len; i++)
		if ((r = role_entry_compile(c, beside(c, role), deps->list.at[i], attrs, out,
					    err)) < 0)
			return r;
	c->role_use = role_use_find(c, role, use);
	r = compile_handlers(c, role, use->handlers_from ? use->handlers_from : "main", attrs, err);
	if (r < 0)
		return r;
	const char *tasks_dir = arena_printf(&c->plan->arena, "%s/tasks", role->dir);
	const char *file = plan_main_file(c->plan, tasks_dir, tasks_from);
	if (!file && strcmp(tasks_from, "main") != 0)
		return err_set(err, ERR_NOT_FOUND, "role '%s' has no tasks/%s.yml", role->name,
			       tasks_from);
	struct plan_node *node = node_new(
		c, PLAN_BLOCK, (struct srcloc){file ? srcfile_intern(file) : NULL, 1, 1}, attrs);
	node->block = block_new(c->plan);
	node->role_block = true;
	node->once_a_host = role_is_once(role, use);
	if (!use->unchecked && (r = role_add_check(c, role, tasks_from, node, err)) < 0)
		return r;
	if (file && (r = block_compile_role_file(c, file, attrs, node->block, err)) < 0)
		return r;
	vec_push(&out->body, node);
	return 0;
}
