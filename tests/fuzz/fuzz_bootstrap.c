/* What a target says before its agent is up, in uneven pieces: the first byte
 * is the size of a piece; an odd piece of the input comes on stderr. Each
 * conversation ends up, failed, or still talking, and once. */
#include "../../src/transport/bootstrap.h"
#include "rollout/transport/transport.h"

#include <stdlib.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct talk {
	size_t sent, ups, fails, bytes;
};

static void on_write(void *ctx, struct slice bytes)
{
	struct talk *t = ctx;
	t->sent += bytes.len;
}

static void on_up(void *ctx, const char *machine, bool cached UNUSED)
{
	struct talk *t = ctx;
	t->ups += strcmp(machine, "x86_64") == 0 ? 1 : 100;
}

static void on_data(void *ctx, struct slice bytes)
{
	struct talk *t = ctx;
	if (t->ups != 1)
		abort();
	t->bytes += bytes.len;
}

static void on_fail(void *ctx, const struct err *why)
{
	struct talk *t = ctx;
	t->fails += why->code < 0 ? 1 : 100;
}

static void talk(struct bootstrap *b, struct talk *t, const uint8_t *data, size_t size)
{
	size_t piece = size ? data[0] + 1u : 1, step = piece % 2 ? 3 : SIZE_MAX;
	struct err why = {0};
	for (size_t at = 1, i = 1; at < size; at += piece, i++) {
		size_t n = size - at < piece ? size - at : piece;
		struct slice bytes = {(const char *)data + at, n};
		if (i % step == 0)
			bootstrap_stderr(b, bytes);
		else
			bootstrap_stdout(b, bytes);
		if (t->ups + t->fails > 1)
			abort();
	}
	bootstrap_explain(b, 1, NULL, &why);
	bootstrap_explain(b, -1, "TERM", &why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct bootstrap_ops ops = {on_write, on_up, on_data, on_fail};
	static unsigned char packed[64];
	uLongf packed_size = sizeof(packed);
	if (compress(packed, &packed_size, (const Bytef *)"agent", 5) != Z_OK)
		abort();
	struct transport_agent_image image = {"x86_64", packed, packed_size, 5, "0123abcd"};
	struct transport_target target = {.name = "web1",
					  .become = true,
					  .become_password = "secret",
					  .images = &image,
					  .nimages = 1};
	struct bootstrap b;
	struct talk t = {0};
	CLEANUP(strbuf_release) struct strbuf command = {0};
	bootstrap_init(&b, &target, &ops, &t);
	bootstrap_command(&target, &command);
	talk(&b, &t, data, size);
	bootstrap_release(&b);
	return 0;
}
