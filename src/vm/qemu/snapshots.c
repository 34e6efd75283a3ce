/*
 * Snapshots inside of the qcow2 files: of all disks, and of the memory when the
 * machine runs (it is on disk0). One that was taken while it ran is restored into
 * a running machine, which starts for it; one without memory leaves a machine off
 * that is off, and makes one that runs begin anew from it.
 *
 * Source: QMP reference, snapshot-save, snapshot-load, snapshot-delete, query-jobs;
 * qemu-img(1).
 */
#include "../liveness.h"
#include "../project/project.h"
#include "../tool.h"
#include "args.h"
#include "machine.h"
#include "rollout/base/clock.h"
#include "rollout/base/nearest.h"
#include "rollout/value/json.h"

#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define NAME_MAX_LEN 64u
#define JOB_LIMIT_MS (30 * 60 * 1000)
#define JOB_POLL_MS 100
#define IMG_LIMIT_MS (10 * 60 * 1000)
#define JOB "rollout-snapshot"

/* ---- which there are ---- */

static int64_t int_of(const struct value *dict, const char *key)
{
	const struct value *v = value_get(dict, key);
	return v && v->type == VALUE_INT ? v->integer : 0;
}

static int info_of(const struct vm_machine *m, struct arena *a, const struct value **ret,
		   struct err *err)
{
	/* -U: QEMU may have it open */
	static const char *const argv[] = {"qemu-img", "info",		"-U",	   "-f",
					   "qcow2",    "--output=json", QEMU_DISK, NULL};
	const struct tool_call call = {.argv = argv, .dir = m->dir};
	CLEANUP(strbuf_release) struct strbuf out = {0};
	int r = vm_tool_run(&call, &out, err);
	return r == 0 ? json_parse(a, "qemu-img", strbuf_slice(&out), ret, err) : r;
}

int vm_qemu_snapshots(struct vm_machine *m, struct arena *a, struct vm_snapshot **ret,
		      size_t *ret_len, struct err *err)
{
	const struct value *info = NULL, *list;
	size_t len = 0;
	int r = info_of(m, a, &info, err);
	if (r < 0)
		return r;
	list = value_get(info, "snapshots");
	const size_t max = list && list->type == VALUE_LIST ? list->list.len : 0;
	struct vm_snapshot *all = ARENA_ARRAY(a, struct vm_snapshot, max + 1);
	for (size_t i = 0; i < max; i++) {
		const struct value *s = list->list.at[i], *name = value_get(s, "name");
		if (name && name->type == VALUE_STRING)
			all[len++] = (struct vm_snapshot){.name = name->str.ptr,
							  .created_s = int_of(s, "date-sec"),
							  .memory = int_of(s, "vm-state-size") > 0};
	}
	*ret = all;
	*ret_len = len;
	return 0;
}

/* qemu-img takes digits for the number of one. */
static int check_name(const char *name, struct err *err)
{
	const size_t len = strlen(name);
	bool only_digits = true;
	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)name[i];
		if (!isalnum(c) && (i == 0 || !strchr("._-", c)))
			return err_set(err, ERR_INVALID,
				       "'%s' cannot be the name of a snapshot: letters, digits, "
				       "'.', '_' and '-' are allowed, a letter or digit first",
				       name);
		only_digits = only_digits && isdigit(c);
	}
	if (len == 0 || len > NAME_MAX_LEN || only_digits)
		return err_set(err, ERR_INVALID,
			       "'%s' cannot be the name of a snapshot: it has 1 to %u characters, "
			       "not only digits",
			       name, NAME_MAX_LEN);
	return 0;
}

/* ERR_NOT_FOUND with the nearest name. */
static int find(struct vm_machine *m, const char *name, struct vm_snapshot *ret, struct err *err)
{
	struct arena a = {0};
	struct vm_snapshot *all = NULL;
	struct nearest near;
	char hint[128];
	size_t len = 0, i = 0;
	nearest_init(&near, slice_from(name));
	int r = vm_qemu_snapshots(m, &a, &all, &len, err);
	for (; r == 0 && i < len && strcmp(all[i].name, name) != 0; i++)
		nearest_offer(&near, slice_from(all[i].name));
	if (r == 0 && i < len)
		*ret = (struct vm_snapshot){name, all[i].created_s, all[i].memory};
	else if (r == 0)
		r = err_set(err, ERR_NOT_FOUND, "it has no snapshot '%s'%s", name,
			    nearest_hint(&near, hint, sizeof(hint)));
	arena_release(&a);
	return r;
}

/* ---- of one that is off ---- */

static int on_disk(const struct vm_machine *m, const char *what, const char *name, size_t i,
		   struct err *err)
{
	char file[32];
	vm_qemu_disk_file(i, file);
	const char *const argv[] = {"qemu-img", "snapshot", what, name, file, NULL};
	const struct tool_call call = {.argv = argv, .dir = m->dir, .timeout_ms = IMG_LIMIT_MS};
	return vm_tool_run(&call, NULL, err);
}

/* All disks, or none: what was done to some is taken back by `undo`. */
static int on_disks(const struct vm_machine *m, const char *what, const char *undo,
		    const char *name, struct err *err)
{
	size_t done = 0;
	int r = 0;
	for (; r == 0 && done <= m->spec->ndisks; done += r == 0)
		r = on_disk(m, what, name, done, err);
	while (r < 0 && undo && done-- > 0)
		on_disk(m, undo, name, done, NULL);
	return r;
}

/* ---- of one that runs: jobs ---- */

static const struct value *nodes(const struct vm_machine *m, struct arena *a)
{
	struct value *list = value_list_new(a);
	for (size_t i = 0; i <= m->spec->ndisks; i++) {
		char node[16];
		vm_qemu_disk_node(i, node);
		value_list_push(a, list, value_cstr(a, node));
	}
	return list;
}

