/* Python's literals. The expectations are ast.literal_eval's, but for what a variable
 * cannot hold. */
#include "test.h"

#include "internal.h"
#include "rollout/value/json.h"

static const struct {
	const char *text, *json; /* NULL: no literal, stays text */
} cases[] = {
	{"1", "1"},
	{"-1", "-1"},
	{"+ 2", "2"},
	{"0x1F", "31"},
	{"0o17", "15"},
	{"0b101", "5"},
	{"1_000", "1000"},
	{"00", "0"},
	{"9223372036854775807", "9223372036854775807"},
	{"1.50", "1.5"},
	{".5", "0.5"},
	{"5.", "5.0"},
	{"1e3", "1000.0"},
	{"1 # a comment", "1"},
	{"True", "true"},
	{"False", "false"},
	{"None", "null"},
	{"'a'", "\"a\""},
	{"\"a'b\"", "\"a'b\""},
	{"'a' \"b\"", "\"ab\""},
	{"'''a'b'''", "\"a'b\""},
	{"'\\n\\t\\\\'", "\"\\n\\t\\\\\""},
	{"'\\x41\\102\\u00e9\\U0001F600'", "\"AB\303\251\360\237\230\200\""},
	{"'\\q'", "\"\\\\q\""},
	{"r'\\n'", "\"\\\\n\""},
	{"u'x'", "\"x\""},
	{"b'x'", "\"x\""},
	{"Rb'\\x'", "\"\\\\x\""},
	{"[]", "[]"},
	{"[1, 'a', [None,],]", "[1,\"a\",[null]]"},
	{"()", "[]"},
	{"(1)", "1"},
	{"(1,)", "[1]"},
	{"1,2", "[1,2]"},
	{"1,", "[1]"},
	{"{}", "{}"},
	{"{'a': {'b': (1, 2)}, 'c': 3,}", "{\"a\":{\"b\":[1,2]},\"c\":3}"},
	{"{'a': 1, 'a': 2}", "{\"a\":2}"},
	{"{1, 2}", "[1,2]"},
	{"", NULL},
	{"x", NULL},
	{"true", NULL},
	{"Truex", NULL},
	{"0777", NULL},
	{"1__0", NULL},
	{"1_", NULL},
	{"1a", NULL},
	{"1.2.3", NULL},
	{"1-2", NULL},
	{"--1", NULL},
	{"-True", NULL},
	{"1j", NULL},
	{"12345678901234567890", NULL},
	{"0x", NULL},
	{"'a", NULL},
	{"'a' b'b'", NULL},
	{"f'a'", NULL},
	{"ur'a'", NULL},
	{"b'\303\251'", NULL},
	{"'\\x4'", NULL},
	{"'\\N{DASH}'", NULL},
	{"'\\ud800'", NULL},
	{"[1", NULL},
	{"[1 2]", NULL},
	{"[,]", NULL},
	{"(,)", NULL},
	{"{1: }", NULL},
	{"{[1]: 2}", NULL},
	{"{'a': 1, 2}", NULL},
	{"{1, 'a': 2}", NULL},
	{"a(1)", NULL},
	{"1 1", NULL},
	{",", NULL},
	{"1 == 1", NULL},
};

static void test_literals(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct arena a = {0};
		struct strbuf got CLEANUP(strbuf_release) = {0};
		const struct value *v = NULL;
		bool is = inventory_literal(&a, slice_from(cases[i].text), (struct srcloc){0}, &v);
		print_message("literal %s\n", cases[i].text);
		assert_int_equal(is, cases[i].json != NULL);
		if (is) {
			json_emit(&got, v, JSON_COMPACT);
			assert_string_equal(text_of(&got), cases[i].json);
		}
		arena_release(&a);
	}
}

static void test_depth(void **state)
{
	struct arena a = {0};
	const struct value *v;
	char text[20001];
	(void)state;
	memset(text, '[', 20000);
	text[20000] = '\0';
	assert_false(inventory_literal(&a, slice_from(text), (struct srcloc){0}, &v));
	memset(text, '-', 20000);
	assert_false(inventory_literal(&a, slice_from(text), (struct srcloc){0}, &v));
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_literals),
					   cmocka_unit_test(test_depth)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
