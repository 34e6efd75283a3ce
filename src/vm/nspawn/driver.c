#include "nspawn.h"

#include "../liveness.h"
#include "../network/network.h"
#include "../project/project.h"
#include "../tool.h"
#include "rollout/base/file.h"
#include "rollout/vm/image.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOOT_LIMIT_MS 60000
#define INOTIFY_INSTANCES 4096 /* each systemd takes some; the usual limit is 128 */
#define INOTIFY_PATH "/proc/sys/fs/inotify/max_user_instances"
#define PROC_MAX_BYTES 65536u

/* ---- check ---- */

static int check_tools(const struct vm_project *p, struct err *err)
{
	static const struct {
		const char *program, *package;
	} tools[] = {
		{"systemd-nspawn", "systemd-container"}, {"ip", "iproute2"}, {"nft", "nftables"}};
	for (size_t i = 0; i < ARRAY_LEN(tools); i++) {
		CLEANUP(free_ptr) char *path = vm_tool_find(tools[i].program);
		if (!path && (i < 2 || p->topology->nat))
			return err_set(err, ERR_NOT_FOUND,
				       "the nspawn driver needs %s: install the package %s",
				       tools[i].program, tools[i].package);
	}
	return 0;
}

static bool knows_overlay(void)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct err ignored = {0};
	return file_read("/proc/filesystems", PROC_MAX_BYTES, &text, &ignored) == 0 &&
	       strstr(text.ptr ? text.ptr : "", "\toverlay\n") != NULL;
}

static int check_overlay(struct err *err)
{
	static const char *const argv[] = {"modprobe", "overlay", NULL};
	struct tool_call call = {.argv = argv};
	struct err ignored = {0};
	if (knows_overlay())
		return 0;
	vm_tool_run(&call, NULL, &ignored);
	return knows_overlay() ? 0
			       : err_set(err, ERR_UNSUPPORTED,
					 "the nspawn driver needs a kernel with overlayfs");
}

static int check(const struct vm_project *p, struct err *err)
{
	if (geteuid() != 0)
		return err_set(err, ERR_AUTH,
			       "the nspawn driver needs root: call it with sudo, or use the driver "
			       "qemu");
	int r = check_tools(p, err);
	return r == 0 ? check_overlay(err) : r;
}

/* ---- create ---- */

static bool has_systemd(const char *tree)
{
	static const char *const places[] = {"usr/lib/systemd/systemd", "lib/systemd/systemd"};
	bool found = false;
	for (size_t i = 0; !found && i < ARRAY_LEN(places); i++) {
		CLEANUP(free_ptr) char *path = path_join(tree, places[i]);
		found = access(path, F_OK) == 0;
	}
	return found;
}

static int find_tree(struct vm_machine *m, const struct vm_reporter *r, struct arena *a,
		     const char **ret, struct err *err)
{
	struct stat st;
	r->stage(r->self, "image");
	int code = vm_image_ensure(&m->spec->image, m->spec->arch, VM_DRIVER_NSPAWN, NULL, a, ret,
				   err);
	if (code < 0)
		return code;
	if (stat(*ret, &st) < 0)
		return err_sys(err, "the tree %s", *ret);
	if (!S_ISDIR(st.st_mode))
		return err_at(err, ERR_INVALID, m->spec->image.at,
			      "image: %s is a file; the nspawn driver boots a folder that holds a "
			      "root tree",
			      *ret);
	if (!has_systemd(*ret))
		return err_at(err, ERR_INVALID, m->spec->image.at,
			      "image: the tree %s has no systemd to boot", *ret);
	return 0;
}

static int record(const struct vm_machine *m, const char *tree, struct arena *a, struct err *err)
{
	struct value *v = value_dict_new(a);
	value_dict_put(a, v, "driver", value_cstr(a, "nspawn"));
	value_dict_put(a, v, "image", value_cstr(a, m->spec->image.name));
	value_dict_put(a, v, "tree", value_cstr(a, tree));
	value_dict_put(a, v, "user", value_cstr(a, m->spec->user));
	value_dict_put(a, v, "nesting", value_bool(m->spec->nesting));
	return vm_machine_record_write(m, v, err);
}

