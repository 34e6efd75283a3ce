/* Calls: arguments bound to parameters, filters, tests, methods, objects. */
#include "eval.h"

static int add_star(struct eval *ev, const struct node *star, struct template_args *args,
		    struct err *err)
{
	const struct value *v;
	const struct value_list *more;
	size_t n = args->npositional;
	int r;
	if ((r = eval(ev, star, &v, err)) < 0 || (r = eval_iterate(ev, v, &more, err)) < 0)
		return r;
	const struct value **at = ARENA_ARRAY(ev->arena, const struct value *, n + more->len);
	if (n)
		memcpy(at, args->positional, n * sizeof(*at));
	if (more->len)
		memcpy(at + n, more->at, more->len * sizeof(*at));
	args->positional = at;
	args->npositional = n + more->len;
	return 0;
}

static int eval_keywords(struct eval *ev, const struct node *n, struct template_args *args,
			 struct err *err)
{
	const struct value *more = NULL;
	int r;
	if (n->c) {
		if ((r = eval(ev, n->c, &more, err)) < 0 || (r = eval_use(ev, more, err)) < 0)
			return r;
		if (!is_dict(more))
			return type_error(err, "'**' needs a dict", more);
	}
	size_t total = n->kwargs.len + (more ? more->dict.len : 0), k = 0;
	struct slice *names = ARENA_ARRAY(ev->arena, struct slice, total);
	const struct value **values = ARENA_ARRAY(ev->arena, const struct value *, total);
	for (uint32_t i = 0; i < n->kwargs.len; i++, k++) {
		names[k] = n->kwargs.at[i]->name;
		if ((r = eval(ev, n->kwargs.at[i]->a, &values[k], err)) < 0)
			return r;
	}
	for (size_t i = 0; more && i < more->dict.len; i++) {
		if (!is_str(more->dict.at[i].key))
			return type_error(err, "keywords must be strings", more->dict.at[i].key);
		names[k] = more->dict.at[i].key->str;
		values[k++] = more->dict.at[i].value;
	}
	args->names = names;
	args->keywords = values;
	args->nkeywords = k;
	return 0;
}

static int eval_args(struct eval *ev, const struct node *n, struct template_args *args,
		     struct err *err)
{
	*args = (struct template_args){0};
	if (n->items.len || n->b) {
		const struct value **at =
			ARENA_ARRAY(ev->arena, const struct value *, n->items.len);
		args->positional = at;
		args->npositional = n->items.len;
		for (uint32_t i = 0; i < n->items.len; i++) {
			int r = eval(ev, n->items.at[i], &at[i], err);
			if (r < 0)
				return r;
		}
		int r = n->b ? add_star(ev, n->b, args, err) : 0;
		if (r < 0)
			return r;
	}
	if (n->kwargs.len || n->c)
		return eval_keywords(ev, n, args, err);
	return 0;
}

const struct value *template_arg(const struct template_args *args, const char *name)
{
	for (size_t i = 0; i < args->nkeywords; i++)
		if (slice_is(args->names[i], name))
			return args->keywords[i];
	return NULL;
}

static int bind(struct call *c, const struct template_args *args, struct err *err)
{
	c->nbound = args->npositional ? function_takes(c->fn, args->npositional) : 0;
	if (args->npositional > c->nbound && !(c->fn->flags & FN_VARARGS))
		return err_set(err, ERR_INVALID, "at most %zu arguments, got %zu", c->nbound,
			       args->npositional);
	for (size_t i = 0; i < c->nbound; i++)
		c->arg[i] = args->positional[i];
	for (size_t i = 0; i < args->nkeywords; i++) {
		int k = function_param(c->fn, args->names[i]);
		if (k < 0 && (c->fn->flags & FN_KWARGS))
			continue;
		if (k < 0)
			return err_set(err, ERR_INVALID, "there is no argument '%.*s'",
				       SLICE_ARG(args->names[i]));
		if (c->arg[k])
			return err_set(err, ERR_INVALID, "the argument '%.*s' is given twice",
				       SLICE_ARG(args->names[i]));
		c->arg[k] = args->keywords[i];
	}
	for (unsigned i = 0; i < c->fn->required; i++)
		if (!c->arg[i])
			return err_set(err, ERR_INVALID, "needs at least %u argument%s",
				       c->fn->required, c->fn->required == 1 ? "" : "s");
	return 0;
}

static int gate(struct call *c, const struct template_args *args, struct err *err)
{
	int r = 0;
	if (c->fn->flags & FN_LAZY)
		return 0;
	if (c->in && !((c->fn->flags & FN_UNDEFINED) && is_undefined(c->in)))
		r = eval_use(c->ev, c->in, err);
	for (size_t i = 0; i < args->npositional && r == 0; i++)
		r = eval_use(c->ev, args->positional[i], err);
	for (size_t i = 0; i < args->nkeywords && r == 0; i++)
		r = eval_use(c->ev, args->keywords[i], err);
	return r;
}

int call_function(struct call *c, const struct template_args *args, const struct value **ret,
		  struct err *err)
{
	int r = gate(c, args, err);
	if (r < 0)
		return r;
	c->args = args;
	if ((r = bind(c, args, err)) == 0)
		r = c->fn->fn(c, ret, err);
	/* The message may quote the value. */
	if ((r == ERR_INVALID || r == ERR_NOT_FOUND) && (c->ev->taint & VALUE_SECRET))
		return err_set(err, r,
			       "%s: it failed on a secret value, so the reason is not shown",
			       c->fn->name);
	if (r == ERR_INVALID && err && !err->at.line)
		err_wrap(err, r, "%s", c->fn->name);
	return r;
}

