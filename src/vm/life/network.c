/* When the network of a project comes and goes: with its machines. */
#include "../liveness.h"
#include "../project/project.h"
#include "life.h"
#include "rollout/base/file.h"

#include <dirent.h>

#define CHANGE_LIMIT_MS 60000
#define USE "network.use" /* shared by who starts machines */

static int lock_changes(const struct vm_project *p, int *ret_fd, struct err *err)
{
	CLEANUP(free_ptr) char *path = vm_project_path(p, "network.lock");
	int r = vm_lock_wait(path, CHANGE_LIMIT_MS, ret_fd, err);
	return r < 0 ? err_wrap(err, r, "the project's network") : 0;
}

int vm_life_network_hold(const struct vm_life *life, const struct vm_project *p, int *ret_fd,
			 struct err *err)
{
	CLEANUP(free_ptr) char *use = vm_project_path(p, USE);
	CLEANUP(fd_close) int changes = -1;
	CLEANUP(fd_close) int fd = -1;
	int r = lock_changes(p, &changes, err);
	if (r == 0)
		r = vm_lock_share(use, &fd, err);
	if (r < 0)
		return r;
	r = life->network_up(p, err);
	if (r < 0)
		return err_wrap(err, r, "the project's network");
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* Also of hosts that the inventory has no more. */
static bool any_runs(const struct vm_project *p)
{
	CLEANUP(free_ptr) char *machines = vm_project_path(p, "machines");
	DIR *d = opendir(machines);
	const struct dirent *entry;
	bool any = false;
	while (d && !any && (entry = readdir(d))) {
		CLEANUP(strbuf_release) struct strbuf lock = {0};
		strbuf_printf(&lock, "%s/%s/running.lock", machines, entry->d_name);
		any = entry->d_name[0] != '.' && vm_lock_is_held(lock.ptr);
	}
	if (d)
		closedir(d);
	return any;
}

void vm_life_network_release(const struct vm_life *life, const struct vm_project *p)
{
	CLEANUP(free_ptr) char *use = vm_project_path(p, USE);
	CLEANUP(fd_close) int changes = -1;
	CLEANUP(fd_close) int nobody_starts = -1;
	if (lock_changes(p, &changes, NULL) < 0)
		return;
	if (vm_lock_try(use, &nobody_starts, NULL) == 0 && !any_runs(p))
		life->network_down(p);
}
