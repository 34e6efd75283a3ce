#pragma once
/* The process's environment, kept over what a task sets in it. */
#include "rollout/base/vec.h"

struct environment {
	VEC(char *) entries;
};

void environment_save(struct environment *ret);
void environment_restore(const struct environment *e); /* any number of times */
