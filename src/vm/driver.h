#pragma once
/*
 * What a driver does with one machine. All functions block, within limits, and
 * are called in a worker process that holds the machine's lock (life/worker.c),
 * state and log functions also without it.
 *
 * A machine's folder (m->dir):
 *   running.lock   held by QEMU (or by nspawn's runner) as long as it lives: whether
 *                  it runs is asked by trying this lock, so that no crash, kill or
 *                  reboot leaves a lie behind (liveness.h)
 *   pid            of QEMU or the runner, for messages and the last resort
 *   machine.json   what it was made with: driver, accel, image, spec
 *   serial.log     its console
 */
#include "rollout/vm/vm.h"

/* How a worker tells what it is at. Never fails. */
struct vm_reporter {
	void *self;
	void (*stage)(void *self, const char *stage);
	void (*note)(void *self, const char *text);
};

struct vm_driver {
	const char *name; /* "qemu", "nspawn" */
	/* Tools, permissions, kernel: before anything starts; the message says what to install. */
	int (*check)(const struct vm_project *p, struct err *err);
	/* The machine's disks and seed; what is there whole is kept. */
	int (*create)(struct vm_machine *m, const struct vm_reporter *r, struct err *err);
	/* Returns once it runs (not: once it is reachable). */
	int (*start)(struct vm_machine *m, const struct vm_reporter *r, struct err *err);
	int (*status)(struct vm_machine *m, struct vm_status *ret,
		      struct err *err); /* not .reachable */
	/* Shuts down; after limit_ms the power is cut. force: at once. */
	int (*halt)(struct vm_machine *m, bool force, int64_t limit_ms, const struct vm_reporter *r,
		    struct err *err);
	int (*suspend)(struct vm_machine *m, struct err *err);
	int (*resume)(struct vm_machine *m, struct err *err);
	int (*snapshot_save)(struct vm_machine *m, const char *name, struct err *err);
	int (*snapshot_restore)(struct vm_machine *m, const char *name, struct err *err);
	int (*snapshot_delete)(struct vm_machine *m, const char *name, struct err *err);
	int (*snapshots)(struct vm_machine *m, struct arena *a, struct vm_snapshot **ret,
			 size_t *ret_len, struct err *err);
	/* It does not run any more; everything of it but its folder goes (mounts, taps). */
	int (*destroy)(struct vm_machine *m, struct err *err);
	int (*console)(struct vm_machine *m,
		       struct err *err); /* the terminal is stdin and stdout */
	/* How long a boot may take here, and a text for messages: "tcg (no accelerator works here)". */
	int64_t (*boot_limit_ms)(const struct vm_machine *m);
};
extern const struct vm_driver vm_driver_qemu, vm_driver_nspawn;
const struct vm_driver *vm_driver_of(const struct vm_project *p);
