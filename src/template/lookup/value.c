/* Lookups of variables: Ansible's and the environment's. */
#include "../filter/filter.h"

#include <stdlib.h>

FN(l_env)
{
	struct value *out = list_new(c->ev);
	const struct value *fallback = template_arg(c->args, "default");
	for (size_t i = 0; i < c->args->npositional; i++) {
		struct slice name;
		int r = text_of(c->ev, c->args->positional[i], &name, err);
		if (r < 0)
			return r;
		const char *v = getenv(arena_strndup(c->ev->arena, name.ptr, name.len));
		list_push(c->ev, out,
			  v	     ? value_cstr(c->ev->arena, v)
			  : fallback ? fallback
				     : str_lit(c->ev, ""));
	}
	*ret = out;
	return 0;
}

FN(l_vars)
{
	struct value *out = list_new(c->ev);
	const struct value *fallback = template_arg(c->args, "default"), *v;
	for (size_t i = 0; i < c->args->npositional; i++) {
		struct slice name;
		int r;
		if ((r = text_of(c->ev, c->args->positional[i], &name, err)) < 0 ||
		    (r = eval_resolve_text(c->ev, name, c->offset, &v, err)) < 0)
			return r;
		if (is_undefined(v) && fallback)
			v = fallback;
		else if ((r = eval_use(c->ev, v, err)) < 0)
			return r;
		list_push(c->ev, out, v);
	}
	*ret = out;
	return 0;
}

struct matching {
	struct call *c;
	const struct regex *re;
	struct value *out;
};

static void match_name(void *ctx, struct slice name)
{
	struct matching *m = ctx;
	struct regex_match g[REGEX_MAX_GROUPS];
	unsigned n;
	if (regex_exec(m->re, name, 0, false, g, &n, NULL) > 0)
		list_push(m->c->ev, m->out, str_new(m->c->ev, name));
}

FN(l_varnames)
{
	const struct template_scope *scope = c->ev->scope;
	struct matching m = {.c = c, .out = list_new(c->ev)};
	for (size_t i = 0; i < c->args->npositional; i++) {
		struct slice pattern;
		int r;
		if ((r = text_of(c->ev, c->args->positional[i], &pattern, err)) < 0 ||
		    (r = regex_get(c->ev, pattern, 0, &m.re, err)) < 0)
			return r;
		if (scope && scope->ops && scope->ops->each_name)
			scope->ops->each_name(scope->self, match_name, &m);
	}
	*ret = m.out;
	return 0;
}

const struct function lookups_value[] = {
	{"env", "", 0, FN_VARARGS | FN_KWARGS, l_env},
	{"vars", "", 0, FN_VARARGS | FN_KWARGS, l_vars},
	{"varnames", "", 0, FN_VARARGS, l_varnames},
	{0},
};
