#include "rollout/base/file.h"

#include "rollout/base/clock.h"
#include "scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void the_umask_is_kept(void **state)
{
	(void)state;
	mode_t before = umask(0137);
	assert_int_equal(process_umask(), 0137);
	assert_int_equal(umask(before), 0137);
}

static void room_of_a_file_system(void **state)
{
	uint64_t room = UINT64_MAX;
	CLEANUP(fd_close) int fd = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)state;
	assert_true(fd_has_room(fd, 0, &room));
	assert_false(fd_has_room(fd, UINT64_MAX, &room));
	assert_true(room < UINT64_MAX);
	assert_true(fd_has_room(-1, UINT64_MAX, &room)); /* it cannot tell */
}

static void written_files_read_back(void **state)
{
	CLEANUP(free_ptr) char *path = path_join(scratch, "a");
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
	CLEANUP(free_ptr) char *dir = path_join(scratch, "d");
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

static bool is_ours(const char *name)
{
	return strncmp(name, "part-", 5) == 0;
}

static void remove_any(const char *path)
{
	if (unlink(path) < 0)
		rmdir(path);
}

/* A file or folder of that age; its fd. */
static int make_old(const char *dir, const char *name, bool folder, time_t age_s)
{
	CLEANUP(free_ptr) char *path = path_join(dir, name);
	struct timespec times[2] = {{.tv_sec = time(NULL) - age_s}, {.tv_sec = time(NULL) - age_s}};
	if (folder)
		assert_int_equal(mkdir(path, 0700), 0);
	int fd = open(path, (folder ? O_RDONLY : O_RDWR | O_CREAT) | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(futimens(fd, times), 0);
	return fd;
}

static void what_nobody_claims_is_removed(void **state)
{
	static const struct {
		const char *name;
		bool folder, claimed, closed, stays;
		time_t age_s;
	} cases[] = {
		{"part-gone", false, true, true, false, 3600},
		{"part-unclaimed", false, false, true, false, 3600},
		{"part-folder", true, true, true, false, 3600},
		{"part-young", false, false, true, true, 0},
		{"part-claimed", false, true, false, true, 3600},
		{"part-claimed-folder", true, true, false, true, 3600},
		{"other", false, false, true, true, 3600},
	};
	CLEANUP(free_ptr) char *dir = path_join(scratch, "left");
	int fds[ARRAY_LEN(cases)];
	struct stat st;
	(void)state;
	assert_int_equal(mkdir(dir, 0700), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		fds[i] = make_old(dir, cases[i].name, cases[i].folder, cases[i].age_s);
		if (cases[i].claimed)
			fd_claim(fds[i]);
		if (cases[i].closed)
			fd_close(&fds[i]);
	}
	leftovers_remove(&(struct leftovers){dir, is_ours, remove_any});
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(free_ptr) char *path = path_join(dir, cases[i].name);
		assert_int_equal(stat(path, &st) == 0, cases[i].stays);
		fd_close(&fds[i]);
	}
}

static void folders_are_made_on_the_way(void **state)
{
	CLEANUP(strbuf_release) struct strbuf path = {0};
	struct err e = {0};
	struct stat st;
	(void)state;
	strbuf_printf(&path, "%s/p//q/r/", scratch);
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

static void paths_without_detours(void **state)
{
	static const char *const cases[][2] = {
		{"a//b/../c", "a/c"}, {"/a/b/../../c", "/c"}, {"/..", "/"}, {"../a/..", ".."},
		{"a/..", "."},	      {"./a/.", "a"},	      {"", "."},    {"../../a", "../../a"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(strbuf_release) struct strbuf got = {0};
		path_normalize(&got, slice_from(cases[i][0]));
		assert_string_equal(got.ptr, cases[i][1]);
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
		cmocka_unit_test(what_nobody_claims_is_removed),
		cmocka_unit_test(folders_are_made_on_the_way),
		cmocka_unit_test(the_umask_is_kept),
		cmocka_unit_test(room_of_a_file_system),
		cmocka_unit_test(paths),
		cmocka_unit_test(paths_without_detours),
		cmocka_unit_test(clocks),
	};
	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
