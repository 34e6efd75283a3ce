#include "rollout/base/nearest.h"

#include "test.h"

static const struct {
	const char *wanted, *hint;
} cases[] = {
	{"tempalte", "; did you mean 'template'?"},
	{"Copy", "; did you mean 'copy'?"},
	{"line-in-file", "; did you mean 'lineinfile'?"},
	{"lineinfiles", "; did you mean 'lineinfile'?"},
	{"user", "; did you mean 'user'?"},
	{"usr", "; did you mean 'user'?"},
	{"kubernetes", ""},
	{"x", ""},
	{"", ""},
};

static void hints(void **state)
{
	static const char *const names[] = {"copy", "template", "lineinfile",
					    "user", "group",	"apt"};
	char buf[100], tiny[8];
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct nearest n;
		nearest_init(&n, slice_from(cases[i].wanted));
		for (size_t j = 0; j < ARRAY_LEN(names); j++)
			nearest_offer(&n, slice_from(names[j]));
		assert_string_equal(nearest_hint(&n, buf, sizeof(buf)), cases[i].hint);
		assert_true(strlen(nearest_hint(&n, tiny, sizeof(tiny))) < sizeof(tiny));
	}
}

static void long_names_are_left_alone(void **state)
{
	char name[300];
	struct nearest n;
	(void)state;
	memset(name, 'a', sizeof(name));
	nearest_init(&n, (struct slice){name, sizeof(name)});
	nearest_offer(&n, (struct slice){name, sizeof(name) - 1});
	assert_int_equal(n.best.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hints),
		cmocka_unit_test(long_names_are_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
