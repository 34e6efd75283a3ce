/* What is not decided yet is decided, and written, in a lock. */
#include "../liveness.h"
#include "project.h"
#include "rollout/base/file.h"
#include "state.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_TIMEOUT_MS 30000

/* Private: it holds keys. */
static int make_private_dir(const char *path, struct err *err)
{
	struct stat st;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(err, "mkdir %s", path);
	if (stat(path, &st) < 0)
		return err_sys(err, "%s", path);
	if ((st.st_mode & 077) && chmod(path, 0700) < 0)
		return err_sys(err, "chmod %s", path);
	return 0;
}

/* Nothing in .rollout belongs into a repository, least of all the keys. */
static int make_outer_dir(const char *path, struct err *err)
{
	CLEANUP(free_ptr) char *ignore = path_join(path, ".gitignore");
	if (mkdir(path, 0755) < 0) {
		if (errno == EEXIST)
			return 0;
		return err_sys(err, "mkdir %s", path);
	}
	return file_write_atomic(ignore, "*\n", 2, 0644, err);
}

static int make_dirs(const struct vm_project *p, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf outer = {0};
	CLEANUP(free_ptr) char *machines = vm_project_path(p, "machines");
	CLEANUP(free_ptr) char *identity = vm_project_path(p, "identity");
	strbuf_slice_append(&outer, path_dirname(p->dir));
	int r = make_outer_dir(outer.ptr, err);
	if (r == 0)
		r = make_private_dir(p->dir, err);
	if (r == 0)
		r = make_private_dir(machines, err);
	if (r == 0)
		r = make_private_dir(identity, err);
	return r;
}

/* What others need comes after what it rests on, so that a kill in between only
 * leaves something to be done again. */
static int decide(struct vm_project *p, struct vm_project_state *s, struct err *err)
{
	int r = vm_assign_subnet(p, s, err);
	if (r == 0)
		r = vm_assign_numbers(p, s, err);
	if (r == 0)
		r = vm_assign_ports(p, s, err);
	if (r == 0)
		r = vm_identity_ensure(p, err);
	if (r == 0)
		r = vm_access_write(p, err);
	return r < 0 ? r : vm_state_write(p, s, err);
}

int vm_project_prepare(struct vm_project *p, struct err *err)
{
	struct vm_project_state state = {0};
	CLEANUP(free_ptr) char *lock = vm_project_path(p, "lock");
	CLEANUP(fd_close) int fd = -1;
	int r = make_dirs(p, err);
	if (r == 0) {
		r = vm_lock_wait(lock, LOCK_TIMEOUT_MS, &fd, err);
		if (r == ERR_TIMEOUT)
			return err_wrap(err, r, "another rollout prepares these VMs");
	}
	if (r == 0)
		r = vm_state_read(p, &state, err);
	if (r == 0)
		r = decide(p, &state, err);
	vm_state_release(&state);
	return r;
}
