/* Host text cannot command the terminal; columns are counted as it counts. */
#include "rollout/base/file.h"
#include "rollout/report/visible.h"

#include <locale.h>
#include <setjmp.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static const struct {
	const char *in, *text, *line;
} shown[] = {
	{"plain", "plain", "plain"},
	{"a\nb\tc", "a\nb\tc", "a\\nb c"},
	{"\033[2J\a", "^[[2J^G", "^[[2J^G"},
	{"\033]0;title\007", "^[]0;title^G", "^[]0;title^G"},
	{"dos\r\nline\r", "dos\nline^M", "dos\\nline^M"},
	{"\x7f", "^?", "^?"},
	{"\xc2\x9b"
	 "31m",
	 "\\u009b31m", "\\u009b31m"},
	{"\xe2\x80\xae"
	 "evil",
	 "\\u202eevil", "\\u202eevil"},
	{"\xff\xc3", "\\xff\\xc3", "\\xff\\xc3"},
	{"größe 日本", "größe 日本", "größe 日本"},
	{"", "", ""},
};

static void test_shown(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
		CLEANUP(strbuf_release) struct strbuf text = {0}, line = {0};
		visible_text(&text, slice_from(shown[i].in));
		visible_line(&line, slice_from(shown[i].in));
		assert_string_equal(strbuf_slice(&text).ptr, shown[i].text);
		assert_string_equal(strbuf_slice(&line).ptr, shown[i].line);
	}
}

static const struct {
	const char *in;
	unsigned columns;
	const char *out;
} fits[] = {
	{"abc", 3, "abc"},	{"abcd", 3, "ab…"},   {"日本語", 6, "日本語"},
	{"日本語", 5, "日本…"}, {"日本語", 4, "日…"}, {"e\xcc\x81x", 2, "e\xcc\x81x"},
	{"abc", 1, "…"},	{"abc", 0, ""},
};

static void test_fit(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(fits); i++) {
		CLEANUP(strbuf_release) struct strbuf out = {0};
		visible_fit(&out, slice_from(fits[i].in), fits[i].columns);
		assert_string_equal(strbuf_slice(&out).ptr, fits[i].out);
		assert_true(visible_columns(strbuf_slice(&out)) <= fits[i].columns);
	}
}

static void test_place(void **state UNUSED)
{
	CLEANUP(strbuf_release) struct strbuf b = {0}, path = {0};
	char cwd[4096];
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	strbuf_printf(&path, "%s/roles/x.yml", cwd);
	visible_place(&b, (struct srcloc){path.ptr, 3, 7});
	assert_string_equal(b.ptr, "roles/x.yml:3:7");
	strbuf_truncate(&b, 0);
	visible_place(&b, (struct srcloc){"/else\033where", 3, 0});
	assert_string_equal(b.ptr, "/else^[where:3");
	assert_string_equal(path_from_here(cwd), cwd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shown),
		cmocka_unit_test(test_fit),
		cmocka_unit_test(test_place),
	};
	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
