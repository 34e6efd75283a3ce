#pragma once
/* Bytes written as hex digits, blanks between them. */
#include "rollout/base/str.h"

struct slice hex_bytes(const char *text, struct strbuf *ret); /* borrowed from *ret */
char *hex_text(struct slice bytes);			      /* yours to free() */
