/* stat, slurp, find, tempfile: what they return. */
#include "file_bed.h"

#include <unistd.h>

static bool is(const struct value *r, const char *key, const char *text)
{
	const struct value *v = value_get(r, key);
	if (v && !value_is_str(v, text))
		print_message("%s: %.*s\n", key, SLICE_ARG(v->str));
	return v && value_is_str(v, text);
}

static bool truth(const struct value *r, const char *key)
{
	const struct value *v = value_get(r, key);
	assert_non_null(v);
	return value_truthy(v);
}

static void test_stat(void **state)
{
	struct file_bed *b = *state;
	file_bed_shell(b, "echo hello >f; chmod 4750 f; ln -s f l; mkdir d");
	const struct value *s =
		value_get(file_bed_run(b, b->real, "stat",
				       "{\"path\": \"@/f\", \"checksum_algorithm\": \"sha256\"}"),
			  "stat");
	assert_true(truth(s, "exists") && truth(s, "isreg") && truth(s, "isuid"));
	assert_false(truth(s, "isdir") || truth(s, "islnk") || truth(s, "roth"));
	assert_true(is(s, "mode", "4750"));
	assert_true(is(s, "checksum",
		       "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"));
	assert_int_equal(value_get(s, "size")->integer, 6);
	s = value_get(file_bed_run(b, b->real, "stat", "{\"path\": \"@/l\"}"), "stat");
	assert_true(truth(s, "islnk"));
	assert_true(is(s, "lnk_target", "f"));
	assert_true(is(s, "lnk_source", arena_printf(&b->arena, "%s/f", b->root)));
	assert_null(value_get(s, "checksum"));
	s = value_get(file_bed_run(b, b->real, "stat", "{\"path\": \"@/l\", \"follow\": true}"),
		      "stat");
	assert_true(truth(s, "isreg"));
	s = value_get(file_bed_run(b, b->real, "stat", "{\"path\": \"@/none\"}"), "stat");
	assert_int_equal(s->dict.len, 1);
	assert_false(truth(s, "exists"));
}

static void test_slurp(void **state)
{
	struct file_bed *b = *state;
	file_bed_shell(b, "printf 'a\\000b' >f");
	const struct value *r = file_bed_run(b, b->real, "slurp", "{\"src\": \"@/f\"}");
	assert_true(is(r, "content", "YQBi"));
	assert_true(is(r, "encoding", "base64"));
	r = file_bed_run(b, b->real, "slurp", "{\"src\": \"@/none\"}");
	assert_true(truth(r, "failed"));
	struct host *o = host_overlay_new(b->real);
	host_overlay_assume(o, "a command would run");
	r = file_bed_run(b, o, "slurp", "{\"src\": \"@/none\"}");
	assert_false(truth(r, "failed"));
	assert_true(truth(r, "_unknown"));
	host_free(o);
}

static int64_t matched(struct file_bed *b, const char *args)
{
	return value_get(file_bed_run(b, b->real, "find", args), "matched")->integer;
}

static void test_find(void **state)
{
	struct file_bed *b = *state;
	file_bed_shell(b,
		       "mkdir -p d/e; echo x >d/a.conf; echo yy >d/e/b.conf; touch d/.h d/c.txt; "
		       "touch -d '3 days ago' d/old.txt");
	assert_int_equal(matched(b, "{\"paths\": \"@/d\"}"), 3);
	assert_int_equal(matched(b, "{\"paths\": \"@/d\", \"patterns\": \"*.conf\"}"), 1);
	assert_int_equal(
		matched(b, "{\"paths\": \"@/d\", \"patterns\": \"*.conf\", \"recurse\": true}"), 2);
	assert_int_equal(matched(b, "{\"paths\": \"@/d\", \"hidden\": true}"), 4);
	assert_int_equal(matched(b, "{\"paths\": \"@/d\", \"file_type\": \"directory\"}"), 1);
	assert_int_equal(matched(b, "{\"paths\": \"@/d\", \"file_type\": \"any\"}"), 4);
	assert_int_equal(matched(b, "{\"paths\": \"@/d\", \"age\": \"2d\"}"), 1);
	assert_int_equal(matched(b, "{\"paths\": \"@/d\", \"age\": \"-2d\"}"), 2);
	assert_int_equal(matched(b, "{\"paths\": \"@/d\", \"size\": \"2\", \"recurse\": true}"), 2);
	assert_int_equal(
		matched(b, "{\"paths\": \"@/d\", \"contains\": \"y+\", \"recurse\": true}"), 1);
	assert_int_equal(matched(b, "{\"paths\": \"@/d\", \"patterns\": \"^[ab]\", \"use_regex\": "
				    "true, \"recurse\": true}"),
			 2);
	assert_int_equal(matched(b, "{\"paths\": \"@/d\", \"excludes\": \"*.txt\"}"), 1);
	assert_int_equal(matched(b, "{\"paths\": \"@/none\"}"), 0);
}

static void test_tempfile(void **state)
{
	struct file_bed *b = *state;
	const struct value *r = file_bed_run(b, b->real, "tempfile",
					     "{\"path\": \"@\", \"state\": \"directory\", "
					     "\"prefix\": \"p-\", \"suffix\": \".d\"}");
	assert_true(is(r, "mode", "0700"));
	file_bed_shell(b, "[ -d p-*.d ]");
	r = file_bed_run(b, b->real, "tempfile", "{\"path\": \"@\"}");
	assert_true(is(r, "mode", "0600"));
	file_bed_shell(b, "[ -f ansible.* ]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_stat, file_bed_setup, file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_slurp, file_bed_setup, file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_find, file_bed_setup, file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_tempfile, file_bed_setup, file_bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
