/* Strands, cancelling, and how an agent ends. */
#include "conversation.h"
#include "rollout/base/clock.h"
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define SLEEPER                                                                                    \
	"{module: shell, items: [{_raw_params: 'echo $$ > %s/pid; exec sleep 600'}, "              \
	"{_raw_params: 'touch %s/second'}], stop_on_failure: yes}"

static void a_failure_stops_its_strand(void **state)
{
	struct conversation *c = conversation_greeted();
	(void)state;
	send_task(c, 1,
		  in_dir(c, "{module: shell, items: [{_raw_params: 'until [ -e %s/go ]; do "
			    "sleep 0.01; done; false'}], strand: 7, stop_on_failure: yes}"));
	send_task(c, 2, "{module: ping, strand: 7}");
	send_task(c, 3, "{module: ping, strand: 8}");
	send_task(c, 4, "{module: ping, strand: 7}");
	send_task(c, 5, in_dir(c, "{module: shell, items: [{_raw_params: true}], strand: 9}"));
	assert_int_equal(creat(in_dir(c, "%s/go"), 0600) < 0, 0);
	assert_true(get_bool(expect_result(c, 1, 0, true), "failed"));
	expect(c, WIRE_DROPPED, 2);
	expect(c, WIRE_DROPPED, 4);
	expect_result(c, 3, 0, true);
	expect_result(c, 5, 0, true);
	send_task(c, 6, "{module: ping, strand: 7}");
	send_value(c, WIRE_RESUME, 0, "{strand: 8}");
	send_value(c, WIRE_RESUME, 0, "{strand: 7}");
	send_task(c, 7, "{module: ping, strand: 7}");
	expect(c, WIRE_DROPPED, 6);
	expect_result(c, 7, 0, true);
	/* without stop_on_failure it goes on */
	send_task(c, 8, "{module: shell, items: [{_raw_params: 'false'}], strand: 7}");
	send_task(c, 9, "{module: ping, strand: 7}");
	expect_result(c, 8, 0, true);
	expect_result(c, 9, 0, true);
	/* an early failure of a loop counts */
	send_task(c, 10,
		  "{module: shell, items: [{_raw_params: 'false'}, {_raw_params: 'true'}], "
		  "stop_on_failure: yes}");
	send_task(c, 11, "{module: ping}");
	expect_result(c, 10, 0, false);
	expect_result(c, 10, 1, true);
	expect(c, WIRE_DROPPED, 11);
	conversation_end(c);
}

/* Also beside a task that says nothing. */
static void a_ping_is_answered_at_once(void **state)
{
	struct conversation *c = conversation_greeted();
	(void)state;
	send_value(c, WIRE_PING, 0, "{}");
	expect(c, WIRE_PONG, 0);
	send_task(c, 1, in_dir(c, SLEEPER));
	wait_pid_file(in_dir(c, "%s/pid"));
	send_value(c, WIRE_PING, 0, "{}");
	expect(c, WIRE_PONG, 0);
	send_value(c, WIRE_CANCEL, 1, "{}");
	expect_result(c, 1, 0, true);
	conversation_end(c);
}

static void cancelling_kills_what_runs(void **state)
{
	struct conversation *c = conversation_greeted();
	(void)state;
	send_task(c, 1, in_dir(c, SLEEPER));
	send_task(c, 2, "{module: ping, strand: 2}");
	send_task(c, 3, "{module: ping, strand: 2}");
	pid_t pid = wait_pid_file(in_dir(c, "%s/pid"));
	send_value(c, WIRE_CANCEL, 99, "{}");
	send_value(c, WIRE_CANCEL, 3, "{}");
	send_value(c, WIRE_CANCEL, 1, "{}");
	const struct value *r = expect_result(c, 1, 0, true);
	assert_true(get_bool(r, "failed") && get_bool(r, "cancelled"));
	assert_true(is_gone(pid));
	expect_result(c, 2, 0, true);
	assert_true(get_bool(expect_result(c, 3, 0, true), "cancelled"));
	assert_int_equal(access(in_dir(c, "%s/second"), F_OK), -1);
	send_task(c, 4, "{module: ping, strand: 1}");
	expect(c, WIRE_DROPPED, 4);
	conversation_end(c);
}

