/* What can be known to be wrong with a task before any host is contacted. */
#include "internal.h"
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

#define CHECK_CONDITIONS(vec)                                                                      \
	for (size_t i_ = 0; i_ < (vec).len; i_++) {                                                \
		int r_ = check_expression(c, (vec).at[i_], err);                                   \
		if (r_ < 0)                                                                        \
			return r_;                                                                 \
	}

static int check_conditions(struct compiler *c, const struct plan_node *node, struct err *err)
{
	CHECK_CONDITIONS(node->attrs.when);
	CHECK_CONDITIONS(node->changed_when);
	CHECK_CONDITIONS(node->failed_when);
	CHECK_CONDITIONS(node->until);
	return 0;
}

static int check_templates(struct compiler *c, const struct plan_node *node, struct err *err)
{
	const struct value *const all[] = {node->name,
					   node->vars,
					   node->loop.items,
					   node->loop.label,
					   node->loop.pause,
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
					   node->attrs.ignore_unreachable,
					   node->attrs.remote_user,
					   node->attrs.connection,
					   node->attrs.port,
					   node->async_s,
					   node->poll};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		int r = all[i] ? template_check(c->plan->env, all[i], err) : 0;
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < node->attrs.environment.len; i++) {
		int r = template_check(c->plan->env, node->attrs.environment.at[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* debug's var and assert's that are expressions, not templates. */
static int check_args(struct compiler *c, const struct plan_node *node, struct err *err)
{
	const char *expression = strcmp(node->module->name, "debug") == 0    ? "var"
				 : strcmp(node->module->name, "assert") == 0 ? "that"
									     : NULL;
	for (size_t i = 0; i < node->args->dict.len; i++) {
		const struct value *key = node->args->dict.at[i].key,
				   *v = node->args->dict.at[i].value;
		int r = 0;
		if (expression && value_is_str(key, expression)) {
			if (v->type == VALUE_LIST)
				for (size_t k = 0; k < v->list.len && r == 0; k++)
					r = check_expression(c, v->list.at[k], err);
			else
				r = check_expression(c, v, err);
		} else {
			r = template_check(c->plan->env, v, err);
		}
		if (r < 0)
			return r;
	}
	return module_check_args(node->module, node->args, true, err);
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
static bool has_own_marks(const struct plan_node *node)
{
	static const char *const marks[] = {"variable_start_string", "variable_end_string",
					    "block_start_string",    "block_end_string",
					    "comment_start_string",  "comment_end_string"};
	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (value_get(node->args, marks[i]))
			return true;
	return false;
}

/* The controller's file that a task sends, when its name is known. */
static int check_source(struct compiler *c, struct plan_node *node, struct err *err)
{
	static const struct {
		const char *module, *subdir;
	} sources[] = {{"template", "templates"},
		       {"copy", "files"},
		       {"unarchive", "files"},
		       {"script", "files"}};
	const struct value *src = value_get(node->args, "src");
	const char *subdir = NULL, *path;
	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		if (strcmp(node->module->name, sources[i].module) == 0)
			subdir = sources[i].subdir;
	if (!subdir || !src || src->type != VALUE_STRING || template_has_markup(src->str) ||
	    is_remote_src(node))
		return 0;
	if (strstr(src->str.ptr, "://"))
		return 0;
	struct plan_place place = {c->step, node->role, subdir};
	int r = plan_find_file(c->plan, &place, src->str, &c->plan->arena, &path, err);
	if (r < 0)
		return err_locate(err, r, src->at);
	if (strcmp(node->module->name, "template") != 0)
		return check_encrypted(c, node, path, err);
	struct strbuf text CLEANUP(strbuf_wipe) = {0};
	bool secret = false;
	if (encrypted_file_is(path) &&
	    (!encrypted_is_eager() || !attrs_selected(c->plan, &node->attrs)))
		return 0;
	/* What such a text says is known when it is rendered: any fact may be in it. */
	if (has_own_marks(node)) {
		c->step->all_facts = true;
		return 0;
	}
	if ((r = encrypted_file_read(path, TEMPLATE_MAX_BYTES, &text, &secret, err)) < 0)
		return err_locate(err, r, src->at);
	if ((r = template_check_text(c->plan->env, strbuf_slice(&text), path, err)) < 0)
		return r;
	return names_of_text(c, node, strbuf_slice(&text), path, err);
}

static int check_meta(const struct plan_node *node, struct err *err)
{
	static const char *const known[] = {"flush_handlers",	"end_host",    "end_play",
					    "end_batch",	"clear_facts", "clear_host_errors",
					    "reset_connection", "noop",	       "refresh_inventory"};
	const struct value *what = value_get(node->args, "_raw_params");
	struct nearest near;
	char hint[160];
	if (strcmp(node->module->name, "meta") != 0 || !what || plan_has_markup(what))
		return 0;
	struct slice name = what->type == VALUE_STRING ? slice_trim(what->str) : SLICE_LIT("");
	nearest_init(&near, name);
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (slice_is(name, known[i]))
			return 0;
		nearest_offer(&near, slice_from(known[i]));
	}
	return err_at(err, ERR_UNSUPPORTED, what->at, "meta has no '%.*s' in rollout%s",
		      SLICE_ARG(name), nearest_hint(&near, hint, sizeof(hint)));
}

static int check_async(const struct plan_node *node, struct err *err)
{
	const struct value *v = node->async_s;
	bool none = !v || v->type == VALUE_NULL || (v->type == VALUE_INT && v->integer == 0);
	if (none)
		return 0;
	if (v->type != VALUE_STRING && (v->type != VALUE_INT || v->integer < 0))
		return err_at(err, ERR_INVALID, v->at, "'async' is a number of seconds");
	if (node->module->flags & (MODULE_ACTION | MODULE_PREPARE) ||
	    strcmp(node->module->name, "reboot") == 0)
		return err_at(err, ERR_UNSUPPORTED, v->at, "async is not supported for %s",
			      node->module->name);
	return 0;
}

int check_task(struct compiler *c, struct plan_node *node, struct err *err)
{
	int r = check_async(node, err);
	if (r < 0)
		return r;
	if ((r = check_args(c, node, err)) < 0 || (r = check_templates(c, node, err)) < 0 ||
	    (r = check_conditions(c, node, err)) < 0)
		return r;
	if ((r = check_meta(node, err)) < 0)
		return r;
	return check_source(c, node, err);
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
		step->handlers_templated = true;
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

static int check_one(struct plan_step *step, const struct value *notify, struct err *err)
{
	if (notify->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, notify->at, "'notify' names a handler, not a %s",
			      value_type_name(notify));
	if (template_has_markup(notify->str))
		return 0;
	for (; step->handlers_known < step->handlers.len; step->handlers_known++)
		know_handler(step, step->handlers.at[step->handlers_known]);
	if (strmap_has(&step->handler_names, notify->str) || step->handlers_templated)
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
			if (r < 0)
				return r;
		}
	}
	return 0;
}
