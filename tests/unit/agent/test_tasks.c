/* What a task is answered with. */
#include "conversation.h"
#include "rollout/base/digest.h"
#include "rollout/base/file.h"
#include "rollout/base/vec.h"
#include "test.h"

#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void hello_comes_first(void **state)
{
	struct conversation *c = conversation_start();
	const struct value *v = expect(c, WIRE_HELLO, 0);
	(void)state;
	assert_int_equal(value_get(v, "version")->integer, WIRE_VERSION);
	assert_int_equal(value_get(v, "pid")->integer, c->agent);
	assert_int_equal(value_get(v, "uid")->integer, geteuid());
	assert_int_equal(value_get(v, "sha256")->str.len, 64);
	assert_true(value_get(v, "arch")->str.len > 0);
	const struct passwd *pw = getpwuid(geteuid());
	if (pw)
		assert_string_equal(get_str(v, "user"), pw->pw_name);
	assert_true(value_get(v, "user")->str.len > 0);
	conversation_end(c);
}

static void every_item_is_answered(void **state)
{
	struct conversation *c = conversation_greeted();
	(void)state;
	send_task(c, 5, "{module: ping, items: [{data: a}, {data: b}, {data: c}]}");
	assert_string_equal(get_str(expect_result(c, 5, 0, false), "ping"), "a");
	assert_string_equal(get_str(expect_result(c, 5, 1, false), "ping"), "b");
	assert_string_equal(get_str(expect_result(c, 5, 2, true), "ping"), "c");
	send_task(c, 6, "{module: no_such}");
	const struct value *r = expect_result(c, 6, 0, true);
	assert_true(get_bool(r, "failed"));
	assert_string_equal(get_str(r, "msg"), "the agent has no module 'no_such'");
	send_task(c, 7, "{module: debug}");
	assert_true(get_bool(expect_result(c, 7, 0, true), "failed"));
	conversation_end(c);
}

static void a_failed_item_does_not_stop_the_others(void **state)
{
	struct conversation *c = conversation_greeted();
	(void)state;
	send_task(c, 1, "{module: shell, items: [{_raw_params: exit 3}, {_raw_params: echo on}]}");
	const struct value *r = expect_result(c, 1, 0, false);
	assert_true(get_bool(r, "failed"));
	assert_int_equal(value_get(r, "rc")->integer, 3);
	assert_string_equal(get_str(expect_result(c, 1, 1, true), "stdout"), "on");
	conversation_end(c);
}

static void output_comes_while_it_runs(void **state)
{
	struct conversation *c = conversation_greeted();
	(void)state;
	send_task(c, 1,
		  in_dir(c, "{module: shell, items: [{_raw_params: 'echo one; echo two >&2; "
			    "until [ -e %s/go ]; do sleep 0.01; done; echo three'}]}"));
	const struct value *v = expect(c, WIRE_OUTPUT, 1);
	assert_string_equal(get_str(v, "data"), "one\n");
	assert_int_equal(value_get(v, "stream")->integer, 1);
	assert_int_equal(value_get(v, "item")->integer, 0);
	v = expect(c, WIRE_OUTPUT, 1);
	assert_string_equal(get_str(v, "data"), "two\n");
	assert_int_equal(value_get(v, "stream")->integer, 2);
	assert_int_equal(file_write_atomic(in_dir(c, "%s/go"), "", 0, 0600, NULL), 0);
	assert_string_equal(get_str(expect(c, WIRE_OUTPUT, 1), "data"), "three\n");
	assert_string_equal(get_str(expect_result(c, 1, 0, true), "stdout"), "one\nthree");
	send_task(c, 2, "{module: shell, items: [{_raw_params: echo secret}], no_log: yes}");
	expect(c, WIRE_RESULT, 2);
	conversation_end(c);
}

