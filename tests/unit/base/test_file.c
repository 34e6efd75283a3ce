#include "rollout/base/file.h"

#include "rollout/base/clock.h"
#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/rollout-file-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	CLEANUP(strbuf_release) struct strbuf command = {0};
	(void)state;
	strbuf_printf(&command, "rm -rf '%s'", folder);
	return system(command.ptr);
}

static void written_files_read_back(void **state)
{
	CLEANUP(free_ptr) char *path = path_join(folder, "a");
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct err e = {0};
	struct stat st;
	(void)state;
	assert_int_equal(file_write_atomic(path, "one", 3, 0640, &e), 0);
	assert_int_equal(file_write_atomic(path, "two!", 4, 0604, &e), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0604);
	strbuf_puts(&text, ">");
	assert_int_equal(file_read(path, 4, &text, &e), 0);
	assert_string_equal(text.ptr, ">two!");
	assert_int_equal(file_read(path, 3, &text, &e), ERR_LIMIT);
	assert_string_equal(text.ptr, ">two!");
	assert_non_null(strstr(e.msg, path));
	assert_non_null(strstr(e.msg, "larger than 3 bytes"));
}

static void a_failed_write_leaves_nothing(void **state)
{
	CLEANUP(free_ptr) char *dir = path_join(folder, "d");
	CLEANUP(free_ptr) char *inside = path_join(dir, "x");
	struct err e = {0};
	(void)state;
	assert_int_equal(file_write_atomic(inside, "x", 1, 0600, &e), ERR_SYS);
	assert_non_null(strstr(e.msg, "No such file"));
	assert_int_equal(dir_create_all(inside, 0700, &e), 0);
	assert_int_equal(file_write_atomic(inside, "x", 1, 0600, &e), ERR_SYS);
	DIR *d = opendir(dir);
	int entries = 0;
	while (readdir(d))
		entries++;
	closedir(d);
	assert_int_equal(entries, 3); /* . .. x */
}

static void folders_are_made_on_the_way(void **state)
{
	CLEANUP(strbuf_release) struct strbuf path = {0};
	struct err e = {0};
	struct stat st;
	(void)state;
	strbuf_printf(&path, "%s/p//q/r/", folder);
	assert_int_equal(dir_create_all(path.ptr, 0750, &e), 0);
	assert_int_equal(dir_create_all(path.ptr, 0700, &e), 0);
	assert_int_equal(stat(path.ptr, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	strbuf_puts(&path, "file");
	assert_int_equal(file_write_atomic(path.ptr, "", 0, 0600, &e), 0);
	strbuf_puts(&path, "/below");
	assert_int_equal(dir_create_all(path.ptr, 0700, &e), ERR_SYS);
	assert_int_equal(dir_create_all("", 0700, &e), ERR_SYS);
}

static void paths(void **state)
{
	static const struct {
		const char *path, *dir, *base;
	} cases[] = {
		{"a", ".", "a"},	 {"a/b", "a", "b"},  {"/a", "/", "a"},
		{"/", "/", "/"},	 {"a/b/", "a", "b"}, {"a//b//", "a", "b"},
		{"/a/b/c", "/a/b", "c"}, {"", ".", ""},	     {"//", "/", "/"},
	};
	static const char *const joins[][3] = {
		{"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"a", "/b", "/b"},
		{"", "b", "b"},	   {"/", "b", "/b"},
	};
	static const char *const homes[][2] = {
		{"~", "/h"}, {"~/x", "/h/x"}, {"~user/x", "~user/x"}, {"a/~", "a/~"}, {"", ""},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_true(slice_is(path_dirname(cases[i].path), cases[i].dir));
		assert_true(slice_is(path_basename(cases[i].path), cases[i].base));
	}
	for (size_t i = 0; i < ARRAY_LEN(joins); i++) {
		CLEANUP(free_ptr) char *got = path_join(joins[i][0], joins[i][1]);
		assert_string_equal(got, joins[i][2]);
	}
	for (size_t i = 0; i < ARRAY_LEN(homes); i++) {
		CLEANUP(free_ptr) char *got = path_expand_home(homes[i][0], "/h");
		assert_string_equal(got, homes[i][1]);
	}
}

static void clocks(void **state)
{
	(void)state;
	int64_t before = clock_now_ms();
	assert_true(clock_now_ms() >= before);
	assert_true(clock_realtime_us() > INT64_C(1600000000) * 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_files_read_back),
		cmocka_unit_test(a_failed_write_leaves_nothing),
		cmocka_unit_test(folders_are_made_on_the_way),
		cmocka_unit_test(paths),
		cmocka_unit_test(clocks),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
