/* Site files and roles: what is compiled, and what is refused with its place. */
#include "loaded.h"

static void test_steps_and_barriers(void **state)
{
	struct loaded l;
	(void)state;
	loaded_open(&l);
	project_file(
		&l.project, "site.roles",
		"roles:\n  base: {hosts: all}\n  app: {role: base, hosts: web, after: base}\n");
	project_file(&l.project, "roles/base/tasks/main.yml",
		     "- name: plain\n  command: 'true'\n  register: x\n"
		     "- name: once\n  command: 'true'\n  run_once: true\n"
		     "- name: others\n  debug: {msg: \"{{ peers }}\"}\n"
		     "- name: facts\n  debug: {msg: \"{{ ansible_hostname }} {{ own }}\"}\n");
	project_file(&l.project, "roles/base/defaults/main.yml",
		     "peers: \"{{ groups.web | map('extract', hostvars) | list }}\"\nown: \"{{ "
		     "ansible_kernel }}\"\n");
	loaded_load(&l, "site.roles", (struct plan_options){0});
	if (l.r < 0)
		print_message("%s\n", l.err.msg);
	assert_int_equal(l.r, 0);
	assert_int_equal(l.plan->steps.len, 2);
	const struct plan_step *base = l.plan->steps.at[0], *app = l.plan->steps.at[1];
	assert_int_equal(base->hosts.len, 3);
	assert_int_equal(app->hosts.len, 2);
	assert_int_equal(app->after.at[0], 0);
	assert_int_equal(base->before.at[0], 1);
	const struct plan_block *tasks = base->body->body.at[0]->block;
	assert_int_equal(tasks->body.len, 4);
	assert_false(tasks->body.at[0]->barrier);
	assert_true(tasks->body.at[1]->barrier);
	assert_true(tasks->body.at[2]->barrier); /* reads hostvars through a variable */
	assert_false(tasks->body.at[3]->barrier);
	assert_int_equal(base->fact_names.len, 2);
	loaded_close(&l);
}

/* What service_facts finds on one host is read on another: it must have been there. */
static void test_facts_of_others(void **state)
{
	struct loaded l;
	(void)state;
	loaded_open(&l);
	project_file(&l.project, "site.roles", "roles:\n  base: {hosts: all}\n");
	project_file(&l.project, "roles/base/tasks/main.yml",
		     "- debug: {msg: \"{{ groups.web | map('extract', hostvars) | list }}\"}\n");
	loaded_load(&l, "site.roles", (struct plan_options){0});
	assert_int_equal(l.r, 0);
	assert_false(l.plan->steps.at[0]->body->body.at[0]->block->body.at[0]->barrier);
	loaded_close(&l);
	loaded_open(&l);
	project_file(&l.project, "site.roles", "roles:\n  base: {hosts: all}\n");
	project_file(&l.project, "roles/base/tasks/main.yml",
		     "- service_facts:\n"
		     "- debug: {msg: \"{{ groups.web | map('extract', hostvars) | list }}\"}\n");
	loaded_load(&l, "site.roles", (struct plan_options){0});
	assert_int_equal(l.r, 0);
	assert_true(l.plan->steps.at[0]->body->body.at[0]->block->body.at[1]->barrier);
	loaded_close(&l);
}

static void test_limit(void **state)
{
	struct loaded l;
	(void)state;
	loaded_open(&l);
	project_file(&l.project, "site.roles", "roles:\n  base: {hosts: all}\n");
	project_file(&l.project, "roles/base/tasks/main.yml", "- ping:\n");
	loaded_load(&l, "site.roles", (struct plan_options){.limit = "web:!w1"});
	assert_int_equal(l.r, 0);
	assert_int_equal(l.plan->steps.at[0]->hosts.len, 1);
	assert_string_equal(l.plan->steps.at[0]->hosts.at[0]->name, "w2");
	loaded_close(&l);
}

