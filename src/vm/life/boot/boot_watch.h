#pragma once
/*
 * Follows a machine's console log from where a boot began, a bounded step at a
 * time, and knows what the boot is at.
 */
#include "../../driver.h"
#include "boot_sign.h"

#define BOOT_READ_MAX (256u << 10) /* of what is new; older is skipped */
#define BOOT_LINE_MAX 2048u
#define BOOT_TAIL_MAX 8192u /* bytes of whole lines kept */
#define BOOT_NOTES_MAX 8u

struct vm_boot_watch {
	const char *path; /* borrowed */
	int64_t at;
	struct strbuf line, tail;
	struct vm_boot_sign stage; /* kind NONE: nothing yet */
	struct vm_boot_sign fatal; /* kind NONE: none yet */
	char fatal_line[200];
	bool finished; /* cloud-init */
	unsigned notes;
};

void vm_boot_watch_init(struct vm_boot_watch *w, const char *path, int64_t from);
/* Reads what is new, tells stages and notes. A log that became shorter is read
 * from its beginning; one that is not there is empty. */
void vm_boot_watch_read(struct vm_boot_watch *w, const struct vm_reporter *r);
/* At most `lines` of the last lines and `bytes` bytes, each "  text\n". */
void vm_boot_watch_tail(const struct vm_boot_watch *w, unsigned lines, size_t bytes,
			struct strbuf *out);
void vm_boot_watch_release(struct vm_boot_watch *w);
