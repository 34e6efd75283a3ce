#pragma once
/* cmocka and the headers that it needs before it. */
#include "rollout/base/err.h"
#include "rollout/base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* What is right takes less, beside other work too; what must not be waited for
 * takes longer: `sleep 600`. */
#define PATIENCE_MS 120000

/* The text of a buffer, "" where nothing was put into it. */
static inline const char *text_of(const struct strbuf *b)
{
	return b->ptr ? b->ptr : "";
}
