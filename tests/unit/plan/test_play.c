/* Playbooks: how plays become steps. */
#include "loaded.h"

static void load(struct loaded *l, struct plan_options opts)
{
	loaded_load(l, "play.yml", opts);
	if (l->r < 0)
		print_message("%s\n", l->err.msg);
	assert_int_equal(l->r, 0);
}

static void test_plays_wait_for_each_other(void **state)
{
	struct loaded l;
	(void)state;
	loaded_open(&l);
	project_file(&l.project, "play.yml",
		     "- {hosts: web, order: reverse_sorted, tasks: [{ping: }]}\n"
		     "- {hosts: web, strategy: free, serial: [1, \"50%\"], tasks: [{ping: }]}\n"
		     "- {hosts: nobody, name: last, tasks: [{ping: }]}\n");
	load(&l, (struct plan_options){0});
	assert_int_equal(l.plan->steps.len, 3);
	const struct plan_step *first = l.plan->steps.at[0], *second = l.plan->steps.at[1];
	assert_string_equal(first->hosts.at[0]->name, "w2");
	assert_int_equal(second->after.len, 1);
	assert_int_equal(second->after.at[0], 0);
	assert_string_equal(second->name, "web (2)");
	assert_string_equal(second->play_name, "web");
	assert_true(second->free);
	assert_int_equal(second->serial.len, 2);
	assert_int_equal(l.plan->steps.at[2]->hosts.len, 0);
	assert_int_equal(l.plan->warnings.len, 1);
	assert_non_null(strstr(l.plan->warnings.at[0].text, "nobody"));
	loaded_close(&l);
}

static void test_sections_flush_handlers(void **state)
{
	struct loaded l;
	size_t flushes = 0;
	(void)state;
	loaded_open(&l);
	project_file(&l.project, "play.yml",
		     "- hosts: web\n  pre_tasks: [{ping: }]\n  tasks: [{ping: , notify: h}]\n"
		     "  post_tasks: [{ping: }]\n  handlers: [{name: h, ping: }]\n");
	load(&l, (struct plan_options){0});
	const struct plan_block *body = l.plan->steps.at[0]->body;
	for (size_t i = 0; i < body->body.len; i++)
		flushes += body->body.at[i]->implicit;
	assert_int_equal(body->body.len, 6);
	assert_int_equal(flushes, 3);
	assert_int_equal(l.plan->steps.at[0]->ntasks, 4); /* the handler too */
	loaded_close(&l);
}

static int answer(void *self, const struct plan_prompt *p, struct strbuf *ret, struct err *err)
{
	(void)err;
	*(int *)self += p->private;
	strbuf_puts(ret, "said");
	return 0;
}

static void test_prompts(void **state)
{
	struct loaded l;
	int nprivate = 0;
	(void)state;
	loaded_open(&l);
	project_file(&l.project, "play.yml",
		     "- hosts: web\n  vars_prompt:\n"
		     "    - {name: a, private: false}\n    - {name: b, default: x}\n");
	load(&l, (struct plan_options){.ask = answer, .ask_self = &nprivate});
	const struct value *vars = l.plan->steps.at[0]->play_vars;
	assert_true(value_is_str(value_get(vars, "a"), "said"));
	assert_true(value_is_str(value_get(vars, "b"), "said"));
	assert_int_equal(nprivate, 1);
	loaded_close(&l);
}

