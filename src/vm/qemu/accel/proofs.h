#pragma once
/* What test guests proved, kept in $XDG_CACHE_HOME/rollout/accel.json for as long as
 * QEMU, kernel and boot are the same. Without a cache folder nothing is kept. */
#include "../../driver.h"

struct vm_proof {
	bool works;
	int64_t until_s; /* since the epoch; 0: it holds until something changes */
	char why[200];
};
struct vm_proofs {
	char *file, *lock, *name, *key; /* file and lock NULL: no folder for them */
};
void vm_proofs_init(struct vm_proofs *p, enum vm_accel accel, enum vm_arch arch, const char *qemu);
void vm_proofs_release(struct vm_proofs *p);
bool vm_proofs_read(const struct vm_proofs *p, struct vm_proof *ret);
void vm_proofs_write(const struct vm_proofs *p, const struct vm_proof *proof);

/* Runs the guest: 0 when it did all it shall. The message is the part after "why". */
int vm_accel_prove(enum vm_accel accel, enum vm_arch arch, const char *qemu, int64_t *ret_ms,
		   struct err *err);
