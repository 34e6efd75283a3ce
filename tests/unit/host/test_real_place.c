/* Links in the middle of a path, as root. */
#include "bed.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define STRANGER 1234

static void own(struct bed *b, const char *name, uid_t uid)
{
	assert_int_equal(lchown(bed_path(b, name), uid, uid), 0);
}

static void make_folder(struct bed *b, const char *name, uid_t uid)
{
	assert_int_equal(mkdir(bed_path(b, name), 0755), 0);
	own(b, name, uid);
}

static void make_link(struct bed *b, const char *target, const char *name, uid_t uid)
{
	assert_int_equal(symlink(target, bed_path(b, name)), 0);
	own(b, name, uid);
}

/* root/ is root's, theirs/ a stranger's; in theirs/ they plant links. */
static int setup(void **state)
{
	int r = bed_setup(state);
	struct bed *b = *state;
	if (r != 0 || geteuid() != 0)
		return r;
	make_folder(b, "root", 0);
	make_folder(b, "root/sub", 0);
	bed_put(b, "root/sub/old", "old", 0600);
	make_folder(b, "theirs", STRANGER);
	make_folder(b, "theirs/own", STRANGER);
	make_link(b, "../root", "theirs/out", STRANGER);
	make_link(b, bed_path(b, "root/sub"), "theirs/absolute", STRANGER);
	make_link(b, "own", "theirs/in", STRANGER);
	make_link(b, "out", "theirs/twice", STRANGER);
	make_link(b, "../root", "theirs/roots", 0);
	make_link(b, "loop", "theirs/loop", STRANGER);
	return 0;
}

#define NAME_64 "0123456789012345678901234567890123456789012345678901234567890123"
#define NAME_256 NAME_64 NAME_64 NAME_64 NAME_64

static const struct place_case {
	const char *folder;
	const char *refused; /* part of the message; NULL: it goes */
} cases[] = {
	{"root/sub", NULL},
	{"theirs", NULL},
	{"theirs/in", NULL},
	{"theirs/roots/sub", NULL},
	{"theirs/own/../in/.", NULL},
	{"theirs/out", "'out' is a symbolic link that user 1234 has made to ../root"},
	{"theirs/out/sub", "'out' is a symbolic link that user 1234"},
	{"theirs/absolute", "'absolute' is a symbolic link that user 1234"},
	{"theirs/twice", "'twice' is a symbolic link that user 1234"},
	{"theirs/own/../out", "'out' is a symbolic link that user 1234"},
	{"theirs/loop", "Too many levels of symbolic links"},
	{"no", "No such file or directory"},
	{NAME_256, "File name too long"},
};

enum {
	WRITE,
	WRITE_IN_PLACE,
	MKDIR,
	SYMLINK,
	LINK,
	SET_ATTR,
	RENAME_TO,
	RENAME_FROM,
	REMOVE,
	CHANGES
};

static int change(struct bed *b, struct host *h, int what, const char *path)
{
	const struct host_ops *ops = h->ops;
	struct host_attr attr = HOST_ATTR_KEEP, mode = {0640, -1, -1, -1, 5};
	const struct host_write w = {.content = SLICE_LIT("new"),
				     .attr = attr,
				     .validate = what == WRITE ? "grep -q new %s" : NULL,
				     .unsafe_in_place = what == WRITE_IN_PLACE};
	const char *other = bed_path(b, "other");
	switch (what) {
	case WRITE:
	case WRITE_IN_PLACE:
		return ops->write(h, path, &w, &b->err);
	case MKDIR:
		return ops->mkdir(h, path, &attr, &b->err);
	case SYMLINK:
		return ops->symlink(h, "x", path, &b->err);
	case LINK:
		return ops->link(h, other, path, &b->err);
	case SET_ATTR:
		return ops->set_attr(h, path, false, &mode, &b->err);
	case RENAME_TO:
		return ops->rename(h, other, path, &b->err);
	case RENAME_FROM:
		return ops->rename(h, path, other, &b->err);
	default:
		return ops->remove(h, path, true, &b->err);
	}
}

