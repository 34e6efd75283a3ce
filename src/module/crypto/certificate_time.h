#pragma once
/* When a certificate ends, as community.crypto writes it. */
#include "rollout/base/err.h"

#include <stdint.h>

/* "+3650d", "+52w", "+1d2h3m4s", or "20300101000000Z": days from now, rounded up. */
int certificate_days(const char *text, int64_t now_s, int64_t *ret, struct err *err);

/* The same, or "-1d", in seconds since 1970. */
int certificate_time(const char *text, int64_t now_s, int64_t *ret, struct err *err);
