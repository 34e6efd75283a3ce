/* Any bytes as a mode, against a folder, a program and nothing. */
#include "rollout/module/attributes.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct host_stat stats[] = {{.type = HOST_DIR, .mode = 01755},
					  {.type = HOST_FILE, .mode = 0750},
					  {.type = HOST_ABSENT}};
	char *text = xstrndup((const char *)data, size);
	for (size_t i = 0; i < ARRAY_LEN(stats); i++) {
		struct err err = {0};
		int mode;
		if (attributes_mode(text, &stats[i], &mode, &err) == 0 &&
		    (mode < -1 || mode > 07777))
			abort();
	}
	free(text);
	return 0;
}
