#include "pipe/message.h"
#include "state.h"

static void put_chunks(struct strbuf *to, uint32_t id, struct slice bytes)
{
	while (bytes.len > 0) {
		size_t n = bytes.len < WIRE_BLOB_CHUNK ? bytes.len : WIRE_BLOB_CHUNK;
		wire_put_bytes(to, WIRE_BLOB, id, (struct slice){bytes.ptr, n});
		bytes = (struct slice){bytes.ptr + n, bytes.len - n};
	}
}

static void ask(struct agent *ag, const char *sha256)
{
	struct relay *r = &ag->relay;
	r->active = true;
	r->abandoned = r->next_waits = false;
	r->id = ag->job->id;
	r->received = 0;
	memcpy(r->sha256, sha256, sizeof(r->sha256));
	message_put_sha256(&ag->controller.queue, WIRE_BLOB_WANTED, r->id, sha256, NULL);
}

void relay_wanted(struct agent *ag, const char *sha256)
{
	struct strbuf *to = &ag->worker->peer.queue;
	const struct strbuf *kept = contents_find(&ag->contents, sha256);
	ahead_used(&ag->ahead, sha256);
	if (kept) {
		put_chunks(to, ag->job->id, strbuf_slice(kept));
		message_put_sha256(to, WIRE_BLOB_END, ag->job->id, sha256, NULL);
	} else if (ag->relay.active) {
		ag->relay.next_waits = true;
		memcpy(ag->relay.next_sha256, sha256, sizeof(ag->relay.next_sha256));
	} else {
		ask(ag, sha256);
	}
}

static int take_chunk(struct agent *ag, struct slice bytes, struct err *err)
{
	struct relay *r = &ag->relay;
	if (bytes.len == 0 || bytes.len > WIRE_BLOB_CHUNK)
		return err_set(err, ERR_PROTOCOL, "BLOB: %zu bytes", bytes.len);
	if (bytes.len > WIRE_BLOB_MAX - r->received)
		return err_set(err, ERR_LIMIT, "BLOB: more than %llu bytes", WIRE_BLOB_MAX);
	r->received += bytes.len;
	if (r->received <= CONTENT_ONE_MAX)
		strbuf_slice_append(&r->copy, bytes);
	else
		strbuf_wipe(&r->copy);
	if (!r->abandoned)
		wire_put_bytes(&ag->worker->peer.queue, WIRE_BLOB, r->id, bytes);
	return 0;
}

static int take_end(struct agent *ag, struct slice payload, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct relay *r = &ag->relay;
	const struct value *v;
	int code = wire_value_decode(&a, payload, 0, &v, err);
	if (code < 0)
		return code;
	const char *sha256 = message_sha256(v);
	const struct value *error = value_get(v, "error");
	if (!(error && error->type == VALUE_STRING) && !(sha256 && !strcmp(sha256, r->sha256)))
		return err_set(err, ERR_PROTOCOL,
			       "BLOB_END: neither what was asked for nor an error");
	if (!r->abandoned)
		wire_put_bytes(&ag->worker->peer.queue, WIRE_BLOB_END, r->id, payload);
	if (sha256 && r->received <= CONTENT_ONE_MAX)
		contents_keep(&ag->contents, r->sha256, &r->copy);
	strbuf_wipe(&r->copy);
	r->active = false;
	if (r->next_waits && ag->job)
		ask(ag, r->next_sha256);
	return 0;
}

int relay_take(struct agent *ag, const struct wire_frame *frame, struct err *err)
{
	if (!ag->relay.active || frame->id != ag->relay.id)
		return err_set(err, ERR_PROTOCOL, "content for task %u, which wants none",
			       frame->id);
	return frame->type == WIRE_BLOB ? take_chunk(ag, frame->payload, err)
					: take_end(ag, frame->payload, err);
}

void relay_abandon(struct agent *ag)
{
	if (!ag->relay.abandoned)
		message_put_empty(&ag->controller.queue, WIRE_BLOB_STOP, ag->relay.id);
	ag->relay.abandoned = true;
	ag->relay.next_waits = false;
}

void relay_stop(struct agent *ag)
{
	struct relay *r = &ag->relay;
	bool comes = r->active && !r->abandoned;
	if (!comes && !r->next_waits)
		return; /* BLOB_END is under way to it */
	message_put_sha256(&ag->worker->peer.queue, WIRE_BLOB_END, ag->job->id, NULL, "stopped");
	if (comes)
		relay_abandon(ag);
	r->next_waits = false;
}
