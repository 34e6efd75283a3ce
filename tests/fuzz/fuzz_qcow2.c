/* Any bytes as a qcow2 image's header and tables. */
#include "../../src/vm/image/qcow2.h"
#include "rollout/vm/image.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qcow2_header h;
	struct err err = {0};
	if (qcow2_read_header((struct slice){(const char *)data, size}, size, &h, &err) < 0)
		return 0;
	const struct qcow2_table *tables[] = {&h.l1, &h.refcounts};
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		if (tables[i]->offset + tables[i]->entries * 8 > size)
			abort();
		qcow2_check_entries(&h, data + tables[i]->offset, tables[i]->entries, size, &err);
	}
	return 0;
}
