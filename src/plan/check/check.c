/* What can be known to be wrong with a task before any host is contacted. */
#include "../internal.h"
#include "rollout/base/file.h"
#include "rollout/base/nearest.h"
#include "rollout/value/encrypted.h"

#define TEMPLATE_MAX_BYTES (8u << 20)

static int check_expression(struct compiler *c, const struct value *v, struct err *err)
{
	if (v->type == VALUE_STRING && !template_has_markup(v->str))
		return template_check_expression(c->plan->env, v->str, v->at, err);
	return template_check(c->plan->env, v, err);
}

/* A template of a task. */
static int check_template(struct compiler *c, const struct plan_node *node, const struct value *v,
			  struct err *err)
{
	int r = template_check(c->plan->env, v, err);
	return foreign_tolerate(c, r < 0 && task_is_certain(c, node), r, err);
}

static int check_condition(struct compiler *c, const struct plan_node *node, const struct value *v,
			   struct err *err)
{
	int r = check_expression(c, v, err);
	return foreign_tolerate(c, r < 0 && task_is_certain(c, node), r, err);
}

#define CHECK_CONDITIONS(vec)                                                                      \
	for (size_t i_ = 0; i_ < (vec).len; i_++) {                                                \
		int r_ = check_condition(c, node, (vec).at[i_], err);                              \
		if ((r_ = task_go_on(c, node, r_, err)) < 0)                                       \
			return r_;                                                                 \
	}

static int check_conditions(struct compiler *c, struct plan_node *node, struct err *err)
{
	CHECK_CONDITIONS(node->attrs.when);
	CHECK_CONDITIONS(node->changed_when);
	CHECK_CONDITIONS(node->failed_when);
	CHECK_CONDITIONS(node->until);
	return 0;
}

static int check_templates(struct compiler *c, struct plan_node *node, struct err *err)
{
	const struct value *all[NODE_TEMPLATES];
	size_t n = node_templates(node, all);
	int r = node->loop.items ? check_template(c, node, node->loop.items, err) : 0;
	r = task_go_on(c, node, r, err);
	for (size_t i = 0; i < n && r == 0; i++)
		r = task_go_on(c, node, check_template(c, node, all[i], err), err);
	for (size_t i = 0; i < node->attrs.environment.len && r == 0; i++) {
		r = check_template(c, node, node->attrs.environment.at[i], err);
		r = task_go_on(c, node, r, err);
	}
	return r;
}

static int check_arg(struct compiler *c, const struct plan_node *node, const struct value_pair *arg,
		     struct err *err)
{
	const struct value *v = arg->value;
	const struct module_param *p = arg->key->type == VALUE_STRING
					       ? module_param_find(node->module, arg->key->str)
					       : NULL;
	bool conditions = p && p->expression;
	int r = 0;
	if (!conditions)
		r = check_template(c, node, v, err);
	else if (v->type != VALUE_LIST)
		r = check_condition(c, node, v, err);
	for (size_t i = 0; conditions && v->type == VALUE_LIST && i < v->list.len && r == 0; i++)
		r = check_condition(c, node, v->list.at[i], err);
	if (r < 0)
		return r;
	r = module_check_arg(node->module, arg, err);
	return foreign_tolerate(c, r < 0 && task_is_certain(c, node), r, err);
}

/* What is missing is told where all that is there is right: it may be misspelt. */
static int check_args(struct compiler *c, struct plan_node *node, struct err *err)
{
	int r = 0;
	for (size_t i = 0; i < node->args->dict.len && r == 0; i++)
		r = task_go_on(c, node, check_arg(c, node, &node->args->dict.at[i], err), err);
	if (r < 0 || node->mistaken || node->variable_args || node->default_args)
		return r;
	return module_check_presence(node->module, node->args, err);
}

static bool is_remote_src(const struct plan_node *node)
{
	const struct value *v = value_get(node->args, "remote_src");
	return v && (plan_has_markup(v) || !plan_is_false(v));
}

/* A file that is sent in the clear can be opened. */
static int check_encrypted(struct compiler *c, const struct plan_node *node, const char *path,
			   struct err *err)
{
	const struct value *decrypt = value_get(node->args, "decrypt");
	if ((decrypt && plan_is_false(decrypt)) || !attrs_selected(c->plan, &node->attrs))
		return 0;
	return encrypted_check_file(path, err);
}

