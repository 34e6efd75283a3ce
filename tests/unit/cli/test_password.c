/* Passwords from files and from programs. */
#include "scratch.h"

#include "password.h"
#include "rollout/base/file.h"

#include <stdlib.h>

static const struct {
	const char *name, *text;
	mode_t mode;
	const char *password, *error;
} cases[] = {
	{"file", "secret word\nmore\n", 0600, "secret word", NULL},
	{"dos", "word\r\n", 0600, "word", NULL},
	{"empty", "\nx\n", 0600, NULL, "first line is empty"},
	{"program", "#!/bin/sh\necho \"from $#\"\n", 0700, "from 0", NULL},
	{"failing", "#!/bin/sh\necho x; exit 3\n", 0700, NULL, "failing failed with status 3"},
	{"silent", "#!/bin/sh\n", 0700, NULL, "first line is empty"},
	{"endless", "#!/bin/sh\nexec yes\n", 0700, NULL, "more than"},
	{"none", NULL, 0, NULL, "No such file"},
};

static void test_sources(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(free_ptr) char *path = path_join(scratch, cases[i].name);
		CLEANUP(strbuf_wipe) struct strbuf got = {0};
		struct err err = {0};
		const char *text = cases[i].text;
		if (text)
			assert_int_equal(
				file_write_atomic(path, text, strlen(text), cases[i].mode, &err),
				0);
		int r = password_read_file(path, &got, &err);
		if (cases[i].error) {
			assert_true(r < 0);
			assert_int_equal(got.len, 0);
			if (!strstr(err.msg, cases[i].error))
				fail_msg("%s: %s", cases[i].name, err.msg);
		} else {
			if (r < 0)
				fail_msg("%s: %s", cases[i].name, err.msg);
			assert_string_equal(got.ptr, cases[i].password);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_sources)};
	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
