#include "test.h"

#include "rollout/base/utf8.h"

#include <stdlib.h>

static void slices(void **state)
{
	(void)state;
	assert_true(slice_is(slice_trim(SLICE_LIT(" \t a b\r\n")), "a b"));
	assert_int_equal(slice_trim(SLICE_LIT("  ")).len, 0);
	assert_true(slice_starts_with(SLICE_LIT("abc"), "ab"));
	assert_false(slice_starts_with(SLICE_LIT("a"), "ab"));
	assert_true(slice_ends_with(SLICE_LIT("abc"), "bc"));
	assert_false(slice_ends_with(SLICE_LIT("c"), "bc"));
	assert_true(slice_cmp(SLICE_LIT("a"), SLICE_LIT("ab")) < 0);
	assert_true(slice_cmp(SLICE_LIT("b"), SLICE_LIT("ab")) > 0);
	assert_true(slice_eq((struct slice){NULL, 0}, SLICE_LIT("")));
}

static void split_gives_each_part(void **state)
{
	static const struct {
		const char *text;
		const char *parts[4];
	} cases[] = {
		{"a,b", {"a", "b"}}, {"a,", {"a", ""}}, {",a", {"", "a"}},
		{"", {""}},	     {"abc", {"abc"}},	{",,", {"", "", ""}},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct slice rest = slice_from(cases[i].text), part;
		size_t n = 0;
		while (slice_split(&rest, ',', &part)) {
			assert_non_null(cases[i].parts[n]);
			assert_true(slice_is(part, cases[i].parts[n++]));
		}
		assert_null(cases[i].parts[n]);
	}
}

static void words_between_white_space(void **state)
{
	struct slice rest = SLICE_LIT(" a\t bc  \n"), word = {0}, nothing = {NULL, 0};
	(void)state;
	assert_true(slice_word(&rest, &word) && slice_is(word, "a"));
	assert_true(slice_word(&rest, &word) && slice_is(word, "bc"));
	assert_false(slice_word(&rest, &word));
	assert_int_equal(word.len, 0);
	assert_false(slice_word(&nothing, &word));
}

static void strbuf_grows_and_shrinks(void **state)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	(void)state;
	assert_int_equal(strbuf_slice(&b).len, 0);
	strbuf_truncate(&b, 0);
	strbuf_drop_front(&b, 0);
	for (int i = 0; i < 500; i++)
		strbuf_printf(&b, "%d,", i);
	assert_true(slice_starts_with(strbuf_slice(&b), "0,1,2,"));
	assert_true(slice_ends_with(strbuf_slice(&b), "498,499,"));
	strbuf_drop_front(&b, 4);
	strbuf_truncate(&b, 3);
	assert_string_equal(b.ptr, "2,3");
	strbuf_printf(&b, "%0300d", 7);
	assert_int_equal(b.len, 303);
	char *mine = strbuf_steal(&b);
	assert_int_equal(strlen(mine), 303);
	assert_null(b.ptr);
	free(mine);
	mine = strbuf_steal(&b);
	assert_string_equal(mine, "");
	free(mine);
	strbuf_puts(&b, "secret");
	strbuf_wipe(&b);
	assert_null(b.ptr);
}

static void utf8_is_checked(void **state)
{
	static const struct {
		const char *bytes;
		int32_t first;
		size_t taken, count;
	} cases[] = {
		{"a", 'a', 1, 1},
		{"\xC3\xA9x", 0xE9, 2, 2},
		{"\xE6\x97\xA5", 0x65E5, 3, 1},
		{"\xF0\x9F\x98\x80", 0x1F600, 4, 1},
		{"\xC0\xAF", -1, 1, 2},		/* overlong */
		{"\xE0\x80\x80", -1, 1, 3},	/* overlong */
		{"\xED\xA0\x80", -1, 1, 3},	/* a surrogate */
		{"\xF4\x90\x80\x80", -1, 1, 4}, /* above U+10FFFF */
		{"\xE6\x97", -1, 1, 2},		/* cut short */
		{"\x80", -1, 1, 1},
		{"\xFF", -1, 1, 1},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct slice s = slice_from(cases[i].bytes);
		assert_int_equal(utf8_count(s), cases[i].count);
		size_t before = s.len;
		assert_int_equal(utf8_next(&s), cases[i].first);
		assert_int_equal(before - s.len, cases[i].taken);
	}
	for (uint32_t cp = 1; cp < 0x110000; cp += 61) {
		CLEANUP(strbuf_release) struct strbuf b = {0};
		if (cp >= 0xD800 && cp < 0xE000)
			continue;
		utf8_put(&b, cp);
		struct slice s = strbuf_slice(&b);
		assert_int_equal(utf8_next(&s), cp);
		assert_int_equal(s.len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices),
		cmocka_unit_test(split_gives_each_part),
		cmocka_unit_test(words_between_white_space),
		cmocka_unit_test(strbuf_grows_and_shrinks),
		cmocka_unit_test(utf8_is_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