/* template's variable_start_string and the like */
static bool has_own_marks(const struct value *args)
{
	static const char *const marks[] = {"variable_start_string", "variable_end_string",
					    "block_start_string",    "block_end_string",
					    "comment_start_string",  "comment_end_string"};
	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (value_get(args, marks[i]))
			return true;
	return false;
}

/* What the template says, and which names it uses; own_marks: other than {{ }}. */
static int check_template_file(struct compiler *c, struct plan_node *node, const struct value *src,
			       bool own_marks, struct err *err)
{
	struct plan_place place = {node->search_dirs, "templates"};
	struct strbuf text CLEANUP(strbuf_wipe) = {0};
	bool secret = false;
	const char *path;
	int r = plan_find_file(&place, src->str, &c->plan->arena, &path, err);
	if (r < 0)
		return err_locate(err, r, src->at);
	if (encrypted_file_is(path) &&
	    (!encrypted_is_eager() || !attrs_selected(c->plan, &node->attrs)))
		return 0;
	/* What such a text says is known when it is rendered: any fact may be in it. */
	if (own_marks) {
		c->step->all_facts = true;
		return 0;
	}
	if ((r = encrypted_file_read(path, TEMPLATE_MAX_BYTES, &text, &secret, err)) < 0)
		return err_locate(err, r, src->at);
	r = template_check_text(c->plan->env, strbuf_slice(&text), path, err);
	r = foreign_tolerate(c, r < 0 && task_is_certain(c, node), r, err);
	if (r < 0)
		return r;
	return names_of_text(c, node, strbuf_slice(&text), path, err);
}

/* k8s' template: a path, a mapping with path, or a list of them. */
static int check_manifest(struct compiler *c, struct plan_node *node, const struct value *one,
			  struct err *err)
{
	const struct value *path = one && one->type == VALUE_DICT ? value_get(one, "path") : one;
	int r = 0;
	if (!one || one->type == VALUE_NULL)
		return 0;
	for (size_t i = 0; r == 0 && one->type == VALUE_LIST && i < one->list.len; i++)
		r = one->list.at[i]->type == VALUE_LIST
			    ? 0
			    : check_manifest(c, node, one->list.at[i], err);
	if (one->type == VALUE_LIST)
		return r;
	if (!path || path->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, one->at,
			      "template is a path, a mapping with path, or a list of them");
	if (template_has_markup(path->str)) {
		c->step->all_facts = true;
		return 0;
	}
	return check_template_file(c, node, path, has_own_marks(one), err);
}

/* The controller's file that a task sends, when its name is known. */
static int check_source(struct compiler *c, struct plan_node *node, struct err *err)
{
	const struct value *src = value_get(node->args, "src");
	const char *subdir = node->module->source_dir, *path;
	if (node->module->kind == MODULE_KIND_MANIFEST)
		return check_manifest(c, node, value_get(node->args, "template"), err);
	if (!subdir || !src || src->type != VALUE_STRING || template_has_markup(src->str) ||
	    is_remote_src(node))
		return 0;
	if (strstr(src->str.ptr, "://"))
		return 0;
	if (node->module->kind == MODULE_KIND_TEMPLATE)
		return check_template_file(c, node, src, has_own_marks(node->args), err);
	struct plan_place place = {node->search_dirs, subdir};
	int r = plan_find_file(&place, src->str, &c->plan->arena, &path, err);
	return r < 0 ? err_locate(err, r, src->at) : check_encrypted(c, node, path, err);
}

static int check_meta(const struct plan_node *node, struct err *err)
{
	const struct value *what = value_get(node->args, "_raw_params");
	char hint[160];
	if (node->module->kind != MODULE_KIND_META || !what || plan_has_markup(what) ||
	    plan_meta_of(node->module, node->args))
		return 0;
	struct slice name = what->type == VALUE_STRING ? slice_trim(what->str) : SLICE_LIT("");
	return err_at(err, ERR_UNSUPPORTED, what->at, "meta has no '%.*s' in rollout%s",
		      SLICE_ARG(name), meta_hint(name, hint, sizeof(hint)));
}

