/* A host that lies, or is broken: what the controller makes of what it says. */
#include "player.h"
#include "rollout/base/digest.h"
#include "rollout/base/file.h"
#include "rollout/value/yaml.h"
#include "test.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define PLAY "- hosts: all\n  gather_facts: false\n  tasks:\n"

/* What the script below is to do, and what it saw. */
struct peer {
	const char *result[8]; /* of the n-th task, as YAML; NULL: {changed: false} */
	void (*on_task)(struct peer *p, struct player_host *h, uint32_t id);
	struct strbuf heard; /* the tasks' arguments, and content */
	unsigned ntasks, tasks_of_conn, connection;
};

static void answer(struct player_host *h, uint32_t id, unsigned item, bool last, const char *result)
{
	char text[600];
	snprintf(text, sizeof(text), "{item: %u, last: %s, result: %s}", item,
		 last ? "true" : "false", result);
	player_say(h, WIRE_RESULT, id, text);
}

static void on_frame(void *ctx, struct player_host *h, const struct wire_frame *frame)
{
	struct peer *p = ctx;
	struct arena a = {0};
	struct err err = {0};
	const struct value *v;
	if (frame->type == WIRE_BLOB || frame->type == WIRE_CONTENT) {
		strbuf_printf(&p->heard, "%s: ", player_name(h));
		strbuf_slice_append(&p->heard, frame->payload);
		strbuf_putc(&p->heard, '\n');
	}
	if (frame->type != WIRE_TASK)
		return;
	assert_int_equal(wire_value_decode(&a, frame->payload, 0, &v, &err), 0);
	value_repr(&p->heard, value_get(v, "items"));
	strbuf_putc(&p->heard, '\n');
	const char *result = p->ntasks < ARRAY_LEN(p->result) ? p->result[p->ntasks] : NULL;
	p->ntasks++;
	if (p->on_task)
		p->on_task(p, h, frame->id);
	else
		answer(h, frame->id, 0, true, result ? result : "{changed: false}");
	arena_release(&a);
}

static enum run_exit play(struct peer *p, const char *tasks, const char *hosts,
			  struct strbuf *events)
{
	const struct player_script script = {.ctx = p, .frame = on_frame, .retries = 1};
	return player_run(tasks, hosts, &script, events);
}

#define assert_has(text, part)                                                                     \
	do {                                                                                       \
		if (!(text)->ptr || !strstr((text)->ptr, part))                                    \
			fail_msg("no '%s' in:\n%s", part, (text)->ptr);                            \
	} while (0)
#define assert_has_not(text, part)                                                                 \
	do {                                                                                       \
		if ((text)->ptr && strstr((text)->ptr, part))                                      \
			fail_msg("'%s' in:\n%s", part, (text)->ptr);                               \
	} while (0)

static void test_plain(void **state UNUSED)
{
	struct peer p = {.result = {"{changed: true, stdout: one}"}};
	CLEANUP(strbuf_release) struct strbuf events = {0};
	assert_int_equal(play(&p, PLAY "  - command: one\n  - command: two\n", "a,", &events),
			 RUN_EXIT_OK);
	assert_has(&events, "a changed");
	assert_int_equal(p.ntasks, 2);
	strbuf_release(&p.heard);
}

/* ---- facts ---- */

