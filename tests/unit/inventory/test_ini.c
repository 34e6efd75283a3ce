/* INI inventories: what is refused, in which words and where. That the right ones are
 * read as Ansible reads them is tests/golden/inventory's. */
#include "project.h"

#include "rollout/inventory/inventory.h"

#include <sys/stat.h>

static struct inventory *load(const struct project *p, int *ret, struct err *err)
{
	struct inventory *inv = inventory_new();
	*ret = inventory_add_source(inv, project_path(p, "hosts"), err);
	if (*ret == 0)
		*ret = inventory_finish(inv, err);
	return inv;
}

static const struct {
	const char *text, *error;
	unsigned line, column;
} wrong[] = {
	{"a b\n", "'b' is no variable", 1, 3},
	{"a x='1\n", "a quote (') is not closed", 1, 5},
	{"a x=\"1 2\n", "a quote (\") is not closed", 1, 5},
	{"a x=1\\\n", "nothing follows the backslash", 1, 6},
	{"[web]\na\n[web:var]\nx=1\n", "did you mean 'vars'", 3, 6},
	{"[web\na\n", "not a host range", 1, 1},
	{"[we b]\n", "without spaces", 1, 1},
	{"[]\n", "is no section", 1, 1},
	{"[web:]\n", "is no section", 1, 1},
	{"[web] ; no comment\n", "not a host range", 1, 1},
	{"[web:vars]\nx=1\n", "section [:vars] names group 'web', which is not defined", 1, 2},
	{"[all:children]\nwbe\n[web]\n", "which is not defined; did you mean 'web'", 2, 1},
	{"[web:vars]\nx\n[web]\n", "holds key=value", 2, 1},
	{"[web:vars]\n=1\n[web]\n", "a variable's name must be a word", 2, 1},
	{"[web:children]\na b\n", "the name of a group on each line", 2, 1},
	{"[web:children]\nweb\n", "cannot be a child of itself", 2, 1},
	{"[a:children]\nb\n[b:children]\na\n", "its own descendant", 1, 2},
	{"[web]\nh[1:x]\n", "not a host range", 2, 1},
	{"[web]\nh[01:1]\n", "not a host range", 2, 1},
	{"x\nh:\n", "ends in ':'", 2, 1},
	{"h:99999\n", "a port is a number up to", 1, 1},
	{"[web]\nh\n[web:vars]\nansible_group_priority=high\n", "must be a number", 4, 24},
	{"\xc3\xa4 b=1 c\n", "'c' is no variable", 1, 7},
};

static void test_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct project p;
		struct err err = {0};
		int r;
		project_open(&p);
		project_file(&p, "hosts", wrong[i].text);
		struct inventory *inv = load(&p, &r, &err);
		print_message("%s-> %u:%u %s\n", wrong[i].text, err.at.line, err.at.column,
			      err.msg);
		assert_true(r < 0);
		assert_non_null(strstr(err.msg, wrong[i].error));
		assert_int_equal(err.at.line, wrong[i].line);
		assert_int_equal(err.at.column, wrong[i].column);
		inventory_free(inv);
		project_close(&p);
	}
}

static void test_places(void **state)
{
	struct project p;
	struct err err = {0};
	int r;
	(void)state;
	project_open(&p);
	project_file(&p, "hosts", "[web]\n  a  x=1   y='two words'\n[web:vars]\n# c\nport =  80\n");
	struct inventory *inv = load(&p, &r, &err);
	assert_int_equal(r, 0);
	const struct inv_host *a = inventory_host(inv, SLICE_LIT("a"));
	const struct value *y = value_get(a->vars, "y"), *port = value_get(a->vars, "port");
	assert_true(value_is_str(y, "two words"));
	assert_int_equal(y->at.line, 2);
	assert_int_equal(y->at.column, 14);
	assert_int_equal(port->integer, 80);
	assert_int_equal(port->at.line, 5);
	assert_int_equal(port->at.column, 9);
	assert_int_equal(a->at.column, 3);
	inventory_free(inv);
	project_close(&p);
}

