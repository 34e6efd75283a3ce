/* What Ansible's world has and rollout has not: refused where a task is sure to
 * come to it, told elsewhere; what nobody has is a mistake everywhere. */
#include "loaded.h"

enum outcome { WARNED, REFUSED, MISTAKEN };

static const struct {
	const char *tasks;
	enum outcome outcome;
	const char *text;
} cases[] = {
	{"- yum_repository: {name: x}\n", REFUSED, "no module 'yum_repository'"},
	{"- community.general.parted: {device: x}\n", REFUSED, "no module 'community.general."},
	{"- acme.shop.till: {open: true}\n", REFUSED, "no module 'acme.shop.till'"},
	{"- debug: {msg: \"{{ [1] | acme.shop.tally }}\"}\n", REFUSED,
	 "no filter 'acme.shop.tally'"},
	{"- yum_repository: {name: x}\n  when: port\n", WARNED, "no module 'yum_repository'"},
	{"- win_service: name=x\n  loop: [1]\n", WARNED, "no module 'win_service'"},
	{"- block: [{zypper: name=x}]\n  when: port\n", WARNED, "no module 'zypper'"},
	{"- block: [{pacman: name=x}]\n  rescue: [{ping: }]\n", WARNED, "no module 'pacman'"},
	{"- include_tasks: more.yml\n  when: port\n", WARNED, "no module 'seport'"},
	{"- ping:\n  when: lookup('dig', 'a') == 1\n", WARNED, "no lookup 'dig'"},
	{"- debug: {msg: \"{{ [1] | community.general.from_csv }}\"}\n  when: port\n", WARNED,
	 "no filter 'community.general.from_csv'"},
	{"- template: {src: t.j2, dest: /x}\n  when: port\n", WARNED,
	 "no filter 'acme.shop.tally'"},
	{"- uri: {url: 'http://x', use_gssapi: true}\n  when: port\n", WARNED,
	 "module uri has no parameter 'use_gssapi'"},
	{"- synchronize: {src: /x, dest: /y, link_dest: [/z]}\n  when: port\n", WARNED,
	 "module synchronize has no parameter 'link_dest'"},
	{"- ping:\n  with_dig: [x]\n", WARNED, "no lookup 'dig'"},
	{"- ping:\n  when: [port, x is defined, x|failed]\n", WARNED, "'failed' is a test"},
	{"- debug: {msg: \"{{ port | success }}\"}\n  when: port\n", WARNED, "'success' is a test"},
	{"- ec2: {count: 1}\n  when: port\n", WARNED, "no module 'ec2'"},
	{"- bigip_pool: {name: x}\n  when: port\n", WARNED, "no module 'bigip_pool'"},
	{"- parted: {device: 1, async: 1}\n  async: 5\n  poll: 0\n  when: port\n", WARNED,
	 "no module 'parted'"},
	/* nobody has them, or rollout has them elsewhere */
	{"- yum_repositry: {name: x}\n  when: port\n", MISTAKEN, "'yum_repositry'"},
	{"- community.general.uwf: {}\n  when: port\n", MISTAKEN, "community.general.ufw"},
	{"- comunity.general.ufw: {}\n  when: port\n", MISTAKEN, "community.general.ufw"},
	{"- debug: {msg: \"{{ 1 | too_json }}\"}\n  when: port\n", MISTAKEN, "to_json"},
	{"- debug: {msg: \"{{ 1 | acme.shop.to_json }}\"}\n  when: port\n", MISTAKEN, "to_json"},
	{"- \"yum repository\": {name: x}\n  when: port\n", MISTAKEN, "'yum repository'"},
};

static void load(struct loaded *l, const char *tasks)
{
	loaded_open(l);
	project_file(&l->project, "site.roles", "roles:\n  base: {hosts: all}\n");
	project_file(&l->project, "roles/base/defaults/main.yml", "port: 80\n");
	project_file(&l->project, "roles/base/templates/t.j2", "{{ [1] | acme.shop.tally }}\n");
	project_file(&l->project, "roles/base/tasks/more.yml", "- seport: {ports: 1}\n");
	project_file(&l->project, "roles/base/tasks/main.yml", tasks);
	loaded_load(l, "site.roles", (struct plan_options){.refuse_undefined = true});
}

static void test_foreign(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct loaded l;
		load(&l, cases[i].tasks);
		print_message("%s", cases[i].tasks);
		if (cases[i].outcome == WARNED) {
			assert_int_equal(l.r, 0);
			assert_int_equal(l.plan->warnings.len, 1);
			assert_non_null(strstr(l.plan->warnings.at[0].text, cases[i].text));
		} else {
			bool unsupported = strstr(l.err.msg, "rollout has no ") != NULL;
			assert_true(l.r < 0);
			assert_int_not_equal(l.err.at.line, 0);
			assert_non_null(strstr(l.err.msg, cases[i].text));
			assert_int_equal(unsupported, cases[i].outcome == REFUSED);
		}
		loaded_close(&l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_foreign)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
