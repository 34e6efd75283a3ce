/* Inode flags of the machine and of check mode: what the overlay says it would
 * set it says afterwards, and the machine is not touched. */
#include "bed.h"

#include <linux/fs.h>
#include <sys/stat.h>

static int set(struct bed *b, struct host *h, const char *name, uint32_t flags)
{
	return h->ops->set_flags(h, bed_path(b, name), flags, &b->err);
}

static int get(struct bed *b, struct host *h, const char *name, uint32_t *ret)
{
	return h->ops->flags(h, bed_path(b, name), ret, &b->err);
}

static void predicted_and_set(void **state)
{
	struct bed *b = *state;
	uint32_t now = 0, then = 0;
	bed_put(b, "f", "x", 0644);
	int r = get(b, b->real, "f", &now);
	if (r == ERR_UNSUPPORTED)
		skip(); /* this file system has none */
	assert_ok(b, r);
	assert_ok(b, set(b, b->overlay, "f", now | FS_NODUMP_FL));
	assert_ok(b, get(b, b->overlay, "f", &then));
	assert_int_equal(then, now | FS_NODUMP_FL);
	assert_ok(b, get(b, b->real, "f", &then));
	assert_int_equal(then, now);
	assert_ok(b, set(b, b->real, "f", now | FS_NODUMP_FL));
	assert_ok(b, get(b, b->real, "f", &then));
	assert_true(then & FS_NODUMP_FL);
}

static void of_a_new_file(void **state)
{
	struct bed *b = *state;
	uint32_t now = 1;
	struct host_write w = {.content = SLICE_LIT("x"), .attr = HOST_ATTR_KEEP};
	assert_ok(b, b->overlay->ops->write(b->overlay, bed_path(b, "new"), &w, &b->err));
	assert_ok(b, get(b, b->overlay, "new", &now));
	assert_int_equal(now, 0);
	assert_int_equal(get(b, b->real, "new", &now), ERR_SYS);
	assert_int_equal(get(b, b->overlay, "absent", &now), ERR_NOT_FOUND);
	assert_int_equal(set(b, b->overlay, "absent", 0), ERR_NOT_FOUND);
}

/* A command may make it: then it begins without flags. */
static void of_what_may_come(void **state)
{
	struct bed *b = *state;
	uint32_t now = 1;
	host_overlay_assume(b->overlay, "a command would run");
	assert_ok(b, get(b, b->overlay, "later", &now));
	assert_int_equal(now, 0);
	assert_ok(b, set(b, b->overlay, "later", FS_NODUMP_FL));
	assert_ok(b, get(b, b->overlay, "later", &now));
	assert_int_equal(now, FS_NODUMP_FL);
}

static void of_what_has_none(void **state)
{
	struct bed *b = *state;
	uint32_t now = 1;
	assert_int_equal(mkfifo(bed_path(b, "pipe"), 0644), 0);
	assert_int_equal(get(b, b->real, "pipe", &now), ERR_UNSUPPORTED);
	assert_int_equal(set(b, b->real, "pipe", 0), ERR_UNSUPPORTED);
	assert_int_equal(b->real->ops->flags(b->real, "/proc/self/status", &now, &b->err),
			 ERR_UNSUPPORTED);
	assert_int_equal(now, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(predicted_and_set, bed_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(of_a_new_file, bed_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(of_what_may_come, bed_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(of_what_has_none, bed_setup, bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
