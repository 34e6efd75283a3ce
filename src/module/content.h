#pragma once
/*
 * Content of the controller's, which names it by its SHA-256: asked for when
 * the first piece is read, checked at its end.
 *
 *     CLEANUP(content_close) struct content c = {0};
 *     content_open(call, sha256, size, &c, err); … c.stream …
 */
#include "rollout/module/module.h"

#define CONTENT_WHOLE_MAX (1u << 20) /* may be held in memory, for a diff or check mode's overlay */

struct content {
	const struct module_services *services; /* NULL: not open */
	struct host_stream stream, raw;
	struct digest *digest;
	char sha256[SHA256_HEX_SIZE];
};

/* size: of all of it, 0 when it is not known. */
int content_open(struct module_call *call, const char *sha256, uint64_t size, struct content *ret,
		 struct err *err);
/* Wherever it has been read to. */
void content_close(struct content *c);
