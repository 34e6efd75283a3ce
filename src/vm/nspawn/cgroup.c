/*
 * A machine's cgroups. On v1 they lie below the group that the command was called
 * from. On v2 a group with processes of its own cannot hand controllers on, so
 * there they lie at the top of what is seen of the hierarchy.
 *
 * Source: the kernel's cgroup-v1/cgroups.rst, freezer-subsystem.rst, cgroup-v2.rst.
 */
#include "nspawn.h"

#include "../project/project.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOP "/sys/fs/cgroup"
#define FILE_MAX_BYTES (1u << 20)
#define FREEZE_MS 10000
#define REMOVE_MS 2000 /* the dead leave their groups a moment later */
#define POLL_MS 10

static int write_text(const char *folder, const char *name, struct slice text, struct err *err)
{
	CLEANUP(free_ptr) char *path = path_join(folder, name);
	CLEANUP(fd_close) int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open %s", path);
	int r = fd_write_all(fd, text.ptr, text.len, err);
	return r < 0 ? err_wrap(err, r, "%s", path) : 0;
}

static struct strbuf read_text(const char *folder, const char *name)
{
	CLEANUP(free_ptr) char *path = path_join(folder, name);
	struct strbuf text = {0};
	struct err ignored = {0};
	file_read(path, FILE_MAX_BYTES, &text, &ignored);
	return text;
}

static bool exists(const char *folder, const char *name)
{
	CLEANUP(free_ptr) char *path = path_join(folder, name);
	return access(path, F_OK) == 0;
}

/* ---- making ---- */

/* Where the hierarchy of a line of /proc/self/cgroup is mounted. */
static void find_mount(struct slice controllers, struct strbuf *out)
{
	strbuf_puts(out, TOP);
	if (slice_starts_with(controllers, "name="))
		strbuf_printf(out, "/%.*s", (int)controllers.len - 5, controllers.ptr + 5);
	else if (controllers.len > 0)
		strbuf_printf(out, "/%.*s", SLICE_ARG(controllers));
	else if (exists(TOP, "unified"))
		strbuf_puts(out, "/unified");
}

/* A cpuset of v1 is empty until somebody fills it, and takes no process so long. */
static void copy_cpuset(const char *parent, const char *group)
{
	static const char *const names[] = {"cpuset.cpus", "cpuset.mems"};
	struct err ignored = {0};
	if (!exists(group, "cpuset.cpus") || exists(group, "cgroup.controllers"))
		return;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct strbuf text = read_text(parent, names[i]);
		write_text(group, names[i], strbuf_slice(&text), &ignored);
		strbuf_release(&text);
	}
}

/* One by one: a controller that cannot be handed on does not keep the others. */
static void hand_on_controllers(const char *parent)
{
	struct strbuf text = read_text(parent, "cgroup.controllers");
	struct slice rest = slice_trim(strbuf_slice(&text)), name;
	while (rest.len > 0 && slice_split(&rest, ' ', &name)) {
		CLEANUP(strbuf_release) struct strbuf order = {0};
		struct err ignored = {0};
		strbuf_printf(&order, "+%.*s", SLICE_ARG(name));
		write_text(parent, "cgroup.subtree_control", strbuf_slice(&order), &ignored);
	}
	strbuf_release(&text);
}

/* "4:memory:/user.slice". A hierarchy that is not seen from here is left out. */
static int make_one(struct slice line, const char *name, struct strbuf *list, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf parent = {0}, group = {0};
	struct slice id, controllers;
	if (!slice_split(&line, ':', &id) || !slice_split(&line, ':', &controllers))
		return 0;
	find_mount(controllers, &parent);
	if (controllers.len > 0 && line.len > 1)
		strbuf_slice_append(&parent, line);
	if (access(parent.ptr, F_OK) < 0)
		return 0;
	strbuf_printf(&group, "%s/%s", parent.ptr, name);
	if (mkdir(group.ptr, 0755) < 0 && errno != EEXIST)
		return err_sys(err, "make the cgroup %s", group.ptr);
	if (controllers.len == 0)
		hand_on_controllers(parent.ptr);
	copy_cpuset(parent.ptr, group.ptr);
	strbuf_printf(list, "%s\n", group.ptr);
	return 0;
}

static int save_list(const struct vm_machine *m, const struct strbuf *list, struct err *err)
{
	CLEANUP(free_ptr) char *path = vm_machine_path(m, "cgroups");
	CLEANUP(fd_close) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, "create %s", path);
	return fd_write_all(fd, list->ptr, list->len, err);
}

int vm_nspawn_cgroups_make(const struct vm_machine *m, const char *name, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf own = {0}, list = {0};
	struct slice rest, line;
	vm_nspawn_cgroups_end(m);
	int r = file_read("/proc/self/cgroup", FILE_MAX_BYTES, &own, err);
	rest = strbuf_slice(&own);
	while (r == 0 && slice_split(&rest, '\n', &line))
		r = make_one(line, name, &list, err);
	return r == 0 ? save_list(m, &list, err) : r;
}

/* ---- the list ---- */

struct each {
	const struct vm_machine *machine;
	struct strbuf text;
	struct slice rest;
};

static struct each each_begin(const struct vm_machine *m)
{
	struct each e = {.machine = m, .text = read_text(m->dir, "cgroups")};
	e.rest = strbuf_slice(&e.text);
	return e;
}

