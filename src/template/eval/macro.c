/* {% macro %} and {% call %}. A macro sees the frame it was defined in. */
#include "eval.h"

struct macro {
	struct eval *ev;
	const struct node *node;
	struct frame *closure;
	struct unit unit;
	const char *directory;
};

/* The last parameters have one. */
static const struct node *default_of(const struct node *macro, uint32_t i)
{
	uint32_t first = macro->items.len - macro->kwargs.len;
	return i < first ? NULL : macro->kwargs.at[i - first]->a;
}

static bool is_param(const struct node *macro, struct slice name)
{
	for (uint32_t i = 0; i < macro->items.len; i++)
		if (slice_eq(macro->items.at[i]->name, name))
			return true;
	return false;
}

static int bind_param(struct eval *ev, const struct node *macro, uint32_t i,
		      const struct template_args *args, struct err *err)
{
	struct slice name = macro->items.at[i]->name;
	const struct value *v = i < args->npositional ? args->positional[i] : NULL;
	for (size_t k = 0; k < args->nkeywords; k++) {
		if (!slice_eq(args->names[k], name))
			continue;
		if (v)
			return err_set(err, ERR_INVALID,
				       "macro '%.*s': the argument '%.*s' is given twice",
				       SLICE_ARG(macro->name), SLICE_ARG(name));
		v = args->keywords[k];
	}
	const struct node *def = v ? NULL : default_of(macro, i);
	if (def) {
		int r = eval(ev, def, &v, err);
		if (r < 0)
			return r;
	}
	frame_set(ev, ev->frame, macro->items.at[i]->symbol,
		  v ? v : undefined_name(ev, name, macro->items.at[i]->offset));
	return 0;
}

/* varargs, kwargs and caller. */
static int bind_rest(struct eval *ev, const struct node *macro, const struct template_args *args,
		     struct err *err)
{
	const struct own_symbols *own = &ev->env->own;
	struct value *varargs = macro->op & MENTIONS_VARARGS ? tuple_new(ev) : NULL;
	struct value *kwargs = macro->op & MENTIONS_KWARGS ? dict_new(ev) : NULL;
	if (args->npositional > macro->items.len && !varargs)
		return err_set(err, ERR_INVALID, "macro '%.*s' takes at most %u arguments, got %zu",
			       SLICE_ARG(macro->name), macro->items.len, args->npositional);
	for (size_t i = macro->items.len; i < args->npositional; i++)
		list_push(ev, varargs, args->positional[i]);
	for (size_t i = 0; i < args->nkeywords; i++) {
		bool caller = slice_is(args->names[i], "caller");
		if (is_param(macro, args->names[i]))
			continue;
		if (caller && (macro->op & MENTIONS_CALLER))
			frame_set(ev, ev->frame, own->caller, args->keywords[i]);
		else if (kwargs)
			value_dict_set(ev->arena, kwargs, str_new(ev, args->names[i]),
				       args->keywords[i]);
		else
			return err_set(err, ERR_INVALID, "macro '%.*s' has no parameter '%.*s'",
				       SLICE_ARG(macro->name), SLICE_ARG(args->names[i]));
	}
	if (varargs)
		frame_set(ev, ev->frame, own->varargs, varargs);
	if (kwargs)
		frame_set(ev, ev->frame, own->kwargs, kwargs);
	return 0;
}

static int run(struct macro *m, const struct template_args *args, const struct value **ret,
	       struct err *err)
{
	struct eval *ev = m->ev;
	int r = 0;
	for (uint32_t i = 0; i < m->node->items.len && r == 0; i++)
		r = bind_param(ev, m->node, i, args, err);
	if (r == 0)
		r = bind_rest(ev, m->node, args, err);
	return r < 0 ? r : exec_captured_here(ev, m->node->c, ret, err);
}

static int macro_call(void *self, struct arena *a, const struct template_args *args,
		      const struct value **ret, struct err *err)
{
	(void)a;
	struct macro *m = self;
	struct eval *ev = m->ev;
	struct frame *frame = ev->frame;
	struct unit unit = ev->unit;
	const char *directory = ev->directory;
	ev->frame = m->closure;
	ev->unit = m->unit;
	ev->directory = m->directory;
	frame_push(ev);
	int r = run(m, args, ret, err);
	ev->frame = frame;
	ev->unit = unit;
	ev->directory = directory;
	return r;
}

static int macro_get(void *self, struct arena *a, const struct value *key, const struct value **ret,
		     struct err *err)
{
	(void)err;
	const struct macro *m = self;
	const struct {
		const char *name;
		unsigned mention;
	} catches[] = {{"catch_varargs", MENTIONS_VARARGS},
		       {"catch_kwargs", MENTIONS_KWARGS},
		       {"caller", MENTIONS_CALLER}};
	*ret = NULL;
	for (size_t i = 0; i < ARRAY_LEN(catches); i++)
		if (value_is_str(key, catches[i].name))
			*ret = value_bool(m->node->op & catches[i].mention);
	if (value_is_str(key, "name"))
		*ret = value_str(a, m->node->name);
	else if (value_is_str(key, "arguments")) {
		struct value *names = tuple_new(m->ev);
		for (uint32_t i = 0; i < m->node->items.len; i++)
			list_push(m->ev, names, value_str(a, m->node->items.at[i]->name));
		*ret = names;
	}
	return 0;
}

static void macro_print(void *self, struct strbuf *out)
{
	const struct macro *m = self;
	strbuf_printf(out, "<Macro '%.*s'>", SLICE_ARG(m->node->name));
}

static const struct value_object_ops macro_ops = {
	.type_name = "Macro", .get = macro_get, .call = macro_call, .print = macro_print};

static const struct value *macro_new(struct eval *ev, const struct node *n)
{
	struct macro *m = ARENA_NEW(ev->arena, struct macro);
	frame_keep(ev->frame);
	*m = (struct macro){ev, n, ev->frame, ev->unit, ev->directory};
	struct value *v = value_object(ev->arena, &macro_ops, m);
	v->flags |= VALUE_FRESH;
	return v;
}

int exec_macro(struct eval *ev, const struct node *n, struct output *out, struct err *err)
{
	(void)out, (void)err;
	frame_set(ev, ev->frame, n->symbol, macro_new(ev, n));
	return 0;
}

/* The call, with caller=<its body as a macro> added. */
int exec_call_block(struct eval *ev, const struct node *n, struct output *out, struct err *err)
{
	const struct value *v;
	struct node call = *n->a, caller = {.kind = NODE_CONST, .value = macro_new(ev, n->b)},
		    kw = {.kind = NODE_KWARG, .offset = n->offset, .a = &caller};
	struct node **kwargs = ARENA_ARRAY(ev->arena, struct node *, n->a->kwargs.len + 1);
	for (uint32_t i = 0; i < n->a->kwargs.len; i++)
		kwargs[i] = n->a->kwargs.at[i];
	kwargs[n->a->kwargs.len] = &kw;
	kw.name = SLICE_LIT("caller");
	call.kwargs = (struct nodes){kwargs, n->a->kwargs.len + 1, n->a->kwargs.len + 1};
	int r = eval(ev, &call, &v, err);
	return r < 0 ? r : output_value(ev, out, v, err);
}
