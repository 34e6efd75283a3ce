#include "project.h"

#include "rollout/inventory/inventory.h"

static const char *const text = "all:\n"
				"  children:\n"
				"    web: {hosts: {\"web[1:3]\": {}}}\n"
				"    db: {hosts: {db-a: {}, db-b: {}}}\n"
				"    east: {hosts: {web1: {}, db-a: {}}}\n"
				"    site: {children: {web: {}, db: {}}}\n";

static const struct {
	const char *pattern, *hosts; /* hosts NULL: an error that holds `error` */
	const char *error;
} cases[] = {
	{"web", "web1 web2 web3", NULL},
	{"all", "web1 web2 web3 db-a db-b", NULL},
	{"*", "web1 web2 web3 db-a db-b", NULL},
	{"db:web", "db-a db-b web1 web2 web3", NULL},
	{"db,web1", "db-a db-b web1", NULL},
	{"web:!east", "web2 web3", NULL},
	{"web:&east", "web1", NULL},
	{"!web", "db-a db-b", NULL},
	{"site:!db:&east", "web1", NULL},
	{"web[0]", "web1", NULL},
	{"web[-1]", "web3", NULL},
	{"web[1:]", "web2 web3", NULL},
	{"web[0:1]", "web1 web2", NULL},
	{"web[0:9]", "web1 web2 web3", NULL},
	{"we*", "web1 web2 web3", NULL},
	{"*-b", "db-b", NULL},
	{"~web[12]$", "web1 web2", NULL},
	{"~(web|db)", "web1 web2 web3 db-a db-b", NULL},
	{"web1:web1", "web1", NULL},
	{"localhost", "localhost", NULL},
	{"wbe", NULL, "did you mean 'web'"},
	{"web[7]", NULL, "has 3 hosts"},
	{"~(", NULL, "host pattern"},
	{"web:!", NULL, "names nothing"},
	{"", NULL, "empty"},
};

static void test_patterns(void **state)
{
	struct project p;
	struct err err = {0};
	(void)state;
	project_open(&p);
	project_file(&p, "inv.yaml", text);
	struct inventory *inv = inventory_new();
	assert_int_equal(inventory_add_source(inv, project_path(&p, "inv.yaml"), &err), 0);
	assert_int_equal(inventory_finish(inv, &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		inv_hosts hosts = {0};
		struct strbuf got CLEANUP(strbuf_release) = {0};
		int r = inventory_match(inv, slice_from(cases[i].pattern), (struct srcloc){0},
					&hosts, &err);
		for (size_t k = 0; k < hosts.len; k++)
			strbuf_printf(&got, "%s%s", k ? " " : "", hosts.at[k]->name);
		vec_release(&hosts);
		print_message("pattern '%s'\n", cases[i].pattern);
		if (cases[i].hosts) {
			assert_int_equal(r, 0);
			assert_string_equal(text_of(&got), cases[i].hosts);
		} else {
			assert_true(r < 0);
			assert_non_null(strstr(err.msg, cases[i].error));
		}
	}
	inventory_free(inv);
	project_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_patterns)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
