/* Errors with the line that they are about. */
#include "../test.h"
#include "complaint.h"
#include "rollout/base/file.h"

#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/rollout-complaint-XXXXXX";

static const struct {
	const char *text;
	unsigned line, column, width;
	const char *excerpt;
} cases[] = {
	{"a: 1\nb: {hosts: x}\n", 2, 5, 80, "    2 | b: {hosts: x}\n      |     ^\n"},
	{"first", 1, 1, 80, "    1 | first\n      | ^\n"},
	{"end", 1, 4, 80, "    1 | end\n      |    ^\n"},
	{"\tx\ty", 1, 2, 80, "    1 |         x       y\n      |         ^\n"},
	{"\tx\ty", 1, 4, 80, "    1 |         x       y\n      |                 ^\n"},
	{"größe: 日本 x", 1, 11, 80, "    1 | größe: 日本 x\n      |             ^\n"},
	{"dos\r\nline\r\n", 2, 2, 80, "    2 | line\n      |  ^\n"},
	{"evil \033[2J x", 1, 11, 80, "    1 | evil ^[[2J x\n      |            ^\n"},
	{"no column", 1, 0, 80, "    1 | no column\n"},
	{"short", 7, 1, 80, ""},
	{"", 1, 1, 80, "    1 | \n      | ^\n"},
	{"0123456789012345678901234567890123456789012345678901234567890123456789", 1, 3, 40,
	 "    1 | 0123456789012345678901234567890…\n      |   ^\n"},
	{"0123456789012345678901234567890123456789X12345678901234567890123456789", 1, 41, 40,
	 "    1 | …9012345678901234567890…\n"},
};

static void test_excerpts(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(strbuf_release) struct strbuf out = {0};
		struct err err = {.code = ERR_INVALID,
				  .at = {path, cases[i].line, cases[i].column},
				  .msg = "wrong"};
		assert_int_equal(
			file_write_atomic(path, cases[i].text, strlen(cases[i].text), 0600, NULL),
			0);
		complaint_compose(&out, &err, false, cases[i].width);
		const char *excerpt = strchr(text_of(&out), '\n') + 1;
		if (cases[i].column == 41) { /* scrolled: the caret is under the X */
			const char *caret = strchr(excerpt, '^'),
				   *second = strchr(excerpt, '\n') + 1;
			const char *mark = strchr(excerpt, 'X');
			assert_true(mark && caret && mark < second);
			/* "…" takes three bytes and one column. */
			assert_int_equal(caret - second, mark - excerpt - 2);
			continue;
		}
		assert_string_equal(excerpt, cases[i].excerpt);
	}
}

static void test_heads(void **state UNUSED)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct err err = {
		.code = ERR_INVALID, .at = {"no/such/file", 3, 4}, .msg = "bad \033[31mname"};
	complaint_compose(&out, &err, false, 80);
	assert_string_equal(out.ptr, "rollout: no/such/file:3:4: bad ^[[31mname\n");
	strbuf_truncate(&out, 0);
	err.at.file = NULL;
	complaint_compose(&out, &err, true, 80);
	assert_string_equal(out.ptr, "\033[1;31mrollout:\033[0m bad ^[[31mname\n");
}

static void test_no_color(void **state UNUSED)
{
	setenv("FORCE_COLOR", "1", 1);
	unsetenv("NO_COLOR");
	assert_true(terminal_has_color(-1));
	setenv("NO_COLOR", "1", 1);
	assert_false(terminal_has_color(-1));
	unsetenv("FORCE_COLOR");
	setenv("NO_COLOR", "", 1);
	assert_false(terminal_has_color(-1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_excerpts),
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_no_color),
	};
	setlocale(LC_CTYPE, "C.UTF-8");
	int fd = mkstemp(path);
	int failed = fd < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
	close(fd);
	unlink(path);
	return failed;
}
