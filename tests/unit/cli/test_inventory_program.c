/* Programs of the inventory: their output, what they say, and that they end. */
#include "project.h"

#include "inventory/program.h"
#include "rollout/base/clock.h"

static int run(const struct project *p, int limit_ms, struct strbuf *out, struct err *err)
{
	const char *program = project_path(p, "prog");
	assert_int_equal(chmod(program, 0755), 0);
	return inventory_program_runner.run(&limit_ms, (const char *[]){program, "--list", NULL},
					    out, err);
}

static const struct {
	const char *text, *out; /* out NULL: an error */
	const char *error;
	int limit_ms;
} cases[] = {
	{"#!/bin/sh\necho \"$1\"\n", "--list\n", NULL, PATIENCE_MS},
	{"#!/bin/sh\ncat; echo warned >&2; echo x\n", "x\n", NULL, PATIENCE_MS},
	{"#!/bin/sh\necho no such region >&2; exit 3\n", NULL,
	 "(--list: exit code 3); it said: no such region", PATIENCE_MS},
	{"#!/bin/sh\nexit 1\n", NULL, "exit code 1), saying nothing", PATIENCE_MS},
	{"#!/bin/sh\nkill -9 $$\n", NULL, "signal 9", PATIENCE_MS},
	{"#!/bin/sh\nsleep 600\n", NULL, "did not end in time", 300},
	{"#!/bin/sh\nexec >&- 2>&-; sleep 600\n", NULL, "did not end in time", 300},
	{"#!/bin/sh\nsleep 600 & echo x\n", NULL, "did not end in time", 300},
	{"#!/nowhere/interpreter\n", NULL, "No such file", PATIENCE_MS},
	{"#!/bin/sh\nhead -c 200000 /dev/zero | tr '\\0' x >&2; echo ok\n", "ok\n", NULL,
	 PATIENCE_MS},
	{"#!/bin/sh\nhead -c 70000000 /dev/zero\n", NULL, "printed more than", PATIENCE_MS},
};

static void test_programs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct project p;
		struct err err = {0};
		struct strbuf out CLEANUP(strbuf_release) = {0};
		int64_t start = clock_now_ms();
		project_open(&p);
		project_file(&p, "prog", cases[i].text);
		int r = run(&p, cases[i].limit_ms, &out, &err);
		print_message("%s-> %s\n", cases[i].text, r < 0 ? err.msg : text_of(&out));
		if (cases[i].out) {
			assert_int_equal(r, 0);
			assert_string_equal(text_of(&out), cases[i].out);
		} else {
			assert_true(r < 0);
			assert_int_equal(out.len, 0);
			assert_non_null(strstr(err.msg, cases[i].error));
		}
		assert_true(clock_now_ms() - start < 2 * PATIENCE_MS);
		project_close(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_programs)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
