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
	ev->frame = f;
	return f;
}

void frame_set(struct eval *ev, struct frame *f, struct slice name, const struct value *v)
{
	for (uint32_t i = 0; i < f->len; i++) {
		if (slice_eq(f->at[i].name, name)) {
			f->at[i].value = v;
			return;
		}
	}
	if (f->len == f->cap) {
		uint32_t cap = f->cap ? f->cap * 2 : 4;
		struct binding *at = ARENA_ARRAY(ev->arena, struct binding, cap);
		if (f->len)
			memcpy(at, f->at, f->len * sizeof(*at));
		f->at = at;
		f->cap = cap;
	}
	f->at[f->len++] = (struct binding){name, v};
}

const struct value *frame_find(const struct frame *f, struct slice name)
{
	for (; f; f = f->parent)
		for (uint32_t i = 0; i < f->len; i++)
			if (slice_eq(f->at[i].name, name))
				return f->at[i].value;
	return NULL;
}

int eval_resolve(struct eval *ev, struct slice name, uint32_t offset, const struct value **ret,
		 struct err *err)
{
	const struct value *v = frame_find(ev->frame, name);
	if (!v && ev->scope && ev->scope->ops) {
		struct err inner = {0};
		int r = ev->scope->ops->get(ev->scope->self, name, &v, &inner);
		if (r == ERR_UNDEFINED) {
			v = undefined_cause(ev, &inner);
		} else if (r < 0) {
			if (err)
				*err = inner;
			return r;
		}
	}
	if (!v)
		v = global_find(ev, name);
	if (!v && slice_is(name, "self"))
		v = inherit_self(ev);
	*ret = v ? v : undefined_name(ev, name, offset);
	return 0;
}
