#include "rollout/value/value.h"

#include "read_yaml.h"
#include "rollout/value/yaml.h"

#include <math.h>

static void a_dict_keeps_its_order(void **state)
{
	struct value *d = value_dict_new(&arena);
	(void)state;
	for (int i = 0; i < 300; i++)
		value_dict_set(&arena, d, value_fmt(&arena, "k%d", i), value_int(&arena, i));
	for (int i = 0; i < 300; i += 2)
		assert_true(value_dict_remove(d, value_fmt(&arena, "k%d", i)->str));
	assert_false(value_dict_remove(d, SLICE_LIT("k0")));
	assert_int_equal(d->dict.len, 150);
	for (int i = 0; i < 300; i++) {
		const struct value *v = value_get_slice(d, value_fmt(&arena, "k%d", i)->str);
		assert_int_equal(v ? v->integer : -1, i % 2 ? i : -1);
	}
	assert_true(value_is_str(d->dict.at[149].key, "k299"));
	value_dict_put(&arena, d, "k1", value_bool(true));
	assert_int_equal(d->dict.len, 150);
	assert_true(value_get(d, "k1")->boolean);
}

static void a_duplicate_is_its_own(void **state)
{
	struct value *d = value_dict_new(&arena);
	(void)state;
	for (int i = 0; i < 40; i++)
		value_dict_set(&arena, d, value_int(&arena, i), value_null());
	struct value *copy = value_dict_dup(&arena, d);
	for (int i = 40; i < 80; i++)
		value_dict_set(&arena, copy, value_int(&arena, i), value_null());
	value_dict_put(&arena, copy, "a", value_null());
	assert_int_equal(d->dict.len, 40);
	assert_null(value_get(d, "a"));
	assert_null(value_find(d, value_int(&arena, 60)));
	assert_non_null(value_find(copy, value_int(&arena, 60)));
	struct value *empty = value_dict_dup(&arena, value_dict_new(&arena));
	value_dict_put(&arena, empty, "a", value_null());
	assert_int_equal(empty->dict.len, 1);
}

static void numbers_are_one_key(void **state)
{
	struct value *d = value_dict_new(&arena);
	(void)state;
	for (int i = 0; i < 40; i++) /* with and without an index */
		value_dict_set(&arena, d, value_int(&arena, i), value_int(&arena, i));
	value_dict_set(&arena, d, value_bool(true), value_cstr(&arena, "true"));
	value_dict_set(&arena, d, value_float(&arena, 2.0), value_cstr(&arena, "two"));
	assert_int_equal(d->dict.len, 40);
	assert_true(value_is_str(value_find(d, value_int(&arena, 1)), "true"));
	assert_true(value_is_str(value_find(d, value_int(&arena, 2)), "two"));
	assert_null(value_get(d, "1"));
	assert_null(value_get(NULL, "1"));
	assert_null(value_get(value_null(), "1"));
}

static void a_hint_is_only_a_hint(void **state)
{
	static const char *const keys[] = {"",
					   "a",
					   "b",
					   "abc",
					   "abcd",
					   "xbcd",
					   "node-1",
					   "node-2",
					   "node-10",
					   "a-longer-name",
					   "b-longer-name",
					   "a name that is longer than sixteen bytes",
					   "b name that is longer than sixteen bytes"};
	struct value *d = value_dict_new(&arena);
	uint32_t hint = 0;
	(void)state;
	for (size_t n = 0; n < ARRAY_LEN(keys); n++) {
		value_dict_put(&arena, d, keys[n], value_int(&arena, (int64_t)n));
		for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
			const struct value *v =
				value_find_near(d, value_cstr(&arena, keys[i]), &hint);
			assert_int_equal(v ? v->integer : -1, i <= n ? (int64_t)i : -1);
		}
		hint = (uint32_t)(n * 3);
	}
}

static void copies_are_deep(void **state)
{
	const struct value *v = read_yaml("a: [1, {b: x}]\nc: ~\n");
	(void)state;
	struct value *copy = value_copy(&arena, v, VALUE_UNSAFE);
	const struct value *x = value_get(value_get(copy, "a")->list.at[1], "b");
	assert_true(value_equal(copy, v));
	assert_int_equal(x->flags, VALUE_UNSAFE);
	assert_int_equal(x->at.line, 1);
	assert_int_equal(value_get(value_get(v, "a")->list.at[1], "b")->flags, 0);
	assert_ptr_not_equal(x->str.ptr, value_get(value_get(v, "a")->list.at[1], "b")->str.ptr);
}

/* Pairs of YAML texts. */
static void equality_is_pythons(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} cases[] = {
		{"1", "1.0", true},
		{"1", "true", true},
		{"0", "false", true},
		{"1", "'1'", false},
		{"~", "false", false},
		{"~", "~", true},
		{"9007199254740993", "9007199254740992.0", false},
		{"9007199254740992", "9007199254740992.0", true},
		{".nan", ".nan", false},
		{".inf", "9223372036854775807", false},
		{"[1, 2]", "[1.0, 2]", true},
		{"[1, 2]", "[2, 1]", false},
		{"[1]", "[1, 2]", false},
		{"{a: 1, b: 2}", "{b: 2, a: 1}", true},
		{"{a: 1}", "{a: 2}", false},
		{"{a: 1}", "{b: 1}", false},
		{"{}", "[]", false},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct value *a = read_yaml(cases[i].a), *b = read_yaml(cases[i].b);
		assert_int_equal(value_equal(a, b), cases[i].equal);
		assert_int_equal(value_equal(b, a), cases[i].equal);
	}
	const struct value *nan = read_yaml(".nan");
	assert_false(value_equal(nan, nan));
}

