#include "cbor.h"
#include "rollout/base/utf8.h"
#include "rollout/wire/wire.h"

#include <assert.h>

static void put_big_endian(struct strbuf *out, uint64_t n, unsigned bytes)
{
	while (bytes-- > 0)
		strbuf_putc(out, (char)(n >> (bytes * 8)));
}

static void put_head(struct strbuf *out, enum cbor_major major, uint64_t n)
{
	unsigned info = n <= UINT8_MAX	  ? CBOR_ONE_BYTE
			: n <= UINT16_MAX ? CBOR_TWO_BYTES
			: n <= UINT32_MAX ? CBOR_FOUR_BYTES
					  : CBOR_EIGHT_BYTES;
	if (n < CBOR_ONE_BYTE) {
		strbuf_putc(out, (char)(major << 5 | n));
		return;
	}
	strbuf_putc(out, (char)(major << 5 | info));
	put_big_endian(out, n, 1u << (info - CBOR_ONE_BYTE));
}

static void put_int(struct strbuf *out, int64_t i)
{
	if (i < 0)
		put_head(out, CBOR_NEGATIVE, ~(uint64_t)i);
	else
		put_head(out, CBOR_UINT, (uint64_t)i);
}

static void put_float(struct strbuf *out, double d)
{
	uint64_t bits;
	memcpy(&bits, &d, sizeof(bits));
	strbuf_putc(out, (char)(CBOR_SIMPLE << 5 | CBOR_EIGHT_BYTES));
	put_big_endian(out, bits, 8);
}

bool cbor_is_text(struct slice s)
{
	while (s.len > 0) {
		if (utf8_next(&s) < 0)
			return false;
	}
	return true;
}

void wire_value_encode(struct strbuf *out, const struct value *v)
{
	switch ((enum value_type)v->type) {
	case VALUE_NULL:
		put_head(out, CBOR_SIMPLE, CBOR_NULL);
		return;
	case VALUE_BOOL:
		put_head(out, CBOR_SIMPLE, v->boolean ? CBOR_TRUE : CBOR_FALSE);
		return;
	case VALUE_INT:
		put_int(out, v->integer);
		return;
	case VALUE_FLOAT:
		put_float(out, v->real);
		return;
	case VALUE_STRING:
		put_head(out, cbor_is_text(v->str) ? CBOR_TEXT : CBOR_BYTES, v->str.len);
		strbuf_slice_append(out, v->str);
		return;
	case VALUE_LIST:
		put_head(out, CBOR_ARRAY, v->list.len);
		for (size_t i = 0; i < v->list.len; i++)
			wire_value_encode(out, v->list.at[i]);
		return;
	case VALUE_DICT:
		put_head(out, CBOR_MAP, v->dict.len);
		for (size_t i = 0; i < v->dict.len; i++) {
			wire_value_encode(out, v->dict.at[i].key);
			wire_value_encode(out, v->dict.at[i].value);
		}
		return;
	case VALUE_OBJECT:
	case VALUE_UNKNOWN:
		break;
	}
	assert(v->type < VALUE_OBJECT); /* cannot be sent */
}
