/* {% for %} and the loop variable. */
#include "eval.h"

struct loop {
	struct eval *ev;
	const struct node *node;
	const struct value_list *items;
	size_t index;
	int64_t depth;		     /* of recursion, from 0 */
	const struct value *changed; /* the arguments of the last loop.changed() */
	struct frame *outer;
	struct unit unit;
};

static int run(struct loop *loop, struct output *out, struct err *err);

static int changed(void *self, struct arena *a, const struct template_args *args,
		   const struct value **ret, struct err *err)
{
	(void)a;
	struct loop *loop = self;
	struct value *now = list_new(loop->ev);
	bool same = false;
	for (size_t i = 0; i < args->npositional; i++)
		list_push(loop->ev, now, args->positional[i]);
	int r = loop->changed ? eval_equal(loop->ev, loop->changed, now, &same, err) : 0;
	if (r < 0)
		return r;
	loop->changed = now;
	*ret = value_bool(!same);
	return 0;
}

static int cycle(void *self, struct arena *a, const struct template_args *args,
		 const struct value **ret, struct err *err)
{
	(void)a;
	const struct loop *loop = self;
	if (args->npositional == 0)
		return err_set(err, ERR_INVALID, "loop.cycle needs at least one argument");
	*ret = args->positional[loop->index % args->npositional];
	return 0;
}

static const struct value_object_ops changed_ops = {.type_name = "loop.changed", .call = changed};
static const struct value_object_ops cycle_ops = {.type_name = "loop.cycle", .call = cycle};

static const struct value *own_object(struct loop *loop, const struct value_object_ops *ops)
{
	struct value *v = value_object(loop->ev->arena, ops, loop);
	v->flags |= VALUE_FRESH;
	return v;
}

static const struct value *neighbour(struct loop *loop, bool next)
{
	if (next ? loop->index + 1 < loop->items->len : loop->index > 0)
		return loop->items->at[next ? loop->index + 1 : loop->index - 1];
	return undefined_hint(loop->ev,
			      next ? "there is no next item" : "there is no previous item");
}

#define IS(name, literal) slice_eq(name, SLICE_LIT(literal))
static int loop_get(void *self, struct arena *a, const struct value *key, const struct value **ret,
		    struct err *err)
{
	(void)err;
	struct loop *loop = self;
	int64_t i = (int64_t)loop->index, n = (int64_t)loop->items->len;
	struct slice name = is_str(key) ? key->str : (struct slice){0};
	*ret = NULL;
	if (IS(name, "index"))
		*ret = value_int(a, i + 1);
	else if (IS(name, "first"))
		*ret = value_bool(i == 0);
	else if (IS(name, "last"))
		*ret = value_bool(i + 1 == n);
	else if (IS(name, "index0"))
		*ret = value_int(a, i);
	else if (IS(name, "length"))
		*ret = value_int(a, n);
	else if (IS(name, "revindex"))
		*ret = value_int(a, n - i);
	else if (IS(name, "revindex0"))
		*ret = value_int(a, n - i - 1);
	else if (IS(name, "depth"))
		*ret = value_int(a, loop->depth + 1);
	else if (IS(name, "depth0"))
		*ret = value_int(a, loop->depth);
	else if (IS(name, "previtem"))
		*ret = neighbour(loop, false);
	else if (IS(name, "nextitem"))
		*ret = neighbour(loop, true);
	else if (IS(name, "changed"))
		*ret = own_object(loop, &changed_ops);
	else if (IS(name, "cycle"))
		*ret = own_object(loop, &cycle_ops);
	return 0;
}

