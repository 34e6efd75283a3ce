/* Global functions: range(), namespace(), lookup(), … */
#include "global.h"
#include "../eval/eval.h"
#include "datetime.h"

#include "rollout/base/clock.h"

#include <time.h>

struct bound {
	struct eval *ev;
	const struct function *fn;
	const struct value *in;
};

static int bound_call(void *self, struct arena *a, const struct template_args *args,
		      const struct value **ret, struct err *err)
{
	(void)a;
	const struct bound *b = self;
	struct call c = {.ev = b->ev, .fn = b->fn, .in = b->in};
	if (b->in && method_mutates(b->fn) && !(b->in->flags & VALUE_FRESH))
		return err_set(err, ERR_INVALID, "%s() cannot change a variable's value in place",
			       b->fn->name);
	return call_function(&c, args, ret, err);
}

static void bound_print(void *self, struct strbuf *out)
{
	const struct bound *b = self;
	strbuf_printf(out, "<%s %s>", b->in ? "method" : "function", b->fn->name);
}

static const struct value_object_ops bound_ops = {
	.type_name = "function", .call = bound_call, .print = bound_print};

const struct value *method_bind(struct eval *ev, const struct function *f, const struct value *self)
{
	struct bound *b = ARENA_NEW(ev->arena, struct bound);
	*b = (struct bound){ev, f, self};
	struct value *v = value_object(ev->arena, &bound_ops, b);
	v->flags |= VALUE_FRESH;
	return v;
}

static int global_range(struct call *c, const struct value **ret, struct err *err)
{
	int64_t a, b, by;
	int r;
	if ((r = call_int(c, 0, 0, &a, err)) < 0 || (r = call_int(c, 1, 0, &b, err)) < 0 ||
	    (r = call_int(c, 2, 1, &by, err)) < 0)
		return r;
	if (!c->arg[1]) {
		b = a;
		a = 0;
	}
	if (by == 0)
		return err_set(err, ERR_INVALID, "the step cannot be 0");
	uint64_t span = by > 0 ? (b > a ? (uint64_t)b - (uint64_t)a : 0)
			       : (a > b ? (uint64_t)a - (uint64_t)b : 0);
	uint64_t width = by > 0 ? (uint64_t)by : 0 - (uint64_t)by;
	uint64_t n = span / width + (span % width != 0);
	if ((r = limit_items(n, err)) < 0 || (r = eval_step(c->ev, n, err)) < 0)
		return r;
	struct value *list = list_new(c->ev);
	for (uint64_t i = 0; i < n; i++)
		list_push(c->ev, list, int_new(c->ev, a + (int64_t)i * by));
	*ret = list;
	return 0;
}

static int add_keywords(struct call *c, struct value *dict)
{
	for (size_t i = 0; i < c->args->nkeywords; i++)
		value_dict_set(c->ev->arena, dict, str_new(c->ev, c->args->names[i]),
			       c->args->keywords[i]);
	return 0;
}

static int add_pairs(struct call *c, const struct value *from, struct value *dict, struct err *err)
{
	const struct value_list *pairs, *pair;
	int r;
	if (is_dict(from)) {
		for (size_t i = 0; i < from->dict.len; i++)
			value_dict_set(c->ev->arena, dict, from->dict.at[i].key,
				       from->dict.at[i].value);
		return 0;
	}
	if ((r = eval_iterate(c->ev, from, &pairs, err)) < 0)
		return r;
	for (size_t i = 0; i < pairs->len; i++) {
		if ((r = eval_iterate(c->ev, pairs->at[i], &pair, err)) < 0)
			return r;
		if (pair->len != 2)
			return err_set(err, ERR_INVALID,
				       "element %zu has %zu parts instead of a key and a value", i,
				       pair->len);
		if ((r = dict_set(c->ev, dict, pair->at[0], pair->at[1], err)) < 0)
			return r;
	}
	return 0;
}

static int global_dict(struct call *c, const struct value **ret, struct err *err)
{
	struct value *dict = dict_new(c->ev);
	int r = c->arg[0] ? add_pairs(c, c->arg[0], dict, err) : 0;
	if (r < 0)
		return r;
	*ret = dict;
	return add_keywords(c, dict);
}