static int make(struct vm_machine *m, const struct vm_reporter *r, struct arena *a, struct err *err)
{
	struct vm_nspawn_wishes wishes = {0};
	const char *tree;
	int code = find_tree(m, r, a, &tree, err);
	if (code == 0)
		code = vm_nspawn_wishes(m, tree, a, &wishes, err);
	if (code < 0)
		return code;
	r->stage(r->self, "disk");
	code = dir_create_all(m->dir, 0700, err);
	if (code == 0)
		code = vm_nspawn_disk_make(m, tree, err);
	if (code == 0)
		code = vm_nspawn_identify(m, &wishes, err);
	if (code == 0)
		code = record(m, tree, a, err);
	vm_nspawn_wishes_release(&wishes);
	return code;
}

/* The record is written last; a disk in memory does not outlive this host's boot. */
static int is_whole(const struct vm_machine *m, struct arena *a, bool *ret, struct err *err)
{
	const struct value *there = NULL;
	int r = vm_machine_record_read(m, a, &there, err);
	if (r == 0)
		*ret = there && value_is_str(value_get(there, "driver"), "nspawn") &&
		       vm_nspawn_disk_exists(m);
	return r;
}

static int create(struct vm_machine *m, const struct vm_reporter *r, struct err *err)
{
	struct arena a = {0};
	bool whole = false;
	int code = is_whole(m, &a, &whole, err);
	if (code == 0 && !whole)
		code = make(m, r, &a, err);
	arena_release(&a);
	return code;
}

/* ---- start ---- */

static void raise_limits(const struct vm_reporter *r)
{
	CLEANUP(strbuf_release) struct strbuf now = {0}, wanted = {0};
	struct err why = {0};
	if (file_read(INOTIFY_PATH, PROC_MAX_BYTES, &now, &why) < 0 ||
	    (int)strtol(now.ptr, NULL, 10) >= INOTIFY_INSTANCES / 4)
		return;
	strbuf_printf(&wanted, "%d\n", INOTIFY_INSTANCES);
	FILE *f = fopen(INOTIFY_PATH, "we");
	bool written = f && fputs(wanted.ptr, f) >= 0;
	if (f && fclose(f) != 0)
		written = false;
	if (!written)
		r->note(r->self, "fs.inotify.max_user_instances cannot be raised; many machines "
				 "may fail to boot");
}

/* The project's bridge is up: who starts machines holds it (life/network.c). */
static int start(struct vm_machine *m, const struct vm_reporter *r, struct err *err)
{
	char netns[32];
	r->stage(r->self, "network");
	raise_limits(r);
	int code = vm_veth_ensure(m, netns, err);
	if (code < 0)
		return code;
	r->stage(r->self, "boot");
	vm_nspawn_expect_first_boot(m);
	code = vm_nspawn_run(m, netns, err);
	return code == 0 ? vm_nspawn_await_first_boot(m, r, err) : code;
}

/* ---- the rest ---- */

static int status(struct vm_machine *m, struct vm_status *ret, struct err *err)
{
	struct arena a = {0};
	struct vm_status s = {.driver = VM_DRIVER_NSPAWN, .accel = ""};
	bool whole = false;
	int r = 0;
	if (vm_nspawn_is_running(m)) {
		s.state = vm_nspawn_cgroups_frozen(m) ? VM_SUSPENDED : VM_RUNNING;
		s.pid = vm_nspawn_runner_pid(m);
	} else {
		r = is_whole(m, &a, &whole, err);
		s.state = whole ? VM_STOPPED : VM_ABSENT;
	}
	arena_release(&a);
	if (r == 0)
		*ret = s;
	return r;
}

static int destroy(struct vm_machine *m, struct err *err)
{
	vm_nspawn_cgroups_end(m);
	vm_links_remove(m);
	return vm_nspawn_disk_remove(m, err);
}

static int64_t boot_limit_ms(const struct vm_machine *m UNUSED)
{
	return BOOT_LIMIT_MS;
}

const struct vm_driver vm_driver_nspawn = {
	.name = "nspawn",
	.check = check,
	.create = create,
	.start = start,
	.status = status,
	.halt = vm_nspawn_halt,
	.suspend = vm_nspawn_suspend,
	.resume = vm_nspawn_resume,
	.snapshot_save = vm_nspawn_snapshot_save,
	.snapshot_restore = vm_nspawn_snapshot_restore,
	.snapshot_delete = vm_nspawn_snapshot_delete,
	.snapshots = vm_nspawn_snapshots,
	.destroy = destroy,
	.console = vm_nspawn_console,
	.boot_limit_ms = boot_limit_ms,
};