static const struct {
	const char *name, *text, *error; /* error NULL: it is read */
} kinds[] = {
	{"hosts", "web:\n  hosts:\n    a:\n", NULL},
	{"hosts", "{\"web\": {\"hosts\": {\"a\": {}}}}", NULL},
	{"hosts", "# c\n\n[web]\na\n", NULL},
	{"hosts", "a ansible_host=::1\n", NULL},
	{"hosts.yml", "[web]\na\n", NULL},
	{"hosts.yaml", "web: [a\n", "hosts.yaml"},
	{"hosts.json", "{\"web\": 3}", "must be a mapping"},
	{"hosts.toml", "[web]\n", "TOML"},
	{"hosts.ini", "web:\n  hosts: {}\n", "ends in ':'"},
	{"p.yml", "plugin: amazon.aws.aws_ec2\nregions: []\n", "'constructed' is"},
	{"p.yml", "plugin: constructed\ngroup: {}\n", "did you mean 'groups'"},
	{"p.yml", "plugin: constructed\ncompose: {x: '1 +'}\n", "p.yml:2"},
	{"p.yml", "plugin: constructed\nkeyed_groups: [{prefix: x}]\n", "needs a 'key'"},
	{"p.yml", "plugin: constructed\nkeyed_groups: [{key: a, prefx: x}]\n",
	 "did you mean 'prefix'"},
	{"p.yml", "plugin: constructed\nstrict: maybe\n", "true or false"},
	{"p.yml", "plugin: constructed\ngroups: [x]\n", "a mapping"},
	{"prog", "#!/bin/sh\n", "chmod +x"},
};

static void test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct project p;
		struct err err = {0};
		char text[1400];
		project_open(&p);
		project_file(&p, kinds[i].name, kinds[i].text);
		struct inventory *inv = inventory_new();
		int r = inventory_add_source(inv, project_path(&p, kinds[i].name), &err);
		print_message("%s: %s-> %s\n", kinds[i].name, kinds[i].text,
			      r < 0 ? err_format(&err, text, sizeof(text)) : "read");
		if (kinds[i].error) {
			assert_true(r < 0);
			assert_non_null(strstr(text, kinds[i].error));
		} else {
			assert_int_equal(r, 0);
			assert_non_null(strmap_get(&inv->hosts, SLICE_LIT("a")));
		}
		inventory_free(inv);
		project_close(&p);
	}
}

static int no_output(void *self, const char *const *args, struct strbuf *out, struct err *err)
{
	const char *const *texts = self;
	(void)err;
	strbuf_puts(out, strcmp(args[1], "--list") == 0 ? texts[0] : texts[1]);
	return 0;
}

static const struct {
	const char *list, *host, *error;
} programs[] = {
	{"", "", "not JSON"},
	{"[]", "", "a mapping of groups"},
	{"{\"g\": 3}", "", "must be a mapping or a list"},
	{"{\"g\": {\"hosts\": \"a\"}}", "", "'hosts' must be a list"},
	{"{\"g\": {\"hosts\": [1]}}", "", "must be a text"},
	{"{\"g\": {\"vars\": []}}", "", "'vars' must be a mapping"},
	{"{\"g\": {\"children\": [\"g\"]}}", "", "child of itself"},
	{"{\"\": [\"a\"]}", "", "must be a word"},
	{"{\"g\": [\"a\"]}", "oops", "not JSON"},
	{"{\"g\": [\"a\"]}", "[1]", "must be a mapping"},
	{"{\"g\": [\"a\"], \"_meta\": {\"hostvars\": {\"a\": 1}}}", "", "must be a mapping"},
	{"{\"g\": [\"a\"]}", "", NULL},
	{"{\"g\": [\"a\", \"a\"], \"_meta\": {\"hostvars\": {}}}", "never asked", NULL},
};

static void test_programs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		struct project p;
		struct err err = {0};
		const char *texts[] = {programs[i].list, programs[i].host};
		project_open(&p);
		project_file(&p, "prog", "#!/bin/sh\n");
		assert_int_equal(chmod(project_path(&p, "prog"), 0755), 0);
		struct inventory *inv = inventory_new();
		inv->runner = (struct inventory_runner){texts, no_output};
		int r = inventory_add_source(inv, project_path(&p, "prog"), &err);
		print_message("%s -> %s\n", programs[i].list, r < 0 ? err.msg : "read");
		assert_int_equal(r < 0, programs[i].error != NULL);
		if (programs[i].error)
			assert_non_null(strstr(err.msg, programs[i].error));
		inventory_free(inv);
		project_close(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong), cmocka_unit_test(test_places),
		cmocka_unit_test(test_kinds), cmocka_unit_test(test_programs)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