static int global_namespace(struct call *c, const struct value **ret, struct err *err)
{
	struct value *dict = dict_new(c->ev);
	int r = c->arg[0] ? add_pairs(c, c->arg[0], dict, err) : 0;
	if (r < 0)
		return r;
	add_keywords(c, dict);
	*ret = namespace_new(c->ev);
	for (size_t i = 0; i < dict->dict.len; i++)
		if (is_str(dict->dict.at[i].key))
			namespace_set(c->ev, *ret, dict->dict.at[i].key, dict->dict.at[i].value);
	return 0;
}

struct turn {
	struct eval *ev;
	const struct template_args *args;
	size_t at;
	struct slice separator;
};

static int cycler_next(void *self, struct arena *a, const struct template_args *args,
		       const struct value **ret, struct err *err)
{
	(void)a, (void)args, (void)err;
	struct turn *t = self;
	*ret = t->args->positional[t->at];
	t->at = (t->at + 1) % t->args->npositional;
	return 0;
}
static int cycler_reset(void *self, struct arena *a, const struct template_args *args,
			const struct value **ret, struct err *err)
{
	(void)a, (void)args, (void)err;
	struct turn *t = self;
	t->at = 0;
	*ret = value_null();
	return 0;
}
static const struct value_object_ops next_ops = {.type_name = "function", .call = cycler_next};
static const struct value_object_ops reset_ops = {.type_name = "function", .call = cycler_reset};

static const struct value *own_object(struct eval *ev, const struct value_object_ops *ops,
				      void *self)
{
	struct value *v = value_object(ev->arena, ops, self);
	v->flags |= VALUE_FRESH;
	return v;
}

static int cycler_get(void *self, struct arena *a, const struct value *key,
		      const struct value **ret, struct err *err)
{
	(void)a, (void)err;
	struct turn *t = self;
	*ret = NULL;
	if (value_is_str(key, "next"))
		*ret = own_object(t->ev, &next_ops, t);
	else if (value_is_str(key, "reset"))
		*ret = own_object(t->ev, &reset_ops, t);
	else if (value_is_str(key, "current"))
		*ret = t->args->positional[t->at];
	return 0;
}
static const struct value_object_ops cycler_ops = {.type_name = "Cycler", .get = cycler_get};

static struct turn *turn_new(struct call *c)
{
	struct turn *t = ARENA_NEW(c->ev->arena, struct turn);
	t->ev = c->ev;
	t->args = arena_copy(c->ev->arena, c->args, sizeof(*c->args));
	return t;
}

static int global_cycler(struct call *c, const struct value **ret, struct err *err)
{
	if (c->args->npositional == 0)
		return err_set(err, ERR_INVALID, "at least one item is needed");
	*ret = own_object(c->ev, &cycler_ops, turn_new(c));
	return 0;
}

static int joiner_call(void *self, struct arena *a, const struct template_args *args,
		       const struct value **ret, struct err *err)
{
	(void)args, (void)err;
	struct turn *t = self;
	*ret = t->at++ ? value_str(a, t->separator) : value_cstr(a, "");
	return 0;
}
static const struct value_object_ops joiner_ops = {.type_name = "Joiner", .call = joiner_call};

static int global_joiner(struct call *c, const struct value **ret, struct err *err)
{
	struct turn *t = turn_new(c);
	int r = call_text(c, 0, ", ", &t->separator, err);
	if (r == 0)
		*ret = own_object(c->ev, &joiner_ops, t);
	return r;
}

static int global_now(struct call *c, const struct value **ret, struct err *err)
{
	bool utc;
	struct slice fmt;
	struct tm tm;
	int64_t us = clock_realtime_us();
	time_t sec = (time_t)(us / 1000000);
	int r;
	if ((r = call_bool(c, 0, false, &utc, err)) < 0 || (r = call_text(c, 1, "", &fmt, err)) < 0)
		return r;
	if (utc)
		gmtime_r(&sec, &tm);
	else
		localtime_r(&sec, &tm);
	if (fmt.len == 0) {
		*ret = time_datetime(c->ev, (int64_t)timegm(&tm) * 1000000 + us % 1000000);
		return 0;
	}
	return time_format(c->ev, fmt, &tm, (unsigned)(us % 1000000), ret, err);
}

static int global_undef(struct call *c, const struct value **ret, struct err *err)
{
	struct slice hint;
	int r = call_text(c, 0, "Mandatory variable has not been overridden", &hint, err);
	if (r == 0)
		*ret = undefined_hint(c->ev, arena_strndup(c->ev->arena, hint.ptr, hint.len));
	return r;
}

static bool is_lookup_option(struct slice name)
{
	return slice_is(name, "wantlist") || slice_is(name, "errors") ||
	       slice_is(name, "allow_unsafe");
}

