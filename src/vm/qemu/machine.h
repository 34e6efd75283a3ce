#pragma once
/*
 * A VM as the parts of this folder see it: its disks, its process, its snapshots.
 * machine.json: {driver, image: {name, path}, instance_id, accel, qemu, arch, cpus,
 * memory_bytes, disk_bytes, disks}.
 */
#include "../driver.h"
#include "qmp.h"

/* ---- disks.c ---- */

/* Overlay, further disks, seed, record: what is missing is made. */
int vm_qemu_create(struct vm_machine *m, const struct vm_reporter *r, struct err *err);
/* Before a start: makes the further disks that the inventory got since. ERR_NOT_FOUND tells
 * which file is gone, also of the image below. */
int vm_qemu_disks_check(struct vm_machine *m, struct err *err);
/* The record with `key` replaced; nothing when there is no record. */
int vm_qemu_record_set(const struct vm_machine *m, const char *key, const char *text,
		       struct err *err);
/* "" when the record does not tell. In the arena. */
const char *vm_qemu_record_get(const struct vm_machine *m, const char *key, struct arena *a);

/* ---- process.c ---- */

bool vm_qemu_is_running(const struct vm_machine *m);
int vm_qemu_pid(const struct vm_machine *m); /* by its pid file; 0: not known */
/* Begins QEMU, and returns when its guest runs, or with `paused` would. */
int vm_qemu_launch(struct vm_machine *m, const struct vm_reporter *r, bool paused, struct err *err);
/* Ends it at once, in whatever state it is. */
int vm_qemu_kill(struct vm_machine *m, struct err *err);

/* ---- power.c ---- */

int vm_qemu_start(struct vm_machine *m, const struct vm_reporter *r, struct err *err);
int vm_qemu_status(struct vm_machine *m, struct vm_status *ret, struct err *err);
int vm_qemu_halt(struct vm_machine *m, bool force, int64_t limit_ms, const struct vm_reporter *r,
		 struct err *err);
int vm_qemu_suspend(struct vm_machine *m, struct err *err);
int vm_qemu_resume(struct vm_machine *m, struct err *err);
/* A command without arguments and with nothing of interest in its answer. */
int vm_qemu_command(const struct vm_machine *m, const char *command, int64_t limit_ms,
		    struct err *err);
#define VM_QEMU_COMMAND_LIMIT_MS 10000

/* ---- snapshots.c ---- */

int vm_qemu_snapshot_save(struct vm_machine *m, const char *name, struct err *err);
int vm_qemu_snapshot_restore(struct vm_machine *m, const char *name, struct err *err);
int vm_qemu_snapshot_delete(struct vm_machine *m, const char *name, struct err *err);
int vm_qemu_snapshots(struct vm_machine *m, struct arena *a, struct vm_snapshot **ret,
		      size_t *ret_len, struct err *err);

/* ---- console.c ---- */

int vm_qemu_console(struct vm_machine *m, struct err *err);
