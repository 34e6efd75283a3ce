#include "test.h"

#include <errno.h>

static void nothing_is_touched_without_err(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, ERR_INVALID, "x"), ERR_INVALID);
	assert_int_equal(err_wrap(NULL, ERR_LIMIT, "x"), ERR_LIMIT);
	assert_int_equal(err_locate(NULL, ERR_LIMIT, (struct srcloc){0}), ERR_LIMIT);
	assert_int_equal(err_sys(NULL, "x"), ERR_SYS);
}

static void places_and_wrapping(void **state)
{
	struct err e = {0};
	char buf[200];
	struct srcloc at = {srcfile_intern("site.yml"), 3, 7};
	(void)state;
	assert_int_equal(err_set(&e, ERR_INVALID, "bad %s", "port"), ERR_INVALID);
	assert_string_equal(err_format(&e, buf, sizeof(buf)), "bad port");
	err_locate(&e, ERR_INVALID, at);
	err_wrap(&e, ERR_INVALID, "host %s", "web1");
	assert_string_equal(err_format(&e, buf, sizeof(buf)), "site.yml:3:7: host web1: bad port");
	err_locate(&e, ERR_INVALID, (struct srcloc){"other", 1, 1});
	assert_string_equal(e.at.file, "site.yml");
	err_at(&e, ERR_SYNTAX, (struct srcloc){"a", 4, 0}, "x");
	assert_string_equal(err_format(&e, buf, sizeof(buf)), "a:4: x");
	err_at(&e, ERR_SYNTAX, (struct srcloc){"a", 0, 0}, "x");
	assert_string_equal(err_format(&e, buf, sizeof(buf)), "a: x");
	assert_string_equal(err_format(&e, buf, 3), "a:");
}

static void system_errors_end_with_the_reason(void **state)
{
	struct err e = {0};
	(void)state;
	errno = ENOENT;
	assert_int_equal(err_sys(&e, "open %s", "/x"), ERR_SYS);
	assert_string_equal(e.msg, "open /x: No such file or directory");
	assert_int_equal(e.sys, ENOENT);
	assert_int_equal(errno, ENOENT);
}

static void long_messages_are_cut_between_characters(void **state)
{
	struct err e = {0};
	char text[1500] = "";
	(void)state;
	for (size_t i = 0; i + 3 < sizeof(text); i += 2)
		memcpy(text + i, "\xC3\xA9", 3);
	err_set(&e, ERR_INVALID, "%s", text);
	assert_int_equal(strlen(e.msg), sizeof(e.msg) - 2);
	err_wrap(&e, ERR_INVALID, "host");
	err_set(&e, ERR_INVALID, "again: %s", e.msg); /* its own text as an argument */
	assert_true(slice_starts_with(slice_from(e.msg), "again: host: \xC3\xA9"));
	assert_true(strlen(e.msg) < sizeof(e.msg));
}

static void file_names_are_interned(void **state)
{
	char name[] = "roles/x/tasks/main.yml";
	(void)state;
	const char *kept = srcfile_intern(name);
	assert_ptr_not_equal(kept, name);
	assert_ptr_equal(kept, srcfile_intern("roles/x/tasks/main.yml"));
	assert_null(srcfile_intern(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_touched_without_err),
		cmocka_unit_test(places_and_wrapping),
		cmocka_unit_test(system_errors_end_with_the_reason),
		cmocka_unit_test(long_messages_are_cut_between_characters),
		cmocka_unit_test(file_names_are_interned),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
