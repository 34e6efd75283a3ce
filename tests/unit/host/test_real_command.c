#include "bed.h"
#include "rollout/base/clock.h"
#include "test.h"

#include <errno.h>
#include <stdlib.h>

static struct host_command_result run(struct bed *b, struct host_command cmd)
{
	struct host_command_result result = {0};
	assert_ok(b, b->real->ops->run(b->real, &cmd, &result, &b->err));
	return result;
}

static struct host_command shell(const char *script)
{
	static const char *argv[4];
	argv[0] = "sh";
	argv[1] = "-c";
	argv[2] = script;
	argv[3] = NULL;
	return (struct host_command){.argv = argv, .mode_umask = -1};
}

static void test_output_and_exit_code(void **state)
{
	struct bed *b = *state;
	struct host_command_result r = run(b, shell("echo out; echo err >&2; exit 3"));
	assert_int_equal(r.exit_code, 3);
	assert_string_equal(r.out.ptr, "out\n");
	assert_string_equal(r.err.ptr, "err\n");
	assert_false(r.unknown || r.timed_out || r.truncated);
	host_command_result_release(&r);
	r = run(b, shell("kill -9 $$"));
	assert_int_equal(r.exit_code, 128 + 9);
	host_command_result_release(&r);
}

static void test_input_folder_environment_umask(void **state)
{
	struct bed *b = *state;
	static const char *const env[] = {"GREETING=hi", NULL};
	struct host_command c = shell("cat; pwd; echo $GREETING; umask");
	c.stdin_bytes = SLICE_LIT("typed\n");
	c.cwd = "/usr";
	c.env = env;
	c.mode_umask = 027;
	struct host_command_result r = run(b, c);
	assert_string_equal(r.out.ptr, "typed\n/usr\nhi\n0027\n");
	host_command_result_release(&r);
}

/* It has ended, and what it left behind talks on: not for ever. */
static void test_output_after_the_end(void **state)
{
	struct bed *b = *state;
	struct host_command c =
		shell("(i=0; while [ $i -lt 12000 ]; do echo x; sleep 0.05; i=$((i+1)); done) &");
	struct host_command_result r = {.timed_out = true};
	/* On a busy machine the shell itself may not end in time. */
	for (c.timeout_ms = 700; r.timed_out && c.timeout_ms < PATIENCE_MS; c.timeout_ms *= 4) {
		host_command_result_release(&r);
		int64_t start_ms = clock_now_ms();
		r = run(b, c);
		assert_true(clock_now_ms() - start_ms < 2 * PATIENCE_MS);
	}
	assert_int_equal(r.exit_code, 0);
	assert_false(r.timed_out);
	host_command_result_release(&r);
}

static void test_large_input_that_nobody_reads(void **state)
{
	struct bed *b = *state;
	size_t size = 1 << 20;
	char *big = xcalloc(1, size);
	struct host_command c = shell("exec true");
	c.stdin_bytes = (struct slice){big, size};
	struct host_command_result r = run(b, c);
	assert_int_equal(r.exit_code, 0);
	host_command_result_release(&r);
	c = shell("wc -c");
	c.stdin_bytes = (struct slice){big, size};
	r = run(b, c);
	assert_int_equal(atoi(r.out.ptr), size);
	host_command_result_release(&r);
	free(big);
}

static void test_output_has_a_limit(void **state)
{
	struct bed *b = *state;
	struct host_command_result r = run(b, shell("head -c 20000000 /dev/zero; echo end >&2"));
	assert_int_equal(r.exit_code, 0);
	assert_int_equal(r.out.len, HOST_OUTPUT_MAX);
	assert_true(r.truncated);
	assert_string_equal(r.err.ptr, "end\n");
	host_command_result_release(&r);
}

