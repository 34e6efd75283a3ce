/*
 * Which variables a task uses, and which these use: so that their templates are
 * checked, only facts that are used are gathered, and a barrier is set where
 * another host's results are read through hostvars.
 */
#include "internal.h"
#include "rollout/value/encrypted.h"

#include <ctype.h>

struct walk {
	struct compiler *c;
	struct plan_node *node;
	struct err *err;
	int r;	      /* first failure */
	bool tainted; /* hostvars is mentioned */
	bool certain; /* what is visited will be evaluated */
	bool silent;  /* an undefined name is no error there */
};

/* In Ansible's name space of facts, and not facts. */
static const char *const not_facts[] = {
	"check_mode",
	"diff_mode",
	"forks",
	"play_hosts",
	"play_hosts_all",
	"play_batch",
	"play_name",
	"play_role_names",
	"role_names",
	"role_name",
	"parent_role_names",
	"run_tags",
	"skip_tags",
	"limit",
	"verbosity",
	"version",
	"loop",
	"loop_var",
	"index_var",
	"search_path",
	"config_file",
	"inventory_sources",
	"playbook_python",
	"host",
	"port",
	"user",
	"connection",
	"password",
	"python_interpreter",
	"managed",
	"delegated_vars",
	"host_key_checking",
	"failed_task",
	"failed_result",
	"private_key_file",
	"remote_tmp",
	"group_priority",
	"facts",
	"dependent_role_names",
	"timeout",
};

static bool is_fact(struct slice name)
{
	if (!slice_starts_with(name, "ansible_") || name.len < 9)
		return false;
	struct slice rest = {name.ptr + 8, name.len - 8};
	if (slice_starts_with(rest, "ssh_") && !slice_starts_with(rest, "ssh_host_key"))
		return false;
	if (slice_starts_with(rest, "become") || slice_starts_with(rest, "shell_"))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(not_facts); i++)
		if (slice_is(rest, not_facts[i]))
			return false;
	return true;
}

static void add_fact(struct plan_step *step, struct plan *plan, struct slice name)
{
	struct slice rest = {name.ptr + 8, name.len - 8};
	for (size_t i = 0; i < step->fact_names.len; i++)
		if (slice_eq(step->fact_names.at[i], rest))
			return;
	vec_push(&step->fact_names, arena_slice(&plan->arena, rest));
}

/* In a text that mentions hostvars, facts are attributes: hostvars[h].ansible_x */
static void scan_facts(struct walk *w, struct slice text)
{
	for (size_t i = 0; i + 9 < text.len; i++) {
		if (strncmp(text.ptr + i, "ansible_", 8) != 0)
			continue;
		size_t n = i;
		while (n < text.len && (isalnum((unsigned char)text.ptr[n]) || text.ptr[n] == '_'))
			n++;
		struct slice name = {text.ptr + i, n - i};
		if (is_fact(name))
			add_fact(w->c->step, w->c->plan, name);
		i = n - 1;
	}
}

static void scan_hostvars(struct walk *w, const struct value *v)
{
	if (v->type == VALUE_STRING && memmem(v->str.ptr, v->str.len, "hostvars", 8))
		scan_facts(w, v->str);
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
	if (w->tainted)
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

static void visit_name(void *ctx, const struct template_use *use)
{
	static char clean, tainted; /* what a visited name maps to */
	struct walk *w = ctx;
	struct slice name = use->name;
	struct strbuf key CLEANUP(strbuf_release) = {0};
	bool found = false, before = w->tainted;
	if (w->r < 0)
		return;
	if (slice_is(name, "hostvars"))
		w->tainted = true;
	/* those that have not failed: known when all have come here */
	if (w->node && (slice_is(name, "ansible_play_hosts") || slice_is(name, "play_hosts") ||
			slice_is(name, "ansible_play_batch")))
		w->node->barrier = true;
	if (slice_is(name, "ansible_facts"))
		w->c->step->all_facts = true;
	strbuf_printf(&key, "%s%s/%.*s", is_selected(w) ? "+" : "",
		      w->node->role ? w->node->role->dir : "", SLICE_ARG(name));
	const void *known = strmap_get(&w->c->step->names, strbuf_slice(&key));
	if (known) {
		note_use(w, use, false);
		w->tainted |= known == &tainted;
		return;
	}
	strmap_set(&w->c->step->names, strbuf_slice(&key), &clean);
	w->tainted = slice_is(name, "hostvars");
	visit_definitions(w, name, &found);
	note_use(w, use, found);
	if (w->tainted)
		strmap_set(&w->c->step->names, strbuf_slice(&key), &tainted);
	w->tainted |= before;
	if (!found && is_fact(name))
		add_fact(w->c->step, w->c->plan, name);
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
	       !slice_starts_with(slice_from(node->module->name), "include_");
}

int names_of_task(struct compiler *c, struct plan_node *node, struct err *err)
{
	struct walk w = {.c = c, .node = node, .err = err};
	bool debug = strcmp(node->module->name, "debug") == 0,
	     expressions = debug || strcmp(node->module->name, "assert") == 0;
	bool reached = is_reached(c, node), always = reached && node->attrs.when.len == 0;
	const struct value *const all[] = {node->name,
					   node->vars,
					   node->loop.label,
					   node->retries,
					   node->delay,
					   node->attrs.become,
					   node->attrs.become_user,
					   node->attrs.delegate_to,
					   node->attrs.run_once,
					   node->attrs.no_log,
					   node->attrs.check_mode,
					   node->attrs.ignore_errors,
					   node->attrs.throttle,
					   node->attrs.timeout,
					   node->attrs.remote_user,
					   node->attrs.port,
					   node->loop.pause,
					   node->async_s,
					   node->poll};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		visit_value(&w, all[i], false);
	visit_as(&w, node->loop.items, false, always);
	visit_as(&w, node->args, false, always && !node->loop.items);
	if (expressions) {
		w.silent = debug; /* debug tells that it is not defined */
		visit_value(&w, value_get(node->args, "var"), true);
		w.silent = false;
		visit_value(&w, value_get(node->args, "that"), true);
	}
	for (size_t i = 0; i < node->attrs.environment.len; i++)
		visit_value(&w, node->attrs.environment.at[i], false);
	visit_conditions(&w, node->attrs.when.at, node->attrs.when.len,
			 reached && !node->loop.items);
	visit_conditions(&w, node->changed_when.at, node->changed_when.len, false);
	visit_conditions(&w, node->failed_when.at, node->failed_when.len, false);
	visit_conditions(&w, node->until.at, node->until.len, false);
	node->mentions_hostvars |= w.tainted;
	return w.r;
}

int names_of_text(struct compiler *c, struct plan_node *node, struct slice text, const char *file,
		  struct err *err)
{
	bool always = is_reached(c, node) && node->attrs.when.len == 0 && !node->loop.items;
	struct walk w = {.c = c, .node = node, .err = err, .certain = always};
	template_each_name_of_text(c->plan->env, text, file, visit_name, &w);
	if (w.tainted)
		scan_facts(&w, text);
	node->mentions_hostvars |= w.tainted;
	return w.r;
}

int names_of_value(struct compiler *c, const struct value *v, struct err *err)
{
	struct plan_node *node = ARENA_NEW(&c->plan->arena, struct plan_node);
	struct walk w = {.c = c, .node = node, .err = err};
	node->step = c->step;
	visit_value(&w, v, false);
	return w.r;
}
