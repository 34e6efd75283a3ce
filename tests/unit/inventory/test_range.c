#include "test.h"

#include "rollout/inventory/inventory.h"

static const struct {
	const char *text, *names; /* NULL: an error */
} cases[] = {
	{"web", "web"},
	{"web[1:3]", "web1 web2 web3"},
	{"web[01:03].example", "web01.example web02.example web03.example"},
	{"n[a:c]", "na nb nc"},
	{"n[1:9:4]", "n1 n5 n9"},
	{"r[1:2]-[a:b]", "r1-a r1-b r2-a r2-b"},
	{"web[3:1]", NULL},
	{"web[1:3", NULL},
	{"web[x:3]", NULL},
	{"web[]", NULL},
	{"web[1:100001]", NULL},
};

static void test_ranges(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct arena a = {0};
		struct strbuf got CLEANUP(strbuf_release) = {0};
		struct err err = {0};
		const char **names = NULL;
		size_t n = 0;
		int r = inventory_expand_range(&a, slice_from(cases[i].text), (struct srcloc){0},
					       &names, &n, &err);
		for (size_t k = 0; r == 0 && k < n; k++)
			strbuf_printf(&got, "%s%s", k ? " " : "", names[k]);
		print_message("range '%s'\n", cases[i].text);
		if (cases[i].names)
			assert_string_equal(text_of(&got), cases[i].names);
		else
			assert_true(r < 0);
		arena_release(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_ranges)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
