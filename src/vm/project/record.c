/* A machine's folder: its record, its sockets, its end. */
#include "../liveness.h"
#include "project.h"
#include "rollout/base/file.h"
#include "rollout/value/json.h"
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define RECORD_MAX_BYTES (1u << 20)
#define OPEN_DIRS_MAX 32
#define RETIRE_LIMIT_MS 5000

int vm_machine_record_read(const struct vm_machine *m, struct arena *a, const struct value **ret,
			   struct err *err)
{
	CLEANUP(free_ptr) char *path = vm_machine_path(m, "machine.json");
	CLEANUP(strbuf_release) struct strbuf text = {0};
	const struct value *record = NULL;
	if (access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		*ret = NULL;
		return 0;
	}
	int r = file_read(path, RECORD_MAX_BYTES, &text, err);
	if (r == 0)
		r = json_parse(a, path, strbuf_slice(&text), &record, err);
	if (r < 0)
		return r;
	if (record->type != VALUE_DICT)
		return err_set(err, ERR_INVALID, "%s is damaged: destroy %s and create it anew",
			       path, m->spec->name);
	*ret = record;
	return 0;
}

int vm_machine_record_write(const struct vm_machine *m, const struct value *record, struct err *err)
{
	CLEANUP(free_ptr) char *path = vm_machine_path(m, "machine.json");
	CLEANUP(strbuf_release) struct strbuf text = {0};
	json_emit(&text, record, JSON_PRETTY);
	strbuf_putc(&text, '\n');
	return vm_write_changed(path, strbuf_slice(&text), 0600, err);
}

int vm_socket_address(const char *dir, const char *name, struct sockaddr_un *ret, int *ret_dir_fd,
		      struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const size_t size = sizeof(address.sun_path);
	CLEANUP(fd_close) int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open %s", dir);
	int len = snprintf(address.sun_path, size, "%s/%s", dir, name);
	if ((size_t)len >= size)
		len = snprintf(address.sun_path, size, "/proc/self/fd/%d/%s", fd, name);
	if ((size_t)len >= size)
		return err_set(err, ERR_LIMIT, "the name of the socket %s is too long", name);
	*ret = address;
	*ret_dir_fd = fd;
	fd = -1;
	return 0;
}

/* ---- the end ---- */

static int remove_entry(const char *path, const struct stat *st UNUSED, int type UNUSED,
			struct FTW *at UNUSED)
{
	return remove(path);
}

/* Stays on its file system: what is still mounted is not a machine's to delete. */
static int remove_tree(const char *path, struct err *err)
{
	if (nftw(path, remove_entry, OPEN_DIRS_MAX, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) < 0 &&
	    errno != ENOENT)
		return err_sys(err, "remove %s", path);
	return 0;
}

/* Under another name first: what is half removed is no machine any more. */
int vm_project_forget(struct vm_project *p, struct vm_machine *m, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf gone = {0};
	CLEANUP(free_ptr) char *machines = vm_project_path(p, "machines");
	strbuf_printf(&gone, "%s/.%s.gone", machines, m->spec->name);
	int r = remove_tree(gone.ptr, err);
	if (r < 0)
		return r;
	if (rename(m->dir, gone.ptr) < 0)
		return errno == ENOENT ? 0 : err_sys(err, "remove %s", m->dir);
	return remove_tree(gone.ptr, err);
}

/* A folder without a dot is a machine; ".NAME.lock" is held by who works on one. */
static bool is_in_use(const char *machines)
{
	DIR *d = opendir(machines);
	const struct dirent *entry;
	bool used = !d;
	while (d && !used && (entry = readdir(d))) {
		CLEANUP(free_ptr) char *path = path_join(machines, entry->d_name);
		used = entry->d_name[0] != '.' ||
		       (slice_ends_with(slice_from(path), ".lock") && vm_lock_is_held(path));
	}
	if (d)
		closedir(d);
	return used;
}

/* .rollout itself, when nobody else keeps something there. */
static void remove_parent(const struct vm_project *p)
{
	struct slice dir = path_dirname(p->dir);
	CLEANUP(free_ptr) char *parent = xstrndup(dir.ptr, dir.len);
	CLEANUP(free_ptr) char *ignore = path_join(parent, ".gitignore");
	CLEANUP(strbuf_release) struct strbuf text = {0};
	int r = file_read(ignore, 4096, &text, NULL);
	unlink(ignore);
	if (rmdir(parent) < 0 && r == 0)
		(void)file_write_atomic(ignore, text.ptr, text.len, 0644, NULL);
}

void vm_project_retire(const struct vm_project *p)
{
	CLEANUP(free_ptr) char *machines = vm_project_path(p, "machines");
	CLEANUP(free_ptr) char *lock = vm_project_path(p, "lock");
	CLEANUP(free_ptr) char *starting = vm_project_path(p, "network.use");
	CLEANUP(free_ptr) char *switch_lock = vm_project_path(p, "switch.lock");
	CLEANUP(fd_close) int fd = -1;
	if (access(machines, F_OK) < 0 || vm_lock_wait(lock, RETIRE_LIMIT_MS, &fd, NULL) < 0)
		return;
	if (is_in_use(machines) || vm_lock_is_held(starting) ||
	    vm_lock_wait_free(switch_lock, RETIRE_LIMIT_MS, NULL) < 0)
		return;
	if (remove_tree(p->dir, NULL) == 0)
		remove_parent(p);
}