static void the_unwilling_are_killed(void **state)
{
	struct conversation *c = conversation_greeted();
	(void)state;
	send_task(c, 1,
		  in_dir(c, "{module: shell, items: [{_raw_params: 'trap \"\" TERM; echo $$ > "
			    "%s/pid; while :; do sleep 0.05; done'}]}"));
	pid_t pid = wait_pid_file(in_dir(c, "%s/pid"));
	int64_t start_ms = clock_now_ms();
	send_value(c, WIRE_CANCEL, 1, "{}");
	assert_true(get_bool(expect_result(c, 1, 0, true), "cancelled"));
	assert_true(clock_now_ms() - start_ms >= 1900);
	assert_true(is_gone(pid));
	conversation_end(c);
}

/* Neither does it hold up the next task. */
static void a_worker_that_does_not_answer_is_killed(void **state)
{
	struct conversation *c = conversation_greeted();
	(void)state;
	send_task(c, 1,
		  in_dir(c, "{module: shell, items: [{_raw_params: 'echo $PPID > %s/pid; exec "
			    "sleep 600'}]}"));
	pid_t worker = wait_pid_file(in_dir(c, "%s/pid"));
	assert_int_equal(kill(worker, SIGSTOP), 0);
	send_value(c, WIRE_CANCEL, 1, "{}");
	assert_true(get_bool(expect_result(c, 1, 0, true), "cancelled"));
	assert_true(is_gone(worker));
	send_task(c, 2, "{module: ping}");
	expect_result(c, 2, 0, true);
	conversation_end(c);
}

static void a_task_may_have_a_time_limit(void **state)
{
	struct conversation *c = conversation_greeted();
	const char *begun = in_dir(c, "%s/begun");
	(void)state;
	/* On a busy machine the first item may not end in time. */
	for (int limit_ms = 200; access(begun, F_OK) < 0 && limit_ms < PATIENCE_MS; limit_ms *= 5) {
		char told[64];
		send_task(c, 1,
			  in_dir(c, arena_printf(&c->arena,
						 "{module: shell, timeout_ms: %d, items: "
						 "[{_raw_params: 'true'}, {_raw_params: 'touch "
						 "%%s/begun; sleep 600'}, {_raw_params: 'true'}]}",
						 limit_ms)));
		const struct value *r = expect_any_result(c, 1, 0);
		if (!get_bool(r, "failed"))
			r = expect_any_result(c, 1, 1);
		assert_true(c->was_last && get_bool(r, "failed") && get_bool(r, "timed_out"));
		snprintf(told, sizeof(told), "took longer than %.1f s and was ended",
			 limit_ms / 1000.0);
		assert_string_equal(get_str(r, "msg"), told);
	}
	assert_int_equal(access(begun, F_OK), 0);
	send_task(c, 2, "{module: ping, timeout_ms: 600000}");
	expect_result(c, 2, 0, true);
	conversation_end(c);
}

/* Daemons that a finished task left are nobody's to kill. */
static void daemons_stay(void **state)
{
	struct conversation *c = conversation_greeted();
	(void)state;
	send_task(c, 1,
		  in_dir(c, "{module: shell, items: [{_raw_params: 'sleep 600 >/dev/null 2>&1 "
			    "& echo $! > %s/pid'}]}"));
	expect_result(c, 1, 0, true);
	pid_t pid = wait_pid_file(in_dir(c, "%s/pid"));
	send_task(c, 2, "{module: ping}");
	expect_result(c, 2, 0, true);
	conversation_end(c);
	assert_int_equal(kill(pid, SIGKILL), 0);
}

/* What is there to be ended ends at SIGTERM: how long the agent lasted. */
static int64_t end_of_input(int how)
{
	struct conversation *c = conversation_greeted();
	send_task(c, 1, in_dir(c, SLEEPER));
	send_task(c, 2, in_dir(c, "{module: shell, items: [{_raw_params: touch %s/late}]}"));
	pid_t pid = wait_pid_file(in_dir(c, "%s/pid"));
	int64_t start_ms = clock_now_ms();
	if (how == 0)
		end_input(c);
	else if (how == 1)
		kill(c->agent, SIGTERM);
	else
		close(c->from), c->from = -1;
	assert_true(is_gone(pid));
	assert_int_equal(access(in_dir(c, "%s/late"), F_OK), -1);
	assert_int_equal(wait_exit(c), 0);
	return clock_now_ms() - start_ms;
}