int check_async(const struct plan_node *node, struct err *err)
{
	const struct value *v = node->async_s;
	bool none = !v || v->type == VALUE_NULL || (v->type == VALUE_INT && v->integer == 0) ||
		    (v->type == VALUE_FLOAT && v->real < 1);
	if (none || foreign_is(node->module))
		return 0;
	if (v->type == VALUE_INT && v->integer < 0)
		return err_at(err, ERR_INVALID, v->at, "'async' is a number of seconds");
	/* as Ansible's action plugins */
	unsigned flags = node->module->flags;
	if ((flags & (MODULE_ACTION | MODULE_PREPARE) && !(flags & MODULE_ASYNC)) ||
	    node->module->kind == MODULE_KIND_REBOOT)
		return err_at(err, ERR_UNSUPPORTED, v->at, "async is not supported for %s",
			      node->module->name);
	return 0;
}

int check_task(struct compiler *c, struct plan_node *node, struct err *err)
{
	int r = task_go_on(c, node, check_async(node, err), err);
	if (r == 0)
		r = task_go_on(c, node, check_args(c, node, err), err);
	if (r == 0)
		r = check_templates(c, node, err);
	if (r == 0)
		r = check_conditions(c, node, err);
	if (r == 0)
		r = task_go_on(c, node, check_meta(node, err), err);
	return r < 0 ? r : task_go_on(c, node, check_source(c, node, err), err);
}

/* ---- notify ---- */

static void know_handler(struct plan_step *step, const struct plan_node *h)
{
	struct strmap *names = &step->handler_names;
	for (size_t i = 0; i < h->listen.len; i++)
		strmap_set(names, slice_from(h->listen.at[i]), step);
	if (!h->name)
		return;
	if (plan_has_markup(h->name)) {
		step->handlers_unknown = true;
		return;
	}
	if (h->name->type != VALUE_STRING)
		return;
	strmap_set(names, h->name->str, step);
	if (!h->role)
		return;
	struct strbuf full CLEANUP(strbuf_release) = {0};
	strbuf_printf(&full, "%s : %.*s", h->role->name, SLICE_ARG(h->name->str));
	strmap_set(names, strbuf_slice(&full), step);
}

static int no_handler(const struct plan_step *step, const struct value *notify, struct err *err)
{
	struct nearest near;
	char hint[200];
	nearest_init(&near, notify->str);
	for (size_t i = 0; i < step->handlers.len; i++) {
		const struct plan_node *h = step->handlers.at[i];
		if (h->name && h->name->type == VALUE_STRING)
			nearest_offer(&near, h->name->str);
		for (size_t k = 0; k < h->listen.len; k++)
			nearest_offer(&near, slice_from(h->listen.at[k]));
	}
	return err_at(err, ERR_NOT_FOUND, notify->at, "no handler is named '%.*s'%s",
		      SLICE_ARG(notify->str), nearest_hint(&near, hint, sizeof(hint)));
}

/* As with Ansible, 5 is a handler whose name is 5, and none whose name is "5". */
static int check_scalar(const struct plan_step *step, const struct value *notify, struct err *err)
{
	struct strbuf text CLEANUP(strbuf_release) = {0};
	if (notify->type == VALUE_LIST || notify->type == VALUE_DICT)
		return err_at(err, ERR_INVALID, notify->at, "'notify' names a handler, not a %s",
			      value_type_name(notify));
	for (size_t i = 0; i < step->handlers.len; i++) {
		const struct value *name = step->handlers.at[i]->name;
		if (name && value_equal(name, notify))
			return 0;
	}
	value_print(&text, notify);
	return err_at(err, ERR_NOT_FOUND, notify->at,
		      "no handler has the %s %.*s as its name, without quotes",
		      value_type_name(notify), SLICE_ARG(strbuf_slice(&text)));
}

static int check_one(struct plan_step *step, const struct value *notify, struct err *err)
{
	if (notify->type != VALUE_STRING)
		return check_scalar(step, notify, err);
	if (template_has_markup(notify->str))
		return 0;
	for (; step->handlers_known < step->handlers.len; step->handlers_known++)
		know_handler(step, step->handlers.at[step->handlers_known]);
	if (strmap_has(&step->handler_names, notify->str) || step->handlers_unknown)
		return 0; /* what a template names is known at run time */
	return no_handler(step, notify, err);
}

int check_notify(struct plan *plan, size_t from, struct err *err)
{
	for (size_t n = from; n < plan->nodes.len; n++) {
		const struct plan_node *node = plan->nodes.at[n];
		for (size_t i = 0; i < node->notify.len; i++) {
			int r = check_one(plan->steps.at[node->step->index], node->notify.at[i],
					  err);
			if ((r = plan_go_on(plan, r, err)) < 0)
				return r;
		}
	}
	return 0;
}