int call_value(struct eval *ev, const struct value *callee, const struct template_args *args,
	       const struct value **ret, struct err *err)
{
	int r = eval_use(ev, callee, err);
	if (r < 0)
		return r;
	if (callee->type != VALUE_OBJECT || !callee->object.ops->call)
		return type_error(err, "not something to call", callee);
	if (ev->env->depth >= EVAL_MAX_DEPTH)
		return err_set(err, ERR_LIMIT, "calls nested too deeply");
	ev->env->depth++;
	r = callee->object.ops->call(callee->object.self, ev->arena, args, ret, err);
	ev->env->depth--;
	return r;
}

static const struct value *shallow_copy(struct eval *ev, const struct value *v)
{
	struct value *copy = is_list(v) ? list_new(ev) : dict_new(ev);
	for (size_t i = 0; is_list(v) && i < v->list.len; i++)
		list_push(ev, copy, v->list.at[i]);
	for (size_t i = 0; is_dict(v) && i < v->dict.len; i++)
		value_dict_set(ev->arena, copy, v->dict.at[i].key, v->dict.at[i].value);
	return copy;
}

/* What x.append() may change: a list that the template made. A variable's
 * value is shared, so the name gets a copy within this template. */
static int writable(struct eval *ev, const struct node *base, const struct value **v,
		    struct err *err)
{
	if ((*v)->flags & VALUE_FRESH)
		return 0;
	if (base->kind != NODE_NAME)
		return err_set(
			err, ERR_INVALID,
			"a variable's value cannot be changed in place; use combine, union or '+'");
	struct frame *f = ev->frame;
	struct binding *b = frame_find(f, base->symbol);
	*v = shallow_copy(ev, *v);
	if (b) {
		b->value = *v;
		return 0;
	}
	while (f->parent)
		f = f->parent;
	frame_set(ev, f, base->symbol, *v);
	return 0;
}

static int call_method(struct eval *ev, const struct node *n, const struct function *f,
		       const struct value *self, const struct value **ret, struct err *err)
{
	struct template_args args;
	struct call c = {.ev = ev, .fn = f, .offset = n->offset};
	int r = eval_args(ev, n, &args, err);
	if (r == 0 && method_mutates(f))
		r = writable(ev, n->a->a, &self, err);
	if (r < 0)
		return r;
	c.in = self;
	return call_function(&c, &args, ret, err);
}

int eval_call(struct eval *ev, const struct node *n, const struct value **ret, struct err *err)
{
	const struct value *callee, *self;
	struct template_args args;
	int r;
	if (n->a->kind == NODE_GETATTR) {
		if ((r = eval(ev, n->a->a, &self, err)) < 0)
			return r;
		const struct function *f =
			is_undefined(self) ? NULL : method_of(self, n->a->symbol);
		if (f)
			return call_method(ev, n, f, self, ret, err);
		r = get_attr(ev, self, n->a, &callee, err);
	} else {
		r = eval(ev, n->a, &callee, err);
	}
	if (r < 0 || (r = eval_use(ev, callee, err)) < 0 || (r = eval_args(ev, n, &args, err)) < 0)
		return r;
	return call_value(ev, callee, &args, ret, err);
}

static int no_function(char kind, struct slice name, struct err *err)
{
	char hint[160];
	return err_set(err, ERR_NOT_FOUND, "there is no %s '%.*s'%s",
		       kind == 'f'   ? "filter"
		       : kind == 't' ? "test"
				     : "lookup",
		       SLICE_ARG(name), registry_hint(kind, name, hint, sizeof(hint)));
}

int eval_filter(struct eval *ev, const struct node *n, const struct value *in,
		const struct value **ret, struct err *err)
{
	struct template_args args;
	struct call c = {.ev = ev, .fn = n->function, .in = in, .offset = n->offset};
	if (!c.fn)
		return no_function('f', n->name, err);
	int r = eval_args(ev, n, &args, err);
	if (r < 0 || (r = call_function(&c, &args, ret, err)) < 0)
		return r;
	if ((c.fn->flags & FN_TEXT) && is_str(*ret)) {
		struct value *text = arena_copy(ev->arena, *ret, sizeof(**ret));
		text->flags |= VALUE_TEXT;
		*ret = text;
	}
	return 0;
}

int eval_test(struct eval *ev, const struct node *n, bool *ret, struct err *err)
{
	const struct value *in, *v;
	struct template_args args;
	struct call c = {.ev = ev, .fn = n->function, .offset = n->offset};
	if (!c.fn)
		return no_function('t', n->name, err);
	int r;
	if ((r = eval(ev, n->a, &in, err)) < 0 || (r = eval_args(ev, n, &args, err)) < 0)
		return r;
	c.in = in;
	r = call_function(&c, &args, &v, err);
	return r < 0 ? r : eval_truth(ev, v, ret, err);
}

int call_named(struct eval *ev, char kind, struct slice name, const struct value *in,
	       const struct template_args *args, const struct value **ret, struct err *err)
{
	struct call c = {.ev = ev, .in = in};
	c.fn = kind == 'f'   ? registry_filter(name)
	       : kind == 't' ? registry_test(name)
			     : registry_lookup(name);
	if (!c.fn)
		return no_function(kind, name, err);
	return call_function(&c, args, ret, err);
}
