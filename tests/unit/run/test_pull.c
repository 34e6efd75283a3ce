/* synchronize with mode: pull, and a host that lies: what comes to the controller. */
#include "player.h"
#include "rollout/base/digest.h"
#include "rollout/base/file.h"
#include "test.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PULL                                                                                       \
	"- hosts: all\n  gather_facts: false\n  tasks:\n"                                          \
	"  - synchronize: {src: /s/, dest: out, mode: pull"
#define DIR_ROOT "{type: dir, mode: 493, mtime_ns: 0}"
#define ATTRS "mode: 420, mtime_ns: 5"
#define SHA_ONE "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed" /* "one" */
#define ONE(path) "{path: " path ", type: file, " ATTRS ", size: 3, sha256: " SHA_ONE "}"
#define FOLDER(path) "{path: " path ", type: dir, mode: 493, mtime_ns: 5}"
#define LINK(path, to) "{path: " path ", type: link, " ATTRS ", target: " to "}"

struct sent {
	const char *path;
	int size;
	const char *pieces[3];
};
struct liar {
	const char *root, *manifest;
	const struct sent *files;
	size_t nfiles;
	const char *last;      /* result of what is sent; NULL: {changed: false} */
	void (*between)(void); /* before the files */
	bool hangs_up;	       /* after the first FILE, once */
	unsigned ntasks, nsent;
	struct strbuf heard;
};

static const char *in_folder(const char *path)
{
	static char buf[4][400];
	static unsigned n;
	char *out = buf[n++ % 4];
	snprintf(out, sizeof(buf[0]), "%s/%s", player_folder(), path);
	return out;
}

static void shell(const char *command)
{
	char text[700];
	snprintf(text, sizeof(text), "cd '%s' && %s", player_folder(), command);
	assert_int_equal(system(text), 0);
}

static void begin_anew(void)
{
	shell("rm -rf out outside && mkdir outside && echo mine > outside/a");
}

static void answer(struct player_host *h, uint32_t id, const char *result)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	strbuf_printf(&text, "{item: 0, last: true, result: %s}", result);
	player_say(h, WIRE_RESULT, id, text.ptr);
}

static void say_list(struct liar *l, struct player_host *h, uint32_t id)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	strbuf_printf(&text, "{changed: false, _root: %s, _manifest: %s}",
		      l->root ? l->root : DIR_ROOT, l->manifest);
	answer(h, id, text.ptr);
}

static void say_file(struct liar *l, struct player_host *h, uint32_t id, const struct sent *file)
{
	char text[300];
	snprintf(text, sizeof(text), "{source: '%s', size: %d}", file->path, file->size);
	player_say(h, WIRE_FILE, id, text);
	if (l->hangs_up && l->nsent == 0) {
		l->nsent++;
		player_hang_up(h);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(file->pieces) && file->pieces[i]; i++)
		player_say_bytes(h, WIRE_PIECE, id, slice_from(file->pieces[i]));
	l->nsent++;
}

static void on_frame(void *ctx, struct player_host *h, const struct wire_frame *frame)
{
	struct liar *l = ctx;
	struct arena a = {0};
	struct err err = {0};
	const struct value *v;
	if (frame->type != WIRE_TASK)
		return;
	assert_int_equal(wire_value_decode(&a, frame->payload, 0, &v, &err), 0);
	const struct value *args = value_get(v, "items")->list.at[0];
	value_repr(&l->heard, args);
	strbuf_putc(&l->heard, '\n');
	l->ntasks++;
	if (value_is_str(value_get(args, "_phase"), "list")) {
		say_list(l, h, frame->id);
	} else {
		if (l->between)
			l->between();
		for (size_t i = 0; i < l->nfiles; i++)
			say_file(l, h, frame->id, &l->files[i]);
		if (!(l->hangs_up && l->ntasks == 2))
			answer(h, frame->id, l->last ? l->last : "{changed: false}");
	}
	arena_release(&a);
}

