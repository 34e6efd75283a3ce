/* Names bound within a template: loops, set, macros. Then the scope, then globals. */
#include "eval.h"

struct srcloc eval_place(const struct eval *ev, uint32_t offset)
{
	return unit_place(&ev->unit, offset);
}

struct frame *frame_push(struct eval *ev)
{
	struct frame *f = ARENA_NEW(ev->arena, struct frame);
	f->parent = ev->frame;
	f->at = f->first;
	f->cap = ARRAY_LEN(f->first);
	ev->frame = f;
	return f;
}

void frame_keep(struct frame *f)
{
	for (; f && !f->is_kept; f = f->parent)
		f->is_kept = true;
}

void frame_set(struct eval *ev, struct frame *f, struct symbol *name, const struct value *v)
{
	for (uint32_t i = 0; i < f->len; i++) {
		if (f->at[i].symbol == name) {
			f->at[i].value = v;
			return;
		}
	}
	if (f->len == f->cap) {
		struct binding *at = ARENA_ARRAY(ev->arena, struct binding, f->cap * 2);
		memcpy(at, f->at, f->len * sizeof(*at));
		f->at = at;
		f->cap *= 2;
	}
	name->is_bound = true;
	f->at[f->len++] = (struct binding){name, v};
}

/* *ret is NULL when the scope has none. */
static int ask_scope(struct eval *ev, struct slice name, const struct value **ret, struct err *err)
{
	struct err inner;
	*ret = NULL;
	if (!ev->scope || !ev->scope->ops)
		return 0;
	if (ev->env->depth >= EVAL_MAX_DEPTH)
		return err_set(err, ERR_LIMIT,
			       "nested too deeply: a macro or variable that uses itself?");
	inner.code = ERR_OK; /* not all of the message: that is most of the time */
	inner.sys = 0;
	inner.at = (struct srcloc){0};
	inner.msg[0] = 0;
	ev->env->depth++;
	int r = ev->scope->ops->get(ev->scope->self, name, ret, &inner);
	ev->env->depth--;
	if (r == ERR_UNDEFINED) {
		*ret = undefined_cause(ev, &inner);
		return 0;
	}
	if (r < 0 && err)
		*err = inner;
	return r;
}

/* What does not change during the evaluation: *ret NULL when there is none. */
static int find_outside(struct eval *ev, struct slice name, const struct value **ret,
			struct err *err)
{
	int r = ask_scope(ev, name, ret, err);
	if (r == 0 && !*ret)
		*ret = global_find(ev, name);
	return r;
}

static int self_or_undefined(struct eval *ev, struct slice name, uint32_t offset,
			     const struct value **ret)
{
	const struct value *v = slice_is(name, "self") ? inherit_self(ev) : NULL;
	*ret = v ? v : undefined_name(ev, name, offset);
	return 0;
}

int resolve_outside(struct eval *ev, struct symbol *name, uint32_t offset, const struct value **ret,
		    struct err *err)
{
	int r = find_outside(ev, name->name, ret, err);
	if (r < 0)
		return r;
	if (!*ret)
		return self_or_undefined(ev, name->name, offset, ret);
	name->generation = ev->generation;
	name->value = *ret;
	return 0;
}

int eval_resolve_text(struct eval *ev, struct slice name, uint32_t offset, const struct value **ret,
		      struct err *err)
{
	struct symbol *symbol = symbol_find(ev->env, name);
	if (symbol)
		return eval_resolve(ev, symbol, offset, ret, err);
	int r = find_outside(ev, name, ret, err);
	return r < 0 || *ret ? r : self_or_undefined(ev, name, offset, ret);
}
