#pragma once
/* Whether machines fit this host, with the figures given. */
#include "rollout/vm/vm.h"

struct vm_room {
	int64_t memory_bytes, disk_bytes; /* available; -1: not known, not checked */
};
int vm_room_check(const struct vm_project *p, const size_t *wanted, size_t n,
		  const struct vm_room *room, struct err *err);
