/* Lists of tasks: blocks, files of tasks, handlers. */
#include "../internal.h"
#include "rollout/base/file.h"
#include "rollout/base/nearest.h"

#include <stdlib.h>

struct plan_block *block_new(struct plan *plan)
{
	struct plan_block *b = ARENA_NEW(&plan->arena, struct plan_block);
	vec_push(&plan->blocks, b);
	return b;
}

struct plan_node *node_new(struct compiler *c, enum plan_node_kind kind, struct srcloc at,
			   const struct plan_attrs *attrs)
{
	struct plan_node *n = ARENA_NEW(&c->plan->arena, struct plan_node);
	n->kind = kind;
	n->id = ++c->plan->next_id;
	n->at = at;
	n->attrs = attrs_inherit(attrs);
	n->role = c->role;
	n->lineage = c->lineage;
	n->search_dirs = c->search_dirs;
	n->role_defaults = c->role_defaults;
	n->role_vars = c->role_vars;
	n->role_params = c->role_params;
	n->include_params = c->include_params;
	n->role_use = c->role_use;
	n->step = c->step;
	n->selected = true;
	n->is_handler = c->handlers;
	vec_push(&c->plan->nodes, n);
	return n;
}

static int take_vars(struct compiler *c, struct plan_attrs *attrs, const struct value *v,
		     struct err *err)
{
	const struct value *vars = NULL;
	int r = vars_take(c, v, &vars, err);
	if (r == 0 && vars)
		attrs_add_vars(c, attrs, vars);
	return r;
}

static int section(struct compiler *c, struct plan_node *node, const struct value_pair *part_of,
		   bool rescued, struct err *err)
{
	const struct value *key = part_of->key, *v = part_of->value;
	struct plan_block part = {0};
	struct compiler in = *c;
	in.rescued |= rescued;
	if (v->type == VALUE_NULL)
		return err_at(err, ERR_INVALID, key->at, "'%.*s' has no tasks",
			      SLICE_ARG(key->str));
	int r = block_compile(&in, v, &node->attrs, &part, err);
	if (r < 0) {
		vec_release(&part.body);
		return r;
	}
	if (value_is_str(key, "block"))
		memcpy(&node->block->body, &part.body, sizeof(part.body));
	else if (value_is_str(key, "rescue"))
		memcpy(&node->block->rescue, &part.body, sizeof(part.body));
	else
		memcpy(&node->block->always, &part.body, sizeof(part.body));
	return 0;
}

static bool is_section(const struct value *key)
{
	return value_is_str(key, "block") || value_is_str(key, "rescue") ||
	       value_is_str(key, "always");
}

static void offer(void *ctx, struct slice name)
{
	nearest_offer(ctx, name);
}

static int no_keyword(const struct value *key, struct err *err)
{
	static const char *const own[] = {"block", "rescue", "always", "name", "vars", "notify"};
	struct slice name = key->type == VALUE_STRING ? key->str : SLICE_LIT("?");
	struct nearest near;
	char hint[160];
	nearest_init(&near, name);
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		nearest_offer(&near, slice_from(own[i]));
	attrs_offer_names(offer, &near);
	return err_at(err, ERR_INVALID, key->at, "'%.*s' is not a keyword of a block%s",
		      SLICE_ARG(name), nearest_hint(&near, hint, sizeof(hint)));
}

int block_take_keyword(struct compiler *c, struct plan_attrs *attrs, const struct value *key,
		       const struct value *v, struct err *err)
{
	if (value_is_str(key, "vars")) {
		int r = take_vars(c, attrs, v, err);
		return r < 0 ? r : ATTR_TAKEN;
	}
	if (!value_is_str(key, "notify"))
		return attrs_take(c, attrs, key, v, err);
	attrs->notify = v;
	return ATTR_TAKEN;
}

static int nested_block(struct compiler *c, const struct value *dict,
			const struct plan_attrs *outer, struct plan_node **ret, struct err *err)
{
	struct plan_node *node = node_new(c, PLAN_BLOCK, dict->at, outer);
	node->block = block_new(c->plan);
	for (size_t i = 0; i < dict->dict.len; i++) {
		const struct value *key = dict->dict.at[i].key, *v = dict->dict.at[i].value;
		int r = 0;
		if (is_section(key))
			continue;
		if (value_is_str(key, "name"))
			node->name = v;
		else if ((r = block_take_keyword(c, &node->attrs, key, v, err)) == ATTR_NOT_MINE)
			r = no_keyword(key, err);
		if (r < 0 && (r = plan_go_without(c->plan, c->step, r, err)) < 0)
			return r;
	}
	if (++c->depth > PLAN_MAX_BLOCK_DEPTH)
		return err_at(err, ERR_LIMIT, dict->at, "blocks are nested deeper than %u",
			      PLAN_MAX_BLOCK_DEPTH);
	bool rescued = value_get(dict, "rescue") != NULL;
	for (size_t i = 0; i < dict->dict.len; i++) {
		if (!is_section(dict->dict.at[i].key))
			continue;
		int r = section(c, node, &dict->dict.at[i], rescued, err);
		if ((r = plan_go_without(c->plan, c->step, r, err)) < 0)
			return r;
	}
	c->depth--;
	*ret = node;
	return 0;
}

/* A task that could not be read is no task to who looks at all nodes. */
static void empty_node(struct plan *plan, size_t index)
{
	if (index == plan->nodes.len)
		return; /* it came to no node */
	plan->nodes.at[index]->kind = PLAN_BLOCK;
	plan->nodes.at[index]->block = block_new(plan);
}

