#include "output.h"

#include <stdlib.h>

#define STREAM_MAX 2

static struct slice key_of(struct strbuf *buf, const char *host, int stream)
{
	strbuf_append(buf, host, strlen(host) + 1);
	strbuf_putc(buf, (char)stream);
	return strbuf_slice(buf);
}

static struct strbuf *partial_of(struct host_output *o, const char *host, int stream)
{
	CLEANUP(strbuf_release) struct strbuf key = {0};
	struct slice k = key_of(&key, host, stream);
	struct strbuf *b = strmap_get(&o->partial, k);
	if (!b) {
		b = xcalloc(1, sizeof(*b));
		strmap_set(&o->partial, k, b);
	}
	return b;
}

void host_output_feed(struct host_output *o, const char *host, int stream, struct slice text,
		      host_output_line_fn *fn, void *ctx)
{
	struct strbuf *b = partial_of(o, host, stream);
	strbuf_slice_append(b, text);
	struct slice rest = strbuf_slice(b);
	for (;;) {
		const char *nl = memchr(rest.ptr, '\n', rest.len);
		size_t len = nl ? (size_t)(nl - rest.ptr) : rest.len;
		if (!nl && len < OUTPUT_LINE_MAX_BYTES)
			break;
		if (len > OUTPUT_LINE_MAX_BYTES) {
			len = OUTPUT_LINE_MAX_BYTES;
			nl = NULL;
		}
		fn(ctx, host, stream, (struct slice){rest.ptr, len});
		rest.ptr += len + (nl != NULL);
		rest.len -= len + (nl != NULL);
	}
	strbuf_drop_front(b, b->len - rest.len);
}

void host_output_end(struct host_output *o, const char *host, host_output_line_fn *fn, void *ctx)
{
	for (int stream = 0; stream <= STREAM_MAX; stream++) {
		CLEANUP(strbuf_release) struct strbuf key = {0};
		struct strbuf *b = strmap_get(&o->partial, key_of(&key, host, stream));
		if (b && b->len > 0) {
			fn(ctx, host, stream, strbuf_slice(b));
			strbuf_truncate(b, 0);
		}
	}
}

void host_output_release(struct host_output *o)
{
	for (size_t i = 0; i < o->partial.len; i++) {
		strbuf_release(o->partial.entries[i].value);
		free(o->partial.entries[i].value);
	}
	strmap_release(&o->partial);
}
