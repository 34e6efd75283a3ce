#pragma once
/* Time. */
#include <stdint.h>

int64_t clock_now_ms(void);	 /* monotonic */
int64_t clock_realtime_us(void); /* microseconds since the epoch */