static int compile_item(struct compiler *c, const struct value *item,
			const struct plan_attrs *attrs, struct plan_node **ret, struct err *err)
{
	if (item->type != VALUE_DICT)
		return err_at(err, ERR_INVALID, item->at, "a task is a mapping, not a %s",
			      value_type_name(item));
	return value_get(item, "block") ? nested_block(c, item, attrs, ret, err)
					: task_compile(c, item, attrs, ret, err);
}

int block_compile(struct compiler *c, const struct value *list, const struct plan_attrs *attrs,
		  struct plan_block *out, struct err *err)
{
	if (list->type == VALUE_NULL)
		return 0;
	if (list->type != VALUE_LIST)
		return err_at(err, ERR_INVALID, list->at,
			      "a list of tasks is expected ('- name: …'), not a %s",
			      value_type_name(list));
	for (size_t i = 0; i < list->list.len; i++) {
		const struct value *item = list->list.at[i];
		struct plan_node *node = NULL;
		struct compiler in = *c;
		size_t first = c->plan->nodes.len;
		int r = compile_item(&in, item, attrs, &node, err);
		if ((r = plan_go_without(c->plan, c->step, r, err)) < 0)
			return r;
		if (node)
			vec_push(&out->body, node);
		else
			empty_node(c->plan, first);
		if (++c->plan->ntasks > PLAN_MAX_TASKS)
			return err_at(err, ERR_LIMIT, item->at, "more than %u tasks",
				      PLAN_MAX_TASKS);
	}
	return 0;
}

static const char *path_folder(struct plan *plan, const char *path)
{
	struct slice dir = path_dirname(path);
	return arena_strndup(&plan->arena, dir.ptr, dir.len);
}

static int compile_file_in(struct compiler *c, const char *path, const struct plan_attrs *attrs,
			   struct plan_block *out, struct err *err)
{
	const struct value *list;
	int r = plan_load_file(c->plan, path, &list, err);
	if (r < 0)
		return r;
	compiler_look_from(c, path_folder(c->plan, path));
	if (++c->depth > PLAN_MAX_INCLUDE_DEPTH)
		return err_set(err, ERR_LIMIT, "%s: task files are nested deeper than %u", path,
			       PLAN_MAX_INCLUDE_DEPTH);
	return block_compile(c, list, attrs, out, err);
}

int block_compile_file(struct compiler *c, const char *path, const struct plan_attrs *attrs,
		       struct plan_block *out, struct err *err)
{
	struct compiler in = *c;
	in.file_dir = path_folder(c->plan, path);
	return compile_file_in(&in, path, attrs, out, err);
}

int block_compile_role_file(struct compiler *c, const char *path, const struct plan_attrs *attrs,
			    struct plan_block *out, struct err *err)
{
	struct compiler in = *c;
	return compile_file_in(&in, path, attrs, out, err);
}

/* ---- handlers ---- */

static bool has_handler_at(const struct plan_step *step, struct srcloc at)
{
	for (size_t i = 0; i < step->handlers.len; i++)
		if (step->handlers.at[i]->at.file == at.file &&
		    step->handlers.at[i]->at.line == at.line)
			return true;
	return false;
}

/* Of a role that is used twice, those of its last use count, with its conditions. */
static void put_handler(struct plan_step *step, struct plan_node *h, size_t known)
{
	for (size_t i = 0; i < known; i++) {
		const struct srcloc at = step->handlers.at[i]->at;
		if (at.file == h->at.file && at.line == h->at.line && at.column == h->at.column) {
			step->handlers.at[i] = h;
			return;
		}
	}
	vec_push(&step->handlers, h);
}

/* What is imported are handlers, each of its own. */
static int add_handler(struct compiler *c, struct plan_node *h, size_t known, struct err *err)
{
	int r = 0;
	if (h->kind == PLAN_BLOCK && !h->name && !h->imported)
		return err_at(err, ERR_INVALID, h->at, "a handler needs a name");
	if (h->kind != PLAN_BLOCK || h->name) {
		put_handler(c->step, h, known);
		return 0;
	}
	for (size_t i = 0; r == 0 && i < h->block->body.len; i++)
		r = add_handler(c, h->block->body.at[i], known, err);
	return r;
}

int handlers_compile(struct compiler *c, const struct value *list, const struct plan_attrs *attrs,
		     struct err *err)
{
	struct compiler in = *c;
	struct plan_block block = {0};
	size_t known = c->step->handlers.len; /* those of this file are each of their own */
	in.handlers = true;
	if (c->included && list->type == VALUE_LIST && list->list.len &&
	    has_handler_at(c->step, list->list.at[0]->at))
		return 0; /* it is only known at run time which use is the last */
	int r = block_compile(&in, list, attrs, &block, err);
	for (size_t i = 0; r == 0 && i < block.body.len; i++) {
		r = add_handler(c, block.body.at[i], known, err);
		r = plan_go_without(c->plan, c->step, r, err);
	}
	vec_release(&block.body);
	return r;
}

int handlers_compile_file(struct compiler *c, const char *path, const struct plan_attrs *attrs,
			  struct err *err)
{
	const struct value *list;
	struct compiler in = *c;
	int r = plan_load_file(c->plan, path, &list, err);
	if (r < 0)
		return r;
	in.file_dir = path_folder(c->plan, path);
	compiler_look_from(&in, in.file_dir);
	return handlers_compile(&in, list, attrs, err);
}