/* The lookup's own arguments: without its name and the options common to all. */
static struct template_args lookup_args(struct call *c)
{
	struct template_args own = {c->args->positional + 1, c->args->npositional - 1, NULL, NULL,
				    0};
	struct slice *names = ARENA_ARRAY(c->ev->arena, struct slice, c->args->nkeywords + 1);
	const struct value **values =
		ARENA_ARRAY(c->ev->arena, const struct value *, c->args->nkeywords + 1);
	for (size_t i = 0; i < c->args->nkeywords; i++) {
		if (is_lookup_option(c->args->names[i]))
			continue;
		names[own.nkeywords] = c->args->names[i];
		values[own.nkeywords++] = c->args->keywords[i];
	}
	own.names = names;
	own.keywords = values;
	return own;
}

/* What lookup() makes of the list: texts joined by commas, or the one value. */
static int join_found(struct eval *ev, const struct value *list, const struct value **ret,
		      struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	*ret = list;
	for (size_t i = 0; i < list->list.len; i++) {
		const struct value *v = list->list.at[i];
		if (!is_str(v)) {
			if (list->list.len == 1)
				*ret = v;
			return 0;
		}
		int r = limit_text(b.len + v->str.len, err);
		if (r < 0 || (r = eval_use(ev, v, err)) < 0)
			return r;
		if (i)
			strbuf_putc(&b, ',');
		strbuf_slice_append(&b, v->str);
	}
	if (list->list.len > 0)
		*ret = str_buf(ev, &b);
	return 0;
}

static int run_lookup(struct call *c, bool wantlist, const struct value **ret, struct err *err)
{
	struct slice name;
	const struct value *list, *errors = template_arg(c->args, "errors"),
				  *want = template_arg(c->args, "wantlist");
	struct template_args own;
	int r;
	if ((r = call_text(c, 0, "", &name, err)) < 0 ||
	    (want && (r = eval_truth(c->ev, want, &wantlist, err)) < 0))
		return r;
	own = lookup_args(c);
	r = call_named(c->ev, 'l', name, NULL, &own, &list, err);
	bool quiet = errors && (value_is_str(errors, "ignore") || value_is_str(errors, "warn"));
	if (r < 0 && quiet && r != ERR_PENDING && r != ERR_UNKNOWN && r != ERR_UNDEFINED &&
	    registry_lookup(name)) {
		*ret = wantlist ? list_new(c->ev) : value_null();
		return 0;
	}
	if (r < 0)
		return r;
	c->ev->taint |= VALUE_UNSAFE;
	*ret = list;
	return wantlist ? 0 : join_found(c->ev, list, ret, err);
}

static int global_lookup(struct call *c, const struct value **ret, struct err *err)
{
	return run_lookup(c, false, ret, err);
}
static int global_query(struct call *c, const struct value **ret, struct err *err)
{
	return run_lookup(c, true, ret, err);
}

static const struct function globals[] = {
	{"range", "start,stop,step", 1, 0, global_range},
	{"dict", "mapping", 0, FN_KWARGS | FN_LAZY, global_dict},
	{"namespace", "mapping", 0, FN_KWARGS | FN_LAZY, global_namespace},
	{"cycler", "", 0, FN_VARARGS | FN_LAZY, global_cycler},
	{"joiner", "sep", 0, 0, global_joiner},
	{"now", "utc,fmt", 0, 0, global_now},
	{"undef", "hint", 0, 0, global_undef},
	{"lipsum", "n,html,min,max", 0, 0, global_lipsum},
	{"lookup", "name", 1, FN_VARARGS | FN_KWARGS, global_lookup},
	{"query", "name", 1, FN_VARARGS | FN_KWARGS, global_query},
	{"q", "name", 1, FN_VARARGS | FN_KWARGS, global_query},
};

const struct value *global_find(struct eval *ev, struct slice name)
{
	if (slice_is(name, "omit"))
		return template_omit();
	for (size_t i = 0; i < ARRAY_LEN(globals); i++)
		if (slice_is(name, globals[i].name))
			return method_bind(ev, &globals[i], NULL);
	return NULL;
}

void global_each(void (*fn)(void *ctx, struct slice name), void *ctx)
{
	fn(ctx, SLICE_LIT("omit"));
	for (size_t i = 0; i < ARRAY_LEN(globals); i++)
		fn(ctx, slice_from(globals[i].name));
}