static const struct {
	const char *site, *tasks, *error;
	unsigned line;
} wrong[] = {
	{"roles:\n  base: {hosts: all, after: bse}\n", "", "did you mean 'base'", 2},
	{"roles:\n  base: {hosts: all, after: b}\n  b: {role: base, hosts: all, after: base}\n", "",
	 "in a circle: base", 2},
	{"roles:\n  base: {}\n", "", "does not say on which 'hosts'", 2},
	{"roles:\n  base: {host: all}\n", "", "did you mean 'hosts'", 2},
	{"roles:\n  base: {hosts: all, beome: true}\n", "", "did you mean 'become'", 2},
	{"roles:\n  bsae: {hosts: all}\n", "", "did you mean 'base'", 2},
	{"roles: {}\n", "", "mapping of named steps", 1},
	{NULL, "- copyy: {dest: /x}\n", "did you mean 'copy'", 1},
	{NULL, "- copy: {dst: /x, content: a}\n", "did you mean 'dest'", 1},
	{NULL, "- name: x\n", "names no module", 1},
	{NULL, "- ping:\n  command: ls\n", "two modules", 2},
	{NULL, "- ping:\n  whn: x\n", "did you mean 'when'", 2},
	{NULL, "- ping:\n  notify: nobody\n", "no handler is named 'nobody'", 2},
	{NULL, "- debug: {msg: \"{{ a | deflaut(3) }}\"}\n", "did you mean 'default'", 1},
	{NULL, "- ping:\n  when: a ==\n", "", 2},
	{NULL, "- template: {src: no.j2, dest: /x}\n", "no file 'no.j2'", 1},
	{NULL, "- import_tasks: nothing.yml\n", "no file 'nothing.yml'", 1},
	{NULL, "- import_tasks: main.yml\n", "nested deeper", 0},
	{NULL, "- ping:\n  register: a-b\n", "cannot be the name of a variable", 2},
	{NULL, "- ping:\n  with_itmes: [1]\n", "did you mean 'items'", 2},
	{NULL, "- ping:\n  loop: [1]\n  loop_control: {lable: x}\n", "did you mean 'label'", 3},
	{NULL, "ping:\n", "list of tasks", 1},
	{NULL, "- ping:\n  debugger: alway\n", "did you mean 'always'", 2},
	{NULL, "- block:\n  - ping:\n  rescu: []\n", "not a keyword of a block", 3},
};

static void test_wrong_sites(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct loaded l;
		char text[1400];
		loaded_open(&l);
		project_file(&l.project, "site.roles",
			     wrong[i].site ? wrong[i].site : "roles:\n  base: {hosts: all}\n");
		project_file(&l.project, "roles/base/tasks/main.yml", wrong[i].tasks);
		loaded_load(&l, "site.roles", (struct plan_options){0});
		print_message("case %zu: %s%s", i, wrong[i].site ? wrong[i].site : "",
			      wrong[i].tasks);
		print_message("  -> %s\n", err_format(&l.err, text, sizeof(text)));
		assert_true(l.r < 0);
		assert_non_null(strstr(text, wrong[i].error));
		if (wrong[i].line)
			assert_int_equal(l.err.at.line, wrong[i].line);
		loaded_close(&l);
	}
}

/* Of the same name: beside the site beats the program's own; a path is never one of those. */
static void test_shipped_roles(void **state)
{
	static const struct {
		const char *role, *is;
	} cases[] = {
		{"own", "/shipped/own"},
		{"both", "/both"},
		{"../shipped/own", "/shipped/own"},
		{"../roles/own", NULL},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct loaded l;
		char site[128], want[256];
		loaded_open(&l);
		const char *shipped[] = {project_path(&l.project, "shipped"), NULL};
		snprintf(site, sizeof(site), "roles:\n  x: {role: %s, hosts: all}\n",
			 cases[i].role);
		project_file(&l.project, "site.roles", site);
		project_file(&l.project, "both/tasks/main.yml", "- ping:\n");
		project_file(&l.project, "shipped/both/tasks/main.yml", "- ping:\n");
		project_file(&l.project, "shipped/own/tasks/main.yml", "- ping:\n");
		loaded_load(&l, "site.roles", (struct plan_options){.shipped_roles = shipped});
		assert_int_equal(l.r < 0, !cases[i].is);
		snprintf(want, sizeof(want), "%s%s", l.project.dir, cases[i].is ? cases[i].is : "");
		if (cases[i].is)
			assert_non_null(strmap_get(&l.plan->roles, slice_from(want)));
		loaded_close(&l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps_and_barriers), cmocka_unit_test(test_facts_of_others),
		cmocka_unit_test(test_limit), cmocka_unit_test(test_shipped_roles),
		cmocka_unit_test(test_wrong_sites)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