static void the_end_of_input_kills_what_runs(void **state)
{
	(void)state;
	for (int how = 0; how < 3; how++) {
		int64_t least_ms = end_of_input(how);
		/* On a busy machine one may be late; all are where SIGKILL's time is waited for. */
		for (int i = 0; i < 20 && least_ms >= 1500; i++) {
			int64_t ms = end_of_input(how);
			least_ms = ms < least_ms ? ms : least_ms;
		}
		assert_true(least_ms < 1500);
	}
}

static void bye_finishes_the_queue(void **state)
{
	struct conversation *c = conversation_greeted();
	(void)state;
	send_task(c, 1, "{module: shell, items: [{_raw_params: sleep 0.2}]}");
	send_task(c, 2, "{module: ping}");
	send_value(c, WIRE_BYE, 0, "{}");
	expect_result(c, 1, 0, true);
	expect_result(c, 2, 0, true);
	assert_int_equal(wait_exit(c), 0);
}

/* --- hostile frames -------------------------------------------------------- */

#define FLAGS "strand: 1, stop_on_failure: no, check_mode: no, diff_mode: no, no_log: no"
static const struct {
	enum wire_type type;
	uint32_t id;
	const char *yaml;
} hostile[] = {
	{WIRE_HELLO, 0, "{}"},
	{WIRE_RESULT, 1, "{}"},
	{WIRE_TASK, 0, "{module: ping, items: [{}], " FLAGS "}"},
	{WIRE_TASK, 1, "{module: ping, items: [{}], " FLAGS "}"}, /* in use */
	{WIRE_TASK, 2, "{module: ping, items: [], " FLAGS "}"},
	{WIRE_TASK, 2, "[]"},
	{WIRE_BLOB_END, 1, "{sha256: ''}"},
	{WIRE_RESUME, 0, "{}"},
	{WIRE_RESUME, 0, "{strand: a}"},
	{WIRE_RESUME, 0, "{strand: -1}"},
	{WIRE_CANCEL, 1, "[]"},
	{WIRE_BYE, 0, "null"},
};

static void broken_rules_end_the_agent(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
		struct conversation *c = conversation_greeted();
		send_task(c, 1, in_dir(c, SLEEPER));
		pid_t pid = wait_pid_file(in_dir(c, "%s/pid"));
		send_value(c, hostile[i].type, hostile[i].id, hostile[i].yaml);
		assert_true(is_gone(pid));
		assert_int_equal(wait_exit(c), 1);
	}
}

static void broken_frames_end_the_agent(void **state)
{
	static const struct slice frames[] = {
		SLICE_LIT("GET / HTTP/1.0\r\n\r\n"),   SLICE_LIT("\xff\xff\xff\xff\x40\0\0\0\1"),
		SLICE_LIT("\0\0\0\1\x40\0\0\0\1\xff"), SLICE_LIT("\0\0\0\0\x40\0\0\0\1"),
		SLICE_LIT("\0\0\0\1\x41\0\0\0\1x"),
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
		struct conversation *c = conversation_greeted();
		send_bytes(c, frames[i]);
		assert_int_equal(wait_exit(c), 1);
	}
	struct conversation *c = conversation_greeted();
	send_value(c, WIRE_BYE, 0, "{}\n");
	assert_int_equal(wait_exit(c), 0);
}

static void the_queue_is_limited(void **state)
{
	struct conversation *c = conversation_greeted();
	(void)state;
	send_task(c, 1, in_dir(c, SLEEPER));
	wait_pid_file(in_dir(c, "%s/pid"));
	for (uint32_t i = 0; i <= WIRE_QUEUED_TASKS_MAX; i++)
		send_task(c, i + 2, "{module: ping}");
	assert_int_equal(wait_exit(c), 1);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_stops_its_strand),
		cmocka_unit_test(a_ping_is_answered_at_once),
		cmocka_unit_test(cancelling_kills_what_runs),
		cmocka_unit_test(the_unwilling_are_killed),
		cmocka_unit_test(a_worker_that_does_not_answer_is_killed),
		cmocka_unit_test(a_task_may_have_a_time_limit),
		cmocka_unit_test(daemons_stay),
		cmocka_unit_test(the_end_of_input_kills_what_runs),
		cmocka_unit_test(bye_finishes_the_queue),
		cmocka_unit_test(broken_rules_end_the_agent),
		cmocka_unit_test(broken_frames_end_the_agent),
		cmocka_unit_test(the_queue_is_limited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
