#pragma once
/* Sizes for people, in powers of 1024 as `memory: 2G` means them. */
#include "rollout/base/arena.h"

#include <stdint.h>

/* "2G", "1.5G", "512M" */
const char *vm_size_short(struct arena *a, int64_t bytes);
