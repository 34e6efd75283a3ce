#pragma once
/* What a host says that its folder holds (rollout/module/synchronize.h), checked: each
 * path stays below where it begins, each folder comes before what is in it, no path
 * comes twice, and nothing comes that the task does not ask for. */
#include "rollout/base/err.h"
#include "rollout/base/strmap.h"
#include "rollout/module/excludes.h"
#include "rollout/value/value.h"

#include <sys/types.h>

enum manifest_type { MANIFEST_FILE, MANIFEST_DIR, MANIFEST_LINK, MANIFEST_OTHER };

/* Of a mode: a file here is not its owner's there, so it is not to run as one. */
#define MANIFEST_MODE_TAKEN 01777u

struct manifest_entry {
	const char *path; /* strings are the result's */
	enum manifest_type type;
	mode_t mode;
	int64_t mtime_ns;
	uint64_t size;
	const char *sha256; /* NULL: check mode cannot tell */
	const char *target;
	bool wanted, arrived;
	size_t line; /* of the result, where it is wanted */
};

struct manifest {
	struct manifest_entry root; /* src itself; no path */
	struct manifest_entry *at;
	size_t len;
	struct strmap paths; /* to the entries */
};

struct manifest_rules {
	const char *name; /* of src, with which paths begin; NULL: they do not */
	bool recursive, links, check_mode;
	const struct excludes *excludes;
};

int manifest_read(struct manifest *m, const struct value *result,
		  const struct manifest_rules *rules, struct err *err);
void manifest_release(struct manifest *m);
const struct manifest_entry *manifest_find(const struct manifest *m, const char *path);
