/* Atomic replacement on the machine, and what is left when it fails. */
#include "bed.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
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
		cmocka_unit_test_setup_teardown(test_symlink_is_replaced_not_followed, bed_setup,
						bed_teardown),
		cmocka_unit_test_setup_teardown(test_validate_decides, bed_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_errors_leave_nothing, bed_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_full_disk, bed_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_full_disk_in_place, bed_setup, bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
