#include "cbor.h"
#include "rollout/wire/wire.h"

#include <assert.h>

/* They hash badly: more would let a host keep the controller busy for ever. */
#define FLOAT_KEYS_MAX 1024u

struct decoder {
	struct arena *arena;
	struct slice rest;
	size_t size; /* of the payload, for places in messages */
	unsigned or_flags, depth;
	size_t nodes, float_keys;
	struct err *err;
};

/* The first byte of a data item and the number that follows it. */
struct head {
	enum cbor_major major;
	unsigned info;
	uint64_t n;
};

static int bad(const struct decoder *d, const char *what)
{
	err_set(d->err, ERR_PROTOCOL, "byte %zu of the value: %s", d->size - d->rest.len, what);
	return ERR_PROTOCOL;
}

static int limit(const struct decoder *d, const char *what, size_t max)
{
	err_set(d->err, ERR_LIMIT, "byte %zu of the value: more than %zu %s", d->size - d->rest.len,
		max, what);
	return ERR_LIMIT;
}

static int take(struct decoder *d, size_t len, struct slice *ret)
{
	if (len > d->rest.len)
		return bad(d, "it ends too early");
	*ret = (struct slice){d->rest.ptr, len};
	d->rest = (struct slice){d->rest.ptr + len, d->rest.len - len};
	return 0;
}

static int take_head(struct decoder *d, struct head *h)
{
	struct slice bytes;
	if (take(d, 1, &bytes) < 0)
		return ERR_PROTOCOL;
	uint8_t first = (uint8_t)bytes.ptr[0];
	*h = (struct head){.major = first >> 5, .info = first & 31u, .n = first & 31u};
	if (h->info < CBOR_ONE_BYTE)
		return 0;
	if (h->info > CBOR_EIGHT_BYTES)
		return bad(d, "an indefinite or reserved length");
	size_t len = 1u << (h->info - CBOR_ONE_BYTE);
	if (take(d, len, &bytes) < 0)
		return ERR_PROTOCOL;
	h->n = 0;
	for (size_t i = 0; i < len; i++)
		h->n = h->n << 8 | (uint8_t)bytes.ptr[i];
	/* The least number that needs this form; a float's bits have no form. */
	uint64_t least = len == 1 ? CBOR_ONE_BYTE : (uint64_t)1 << (len * 4);
	if (h->major != CBOR_SIMPLE && h->n < least)
		return bad(d, "a number that is not in its shortest form");
	return 0;
}

static int decode(struct decoder *d, const struct value **ret);

static int decode_int(struct decoder *d, const struct head *h, struct value **ret)
{
	if (h->n > INT64_MAX)
		return bad(d, "an integer beyond 64 bits");
	*ret = value_int(d->arena, h->major == CBOR_UINT ? (int64_t)h->n : -1 - (int64_t)h->n);
	return 0;
}

static int decode_string(struct decoder *d, const struct head *h, struct value **ret)
{
	struct slice s;
	if (h->n > d->rest.len)
		return bad(d, "a string that is longer than the value");
	int r = take(d, (size_t)h->n, &s);
	if (r < 0)
		return r;
	if (cbor_is_text(s) != (h->major == CBOR_TEXT))
		return bad(d, "text that is not UTF-8, or bytes that are");
	*ret = value_str(d->arena, s);
	return 0;
}

/* Each of `count` values takes a byte at least. */
static int enter(struct decoder *d, uint64_t count)
{
	if (count > d->rest.len)
		return bad(d, "a list or dict that is longer than the value");
	if (count > WIRE_VALUE_NODES_MAX - d->nodes)
		return limit(d, "values", WIRE_VALUE_NODES_MAX);
	if (d->depth == WIRE_VALUE_DEPTH_MAX)
		return limit(d, "levels", WIRE_VALUE_DEPTH_MAX);
	d->depth++;
	return 0;
}

