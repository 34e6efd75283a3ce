#include "output.h"

#include "message.h"
#include "rollout/base/clock.h"

void output_begin(struct output *o, uint32_t id)
{
	output_flush(o);
	o->id = id;
	o->item = 0;
}

void output_flush(struct output *o)
{
	if (o->data.len > 0 || o->dropped > 0)
		message_put_output(&o->to->queue, o->id, o->item, o->stream, strbuf_slice(&o->data),
				   o->dropped);
	strbuf_truncate(&o->data, 0);
	o->dropped = 0;
	o->flush_at_ms = 0;
}

void output_add(struct output *o, size_t item, int stream, struct slice bytes)
{
	int64_t now_ms = clock_now_ms();
	if (now_ms >= o->window_end_ms) {
		o->window_end_ms = now_ms + OUTPUT_WINDOW_MS;
		o->window_bytes = 0;
	}
	if (o->item != item || o->stream != stream || o->data.len + bytes.len > WIRE_OUTPUT_CHUNK)
		output_flush(o);
	o->item = item;
	o->stream = stream;
	if (o->window_bytes + bytes.len > OUTPUT_WINDOW_BYTES ||
	    peer_queued(o->to) > OUTPUT_QUEUED_MAX) {
		if (o->data.len > 0)
			output_flush(o);
		o->dropped += bytes.len;
	} else {
		strbuf_slice_append(&o->data, bytes);
		o->window_bytes += bytes.len;
	}
	if (!o->flush_at_ms)
		o->flush_at_ms = now_ms + OUTPUT_WINDOW_MS;
}

void output_release(struct output *o)
{
	strbuf_wipe(&o->data);
}