static bool needs_file(int what)
{
	return what == WRITE_IN_PLACE || what == SET_ATTR || what == RENAME_FROM || what == REMOVE;
}

static void put_file(const char *path)
{
	FILE *f = fopen(path, "we");
	if (f)
		fclose(f);
}

/* Check mode says what will be. */
static void predict(struct bed *b, const struct place_case *c, int what, const char *path)
{
	struct host *o = host_overlay_new(b->real);
	int r = change(b, o, what, path);
	host_free(o);
	if (!c->refused && r < 0)
		fail_msg("predicted %s, %d: %s", path, what, b->err.msg);
	if (c->refused && r == 0 && (what != REMOVE || access(path, F_OK) == 0))
		fail_msg("predicted %s, %d: it goes", path, what);
	if (c->refused && r < 0 && !strstr(b->err.msg, c->refused))
		fail_msg("predicted %s, %d: '%s' instead of '%s'", path, what, b->err.msg,
			 c->refused);
	b->err = (struct err){0};
}

static void run_case(struct bed *b, const struct place_case *c, int what)
{
	char name[320];
	snprintf(name, sizeof(name), "%s/f%d", c->folder, what);
	const char *path = bed_path(b, name);
	put_file(bed_path(b, "other"));
	if (needs_file(what))
		put_file(path);
	bool before = access(path, F_OK) == 0;
	b->err = (struct err){0};
	predict(b, c, what, path);
	int r = change(b, b->real, what, path);
	if (!c->refused && r < 0)
		fail_msg("%s, %d: %s", name, what, b->err.msg);
	/* What is not there is removed already. */
	if (c->refused && what == REMOVE && !before)
		return;
	if (c->refused && (r == 0 || !strstr(b->err.msg, c->refused)))
		fail_msg("%s, %d: '%s' instead of '%s'", name, what, b->err.msg, c->refused);
	if (c->refused)
		assert_int_equal(access(path, F_OK) == 0, before);
	if (!c->refused && (what == WRITE || what == WRITE_IN_PLACE))
		assert_string_equal(bed_text(b, b->real, name), "new");
	(void)b->real->ops->remove(b->real, path, true, NULL);
	unlink(path);
}

static void links_of_strangers(void **state)
{
	struct bed *b = *state;
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		for (int what = 0; what < CHANGES; what++)
			run_case(b, &cases[i], what);
	assert_string_equal(bed_text(b, b->real, "root/sub/old"), "old");
	assert_int_equal(bed_count(b, "root/sub"), 1);
	assert_int_equal(bed_count(b, "root"), 1);
}

/* The end of a path that is followed. */
static void attributes_through_links(void **state)
{
	static const struct {
		const char *target;
		uid_t uid;
		const char *refused;
	} links[] = {
		{"../root/sub/old", STRANGER, "is a symbolic link that user 1234"},
		{"out/sub/old", STRANGER, "is a symbolic link that user 1234"},
		{"../root/sub/old", 0, NULL},
		{"own", STRANGER, NULL},
		{"nothing", STRANGER, "No such file"},
	};
	struct bed *b = *state;
	const struct host_attr mode = {0711, -1, -1, -1, -1};
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < ARRAY_LEN(links); i++) {
		struct stat st;
		const char *path = bed_path(b, "theirs/end");
		make_link(b, links[i].target, "theirs/end", links[i].uid);
		b->err = (struct err){0};
		int r = b->real->ops->set_attr(b->real, path, true, &mode, &b->err);
		assert_int_equal(r == 0, links[i].refused == NULL);
		if (links[i].refused && !strstr(b->err.msg, links[i].refused))
			fail_msg("%zu: %s", i, b->err.msg);
		if (r == 0) {
			assert_int_equal(stat(path, &st), 0);
			assert_int_equal(st.st_mode & 07777, 0711);
		}
		unlink(path);
		assert_int_equal(chmod(bed_path(b, "root/sub/old"), 0600), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(links_of_strangers, setup, bed_teardown),
		cmocka_unit_test_setup_teardown(attributes_through_links, setup, bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
