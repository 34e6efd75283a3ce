/* Atomic replacement on the machine, and what is left when it fails. */
#include "bed.h"
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int put(struct bed *b, const char *name, struct host_write w)
{
	return b->real->ops->write(b->real, bed_path(b, name), &w, &b->err);
}

static void test_new_file_has_mode_and_content(void **state)
{
	struct bed *b = *state;
	struct host_write w = {.content = SLICE_LIT("hello\n"), .attr = HOST_ATTR_KEEP};
	umask(022);
	assert_ok(b, put(b, "a", w));
	assert_string_equal(bed_text(b, b->real, "a"), "hello\n");
	assert_int_equal(bed_stat(b, b->real, "a").mode, 0644);
	w.attr.mode = 0600;
	assert_ok(b, put(b, "b", w));
	assert_int_equal(bed_stat(b, b->real, "b").mode, 0600);
}

static void test_replacement_keeps_owner_and_mode(void **state)
{
	struct bed *b = *state;
	struct host_write w = {.content = SLICE_LIT("new"), .attr = HOST_ATTR_KEEP};
	bed_put(b, "a", "old", 0640);
	if (geteuid() == 0)
		assert_int_equal(chown(bed_path(b, "a"), 1234, 4321), 0);
	struct host_stat before = bed_stat(b, b->real, "a");
	assert_ok(b, put(b, "a", w));
	struct host_stat after = bed_stat(b, b->real, "a");
	assert_int_equal(after.mode, 0640);
	assert_int_equal(after.uid, before.uid);
	assert_int_equal(after.gid, before.gid);
	assert_true(after.inode != before.inode);
}

static void test_in_place_keeps_the_inode(void **state)
{
	struct bed *b = *state;
	struct host_write w = {
		.content = SLICE_LIT("x"), .attr = HOST_ATTR_KEEP, .unsafe_in_place = true};
	bed_put(b, "a", "longer text", 0644);
	uint64_t inode = bed_stat(b, b->real, "a").inode;
	assert_ok(b, put(b, "a", w));
	assert_int_equal(bed_stat(b, b->real, "a").inode, inode);
	assert_string_equal(bed_text(b, b->real, "a"), "x");
}

/* Who may not read the new content could not while it was written: seen where that
 * stops half-way. */
