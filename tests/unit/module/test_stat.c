/* stat, slurp, find, tempfile: what they return. */
#include "file_bed.h"

#include <errno.h>
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
	/* What is larger goes in pieces; here there is nobody who takes them. */
	file_bed_shell(b, "truncate -s 524288 f; truncate -s 524289 g");
	r = file_bed_run(b, b->real, "slurp", "{\"src\": \"@/f\"}");
	assert_false(truth(r, "failed"));
	r = file_bed_run(b, b->real, "slurp", "{\"src\": \"@/g\"}");
	assert_true(truth(r, "failed"));
	assert_non_null(strstr(value_get(r, "msg")->str.ptr, "/g is larger than 512 KB"));
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
	/* Larger than what is held at once: in the first part, across two, in the last. */
	file_bed_shell(b, "mkdir l; seq 1 400000 >l/seq");
	assert_int_equal(matched(b, "{\"paths\": \"@/l\", \"contains\": \"77$\"}"), 1);
	assert_int_equal(matched(b, "{\"paths\": \"@/l\", \"contains\": \"400000\"}"), 1);
	assert_int_equal(matched(b, "{\"paths\": \"@/l\", \"contains\": \"400001\"}"), 0);
	for (int i = 165000; i < 165100; i++) /* about 1 MB from the start */
		assert_int_equal(matched(b, arena_printf(&b->arena,
							 "{\"paths\": \"@/l\", \"contains\": "
							 "\"%d$\"}",
							 i)),
				 1);
}

/* Who may not read one folder still finds what is in the others. */
static void test_find_forbidden(void **state)
{
	struct file_bed *b = *state;
	if (geteuid() == 0)
		skip();
	file_bed_shell(b, "mkdir -p d/a d/b; touch d/a/x d/b/x; chmod 0 d/a");
	const struct value *r =
		file_bed_run(b, b->real, "find", "{\"paths\": \"@/d\", \"recurse\": true}");
	file_bed_shell(b, "chmod 700 d/a");
	assert_int_equal(value_get(r, "matched")->integer, 1);
	assert_int_equal(value_get(r, "skipped_paths")->dict.len, 1);
}

/* What goes while it is looked at is not found. */
static const struct host_ops *good_ops;

static int vanishing_stat(struct host *h, struct arena *a, const char *path, bool follow,
			  struct host_stat *ret, struct err *err)
{
	if (!slice_ends_with(slice_from(path), "/gone"))
		return good_ops->stat(h, a, path, follow, ret, err);
	*ret = (struct host_stat){.type = HOST_ABSENT};
	return 0;
}

static int failing_list(struct host *h, struct arena *a, const char *path, struct host_names *ret,
			struct err *err)
{
	if (slice_ends_with(slice_from(path), "/locked")) {
		errno = EACCES;
		return err_sys(err, "%s", path);
	}
	return good_ops->list(h, a, path, ret, err);
}

static void test_find_vanishing(void **state)
{
	struct file_bed *b = *state;
	struct host_ops ops = *b->real->ops;
	good_ops = b->real->ops;
	ops.stat = vanishing_stat;
	ops.list = failing_list;
	file_bed_shell(b, "mkdir -p d/locked d/z; touch d/gone d/z/x");
	b->real->ops = &ops;
	const struct value *r =
		file_bed_run(b, b->real, "find",
			     "{\"paths\": \"@/d\", \"file_type\": \"any\", \"recurse\": true}");
	b->real->ops = good_ops;
	assert_int_equal(value_get(r, "matched")->integer, 3);
	assert_int_equal(value_get(r, "skipped_paths")->dict.len, 1);
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
		cmocka_unit_test_setup_teardown(test_find_forbidden, file_bed_setup,
						file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_find_vanishing, file_bed_setup,
						file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_tempfile, file_bed_setup, file_bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
