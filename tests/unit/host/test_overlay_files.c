/* Files in check mode: whatever the overlay says after some calls, the machine
 * says after the same calls; and the machine is not touched. */
#include "bed.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static int put(struct bed *b, struct host *h, const char *name, const char *text, int mode)
{
	struct host_write w = {.content = slice_from(text), .attr = HOST_ATTR_KEEP};
	w.attr.mode = mode;
	return h->ops->write(h, bed_path(b, name), &w, &b->err);
}

static int make(struct bed *b, struct host *h, const char *name, int mode)
{
	struct host_attr attr = HOST_ATTR_KEEP;
	attr.mode = mode;
	return h->ops->mkdir(h, bed_path(b, name), &attr, &b->err);
}

static int cut(struct bed *b, struct host *h, const char *name, bool recursive)
{
	return h->ops->remove(h, bed_path(b, name), recursive, &b->err);
}

static int set_mode(struct bed *b, struct host *h, const char *name, int mode)
{
	struct host_attr attr = HOST_ATTR_KEEP;
	attr.mode = mode;
	return h->ops->set_attr(h, bed_path(b, name), true, &attr, &b->err);
}

static int write_new(struct bed *b, struct host *h)
{
	return put(b, h, "new", "text\n", 0600);
}
static int write_over(struct bed *b, struct host *h)
{
	return put(b, h, "file", "changed\n", -1);
}
static int write_in_new_dir(struct bed *b, struct host *h)
{
	int r = make(b, h, "d1", 0750);
	r = r ? r : make(b, h, "d1/d2", -1);
	return r ? r : put(b, h, "d1/d2/f", "deep", -1);
}
static int write_without_parent(struct bed *b, struct host *h)
{
	return put(b, h, "no/such", "x", -1);
}
static int write_below_file(struct bed *b, struct host *h)
{
	return put(b, h, "file/x", "x", -1);
}
static int write_on_dir(struct bed *b, struct host *h)
{
	return put(b, h, "dir", "x", -1);
}
static int write_through_parent_link(struct bed *b, struct host *h)
{
	return put(b, h, "dirlink/in", "via link", -1);
}
static int write_on_link(struct bed *b, struct host *h)
{
	return put(b, h, "link", "no more link", -1);
}
static int remove_tree(struct bed *b, struct host *h)
{
	return cut(b, h, "dir", true);
}
static int remove_full_dir(struct bed *b, struct host *h)
{
	return cut(b, h, "dir", false);
}
static int remove_and_remake(struct bed *b, struct host *h)
{
	int r = cut(b, h, "dir", true);
	r = r ? r : make(b, h, "dir", 0700);
	return r ? r : put(b, h, "dir/fresh", "1", -1);
}
static int remove_link(struct bed *b, struct host *h)
{
	return cut(b, h, "dirlink", true);
}
static int mkdir_twice(struct bed *b, struct host *h)
{
	return make(b, h, "dir", -1);
}
static int chmod_existing(struct bed *b, struct host *h)
{
	int r = set_mode(b, h, "file", 0755);
	return r ? r : set_mode(b, h, "dir", 0711);
}
static int chmod_absent(struct bed *b, struct host *h)
{
	return set_mode(b, h, "nothing", 0755);
}
static int relink(struct bed *b, struct host *h)
{
	int r = h->ops->symlink(h, "dir/inner", bed_path(b, "link"), &b->err);
	return r ? r : h->ops->symlink(h, "../file", bed_path(b, "dir/up"), &b->err);
}
static int hard_link(struct bed *b, struct host *h)
{
	return h->ops->link(h, bed_path(b, "file"), bed_path(b, "second"), &b->err);
}
static int move_file(struct bed *b, struct host *h)
{
	return h->ops->rename(h, bed_path(b, "file"), bed_path(b, "moved"), &b->err);
}
static int move_tree(struct bed *b, struct host *h)
{
	int r = h->ops->rename(h, bed_path(b, "dir"), bed_path(b, "elsewhere"), &b->err);
	return r ? r : put(b, h, "elsewhere/more", "m", -1);
}
static int copy_on_host(struct bed *b, struct host *h)
{
	const char *from = bed_path(b, "dir/inner");
	struct host_write w = {.source_path = from, .attr = HOST_ATTR_KEEP};
	return h->ops->write(h, bed_path(b, "copy"), &w, &b->err);
}
static int setgid_inherits(struct bed *b, struct host *h)
{
	int r = set_mode(b, h, "dir", 02775);
	r = r ? r : make(b, h, "dir/sub", -1);
	return r ? r : put(b, h, "dir/sub/f", "x", -1);
}

/* Everything below a folder as text: what both hosts are compared by. */
static void describe(struct bed *b, struct host *h, const char *dir, struct strbuf *out)
{
	struct host_names names;
	assert_ok(b, h->ops->list(h, &b->arena, dir, &names, &b->err));
	for (size_t i = 0; i < names.len; i++) {
		const char *path = arena_printf(&b->arena, "%s/%s", dir, names.at[i]);
		struct host_stat st;
		char hex[DIGEST_HEX_MAX] = "";
		assert_ok(b, h->ops->stat(h, &b->arena, path, false, &st, &b->err));
		if (st.type == HOST_FILE)
			assert_ok(b, h->ops->digest(h, path, DIGEST_MD5, hex, &b->err));
		strbuf_printf(out, "%s %d %04o %u:%u %s %s\n", path + strlen(b->root), st.type,
			      st.type == HOST_LINK ? 0777 : st.mode, st.uid, st.gid, hex,
			      st.link_target ? st.link_target : "");
		if (st.type == HOST_DIR)
			describe(b, h, path, out);
	}
}

