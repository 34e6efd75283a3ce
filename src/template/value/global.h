#pragma once
/* Global functions that have a file of their own. */
#include "../eval/eval.h"

int global_lipsum(struct call *c, const struct value **ret, struct err *err);
