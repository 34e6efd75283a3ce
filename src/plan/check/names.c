/*
 * Which variables a task uses, and which these use: so that their templates are
 * checked, only facts that are used are gathered, and a barrier is set where
 * another host's results are read through hostvars.
 */
#include "../internal.h"
#include "rollout/value/encrypted.h"

enum reads { READS_HOSTVARS = 1, READS_PLAY_HOSTS = 2, READS_ALL = 3 };

struct walk {
	struct compiler *c;
	struct plan_node *node;
	struct err *err;
	int r;		/* first failure */
	unsigned reads; /* enum reads, directly or through a variable */
	bool certain;	/* what is visited will be evaluated */
	bool silent;	/* an undefined name is no error there */
	bool other;	/* a text that is maybe not read: what is wrong in it is no error yet */
};

static void scan_hostvars(struct walk *w, const struct value *v)
{
	if (v->type == VALUE_STRING && memmem(v->str.ptr, v->str.len, "hostvars", 8))
		facts_scan(w->c, v->str);
	for (size_t i = 0; v->type == VALUE_LIST && i < v->list.len; i++)
		scan_hostvars(w, v->list.at[i]);
	for (size_t i = 0; v->type == VALUE_DICT && i < v->dict.len; i++)
		scan_hostvars(w, v->dict.at[i].value);
}

static void visit_name(void *ctx, const struct template_use *use);

static bool is_selected(const struct walk *w)
{
	return attrs_selected(w->c->plan, &w->node->attrs);
}

static void visit_value(struct walk *w, const struct value *v, bool expression)
{
	if (!v || w->r < 0)
		return;
	if (is_selected(w) && (w->r = encrypted_check(v, w->err)) < 0)
		return;
	template_each_name(w->c->plan->env, v, expression, visit_name, w);
	facts_of_value(w->c, w->node, v);
	if (w->reads & READS_HOSTVARS)
		scan_hostvars(w, v);
}

static void visit_variable(struct walk *w, const struct value *dict, struct slice name, bool *found)
{
	const struct value *v = dict ? value_get_slice(dict, name) : NULL;
	if (!v || w->r < 0)
		return;
	*found = true;
	if ((v->flags & VALUE_UNSAFE) && !(v->flags & VALUE_ENCRYPTED))
		return;
	w->r = template_check(w->c->plan->env, v, w->err);
	w->r = foreign_tolerate(w->c, false, w->r, w->err);
	if (!w->other)
		w->r = task_go_on(w->c, w->node, w->r, w->err);
	bool before = w->certain;
	w->certain = false; /* another definition may win */
	visit_value(w, v, false);
	w->certain = before;
}

static void visit_definitions(struct walk *w, struct slice name, bool *found)
{
	const struct plan_node *n = w->node;
	const struct value *const dicts[] = {
		n->role_defaults, w->c->step->play_vars, n->role_vars,	    n->attrs.block_vars,
		n->vars,	  n->role_params,	 n->include_params, w->c->plan->extra_vars};
	const struct value *last = NULL;
	for (size_t i = 0; i < ARRAY_LEN(dicts); i++)
		visit_variable(w, dicts[i], name, found);
	for (size_t i = 0; w->c->step && i < w->c->step->hosts.len; i++) {
		const struct value *vars = w->c->step->hosts.at[i]->vars;
		const struct value *v = value_get_slice(vars, name);
		if (v && v != last)
			visit_variable(w, vars, name, found);
		last = v;
	}
}

static void note_use(const struct walk *w, const struct template_use *use, bool found)
{
	if (found || (!w->silent && w->c->step->hosts.len && is_selected(w)))
		uses_note(w->c->plan, use, found, w->certain);
}

/* What the name itself is. */
static unsigned reads_of(struct slice name)
{
	static const char *const hosts[] = {"ansible_play_hosts", "ansible_play_batch",
					    "play_hosts"};
	if (slice_is(name, "hostvars"))
		return READS_HOSTVARS;
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
		if (slice_is(name, hosts[i]))
			return READS_PLAY_HOSTS;
	return 0;
}

/* A name that was visited before, where the same definitions of it are seen. */
static void print_visited(struct strbuf *key, const struct walk *w, struct slice name)
{
	const struct plan_node *n = w->node;
	strbuf_printf(key, "%s%s%s/%p/%p/%p/%.*s", w->other ? "?" : "", is_selected(w) ? "+" : "",
		      n->role ? n->role->dir : "", (const void *)n->attrs.block_vars,
		      (const void *)n->role_params, (const void *)n->include_params,
		      SLICE_ARG(name));
}

