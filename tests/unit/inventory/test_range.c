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
	{"n[:2]", "n0 n1 n2"},
	{"n[y:B]", "ny nz nA nB"},
	{"n[008:010]x", "n008x n009x n010x"},
	{"web[3:1]", NULL},
	{"web[01:3]", NULL},
	{"web[a:3]", NULL},
	{"web[1:3:0]", NULL},
	{"web[1:3:1:1]", NULL},
	{"web[-1:3]", NULL},
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

static const struct {
	const char *text, *names; /* NULL: an error */
	int port;
} addresses[] = {
	{"a", "a", INVENTORY_PORT_NONE},
	{"a:22", "a", 22},
	{"a.b-c_d:2222", "a.b-c_d", 2222},
	{"10.0.0.1:22", "10.0.0.1", 22},
	{"10.0.0.[1:2]:22", "10.0.0.1 10.0.0.2", 22},
	{"[2001:db8::1]:22", "2001:db8::1", 22},
	{"2001:db8::1", "2001:db8::1", INVENTORY_PORT_NONE},
	{"2001:db8::1:22", "2001:db8::1:22", INVENTORY_PORT_NONE},
	{"a[1:2]:22", "a1 a2", 22},
	{"-a:22", "-a:22", INVENTORY_PORT_NONE}, /* no host's name: a name as a whole */
	{"a_:22", "a_:22", INVENTORY_PORT_NONE},
	{"a:b", "a:b", INVENTORY_PORT_NONE},
	{"a:", NULL, 0},
	{"a:70000", NULL, 0},
	{"a[1:2", NULL, 0},
};

static void test_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
		struct arena a = {0};
		struct strbuf got CLEANUP(strbuf_release) = {0};
		struct err err = {0};
		const char **names = NULL;
		size_t n = 0;
		int port = 0,
		    r = inventory_expand_host(&a, slice_from(addresses[i].text), (struct srcloc){0},
					      &names, &n, &port, &err);
		for (size_t k = 0; r == 0 && k < n; k++)
			strbuf_printf(&got, "%s%s", k ? " " : "", names[k]);
		print_message("host '%s' -> %s:%d\n", addresses[i].text, text_of(&got), port);
		assert_int_equal(r < 0, addresses[i].names == NULL);
		if (addresses[i].names) {
			assert_string_equal(text_of(&got), addresses[i].names);
			assert_int_equal(port, addresses[i].port);
		}
		arena_release(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_ranges),
					   cmocka_unit_test(test_addresses)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
