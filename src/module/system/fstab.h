#pragma once
/* fstab(5): one entry of it set or removed. */
#include "rollout/base/arena.h"
#include "rollout/base/err.h"

struct fstab_entry {
	const char *src, *name, *fstype, *opts, *dump, *passno; /* not escaped */
};

/* The text with the entry for e->name as e says; appended where there is none. */
void fstab_set(struct arena *a, struct slice text, const struct fstab_entry *e, struct strbuf *out);
/* The text without entries for e->name (of swap, name none: for e->src as well). */
void fstab_unset(struct arena *a, struct slice text, const struct fstab_entry *e,
		 struct strbuf *out);
