/* The free variables of templates: names that no for, set, macro, with or
 * import inside the text binds; and whether they have to be defined. */
#include "registry.h"
#include "walk.h"

struct scope {
	struct scope *parent;
	struct strmap bound;
};
struct walk {
	template_use_fn *fn;
	void *ctx;
	struct scope *scope;
	struct unit unit;
	struct strmap later; /* names that the text binds, maybe below where they are used */
	unsigned maybe;	     /* > 0: within something that is not always evaluated */
};

static void visit(struct walk *w, const struct node *n);

static bool is_bound(const struct walk *w, struct slice name)
{
	for (const struct scope *s = w->scope; s; s = s->parent)
		if (strmap_has(&s->bound, name))
			return true;
	return false;
}

static void offer(struct walk *w, const struct node *n, struct slice name, bool guarded)
{
	if (is_bound(w, name))
		return;
	w->fn(w->ctx, &(struct template_use){.name = name,
					     .guarded = guarded || strmap_has(&w->later, name),
					     .conditional = w->maybe > 0,
					     .unit = &w->unit,
					     .offset = n->offset});
}

struct srcloc template_use_place(const struct template_use *use)
{
	return unit_place(use->unit, use->offset);
}

static void bind(struct walk *w, struct slice name)
{
	strmap_set(&w->scope->bound, name, w);
}

static void bind_target(struct walk *w, const struct node *target)
{
	if (target->kind == NODE_NAME)
		bind(w, target->name);
	else if (target->kind == NODE_NSREF)
		offer(w, target, target->name, false);
	for (uint32_t i = 0; i < target->items.len; i++)
		bind_target(w, target->items.at[i]);
}

static void visit_all(struct walk *w, const struct nodes *v)
{
	for (uint32_t i = 0; i < v->len; i++)
		visit(w, v->at[i]);
}

static void visit_children(struct walk *w, const struct node *n)
{
	const struct node *const kids[] = {n->a, n->b, n->c, n->d, n->e};
	for (size_t i = 0; i < ARRAY_LEN(kids); i++)
		if (kids[i])
			visit(w, kids[i]);
	visit_all(w, &n->items);
	visit_all(w, &n->kwargs);
}

static void visit_maybe(struct walk *w, const struct node *n)
{
	if (!n)
		return;
	w->maybe++;
	visit(w, n);
	w->maybe--;
}

static void visit_for(struct walk *w, const struct node *n)
{
	struct scope inner = {.parent = w->scope};
	visit(w, n->b);
	w->scope = &inner;
	w->maybe++;
	bind_target(w, n->a);
	if (n->d)
		visit(w, n->d);
	bind(w, SLICE_LIT("loop"));
	visit(w, n->c);
	strmap_release(&inner.bound);
	inner.bound = (struct strmap){0};
	if (n->e)
		visit(w, n->e);
	w->maybe--;
	w->scope = inner.parent;
	strmap_release(&inner.bound);
}

static void visit_macro(struct walk *w, const struct node *n)
{
	static const char *const own[] = {"varargs", "kwargs", "caller"};
	struct scope inner = {.parent = w->scope};
	visit_all(w, &n->kwargs);
	bind(w, n->name);
	w->scope = &inner;
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		bind(w, slice_from(own[i]));
	for (uint32_t i = 0; i < n->items.len; i++)
		bind_target(w, n->items.at[i]);
	visit_maybe(w, n->c);
	w->scope = inner.parent;
	strmap_release(&inner.bound);
}

/* with, set block, filter block, call block: a body in a scope of its own. */
static void visit_body(struct walk *w, const struct node *n)
{
	struct scope inner = {.parent = w->scope};
	for (uint32_t i = 1; n->kind == NODE_WITH && i < n->items.len; i += 2)
		visit(w, n->items.at[i]);
	if (n->kind == NODE_FILTERBLOCK)
		visit(w, n->a);
	if (n->kind == NODE_SETBLOCK && n->b)
		visit(w, n->b);
	w->scope = &inner;
	for (uint32_t i = 0; n->kind == NODE_WITH && i < n->items.len; i += 2)
		bind_target(w, n->items.at[i]);
	visit(w, n->c);
	w->scope = inner.parent;
	strmap_release(&inner.bound);
	if (n->kind == NODE_SETBLOCK)
		bind_target(w, n->a);
}

/* lookup('vars', 'x') mentions x. */
static void visit_call(struct walk *w, const struct node *n)
{
	const struct nodes *args = &n->items;
	visit_children(w, n);
	if (n->a->kind != NODE_NAME || args->len < 2 || args->at[0]->kind != NODE_CONST ||
	    !value_is_str(args->at[0]->value, "vars"))
		return;
	for (uint32_t i = 1; i < args->len; i++)
		if (args->at[i]->kind == NODE_CONST && args->at[i]->value->type == VALUE_STRING)
			offer(w, args->at[i], args->at[i]->value->str, n->kwargs.len > 0);
}

/* x, x.y, x[…] in front of what takes what is not defined. */
static void visit_guarded(struct walk *w, const struct node *n)
{
	if (n->kind == NODE_NAME) {
		offer(w, n, n->name, true);
		return;
	}
	if (n->kind != NODE_GETATTR && n->kind != NODE_GETITEM) {
		visit(w, n);
		return;
	}
	visit_guarded(w, n->a);
	if (n->b)
		visit(w, n->b);
}

/* default(x) of what is defined does not ask for x. */
static void visit_call_of(struct walk *w, const struct node *n)
{
	bool guards = n->function && n->function->flags & FN_UNDEFINED;
	if (n->a && guards)
		visit_guarded(w, n->a);
	else if (n->a)
		visit(w, n->a);
	w->maybe += guards;
	visit_all(w, &n->items);
	visit_all(w, &n->kwargs);
	w->maybe -= guards;
	if (n->b)
		visit(w, n->b);
	if (n->c)
		visit(w, n->c);
}