static void truth(void **state)
{
	static const char *const no[] = {"''", "0", "0.0", "-0.0", "[]", "{}", "~", "no"};
	static const char *const yes[] = {"'0'", "1", "0.1", "[0]", "{a: 0}", "yes", ".nan"};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		assert_false(value_truthy(read_yaml(no[i])));
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		assert_true(value_truthy(read_yaml(yes[i])));
}

static void booleans_of_ansible(void **state)
{
	static const struct {
		const char *text;
		int expect; /* -1: not one */
	} cases[] = {
		{"'yes'", 1}, {"'On'", 1}, {"'TRUE'", 1}, {"'t'", 1},  {"' y '", 1},	{"'1'", 1},
		{"1", 1},     {"1.0", 1},  {"true", 1},	  {"'no'", 0}, {"'Off'", 0},	{"'f'", 0},
		{"'N'", 0},   {"'0'", 0},  {"0", 0},	  {"2", -1},   {"'maybe'", -1}, {"''", -1},
		{"~", -1},    {"[]", -1},  {"0.5", -1},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		bool got = false;
		bool is = value_to_bool(read_yaml(cases[i].text), &got);
		assert_int_equal(is ? got : -1, cases[i].expect);
	}
}

/* Expected texts are Python's. */
static void floats_print_as_python(void **state)
{
	static const struct {
		double d;
		const char *text;
	} cases[] = {
		{0.0, "0.0"},
		{-0.0, "-0.0"},
		{1.0, "1.0"},
		{0.1, "0.1"},
		{1.0 / 3, "0.3333333333333333"},
		{100.0, "100.0"},
		{123456.789, "123456.789"},
		{1e15, "1000000000000000.0"},
		{1e16, "1e+16"},
		{1.5e16, "1.5e+16"},
		{0.0001, "0.0001"},
		{0.00012, "0.00012"},
		{0.00001, "1e-05"},
		{1.25e-7, "1.25e-07"},
		{5e-324, "5e-324"},
		{1.7976931348623157e308, "1.7976931348623157e+308"},
		{-2.5, "-2.5"},
		{9007199254740993.0, "9007199254740992.0"},
		{INFINITY, "inf"},
		{-INFINITY, "-inf"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(strbuf_release) struct strbuf out = {0};
		value_repr(&out, value_float(&arena, cases[i].d));
		assert_string_equal(out.ptr, cases[i].text);
	}
	CLEANUP(strbuf_release) struct strbuf out = {0};
	value_repr(&out, value_float(&arena, NAN));
	assert_string_equal(out.ptr, "nan");
}

static void strings_print_as_python(void **state)
{
	static const char *const cases[][2] = {
		{"", "''"},
		{"abc", "'abc'"},
		{"it's", "\"it's\""},
		{"say \"hi\"", "'say \"hi\"'"},
		{"it's \"hi\"", "'it\\'s \"hi\"'"},
		{"a\\b", "'a\\\\b'"},
		{"a\n\t\r", "'a\\n\\t\\r'"},
		{"\x01\x1b\x7f", "'\\x01\\x1b\\x7f'"},
		{"\xC3\xA9", "'\xC3\xA9'"},
		{"\xC2\x85\xC2\xA0\xC2\xAD", "'\\x85\\xa0\\xad'"},
		{"\xE2\x80\x8B\xE2\x80\xA8", "'\\u200b\\u2028'"},
		{"\xF0\x9F\x98\x80", "'\xF0\x9F\x98\x80'"},
		{"\xF3\xA0\x80\x81", "'\\U000e0001'"},
		{"\xFF", "'\\udcff'"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(strbuf_release) struct strbuf out = {0};
		value_repr(&out, value_cstr(&arena, cases[i][0]));
		assert_string_equal(out.ptr, cases[i][1]);
	}
	CLEANUP(strbuf_release) struct strbuf out = {0};
	value_repr(&out, value_str(&arena, (struct slice){"a\0b", 3}));
	assert_string_equal(out.ptr, "'a\\x00b'");
}

static void containers_print_as_python(void **state)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	(void)state;
	value_print(&out, read_yaml("{a: [1, 1.0, yes, ~, 'x'], 2: {}, no: []}"));
	assert_string_equal(out.ptr, "{'a': [1, 1.0, True, None, 'x'], 2: {}, False: []}");
	struct value *tuple = value_copy(&arena, read_yaml("[1]"), VALUE_TUPLE);
	strbuf_truncate(&out, 0);
	value_print(&out, tuple);
	assert_string_equal(out.ptr, "(1,)");
	assert_string_equal(value_type_name(tuple), "tuple");
	value_list_push(&arena, tuple, value_cstr(&arena, "b"));
	strbuf_truncate(&out, 0);
	value_print(&out, tuple);
	value_print(&out, value_cstr(&arena, " it's"));
	value_print(&out, value_unknown(&arena, ERR_PENDING, "the result of task 'x'"));
	assert_string_equal(out.ptr, "(1, 'b') it's<the result of task 'x'>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dict_keeps_its_order),
		cmocka_unit_test(a_duplicate_is_its_own),
		cmocka_unit_test(numbers_are_one_key),
		cmocka_unit_test(a_hint_is_only_a_hint),
		cmocka_unit_test(copies_are_deep),
		cmocka_unit_test(equality_is_pythons),
		cmocka_unit_test(truth),
		cmocka_unit_test(booleans_of_ansible),
		cmocka_unit_test(floats_print_as_python),
		cmocka_unit_test(strings_print_as_python),
		cmocka_unit_test(containers_print_as_python),
	};
	return cmocka_run_group_tests(tests, NULL, release);
}
