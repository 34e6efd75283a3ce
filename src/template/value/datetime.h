#pragma once
/* Python's datetime and timedelta, as to_datetime and now() give them. */
#include "../eval/eval.h"

#include <time.h>

/* microseconds since 1970 of the naive local date */
const struct value *time_datetime(struct eval *ev, int64_t us);
const struct value *time_delta(struct eval *ev, int64_t us);
/* datetime - datetime, datetime ± timedelta; false: not those types. */
bool time_op(struct eval *ev, unsigned op, const struct value *a, const struct value *b,
	     const struct value **ret);
/* Both of one kind: *ret is their order. */
bool time_order(const struct value *a, const struct value *b, int *ret);
bool time_is_datetime(const struct value *v, int64_t *ret_us);
/* strftime, %f too. */
int time_format(struct eval *ev, struct slice fmt, const struct tm *tm, unsigned us,
		const struct value **ret, struct err *err);