/* More than anybody reads: the command is not held up, the result is whole. */
static void too_much_output_is_left_out(void **state)
{
	struct conversation *c = conversation_greeted();
	const struct value *v;
	size_t shown = 0, dropped = 0;
	(void)state;
	send_task(c, 1,
		  "{module: shell, items: [{_raw_params: head -c 6000000 /dev/zero | tr "
		  "'\\\\0' x}]}");
	for (;;) {
		struct wire_frame f;
		struct err err;
		static char buf[65536];
		while (wire_reader_next(&c->reader, &f, &err) == 0) {
			ssize_t n = read(c->from, buf, sizeof(buf));
			assert_true(n > 0);
			wire_reader_feed(&c->reader, buf, (size_t)n);
		}
		assert_int_equal(wire_value_decode(&c->arena, f.payload, 0, &v, NULL), 0);
		if (f.type == WIRE_RESULT)
			break;
		assert_true(f.payload.len < WIRE_OUTPUT_CHUNK + 100);
		shown += value_get(v, "data")->str.len;
		dropped += value_get(v, "dropped") ? (size_t)value_get(v, "dropped")->integer : 0;
	}
	assert_int_equal(shown + dropped, 6000000);
	assert_true(shown > 0 && dropped > 0);
	assert_int_equal(value_get(value_get(v, "result"), "stdout")->str.len, 6000000);
	conversation_end(c);
}

static void a_result_that_is_too_large_is_a_failure(void **state)
{
	struct conversation *c = conversation_greeted();
	(void)state;
	send_task(c, 1,
		  "{module: shell, items: [{_raw_params: yes '' | head -n 1100000, "
		  "strip_empty_ends: no}]}");
	const struct value *r = expect_result(c, 1, 0, true);
	assert_true(get_bool(r, "failed") && get_bool(r, "changed"));
	assert_true(strstr(get_str(r, "msg"), "larger than can be sent") != NULL);
	conversation_end(c);
}

static void the_environment_is_the_tasks_own(void **state)
{
	struct conversation *c = conversation_greeted();
	(void)state;
	for (uint32_t id = 1; id < 5; id += 2) {
		const char *check = id == 3 ? ", check_mode: yes" : "";
		struct strbuf task = {0};
		strbuf_printf(&task,
			      "{module: shell, environment: {ROLLOUT_T: 'a b'}, items: "
			      "[{_raw_params: 'echo \"$ROLLOUT_T\"'}]%s}",
			      check);
		send_task(c, id, task.ptr);
		strbuf_release(&task);
		const struct value *r = expect_result(c, id, 0, true);
		if (id == 1)
			assert_string_equal(get_str(r, "stdout"), "a b");
		send_task(c, id + 1,
			  "{module: shell, items: [{_raw_params: 'echo \"$ROLLOUT_T\"'}]}");
		assert_string_equal(get_str(expect_result(c, id + 1, 0, true), "stdout"), "");
	}
	conversation_end(c);
}

static void a_crash_fails_its_task_alone(void **state)
{
	struct conversation *c = conversation_greeted();
	(void)state;
	send_task(c, 1,
		  in_dir(c, "{module: shell, items: [{_raw_params: 'echo $$ > %s/pid; kill "
			    "-KILL $PPID; exec sleep 60'}]}"));
	const struct value *r = expect_result(c, 1, 0, true);
	assert_true(get_bool(r, "failed"));
	assert_true(strstr(get_str(r, "msg"), "signal 9") != NULL);
	assert_true(is_gone(wait_pid_file(in_dir(c, "%s/pid"))));
	send_task(c, 2, "{module: ping}");
	expect_result(c, 2, 0, true);
	conversation_end(c);
}

/* --- content --------------------------------------------------------------- */

static void content_is_sent_once(void **state)
{
	struct conversation *c = conversation_greeted();
	char hex[DIGEST_HEX_MAX];
	CLEANUP(strbuf_release) struct strbuf task = {0}, text = {0};
	(void)state;
	digest_bytes(DIGEST_SHA256, "hello world\n", 12, hex);
	strbuf_printf(&task,
		      "{module: copy, items: [{dest: %%s/a, _sha256: '%s', _size: 12, force: yes}, "
		      "{dest: %%s/b, _sha256: '%s', _size: 12, force: yes}]}",
		      hex, hex);
	send_task(c, 1, in_dir(c, task.ptr));
	assert_string_equal(get_str(expect(c, WIRE_BLOB_WANTED, 1), "sha256"), hex);
	send_blob(c, 1, hex, "hello world\n");
	const struct value *r = expect_result(c, 1, 0, false);
	if (get_bool(r, "failed"))
		fail_msg("%s", get_str(r, "msg"));
	assert_true(get_bool(expect_result(c, 1, 1, true), "changed"));
	assert_int_equal(file_read(in_dir(c, "%s/b"), 100, &text, NULL), 0);
	assert_string_equal(text.ptr, "hello world\n");
	send_task(c, 2, in_dir(c, task.ptr));
	assert_false(get_bool(expect_result(c, 2, 0, false), "changed"));
	assert_false(get_bool(expect_result(c, 2, 1, true), "changed"));
	conversation_end(c);
}

