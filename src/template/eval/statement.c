/* Execution of statements, but for, macro and include. */
#include "eval.h"

#include <assert.h>

/* Nothing is asked of a text but to be appended, and there is room for it. */
static inline bool append_text(struct eval *ev, const struct output *out, struct slice s)
{
	struct strbuf *b = ev->text;
	if (out->keeps_value || out->muted || s.len >= b->cap - b->len ||
	    b->len + s.len > TEXT_MAX_BYTES)
		return false;
	memcpy(b->ptr + b->len, s.ptr, s.len);
	b->len += s.len;
	b->ptr[b->len] = '\0';
	return true;
}

static int exec_output(struct eval *ev, const struct node *n, struct output *out, struct err *err)
{
	const struct value *v;
	if (out->muted)
		return 0;
	int r = eval(ev, n->a, &v, err);
	if (r < 0)
		return r;
	if (v->flags & VALUE_SHOWN)
		v = value_unshown(ev, v);
	if (is_str(v) && !v->flags && append_text(ev, out, v->str))
		return 0;
	if (is_str(v) && !out->keeps_value && (r = eval_use(ev, v, err)) == 0)
		r = output_text(ev, out, v->str, err);
	else if (r == 0)
		r = output_value(ev, out, v, err);
	return r < 0 ? err_locate(err, r, eval_place(ev, n->a->offset)) : 0;
}

int exec_block(struct eval *ev, const struct node *n, struct output *out, struct err *err)
{
	struct node *const *items = n->items.at;
	assert(n->kind == NODE_BLOCK);
	uint32_t len = n->items.len;
	int r = eval_step(ev, len, err);
	for (uint32_t i = 0; i < len && r == 0; i++) {
		const struct node *item = items[i];
		if (item->kind == NODE_DATA) {
			if (!append_text(ev, out, item->name))
				r = output_text(ev, out, item->name, err);
		} else if (item->kind == NODE_OUTPUT) {
			r = exec_output(ev, item, out, err);
		} else {
			r = exec_node(ev, item, out, err);
			if (ev->jump != JUMP_NONE)
				return r;
		}
	}
	return r;
}

static int exec_if(struct eval *ev, const struct node *n, struct output *out, struct err *err)
{
	for (uint32_t i = 0; i + 1 < n->items.len; i += 2) {
		bool is;
		int r = eval_condition(ev, n->items.at[i], &is, err);
		if (r < 0)
			return r;
		if (is)
			return exec_block(ev, n->items.at[i + 1], out, err);
	}
	return n->c ? exec_block(ev, n->c, out, err) : 0;
}

static int assign_tuple(struct eval *ev, const struct node *target, const struct value *v,
			struct err *err)
{
	const struct value_list *list;
	int r = eval_iterate(ev, v, &list, err);
	if (r < 0)
		return r;
	if (list->len != target->items.len)
		return err_set(err, ERR_INVALID, "%zu values for %u names", list->len,
			       target->items.len);
	for (uint32_t i = 0; i < target->items.len && r == 0; i++)
		r = eval_assign(ev, target->items.at[i], list->at[i], err);
	return r;
}

static int assign_member(struct eval *ev, const struct node *target, const struct value *v,
			 struct err *err)
{
	const struct value *ns;
	int r = eval_resolve(ev, target->symbol, target->offset, &ns, err);
	if (r < 0 || (r = eval_use(ev, ns, err)) < 0)
		return r;
	if (!namespace_set(ev, ns, target->value, v))
		return type_error(err, "only a namespace's attributes can be set", ns);
	return 0;
}

int eval_assign(struct eval *ev, const struct node *target, const struct value *v, struct err *err)
{
	int r = 0;
	if (target->kind == NODE_NAME)
		frame_set(ev, ev->frame, target->symbol, v);
	else if (target->kind == NODE_NSREF)
		r = assign_member(ev, target, v, err);
	else
		r = assign_tuple(ev, target, v, err);
	return r < 0 ? err_locate(err, r, eval_place(ev, target->offset)) : 0;
}

static int exec_set(struct eval *ev, const struct node *n, struct output *out, struct err *err)
{
	(void)out;
	const struct value *v;
	int r = eval(ev, n->b, &v, err);
	return r < 0 ? r : eval_assign(ev, n->a, v, err);
}

int exec_captured_here(struct eval *ev, const struct node *body, const struct value **ret,
		       struct err *err)
{
	struct output out = output_begin(ev, true);
	int r = output_take(ev, &out, exec_node(ev, body, &out, err), ret, err);
	if (r == 0 && ev->converts)
		*ret = literal_value(ev, *ret);
	return r;
}

