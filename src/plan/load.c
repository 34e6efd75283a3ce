/* Files of a plan, each read once. */
#include "internal.h"
#include "rollout/base/file.h"
#include "rollout/value/yaml.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

int plan_load_file(struct plan *plan, const char *path, const struct value **ret, struct err *err)
{
	const struct value *v = strmap_get(&plan->files, slice_from(path));
	if (!v) {
		int r = yaml_load(&plan->arena, path, &v, err);
		if (r < 0)
			return r;
		strmap_set(&plan->files, slice_from(path), (void *)v);
	}
	*ret = v;
	return 0;
}

int plan_load_vars(struct plan *plan, const char *path, const struct value **ret, struct err *err)
{
	const struct value *v;
	int r = plan_load_file(plan, path, &v, err);
	if (r < 0)
		return r;
	if (v->type == VALUE_NULL)
		v = value_dict_new(&plan->arena);
	if (v->type != VALUE_DICT)
		return err_at(err, ERR_INVALID, v->at,
			      "a variables file holds a mapping; this is a %s", value_type_name(v));
	*ret = v;
	return 0;
}

const char *plan_main_file(struct plan *plan, const char *dir, const char *name)
{
	static const char *const endings[] = {".yml", ".yaml", ".json", ""};
	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		struct stat st;
		char *path = arena_printf(&plan->arena, "%s/%s%s", dir, name, endings[i]);
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
			return path;
	}
	return NULL;
}

const char *plan_dir(const struct plan *plan, const struct plan_step *step)
{
	return step && step->dir ? step->dir : plan->dir;
}

void compiler_look_from(struct compiler *c, const char *dir)
{
	struct arena *a = &c->plan->arena;
	const char *last = plan_dir(c->plan, c->step);
	char real[PATH_MAX];
	size_t n = 0, depth = 0;
	for (const struct plan_lineage *l = c->lineage; l; l = l->outer)
		depth++;
	const char **dirs = ARENA_ARRAY(a, const char *, depth + 3);
	for (const struct plan_lineage *l = c->lineage; l; l = l->outer)
		dirs[n++] = l->role->dir;
	dir = realpath(dir, real) ? arena_strdup(a, real) : dir;
	for (size_t i = 0; i < n && dir; i++)
		dir = strcmp(dirs[i], dir) == 0 ? NULL : dir;
	if (dir && strcmp(dir, last) != 0)
		dirs[n++] = dir;
	dirs[n++] = last;
	c->search_dirs = dirs;
}

/* A path as it stands, or with the home directory for ~. */
static const char *whole_path(struct slice name, struct arena *a)
{
	const char *home = getenv("HOME");
	CLEANUP(free_ptr) char *text = xstrndup(name.ptr, name.len);
	CLEANUP(free_ptr) char *full = path_expand_home(text, home ? home : "/");
	return arena_strdup(a, full);
}

static bool try_file(const char *path, const char **ret, struct strbuf *tried)
{
	struct stat st;
	if (stat(path, &st) == 0) {
		*ret = path;
		return true;
	}
	strbuf_printf(tried, "%s%s", tried->len ? ", " : "", path);
	return false;
}

int plan_find_file(const struct plan_place *place, struct slice name, struct arena *a,
		   const char **ret_path, struct err *err)
{
	struct strbuf tried CLEANUP(strbuf_release) = {0};
	if (name.len == 0)
		return err_set(err, ERR_INVALID, "a file's name is empty");
	bool whole = name.ptr[0] == '/' || name.ptr[0] == '~';
	if (whole && try_file(whole_path(name, a), ret_path, &tried))
		return 0;
	for (const char *const *d = place->dirs; !whole && *d; d++)
		if (try_file(arena_printf(a, "%s/%s/%.*s", *d, place->subdir, SLICE_ARG(name)),
			     ret_path, &tried) ||
		    try_file(arena_printf(a, "%s/%.*s", *d, SLICE_ARG(name)), ret_path, &tried))
			return 0;
	return err_set(err, ERR_NOT_FOUND, "no file '%.*s' (looked for %s)", SLICE_ARG(name),
		       tried.ptr);
}

bool plan_is_false(const struct value *v)
{
	bool b;
	return !v || (value_to_bool(v, &b) && !b);
}

bool plan_has_markup(const struct value *v)
{
	return v && v->type == VALUE_STRING && template_has_markup(v->str);
}