static int decode_list(struct decoder *d, const struct head *h, struct value **ret)
{
	struct value *list = value_list_new(d->arena);
	const struct value *item;
	int r = enter(d, h->n);
	for (uint64_t i = 0; r == 0 && i < h->n; i++) {
		r = decode(d, &item);
		if (r == 0)
			value_list_push(d->arena, list, item);
	}
	d->depth--;
	*ret = list;
	return r;
}

static int decode_pair(struct decoder *d, struct value *dict)
{
	const struct value *key, *v;
	int r = decode(d, &key);
	if (r < 0)
		return r;
	if (key->type > VALUE_STRING)
		return bad(d, "a key that is a list or a dict");
	if (key->type == VALUE_FLOAT && ++d->float_keys > FLOAT_KEYS_MAX)
		return limit(d, "float keys", FLOAT_KEYS_MAX);
	if (value_find(dict, key))
		return bad(d, "a key for the second time");
	r = decode(d, &v);
	if (r == 0)
		value_dict_set(d->arena, dict, key, v);
	return r;
}

static int decode_dict(struct decoder *d, const struct head *h, struct value **ret)
{
	struct value *dict = value_dict_new(d->arena);
	if (h->n > d->rest.len / 2)
		return bad(d, "a list or dict that is longer than the value");
	int r = enter(d, h->n * 2);
	for (uint64_t i = 0; r == 0 && i < h->n; i++)
		r = decode_pair(d, dict);
	d->depth--;
	*ret = dict;
	return r;
}

static int decode_simple(struct decoder *d, const struct head *h, struct value **ret)
{
	double real;
	switch (h->info) {
	case CBOR_FALSE:
	case CBOR_TRUE:
		*ret = arena_copy(d->arena, value_bool(h->info == CBOR_TRUE), sizeof(**ret));
		return 0;
	case CBOR_NULL:
		*ret = arena_copy(d->arena, value_null(), sizeof(**ret));
		return 0;
	case CBOR_EIGHT_BYTES:
		memcpy(&real, &h->n, sizeof(real));
		*ret = value_float(d->arena, real);
		return 0;
	default:
		return bad(d, "a simple value other than null, a bool or a float64");
	}
}

static int decode_item(struct decoder *d, const struct head *h, struct value **ret)
{
	switch (h->major) {
	case CBOR_UINT:
	case CBOR_NEGATIVE:
		return decode_int(d, h, ret);
	case CBOR_BYTES:
	case CBOR_TEXT:
		return decode_string(d, h, ret);
	case CBOR_ARRAY:
		return decode_list(d, h, ret);
	case CBOR_MAP:
		return decode_dict(d, h, ret);
	case CBOR_SIMPLE:
		return decode_simple(d, h, ret);
	case CBOR_TAG:
		break;
	}
	return bad(d, "a tag");
}

static int decode(struct decoder *d, const struct value **ret)
{
	struct head h;
	struct value *v = NULL;
	if (d->nodes == WIRE_VALUE_NODES_MAX)
		return limit(d, "values", WIRE_VALUE_NODES_MAX);
	d->nodes++;
	int r = take_head(d, &h);
	if (r == 0)
		r = decode_item(d, &h, &v);
	if (r < 0)
		return r;
	assert(v);
	v->flags = (uint16_t)(v->flags | d->or_flags);
	*ret = v;
	return 0;
}

int wire_value_decode(struct arena *a, struct slice payload, unsigned or_flags,
		      const struct value **ret, struct err *err)
{
	struct decoder d = {
		.arena = a, .rest = payload, .size = payload.len, .or_flags = or_flags, .err = err};
	const struct value *v;
	if (payload.len > WIRE_FRAME_MAX)
		return limit(&d, "bytes", WIRE_FRAME_MAX);
	int r = decode(&d, &v);
	if (r < 0)
		return r;
	if (d.rest.len > 0)
		return bad(&d, "bytes after its end");
	*ret = v;
	return 0;
}
