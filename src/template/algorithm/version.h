#pragma once
#include "../eval/eval.h"

/* The test version(version, operator, strict, version_type). */
int version_test(struct call *c, const struct value **ret, struct err *err);
/* distutils' LooseVersion: less, equal or greater than 0. */
int version_compare_loose(struct slice a, struct slice b, int *ret, struct err *err);
/* pep440.c */
int pep440_compare(struct slice a, struct slice b, int *ret, struct err *err);