static void test_unknown_tags(void **state)
{
	static const char *const tags[] = {"wbe", "tagged", NULL}, *const skip[] = {"db", NULL};
	struct loaded l;
	(void)state;
	loaded_open(&l);
	project_file(&l.project, "play.yml",
		     "- {hosts: web, tags: web, tasks: [{ping: , tags: [db]}]}\n");
	load(&l, (struct plan_options){.tags = tags, .skip_tags = skip});
	assert_int_equal(l.plan->warnings.len, 1);
	assert_string_equal(l.plan->warnings.at[0].text,
			    "--tags: no task has the tag 'wbe'; did you mean 'web'?");
	loaded_close(&l);
	/* what a template names may have any tag */
	loaded_open(&l);
	project_file(
		&l.project, "play.yml",
		"- {hosts: web, tasks: [{include_tasks: \"{{ inventory_hostname }}.yml\"}]}\n");
	load(&l, (struct plan_options){.tags = tags, .skip_tags = skip});
	assert_int_equal(l.plan->warnings.len, 0);
	loaded_close(&l);
}

/* What reads the hosts that have not failed waits for all, by whatever name. */
static void test_play_hosts_are_barriers(void **state)
{
	struct loaded l;
	(void)state;
	loaded_open(&l);
	project_file(&l.project, "t.j2", "{{ first }}\n");
	project_file(
		&l.project, "play.yml",
		"- hosts: web\n  gather_facts: false\n"
		"  vars: {alive: \"{{ play_hosts }}\", first: \"{{ alive[0] }}\"}\n"
		"  tasks:\n"
		"    - debug: {msg: \"{{ alive }}\"}\n"
		"    - debug: {msg: \"{{ first }}\"}\n"
		"    - debug: {msg: plain}\n"
		"    - template: {src: t.j2, dest: /tmp/t}\n"
		"    - block: [{debug: {msg: \"{{ x }}\"}}]\n      vars: {x: plain}\n"
		"    - block: [{debug: {msg: \"{{ x }}\"}}]\n      vars: {x: \"{{ first }}\"}\n");
	load(&l, (struct plan_options){0});
	const struct plan_block *body = l.plan->steps.at[0]->body;
	const bool want[] = {true, true, false, true};
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_int_equal(body->body.at[i]->barrier, want[i]);
	assert_false(body->body.at[4]->block->body.at[0]->barrier);
	assert_true(body->body.at[5]->block->body.at[0]->barrier);
	loaded_close(&l);
}

static void test_names_of_roles(void **state)
{
	struct loaded l;
	(void)state;
	loaded_open(&l);
	project_file(&l.project, "play.yml",
		     "- {hosts: web, roles: [one, two], tasks: [import_role: {name: two}]}\n");
	project_file(&l.project, "roles/one/meta/main.yml", "dependencies: [base]\n");
	project_file(&l.project, "roles/one/tasks/main.yml", "- import_role: {name: two}\n");
	project_file(&l.project, "roles/two/meta/main.yml", "dependencies: [base]\n");
	project_file(&l.project, "roles/two/tasks/main.yml", "- ping:\n");
	project_file(&l.project, "roles/base/tasks/main.yml", "- ping:\n");
	load(&l, (struct plan_options){0});
	const struct plan_step *step = l.plan->steps.at[0];
	const char *const want[] = {"one", "two", "two", "two"};
	assert_int_equal(step->play_roles.len, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_string_equal(step->play_roles.at[i]->name, want[i]);
	assert_int_equal(step->dependent_roles.len, 1);
	assert_string_equal(step->dependent_roles.at[0]->name, "base");
	/* base, one: its import is two below one */
	const struct plan_node *import = step->body->body.at[1]->block->body.at[0];
	const struct plan_block *imported = import->block;
	const struct plan_lineage *way = imported->body.at[imported->body.len - 1]->lineage;
	assert_string_equal(way->role->name, "two");
	assert_true(way->included);
	assert_string_equal(way->outer->role->name, "one");
	assert_false(way->outer->included);
	assert_null(way->outer->outer);
	loaded_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plays_wait_for_each_other),
		cmocka_unit_test(test_sections_flush_handlers),
		cmocka_unit_test(test_prompts),
		cmocka_unit_test(test_unknown_tags),
		cmocka_unit_test(test_play_hosts_are_barriers),
		cmocka_unit_test(test_names_of_roles),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
