#pragma once
/* A guest of some hundred bytes that proves that an accelerator works. */
#include "rollout/base/str.h"
#include "rollout/vm/vm.h"

#define VM_GUEST_SAYS "guest ok" /* on its serial port, then it ends QEMU with status 0 */

/* amd64: a boot sector; arm64: what -kernel takes. guest_*.S tell what they do. */
void vm_guest_image(enum vm_arch arch, struct strbuf *out);
