#include "loaded.h"

void loaded_open(struct loaded *l)
{
	memset(l, 0, sizeof(*l));
	project_open(&l->project);
	project_file(&l->project, "inv.yaml",
		     "all: {children: {web: {hosts: {w1: {}, w2: {}}}, db: {hosts: {d1: {}}}}}\n");
}

void loaded_load(struct loaded *l, const char *site, struct plan_options opts)
{
	opts.site_path = project_path(&l->project, site);
	l->env = template_env_new();
	l->inv = inventory_new();
	assert_int_equal(
		inventory_add_source(l->inv, project_path(&l->project, "inv.yaml"), &l->err), 0);
	assert_int_equal(inventory_finish(l->inv, &l->err), 0);
	l->r = plan_load(&opts, l->inv, l->env, &l->plan, &l->err);
}

void loaded_close(struct loaded *l)
{
	plan_free(l->plan);
	inventory_free(l->inv);
	template_env_free(l->env);
	project_close(&l->project);
}