static void visit_name(void *ctx, const struct template_use *use)
{
	static char marks[READS_ALL + 1]; /* what a visited name maps to */
	struct walk *w = ctx;
	struct slice name = use->name;
	bool found = false;
	unsigned before = w->reads;
	if (w->r < 0)
		return;
	if (slice_is(name, "ansible_facts"))
		w->c->step->all_facts = true;
	struct strbuf text CLEANUP(strbuf_release) = {0};
	print_visited(&text, w, name);
	struct slice key = strbuf_slice(&text);
	const char *known = strmap_get(&w->c->step->names, key);
	if (known) {
		note_use(w, use, false);
		w->reads |= (unsigned)(known - marks);
		return;
	}
	w->reads = reads_of(name);
	strmap_set(&w->c->step->names, key, &marks[w->reads]);
	visit_definitions(w, name, &found);
	note_use(w, use, found);
	strmap_set(&w->c->step->names, key, &marks[w->reads]);
	w->reads |= before;
	if (!found)
		facts_add(w->c, name);
}

/* Those that have not failed: known when all have come here. */
static void note_reads(struct walk *w)
{
	w->node->mentions_hostvars |= (w->reads & READS_HOSTVARS) != 0;
	w->node->barrier |= (w->reads & READS_PLAY_HOSTS) != 0;
}

void step_set_barriers(struct plan *plan, size_t from)
{
	for (size_t i = from; i < plan->nodes.len; i++) {
		struct plan_node *n = plan->nodes.at[i];
		const struct plan_step *step = n->step;
		bool facts = step->gather_facts && (step->fact_names.len || step->all_facts);
		if (n->mentions_hostvars && (step->sets_vars || facts))
			n->barrier = true;
	}
}

static void visit_as(struct walk *w, const struct value *v, bool expression, bool certain)
{
	w->certain = certain;
	visit_value(w, v, expression);
	w->certain = false;
}

/* The first of a `when` is always evaluated, unless a loop is empty. */
static void visit_conditions(struct walk *w, const struct value *const *at, size_t len,
			     bool certain)
{
	for (size_t i = 0; i < len; i++)
		visit_as(w, at[i], !plan_has_markup(at[i]), certain && i == 0);
}

/* Will the task be reached on each host that has not failed? */
static bool is_reached(const struct compiler *c, const struct plan_node *node)
{
	return !c->rescued && !node->is_handler && !node->attrs.ignore_errors &&
	       !module_kind_includes(node->module->kind) &&
	       node->module->kind != MODULE_KIND_INCLUDE_VARS;
}

bool task_is_certain(const struct compiler *c, const struct plan_node *node)
{
	return is_reached(c, node) && node->attrs.when.len == 0 && !node->loop.items &&
	       c->step->hosts.len > 0 && attrs_selected(c->plan, &node->attrs);
}

int names_of_task(struct compiler *c, struct plan_node *node, struct err *err)
{
	struct walk w = {.c = c, .node = node, .err = err};
	bool reached = is_reached(c, node), always = reached && node->attrs.when.len == 0;
	const struct value *all[NODE_TEMPLATES];
	size_t n = node_templates(node, all);
	for (size_t i = 0; i < n; i++)
		visit_value(&w, all[i], false);
	visit_as(&w, node->loop.items, false, always);
	visit_as(&w, node->args, false, always && !node->loop.items);
	visit_as(&w, node->variable_args, false, always && !node->loop.items);
	for (const struct module_param *p = node->module->params; p->name; p++) {
		w.silent = p->undefined_is_told;
		if (p->expression)
			visit_value(&w, value_get(node->args, p->name), true);
	}
	w.silent = false;
	for (size_t i = 0; i < node->attrs.environment.len; i++)
		visit_value(&w, node->attrs.environment.at[i], false);
	for (size_t i = 0; i < node->notify.len; i++)
		visit_value(&w, node->notify.at[i], false);
	visit_conditions(&w, node->attrs.when.at, node->attrs.when.len,
			 reached && !node->loop.items);
	visit_conditions(&w, node->changed_when.at, node->changed_when.len, false);
	visit_conditions(&w, node->failed_when.at, node->failed_when.len, false);
	visit_conditions(&w, node->until.at, node->until.len, false);
	facts_of_task(c, node);
	note_reads(&w);
	return w.r;
}

int names_of_text(struct compiler *c, struct plan_node *node, struct slice text, const char *file,
		  struct err *err)
{
	bool always = is_reached(c, node) && node->attrs.when.len == 0 && !node->loop.items;
	struct walk w = {.c = c, .node = node, .err = err, .certain = always};
	template_each_name_of_text(c->plan->env, text, file, visit_name, &w);
	facts_of_text(c, node, text);
	if (w.reads & READS_HOSTVARS)
		facts_scan(c, text);
	note_reads(&w);
	return w.r;
}

void names_of_other_text(struct compiler *c, struct plan_node *node, struct slice text,
			 const char *file)
{
	struct err ignored = {0};
	struct walk w = {.c = c, .node = node, .err = &ignored, .silent = true, .other = true};
	template_each_name_of_text(c->plan->env, text, file, visit_name, &w);
	note_reads(&w);
}

int names_of_value(struct compiler *c, const struct value *v, struct err *err)
{
	struct plan_node *node = ARENA_NEW(&c->plan->arena, struct plan_node);
	struct walk w = {.c = c, .node = node, .err = err};
	node->step = c->step;
	visit_value(&w, v, false);
	return w.r;
}
