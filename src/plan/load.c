/* Files of a plan, each read once. */
#include "internal.h"
#include "rollout/base/file.h"
#include "rollout/value/yaml.h"

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

static bool exists(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0;
}

int plan_find_file(const struct plan *plan, const struct plan_place *place, struct slice name,
		   struct arena *a, const char **ret_path, struct err *err)
{
	const struct plan_role *role = place->role;
	const char *subdir = place->subdir, *dir = plan_dir(plan, place->step);
	const char *tried[6];
	size_t n = 0;
	if (name.len == 0)
		return err_set(err, ERR_INVALID, "a file's name is empty");
	if (name.ptr[0] == '/' || name.ptr[0] == '~') {
		const char *home = getenv("HOME");
		CLEANUP(free_ptr) char *text = xstrndup(name.ptr, name.len);
		CLEANUP(free_ptr) char *full = path_expand_home(text, home ? home : "/");
		tried[n++] = arena_strdup(a, full);
	} else {
		if (role) {
			tried[n++] =
				arena_printf(a, "%s/%s/%.*s", role->dir, subdir, SLICE_ARG(name));
			tried[n++] = arena_printf(a, "%s/%.*s", role->dir, SLICE_ARG(name));
			if (strcmp(subdir, "tasks") != 0)
				tried[n++] = arena_printf(a, "%s/tasks/%.*s", role->dir,
							  SLICE_ARG(name));
		}
		tried[n++] = arena_printf(a, "%s/%s/%.*s", dir, subdir, SLICE_ARG(name));
		tried[n++] = arena_printf(a, "%s/%.*s", dir, SLICE_ARG(name));
	}
	struct strbuf list CLEANUP(strbuf_release) = {0};
	for (size_t i = 0; i < n; i++) {
		if (exists(tried[i])) {
			*ret_path = tried[i];
			return 0;
		}
		strbuf_printf(&list, "%s%s", i ? ", " : "", tried[i]);
	}
	return err_set(err, ERR_NOT_FOUND, "no file '%.*s' (looked for %s)", SLICE_ARG(name),
		       list.ptr);
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
