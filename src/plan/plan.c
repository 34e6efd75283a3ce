#include "rollout/plan/plan.h"

#include "internal.h"

#include <stdlib.h>
#include <sys/stat.h>

static void node_release(struct plan_node *n)
{
	attrs_release(&n->attrs);
	vec_release(&n->notify);
	vec_release(&n->changed_when);
	vec_release(&n->failed_when);
	vec_release(&n->until);
	vec_release(&n->listen);
}

static void step_release(struct plan_step *s)
{
	vec_release(&s->hosts);
	vec_release(&s->after);
	vec_release(&s->before);
	vec_release(&s->serial);
	vec_release(&s->fact_names);
	vec_release(&s->handlers);
	attrs_release(&s->attrs);
	strmap_release(&s->names);
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->nodes.len; i++)
		node_release(plan->nodes.at[i]);
	for (size_t i = 0; i < plan->outers.len; i++)
		attrs_release(plan->outers.at[i]);
	for (size_t i = 0; i < plan->blocks.len; i++) {
		vec_release(&plan->blocks.at[i]->body);
		vec_release(&plan->blocks.at[i]->rescue);
		vec_release(&plan->blocks.at[i]->always);
	}
	for (size_t i = 0; i < plan->steps.len; i++)
		step_release(plan->steps.at[i]);
	vec_release(&plan->nodes);
	vec_release(&plan->outers);
	vec_release(&plan->blocks);
	vec_release(&plan->steps);
	strmap_release(&plan->roles);
	strmap_release(&plan->files);
	strmap_release(&plan->includes);
	arena_release(&plan->arena);
	free(plan);
}

/* playbook_dir: the site file's folder, absolute. */
static int set_dir(struct plan *plan, const char *path, struct err *err)
{
	char real[4096];
	struct stat st;
	if (!realpath(path, real))
		return err_sys(err, "site file %s", path);
	if (stat(real, &st) == 0 && S_ISDIR(st.st_mode))
		return err_set(err, ERR_INVALID, "site file %s: is a folder", path);
	char *slash = strrchr(real, '/');
	*(slash == real ? slash + 1 : slash) = '\0';
	plan->dir = arena_strdup(&plan->arena, real);
	return 0;
}

int plan_load(const struct plan_options *opts, struct inventory *inv, struct template_env *env,
	      struct plan **ret, struct err *err)
{
	struct plan *plan = xcalloc(1, sizeof(*plan));
	const struct value *top;
	plan->inv = inv;
	plan->env = env;
	plan->site_path = plan->name = arena_strdup(&plan->arena, opts->site_path);
	plan->extra_vars = opts->extra_vars;
	plan->roles_path = opts->roles_path;
	plan->tags = opts->tags;
	plan->skip_tags = opts->skip_tags;
	int r = set_dir(plan, opts->site_path, err);
	if (r == 0)
		r = plan_load_file(plan, opts->site_path, &top, err);
	if (r == 0 && top->type != VALUE_DICT)
		r = err_at(err, ERR_INVALID, top->at,
			   "a site file is a mapping with 'roles'; this is a %s%s",
			   value_type_name(top),
			   top->type == VALUE_LIST
				   ? " (an Ansible playbook? rollout runs site files)"
				   : "");
	if (r == 0)
		r = site_compile(plan, top, opts, err);
	if (r == 0)
		r = connection_check(plan, err);
	if (r < 0) {
		plan_free(plan);
		return r;
	}
	*ret = plan;
	return 0;
}
