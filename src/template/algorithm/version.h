#pragma once
#include "../eval/eval.h"

/* The test version(version, operator, strict, version_type). */
int version_test(struct call *c, const struct value **ret, struct err *err);
