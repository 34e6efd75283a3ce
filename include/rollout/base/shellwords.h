#pragma once
/* Words as a POSIX shell splits them (Python's shlex.split), and quoting. */
#include "rollout/base/arena.h"
#include "rollout/base/err.h"

/* Quotes are removed, backslashes honoured, nothing is expanded. The result
 * has *ret_count words and a NULL after them. */
int shellwords_split(struct arena *a, struct slice text, char ***ret_words, size_t *ret_count,
		     struct err *err);
/* As shlex.quote: unchanged when safe, else in single quotes. */
void shellwords_quote(struct strbuf *out, struct slice word);