/* What would lead the controller elsewhere, or have it run something, is dropped. */
static void test_facts_that_a_host_may_not_set(void **state UNUSED)
{
	static const struct {
		const char *name;
		bool kept;
	} cases[] = {
		{"ansible_connection", false},
		{"ansible_host", false},
		{"ansible_user", false},
		{"ansible_password", false},
		{"ansible_ssh_common_args", false},
		{"ansible_ssh_extra_args", false},
		{"ansible_ssh_private_key_file", false},
		{"ansible_host_key_checking", false},
		{"ansible_become", false},
		{"ansible_become_exe", false},
		{"ansible_sudo_exe", false},
		{"ansible_python_interpreter", false},
		{"ansible_ssh_host_key_rsa_public", true},
		{"ansible_user_id", true},
		{"ansible_local", true},
		{"packages_found", true},
	};
	static const char *const marks[] = {"", ", _level: set_fact", ", _level: include_vars",
					    ", _cacheable: true"};
	for (size_t i = 0; i < ARRAY_LEN(cases) * ARRAY_LEN(marks); i++) {
		const char *name = cases[i / ARRAY_LEN(marks)].name;
		bool kept = cases[i / ARRAY_LEN(marks)].kept;
		char result[300], tasks[400];
		CLEANUP(strbuf_release) struct strbuf events = {0};
		snprintf(result, sizeof(result), "{changed: false, ansible_facts: {%s: 'evil'}%s}",
			 name, marks[i % ARRAY_LEN(marks)]);
		snprintf(tasks, sizeof(tasks),
			 PLAY "  - command: one\n    register: r\n"
			      "  - meta: reset_connection\n"
			      "  - command: echo {{ %s | default('unset') }}\n"
			      "    when: r is defined\n",
			 name);
		struct peer p = {.result = {result}};
		assert_int_equal(play(&p, tasks, "a,", &events), RUN_EXIT_OK);
		if (kept)
			assert_has(&p.heard, "echo evil");
		else
			assert_has(&p.heard, "echo unset");
		assert_false(player_was_local());
		strbuf_release(&p.heard);
	}
}

/* ---- content ---- */

static void want_others(struct peer *p UNUSED, struct player_host *h, uint32_t id)
{
	char hex[DIGEST_HEX_MAX], text[200];
	const char *other = strcmp(player_name(h), "a") == 0 ? "only for b" : "only for a";
	digest_bytes(DIGEST_SHA256, other, strlen(other), hex);
	snprintf(text, sizeof(text), "{sha256: ['%s']}", hex);
	player_say(h, WIRE_CONTENT_WANTED, 0, text);
	snprintf(text, sizeof(text), "{sha256: '%s'}", hex);
	player_say(h, WIRE_BLOB_WANTED, id, text);
}

/* The hash of a content is no key to it: it can be guessed, or read in a result. */
static void test_content_of_another_host(void **state UNUSED)
{
	struct peer p = {.on_task = want_others};
	CLEANUP(strbuf_release) struct strbuf events = {0};
	play(&p, PLAY "  - copy: {content: 'only for {{ inventory_hostname }}', dest: /x}\n",
	     "a,b,", &events);
	assert_has_not(&p.heard, "a: only for b");
	assert_has_not(&p.heard, "b: only for a");
	assert_has(&events, "it wants content that its task does not have");
	strbuf_release(&p.heard);
}

static void want_own(struct peer *p UNUSED, struct player_host *h, uint32_t id)
{
	char hex[DIGEST_HEX_MAX], own[30], text[200];
	snprintf(own, sizeof(own), "only for %s", player_name(h));
	digest_bytes(DIGEST_SHA256, own, strlen(own), hex);
	snprintf(text, sizeof(text), "{sha256: ['%s']}", hex);
	player_say(h, WIRE_CONTENT_WANTED, 0, text);
	snprintf(text, sizeof(text), "{sha256: '%s'}", hex);
	player_say(h, WIRE_BLOB_WANTED, id, text);
	answer(h, id, 0, true, "{changed: true}");
}

static void test_own_content(void **state UNUSED)
{
	struct peer p = {.on_task = want_own};
	CLEANUP(strbuf_release) struct strbuf events = {0};
	assert_int_equal(play(&p,
			      PLAY "  - copy: {content: 'only for {{ inventory_hostname }}', "
				   "dest: /x}\n",
			      "a,b,", &events),
			 RUN_EXIT_OK);
	assert_has(&p.heard, "a: only for a\n");
	assert_has(&p.heard, "b: only for b\n");
	strbuf_release(&p.heard);
}

