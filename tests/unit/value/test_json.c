#include "rollout/value/json.h"

#include "test.h"

#include <math.h>

static struct arena arena;

static int release(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

/* Read, and written in each style; the last two as Python's json.dumps. */
static const struct {
	const char *text, *compact, *python, *pretty;
} cases[] = {
	{"null", "null", "null", "null"},
	{" [1, -2.5, true, \"x\"] ", "[1,-2.5,true,\"x\"]", "[1, -2.5, true, \"x\"]",
	 "[\n    1,\n    -2.5,\n    true,\n    \"x\"\n]"},
	{"{\"b\": 1, \"a\": {}, \"c\": []}", "{\"b\":1,\"a\":{},\"c\":[]}",
	 "{\"b\": 1, \"a\": {}, \"c\": []}", "{\n    \"a\": {},\n    \"b\": 1,\n    \"c\": []\n}"},
	{"\"\\u00e9\\n\\\"\\\\\\/\\u0001\\u007f\"", "\"\xC3\xA9\\n\\\"\\\\/\\u0001\x7f\"",
	 "\"\\u00e9\\n\\\"\\\\/\\u0001\\u007f\"", "\"\\u00e9\\n\\\"\\\\/\\u0001\\u007f\""},
	{"\"\\ud83d\\ude00\"", "\"\xF0\x9F\x98\x80\"", "\"\\ud83d\\ude00\"", "\"\\ud83d\\ude00\""},
	{"9223372036854775807", "9223372036854775807", "9223372036854775807",
	 "9223372036854775807"},
	{"1e400000", NULL, NULL, NULL},
	{"1.0", "1.0", "1.0", "1.0"},
	{"1e20", "1e+20", "1e+20", "1e+20"},
	{"{\"a\": 1, \"a\": 2}", "{\"a\":2}", "{\"a\": 2}", "{\n    \"a\": 2\n}"},
	{"\"a\\u0000b\"", "\"a\\u0000b\"", "\"a\\u0000b\"", "\"a\\u0000b\""},
	{"", NULL, NULL, NULL},
	{"{", NULL, NULL, NULL},
	{"[1,]", NULL, NULL, NULL},
	{"{\"a\" 1}", NULL, NULL, NULL},
	{"1 2", NULL, NULL, NULL},
	{"99999999999999999999", NULL, NULL, NULL},
	{"\"\xFF\"", NULL, NULL, NULL},
	{"\"\\ud800\"", NULL, NULL, NULL},
	{"NaN", NULL, NULL, NULL},
};

static void read_and_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct value *v = NULL;
		struct err e = {0};
		int r = json_parse(&arena, "f", slice_from(cases[i].text), &v, &e);
		if (!cases[i].compact) {
			assert_int_equal(r, ERR_SYNTAX);
			assert_true(e.at.line > 0 && e.at.column > 0);
			continue;
		}
		assert_int_equal(r, 0);
		const char *expect[] = {cases[i].compact, cases[i].python, cases[i].pretty};
		for (int style = JSON_COMPACT; style <= JSON_PRETTY; style++) {
			CLEANUP(strbuf_release) struct strbuf out = {0};
			json_emit(&out, v, (enum json_style)style);
			assert_string_equal(out.ptr, expect[style]);
		}
	}
}

static void errors_have_a_place(void **state)
{
	const struct value *v = NULL;
	struct err e = {0};
	char buf[300];
	(void)state;
	assert_int_equal(json_parse(&arena, "x.json", SLICE_LIT("{\n \"a\": oops\n}"), &v, &e),
			 ERR_SYNTAX);
	assert_string_equal(err_format(&e, buf, sizeof(buf)),
			    "x.json:2:10: not JSON: invalid token near 'oops'");
	assert_null(v);
}

static void what_json_has_not(void **state)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct value *d = value_dict_new(&arena);
	(void)state;
	value_dict_set(&arena, d, value_int(&arena, 10), value_float(&arena, INFINITY));
	value_dict_set(&arena, d, value_int(&arena, 9), value_float(&arena, NAN));
	value_dict_set(&arena, d, value_bool(false), value_cstr(&arena, "\xFFx"));
	value_dict_set(&arena, d, value_null(), value_unknown(&arena, ERR_PENDING, "x"));
	json_emit(&out, d, JSON_COMPACT);
	assert_string_equal(out.ptr, "{\"10\":null,\"9\":null,\"false\":\"\xEF\xBF\xBDx\","
				     "\"null\":null}");
	strbuf_truncate(&out, 0);
	value_dict_set(&arena, d, value_bool(false), value_float(&arena, -INFINITY));
	json_emit(&out, d, JSON_PYTHON);
	assert_string_equal(out.ptr, "{\"10\": Infinity, \"9\": NaN, \"false\": -Infinity, "
				     "\"null\": null}");
	strbuf_truncate(&out, 0);
	json_emit(&out, d, JSON_PRETTY);
	assert_non_null(strstr(out.ptr, "\"9\": NaN,\n    \"10\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_and_written),
		cmocka_unit_test(errors_have_a_place),
		cmocka_unit_test(what_json_has_not),
	};
	return cmocka_run_group_tests(tests, NULL, release);
}
