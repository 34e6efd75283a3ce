/* group_vars/NAME and host_vars/NAME: a file, or a folder of files.
 * Source: Ansible's "Organizing host and group variables". */
#include "../internal.h"
#include "rollout/base/file.h"
#include "rollout/value/yaml.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#define VARS_DIR_MAX_DEPTH 16

static const char *const endings[] = {"", ".yml", ".yaml", ".json"};

typedef VEC(const struct value *) dicts;

static int read_file(struct inventory *inv, const char *path, dicts *out, struct err *err)
{
	const struct value *v;
	int r = yaml_load(&inv->arena, path, &v, err);
	if (r < 0)
		return r;
	if (v->type == VALUE_NULL)
		return 0;
	if (v->type != VALUE_DICT)
		return err_at(err, ERR_INVALID, v->at,
			      "a variables file holds a mapping; this is a %s", value_type_name(v));
	for (size_t i = 0; i < v->dict.len; i++)
		if (v->dict.at[i].key->type != VALUE_STRING)
			return err_at(err, ERR_INVALID, v->dict.at[i].key->at,
				      "a variable's name must be a word, not a %s",
				      value_type_name(v->dict.at[i].key));
	vec_push(out, v);
	return 0;
}

/* Files of a folder: those with no ending or one of YAML's; folders: those with none. */
static bool counts(const char *name, bool folder)
{
	const char *ending = strrchr(name, '.');
	if (name[0] == '.' || name[strlen(name) - 1] == '~')
		return false;
	if (!ending || folder)
		return !ending;
	for (size_t i = 1; i < ARRAY_LEN(endings); i++)
		if (strcmp(ending, endings[i]) == 0)
			return true;
	return false;
}

static int read_folder(struct inventory *inv, const char *path, unsigned depth, dicts *out,
		       struct err *err)
{
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort), r = 0;
	if (n < 0)
		return err_sys(err, "%s", path);
	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;
		struct stat st;
		CLEANUP(free_ptr) char *child = path_join(path, name);
		if (r == 0 && stat(child, &st) == 0 && counts(name, S_ISDIR(st.st_mode))) {
			if (S_ISDIR(st.st_mode) && depth < VARS_DIR_MAX_DEPTH)
				r = read_folder(inv, child, depth + 1, out, err);
			else if (S_ISREG(st.st_mode))
				r = read_file(inv, child, out, err);
		}
		free(names[i]);
	}
	free(names);
	return r;
}

/* The first that exists, in the order of the endings. */
static int read_first(struct inventory *inv, const char *stem, dicts *out, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		struct strbuf path CLEANUP(strbuf_release) = {0};
		struct stat st;
		strbuf_printf(&path, "%s%s", stem, endings[i]);
		if (stat(path.ptr, &st) < 0)
			continue;
		return S_ISDIR(st.st_mode) ? read_folder(inv, path.ptr, 0, out, err)
					   : read_file(inv, path.ptr, out, err);
	}
	return 0;
}

int inventory_vars_files(struct inventory *inv, const char *dir, const char *kind, const char *name,
			 const struct inv_vars_files **ret, struct err *err)
{
	static const struct inv_vars_files none = {0};
	struct strbuf stem CLEANUP(strbuf_release) = {0};
	*ret = &none;
	if (name[0] == '/') /* a chroot's path as a host's name */
		return 0;
	strbuf_printf(&stem, "%s/%s/%s", dir, kind, name);
	struct inv_vars_files *files = strmap_get(&inv->vars_files, strbuf_slice(&stem));
	if (!files) {
		dicts found = {0};
		int r = read_first(inv, stem.ptr, &found, err);
		if (r < 0) {
			vec_release(&found);
			return r;
		}
		files = ARENA_NEW(&inv->arena, struct inv_vars_files);
		files->len = found.len;
		files->at =
			found.len ? arena_copy(&inv->arena, found.at, found.len * sizeof(*found.at))
				  : NULL;
		vec_release(&found);
		strmap_set(&inv->vars_files, strbuf_slice(&stem), files);
	}
	*ret = files;
	return 0;
}
