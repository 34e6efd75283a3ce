#pragma once
/*
 * Waiting until a machine that runs can be worked with: its SSH server greets,
 * lets us in with the host key it was given, and on a first boot cloud-init has
 * done what was asked of it. Meanwhile the console tells what it is at.
 */
#include "../driver.h"

struct vm_ready {
	struct vm_machine *machine;
	const struct vm_reporter *reporter;
	int64_t limit_ms;
	int64_t console_from; /* where this boot began in serial.log */
	bool first_boot;      /* the user may not be there yet: ERR_AUTH is tried again */
	bool cloud_init;      /* wait for its end */
};

/* Blocks. On failure *detail gets what a message has no room for: the end of the
 * console and what to try. ERR_TIMEOUT, ERR_HOSTKEY, ERR_AUTH; ERR_UNREACHABLE
 * when the machine stopped or its boot cannot succeed. */
int vm_ready_wait(const struct vm_ready *how, struct strbuf *detail, struct err *err);
