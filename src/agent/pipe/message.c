#include "message.h"

#include "rollout/base/digest.h"

#include <assert.h>

static void put_small(struct strbuf *out, enum wire_type type, uint32_t id, const struct value *v)
{
	int r = wire_put_value(out, type, id, v);
	assert(r == 0);
	(void)r;
}

static struct value *result_value(struct arena *a, size_t item, bool last,
				  const struct value *result)
{
	struct value *v = value_dict_new(a);
	value_dict_put(a, v, "item", value_int(a, (int64_t)item));
	value_dict_put(a, v, "last", value_bool(last));
	value_dict_put(a, v, "result", result);
	return v;
}

static struct value *failure_value(struct arena *a, bool changed, const char *msg)
{
	struct value *v = value_dict_new(a);
	value_dict_put(a, v, "changed", value_bool(changed));
	value_dict_put(a, v, "failed", value_bool(true));
	value_dict_put(a, v, "msg", value_cstr(a, msg));
	return v;
}

void message_put_result(struct strbuf *out, uint32_t id, size_t item, bool last,
			const struct value *result)
{
	CLEANUP(arena_release) struct arena a = {0};
	const struct value *changed = value_get(result, "changed");
	if (wire_put_value(out, WIRE_RESULT, id, result_value(&a, item, last, result)) == 0)
		return;
	const char *msg = arena_printf(
		&a, "the result is larger than can be sent (%u MiB, %u values, %u levels)",
		WIRE_FRAME_MAX >> 20, WIRE_VALUE_NODES_MAX, WIRE_VALUE_DEPTH_MAX);
	result = failure_value(&a, changed && value_truthy(changed), msg);
	put_small(out, WIRE_RESULT, id, result_value(&a, item, last, result));
}

void message_put_failure(struct strbuf *out, uint32_t id, size_t item, const char *msg,
			 const char *mark)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct value *result = failure_value(&a, false, msg);
	if (mark)
		value_dict_put(&a, result, mark, value_bool(true));
	put_small(out, WIRE_RESULT, id, result_value(&a, item, true, result));
}

void message_put_output(struct strbuf *out, uint32_t id, size_t item, int stream, struct slice data,
			uint64_t dropped)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct value *v = value_dict_new(&a);
	value_dict_put(&a, v, "item", value_int(&a, (int64_t)item));
	value_dict_put(&a, v, "stream", value_int(&a, stream));
	value_dict_put(&a, v, "data", value_str(&a, data));
	if (dropped)
		value_dict_put(&a, v, "dropped", value_int(&a, (int64_t)dropped));
	put_small(out, WIRE_OUTPUT, id, v);
}

void message_put_empty(struct strbuf *out, enum wire_type type, uint32_t id)
{
	CLEANUP(arena_release) struct arena a = {0};
	put_small(out, type, id, value_dict_new(&a));
}

void message_put_sha256(struct strbuf *out, enum wire_type type, uint32_t id, const char *sha256,
			const char *error)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct value *v = value_dict_new(&a);
	value_dict_put(&a, v, error ? "error" : "sha256", value_cstr(&a, error ? error : sha256));
	put_small(out, type, id, v);
}

const char *message_sha256(const struct value *v)
{
	const struct value *hex = value_get(v, "sha256");
	if (!hex || hex->type != VALUE_STRING || hex->str.len != SHA256_HEX_SIZE - 1 ||
	    strspn(hex->str.ptr, "0123456789abcdef") != hex->str.len)
		return NULL;
	return hex->str.ptr;
}

bool message_uint(const struct value *v, const char *key, uint64_t max, uint64_t *ret)
{
	const struct value *n = value_get(v, key);
	if (!n || n->type != VALUE_INT || n->integer < 0 || (uint64_t)n->integer > max)
		return false;
	*ret = (uint64_t)n->integer;
	return true;
}