/* A pipe would be waited for, a device that does not end be read for ever. */
static void test_sources_without_an_end(void **state UNUSED)
{
	static const struct {
		const char *src, *says;
	} cases[] = {
		{"pipe", NULL}, /* nobody writes into it: empty */
		{"/dev/zero", "/dev/zero: it is not a regular file"},
		{"/dev/null", NULL},
	};
	char path[300], tasks[300];
	snprintf(path, sizeof(path), "%s/pipe", player_folder());
	assert_int_equal(mkfifo(path, 0600), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct peer p = {0};
		CLEANUP(strbuf_release) struct strbuf events = {0};
		snprintf(tasks, sizeof(tasks), PLAY "  - copy: {src: '%s', dest: /x}\n",
			 cases[i].src);
		assert_int_equal(play(&p, tasks, "a,", &events),
				 cases[i].says ? RUN_EXIT_FAILED : RUN_EXIT_OK);
		if (cases[i].says)
			assert_has(&events, cases[i].says);
		strbuf_release(&p.heard);
	}
}

/* ---- the rules of docs/wire.md ---- */

static void say_case(struct peer *p, struct player_host *h, uint32_t id);

struct rule {
	const char *name;
	enum wire_type type;
	int id; /* added to the task's; -1000: 0 */
	const char *yaml, *message;
};
static const struct rule rules[] = {
	{"item too far", WIRE_RESULT, 0, "{item: 1, last: false, result: {}}", "out of order"},
	{"item huge", WIRE_RESULT, 0, "{item: 4611686018427387904, last: true, result: {}}",
	 "out of order"},
	{"item negative", WIRE_RESULT, 0, "{item: -1, last: true, result: {}}", "out of order"},
	{"no item", WIRE_RESULT, 0, "{last: true, result: {}}", "out of order"},
	{"no last", WIRE_RESULT, 0, "{item: 0, result: {}}", "should be the last"},
	{"no result", WIRE_RESULT, 0, "{item: 0, last: true}", "without a result"},
	{"a list", WIRE_RESULT, 0, "[]", "where a dict belongs"},
	{"controller's", WIRE_TASK, 0, "{}", "the controller's to send"},
	{"hello again", WIRE_HELLO, -1000, "{version: 4}", "HELLO for the second time"},
	{"output huge item", WIRE_OUTPUT, 0, "{item: 2, stream: 1, data: x}", "OUTPUT that is"},
	{"output stream", WIRE_OUTPUT, 0, "{item: 0, stream: 3, data: x}", "OUTPUT that is"},
	{"file", WIRE_FILE, 0, "{}", "FILE without its source"},
	{"file without a size", WIRE_FILE, 0, "{source: /x}", "FILE without its size"},
	{"file of less than nothing", WIRE_FILE, 0, "{source: /x, size: -1}",
	 "FILE without its size"},
	{"file without an end", WIRE_FILE, 0, "{source: /x, size: 9223372036854775807}",
	 "FILE without its size"},
	{"foreign wish", WIRE_BLOB_WANTED, 77, "{sha256: x}", "that it does not have"},
	{"empty wish", WIRE_BLOB_WANTED, 0, "{}", "that its task does not have"},
};
static const struct rule *rule;

static void say_case(struct peer *p UNUSED, struct player_host *h, uint32_t id)
{
	player_say(h, rule->type, rule->id == -1000 ? 0 : id + (uint32_t)rule->id, rule->yaml);
	/* Nothing that follows counts. */
	answer(h, id, 0, false, "{changed: true, msg: later}");
	answer(h, id, 1, true, "{changed: true, msg: later}");
}

static void test_rules(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		CLEANUP(strbuf_release) struct strbuf events = {0};
		struct peer p = {.on_task = say_case};
		rule = &rules[i];
		enum run_exit code = play(
			&p, PLAY "  - command: 'x {{ item }}'\n    loop: [1, 2]\n", "a,", &events);
		if (code != RUN_EXIT_UNREACHABLE)
			fail_msg("%s: exit code %d\n%s", rule->name, code, events.ptr);
		assert_has(&events, rule->message);
		assert_has_not(&events, "later");
		assert_int_equal(player_connections(), 1);
		strbuf_release(&p.heard);
	}
}

static void begin_with_result(void *ctx UNUSED, struct player_host *h)
{
	answer(h, 1, 0, true, "{changed: true, msg: early}");
}

static void begin_with_another_version(void *ctx UNUSED, struct player_host *h)
{
	player_say(h, WIRE_HELLO, 0, "{version: 99}");
}

