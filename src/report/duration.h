#pragma once
/* How long something took, for people: 0.4s, 12s, 1m23s, 2h05m. */
#include "rollout/base/str.h"

void duration_put(struct strbuf *out, int64_t ms);
