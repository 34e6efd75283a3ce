#pragma once
/*
 * assemble: fragments put together, in the order given. The agent does it with
 * a folder of the host, the controller with one of its own (remote_src: false).
 *
 *     assembly_init(&as, args, err); if (assembly_takes(&as, name, err) > 0)
 *     assembly_add(&as, bytes); … as.text; assembly_release(&as)
 */
#include "rollout/value/value.h"

#define ASSEMBLY_MAX (64u << 20)

struct assembly {
	struct strbuf text, delimiter;
	struct regex *regexp; /* of names; NULL: all */
	bool skips_hidden, begun;
};

/* From assemble's arguments delimiter, regexp, ignore_hidden. */
int assembly_init(struct assembly *as, const struct value *args, struct err *err);
/* 1: a fragment of that name is wanted. */
int assembly_takes(struct assembly *as, const char *name, struct err *err);
int assembly_add(struct assembly *as, struct slice fragment, struct err *err);
void assembly_release(struct assembly *as);
