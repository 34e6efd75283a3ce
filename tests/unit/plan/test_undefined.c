/* Variables that nothing defines: refused where a task is sure to use them, told
 * where it may, and let alone where they may be missing. */
#include "loaded.h"

enum outcome { NOTHING, WARNED, REFUSED };

static const struct {
	const char *name, *tasks;
	enum outcome outcome;
	unsigned line;
} cases[] = {
	/* sure to be used */
	{"argument", "- debug: {msg: \"{{ prot }}\"}\n", REFUSED, 1},
	{"condition", "- ping:\n  when: prot > 1\n", REFUSED, 2},
	{"loop", "- ping:\n  loop: \"{{ prot }}\"\n", REFUSED, 2},
	{"template file", "- template: {src: t.j2, dest: /x}\n", REFUSED, 2},
	{"always", "- block: [{ping: }]\n  always:\n  - debug: {msg: \"{{ prot }}\"}\n", REFUSED,
	 3},
	{"assert", "- assert: {that: [\"'{{ prot }}' == 'x'\"]}\n", REFUSED, 1},
	/* maybe used */
	{"behind a condition", "- debug: {msg: \"{{ prot }}\"}\n  when: port\n", WARNED, 1},
	{"behind and", "- ping:\n  when: port and prot\n", WARNED, 2},
	{"second condition", "- ping:\n  when: [port, prot]\n", WARNED, 2},
	{"of an item", "- debug: {msg: \"{{ item }}{{ prot }}\"}\n  loop: []\n", WARNED, 1},
	{"in an if", "- debug: {msg: \"{% if port %}{{ prot }}{% endif %}\"}\n", WARNED, 1},
	{"inline if", "- debug: {msg: \"{{ prot if port else 1 }}\"}\n", WARNED, 1},
	{"rescued", "- block: [{debug: {msg: \"{{ prot }}\"}}]\n  rescue: [{ping: }]\n", WARNED, 1},
	{"errors ignored", "- debug: {msg: \"{{ prot }}\"}\n  ignore_errors: true\n", WARNED, 1},
	{"a keyword", "- ping:\n  ignore_unreachable: \"{{ prot }}\"\n", WARNED, 2},
	{"name of a task", "- name: x {{ prot }}\n  ping:\n", WARNED, 1},
	{"variable of a task", "- debug: {msg: \"{{ x }}\"}\n  vars: {x: \"{{ prot }}\"}\n", WARNED,
	 2},
	{"after an end", "- meta: end_play\n  when: port\n- debug: {msg: \"{{ prot }}\"}\n", WARNED,
	 3},
	{"a default's own", "- debug: {msg: \"{{ port | default(prot) }}\"}\n", WARNED, 1},
	/* may be missing */
	{"default", "- debug: {msg: \"{{ prot | default(1) }}\"}\n", NOTHING, 0},
	{"default of a key", "- debug: {msg: \"{{ prot.x.y | default(1) }}\"}\n", NOTHING, 0},
	{"is defined", "- debug: {msg: \"{{ prot }}\"}\n  when: prot is defined\n", NOTHING, 0},
	{"in vars", "- debug: {msg: \"{{ prot }}\"}\n  when: \"'prot' in vars\"\n", NOTHING, 0},
	{"debug's var", "- debug: {var: prot}\n", NOTHING, 0},
	/* defined by tasks, texts, files */
	{"register", "- ping:\n  register: prot\n- debug: {msg: \"{{ prot }}\"}\n", NOTHING, 0},
	{"set_fact", "- set_fact: {prot: 1}\n- debug: {msg: \"{{ prot }}\"}\n", NOTHING, 0},
	{"loop_var",
	 "- debug: {msg: \"{{ prot }}\"}\n  loop: [1]\n  loop_control: {loop_var: prot}\n", NOTHING,
	 0},
	{"set in the text", "- debug: {msg: \"{% set prot = 1 %}{{ prot }}\"}\n", NOTHING, 0},
	{"set in a branch",
	 "- debug: {msg: \"{% for i in [1] %}{% set prot = 1 %}{% endfor %}{{ prot }}\"}\n",
	 NOTHING, 0},
	{"macro below",
	 "- debug: {msg: \"{% macro a() %}{{ prot() }}{% endmacro %}{% macro prot() %}{% endmacro "
	 "%}{{ a() "
	 "}}\"}\n",
	 NOTHING, 0},
	{"include_vars", "- include_vars: more.yml\n- debug: {msg: \"{{ more }}\"}\n", NOTHING, 0},
	{"computed include_vars",
	 "- include_vars: \"{{ port }}.yml\"\n- debug: {msg: \"{{ more }}\"}\n", NOTHING, 0},
	{"computed include_tasks",
	 "- include_tasks: \"{{ port }}.yml\"\n- debug: {msg: \"{{ found }}\"}\n", NOTHING, 0},
	{"computed set_fact", "- set_fact: {\"{{ port }}\": 1}\n- debug: {msg: \"{{ prot }}\"}\n",
	 NOTHING, 0},
	{"fact", "- debug: {msg: \"{{ ansible_prot }} {{ services }}\"}\n", NOTHING, 0},
	{"magic",
	 "- debug: {msg: \"{{ groups }}{{ role_path }}{{ omit }}{{ inventory_hostname }}{{ "
	 "lookup('env', "
	 "'X') }}{{ range(2) }}\"}\n",
	 NOTHING, 0},
};

static void load(struct loaded *l, const char *tasks, bool refuse)
{
	loaded_open(l);
	project_file(&l->project, "site.roles", "roles:\n  base: {hosts: all}\n");
	project_file(&l->project, "roles/base/defaults/main.yml", "port: 80\n");
	project_file(&l->project, "roles/base/vars/more.yml", "more: 1\n");
	project_file(&l->project, "roles/base/templates/t.j2", "first\n{{ prot }}\n");
	project_file(&l->project, "roles/base/tasks/extra.yml",
		     "- block: [{ping: , register: found}]\n");
	project_file(&l->project, "roles/base/tasks/main.yml", tasks);
	loaded_load(l, "site.roles", (struct plan_options){.refuse_undefined = refuse});
}

static void expect_warning(const struct loaded *l, unsigned line)
{
	assert_int_equal(l->r, 0);
	assert_int_equal(l->plan->warnings.len, 1);
	assert_int_equal(l->plan->warnings.at[0].at.line, line);
	assert_non_null(strstr(l->plan->warnings.at[0].text, "'prot'; did you mean 'port'?"));
}

static void test_undefined(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct loaded l;
		char text[1400];
		load(&l, cases[i].tasks, true);
		print_message("%s: %s\n", cases[i].name,
			      l.r < 0 ? err_format(&l.err, text, sizeof(text)) : "");
		if (cases[i].outcome == REFUSED) {
			assert_int_equal(l.r, ERR_UNDEFINED);
			assert_int_equal(l.err.at.line, cases[i].line);
			assert_non_null(strstr(l.err.msg, "'prot'; did you mean 'port'?"));
		} else if (cases[i].outcome == WARNED) {
			expect_warning(&l, cases[i].line);
		} else {
			assert_int_equal(l.r, 0);
			assert_int_equal(l.plan->warnings.len, 0);
		}
		loaded_close(&l);
	}
}

/* --syntax-check and the lists: extra variables may still come. */
static void test_looking_warns(void **state)
{
	struct loaded l;
	(void)state;
	load(&l, "- debug: {msg: \"{{ prot }}\"}\n", false);
	expect_warning(&l, 1);
	loaded_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_undefined),
					   cmocka_unit_test(test_looking_warns)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
