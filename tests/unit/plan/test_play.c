/* Playbooks: how plays become steps. */
#include "test.h"

#include "project.h"

#include "rollout/plan/plan.h"

struct loaded {
	struct project project;
	struct inventory *inv;
	struct template_env *env;
	struct plan *plan;
	struct err err;
	int r;
};

static void open_project(struct loaded *l)
{
	memset(l, 0, sizeof(*l));
	project_open(&l->project);
	project_file(&l->project, "inv.yaml",
		     "all: {children: {web: {hosts: {w1: {}, w2: {}}}, db: {hosts: {d1: {}}}}}\n");
}

static void load(struct loaded *l, struct plan_options opts)
{
	opts.site_path = project_path(&l->project, "play.yml");
	l->env = template_env_new();
	l->inv = inventory_new();
	assert_int_equal(
		inventory_add_source(l->inv, project_path(&l->project, "inv.yaml"), &l->err), 0);
	assert_int_equal(inventory_finish(l->inv, &l->err), 0);
	l->r = plan_load(&opts, l->inv, l->env, &l->plan, &l->err);
	if (l->r < 0)
		print_message("%s\n", l->err.msg);
	assert_int_equal(l->r, 0);
}

static void close_project(struct loaded *l)
{
	plan_free(l->plan);
	inventory_free(l->inv);
	template_env_free(l->env);
	project_close(&l->project);
}

static void test_plays_wait_for_each_other(void **state)
{
	struct loaded l;
	(void)state;
	open_project(&l);
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
	close_project(&l);
}

static void test_sections_flush_handlers(void **state)
{
	struct loaded l;
	size_t flushes = 0;
	(void)state;
	open_project(&l);
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
	close_project(&l);
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
	open_project(&l);
	project_file(&l.project, "play.yml",
		     "- hosts: web\n  vars_prompt:\n"
		     "    - {name: a, private: false}\n    - {name: b, default: x}\n");
	load(&l, (struct plan_options){.ask = answer, .ask_self = &nprivate});
	const struct value *vars = l.plan->steps.at[0]->play_vars;
	assert_true(value_is_str(value_get(vars, "a"), "said"));
	assert_true(value_is_str(value_get(vars, "b"), "said"));
	assert_int_equal(nprivate, 1);
	close_project(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plays_wait_for_each_other),
		cmocka_unit_test(test_sections_flush_handlers),
		cmocka_unit_test(test_prompts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
