#pragma once
/* UTF-8 (RFC 3629), one character at a time. */
#include "rollout/base/str.h"

/* The next code point; *rest moves past it. A byte that is not UTF-8 gives
 * -1 and *rest moves past that byte. The rest must not be empty. */
int32_t utf8_next(struct slice *rest);
void utf8_put(struct strbuf *out, uint32_t code_point);
/* Characters, a bad byte counting as one. */
size_t utf8_count(struct slice s);
