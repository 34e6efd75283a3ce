#pragma once
/* An order, from its beginning to its end, before the user's eyes. */
#include "../session.h"

/* Begins the order and shows what happens until all is over. Returns the exit code:
 * 0, 2 when a machine failed, 99 interrupted (the first signal lets the machines
 * finish what cannot be cut, the second leaves at once). */
int vm_follow(const struct vm_session *s, const struct vm_order_options *order, struct err *err);