static void test_in_place_is_narrow_before_the_content(void **state)
{
	struct bed *b = *state;
	static char big[1 << 17];
	struct rlimit was, small;
	struct host_write w = {
		.content = {big, sizeof(big)}, .attr = HOST_ATTR_KEEP, .unsafe_in_place = true};
	memset(big, 's', sizeof(big));
	w.attr.mode = 0600;
	bed_put(b, "a", "old", 0644);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = (struct rlimit){1 << 16, was.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int r = put(b, "a", w), sys = b->err.sys;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(r, ERR_SYS);
	assert_int_equal(sys, EFBIG);
	assert_int_equal(bed_stat(b, b->real, "a").mode, 0600);
	assert_ok(b, put(b, "a", w));
	assert_int_equal(bed_stat(b, b->real, "a").mode, 0600);
	assert_int_equal(bed_stat(b, b->real, "a").size, sizeof(big));
}

/* While the content comes, somebody puts something else in the file's place. */
struct swap {
	const char *path;
	int (*put)(const char *path);
	unsigned pieces;
};

static int next_and_swap(void *self, struct slice *ret, struct err *err)
{
	struct swap *s = self;
	(void)err;
	*ret = s->pieces++ == 0 ? SLICE_LIT("new") : (struct slice){0};
	return ret->len > 0 ? 0 : s->put(s->path);
}

static int put_fifo(const char *path)
{
	return unlink(path) == 0 ? mkfifo(path, 0600) : -1;
}

static int put_other_file(const char *path)
{
	char other[200];
	snprintf(other, sizeof(other), "%s.other", path);
	return rename(other, path);
}

static void test_in_place_of_what_was_looked_at(void **state)
{
	struct bed *b = *state;
	int (*const puts[])(const char *) = {put_fifo, put_other_file};
	for (size_t i = 0; i < ARRAY_LEN(puts); i++) {
		struct swap s = {bed_path(b, "a"), puts[i], 0};
		const struct host_stream stream = {.self = &s, .next = next_and_swap};
		const struct host_write w = {
			.stream = &stream, .attr = HOST_ATTR_KEEP, .unsafe_in_place = true};
		unlink(s.path);
		bed_put(b, "a", "old", 0644);
		bed_put(b, "a.other", "other", 0600);
		b->err = (struct err){0};
		assert_int_equal(put(b, "a", w), ERR_INVALID);
		assert_non_null(strstr(b->err.msg, "another file was put in its place"));
	}
	assert_string_equal(bed_text(b, b->real, "a"), "other");
}

static void test_symlink_is_replaced_not_followed(void **state)
{
	struct bed *b = *state;
	struct host_write w = {.content = SLICE_LIT("new"), .attr = HOST_ATTR_KEEP};
	bed_put(b, "target", "untouched", 0644);
	assert_int_equal(symlink("target", bed_path(b, "link")), 0);
	assert_ok(b, put(b, "link", w));
	assert_int_equal(bed_stat(b, b->real, "link").type, HOST_FILE);
	assert_string_equal(bed_text(b, b->real, "target"), "untouched");
}

static void test_validate_decides(void **state)
{
	struct bed *b = *state;
	struct host_write w = {.content = SLICE_LIT("good\n"),
			       .attr = HOST_ATTR_KEEP,
			       .validate = "grep -q good %s"};
	assert_ok(b, put(b, "a", w));
	w.content = SLICE_LIT("bad\n");
	assert_int_equal(put(b, "a", w), ERR_INVALID);
	assert_non_null(strstr(b->err.msg, "failed to validate: rc:1"));
	assert_string_equal(bed_text(b, b->real, "a"), "good\n");
	assert_int_equal(bed_count(b, "."), 1);
	w.validate = "true";
	assert_int_equal(put(b, "a", w), ERR_INVALID);
	w.validate = "no-such-program-here %s";
	assert_int_equal(put(b, "a", w), ERR_NOT_FOUND);
	assert_int_equal(bed_count(b, "."), 1);
}

/* Who is killed while a validator looks leaves the old file, and no other. */
static void test_killed_in_validate(void **state)
{
	struct bed *b = *state;
	const char *begun = bed_path(b, "../begun");
	char command[256];
	snprintf(command, sizeof(command), "sh -c 'touch %s.%d; sleep 600' %%s", begun, getpid());
	struct host_write w = {
		.content = SLICE_LIT("new"), .attr = HOST_ATTR_KEEP, .validate = command};
	bed_put(b, "a", "old", 0644);
	pid_t pid = fork();
	if (pid == 0) {
		put(b, "a", w);
		_exit(0);
	}
	char mark[256];
	snprintf(mark, sizeof(mark), "%s.%d", begun, getpid());
	for (int i = 0; i < PATIENCE_MS / 10 && access(mark, F_OK) < 0; i++)
		usleep(10000);
	assert_int_equal(access(mark, F_OK), 0);
	assert_int_equal(bed_count(b, "."), 2);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (int i = 0; i < PATIENCE_MS / 10 && bed_count(b, ".") > 1; i++)
		usleep(10000);
	unlink(mark);
	assert_int_equal(bed_count(b, "."), 1);
	assert_string_equal(bed_text(b, b->real, "a"), "old");
}

static void test_what_cannot_be_read(void **state)
{
	static const struct {
		const char *name;
		int code;
		const char *message;
	} cases[] = {
		{"dir", ERR_INVALID, "dir is a directory"},
		{"fifo", ERR_INVALID, "fifo is not a regular file"},
		{"none", ERR_NOT_FOUND, "none: No such file or directory"},
		{"file/x", ERR_NOT_FOUND, "file/x: No such file or directory"},
	};
	struct bed *b = *state;
	bed_put(b, "file", "x", 0644);
	assert_int_equal(mkdir(bed_path(b, "dir"), 0755), 0);
	assert_int_equal(mkfifo(bed_path(b, "fifo"), 0644), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(strbuf_release) struct strbuf out = {0};
		const char *path = bed_path(b, cases[i].name);
		assert_int_equal(b->real->ops->read(b->real, path, 100, &out, &b->err),
				 cases[i].code);
		assert_non_null(strstr(b->err.msg, cases[i].message));
	}
}

static void test_errors_leave_nothing(void **state)
{
	struct bed *b = *state;
	struct host_write w = {.content = SLICE_LIT("x"), .attr = HOST_ATTR_KEEP};
	assert_int_equal(put(b, "no/such/folder", w), ERR_SYS);
	assert_int_equal(b->err.sys, ENOENT);
	assert_int_equal(mkdir(bed_path(b, "dir"), 0755), 0);
	assert_int_equal(put(b, "dir", w), ERR_SYS);
	assert_int_equal(b->err.sys, EISDIR);
	w.source_path = "/no/such/source";
	assert_int_equal(put(b, "a", w), ERR_NOT_FOUND);
	assert_int_equal(bed_count(b, "."), 1);
}

/* A file system of one page stands for a full disk. */
static void test_full_disk(void **state)
{
	struct bed *b = *state;
	static char big[1 << 20];
	char want[256];
	memset(big, 'x', sizeof(big));
	assert_int_equal(mkdir(bed_path(b, "full"), 0755), 0);
	if (mount("none", bed_path(b, "full"), "tmpfs", 0, "size=65536") < 0)
		skip();
	struct host_write w = {.content = {"old", 3}, .attr = HOST_ATTR_KEEP};
	assert_ok(b, put(b, "full/a", w));
	w.content = (struct slice){big, sizeof(big)};
	int r = put(b, "full/a", w);
	const char *text = bed_text(b, b->real, "full/a");
	size_t left = bed_count(b, "full");
	umount(bed_path(b, "full"));
	assert_int_equal(r, ERR_SYS);
	snprintf(want, sizeof(want), "write %s/full/a: No space left on device", b->root);
	assert_string_equal(b->err.msg, want);
	assert_string_equal(text, "old");
	assert_int_equal(left, 1);
}

/* In place the old content goes only when there is room for the new. */
static void test_full_disk_in_place(void **state)
{
	struct bed *b = *state;
	static char big[1 << 20];
	memset(big, 'x', sizeof(big));
	assert_int_equal(mkdir(bed_path(b, "full"), 0755), 0);
	if (mount("none", bed_path(b, "full"), "tmpfs", 0, "size=65536") < 0)
		skip();
	struct host_write w = {
		.content = {"old", 3}, .attr = HOST_ATTR_KEEP, .unsafe_in_place = true};
	assert_ok(b, put(b, "full/a", w));
	w.content = (struct slice){big, sizeof(big)};
	int r = put(b, "full/a", w), sys = b->err.sys;
	const char *text = bed_text(b, b->real, "full/a");
	umount(bed_path(b, "full"));
	assert_int_equal(r, ERR_SYS);
	assert_int_equal(sys, ENOSPC);
	assert_string_equal(text, "old");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_new_file_has_mode_and_content, bed_setup,
						bed_teardown),
		cmocka_unit_test_setup_teardown(test_replacement_keeps_owner_and_mode, bed_setup,
						bed_teardown),
		cmocka_unit_test_setup_teardown(test_in_place_keeps_the_inode, bed_setup,
						bed_teardown),
		cmocka_unit_test_setup_teardown(test_in_place_is_narrow_before_the_content,
						bed_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_in_place_of_what_was_looked_at, bed_setup,
						bed_teardown),
		cmocka_unit_test_setup_teardown(test_symlink_is_replaced_not_followed, bed_setup,
						bed_teardown),
		cmocka_unit_test_setup_teardown(test_validate_decides, bed_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_killed_in_validate, bed_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_what_cannot_be_read, bed_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_errors_leave_nothing, bed_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_full_disk, bed_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_full_disk_in_place, bed_setup, bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
