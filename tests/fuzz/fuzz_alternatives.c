/* What update-alternatives --display says. */
#include "../../src/module/debian/alternatives_display.h"
#include "rollout/base/str.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct slice text = {(const char *)data, size};
	static struct alternatives all;
	if (alternatives_parse(&a, text, &all, NULL) == 0) {
		for (size_t i = 0; i < all.len; i++) {
			alternatives_guess_links(&all, all.at[i]);
			if (!alternatives_find(&all, all.at[i]->path) ||
			    !alternatives_same_subcommands(all.at[i], all.at[i]))
				abort();
		}
	}
	arena_release(&a);
	return 0;
}
