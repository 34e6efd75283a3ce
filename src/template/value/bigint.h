#pragma once
/*
 * Whole numbers beyond 64 bits, exact: hash | int(base=16) % 60, 2 ** 64, addresses of IPv6.
 * They live within an evaluation; what leaves it is their digits as text, as Ansible has it.
 */
#include "../eval/eval.h"

#define BIGINT_MAX_BITS 65536u

bool is_bigint(const struct value *v);
/* a op b of ints and bigints; an int where it fits. '/' is refused. */
int bigint_op(struct eval *ev, unsigned op, const struct value *a, const struct value *b,
	      const struct value **ret, struct err *err);
/* One is a bigint, the other a bigint or an int: *ret is their order. */
bool bigint_order(const struct value *a, const struct value *b, int *ret);
/* Of what text_overflows_int() holds for. */
int bigint_parse(struct eval *ev, struct slice text, int base, const struct value **ret,
		 struct err *err);
/* The whole part of a finite float. */
int bigint_of_double(struct eval *ev, double d, const struct value **ret, struct err *err);
