/* Async tasks: they outlive the answer, and always leave a result. */
#include "conversation.h"
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

static char jobs[] = "/tmp/rollout-jobs-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(jobs) ? setenv("ANSIBLE_ASYNC_DIR", jobs, 1) : -1;
}

static int remove_folder(void **state)
{
	CLEANUP(strbuf_release) struct strbuf command = {0};
	(void)state;
	strbuf_printf(&command, "rm -r '%s'", jobs);
	return system(command.ptr);
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
	for (unsigned id = 2; id < 500; id++) {
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
		c, start(c, "{module: shell, items: [{_raw_params: echo x, _async: 60}]}"));
	assert_string_equal(get_str(r, "stdout"), "x");
	assert_false(get_bool(r, "failed"));
	conversation_end(c);
}

/* Its commands too, which have process groups of their own. */
static void the_time_limit_ends_it(void **state)
{
	struct conversation *c = conversation_greeted();
	(void)state;
	const char *jid = start(
		c, in_dir(c, "{module: shell, items: [{_raw_params: 'echo $$ >%s/pid; exec sleep "
			     "60', _async: 1}]}"));
	pid_t pid = wait_pid_file(in_dir(c, "%s/pid"));
	const struct value *r = wait_for(c, jid);
	assert_true(get_bool(r, "failed"));
	assert_string_equal(get_str(r, "msg"), "Job reached maximum time limit of 1 seconds.");
	assert_true(is_gone(pid));
	conversation_end(c);
}

static void a_lost_worker_is_told(void **state)
{
	struct conversation *c = conversation_greeted();
	(void)state;
	const struct value *r = wait_for(
		c, start(c, "{module: shell, items: [{_raw_params: kill -9 $PPID, _async: 60}]}"));
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
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
