/* Any bytes split into words; the words quoted and split again are the same. */
#include "rollout/base/shellwords.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(struct arena *a, char **words, size_t count)
{
	CLEANUP(strbuf_release) struct strbuf line = {0};
	char **again;
	size_t n;
	for (size_t i = 0; i < count; i++) {
		strbuf_puts(&line, i ? " " : "");
		shellwords_quote(&line, slice_from(words[i]));
	}
	if (shellwords_split(a, strbuf_slice(&line), &again, &n, NULL) < 0 || n != count)
		abort();
	for (size_t i = 0; i < count; i++)
		if (strcmp(words[i], again[i]) != 0)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct err err = {0};
	char **words;
	size_t count;
	if (shellwords_split(&a, (struct slice){(const char *)data, size}, &words, &count, &err) ==
	    0) {
		if (words[count])
			abort();
		check_again(&a, words, count);
	}
	arena_release(&a);
	return 0;
}
