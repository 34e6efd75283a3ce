#include "project.h"

#include "rollout/inventory/inventory.h"

static const char *const text = "all:\n"
				"  children:\n"
				"    web: {hosts: {\"web[1:3]\": {}}}\n"
				"    db: {hosts: {db-a: {}, db-b: {}}}\n"
				"    east: {hosts: {web1: {}, db-a: {}}}\n"
				"    site: {children: {web: {}, db: {}}}\n"
				"    both: {hosts: {db-b: {}, web1: {}}}\n"
				"    web2: {hosts: {db-a: {}}}\n"
				"    v6: {hosts: {\"2001:db8::1\": {}}}\n";

static const struct {
	const char *pattern, *hosts; /* hosts NULL: an error that holds `error` */
	const char *error;
} cases[] = {
	{"web", "web1 web2 web3", NULL},
	{"all:!v6", "web1 web2 web3 db-a db-b", NULL},
	{"*:!v6", "web1 web2 web3 db-a db-b", NULL},
	{"db:web", "db-a db-b web1 web2 web3", NULL},
	{"db,web1", "db-a db-b web1", NULL},
	{"web:!east", "web2 web3", NULL},
	{"web:&east", "web1", NULL},
	{"!web:!v6", "db-a db-b", NULL},
	{"&db:&east", "db-a", NULL},
	{"web:!~web[12]", "web3", NULL},
	{"web,!east,&~web[23]", "web2 web3", NULL},
	{"web2", "web2", NULL},	     /* the host, not the group of that name */
	{"all:&web2", "db-a", NULL}, /* the group: only a plain name is a host first */
	{"2001:db8::1", "2001:db8::1", NULL},
	{"web1,2001:db8::1", "web1 2001:db8::1", NULL},
	{"web[:1]", "web1 web2", NULL},
	{"web[0:0]", "web1", NULL},
	{"web[5:7]", "", NULL},
	{"web[13]", NULL, "has 3 hosts"},
	{"db-[ab]", "db-a db-b", NULL},
	{"web[!2-9]", "web1", NULL},
	{"db-[xy]", NULL, "no host or group"},
	{"web?", "db-a web1 web2 web3", NULL}, /* groups before hosts */
	{"~web\\d:&east", "db-a web1", NULL},
	{"~(?:web1|db-a)$:db-b", "web1 db-a db-b", NULL},
	{"web1 db-a", "web1 db-a", NULL},
	{" web1 , db-a ", "web1 db-a", NULL},
	{"both", "db-b web1", NULL}, /* in the group's order */
	{"site[-1]", "db-b", NULL},
	{"*[0]:!v6", "web1", NULL},
	{"site:!db:&east", "web1", NULL},
	{"web[0]", "web1", NULL},
	{"web[-1]", "web3", NULL},
	{"web[1:]", "web2 web3", NULL},
	{"web[0:1]", "web1 web2", NULL},
	{"web[0:9]", "web1 web2 web3", NULL},
	{"we*", "web1 web2 web3 db-a", NULL},
	{"*-b", "db-b", NULL},
	{"~web[13]$", "web1 web3", NULL},
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

/* --limit @file: a pattern on each line, beside others. */
static void test_files(void **state)
{
	struct project p;
	struct err err = {0};
	(void)state;
	project_open(&p);
	project_file(&p, "inv.yaml", text);
	project_file(&p, "one", "web1\n# db-a\n\n  db \n");
	project_file(&p, "two", "!db-a\n");
	struct inventory *inv = inventory_new();
	assert_int_equal(inventory_add_source(inv, project_path(&p, "inv.yaml"), &err), 0);
	assert_int_equal(inventory_finish(inv, &err), 0);
	struct strbuf pattern CLEANUP(strbuf_release) = {0}, got CLEANUP(strbuf_release) = {0};
	strbuf_printf(&pattern, "@%s,web3,", project_path(&p, "one"));
	strbuf_printf(&pattern, "@%s", project_path(&p, "two"));
	inv_hosts hosts = {0};
	assert_int_equal(
		inventory_match(inv, strbuf_slice(&pattern), (struct srcloc){0}, &hosts, &err), 0);
	for (size_t i = 0; i < hosts.len; i++)
		strbuf_printf(&got, "%s%s", i ? " " : "", hosts.at[i]->name);
	assert_string_equal(text_of(&got), "web1 db-b web3");
	vec_release(&hosts);
	assert_int_equal(inventory_match(inv, SLICE_LIT("web1,@/nowhere/x"), (struct srcloc){0},
					 &hosts, &err),
			 ERR_SYS);
	inventory_free(inv);
	project_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_patterns),
					   cmocka_unit_test(test_files)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