/* 'x' in vars asks whether x is there. */
static void visit_compare(struct walk *w, const struct node *n)
{
	const struct node *right = n->items.len == 1 ? n->items.at[0]->a : NULL;
	bool asks = right && right->kind == NODE_NAME && slice_is(right->name, "vars");
	if (asks && n->a->kind == NODE_CONST && n->a->value->type == VALUE_STRING)
		offer(w, n->a, n->a->value->str, true);
	visit_children(w, n);
}

static void visit_if(struct walk *w, const struct node *n)
{
	for (uint32_t i = 0; i < n->items.len; i++) {
		if (i == 0)
			visit(w, n->items.at[i]);
		else
			visit_maybe(w, n->items.at[i]);
	}
	visit_maybe(w, n->c);
}

static void visit(struct walk *w, const struct node *n)
{
	switch (n->kind) {
	case NODE_NAME:
		offer(w, n, n->name, false);
		break;
	case NODE_FILTER:
	case NODE_TEST:
		visit_call_of(w, n);
		break;
	case NODE_COMPARE:
		visit_compare(w, n);
		break;
	case NODE_AND:
	case NODE_OR:
		visit(w, n->a);
		visit_maybe(w, n->b);
		break;
	case NODE_COND:
		visit(w, n->a);
		visit_maybe(w, n->b);
		visit_maybe(w, n->c);
		break;
	case NODE_IF:
		visit_if(w, n);
		break;
	case NODE_FOR:
		visit_for(w, n);
		break;
	case NODE_MACRO:
		visit_macro(w, n);
		break;
	case NODE_SET:
		visit(w, n->b);
		bind_target(w, n->a);
		break;
	case NODE_WITH:
	case NODE_SETBLOCK:
	case NODE_FILTERBLOCK:
		visit_body(w, n);
		break;
	case NODE_CALL:
		visit_call(w, n);
		break;
	case NODE_IMPORT:
		visit(w, n->a);
		bind(w, n->name);
		break;
	case NODE_FROM:
		visit(w, n->a);
		for (uint32_t i = 0; i < n->kwargs.len; i++)
			bind(w, n->kwargs.at[i]->a->name);
		break;
	default:
		visit_children(w, n);
	}
}

static int bind_later(void *ctx, const struct node *n)
{
	struct strmap *later = ctx;
	if (n->kind == NODE_MACRO)
		strmap_set(later, n->name, later);
	if (n->kind != NODE_SET && n->kind != NODE_SETBLOCK)
		return 0;
	if (n->a->kind == NODE_NAME)
		strmap_set(later, n->a->name, later);
	for (uint32_t i = 0; i < n->a->items.len; i++)
		if (n->a->items.at[i]->kind == NODE_NAME)
			strmap_set(later, n->a->items.at[i]->name, later);
	return 0;
}

static int has_body(void *ctx, const struct node *n)
{
	(void)ctx;
	return n->kind == NODE_MACRO || n->kind == NODE_NAMEDBLOCK || n->kind == NODE_IF ||
	       n->kind == NODE_FOR;
}

static void visit_program(const struct program *prog, struct srcloc base, bool is_file,
			  struct walk *w)
{
	struct scope top = {0};
	w->unit = (struct unit){prog, base, is_file};
	/* What is set in there may count elsewhere. */
	if (prog->root->kind == NODE_BLOCK && walk_nodes(prog->root, has_body, NULL))
		walk_nodes(prog->root, bind_later, &w->later);
	w->scope = &top;
	visit(w, prog->root);
	strmap_release(&top.bound);
	strmap_release(&w->later);
	w->later = (struct strmap){0};
}

static void names_of(struct template_env *env, struct slice text, bool is_expr, struct srcloc at,
		     struct walk *w)
{
	const struct program *prog;
	if (program_get(env, text, is_expr ? &syntax_expression : &syntax_string, at, &prog,
			NULL) == 0)
		visit_program(prog, at, false, w);
}

static void each_string(struct template_env *env, const struct value *v, bool is_expr,
			unsigned depth, struct walk *w)
{
	if ((v->flags & VALUE_UNSAFE) || depth > YAML_DEPTH)
		return;
	if (v->type == VALUE_STRING) {
		bool markup = template_has_markup(v->str);
		if (is_expr || markup)
			names_of(env, v->str, is_expr && !markup, v->at, w);
		return;
	}
	for (size_t i = 0; v->type == VALUE_LIST && i < v->list.len; i++)
		each_string(env, v->list.at[i], is_expr, depth + 1, w);
	for (size_t i = 0; v->type == VALUE_DICT && i < v->dict.len; i++) {
		each_string(env, v->dict.at[i].key, is_expr, depth + 1, w);
		each_string(env, v->dict.at[i].value, is_expr, depth + 1, w);
	}
}

void template_each_name(struct template_env *env, const struct value *v, bool is_expr,
			template_use_fn *fn, void *ctx)
{
	struct walk w = {.fn = fn, .ctx = ctx};
	each_string(env, v, is_expr, 0, &w);
}

void template_each_name_of_text(struct template_env *env, struct slice text, const char *file,
				template_use_fn *fn, void *ctx)
{
	struct walk w = {.fn = fn, .ctx = ctx};
	const struct program *prog;
	struct source src;
	if (source_init(text, file, NULL, &src, NULL) == 0 &&
	    program_get(env, src.text, &src.syntax, src.base, &prog, NULL) == 0)
		visit_program(prog, src.base, true, &w);
}
