#pragma once
/* The strings and numbers of RFC 4251 §5, as keys and the agent's protocol
 * have them. Take functions cut from the front of *rest; false: too short. */
#include "rollout/base/str.h"

static inline bool wire_take_u32(struct slice *rest, uint32_t *ret)
{
	const unsigned char *p = (const unsigned char *)rest->ptr;
	if (rest->len < 4)
		return false;
	*ret = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	rest->ptr += 4;
	rest->len -= 4;
	return true;
}

static inline bool wire_take_string(struct slice *rest, struct slice *ret)
{
	struct slice r = *rest;
	uint32_t n;
	if (!wire_take_u32(&r, &n) || n > r.len)
		return false;
	*ret = (struct slice){r.ptr, n};
	*rest = (struct slice){r.ptr + n, r.len - n};
	return true;
}

static inline void wire_put_u32(struct strbuf *out, uint32_t n)
{
	const unsigned char b[4] = {(unsigned char)(n >> 24), (unsigned char)(n >> 16),
				    (unsigned char)(n >> 8), (unsigned char)n};
	strbuf_append(out, b, sizeof(b));
}

static inline void wire_put_string(struct strbuf *out, struct slice s)
{
	wire_put_u32(out, (uint32_t)s.len);
	strbuf_slice_append(out, s);
}
