#pragma once
/* Label selectors, as the API's: a=b, a==b, a!=b, a in (b, c), a notin (b), a, !a. */
#include "rollout/base/err.h"
#include "rollout/value/value.h"

/* 1: all of them select an object with these labels (a dict or NULL); 0; an error. */
int selector_matches(const char *const *selectors, const struct value *labels, struct err *err);
/* "a=b,c in (d)" */
const char *selector_text(struct arena *a, const char *const *selectors);
