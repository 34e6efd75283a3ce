/* Any bytes through the JSON parser; what it takes is written in each style,
 * read back and equal. */
#include "rollout/value/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct err err = {0};
	const struct value *v = NULL, *again = NULL;
	struct slice input = {(const char *)data, size};
	int r = json_parse(&a, "fuzz", input, &v, &err);
	for (int style = JSON_COMPACT; r == 0 && style <= JSON_PRETTY; style++) {
		struct strbuf text = {0};
		json_emit(&text, v, (enum json_style)style);
		if (json_parse(&a, "again", strbuf_slice(&text), &again, &err) < 0 ||
		    !value_equal(v, again))
			abort();
		strbuf_release(&text);
	}
	arena_release(&a);
	return 0;
}
