/* A snapshot is a copy of what differs from the tree, taken while nothing runs. */
#include "nspawn.h"

#include "../project/project.h"
#include "../tool.h"
#include "rollout/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_TIMEOUT_MS (30 * 60 * 1000)
#define FOLDER "disk/snapshots"

static const char *const parts[] = {"upper", "binds"};

static char *path_in(const struct vm_machine *m, const char *folder, const char *name)
{
	CLEANUP(free_ptr) char *base = vm_machine_path(m, folder);
	return path_join(base, name);
}

static int check(const struct vm_machine *m, const char *name, struct err *err)
{
	if (!*name || *name == '.' || strchr(name, '/'))
		return err_set(err, ERR_INVALID, "'%s' cannot be a snapshot's name", name);
	if (vm_nspawn_is_running(m))
		return err_set(err, ERR_INVALID,
			       "snapshots of nspawn machines are taken and restored while they do "
			       "not run; halt it first");
	return 0;
}

static int need(const struct vm_machine *m, const char *name, struct err *err)
{
	CLEANUP(free_ptr) char *path = path_in(m, FOLDER, name);
	if (access(path, F_OK) < 0)
		return err_set(err, ERR_NOT_FOUND, "there is no snapshot '%s'", name);
	return 0;
}

/* The overlay's own attributes and whiteouts included. */
static int copy(const char *from, const char *to, struct err *err)
{
	const char *const argv[] = {"cp", "-a", "--reflink=auto", "-T", "--", from, to, NULL};
	struct tool_call call = {.argv = argv, .timeout_ms = COPY_TIMEOUT_MS};
	return vm_tool_run(&call, NULL, err);
}

static int copy_parts(const char *from, const char *to, struct err *err)
{
	int r = dir_create_all(to, 0700, err);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(parts); i++) {
		CLEANUP(free_ptr) char *source = path_join(from, parts[i]);
		CLEANUP(free_ptr) char *target = path_join(to, parts[i]);
		r = copy(source, target, err);
	}
	return r;
}

int vm_nspawn_snapshot_save(struct vm_machine *m, const char *name, struct err *err)
{
	CLEANUP(free_ptr) char *disk = vm_machine_path(m, "disk");
	CLEANUP(free_ptr) char *final = path_in(m, FOLDER, name);
	CLEANUP(free_ptr) char *partial = path_in(m, FOLDER, ".partial");
	int r = check(m, name, err);
	if (r == 0 && access(final, F_OK) == 0)
		r = err_set(err, ERR_EXISTS, "there is a snapshot '%s' already", name);
	if (r == 0)
		r = vm_nspawn_remove_tree(partial, err);
	if (r == 0)
		r = copy_parts(disk, partial, err);
	if (r == 0 && rename(partial, final) < 0)
		r = err_sys(err, "rename %s to %s", partial, final);
	return r;
}

static int replace_part(const char *disk, const char *fresh, const char *part, struct err *err)
{
	CLEANUP(free_ptr) char *there = path_join(disk, part);
	CLEANUP(free_ptr) char *new = path_join(fresh, part);
	int r = vm_nspawn_remove_tree(there, err);
	if (r == 0 && rename(new, there) < 0)
		r = err_sys(err, "rename %s to %s", new, there);
	return r;
}

/* overlayfs keeps what it knows of an upper layer in its work folder. */
static int blank_work(const char *disk, struct err *err)
{
	CLEANUP(free_ptr) char *work = path_join(disk, "work");
	int r = vm_nspawn_remove_tree(work, err);
	return r == 0 ? dir_create_all(work, 0755, err) : r;
}

/* The copy first: the disk is touched when all of the new one is there. */
int vm_nspawn_snapshot_restore(struct vm_machine *m, const char *name, struct err *err)
{
	CLEANUP(free_ptr) char *disk = vm_machine_path(m, "disk");
	CLEANUP(free_ptr) char *from = path_in(m, FOLDER, name);
	CLEANUP(free_ptr) char *fresh = vm_machine_path(m, "disk/restore");
	int r = check(m, name, err);
	if (r == 0)
		r = need(m, name, err);
	if (r == 0)
		r = vm_nspawn_remove_tree(fresh, err);
	if (r == 0)
		r = copy_parts(from, fresh, err);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(parts); i++)
		r = replace_part(disk, fresh, parts[i], err);
	if (r == 0)
		r = blank_work(disk, err);
	return r == 0 ? vm_nspawn_remove_tree(fresh, err) : r;
}

int vm_nspawn_snapshot_delete(struct vm_machine *m, const char *name, struct err *err)
{
	CLEANUP(free_ptr) char *path = path_in(m, FOLDER, name);
	int r = !*name || *name == '.' || strchr(name, '/') ? check(m, name, err) : 0;
	if (r == 0)
		r = need(m, name, err);
	return r == 0 ? vm_nspawn_remove_tree(path, err) : r;
}

static int by_time(const void *a, const void *b)
{
	const struct vm_snapshot *x = a, *y = b;
	if (x->created_s != y->created_s)
		return x->created_s < y->created_s ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Its folder was changed last when the copy was complete. */
int vm_nspawn_snapshots(struct vm_machine *m, struct arena *a, struct vm_snapshot **ret,
			size_t *ret_len, struct err *err)
{
	CLEANUP(free_ptr) char *folder = vm_machine_path(m, FOLDER);
	VEC(struct vm_snapshot) all = {0};
	DIR *d = opendir(folder);
	struct dirent *e;
	if (!d && errno != ENOENT)
		return err_sys(err, "open %s", folder);
	while (d && (e = readdir(d))) {
		CLEANUP(free_ptr) char *path = path_join(folder, e->d_name);
		struct stat st;
		if (e->d_name[0] == '.' || stat(path, &st) < 0)
			continue;
		struct vm_snapshot s = {.name = arena_strdup(a, e->d_name),
					.created_s = st.st_mtime};
		vec_push(&all, s);
	}
	if (d)
		closedir(d);
	if (all.len > 0)
		qsort(all.at, all.len, sizeof(*all.at), by_time);
	*ret = all.len ? arena_copy(a, all.at, all.len * sizeof(*all.at)) : NULL;
	*ret_len = all.len;
	vec_release(&all);
	return 0;
}
