#pragma once
/* A dict's pairs in an order of writing. */
#include "rollout/value/value.h"

/* dict.len pointers, in order of insertion or sorted as Python's sort_keys
 * does: numbers by value, strings by code point. Yours to free(). */
const struct value_pair **dict_pairs(const struct value *dict, bool sorted);