static enum run_exit play(struct liar *l, const char *rest, struct strbuf *events)
{
	char text[700];
	const struct player_script script = {.ctx = l, .frame = on_frame, .retries = 1};
	snprintf(text, sizeof(text), PULL "%s}\n", rest);
	l->ntasks = l->nsent = 0;
	strbuf_truncate(&l->heard, 0);
	return player_run(text, "a,", &script, events);
}

#define assert_has(text, part)                                                                     \
	do {                                                                                       \
		if (!(text)->ptr || !strstr((text)->ptr, part))                                    \
			fail_msg("no '%s' in:\n%s", part, (text)->ptr ? (text)->ptr : "");         \
	} while (0)

static void assert_text(const char *path, const char *want)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct err err = {0};
	if (file_read(in_folder(path), 1000, &text, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(text.ptr ? text.ptr : "", want);
}

static void assert_absent(const char *path)
{
	struct stat st;
	if (lstat(in_folder(path), &st) == 0)
		fail_msg("%s is there", path);
}

/* ---- what an honest host brings ---- */

static const struct sent two_files[] = {{"a", 3, {"o", "ne"}}, {"sub/b", 3, {"one"}}};
#define TWO_FILES "[" ONE("a") "," FOLDER("sub") "," ONE("sub/b") "," LINK("l", "/etc") "]"

static void test_what_is_missing_comes_once(void **state UNUSED)
{
	struct liar l = {.manifest = TWO_FILES, .files = two_files, .nfiles = 2};
	CLEANUP(strbuf_release) struct strbuf events = {0};
	char target[10] = "";
	struct stat st;
	begin_anew();
	assert_int_equal(play(&l, "", &events), RUN_EXIT_OK);
	assert_has(&events, "a changed folder ./\nfile a\nfolder sub\nfile sub/b\nlink l");
	assert_int_equal(l.ntasks, 2);
	assert_text("out/a", "one");
	assert_text("out/sub/b", "one");
	assert_int_equal(readlink(in_folder("out/l"), target, sizeof(target)), 4);
	assert_int_equal(stat(in_folder("out/a"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(st.st_mtim.tv_nsec, 5);
	assert_int_equal(play(&l, "", &events), RUN_EXIT_OK);
	assert_has(&events, "a ok");
	assert_int_equal(l.ntasks, 1);
	strbuf_release(&l.heard);
}

static void test_only_what_differs_is_asked_for(void **state UNUSED)
{
	struct liar l = {.manifest = TWO_FILES, .files = &two_files[1], .nfiles = 1};
	CLEANUP(strbuf_release) struct strbuf events = {0};
	begin_anew();
	shell("mkdir -p out/sub && printf one > out/a && printf two > out/sub/b");
	assert_int_equal(play(&l, "", &events), RUN_EXIT_OK);
	assert_has(&l.heard, "_wanted': [{'path': 'sub/b', 'size': 3}]");
	assert_text("out/sub/b", "one");
	strbuf_release(&l.heard);
}

static void test_check_mode_brings_nothing(void **state UNUSED)
{
	struct liar l = {.manifest = TWO_FILES};
	CLEANUP(strbuf_release) struct strbuf events = {0};
	begin_anew();
	assert_int_equal(play(&l, "}\n    check_mode: true\n    vars: {x: 1", &events),
			 RUN_EXIT_OK);
	assert_has(&events, "a changed folder ./\nfile a\nfolder sub\nfile sub/b\nlink l");
	assert_int_equal(l.ntasks, 1);
	assert_absent("out");
	strbuf_release(&l.heard);
}

static void test_a_lost_connection(void **state UNUSED)
{
	struct liar l = {.manifest = TWO_FILES, .files = two_files, .nfiles = 2, .hangs_up = true};
	CLEANUP(strbuf_release) struct strbuf events = {0};
	begin_anew();
	assert_int_equal(play(&l, "", &events), RUN_EXIT_OK);
	assert_int_equal(player_connections(), 2);
	assert_text("out/a", "one");
	assert_text("out/sub/b", "one");
	shell("test \"$(ls -A out | tr '\\n' ' ')\" = 'a l sub '");
	strbuf_release(&l.heard);
}

/* ---- lists that are refused ---- */

struct refused {
	const char *manifest, *message, *rest, *root;
};
static const struct refused lists[] = {
	{"[" ONE("/etc/x") "]", "is no path", "", NULL},
	{"[" ONE("../outside/a") "]", "is no path", "", NULL},
	{"[" FOLDER("sub") "," ONE("sub/../../outside/a") "]", "is no path", "", NULL},
	{"[" ONE("'..'") "]", "is no path", "", NULL},
	{"[" ONE("'.'") "]", "is no path", "", NULL},
	{"[" ONE("''") "]", "is no path", "", NULL},
	{"[" FOLDER("sub") "," ONE("sub//a") "]", "is no path", "", NULL},
	{"[" FOLDER("sub") "," ONE("sub/") "]", "is no path", "", NULL},
	{"[" ONE("\"a\\0b\"") "]", "is no path", "", NULL},
	{"[" ONE("[a]") "]", "has no path", "", NULL},
	{"[5]", "has no path", "", NULL},
	{"[" ONE("sub/a") "]", "is in no folder", "", NULL},
	{"[" ONE("sub") "," ONE("sub/a") "]", "is in no folder", "", NULL},
	{"[" LINK("sub", "../outside") "," ONE("sub/a") "]", "is in no folder", "", NULL},
	{"[" LINK("sub", "../outside") "," FOLDER("sub") "," ONE("sub/a") "]", "comes twice", "",
	 NULL},
	{"[" ONE("a") "," ONE("a") "]", "comes twice", "", NULL},
	{"[{path: a, type: device, " ATTRS "}]", "no type", "", NULL},
	{"[{path: a, type: file, mode: 33188, mtime_ns: 0, size: 1}]", "no type, mode", "", NULL},
	{"[{path: a, type: file, mode: -1, mtime_ns: 0, size: 1}]", "no type, mode", "", NULL},
	{"[{path: a, type: file, mode: 1, size: 1}]", "no type, mode", "", NULL},
	{"[{path: a, type: file, " ATTRS ", sha256: " SHA_ONE "}]", "has no size", "", NULL},
	{"[{path: a, type: file, " ATTRS ", size: -1, sha256: " SHA_ONE "}]", "has no size", "",
	 NULL},
	{"[{path: a, type: file, " ATTRS ", size: 9223372036854775807, sha256: " SHA_ONE "}]",
	 "is too large", "", NULL},
	{"[{path: a, type: file, " ATTRS ", size: 3}]", "has no SHA-256", "", NULL},
	{"[{path: a, type: file, " ATTRS ", size: 3, sha256: ../../x}]", "a SHA-256 that is none",
	 "", NULL},
	{"[{path: a, type: link, " ATTRS "}]", "without a target", "", NULL},
	{"[" LINK("a", "''") "]", "without a target", "", NULL},
	{"[" LINK("a", "b") "]", "none is asked for", ", links: false", NULL},
	{"[" LINK("a", "b") "]", "none is asked for", ", copy_links: true", NULL},
	{"[" FOLDER("sub") "," ONE("sub/a") "]", "further in", ", recursive: false, dirs: true",
	 NULL},
	{"[" ONE("a.log") "]", "is excluded", ", rsync_opts: ['--exclude=*.log']", NULL},
	{"5", "is no list", "", NULL},
	{"[]", "what src can be", "", "5"},
	{"[]", "is no folder", "", "{type: file, " ATTRS "}"},
	{"[" ONE("other") "]", "what the task asks for", ", src: /s", NULL},
	{"[" FOLDER("ss") "," ONE("ss/a") "]", "what the task asks for", ", src: /s", NULL},
	{"[" FOLDER("s") "]", "list begins with", ", src: /s", "{type: file, " ATTRS "}"},
	{"[]", "has no name", ", src: '~'", NULL},
};

static enum run_exit play_as(struct liar *l, const char *rest, struct strbuf *events)
{
	char text[700];
	const struct player_script script = {.ctx = l, .frame = on_frame, .retries = 1};
	const char *src = strstr(rest, ", src: ");
	snprintf(text, sizeof(text),
		 "- hosts: all\n  gather_facts: false\n  tasks:\n"
		 "  - synchronize: {dest: out, mode: pull, src: %s%.*s}\n",
		 src ? src + 7 : "/s/", src ? (int)(src - rest) : 200, rest);
	return player_run(text, "a,", &script, events);
}

static void test_lists_that_are_refused(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		struct liar l = {.root = lists[i].root, .manifest = lists[i].manifest};
		CLEANUP(strbuf_release) struct strbuf events = {0};
		begin_anew();
		enum run_exit code = play_as(&l, lists[i].rest, &events);
		if (code != RUN_EXIT_FAILED)
			fail_msg("%s: exit code %d\n%s", lists[i].manifest, code, events.ptr);
		assert_has(&events, lists[i].message);
		assert_int_equal(l.ntasks, 1);
		assert_absent("out");
		assert_text("outside/a", "mine\n");
		strbuf_release(&l.heard);
	}
}

static void repeat(struct strbuf *out, unsigned times, const char *before, const char *after)
{
	strbuf_puts(out, "[");
	for (unsigned i = 0; i < times; i++)
		strbuf_printf(out, "%s%s%u%s", i ? "," : "", before, i, after);
	strbuf_puts(out, "]");
}

static void expect_limit(const char *manifest, const char *message)
{
	struct liar l = {.manifest = manifest};
	CLEANUP(strbuf_release) struct strbuf events = {0};
	begin_anew();
	assert_int_equal(play(&l, "", &events), RUN_EXIT_FAILED);
	assert_has(&events, message);
	assert_absent("out");
	strbuf_release(&l.heard);
}

static void test_lists_that_are_too_long(void **state UNUSED)
{
	CLEANUP(strbuf_release) struct strbuf many = {0}, deep = {0}, longer = {0}, path = {0};
	repeat(&many, 65537, "{path: f", ", type: other, mode: 0, mtime_ns: 0}");
	expect_limit(many.ptr, "more than 65536");
	for (unsigned i = 0; i < 70; i++) {
		strbuf_printf(&path, "%sd", i ? "/" : "");
		strbuf_printf(&deep, "%s{path: %s, type: dir, mode: 493, mtime_ns: 0}",
			      i ? "," : "[", path.ptr);
	}
	strbuf_puts(&deep, "]");
	expect_limit(deep.ptr, "no path below");
	strbuf_puts(&longer, "[{type: other, mode: 0, mtime_ns: 0, path: ");
	for (unsigned i = 0; i < 300; i++)
		strbuf_puts(&longer, "x");
	strbuf_puts(&longer, "}]");
	expect_limit(longer.ptr, "no path below");
}

/* ---- files that are refused ---- */

struct wrong {
	struct sent files[2];
	const char *message;
	enum run_exit code;
};
static const struct wrong wrongs[] = {
	{{{"../outside/a", 3, {"one"}}}, "which is not wanted", RUN_EXIT_FAILED},
	{{{"/etc/x", 3, {"one"}}}, "which is not wanted", RUN_EXIT_FAILED},
	{{{"a", 3, {"one"}}, {"b", 3, {"one"}}}, "'b', which is not wanted", RUN_EXIT_FAILED},
	{{{"sub", 0, {NULL}}}, "which is not wanted", RUN_EXIT_FAILED},
	{{{"a", 2, {"on"}}}, "not wanted in that size", RUN_EXIT_FAILED},
	{{{"a", 4000, {"one", "more"}}}, "not wanted in that size", RUN_EXIT_FAILED},
	{{{"a", 3, {"one", "more"}}}, "more of a file than", RUN_EXIT_UNREACHABLE},
	{{{"a", 3, {"onemore"}}}, "more of a file than", RUN_EXIT_UNREACHABLE},
	{{{"a", 3, {"two"}}}, "a has changed on the host", RUN_EXIT_FAILED},
	{{{"a", 3, {"on"}}}, "a did not come whole", RUN_EXIT_FAILED},
	{{{"a", 3, {"one"}}}, "sub/b did not come whole", RUN_EXIT_FAILED},
	{{{"a", 3, {"on"}}, {"sub/b", 3, {"one"}}}, "a did not come whole", RUN_EXIT_FAILED},
};

static void test_files_that_are_refused(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(wrongs); i++) {
		struct liar l = {.manifest = TWO_FILES,
				 .files = wrongs[i].files,
				 .nfiles = wrongs[i].files[1].path ? 2 : 1};
		CLEANUP(strbuf_release) struct strbuf events = {0};
		begin_anew();
		shell("mkdir out && echo old > out/a");
		enum run_exit code = play(&l, "", &events);
		if (code != wrongs[i].code)
			fail_msg("%zu: exit code %d\n%s", i, code, events.ptr);
		assert_has(&events, wrongs[i].message);
		/* Whole, the old or the new, and nothing beside them. */
		shell("case $(cat out/a) in old | one) ;; *) false ;; esac");
		shell("test -z \"$(ls -A out out/sub | grep -e rollout)\"");
		assert_text("outside/a", "mine\n");
		shell("test \"$(ls -A outside)\" = a");
		strbuf_release(&l.heard);
	}
}

/* A host whose module fails has its say; what came until then is whole. */
static void test_a_host_that_fails(void **state UNUSED)
{
	struct liar l = {.manifest = TWO_FILES,
			 .files = two_files,
			 .nfiles = 1,
			 .last = "{changed: false, failed: true, msg: it is gone}"};
	CLEANUP(strbuf_release) struct strbuf events = {0};
	begin_anew();
	assert_int_equal(play(&l, ", delete: true", &events), RUN_EXIT_FAILED);
	assert_has(&events, "it is gone");
	assert_text("out/a", "one");
	assert_absent("out/sub/b");
	strbuf_release(&l.heard);
}

/* Nothing is removed before all is there. */
static void test_nothing_is_deleted_after_a_failure(void **state UNUSED)
{
	struct liar l = {.manifest = TWO_FILES, .files = two_files, .nfiles = 1};
	CLEANUP(strbuf_release) struct strbuf events = {0};
	begin_anew();
	shell("mkdir out && echo own > out/own");
	assert_int_equal(play(&l, ", delete: true", &events), RUN_EXIT_FAILED);
	assert_text("out/own", "own\n");
	l.files = &two_files[1];
	assert_int_equal(play(&l, ", delete: true", &events), RUN_EXIT_OK);
	assert_absent("out/own");
	strbuf_release(&l.heard);
}

/* ---- links on the controller ---- */

static void plant_folder(void)
{
	shell("rmdir out/sub && ln -s ../outside out/sub");
}

static void plant_file(void)
{
	shell("ln -s ../outside/a out/a");
}

/* One that somebody plants in dest while files come is not followed. */
static void test_links_that_are_planted(void **state UNUSED)
{
	struct liar l = {
		.manifest = TWO_FILES, .files = two_files, .nfiles = 2, .between = plant_folder};
	CLEANUP(strbuf_release) struct strbuf events = {0};
	begin_anew();
	assert_int_equal(play(&l, "", &events), RUN_EXIT_FAILED);
	assert_has(&events, "sub/b: its folder is not there");
	shell("test \"$(ls -A outside)\" = a");
	begin_anew();
	l.between = plant_file;
	assert_int_equal(play(&l, "", &events), RUN_EXIT_OK);
	assert_text("outside/a", "mine\n");
	assert_text("out/a", "one");
	strbuf_release(&l.heard);
}

/* Nor is one that was there before: it makes way. */
static void test_links_that_are_there(void **state UNUSED)
{
	struct liar l = {.manifest = TWO_FILES, .files = two_files, .nfiles = 2};
	CLEANUP(strbuf_release) struct strbuf events = {0};
	begin_anew();
	shell("mkdir out && ln -s ../outside out/sub && ln -s ../outside/a out/a && "
	      "ln -s ../outside out/x");
	assert_int_equal(play(&l, ", delete: true", &events), RUN_EXIT_OK);
	shell("test \"$(ls -A outside)\" = a && test ! -L out/sub && test ! -L out/a && "
	      "test ! -L out/x");
	assert_text("outside/a", "mine\n");
	assert_text("out/sub/b", "one");
	strbuf_release(&l.heard);
}

/* As in Ansible it says where rsync runs: on the controller, or there is none. */
static void test_delegates(void **state UNUSED)
{
	static const struct {
		const char *name, *message;
		enum run_exit code;
	} cases[] = {
		{"localhost", "a changed", RUN_EXIT_OK},
		{"127.0.0.1", "a changed", RUN_EXIT_OK},
		{"a", "delegate_to: a is not supported (copy", RUN_EXIT_FAILED},
		{"b", "delegate_to: b is not supported", RUN_EXIT_FAILED},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct liar l = {.manifest = TWO_FILES, .files = two_files, .nfiles = 2};
		CLEANUP(strbuf_release) struct strbuf events = {0};
		char rest[60];
		begin_anew();
		snprintf(rest, sizeof(rest), "}\n    delegate_to: %s\n    vars: {x: 1",
			 cases[i].name);
		assert_int_equal(play(&l, rest, &events), cases[i].code);
		assert_has(&events, cases[i].message);
		assert_false(player_was_local());
		assert_int_equal(l.ntasks, cases[i].code == RUN_EXIT_OK ? 2 : 0);
		strbuf_release(&l.heard);
	}
}

/* dest's name is not cut. */
static void test_a_name_that_is_too_long(void **state UNUSED)
{
	static const struct sent file = {"s", 3, {"one"}};
	struct liar l = {.root = "{type: file, mode: 420, mtime_ns: 0}",
			 .manifest = "[" ONE("s") "]",
			 .files = &file,
			 .nfiles = 1};
	const struct player_script script = {.ctx = &l, .frame = on_frame};
	CLEANUP(strbuf_release) struct strbuf playbook = {0}, events = {0};
	strbuf_printf(&playbook,
		      "- hosts: all\n  gather_facts: false\n  tasks:\n"
		      "  - synchronize: {src: /s, dest: n%0*d, mode: pull}\n",
		      NAME_MAX, 0);
	begin_anew();
	assert_int_equal(player_run(playbook.ptr, "a,", &script, &events), RUN_EXIT_FAILED);
	assert_has(&events, "File name too long");
	strbuf_release(&l.heard);
}

static void test_more_than_there_is_room(void **state UNUSED)
{
	static const char big[] =
		"{path: %s, type: file, " ATTRS ", size: 68719476736, sha256: " SHA_ONE "}";
	CLEANUP(strbuf_release) struct strbuf list = {0}, events = {0};
	struct liar l = {0};
	strbuf_puts(&list, "[");
	for (unsigned i = 0; i < 20000; i++) {
		char name[20];
		snprintf(name, sizeof(name), "f%u", i);
		strbuf_puts(&list, i ? "," : "");
		strbuf_printf(&list, big, name);
	}
	strbuf_puts(&list, "]");
	l.manifest = list.ptr;
	begin_anew();
	assert_int_equal(play(&l, "", &events), RUN_EXIT_FAILED);
	assert_has(&events, "bytes are missing, and there is room for");
	assert_int_equal(l.ntasks, 1);
	strbuf_release(&l.heard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_missing_comes_once),
		cmocka_unit_test(test_only_what_differs_is_asked_for),
		cmocka_unit_test(test_check_mode_brings_nothing),
		cmocka_unit_test(test_a_lost_connection),
		cmocka_unit_test(test_lists_that_are_refused),
		cmocka_unit_test(test_lists_that_are_too_long),
		cmocka_unit_test(test_files_that_are_refused),
		cmocka_unit_test(test_a_host_that_fails),
		cmocka_unit_test(test_nothing_is_deleted_after_a_failure),
		cmocka_unit_test(test_links_that_are_planted),
		cmocka_unit_test(test_links_that_are_there),
		cmocka_unit_test(test_delegates),
		cmocka_unit_test(test_a_name_that_is_too_long),
		cmocka_unit_test(test_more_than_there_is_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
