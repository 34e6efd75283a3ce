/* chattr's letters, and flags under the overlay of check mode. */
#include "path/file_flags.h"

#include "fake_host.h"
#include "test.h"

#include <linux/fs.h>

static const struct {
	const char *text;
	uint32_t now, want;
} changes[] = {
	{"+i", 0, FS_IMMUTABLE_FL},
	{"i", 0, FS_IMMUTABLE_FL},
	{"=i", FS_NODUMP_FL, FS_IMMUTABLE_FL},
	{"+ad", FS_EXTENT_FL, FS_EXTENT_FL | FS_APPEND_FL | FS_NODUMP_FL},
	{"-d", FS_NODUMP_FL | FS_NOATIME_FL, FS_NOATIME_FL},
	{"-i", 0, 0},
	/* What no user sets stays. */
	{"=A", FS_EXTENT_FL | FS_INDEX_FL | FS_APPEND_FL,
	 FS_EXTENT_FL | FS_INDEX_FL | FS_NOATIME_FL},
	{"=", FS_EXTENT_FL | FS_NODUMP_FL, FS_EXTENT_FL},
	{"+", FS_NODUMP_FL, FS_NODUMP_FL},
};

static void letters_change_flags(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		uint32_t got = 0;
		struct err err = {0};
		assert_int_equal(file_flags_parse(changes[i].text, changes[i].now, &got, &err), 0);
		if (got != changes[i].want)
			fail_msg("%s: %x, wanted %x", changes[i].text, got, changes[i].want);
	}
}

static void unknown_letters_are_refused(void **state)
{
	static const char *const wrong[] = {"+Y", "i+", "+i,a", "=i a", "\xff"};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		uint32_t got = 7;
		struct err err = {0};
		assert_int_equal(file_flags_parse(wrong[i], 0, &got, &err), ERR_INVALID);
		assert_int_equal(got, 7);
		assert_non_null(strstr(err.msg, "no attribute"));
	}
}

static void they_read_as_lsattr_has_them(void **state)
{
	(void)state;
	CLEANUP(strbuf_release) struct strbuf text = {0};
	CLEANUP(arena_release) struct arena a = {0};
	file_flags_letters(FS_EXTENT_FL | FS_IMMUTABLE_FL | FS_NODUMP_FL, &text);
	assert_string_equal(text.ptr, "ide");
	const struct value *names = file_flags_names(&a, FS_EXTENT_FL | FS_IMMUTABLE_FL);
	assert_int_equal(names->list.len, 2);
	assert_string_equal(names->list.at[0]->str.ptr, "immutable");
	assert_string_equal(names->list.at[1]->str.ptr, "extents");
}

static const struct value *run(struct trial *t, struct host *host, bool check)
{
	return trial_run(t, host, "file", "{path: /f, attributes: +i}", check);
}

static bool changed(const struct value *result)
{
	const struct value *v = value_get(result, "changed");
	assert_false(value_truthy(value_get(result, "failed")));
	return v && value_truthy(v);
}

static void predicted_applied_and_applied_again(void **state)
{
	(void)state;
	struct fake_host *f = fake_host_new();
	struct trial t = {0};
	fake_file(f, "/f", "x");
	struct host *overlay = host_overlay_new(&f->host);
	assert_true(changed(run(&t, overlay, true)));
	trial_release(&t);
	/* The dry run keeps what it would have set. */
	t = (struct trial){0};
	assert_false(changed(run(&t, overlay, true)));
	trial_release(&t);
	assert_int_equal(f->files[0].flags, 0);
	host_free(overlay);
	t = (struct trial){0};
	assert_true(changed(run(&t, &f->host, false)));
	trial_release(&t);
	assert_int_equal(f->files[0].flags, FS_IMMUTABLE_FL);
	t = (struct trial){0};
	assert_false(changed(run(&t, &f->host, false)));
	trial_release(&t);
	host_free(&f->host);
}

static void selinux_is_refused_where_it_is(void **state)
{
	(void)state;
	struct fake_host *f = fake_host_new();
	struct trial t = {0};
	fake_file(f, "/f", "x");
	const struct value *result =
		trial_run(&t, &f->host, "file", "{path: /f, setype: etc_t}", false);
	assert_false(value_truthy(value_get(result, "failed")));
	trial_release(&t);
	fake_file(f, "/sys/fs/selinux/enforce", "1");
	t = (struct trial){0};
	result = trial_run(&t, &f->host, "file", "{path: /f, setype: etc_t}", false);
	assert_true(value_truthy(value_get(result, "failed")));
	assert_non_null(strstr(result_text(result, "msg"), "setype"));
	trial_release(&t);
	host_free(&f->host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_change_flags),
		cmocka_unit_test(unknown_letters_are_refused),
		cmocka_unit_test(they_read_as_lsattr_has_them),
		cmocka_unit_test(predicted_applied_and_applied_again),
		cmocka_unit_test(selinux_is_refused_where_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
