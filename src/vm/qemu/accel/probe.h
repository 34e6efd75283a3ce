#pragma once
/* Which QEMU there is, and what it can do. */
#include "../../driver.h"

#define QEMU_VERSION_MIN 702u /* 7.2: -netdev dgram */

struct vm_qemu {
	char path[512];	  /* qemu-system-x86_64 or its like */
	unsigned version; /* 702: 7.2 */
	char version_text[32];
	bool sandbox; /* -sandbox: built with seccomp */
};
const char *vm_qemu_program(enum vm_arch arch); /* "qemu-system-x86_64" */
/* Runs it once. ERR_NOT_FOUND names the package; ERR_UNSUPPORTED too old. */
int vm_qemu_find(enum vm_arch arch, struct vm_qemu *ret, struct err *err);
/* ERR_UNSUPPORTED: it lacks a backend that `mode` needs. */
int vm_qemu_check_network(const struct vm_qemu *q, enum vm_network_mode mode, struct err *err);
/* The UEFI that arm64 boots by; "" for amd64, which boots by its BIOS. */
int vm_qemu_firmware(enum vm_arch arch, const char **ret, struct err *err);
/* The output of `-version` to 702 and "7.2.22"; false: it is none. */
bool vm_qemu_parse_version(struct slice text, unsigned *ret, char ret_text[32]);
