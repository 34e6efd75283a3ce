#pragma once
/* How Python writes scalars; shared by print, json and yaml. */
#include "rollout/value/value.h"

/* repr(float): the shortest text that reads back, "1.0", "1e+16", "inf". */
void print_float(struct strbuf *out, double d);
/* repr(str). */
void print_quoted(struct strbuf *out, struct slice s);
