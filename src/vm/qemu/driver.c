#include "../network/network.h"
#include "../project/project.h"
#include "accel/accel.h"
#include "accel/probe.h"
#include "args.h"
#include "machine.h"

#include <stdlib.h>
#include <unistd.h>

#define BOOT_LIMIT_MS 120000
#define BOOT_LIMIT_TCG_MS 600000

/* The first machine of each architecture stands for the others. */
static int check_arch(const struct vm_project *p, enum vm_arch arch, struct err *err)
{
	struct vm_qemu q;
	const char *firmware;
	struct vm_accel_choice choice;
	int r = vm_qemu_find(arch, &q, err);
	if (r == 0)
		r = vm_qemu_check_network(&q, p->topology->mode, err);
	if (r == 0)
		r = vm_qemu_firmware(arch, &firmware, err);
	/* proves it now, once, for all the processes that will ask */
	return r == 0 ? vm_accel_choose(VM_ACCEL_AUTO, arch, q.path, &choice, err) : r;
}

static int check(const struct vm_project *p, struct err *err)
{
	bool checked[2] = {false};
	int r = 0;
	if (p->topology->mode == VM_NETWORK_BRIDGE && geteuid() != 0)
		return err_set(err, ERR_AUTH,
			       "vm_network.mode: bridge needs root: call it with sudo, or use "
			       "mode: user");
	for (size_t i = 0; r == 0 && i < p->machines.len; i++) {
		const enum vm_arch arch = p->machines.at[i]->spec->arch;
		if (!checked[arch])
			r = check_arch(p, arch, err);
		checked[arch] = true;
	}
	return r;
}

static int destroy(struct vm_machine *m, struct err *err)
{
	int r = vm_qemu_halt(m, true, 0, NULL, err);
	if (r == 0)
		vm_links_remove(m); /* a tap, also of the mode it had before */
	return r;
}

static int64_t boot_limit_ms(const struct vm_machine *m)
{
	struct arena a = {0};
	const char *accel = vm_qemu_record_get(m, "accel", &a);
	const bool fast = strcmp(accel, "kvm") == 0 || strcmp(accel, "hvf") == 0;
	arena_release(&a);
	return fast ? BOOT_LIMIT_MS : BOOT_LIMIT_TCG_MS;
}

const struct vm_driver vm_driver_qemu = {
	.name = "qemu",
	.check = check,
	.create = vm_qemu_create,
	.start = vm_qemu_start,
	.status = vm_qemu_status,
	.halt = vm_qemu_halt,
	.suspend = vm_qemu_suspend,
	.resume = vm_qemu_resume,
	.snapshot_save = vm_qemu_snapshot_save,
	.snapshot_restore = vm_qemu_snapshot_restore,
	.snapshot_delete = vm_qemu_snapshot_delete,
	.snapshots = vm_qemu_snapshots,
	.destroy = destroy,
	.console = vm_qemu_console,
	.boot_limit_ms = boot_limit_ms,
};
