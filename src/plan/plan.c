#include "rollout/plan/plan.h"

#include "internal.h"

#include <stdarg.h>
#include <stdio.h>
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
	strmap_release(&s->handler_names);
	vec_release(&s->late_vars_files);
	vec_release(&s->role_uses);
	vec_release(&s->views);
	vec_release(&s->play_roles);
	vec_release(&s->dependent_roles);
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
	vec_release(&plan->warnings);
	vec_release(&plan->mistakes);
	vec_release(&plan->misread);
	strmap_release(&plan->roles);
	strmap_release(&plan->files);
	strmap_release(&plan->libraries);
	strmap_release(&plan->includes);
	strmap_release(&plan->uses);
	arena_release(&plan->arena);
	free(plan);
}

void plan_warn(struct plan *plan, struct srcloc at, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < plan->warnings.len; i++)
		if (strcmp(plan->warnings.at[i].text, text) == 0)
			return;
	vec_push(&plan->warnings,
		 ((struct plan_warning){.at = at, .text = arena_strdup(&plan->arena, text)}));
}

int plan_folder(struct plan *plan, const char *path, const char **ret, struct err *err)
{
	char real[4096];
	struct stat st;
	if (!realpath(path, real))
		return err_sys(err, "%s file %s", plan->is_playbook ? "playbook" : "site", path);
	if (stat(real, &st) == 0 && S_ISDIR(st.st_mode))
		return err_set(err, ERR_INVALID, "site file %s: is a folder", path);
	char *slash = strrchr(real, '/');
	*(slash == real ? slash + 1 : slash) = '\0';
	*ret = arena_strdup(&plan->arena, real);
	return 0;
}

/* After all that is written is compiled: includes, barriers, handlers' names. */
static int finish(struct plan *plan, const struct plan_options *opts, struct err *err)
{
	int r = includes_compile(plan, err);
	plan->written_out = true;
	if (r < 0)
		return r;
	step_set_barriers(plan, 0);
	r = check_notify(plan, 0, err);
	if (r == 0)
		r = uses_check(plan, err);
	if (r < 0 || plan->mistakes.len > 0)
		return r;
	tags_check(plan);
	if (opts->start_at_task)
		r = start_at_task(plan, opts->start_at_task, err);
	if (r == 0 && opts->limit)
		r = hosts_check_limit(plan, err);
	return r;
}

static int compile(struct plan *plan, const struct plan_options *opts, struct err *err)
{
	const struct value *top;
	int r = plan_load_file(plan, opts->site_path, &top, err);
	if (r < 0)
		return r;
	plan->is_playbook = top->type == VALUE_LIST;
	if (plan->is_playbook)
		return playbooks_compile(plan, opts, err);
	if (top->type != VALUE_DICT)
		return err_at(err, ERR_INVALID, top->at,
			      "a site file is a mapping with 'roles', a playbook a list of plays; "
			      "this is a %s",
			      value_type_name(top));
	if (opts->more_paths && opts->more_paths[0])
		return err_set(err, ERR_USAGE,
			       "one site file at a time, not '%s' and '%s'; playbooks may be "
			       "several",
			       opts->site_path, opts->more_paths[0]);
	return site_compile(plan, top, opts, err);
}

int plan_load(const struct plan_options *opts, struct inventory *inv, struct template_env *env,
	      struct plan **ret, struct err *err)
{
	struct plan *plan = xcalloc(1, sizeof(*plan));
	plan->inv = inv;
	plan->env = env;
	plan->site_path = plan->name = arena_strdup(&plan->arena, opts->site_path);
	plan->extra_vars = opts->extra_vars;
	plan->roles_path = opts->roles_path;
	plan->shipped_roles = opts->shipped_roles;
	plan->collections_path = opts->collections_path;
	plan->tags = opts->tags;
	plan->skip_tags = opts->skip_tags;
	plan->limit = opts->limit;
	plan->refuses_undefined = opts->refuse_undefined;
	plan->collects_mistakes = opts->tell != NULL;
	int r = plan_folder(plan, opts->site_path, &plan->dir, err);
	if (r == 0)
		r = compile(plan, opts, err);
	if (r == 0)
		r = finish(plan, opts, err);
	plan->collects_mistakes = false;
	r = mistakes_tell(plan, opts, r, err);
	if (r == 0)
		r = connection_check(plan, err);
	if (r < 0) {
		plan_free(plan);
		return r;
	}
	*ret = plan;
	return 0;
}
