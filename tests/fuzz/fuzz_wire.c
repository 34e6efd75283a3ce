/*
 * Any bytes through the frame reader, fed in uneven pieces, each payload
 * through the decoder. What it takes has one form: encoded again it is the same
 * bytes. Tasks go through their own check and back.
 */
#include "rollout/wire/task.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_task(struct arena *a, const struct value *v)
{
	struct wire_task t, back;
	struct err err = {0};
	if (wire_task_from_value(v, &t, &err) < 0)
		return;
	if (wire_task_from_value(wire_task_to_value(a, &t), &back, &err) < 0 ||
	    back.strand != t.strand || back.check_mode != t.check_mode)
		abort();
}

static void check_payload(struct slice payload)
{
	struct arena a = {0};
	struct strbuf again = {0};
	struct err err = {0};
	const struct value *v;
	if (wire_value_decode(&a, payload, VALUE_UNSAFE, &v, &err) == 0) {
		wire_value_encode(&again, v);
		if (!slice_eq(strbuf_slice(&again), payload))
			abort();
		check_task(&a, v);
	}
	strbuf_release(&again);
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_reader r = {0};
	struct wire_frame f;
	struct err err = {0};
	size_t piece = size ? data[0] % 64u + 1 : 1;
	int n = 0;
	check_payload((struct slice){(const char *)data, size});
	for (size_t at = 0; at < size && n >= 0; at += piece) {
		wire_reader_feed(&r, data + at, size - at < piece ? size - at : piece);
		while ((n = wire_reader_next(&r, &f, &err)) > 0)
			check_payload(f.payload);
	}
	wire_reader_release(&r);
	return 0;
}
