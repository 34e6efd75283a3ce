#pragma once
/* How long a machine took, for people: 4.1s, 31.2s, 1m23s. */
#include "rollout/base/str.h"

void vm_duration_put(struct strbuf *out, int64_t ms);
