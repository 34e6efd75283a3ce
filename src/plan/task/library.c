/* Modules of one's own: executables in library/ beside the playbook and in
 * roles. Source: Ansible, "Adding modules and plugins locally". */
#include "../internal.h"
#include "rollout/base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_LINE_MAX 256u

/* What lies beside modules and is none. */
static const char *const no_modules[] = {".pyc", ".pyo", ".swp", ".bak",  ".rpm", ".md",
					 ".txt", ".rst", ".yml", ".yaml", ".ini", "~"};

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);
	return n >= k && strcmp(s + n - k, end) == 0;
}

/* "name", or "name.sh" */
static bool names_module(const char *file, struct slice name)
{
	if (strncmp(file, name.ptr, name.len) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(no_modules); i++)
		if (ends_with(file, no_modules[i]))
			return false;
	const char *rest = file + name.len;
	return !*rest || (*rest == '.' && !strchr(rest + 1, '.'));
}

static const char *find_below(struct compiler *c, const char *dir, struct slice name)
{
	struct dirent **files;
	const char *found = NULL;
	char *folder = arena_printf(&c->plan->arena, "%s/library", dir);
	int n = scandir(folder, &files, NULL, alphasort);
	if (n < 0)
		return NULL;
	for (int i = 0; i < n; i++) {
		struct stat st;
		char *path = arena_printf(&c->plan->arena, "%s/%s", folder, files[i]->d_name);
		if (!found && names_module(files[i]->d_name, name) && stat(path, &st) == 0 &&
		    S_ISREG(st.st_mode))
			found = path;
		free(files[i]);
	}
	free(files);
	return found;
}

static bool has_library(const char *dir)
{
	struct stat st;
	CLEANUP(free_ptr) char *path = path_join(dir, "library");
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Each folder is looked at once: most have none. */
static bool may_hold(struct compiler *c, const char *dir)
{
	static char yes, no;
	const char *known = strmap_get(&c->plan->libraries, slice_from(dir));
	if (!known) {
		known = has_library(dir) ? &yes : &no;
		strmap_set(&c->plan->libraries, slice_from(dir), (void *)known);
	}
	return known == &yes;
}

static const char *find_in(struct compiler *c, const char *dir, struct slice name)
{
	return may_hold(c, dir) ? find_below(c, dir, name) : NULL;
}

/* The playbook's, the role's, then those of the roles that were read before. */
static const char *find(struct compiler *c, struct slice name)
{
	const char *path = find_in(c, plan_dir(c->plan, c->step), name);
	if (!path && c->role)
		path = find_in(c, c->role->dir, name);
	for (size_t i = 0; !path && i < c->plan->roles.len; i++)
		path = find_in(c, c->plan->roles.entries[i].key.ptr, name);
	return path;
}

/* 1: python; 0: something else that can be run. */
static int look_at(const char *path, struct err *err)
{
	char line[FIRST_LINE_MAX + 1];
	CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, line, FIRST_LINE_MAX);
	if (n < 0)
		return err_sys(err, "%s", path);
	line[n] = '\0';
	bool binary = memchr(line, '\0', (size_t)n) != NULL;
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "#!", 2) == 0)
		return strstr(line, "python") != NULL;
	if (ends_with(path, ".py"))
		return 1;
	return binary ? 0
		      : err_set(err, ERR_INVALID,
				"%s is neither a binary nor a script: its first line does not "
				"begin "
				"with #!",
				path);
}

int library_find(struct compiler *c, const struct value *key, const char **ret, struct err *err)
{
	struct slice name = key->str;
	const char *prefix = "ansible.legacy.";
	*ret = NULL;
	if (slice_starts_with(name, prefix))
		name = (struct slice){name.ptr + strlen(prefix), name.len - strlen(prefix)};
	if (name.len == 0 || memchr(name.ptr, '.', name.len) || memchr(name.ptr, '/', name.len))
		return 0;
	const char *path = find(c, name);
	if (!path)
		return 0;
	int r = look_at(path, err);
	if (r < 0)
		return err_locate(err, r, key->at);
	if (r == 0)
		*ret = path;
	else if (!module_find(key->str))
		return err_at(err, ERR_UNSUPPORTED, key->at,
			      "the module %.*s is Python (%s), which hosts do not have; a module "
			      "of one's own is a script in another language or a binary",
			      SLICE_ARG(name), path);
	return 0;
}

const struct module *library_module(void)
{
	return module_find(SLICE_LIT("library_module"));
}
