/* Async tasks: they outlive the answer, and always leave a result. */
#include "conversation.h"
#include "rollout/base/clock.h"
#include "scratch.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int make_jobs_folder(void **state)
{
	(void)state;
	return scratch_make(state) == 0 ? setenv("ANSIBLE_ASYNC_DIR", scratch, 1) : -1;
}

static const char *start(struct conversation *c, const char *task)
{
	send_task(c, 1, task);
	const struct value *r = expect_result(c, 1, 0, true);
	assert_int_equal(value_get(r, "started")->integer, 1);
	assert_int_equal(value_get(r, "finished")->integer, 0);
	return get_str(r, "ansible_job_id");
}

static const struct value *wait_for(struct conversation *c, const char *jid)
{
	CLEANUP(strbuf_release) struct strbuf task = {0};
	strbuf_printf(&task, "{module: async_status, items: [{jid: %s}]}", jid);
	int64_t until_ms = clock_now_ms() + PATIENCE_MS;
	for (unsigned id = 2; clock_now_ms() < until_ms; id++) {
		send_task(c, id, task.ptr);
		const struct value *r = expect_result(c, id, 0, true);
		if (value_get(r, "finished")->integer == 1)
			return r;
		usleep(20000);
	}
	fail_msg("the job %s does not end", jid);
	return NULL;
}

static void the_result_is_kept(void **state)
{
	struct conversation *c = conversation_greeted();
	(void)state;
	const struct value *r = wait_for(
		c, start(c, "{module: shell, items: [{_raw_params: echo x, _async: 600}]}"));
	assert_string_equal(get_str(r, "stdout"), "x");
	assert_false(get_bool(r, "failed"));
	conversation_end(c);
}

/* Its commands too, which have process groups of their own. */
static void the_time_limit_ends_it(void **state)
{
	struct conversation *c = conversation_greeted();
	(void)state;
	const char *pid_file = in_dir(c, "%s/pid");
	/* On a busy machine the command may not begin in time. */
	for (int limit_s = 1; access(pid_file, F_OK) < 0 && limit_s < 100; limit_s *= 4) {
		const char *task = "{module: shell, items: [{_raw_params: 'echo $$ >%%s/pid; exec "
				   "sleep 600', _async: %d}]}";
		char told[64];
		const struct value *r =
			wait_for(c, start(c, in_dir(c, arena_printf(&c->arena, task, limit_s))));
		assert_true(get_bool(r, "failed"));
		snprintf(told, sizeof(told), "Job reached maximum time limit of %d seconds.",
			 limit_s);
		assert_string_equal(get_str(r, "msg"), told);
	}
	assert_true(is_gone(wait_pid_file(pid_file)));
	conversation_end(c);
}

static void a_lost_worker_is_told(void **state)
{
	struct conversation *c = conversation_greeted();
	(void)state;
	const struct value *r = wait_for(
		c, start(c, "{module: shell, items: [{_raw_params: kill -9 $PPID, _async: 600}]}"));
	assert_true(get_bool(r, "failed"));
	assert_string_equal(get_str(r, "msg"), "the job was killed by signal 9 (Killed)");
	conversation_end(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_result_is_kept),
		cmocka_unit_test(the_time_limit_ends_it),
		cmocka_unit_test(a_lost_worker_is_told),
	};
	return cmocka_run_group_tests(tests, make_jobs_folder, scratch_remove);
}
