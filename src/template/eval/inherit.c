/*
 * {% extends %}, {% block %}, super() and self. A template that is executed
 * registers its blocks; each ancestor's are registered behind them, so the
 * first of a name is the one that counts, and super() is the next.
 */
#include "eval.h"

#define MAX_ANCESTORS 50u

struct block {
	const struct node *node;
	struct unit unit;
	const char *directory;
	const struct syntax *syntax;
};

struct inherit {
	struct block *at;
	size_t len, cap;
	struct frame *top; /* what blocks see that are not scoped */
	struct source *parent;
	unsigned ancestors;
};

/* A block and its place in the chain of those of the same name. */
struct reference {
	struct eval *ev;
	struct inherit *inherit;
	const struct block *block;
};

static void register_blocks(struct eval *ev, struct inherit *in)
{
	const struct nodes *blocks = &ev->unit.program->blocks;
	if (in->len + blocks->len > in->cap) {
		size_t cap = (in->len + blocks->len) * 2;
		struct block *at = ARENA_ARRAY(ev->arena, struct block, cap);
		if (in->len)
			memcpy(at, in->at, in->len * sizeof(*at));
		in->at = at;
		in->cap = cap;
	}
	for (uint32_t i = 0; i < blocks->len; i++)
		in->at[in->len++] =
			(struct block){blocks->at[i], ev->unit, ev->directory, ev->syntax};
}

static const struct block *find(const struct inherit *in, struct slice name,
				const struct block *after)
{
	for (size_t i = after ? (size_t)(after - in->at) + 1 : 0; i < in->len; i++)
		if (slice_eq(in->at[i].node->name, name))
			return &in->at[i];
	return NULL;
}

static const struct value *reference_new(struct eval *ev, struct inherit *in,
					 const struct block *b);

/* In the frame that ev->frame is. */
static int run_block(struct eval *ev, struct inherit *in, const struct block *b, struct output *out,
		     struct err *err)
{
	struct frame *outer = ev->frame;
	struct unit unit = ev->unit;
	const char *directory = ev->directory;
	const struct syntax *syntax = ev->syntax;
	const struct block *next = find(in, b->node->name, b);
	struct frame *f = frame_push(ev);
	frame_set(ev, f, ev->env->own.super,
		  next ? reference_new(ev, in, next)
		       : undefined_hint(ev, "there is no parent block for super()"));
	ev->unit = b->unit;
	ev->directory = b->directory;
	ev->syntax = b->syntax;
	int r = exec_node(ev, b->node->c, out, err);
	ev->frame = outer;
	ev->unit = unit;
	ev->directory = directory;
	ev->syntax = syntax;
	return r;
}

static int reference_call(void *self, struct arena *a, const struct template_args *args,
			  const struct value **ret, struct err *err)
{
	(void)a;
	const struct reference *ref = self;
	struct eval *ev = ref->ev;
	if (args->npositional || args->nkeywords)
		return err_set(err, ERR_INVALID, "a block takes no arguments");
	struct frame *outer = ev->frame;
	struct output out = output_begin(ev, false);
	ev->frame = ref->inherit->top;
	int r = run_block(ev, ref->inherit, ref->block, &out, err);
	ev->frame = outer;
	return output_take(ev, &out, r, ret, err);
}

/* super.super */
static int reference_get(void *self, struct arena *a, const struct value *key,
			 const struct value **ret, struct err *err)
{
	(void)a, (void)err;
	const struct reference *ref = self;
	const struct block *next = find(ref->inherit, ref->block->node->name, ref->block);
	*ret = value_is_str(key, "super") && next ? reference_new(ref->ev, ref->inherit, next)
						  : NULL;
	return 0;
}

static const struct value_object_ops reference_ops = {
	.type_name = "BlockReference", .get = reference_get, .call = reference_call};

