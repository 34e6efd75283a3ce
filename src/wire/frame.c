#include "rollout/wire/wire.h"

#include <stdlib.h>

#define KEPT_BYTES (1u << 20) /* by a reader that is empty */

static bool is_known(uint8_t type)
{
	return (type >= WIRE_HELLO && type <= WIRE_PONG) ||
	       (type >= WIRE_TASK && type <= WIRE_PING);
}

/* Of a payload. */
static uint32_t most_bytes(uint8_t type)
{
	return type == WIRE_TASK || type == WIRE_RESULT ? WIRE_FRAME_MAX : WIRE_MESSAGE_MAX;
}

static void write_u32(char *to, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		to[i] = (char)(n >> (24 - 8 * i));
}

static uint32_t read_u32(const char *from)
{
	uint32_t n = 0;
	for (int i = 0; i < 4; i++)
		n = n << 8 | (uint8_t)from[i];
	return n;
}

static void write_header(char *to, size_t len, enum wire_type type, uint32_t id)
{
	write_u32(to, (uint32_t)len);
	to[4] = (char)type;
	write_u32(to + 5, id);
}

int wire_put_bytes(struct strbuf *out, enum wire_type type, uint32_t id, struct slice payload)
{
	char header[WIRE_HEADER_SIZE];
	if (payload.len > most_bytes((uint8_t)type))
		return ERR_LIMIT;
	write_header(header, payload.len, type, id);
	strbuf_append(out, header, sizeof(header));
	strbuf_slice_append(out, payload);
	return 0;
}

/* Whether the peer would take it. */
static bool is_within_limits(const struct value *v, unsigned depth, size_t *nodes)
{
	size_t children = v->type == VALUE_LIST	  ? v->list.len
			  : v->type == VALUE_DICT ? v->dict.len
						  : 0;
	bool is_container = v->type == VALUE_LIST || v->type == VALUE_DICT;
	if (++*nodes > WIRE_VALUE_NODES_MAX || (is_container && depth == WIRE_VALUE_DEPTH_MAX))
		return false;
	for (size_t i = 0; i < children; i++) {
		if (v->type == VALUE_DICT) {
			++*nodes;
			if (!is_within_limits(v->dict.at[i].value, depth + 1, nodes))
				return false;
		} else if (!is_within_limits(v->list.at[i], depth + 1, nodes)) {
			return false;
		}
	}
	return *nodes <= WIRE_VALUE_NODES_MAX;
}

int wire_put_value(struct strbuf *out, enum wire_type type, uint32_t id, const struct value *v)
{
	char header[WIRE_HEADER_SIZE] = {0};
	size_t start = out->len, nodes = 0;
	if (!is_within_limits(v, 0, &nodes))
		return ERR_LIMIT;
	strbuf_append(out, header, sizeof(header));
	wire_value_encode(out, v);
	size_t len = out->len - start - sizeof(header);
	if (len > most_bytes((uint8_t)type)) {
		strbuf_truncate(out, start);
		return ERR_LIMIT;
	}
	write_header(out->ptr + start, len, type, id);
	return 0;
}

void wire_reader_feed(struct wire_reader *r, const void *data, size_t len)
{
	/* What has been taken is dropped when it is at least half, so that each
	 * byte is moved once on average. */
	if (r->taken > 0 && r->taken >= r->buf.len - r->taken) {
		strbuf_drop_front(&r->buf, r->taken);
		r->taken = 0;
	}
	strbuf_append(&r->buf, data, len);
}

int wire_reader_next(struct wire_reader *r, struct wire_frame *ret, struct err *err)
{
	size_t have = r->buf.len - r->taken;
	if (have == 0 && r->buf.cap > KEPT_BYTES)
		wire_reader_release(r);
	if (have < WIRE_HEADER_SIZE)
		return 0;
	const char *at = r->buf.ptr + r->taken;
	uint32_t len = read_u32(at);
	uint8_t type = (uint8_t)at[4];
	if (!is_known(type))
		return err_set(err, ERR_PROTOCOL, "a frame of unknown type %u", type);
	if (len > most_bytes(type))
		return err_set(err, ERR_LIMIT, "a frame of %u bytes; at most %u are allowed", len,
			       most_bytes(type));
	if (have - WIRE_HEADER_SIZE < len)
		return 0;
	*ret = (struct wire_frame){
		(enum wire_type)type, read_u32(at + 5), {at + WIRE_HEADER_SIZE, len}};
	r->taken += WIRE_HEADER_SIZE + len;
	return 1;
}

void wire_reader_release(struct wire_reader *r)
{
	strbuf_wipe(&r->buf);
	r->taken = 0;
}