static void begin_without_a_version(void *ctx UNUSED, struct player_host *h)
{
	player_say(h, WIRE_HELLO, 0, "{}");
}

static void test_hello(void **state UNUSED)
{
	static const struct {
		void (*begin)(void *ctx, struct player_host *h);
		const char *message;
	} cases[] = {
		{begin_with_result, "did not begin with HELLO"},
		{begin_with_another_version, "version 99 of the protocol, and rollout 4"},
		{begin_without_a_version, "HELLO without a version"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct player_script script = {.begin = cases[i].begin, .retries = 1};
		CLEANUP(strbuf_release) struct strbuf events = {0};
		assert_int_equal(player_run(PLAY "  - command: x\n", "a,", &script, &events),
				 RUN_EXIT_UNREACHABLE);
		assert_has(&events, cases[i].message);
		assert_int_equal(player_connections(), 1);
	}
}

/* ---- a connection that is lost in the middle of a loop ---- */

#define SHA1_ONE "fe05bcdcdc4928012781a5f1a2a77cbb5398e106" /* of "one" */
#define SHA1_TWO "ad782ecdac770fc6eb9a62e44f90873fb97fb26b" /* of "two" */

static void send_file(struct player_host *h, uint32_t id, unsigned item)
{
	static const char *const names[] = {"one", "two"};
	static const char *const sums[] = {SHA1_ONE, SHA1_TWO};
	char text[400];
	snprintf(text, sizeof(text), "{source: /%s, size: 3}", names[item]);
	player_say(h, WIRE_FILE, id, text);
	player_say_bytes(h, WIRE_PIECE, id, slice_from(names[item]));
	snprintf(text, sizeof(text),
		 "{changed: true, _source: /%s, checksum: %s, remote_checksum: %s}", names[item],
		 sums[item], sums[item]);
	answer(h, id, item, item == 1, text);
}

static void fetch_with_a_break(struct peer *p, struct player_host *h, uint32_t id)
{
	send_file(h, id, 0);
	if (p->ntasks == 1)
		player_hang_up(h);
	else
		send_file(h, id, 1);
}

static void test_loop_begins_anew(void **state UNUSED)
{
	struct peer p = {.on_task = fetch_with_a_break};
	CLEANUP(strbuf_release) struct strbuf events = {0}, text = {0};
	struct err err = {0};
	char path[300];
	enum run_exit code =
		play(&p, PLAY "  - fetch: {src: '/{{ item }}', dest: out/}\n    loop: [one, two]\n",
		     "a,", &events);
	if (code != RUN_EXIT_OK)
		fail_msg("%s", events.ptr);
	snprintf(path, sizeof(path), "%s/out/a/two", player_folder());
	assert_int_equal(file_read(path, 100, &text, &err), 0);
	assert_string_equal(text.ptr, "two");
	assert_int_equal(player_connections(), 2);
	strbuf_release(&p.heard);
}

/* ---- fetch ---- */

static const char *source;

static void send_as(struct peer *p UNUSED, struct player_host *h, uint32_t id)
{
	char text[400];
	snprintf(text, sizeof(text), "{source: %s, size: 3}", source);
	player_say(h, WIRE_FILE, id, text);
	player_say_bytes(h, WIRE_PIECE, id, SLICE_LIT("one"));
	snprintf(text, sizeof(text),
		 "{changed: true, _source: %s, checksum: %s, remote_checksum: %s}", source,
		 SHA1_ONE, SHA1_ONE);
	answer(h, id, 0, true, text);
}

/* The host does not choose which file of the controller it replaces. */
static void test_fetch_goes_where_the_task_says(void **state UNUSED)
{
	static const char *const wrong[] = {"/etc/../../x", "x", "/other", "/one/.bashrc"};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct peer p = {.on_task = send_as};
		CLEANUP(strbuf_release) struct strbuf events = {0};
		char path[300];
		struct stat st;
		source = wrong[i];
		assert_int_equal(play(&p, PLAY "  - fetch: {src: /one, dest: flat/, flat: true}\n",
				      "a,", &events),
				 RUN_EXIT_FAILED);
		assert_has(&events, "the host's file");
		snprintf(path, sizeof(path), "%s/flat", player_folder());
		assert_int_equal(stat(path, &st), -1);
		strbuf_release(&p.heard);
	}
}