static void content_must_be_what_was_named(void **state)
{
	struct conversation *c = conversation_greeted();
	char hex[DIGEST_HEX_MAX];
	CLEANUP(strbuf_release) struct strbuf task = {0};
	(void)state;
	digest_bytes(DIGEST_SHA256, "right", 5, hex);
	strbuf_printf(&task, "{module: copy, items: [{dest: %%s/a, _sha256: '%s', _size: 5}]}",
		      hex);
	send_task(c, 1, in_dir(c, task.ptr));
	expect(c, WIRE_BLOB_WANTED, 1);
	send_blob(c, 1, hex, "wrong");
	assert_true(get_bool(expect_result(c, 1, 0, true), "failed"));
	send_task(c, 2, in_dir(c, task.ptr));
	expect(c, WIRE_BLOB_WANTED, 2);
	send_value(c, WIRE_BLOB_END, 2, "{error: it is gone}");
	const struct value *r = expect_result(c, 2, 0, true);
	assert_true(strstr(get_str(r, "msg"), "it is gone") != NULL);
	assert_int_equal(access(in_dir(c, "%s/a"), F_OK), -1);
	/* A task that is over when its content arrives */
	send_task(c, 3, in_dir(c, task.ptr));
	expect(c, WIRE_BLOB_WANTED, 3);
	send_value(c, WIRE_CANCEL, 3, "{}");
	assert_true(get_bool(expect_result(c, 3, 0, true), "cancelled"));
	expect(c, WIRE_BLOB_STOP, 3);
	send_task(c, 4, in_dir(c, task.ptr));
	send_blob(c, 3, hex, "right");
	assert_true(get_bool(expect_result(c, 4, 0, true), "changed"));
	conversation_end(c);
}

/* --- check mode ------------------------------------------------------------ */

static void check_mode_is_one_overlay(void **state)
{
	struct conversation *c = conversation_greeted();
	(void)state;
	send_task(c, 1,
		  in_dir(c, "{module: file, check_mode: yes, items: [{path: %s/d, state: "
			    "directory}]}"));
	assert_true(get_bool(expect_result(c, 1, 0, true), "changed"));
	send_task(c, 2, in_dir(c, "{module: file, items: [{path: %s/e, state: directory}]}"));
	assert_true(get_bool(expect_result(c, 2, 0, true), "changed"));
	send_task(c, 3,
		  in_dir(c, "{module: file, check_mode: yes, items: [{path: %s/d, state: "
			    "directory}]}"));
	assert_false(get_bool(expect_result(c, 3, 0, true), "changed"));
	assert_int_equal(access(in_dir(c, "%s/d"), F_OK), -1);
	assert_int_equal(access(in_dir(c, "%s/e"), F_OK), 0);
	conversation_end(c);
}

/* Whoever goes on after it would be told something wrong. */
static void a_lost_overlay_is_not_replaced(void **state)
{
	struct conversation *c = conversation_greeted();
	char path[64];
	CLEANUP(strbuf_release) struct strbuf children = {0};
	(void)state;
	send_task(c, 1, "{module: ping, check_mode: yes}");
	expect_result(c, 1, 0, true);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", c->agent, c->agent);
	if (file_read(path, 4096, &children, NULL) < 0)
		skip();
	kill((pid_t)strtol(children.ptr, NULL, 10), SIGKILL);
	for (uint32_t id = 2; id < 4; id++) {
		send_task(c, id, "{module: ping, check_mode: yes}");
		assert_true(get_bool(expect_result(c, id, 0, true), "failed"));
	}
	send_task(c, 4, "{module: ping}");
	assert_false(get_bool(expect_result(c, 4, 0, true), "failed"));
	conversation_end(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_comes_first),
		cmocka_unit_test(every_item_is_answered),
		cmocka_unit_test(a_failed_item_does_not_stop_the_others),
		cmocka_unit_test(output_comes_while_it_runs),
		cmocka_unit_test(too_much_output_is_left_out),
		cmocka_unit_test(a_result_that_is_too_large_is_a_failure),
		cmocka_unit_test(the_environment_is_the_tasks_own),
		cmocka_unit_test(a_crash_fails_its_task_alone),
		cmocka_unit_test(content_is_sent_once),
		cmocka_unit_test(content_must_be_what_was_named),
		cmocka_unit_test(check_mode_is_one_overlay),
		cmocka_unit_test(a_lost_overlay_is_not_replaced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