/* loop(children) in a recursive loop: the loop again, over these. */
static int loop_call(void *self, struct arena *a, const struct template_args *args,
		     const struct value **ret, struct err *err)
{
	(void)a;
	struct loop *outer = self, inner = *outer;
	struct eval *ev = outer->ev;
	if (!outer->node->op)
		return err_set(err, ERR_INVALID, "loop() needs {%% for … recursive %%}");
	if (args->npositional != 1)
		return err_set(err, ERR_INVALID, "loop() takes what to iterate over");
	struct output out;
	struct frame *frame = ev->frame;
	struct unit unit = ev->unit;
	int r = eval_iterate(ev, args->positional[0], &inner.items, err);
	if (r < 0)
		return r;
	inner.index = 0;
	inner.depth++;
	inner.changed = NULL;
	ev->frame = outer->outer;
	ev->unit = outer->unit;
	out = output_begin(ev, false);
	r = run(arena_copy(ev->arena, &inner, sizeof(inner)), &out, err);
	ev->frame = frame;
	ev->unit = unit;
	return output_take(ev, &out, r, ret, err);
}

static void loop_print(void *self, struct strbuf *out)
{
	const struct loop *loop = self;
	strbuf_printf(out, "<LoopContext %zu/%zu>", loop->index + 1, loop->items->len);
}

static const struct value_object_ops loop_ops = {
	.type_name = "loop", .get = loop_get, .call = loop_call, .print = loop_print};

/* The last item's, emptied, unless something still sees it. */
static struct frame *next_frame(struct eval *ev, struct frame *last)
{
	if (!last || last->is_kept)
		return frame_push(ev);
	last->len = 0;
	ev->frame = last;
	return last;
}

/* "if" of the loop: the items for which it holds. */
static int filter_items(struct loop *loop, struct err *err)
{
	struct eval *ev = loop->ev;
	struct frame *outer = ev->frame;
	struct value *kept = list_new(ev);
	struct frame *f = NULL;
	int r = 0;
	for (size_t i = 0; i < loop->items->len && r == 0; i++) {
		bool is = false;
		f = next_frame(ev, f);
		r = eval_assign(ev, loop->node->a, loop->items->at[i], err);
		if (r == 0)
			r = eval_condition(ev, loop->node->d, &is, err);
		if (is)
			list_push(ev, kept, loop->items->at[i]);
		ev->frame = outer;
	}
	loop->items = &kept->list;
	return r;
}

static int run(struct loop *loop, struct output *out, struct err *err)
{
	struct eval *ev = loop->ev;
	struct frame *outer = ev->frame;
	int r = loop->node->d ? filter_items(loop, err) : 0;
	const struct value *self = own_object(loop, &loop_ops);
	struct frame *f = NULL;
	bool whole = false; /* some body ran to its end; Jinja2's else asks for that */
	for (loop->index = 0; loop->index < loop->items->len && r == 0; loop->index++) {
		f = next_frame(ev, f);
		frame_set(ev, f, ev->env->own.loop, self);
		r = eval_assign(ev, loop->node->a, loop->items->at[loop->index], err);
		if (r == 0)
			r = exec_block(ev, loop->node->c, out, err);
		ev->frame = outer;
		enum jump_kind jump = ev->jump;
		ev->jump = JUMP_NONE;
		whole |= jump == JUMP_NONE;
		if (jump == JUMP_BREAK)
			break;
	}
	if (r == 0 && !whole && loop->node->e) {
		frame_push(ev);
		r = exec_node(ev, loop->node->e, out, err);
		ev->frame = outer;
	}
	return r;
}

int exec_for(struct eval *ev, const struct node *n, struct output *out, struct err *err)
{
	struct loop *loop = ARENA_NEW(ev->arena, struct loop);
	const struct value *v;
	loop->ev = ev;
	loop->node = n;
	loop->outer = ev->frame;
	loop->unit = ev->unit;
	if (n->op)
		frame_keep(ev->frame);
	int r = eval(ev, n->b, &v, err);
	if (r < 0)
		return r;
	/* A snapshot: the body may append to the list. */
	if (is_list(v) && (v->flags & VALUE_FRESH)) {
		struct value *copy = arena_copy(ev->arena, v, sizeof(*v));
		v = copy;
	}
	if ((r = eval_iterate(ev, v, &loop->items, err)) < 0)
		return err_locate(err, r, eval_place(ev, n->b->offset));
	return run(loop, out, err);
}
