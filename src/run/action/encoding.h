#pragma once
/* template's output_encoding: UTF-8, ISO 8859-1 and ASCII. */
#include "rollout/value/value.h"

/* The UTF-8 text in *text into the encoding that `name` (a string, or NULL) says. */
int encoding_apply(const struct value *name, struct strbuf *text, struct err *err);