/* ---- a host that is alive and says nothing ---- */

static unsigned pings;

static void stay_silent(void *ctx UNUSED, struct player_host *h UNUSED,
			const struct wire_frame *frame)
{
	pings += frame->type == WIRE_PING;
}

static void test_silent_host(void **state UNUSED)
{
	const struct player_script script = {.frame = stay_silent, .ping_interval_ms = 2};
	CLEANUP(strbuf_release) struct strbuf events = {0};
	pings = 0;
	assert_int_equal(player_run(PLAY "  - command: x\n", "a,", &script, &events),
			 RUN_EXIT_UNREACHABLE);
	assert_has(&events, "has tasks and has said nothing");
	assert_int_equal(pings, RUN_PING_MISSES);
}

/* Its task takes long: it says that it is there, and nothing else. */
static void answer_in_the_end(void *ctx UNUSED, struct player_host *h,
			      const struct wire_frame *frame)
{
	if (frame->type != WIRE_PING)
		return;
	player_say(h, WIRE_PONG, 0, "{}");
	if (++pings == 3 * RUN_PING_MISSES)
		answer(h, 1, 0, true, "{changed: true}");
}

static void test_long_task(void **state UNUSED)
{
	const struct player_script script = {.frame = answer_in_the_end, .ping_interval_ms = 2};
	CLEANUP(strbuf_release) struct strbuf events = {0};
	pings = 0;
	assert_int_equal(player_run(PLAY "  - command: x\n", "a,", &script, &events), RUN_EXIT_OK);
	assert_has(&events, "a changed");
	assert_int_equal(player_connections(), 1);
}

/* ---- how much ---- */

static void begin_endless_answers(struct peer *p UNUSED, struct player_host *h, uint32_t id)
{
	CLEANUP(free_ptr) char *part = xcalloc(1, 256u << 10);
	if (strcmp(player_name(h), "b") != 0) {
		answer(h, id, 0, true, "{changed: true}");
		return;
	}
	player_say_raw(h, (struct slice){"\3\0\0\0\2\0\0\0\1", WIRE_HEADER_SIZE});
	for (int i = 0; i < 8; i++)
		player_say_raw(h, (struct slice){part, 256u << 10});
}

/* What hosts have begun to say has a bound for all of them together. */
static void test_endless_answer(void **state UNUSED)
{
	struct peer p = {.on_task = begin_endless_answers};
	const struct player_script script = {
		.ctx = &p, .frame = on_frame, .incoming_max = 1u << 20};
	CLEANUP(strbuf_release) struct strbuf events = {0};
	assert_int_equal(player_run(PLAY "  - command: x\n", "a,b,c,", &script, &events),
			 RUN_EXIT_UNREACHABLE);
	assert_has(&events,
		   "b: the answers that are under way from all hosts are larger than 1024 KiB");
	assert_has(&events, "a changed");
	assert_has(&events, "c changed");
	strbuf_release(&p.heard);
}

static bool waited_for_room;

static void count_tasks(struct peer *p, struct player_host *h, uint32_t id)
{
	if (p->ntasks == WIRE_QUEUED_TASKS_MAX + 1)
		waited_for_room = !player_is_unheard(h);
	answer(h, id, 0, true, "{changed: true}");
}

/* An agent takes so many tasks at once; more hosts than that may delegate to one. */
static void test_many_delegate_to_one(void **state UNUSED)
{
	struct peer p = {.on_task = count_tasks};
	CLEANUP(strbuf_release) struct strbuf events = {0};
	waited_for_room = false;
	assert_int_equal(play(&p,
			      "- hosts: all:!one\n  gather_facts: false\n  tasks:\n"
			      "  - command: x\n    delegate_to: one\n",
			      "one,h[1:1100],", &events),
			 RUN_EXIT_OK);
	assert_int_equal(p.ntasks, 1100);
	assert_true(waited_for_room);
	strbuf_release(&p.heard);
}

/* ---- lost while a connection as root is being asked for ---- */