static const struct value *reference_new(struct eval *ev, struct inherit *in, const struct block *b)
{
	struct reference *ref = ARENA_NEW(ev->arena, struct reference);
	*ref = (struct reference){ev, in, b};
	struct value *v = value_object(ev->arena, &reference_ops, ref);
	v->flags |= VALUE_FRESH;
	return v;
}

/* self.name */
static int self_get(void *self, struct arena *a, const struct value *key, const struct value **ret,
		    struct err *err)
{
	(void)a, (void)err;
	const struct reference *ref = self;
	const struct block *b = is_str(key) ? find(ref->inherit, key->str, NULL) : NULL;
	*ret = b ? reference_new(ref->ev, ref->inherit, b) : NULL;
	return 0;
}

static const struct value_object_ops self_ops = {.type_name = "TemplateReference", .get = self_get};

const struct value *inherit_self(struct eval *ev)
{
	if (!ev->inherit)
		return NULL;
	struct reference *ref = ARENA_NEW(ev->arena, struct reference);
	*ref = (struct reference){ev, ev->inherit, NULL};
	struct value *v = value_object(ev->arena, &self_ops, ref);
	v->flags |= VALUE_FRESH;
	return v;
}

int exec_named_block(struct eval *ev, const struct node *n, struct output *out, struct err *err)
{
	struct inherit *in = ev->inherit;
	if (out->muted)
		return 0;
	const struct block *b = find(in, n->name, NULL);
	if ((n->op & BLOCK_REQUIRED) && b->node == n)
		return err_set(err, ERR_INVALID, "the block '%.*s' is required and not there",
			       SLICE_ARG(n->name));
	struct frame *outer = ev->frame;
	if (!(n->op & BLOCK_SCOPED))
		ev->frame = in->top;
	int r = run_block(ev, in, b, out, err);
	ev->frame = outer;
	return r;
}

/* From here on the template only defines: its parent writes. */
int exec_extends(struct eval *ev, const struct node *n, struct output *out, struct err *err)
{
	const struct value *names;
	struct inherit *in = ev->inherit;
	int r = eval(ev, n->a, &names, err);
	if (r < 0)
		return r;
	if (in->parent)
		return err_set(err, ERR_INVALID, "the template extends two others");
	if (++in->ancestors > MAX_ANCESTORS)
		return err_set(err, ERR_LIMIT, "more than %u ancestors: does it extend itself?",
			       MAX_ANCESTORS);
	struct source *parent = ARENA_NEW(ev->arena, struct source);
	if ((r = source_load(ev, names, parent, err)) < 0)
		return r;
	in->parent = parent;
	out->muted = true;
	return 0;
}

static int run_root(struct eval *ev, struct output *out, struct err *err)
{
	struct inherit *in = ev->inherit;
	register_blocks(ev, in);
	int r = exec_node(ev, ev->unit.program->root, out, err);
	while (r == 0 && in->parent) {
		const struct source *src = in->parent;
		const struct program *prog;
		in->parent = NULL;
		out->muted = false;
		if ((r = program_get(ev->env, src->text, &src->syntax, src->base, &prog, err)) < 0)
			break;
		source_enter(ev, src, prog);
		register_blocks(ev, in);
		r = exec_node(ev, prog->root, out, err);
	}
	return r;
}

int exec_root(struct eval *ev, struct output *out, struct err *err)
{
	struct inherit in = {.top = ev->frame}, *outer = ev->inherit;
	const struct unit unit = ev->unit;
	const struct syntax *syntax = ev->syntax;
	const char *directory = ev->directory;
	const struct program *prog = unit.program;
	bool muted = out->muted;
	if (prog->blocks.len == 0 && !prog->extends)
		return exec_node(ev, prog->root, out, err);
	/* Macros and modules may outlive this call. */
	frame_keep(in.top);
	ev->inherit = arena_copy(ev->arena, &in, sizeof(in));
	int r = run_root(ev, out, err);
	ev->inherit = outer;
	ev->unit = unit;
	ev->syntax = syntax;
	ev->directory = directory;
	out->muted = muted;
	return r;
}
