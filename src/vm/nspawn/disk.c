#include "nspawn.h"

#include "../project/project.h"
#include "../tool.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define REMOVE_TIMEOUT_MS 300000

/* Relative to the machine's folder, so that no path has to be put into mount
 * options, where commas and colons mean something. */
static const char overlay_options[] = "lowerdir=tree,upperdir=disk/upper,workdir=disk/work";

int vm_nspawn_remove_tree(const char *path, struct err *err)
{
	const char *const argv[] = {"rm", "-rf", "--one-file-system", "--", path, NULL};
	struct tool_call call = {.argv = argv, .timeout_ms = REMOVE_TIMEOUT_MS};
	struct stat st;
	if (lstat(path, &st) < 0 && errno == ENOENT)
		return 0;
	return vm_tool_run(&call, NULL, err);
}

int vm_nspawn_disk_remove(const struct vm_machine *m, struct err *err)
{
	CLEANUP(free_ptr) char *disk = vm_machine_path(m, "disk");
	while (umount2(disk, MNT_DETACH) == 0)
		; /* a tmpfs; twice where two creates raced for it */
	return vm_nspawn_remove_tree(disk, err);
}

bool vm_nspawn_disk_exists(const struct vm_machine *m)
{
	CLEANUP(free_ptr) char *upper = vm_machine_path(m, "disk/upper");
	CLEANUP(free_ptr) char *tree = vm_machine_path(m, "tree");
	return access(upper, F_OK) == 0 && access(tree, F_OK) == 0;
}

/* Overlays do not take another one as their upper layer: in a container whose own
 * root is one, disks live in memory. */
static int mount_memory(const char *disk, struct err *err)
{
	struct statfs fs;
	if (statfs(disk, &fs) < 0)
		return err_sys(err, "statfs %s", disk);
	if (fs.f_type != OVERLAYFS_SUPER_MAGIC)
		return 0;
	if (mount("rollout-vm", disk, "tmpfs", MS_NODEV, "mode=0700") < 0)
		return err_sys(err, "mount a tmpfs on %s (it lies on an overlay)", disk);
	return 0;
}

static int make_folders(const struct vm_machine *m, struct err *err)
{
	static const struct {
		const char *name;
		mode_t mode;
	} folders[] = {{"disk/upper", 0755}, {"disk/work", 0755}, {"disk/binds", 0755}};
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		CLEANUP(free_ptr) char *path = vm_machine_path(m, folders[i].name);
		int r = dir_create_all(path, folders[i].mode, err);
		if (r < 0)
			return r;
		if (chmod(path, folders[i].mode) < 0) /* whatever the umask says */
			return err_sys(err, "chmod %s", path);
	}
	return 0;
}

static int link_tree(const struct vm_machine *m, const char *tree, struct err *err)
{
	CLEANUP(free_ptr) char *link = vm_machine_path(m, "tree");
	unlink(link);
	return symlink(tree, link) < 0 ? err_sys(err, "symlink %s", link) : 0;
}

int vm_nspawn_disk_make(const struct vm_machine *m, const char *tree, struct err *err)
{
	CLEANUP(free_ptr) char *disk = vm_machine_path(m, "disk");
	CLEANUP(free_ptr) char *root = vm_machine_path(m, "root");
	int r = vm_nspawn_disk_remove(m, err);
	if (r == 0)
		r = dir_create_all(disk, 0700, err);
	if (r == 0)
		r = dir_create_all(root, 0700, err);
	if (r == 0)
		r = mount_memory(disk, err);
	if (r == 0)
		r = make_folders(m, err);
	return r == 0 ? link_tree(m, tree, err) : r;
}

int vm_nspawn_disk_mount(const struct vm_machine *m, struct err *err)
{
	if (chdir(m->dir) < 0)
		return err_sys(err, "enter %s", m->dir);
	if (mount("overlay", "root", "overlay", 0, overlay_options) < 0)
		return err_sys(err, "mount an overlay on %s/root (%s)", m->dir, overlay_options);
	return 0;
}