static const struct value *job_of(const struct value *jobs)
{
	for (size_t i = 0; jobs && jobs->type == VALUE_LIST && i < jobs->list.len; i++)
		if (value_is_str(value_get(jobs->list.at[i], "id"), JOB))
			return jobs->list.at[i];
	return NULL;
}

static int dismiss(struct vm_qmp *q, struct arena *a)
{
	struct value *arguments = value_dict_new(a);
	value_dict_put(a, arguments, "id", value_cstr(a, JOB));
	return vm_qmp_execute(q, "job-dismiss", arguments, a, NULL, NULL);
}

static int job_result(const struct value *job, struct err *err)
{
	const struct value *text = value_get(job, "error");
	if (text && text->type == VALUE_STRING)
		return err_set(err, ERR_SYS, "QEMU: %.*s", SLICE_ARG(text->str));
	return 0;
}

static int await_job(struct vm_qmp *q, struct err *err)
{
	const int64_t end_ms = clock_now_ms() + JOB_LIMIT_MS;
	bool over = false;
	int r = 0;
	while (r == 0 && !over) {
		struct arena a = {0};
		const struct value *jobs = NULL, *job;
		r = vm_qmp_execute(q, "query-jobs", NULL, &a, &jobs, err);
		job = job_of(jobs);
		over = !job || value_is_str(value_get(job, "status"), "concluded");
		if (r == 0 && over && job) {
			r = job_result(job, err);
			dismiss(q, &a);
		}
		arena_release(&a);
		if (r == 0 && !over && clock_now_ms() >= end_ms)
			r = err_set(err, ERR_TIMEOUT, "the snapshot was not done within %d min",
				    JOB_LIMIT_MS / 60000);
		if (r == 0 && !over)
			poll(NULL, 0, JOB_POLL_MS);
	}
	return r;
}

static int run_job(const struct vm_machine *m, const char *command, const char *name,
		   struct err *err)
{
	CLEANUP(vm_qmp_close_ptr) struct vm_qmp *q = NULL;
	struct arena a = {0};
	struct value *arguments = value_dict_new(&a);
	value_dict_put(&a, arguments, "job-id", value_cstr(&a, JOB));
	value_dict_put(&a, arguments, "tag", value_cstr(&a, name));
	value_dict_put(&a, arguments, "devices", nodes(m, &a));
	if (strcmp(command, "snapshot-delete") != 0)
		value_dict_put(&a, arguments, "vmstate", value_cstr(&a, "disk0"));
	/* QEMU answers nothing while it writes the memory */
	int r = vm_qmp_open(m->dir, QEMU_QMP_SOCKET, JOB_LIMIT_MS, &q, err);
	if (r == 0)
		dismiss(q, &a); /* one that was left by who was killed */
	if (r == 0)
		r = vm_qmp_execute(q, command, arguments, &a, NULL, err);
	if (r == 0)
		r = await_job(q, err);
	arena_release(&a);
	return r;
}

/* ---- the verbs ---- */

int vm_qemu_snapshot_save(struct vm_machine *m, const char *name, struct err *err)
{
	struct vm_snapshot there;
	struct err e = {0};
	int r = check_name(name, err);
	if (r < 0)
		return r;
	r = find(m, name, &there, &e);
	if (r == 0)
		return err_set(err, ERR_EXISTS,
			       "it has a snapshot '%s': delete it, or choose another name", name);
	if (r != ERR_NOT_FOUND)
		return err_set(err, r, "%s", e.msg);
	return vm_qemu_is_running(m) ? run_job(m, "snapshot-save", name, err)
				     : on_disks(m, "-c", "-d", name, err);
}

int vm_qemu_snapshot_delete(struct vm_machine *m, const char *name, struct err *err)
{
	struct vm_snapshot s;
	int r = find(m, name, &s, err);
	if (r < 0)
		return r;
	return vm_qemu_is_running(m) ? run_job(m, "snapshot-delete", name, err)
				     : on_disks(m, "-d", NULL, name, err);
}

static void say_nothing(void *self UNUSED, const char *text UNUSED)
{
}

static const struct vm_reporter silent = {NULL, say_nothing, say_nothing};

/* QEMU leaves the guest stopped where it failed: then it is cut off. */
static int restore_memory(struct vm_machine *m, const char *name, struct err *err)
{
	int r = vm_qemu_is_running(m) ? vm_qemu_command(m, "stop", VM_QEMU_COMMAND_LIMIT_MS, err)
				      : vm_qemu_launch(m, &silent, true, err);
	if (r < 0)
		return r;
	r = run_job(m, "snapshot-load", name, err);
	if (r == 0)
		r = vm_qemu_command(m, "cont", VM_QEMU_COMMAND_LIMIT_MS, err);
	if (r == 0)
		return 0;
	vm_qemu_halt(m, true, 0, NULL, NULL);
	return err_wrap(err, r,
			"the state of snapshot '%s' does not load (the machine is off now; "
			"cpus, memory, disks and accelerator must be as they were)",
			name);
}

static int restore_disks(struct vm_machine *m, const char *name, struct err *err)
{
	const bool running = vm_qemu_is_running(m);
	int r = running ? vm_qemu_halt(m, true, 0, NULL, err) : 0;
	if (r == 0)
		r = on_disks(m, "-a", NULL, name, err);
	return r == 0 && running ? vm_qemu_launch(m, &silent, false, err) : r;
}

int vm_qemu_snapshot_restore(struct vm_machine *m, const char *name, struct err *err)
{
	struct vm_snapshot s;
	int r = find(m, name, &s, err);
	if (r < 0)
		return r;
	return s.memory ? restore_memory(m, name, err) : restore_disks(m, name, err);
}
