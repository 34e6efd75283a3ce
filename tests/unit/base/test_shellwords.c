#include "rollout/base/shellwords.h"

#include "test.h"

/* Expected words are shlex.split's, joined by "|"; NULL where it raises. */
static const struct {
	const char *text, *words;
} cases[] = {
	{"", ""},
	{"  ", ""},
	{"a b", "a|b"},
	{" a\t\nb ", "a|b"},
	{"a 'b c' d", "a|b c|d"},
	{"a\"b c\"d", "ab cd"},
	{"''", ""},
	{"a '' b", "a||b"},
	{"a\\ b", "a b"},
	{"\"a\\\"b\"", "a\"b"},
	{"\"a\\nb\"", "a\\nb"},
	{"\"a\\\\b\"", "a\\b"},
	{"'a\\'", "a\\"},
	{"a # b", "a|#|b"},
	{"$X `y`", "$X|`y`"},
	{"'a", NULL},
	{"a \"b", NULL},
	{"a\\", NULL},
};

static void words(void **state)
{
	struct arena a = {0};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char **got = NULL;
		size_t n = 0;
		struct err e = {0};
		CLEANUP(strbuf_release) struct strbuf joined = {0};
		int r = shellwords_split(&a, slice_from(cases[i].text), &got, &n, &e);
		assert_int_equal(r, cases[i].words ? 0 : ERR_SYNTAX);
		if (r < 0)
			continue;
		for (size_t w = 0; w < n; w++)
			strbuf_printf(&joined, "%s%s", w ? "|" : "", got[w]);
		assert_string_equal(text_of(&joined), cases[i].words);
		assert_null(got[n]);
	}
	arena_release(&a);
}

static void quoting(void **state)
{
	static const char *const pairs[][2] = {
		{"", "''"},
		{"abc", "abc"},
		{"a b", "'a b'"},
		{"it's", "'it'\"'\"'s'"},
		{"$x", "'$x'"},
		{"a/b.c-d_e=f:@%+,", "a/b.c-d_e=f:@%+,"},
		{"\n", "'\n'"},
		{"~", "'~'"},
		{"\xC3\xA9", "'\xC3\xA9'"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		CLEANUP(strbuf_release) struct strbuf out = {0};
		shellwords_quote(&out, slice_from(pairs[i][0]));
		assert_string_equal(out.ptr, pairs[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(quoting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
