#pragma once
/*
 * Recent content, so that a loop over one file transfers it once. Each worker
 * is a process of its own, so it is kept here, in the one that lasts.
 */
#include "rollout/base/digest.h"
#include "rollout/base/vec.h"

#define CONTENT_ONE_MAX (2u << 20)
#define CONTENT_ALL_MAX (6u << 20) /* more than AHEAD_WINDOW */

struct content {
	char sha256[SHA256_HEX_SIZE];
	struct strbuf bytes;
};
struct contents {
	VEC(struct content) all; /* the last used is the last */
	size_t size_bytes;
};

/* Borrowed until the next contents_keep; NULL when it is not there. */
const struct strbuf *contents_find(struct contents *c, const char *sha256);
/* Takes *bytes over, unless they are not what the hash says or too many. */
void contents_keep(struct contents *c, const char *sha256, struct strbuf *bytes);
void contents_release(struct contents *c);
