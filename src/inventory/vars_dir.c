/* group_vars/NAME and host_vars/NAME: a file, or a folder of files. */
#include "internal.h"
#include "rollout/base/file.h"
#include "rollout/value/yaml.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#define VARS_DIR_MAX_DEPTH 16

static int read_file(struct inventory *inv, const char *path, struct value *into, struct err *err)
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
	inventory_merge_vars(inv, into, v);
	return 0;
}

static int read_folder(struct inventory *inv, const char *path, unsigned depth, struct value *into,
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
		if (r == 0 && name[0] != '.' && name[strlen(name) - 1] != '~' &&
		    stat(child, &st) == 0) {
			if (S_ISDIR(st.st_mode) && depth < VARS_DIR_MAX_DEPTH)
				r = read_folder(inv, child, depth + 1, into, err);
			else if (S_ISREG(st.st_mode))
				r = read_file(inv, child, into, err);
		}
		free(names[i]);
	}
	free(names);
	return r;
}

int inventory_read_vars(struct inventory *inv, const char *dir, const char *kind, const char *name,
			struct value *into, struct err *err)
{
	static const char *const endings[] = {"", ".yml", ".yaml", ".json"};
	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		struct strbuf path CLEANUP(strbuf_release) = {0};
		struct stat st;
		strbuf_printf(&path, "%s/%s/%s%s", dir, kind, name, endings[i]);
		if (stat(path.ptr, &st) < 0)
			continue;
		int r = S_ISDIR(st.st_mode) ? read_folder(inv, path.ptr, 0, into, err)
					    : read_file(inv, path.ptr, into, err);
		if (r < 0)
			return r;
	}
	return 0;
}
