#include "hex.h"
#include "rollout/value/json.h"
#include "rollout/value/yaml.h"
#include "rollout/wire/wire.h"
#include "test.h"

#include <stdlib.h>

/* Examples of RFC 8949 appendix A that are in the subset, and the borders. */
static const struct {
	const char *hex, *yaml;
} values[] = {
	{"00", "0"},
	{"17", "23"},
	{"1818", "24"},
	{"18ff", "255"},
	{"190100", "256"},
	{"1a000f4240", "1000000"},
	{"1affffffff", "4294967295"},
	{"1b000000e8d4a51000", "1000000000000"},
	{"1b7fffffffffffffff", "9223372036854775807"},
	{"20", "-1"},
	{"3903e7", "-1000"},
	{"3b7fffffffffffffff", "-9223372036854775808"},
	{"fb3ff199999999999a", "1.1"},
	{"fbc010666666666666", "-4.1"},
	{"f4", "false"},
	{"f5", "true"},
	{"f6", "null"},
	{"60", "''"},
	{"6449455446", "IETF"},
	{"62c3bc", "ü"},
	{"80", "[]"},
	{"83010203", "[1, 2, 3]"},
	{"8301820203820405", "[1, [2, 3], [4, 5]]"},
	{"a0", "{}"},
	{"a201020304", "{1: 2, 3: 4}"},
	{"a26161016162820203", "{a: 1, b: [2, 3]}"},
	{"a2616201616102", "{b: 1, a: 2}"},
	{"a1f6f5", "{null: true}"},
};

static void values_have_one_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		CLEANUP(arena_release) struct arena a = {0};
		CLEANUP(strbuf_release) struct strbuf bytes = {0}, out = {0};
		const struct value *wanted, *got;
		struct err err = {0};
		assert_int_equal(yaml_parse(&a, "t", slice_from(values[i].yaml), &wanted, &err), 0);
		wire_value_encode(&out, wanted);
		CLEANUP(free_ptr) char *hex = hex_text(strbuf_slice(&out));
		assert_string_equal(hex, values[i].hex);
		if (wire_value_decode(&a, hex_bytes(values[i].hex, &bytes), VALUE_UNSAFE, &got,
				      &err) < 0)
			fail_msg("%s: %s", values[i].hex, err.msg);
		assert_int_equal(got->type, wanted->type);
		assert_true(value_equal(got, wanted));
		assert_true(got->flags & VALUE_UNSAFE);
	}
}

static void strings_that_are_not_text(void **state)
{
	CLEANUP(arena_release) struct arena a = {0};
	CLEANUP(strbuf_release) struct strbuf bytes = {0}, out = {0};
	const struct value *v;
	(void)state;
	assert_int_equal(wire_value_decode(&a, hex_bytes("43 ff0041", &bytes), 0, &v, NULL), 0);
	assert_int_equal(v->type, VALUE_STRING);
	assert_int_equal(v->str.len, 3);
	assert_memory_equal(v->str.ptr, "\xff\0A", 4);
	wire_value_encode(&out, v);
	assert_memory_equal(out.ptr, "\x43\xff\0A", 4);
}

static const struct {
	const char *hex;
	int code;
} hostile[] = {
	{"", ERR_PROTOCOL},			      /* nothing */
	{"18", ERR_PROTOCOL},			      /* cut in a number */
	{"1b00000000000000", ERR_PROTOCOL},	      /* likewise */
	{"62c3", ERR_PROTOCOL},			      /* cut in text */
	{"8201", ERR_PROTOCOL},			      /* a list cut */
	{"a101", ERR_PROTOCOL},			      /* a dict cut */
	{"0000", ERR_PROTOCOL},			      /* two values */
	{"1b8000000000000000", ERR_PROTOCOL},	      /* beyond int64 */
	{"3b8000000000000000", ERR_PROTOCOL},	      /* likewise */
	{"1817", ERR_PROTOCOL},			      /* not the shortest form */
	{"1900ff", ERR_PROTOCOL},		      /* likewise */
	{"1a0000ffff", ERR_PROTOCOL},		      /* likewise */
	{"1b00000000ffffffff", ERR_PROTOCOL},	      /* likewise */
	{"780161", ERR_PROTOCOL},		      /* likewise, of text */
	{"62c328", ERR_PROTOCOL},		      /* not UTF-8 */
	{"4161", ERR_PROTOCOL},			      /* bytes that are text */
	{"40", ERR_PROTOCOL},			      /* likewise */
	{"63eda080", ERR_PROTOCOL},		      /* a surrogate */
	{"7bffffffffffffffff61", ERR_PROTOCOL},	      /* text of 2^64-1 bytes */
	{"5affffffff61", ERR_PROTOCOL},		      /* bytes of 4 GiB */
	{"9bffffffffffffffff00", ERR_PROTOCOL},	      /* a list of 2^64-1 */
	{"bb800000000000000000", ERR_PROTOCOL},	      /* a dict of 2^63: twice that is 0 */
	{"bbffffffffffffffff00", ERR_PROTOCOL},	      /* a dict of 2^64-1 */
	{"9f00ff", ERR_PROTOCOL},		      /* an indefinite list */
	{"7f6161ff", ERR_PROTOCOL},		      /* indefinite text */
	{"bfff", ERR_PROTOCOL},			      /* an indefinite dict */
	{"1c", ERR_PROTOCOL},			      /* a reserved length */
	{"c000", ERR_PROTOCOL},			      /* a tag */
	{"f7", ERR_PROTOCOL},			      /* undefined */
	{"f0", ERR_PROTOCOL},			      /* a simple value */
	{"f814", ERR_PROTOCOL},			      /* false in two bytes */
	{"f93c00", ERR_PROTOCOL},		      /* a half float */
	{"fa3f800000", ERR_PROTOCOL},		      /* a single float */
	{"ff", ERR_PROTOCOL},			      /* a break */
	{"a2616100616100", ERR_PROTOCOL},	      /* a key twice */
	{"a201006161fb3ff0000000000000", ERR_OK},     /* different keys */
	{"a20100fb3ff000000000000000", ERR_PROTOCOL}, /* 1 and 1.0 are one key */
	{"a1800000", ERR_PROTOCOL},		      /* a list as key */
	{"a1a000", ERR_PROTOCOL},		      /* a dict as key */
};

