/* Any bytes as a ZIP archive's directory. */
#include "../../src/module/file/archive/zip.h"
#include "rollout/module/module.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice archive = {(const char *)data, size};
	struct arena a = {0};
	struct err err = {0};
	struct zip_entries entries;
	size_t bytes = 0;
	zip_is(archive);
	if (zip_read(&a, archive, 0, &entries, &err) == 0)
		for (size_t i = 0; i < entries.len; i++)
			bytes += strlen(entries.at[i].name);
	if (bytes > size)
		abort();
	arena_release(&a);
	return 0;
}
