/* -e in its forms. */
#include "../test.h"
#include "rollout/base/file.h"
#include "rollout/value/json.h"
#include "run/extra_vars.h"

#include <stdlib.h>
#include <unistd.h>

static char file[] = "/tmp/rollout-extra-XXXXXX";

#define TEXTS(...)                                                                                 \
	(const char *const[])                                                                      \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}

static const struct {
	const char *const *texts;
	const char *json; /* NULL: refused */
	const char *message;
} cases[] = {
	{TEXTS("a=1 b=yes"), "{\"a\":\"1\",\"b\":\"yes\"}", NULL},
	{TEXTS("k='v 2' q=\"x y\""), "{\"k\":\"v 2\",\"q\":\"x y\"}", NULL},
	{TEXTS("t={{ a | default('b c') }}"), "{\"t\":\"{{ a | default('b c') }}\"}", NULL},
	{TEXTS("a=b=c"), "{\"a\":\"b=c\"}", NULL},
	{TEXTS("{\"a\": 1, \"l\": [true]}"), "{\"a\":1,\"l\":[true]}", NULL},
	{TEXTS("{a: 1, b: {c: yes}}"), "{\"a\":1,\"b\":{\"c\":true}}", NULL},
	{TEXTS("a=1", "{a: 2}", "b=3"), "{\"a\":2,\"b\":\"3\"}", NULL},
	{TEXTS("@FILE"), "{\"x\":1}", NULL},
	{TEXTS("plain"), NULL,
	 "--extra-vars takes k=v, a YAML or JSON mapping, or @file, not 'plain'"},
	{TEXTS("[1, 2]"), NULL, "variables are a mapping; this is a list"},
	{TEXTS("{a: "), NULL, ""},
	{TEXTS("@/no/such/file"), NULL, "/no/such/file"},
};

static void test_cases(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(strbuf_release) struct strbuf json = {0}, at_file = {0};
		const char *texts[8] = {0};
		struct arena a = {0};
		struct err err = {0};
		const struct value *v = NULL;
		size_t n = 0;
		strbuf_printf(&at_file, "@%s", file);
		for (; cases[i].texts[n]; n++)
			texts[n] = strcmp(cases[i].texts[n], "@FILE") == 0 ? at_file.ptr
									   : cases[i].texts[n];
		int r = extra_vars_load(&a, texts, n, &v, &err);
		if ((r == 0) != (cases[i].json != NULL))
			fail_msg("case %zu: %d %s", i, r, err.msg);
		if (r == 0) {
			json_emit(&json, v, JSON_COMPACT);
			assert_string_equal(json.ptr, cases[i].json);
		} else {
			assert_non_null(strstr(err.msg, cases[i].message));
		}
		arena_release(&a);
	}
}

static void test_none(void **state UNUSED)
{
	struct arena a = {0};
	const struct value *v = value_null();
	assert_int_equal(extra_vars_load(&a, NULL, 0, &v, NULL), 0);
	assert_null(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_none),
	};
	int fd = mkstemp(file);
	int failed = fd < 0 || fd_write_all(fd, "x: 1\n", 5, NULL) < 0
			     ? 1
			     : cmocka_run_group_tests(tests, NULL, NULL);
	close(fd);
	unlink(file);
	return failed;
}
