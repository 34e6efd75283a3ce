#pragma once
/* Which accelerator runs a guest here. */
#include "../../driver.h"

struct vm_accel_choice {
	enum vm_accel accel; /* never AUTO */
	char why[256]; /* "kvm: a test guest ran in 0.1 s", "tcg: /dev/kvm opens, but a test guest … " */
};
/* For `wanted` AUTO: what a test guest proved to work, with the CPU model that VMs
 * get; cached per QEMU, kernel and boot ($XDG_CACHE_HOME/rollout/accel.json). For a
 * named one: the same proof, and ERR_UNSUPPORTED with the reason when it fails (no
 * permission on /dev/kvm says which group to join). */
int vm_accel_choose(enum vm_accel wanted, enum vm_arch arch, const char *qemu,
		    struct vm_accel_choice *ret, struct err *err);
const char *vm_accel_name(enum vm_accel a);