static void populate(struct bed *b)
{
	umask(022);
	bed_put(b, "file", "original\n", 0640);
	assert_int_equal(mkdir(bed_path(b, "dir"), 0755), 0);
	bed_put(b, "dir/inner", "inner\n", 0644);
	assert_int_equal(mkdir(bed_path(b, "dir/below"), 0755), 0);
	bed_put(b, "dir/below/deep", "deep\n", 0600);
	assert_int_equal(symlink("file", bed_path(b, "link")), 0);
	assert_int_equal(symlink("dir", bed_path(b, "dirlink")), 0);
}

static const struct {
	const char *name;
	int (*run)(struct bed *b, struct host *h);
} cases[] = {
	{"write new", write_new},
	{"write over", write_over},
	{"write in new folder", write_in_new_dir},
	{"write without parent", write_without_parent},
	{"write below a file", write_below_file},
	{"write on a folder", write_on_dir},
	{"write through a parent that is a link", write_through_parent_link},
	{"write on a link", write_on_link},
	{"remove a tree", remove_tree},
	{"remove a full folder", remove_full_dir},
	{"remove and make anew", remove_and_remake},
	{"remove a link", remove_link},
	{"mkdir twice", mkdir_twice},
	{"chmod", chmod_existing},
	{"chmod what is not there", chmod_absent},
	{"symlink", relink},
	{"hard link", hard_link},
	{"rename a file", move_file},
	{"rename a tree", move_tree},
	{"copy on the host", copy_on_host},
	{"set-gid folder", setgid_inherits},
};

static void test_prediction_is_what_happens(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		void *each;
		bed_setup(&each);
		struct bed *b = each;
		CLEANUP(strbuf_release) struct strbuf before = {0};
		CLEANUP(strbuf_release) struct strbuf untouched = {0};
		CLEANUP(strbuf_release) struct strbuf predicted = {0};
		CLEANUP(strbuf_release) struct strbuf happened = {0};
		populate(b);
		describe(b, b->real, b->root, &before);
		int r1 = cases[i].run(b, b->overlay);
		struct err first = b->err;
		describe(b, b->real, b->root, &untouched);
		describe(b, b->overlay, b->root, &predicted);
		b->err = (struct err){0};
		int r2 = cases[i].run(b, b->real);
		describe(b, b->real, b->root, &happened);
		if (r1 != r2 || strcmp(predicted.ptr, happened.ptr) != 0)
			print_message("%s: %d %s / %d %s\n", cases[i].name, r1, first.msg, r2,
				      b->err.msg);
		assert_int_equal(r1, r2);
		assert_string_equal(first.msg, b->err.msg);
		assert_string_equal(before.ptr, untouched.ptr);
		assert_string_equal(predicted.ptr, happened.ptr);
		bed_teardown(&each);
	}
}

static void test_unknown_effects_assume_parents(void **state)
{
	struct bed *b = *state;
	struct host *o = b->overlay;
	static const char *const argv[] = {"make", "install", NULL};
	struct host_command_result result = {0};
	assert_int_equal(put(b, o, "lib/x/conf", "c", 0644), ERR_SYS);
	assert_null(host_assumes(o));
	assert_ok(b, o->ops->run(o, &(struct host_command){.argv = argv}, &result, &b->err));
	assert_true(result.unknown);
	assert_non_null(strstr(host_assumes(o), "make"));
	assert_ok(b, put(b, o, "lib/x/conf", "c", 0644));
	assert_string_equal(bed_text(b, o, "lib/x/conf"), "c");
	assert_true(bed_stat(b, o, "lib/x").assumed);
	assert_false(bed_stat(b, o, "lib/x/conf").assumed);
	assert_int_equal(bed_count(b, "."), 0);
}

static void test_promised_content(void **state)
{
	struct bed *b = *state;
	struct host *o = b->overlay;
	char hex[DIGEST_HEX_MAX];
	struct host_write w = {.attr = HOST_ATTR_KEEP, .promised_size = 5000000};
	digest_bytes(DIGEST_SHA256, "x", 1, hex);
	w.promised_sha256 = hex;
	assert_ok(b, o->ops->write(o, bed_path(b, "big"), &w, &b->err));
	assert_int_equal(bed_stat(b, o, "big").size, 5000000);
	assert_null(bed_text(b, o, "big"));
	assert_int_equal(b->err.code, ERR_UNKNOWN);
	char got[DIGEST_HEX_MAX];
	assert_ok(b, o->ops->digest(o, bed_path(b, "big"), DIGEST_SHA256, got, &b->err));
	assert_string_equal(got, hex);
}

static int validated(struct bed *b, const char *text, const char *command)
{
	struct host_write w = {
		.content = slice_from(text), .attr = HOST_ATTR_KEEP, .validate = command};
	return b->overlay->ops->write(b->overlay, bed_path(b, "conf"), &w, &b->err);
}

static void test_validate_runs_on_a_copy(void **state)
{
	struct bed *b = *state;
	assert_ok(b, validated(b, "good\n", "grep -q good %s"));
	assert_int_equal(validated(b, "bad\n", "grep -q good %s"), ERR_INVALID);
	assert_string_equal(bed_text(b, b->overlay, "conf"), "good\n");
	assert_int_equal(validated(b, "x", "no-such-program-here %s"), ERR_NOT_FOUND);
	host_overlay_assume(b->overlay, "a package would be installed");
	assert_ok(b, validated(b, "x", "no-such-program-here %s"));
	assert_int_equal(bed_count(b, "."), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prediction_is_what_happens),
		cmocka_unit_test_setup_teardown(test_unknown_effects_assume_parents, bed_setup,
						bed_teardown),
		cmocka_unit_test_setup_teardown(test_promised_content, bed_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_validate_runs_on_a_copy, bed_setup,
						bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
