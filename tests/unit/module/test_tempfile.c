/* tempfile: names that nobody can take before it. */
#include "fake_host.h"
#include "rollout/base/strmap.h"
#include "test.h"

#include <string.h>

static struct strmap asked; /* the names that it looked at */

/* Somebody was there first, whatever the name. */
static int stat_taken(struct host *h UNUSED, struct arena *a UNUSED, const char *path,
		      bool follow UNUSED, struct host_stat *ret, struct err *err UNUSED)
{
	strmap_set(&asked, slice_from(path), &asked);
	*ret = (struct host_stat){.type = HOST_FILE, .mode = 0644};
	return 0;
}

static void test_all_names_are_taken(void **state UNUSED)
{
	struct fake_host *f = fake_host_new();
	struct trial t = {0};
	const struct host_ops *own = f->host.ops;
	struct host_ops ops = *own;
	ops.stat = stat_taken;
	f->host.ops = &ops;
	const struct value *r =
		trial_run(&t, &f->host, "tempfile", "{path: /tmp, prefix: p., suffix: .s}", false);
	assert_true(result_is(r, "failed"));
	assert_non_null(strstr(result_text(r, "msg"), "no free name was found in 100 tries"));
	assert_int_equal(asked.len, 100);
	for (size_t i = 0; i < asked.len; i++) {
		const char *name = asked.entries[i].key.ptr;
		assert_memory_equal(name, "/tmp/p.", 7);
		assert_int_equal(strspn(name + 7, "0123456789abcdef"), 12);
		assert_string_equal(name + 19, ".s");
	}
	assert_int_equal(f->log.len, 0);
	strmap_release(&asked);
	f->host.ops = own;
	trial_release(&t);
	host_free(&f->host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_names_are_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