static void test_timeout_ends_the_whole_group(void **state)
{
	struct bed *b = *state;
	struct host_command c = shell("sleep 600 & sleep 600; echo never");
	int64_t start = clock_now_ms();
	c.timeout_ms = 200;
	struct host_command_result r = run(b, c);
	assert_true(r.timed_out);
	assert_int_equal(r.exit_code, 128 + 15);
	assert_true(clock_now_ms() - start < PATIENCE_MS);
	host_command_result_release(&r);
}

/* One that ignores SIGTERM is killed. */
static void test_timeout_kills_in_the_end(void **state)
{
	struct bed *b = *state;
	struct host_command c = shell("trap '' TERM; echo deaf; while :; do sleep 0.1; done");
	struct host_command_result r = {0};
	/* On a busy machine it may not come to that in time. */
	for (c.timeout_ms = 100; r.out.len == 0 && c.timeout_ms < PATIENCE_MS; c.timeout_ms *= 4) {
		host_command_result_release(&r);
		r = run(b, c);
		assert_true(r.timed_out);
	}
	assert_string_equal(r.out.ptr, "deaf\n");
	assert_int_equal(r.exit_code, 128 + 9);
	host_command_result_release(&r);
}

static void test_a_daemon_does_not_hold_the_result(void **state)
{
	struct bed *b = *state;
	int64_t start = clock_now_ms();
	struct host_command_result r = run(b, shell("sleep 600 & echo $!"));
	assert_true(clock_now_ms() - start < PATIENCE_MS);
	assert_int_equal(r.exit_code, 0);
	const char *argv[] = {"kill", slice_trim(strbuf_slice(&r.out)).ptr, NULL};
	r.out.ptr[strcspn(r.out.ptr, "\n")] = '\0';
	struct host_command_result k =
		run(b, (struct host_command){.argv = argv, .mode_umask = -1});
	host_command_result_release(&k);
	host_command_result_release(&r);
}

static void test_what_cannot_start(void **state)
{
	struct bed *b = *state;
	struct host_command_result r = {0};
	const char *argv[] = {"no-such-program-here", NULL};
	struct host_command c = {.argv = argv, .mode_umask = -1};
	assert_int_equal(b->real->ops->run(b->real, &c, &r, &b->err), ERR_NOT_FOUND);
	assert_int_equal(b->err.sys, ENOENT);
	argv[0] = "/etc/passwd";
	assert_int_equal(b->real->ops->run(b->real, &c, &r, &b->err), ERR_SYS);
	assert_int_equal(b->err.sys, EACCES);
	argv[0] = "true";
	c.cwd = "/no/such/folder";
	assert_int_equal(b->real->ops->run(b->real, &c, &r, &b->err), ERR_SYS);
	assert_non_null(strstr(b->err.msg, "chdir /no/such/folder"));
}

static void count(void *ctx, int stream, struct slice bytes)
{
	size_t *seen = ctx;
	seen[stream] += bytes.len;
}

static void test_output_as_it_comes(void **state)
{
	struct bed *b = *state;
	size_t seen[3] = {0};
	struct host_command c = shell("printf 12345; printf 678 >&2");
	c.on_output = count;
	c.ctx = seen;
	struct host_command_result r = run(b, c);
	assert_int_equal(seen[1], 5);
	assert_int_equal(seen[2], 3);
	host_command_result_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_output_and_exit_code, bed_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_input_folder_environment_umask, bed_setup,
						bed_teardown),
		cmocka_unit_test_setup_teardown(test_output_after_the_end, bed_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_large_input_that_nobody_reads, bed_setup,
						bed_teardown),
		cmocka_unit_test_setup_teardown(test_output_has_a_limit, bed_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_timeout_kills_in_the_end, bed_setup,
						bed_teardown),
		cmocka_unit_test_setup_teardown(test_timeout_ends_the_whole_group, bed_setup,
						bed_teardown),
		cmocka_unit_test_setup_teardown(test_a_daemon_does_not_hold_the_result, bed_setup,
						bed_teardown),
		cmocka_unit_test_setup_teardown(test_what_cannot_start, bed_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_output_as_it_comes, bed_setup, bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