static void hang_up_at_second(struct peer *p, struct player_host *h, uint32_t id)
{
	if (p->ntasks == 2)
		player_hang_up(h);
	else
		answer(h, id, 0, true, "{changed: true}");
}

/* What was under way goes to the new agent too. */
static void test_lost_before_it_is_renewed(void **state UNUSED)
{
	static const char included[] = "- stat: {path: /one}\n- command: two\n  become: true\n";
	struct peer p = {.on_task = hang_up_at_second};
	CLEANUP(strbuf_release) struct strbuf events = {0};
	struct err err = {0};
	char path[300];
	snprintf(path, sizeof(path), "%s/a.yml", player_folder());
	assert_int_equal(file_write_atomic(path, included, strlen(included), 0600, &err), 0);
	enum run_exit code = play(
		&p, PLAY "  - stat: {path: /}\n  - include_tasks: '{{ inventory_hostname }}.yml'\n",
		"a,", &events);
	if (code != RUN_EXIT_OK)
		fail_msg("exit code %d\n%s", code, events.ptr);
	assert_has(&p.heard, "two");
	assert_int_equal(p.ntasks, 4); /* the second one twice */
	strbuf_release(&p.heard);
}

/* More than the size that it said, or of no file: the disk is not filled. */
static void send_without_end(struct peer *p UNUSED, struct player_host *h, uint32_t id)
{
	if (source[0])
		player_say(h, WIRE_FILE, id, source);
	player_say_bytes(h, WIRE_PIECE, id, SLICE_LIT("one"));
	player_say_bytes(h, WIRE_PIECE, id, SLICE_LIT("two"));
	answer(h, id, 0, true, "{changed: true, _source: /one, checksum: x, remote_checksum: x}");
}

static void test_fetch_of_more_than_was_said(void **state UNUSED)
{
	static const char *const said[] = {"", "{source: /one, size: 2}", "{source: /one, size: 5}",
					   "{source: /one, size: 0}"};
	for (size_t i = 0; i < ARRAY_LEN(said); i++) {
		struct peer p = {.on_task = send_without_end};
		CLEANUP(strbuf_release) struct strbuf events = {0};
		source = said[i];
		assert_int_equal(
			play(&p, PLAY "  - fetch: {src: /one, dest: more/}\n", "a,", &events),
			RUN_EXIT_UNREACHABLE);
		assert_has(&events, "more of a file than the size that it said");
		assert_int_equal(player_connections(), 1);
		strbuf_release(&p.heard);
	}
}

static void test_fetch_of_more_than_there_is_room(void **state UNUSED)
{
	char path[300];
	struct statvfs fs;
	struct stat st;
	struct peer p = {.on_task = send_without_end};
	CLEANUP(strbuf_release) struct strbuf events = {0};
	assert_int_equal(statvfs(player_folder(), &fs), 0);
	if (fs.f_bavail > 68719476736u / fs.f_frsize)
		skip();
	source = "{source: /one, size: 68719476736}";
	enum run_exit code =
		play(&p, PLAY "  - fetch: {src: /one, dest: room/, flat: true}\n", "a,", &events);
	assert_int_equal(code, RUN_EXIT_FAILED);
	assert_has(&events, "it has 68719476736 bytes, and there is room for");
	snprintf(path, sizeof(path), "%s/room/one", player_folder());
	assert_int_equal(stat(path, &st), -1);
	strbuf_release(&p.heard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_facts_that_a_host_may_not_set),
		cmocka_unit_test(test_content_of_another_host),
		cmocka_unit_test(test_own_content),
		cmocka_unit_test(test_sources_without_an_end),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_loop_begins_anew),
		cmocka_unit_test(test_fetch_goes_where_the_task_says),
		cmocka_unit_test(test_silent_host),
		cmocka_unit_test(test_long_task),
		cmocka_unit_test(test_endless_answer),
		cmocka_unit_test(test_many_delegate_to_one),
		cmocka_unit_test(test_lost_before_it_is_renewed),
		cmocka_unit_test(test_fetch_of_more_than_was_said),
		cmocka_unit_test(test_fetch_of_more_than_there_is_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
