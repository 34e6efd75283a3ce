#pragma once
/* What one line of a machine's console tells about its boot. Pure. */
#include "rollout/base/str.h"

enum vm_boot_rank { /* in the order of a boot; a reboot begins again */
		    BOOT_SILENT,
		    BOOT_FIRMWARE,
		    BOOT_LOADER,
		    BOOT_KERNEL,
		    BOOT_SYSTEMD,
		    BOOT_USERSPACE, /* cloud-init and the login prompt come in any order */
};
enum vm_boot_sign_kind {
	BOOT_SIGN_NONE,
	BOOT_SIGN_STAGE,    /* rank, stage */
	BOOT_SIGN_FINISHED, /* cloud-init has done all */
	BOOT_SIGN_NOTE,	    /* worth showing, and the boot goes on; advice may be NULL */
	BOOT_SIGN_FATAL,    /* nothing more will come; advice: what to try */
};
struct vm_boot_sign {
	enum vm_boot_sign_kind kind;
	enum vm_boot_rank rank;
	char stage[64]; /* "firmware", "kernel", "cloud-init: modules:config" … */
	const char *advice;
};

/* `line` without control characters (vm_boot_clean). */
void vm_boot_classify(struct slice line, struct vm_boot_sign *ret);
/* Appends the line without terminal sequences and control characters. */
void vm_boot_clean(struct slice line, struct strbuf *out);
