/* Programs that are waited for: what they print, their end, and their limits. */
#include "rollout/base/capture.h"

#include "rollout/base/clock.h"
#include "test.h"

#include <signal.h>
#include <sys/wait.h>

static struct capture shell(const char *const *argv)
{
	return (struct capture){
		.argv = argv, .max_bytes = 100000, .timeout_ms = PATIENCE_MS, .no_input = true};
}

static const struct {
	const char *text, *out;
	int code; /* of exit; -SIGNAL */
} cases[] = {
	{"echo x", "x\n", 0},
	{"cat; echo y; exit 3", "y\n", 3},
	{"pwd", "/\n", 0},
	{"kill -9 $$", "", -9},
	/* SIGPIPE, which we ignore, ends the first one silently. */
	{"(yes | head -n 1) 2>&1", "y\n", 0},
	{"head -c 90000 /dev/zero | tr '\\0' x | tail -c 3", "xxx", 0},
};

static void output_and_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(strbuf_release) struct strbuf out = {0};
		struct err err = {0};
		int status = 0;
		struct capture c = shell((const char *[]){"/bin/sh", "-c", cases[i].text, NULL});
		c.cwd = "/";
		if (capture_run(&c, &out, &status, &err) < 0)
			fail_msg("%s: %s", cases[i].text, err.msg);
		assert_string_equal(text_of(&out), cases[i].out);
		assert_int_equal(WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status),
				 cases[i].code);
	}
}

static void large_output_is_whole(void **state)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct err err = {0};
	struct capture c = shell(
		(const char *[]){"/bin/sh", "-c", "head -c 5000000 /dev/zero | tr '\\0' x", NULL});
	int status = 0;
	(void)state;
	c.max_bytes = 5000000;
	strbuf_puts(&out, ">");
	assert_int_equal(capture_run(&c, &out, &status, &err), 0);
	assert_int_equal(out.len, 5000001);
	assert_int_equal(strspn(out.ptr + 1, "x"), 5000000);
}

static void what_it_says(void **state)
{
	CLEANUP(strbuf_release) struct strbuf out = {0}, said = {0};
	struct err err = {0};
	struct capture c = shell((const char *[]){
		"/bin/sh", "-c",
		"echo one >&2; head -c 300000 /dev/zero >&2; echo two >&2; echo out", NULL});
	int status = 0;
	(void)state;
	c.said = &said;
	c.said_max_bytes = 50000;
	assert_int_equal(capture_run(&c, &out, &status, &err), 0);
	assert_string_equal(out.ptr, "out\n");
	assert_true(said.len >= 4 && said.len <= 50000);
	assert_memory_equal(said.ptr, "one\n", 4);
}

static const struct {
	const char *text;
	int code;
	bool own_group;
} limits[] = {
	{"head -c 100001 /dev/zero; sleep 600", ERR_LIMIT, true},
	{"exec sleep 600", ERR_TIMEOUT, false},
	{"exec >&-; exec sleep 600", ERR_TIMEOUT, false},
	{"sleep 600 & echo x", ERR_TIMEOUT, true},
};

static void limits_end_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		CLEANUP(strbuf_release) struct strbuf out = {0};
		struct err err = {0};
		int64_t start_ms = clock_now_ms();
		int status = 7;
		struct capture c = shell((const char *[]){"/bin/sh", "-c", limits[i].text, NULL});
		c.own_group = limits[i].own_group;
		if (limits[i].code == ERR_TIMEOUT)
			c.timeout_ms = 200;
		assert_int_equal(capture_run(&c, &out, &status, &err), limits[i].code);
		assert_int_equal(out.len, 0);
		assert_int_equal(status, 7);
		assert_true(clock_now_ms() - start_ms < PATIENCE_MS);
	}
}

static void what_cannot_be_run(void **state)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct err err = {0};
	struct capture c = shell((const char *[]){"/no/such/program", NULL});
	int status = 0;
	(void)state;
	assert_int_equal(capture_run(&c, &out, &status, &err), ERR_SYS);
	assert_non_null(strstr(err.msg, "/no/such/program: No such file"));
	c = shell((const char *[]){"/bin/true", NULL});
	c.cwd = "/no/such/folder";
	assert_int_equal(capture_run(&c, &out, &status, &err), ERR_SYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_and_end),     cmocka_unit_test(large_output_is_whole),
		cmocka_unit_test(what_it_says),	      cmocka_unit_test(limits_end_it),
		cmocka_unit_test(what_cannot_be_run),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
