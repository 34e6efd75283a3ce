#pragma once
/* QEMU's command line for one machine: pure. All files of it are named relative to
 * m->dir, its working directory, so that no socket's name is too long. */
#include "../driver.h"

#define QEMU_DISK "disk.qcow2"
#define QEMU_SEED "seed.iso"
#define QEMU_LOG "qemu.log"
#define QEMU_PID "pid"
#define QEMU_RUNNING "running.lock"
#define QEMU_CONSOLE_SOCKET "console.sock"
#define QEMU_QMP_SOCKET "qmp.sock"

struct vm_qemu_choices {
	const char *program;
	enum vm_accel accel;
	const char *firmware; /* "" none: the BIOS */
	const char *tap;      /* bridge mode */
	bool sandbox;
	bool paused; /* the guest does not begin before QMP's cont */
};
/* NULL-terminated, in the arena. */
const char *const *vm_qemu_args(const struct vm_machine *m, const struct vm_qemu_choices *c,
				struct arena *a);
/* "disk0" (the root disk), "disk1", …: node names, and what the guest finds in
 * /dev/disk/by-id/virtio-disk1. */
void vm_qemu_disk_node(size_t i, char ret[16]);
/* "disk.qcow2", "disk1.qcow2", … */
void vm_qemu_disk_file(size_t i, char ret[32]);
