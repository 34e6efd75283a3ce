#pragma once
/* rsync's --exclude, as far as synchronize knows it: what is not sent by the
 * controller, and not deleted on the host. rsync(1), PATTERN MATCHING RULES. */
#include "rollout/value/value.h"

#define EXCLUDES_MAX 256u

struct excludes {
	const char *at[EXCLUDES_MAX]; /* borrowed */
	size_t len;
};

/* From rsync_opts: --exclude=PATTERN, or --exclude and PATTERN; ERR_UNSUPPORTED
 * for every other option. NULL: none. */
int excludes_init(struct excludes *x, struct arena *a, const struct value *rsync_opts,
		  struct err *err);
/* `path` is relative to the folder that is transferred. */
bool excludes_match(const struct excludes *x, const char *path, bool is_dir);