int exec_captured(struct eval *ev, const struct node *body, const struct value **ret,
		  struct err *err)
{
	struct frame *outer = ev->frame;
	frame_push(ev);
	int r = exec_captured_here(ev, body, ret, err);
	ev->frame = outer;
	return r;
}

/* A chain of filters whose innermost input is what was captured. */
static int filter_chain(struct eval *ev, const struct node *n, const struct value *in,
			const struct value **ret, struct err *err)
{
	const struct value *v = in;
	int r = n->a ? filter_chain(ev, n->a, in, &v, err) : 0;
	if (r < 0)
		return r;
	r = eval_filter(ev, n, v, ret, err);
	return r < 0 ? err_locate(err, r, eval_place(ev, n->offset)) : 0;
}

static int exec_set_block(struct eval *ev, const struct node *n, struct output *out,
			  struct err *err)
{
	(void)out;
	const struct value *v;
	int r = exec_captured(ev, n->c, &v, err);
	if (ev->jump != JUMP_NONE)
		return r;
	if (r == 0 && n->b)
		r = filter_chain(ev, n->b, v, &v, err);
	return r < 0 ? r : eval_assign(ev, n->a, v, err);
}

static int exec_filter_block(struct eval *ev, const struct node *n, struct output *out,
			     struct err *err)
{
	const struct value *v;
	int r = exec_captured(ev, n->c, &v, err);
	if (ev->jump != JUMP_NONE)
		return r;
	if (r == 0)
		r = filter_chain(ev, n->a, v, &v, err);
	return r < 0 ? r : output_value(ev, out, v, err);
}

/* All values are computed before the first name is bound. */
static int exec_with(struct eval *ev, const struct node *n, struct output *out, struct err *err)
{
	struct frame *outer = ev->frame;
	const struct value **values =
		ARENA_ARRAY(ev->arena, const struct value *, n->items.len / 2 + 1);
	int r = 0;
	for (uint32_t i = 0; i + 1 < n->items.len && r == 0; i += 2)
		r = eval(ev, n->items.at[i + 1], &values[i / 2], err);
	if (r < 0)
		return r;
	frame_push(ev);
	for (uint32_t i = 0; i + 1 < n->items.len && r == 0; i += 2)
		r = eval_assign(ev, n->items.at[i], values[i / 2], err);
	if (r == 0)
		r = exec_node(ev, n->c, out, err);
	ev->frame = outer;
	return r;
}

static int exec_do(struct eval *ev, const struct node *n, struct output *out, struct err *err)
{
	(void)out;
	const struct value *v;
	int r = eval(ev, n->a, &v, err);
	return r < 0 ? r : eval_use(ev, v, err);
}

static int exec_jump(struct eval *ev, const struct node *n, struct output *out, struct err *err)
{
	(void)out, (void)err;
	ev->jump = n->op;
	return 0;
}

typedef int exec_fn(struct eval *ev, const struct node *n, struct output *out, struct err *err);
static exec_fn *const table[NODE_KINDS] = {
	[NODE_BLOCK] = exec_block,
	[NODE_IF] = exec_if,
	[NODE_FOR] = exec_for,
	[NODE_SET] = exec_set,
	[NODE_SETBLOCK] = exec_set_block,
	[NODE_WITH] = exec_with,
	[NODE_MACRO] = exec_macro,
	[NODE_CALLBLOCK] = exec_call_block,
	[NODE_FILTERBLOCK] = exec_filter_block,
	[NODE_DO] = exec_do,
	[NODE_INCLUDE] = exec_include,
	[NODE_IMPORT] = exec_import,
	[NODE_FROM] = exec_from,
	[NODE_NAMEDBLOCK] = exec_named_block,
	[NODE_EXTENDS] = exec_extends,
	[NODE_JUMP] = exec_jump,
};

int exec_node(struct eval *ev, const struct node *n, struct output *out, struct err *err)
{
	assert(table[n->kind]);
	if (ev->env->depth >= EVAL_MAX_DEPTH)
		return err_at(err, ERR_LIMIT, eval_place(ev, n->offset),
			      "nested too deeply: a macro or include that uses itself?");
	ev->env->depth++;
	int r = eval_step(ev, 1, err);
	if (r == 0)
		r = table[n->kind](ev, n, out, err);
	ev->env->depth--;
	return r < 0 ? err_locate(err, r, eval_place(ev, n->offset)) : 0;
}