/* Terminates the line in place; NULL at the end. */
static const char *each_next(struct each *e)
{
	struct slice line;
	while (slice_split(&e->rest, '\n', &line)) {
		if (line.len == 0)
			continue;
		e->text.ptr[line.ptr + line.len - e->text.ptr] = '\0';
		return line.ptr;
	}
	strbuf_release(&e->text);
	return NULL;
}

int vm_nspawn_cgroups_join(const struct vm_machine *m, struct err *err)
{
	struct each e = each_begin(m);
	const char *group;
	int r = 0;
	while ((group = each_next(&e)))
		if (r == 0)
			r = write_text(group, "cgroup.procs", SLICE_LIT("0"), err);
	return r;
}

/* ---- freezing ---- */

/* v2's wherever it is, since the machine's own systemd knows it too. */
static bool find_freezer(const struct vm_machine *m, struct strbuf *ret, bool *ret_v2)
{
	struct each e = each_begin(m);
	const char *group;
	bool found = false;
	while ((group = each_next(&e))) {
		bool v2 = exists(group, "cgroup.freeze");
		if (!v2 && (found || !exists(group, "freezer.state")))
			continue;
		strbuf_truncate(ret, 0);
		strbuf_puts(ret, group);
		*ret_v2 = v2;
		found = true;
	}
	return found;
}

static bool is_frozen(const char *group, bool v2)
{
	struct strbuf text = read_text(group, v2 ? "cgroup.events" : "freezer.state");
	bool frozen = text.ptr && strstr(text.ptr, v2 ? "frozen 1" : "FROZEN") != NULL;
	strbuf_release(&text);
	return frozen;
}

bool vm_nspawn_cgroups_frozen(const struct vm_machine *m)
{
	CLEANUP(strbuf_release) struct strbuf group = {0};
	bool v2;
	return find_freezer(m, &group, &v2) && is_frozen(group.ptr, v2);
}

int vm_nspawn_cgroups_freeze(const struct vm_machine *m, bool freeze, struct err *err)
{
	static const char *const orders[2][2] = {{"THAWED", "FROZEN"}, {"0", "1"}};
	CLEANUP(strbuf_release) struct strbuf group = {0};
	const int64_t end_ms = clock_now_ms() + FREEZE_MS;
	bool v2;
	if (!find_freezer(m, &group, &v2))
		return err_set(err, ERR_UNSUPPORTED, "this host has no cgroup freezer");
	int r = write_text(group.ptr, v2 ? "cgroup.freeze" : "freezer.state",
			   slice_from(orders[v2][freeze]), err);
	while (r == 0 && is_frozen(group.ptr, v2) != freeze) {
		if (clock_now_ms() > end_ms)
			return err_set(err, ERR_TIMEOUT, "%s is not %s after %d s", group.ptr,
				       freeze ? "frozen" : "thawed", FREEZE_MS / 1000);
		poll(NULL, 0, 5);
	}
	return r;
}

/* ---- ending ---- */

/* Deepest first. `entry` is called for each group. */
static void walk(const char *group, void (*entry)(const char *group))
{
	DIR *d = opendir(group);
	struct dirent *e;
	while (d && (e = readdir(d))) {
		CLEANUP(free_ptr) char *path = path_join(group, e->d_name);
		if (e->d_type == DT_DIR && e->d_name[0] != '.')
			walk(path, entry);
	}
	if (d)
		closedir(d);
	entry(group);
}

static void kill_members(const char *group)
{
	struct strbuf text = read_text(group, "cgroup.procs");
	struct slice rest = strbuf_slice(&text), line;
	while (slice_split(&rest, '\n', &line)) {
		int pid = line.len > 0 ? (int)strtol(line.ptr, NULL, 10) : 0;
		if (pid > 1 && pid != getpid())
			kill(pid, SIGKILL);
	}
	strbuf_release(&text);
}

static void remove_one(const char *group)
{
	rmdir(group);
}

void vm_nspawn_cgroups_kill(const struct vm_machine *m)
{
	struct each e = each_begin(m);
	const char *group;
	while ((group = each_next(&e)))
		walk(group, kill_members);
}

static bool remove_group(const char *group, int64_t end_ms)
{
	while (walk(group, remove_one), access(group, F_OK) == 0) {
		if (clock_now_ms() > end_ms)
			return false;
		poll(NULL, 0, POLL_MS);
	}
	return true;
}

void vm_nspawn_cgroups_remove(const struct vm_machine *m)
{
	CLEANUP(free_ptr) char *path = vm_machine_path(m, "cgroups");
	const int64_t end_ms = clock_now_ms() + REMOVE_MS;
	struct each e = each_begin(m);
	const char *group;
	bool all = true;
	while ((group = each_next(&e)))
		all &= remove_group(group, end_ms);
	if (all)
		unlink(path);
}

void vm_nspawn_cgroups_end(const struct vm_machine *m)
{
	struct err ignored = {0};
	if (!exists(m->dir, "cgroups"))
		return;
	vm_nspawn_cgroups_freeze(m, false, &ignored); /* v1: what is frozen does not die */
	vm_nspawn_cgroups_kill(m);
	vm_nspawn_cgroups_remove(m);
}
