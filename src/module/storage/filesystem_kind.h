#pragma once
/* Kinds of file systems: what makes one, tells its size, and makes it grow. */
#include "../program.h"

struct filesystem_kind {
	const char *name;	  /* the argument fstype */
	const char *type;	  /* blkid's */
	const char *mkfs, *force; /* force: an option of mkfs; NULL: none */
	/* Options of mkfs behind which a UUID stands: "-U", "-u --uuid"; NULL: none. */
	const char *uuid_options;
	/* What gives one that is there a UUID; with {uuid} for it. NULL: it cannot. */
	const char *uuid_change;
	const char *grow; /* NULL: it cannot */
	const char *grow_words[4];
	bool when_mounted; /* it grows where it is mounted */
	/* How large a device could be, in bytes, without room for it to grow. mounted: where
	 * it is, or NULL. */
	int (*size)(struct module_call *call, const char *dev, const char *mounted, uint64_t *ret,
		    struct err *err);
};

/* NULL: there is none of that name. */
const struct filesystem_kind *filesystem_kind_find(const char *name);
/* blkid calls it so. */
bool filesystem_kind_is(const struct filesystem_kind *k, const char *type);