static void hostile_values_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
		CLEANUP(arena_release) struct arena a = {0};
		CLEANUP(strbuf_release) struct strbuf bytes = {0};
		const struct value untouched = {0}, *v = &untouched;
		struct err err = {0};
		int r = wire_value_decode(&a, hex_bytes(hostile[i].hex, &bytes), 0, &v, &err);
		if (r != hostile[i].code || (r < 0 && v != &untouched))
			fail_msg("%s: %d %s", hostile[i].hex, r, err.msg);
	}
}

static void depth_is_limited(void **state)
{
	CLEANUP(arena_release) struct arena a = {0};
	CLEANUP(strbuf_release) struct strbuf deep = {0}, frame = {0};
	const struct value *v;
	struct err err = {0};
	(void)state;
	for (unsigned i = 0; i < WIRE_VALUE_DEPTH_MAX; i++)
		strbuf_putc(&deep, (char)0x81);
	strbuf_putc(&deep, 0);
	assert_int_equal(wire_value_decode(&a, strbuf_slice(&deep), 0, &v, &err), 0);
	assert_int_equal(wire_put_value(&frame, WIRE_RESULT, 1, v), 0);
	deep.ptr[deep.len - 1] = (char)0x81;
	strbuf_putc(&deep, 0);
	assert_int_equal(wire_value_decode(&a, strbuf_slice(&deep), 0, &v, &err), ERR_LIMIT);
	struct value *outer = value_list_new(&a);
	value_list_push(&a, outer, v);
	size_t before = frame.len;
	assert_int_equal(wire_put_value(&frame, WIRE_RESULT, 1, outer), ERR_LIMIT);
	assert_int_equal(frame.len, before);
}

static void the_number_of_values_is_limited(void **state)
{
	CLEANUP(arena_release) struct arena a = {0};
	CLEANUP(strbuf_release) struct strbuf many = {0};
	const struct value *v;
	struct err err = {0};
	(void)state;
	hex_bytes("9a 00100000", &many); /* 2^20 items and the list itself */
	for (size_t i = 0; i < WIRE_VALUE_NODES_MAX; i++)
		strbuf_putc(&many, (char)0xf6);
	assert_int_equal(wire_value_decode(&a, strbuf_slice(&many), 0, &v, &err), ERR_LIMIT);
	many.ptr[2] = 0x0f;
	many.ptr[3] = many.ptr[4] = (char)0xff;
	strbuf_truncate(&many, many.len - 1);
	assert_int_equal(wire_value_decode(&a, strbuf_slice(&many), 0, &v, &err), 0);
	assert_int_equal(v->list.len, WIRE_VALUE_NODES_MAX - 1);
	strbuf_truncate(&many, 0);
	assert_int_equal(wire_put_value(&many, WIRE_RESULT, 1, v), 0);
	struct value *outer = value_list_new(&a);
	value_list_push(&a, outer, v);
	assert_int_equal(wire_put_value(&many, WIRE_RESULT, 1, outer), ERR_LIMIT);
}

static void float_keys_are_limited(void **state)
{
	CLEANUP(arena_release) struct arena a = {0};
	CLEANUP(strbuf_release) struct strbuf bytes = {0};
	struct value *d = value_dict_new(&a);
	const struct value *v;
	(void)state;
	for (int i = 0; i < 1025; i++)
		value_dict_set(&a, d, value_float(&a, 0.25 + i), value_null());
	wire_value_encode(&bytes, d);
	assert_int_equal(wire_value_decode(&a, strbuf_slice(&bytes), 0, &v, NULL), ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_have_one_form),
		cmocka_unit_test(strings_that_are_not_text),
		cmocka_unit_test(hostile_values_are_refused),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(the_number_of_values_is_limited),
		cmocka_unit_test(float_keys_are_limited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
