/* INI of local facts: a dict of dicts of texts, or nothing. */
#include "../../src/module/text/ini_values.h"
#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	const struct value *all = ini_parse(&a, (struct slice){(const char *)data, size});
	for (size_t i = 0; all && i < all->dict.len; i++) {
		const struct value *section = all->dict.at[i].value;
		if (section->type != VALUE_DICT)
			abort();
		for (size_t k = 0; k < section->dict.len; k++)
			if (section->dict.at[k].value->type != VALUE_STRING)
				abort();
	}
	arena_release(&a);
	return 0;
}
