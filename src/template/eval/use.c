/* The gate: reading a value. And undefined values, which fail there. */
#include "eval.h"

#include "rollout/base/nearest.h"

struct undefined {
	struct eval *ev;
	struct slice name;	   /* of a variable */
	const struct value *owner; /* of a missing member */
	const struct value *key;
	const struct node *node; /* that reads it; or NULL */
	const char *hint;
	const struct err *cause; /* the variable exists, and names one that does not */
	struct unit unit;	 /* its place, computed when it is needed */
	uint32_t offset;
	bool has_place;
};

static const struct value_object_ops undefined_ops = {.type_name = "Undefined"};

/* An inline if without else that is false: undefined, but it prints as nothing. */
static void print_nothing(void *self, struct strbuf *out)
{
	(void)self, (void)out;
}
static int no_keys(void *self, struct arena *a, const struct value **ret, struct err *err)
{
	(void)self, (void)err;
	*ret = value_list_new(a);
	return 0;
}
static const struct value_object_ops nothing_ops = {
	.type_name = "Undefined", .print = print_nothing, .keys = no_keys};

bool undefined_object(const struct value *v)
{
	return v->object.ops == &undefined_ops || v->object.ops == &nothing_ops;
}

const struct value *undefined_nothing(struct eval *ev)
{
	static const struct value nothing = {.type = VALUE_OBJECT, .object = {&nothing_ops, NULL}};
	(void)ev;
	return &nothing;
}

/* Its description is to be filled in. */
static const struct value *undefined_new(struct eval *ev, struct undefined **ret)
{
	*ret = ARENA_NEW(ev->arena, struct undefined);
	(*ret)->ev = ev;
	return value_object(ev->arena, &undefined_ops, *ret);
}

const struct value *undefined_name(struct eval *ev, struct slice name, uint32_t offset)
{
	struct undefined *u;
	const struct value *v = undefined_new(ev, &u);
	u->name = name;
	u->unit = ev->unit;
	u->offset = offset;
	u->has_place = true;
	return v;
}

const struct value *undefined_hint(struct eval *ev, const char *hint)
{
	struct undefined *u;
	const struct value *v = undefined_new(ev, &u);
	u->hint = arena_strdup(ev->arena, hint);
	return v;
}

const struct value *undefined_cause(struct eval *ev, const struct err *cause)
{
	struct undefined *u;
	const struct value *v = undefined_new(ev, &u);
	u->cause = arena_copy(ev->arena, cause, sizeof(*cause));
	return v;
}

/* "a.b['c']" for the message; false when it is something else. */
static bool path_of(const struct node *n, struct strbuf *b)
{
	switch (n->kind) {
	case NODE_NAME:
		strbuf_slice_append(b, n->name);
		return true;
	case NODE_GETATTR:
		if (!path_of(n->a, b))
			return false;
		strbuf_putc(b, '.');
		strbuf_slice_append(b, n->name);
		return true;
	case NODE_GETITEM:
		if (n->b->kind != NODE_CONST || !path_of(n->a, b))
			return false;
		strbuf_putc(b, '[');
		value_repr(b, n->b->value);
		strbuf_putc(b, ']');
		return true;
	default:
		return false;
	}
}

const struct value *undefined_member(struct eval *ev, const struct value *owner,
				     const struct value *key, const struct node *n)
{
	struct undefined *u;
	const struct value *v = undefined_new(ev, &u);
	u->owner = owner;
	u->key = key;
	u->node = n;
	if (n) {
		u->unit = ev->unit;
		u->offset = n->offset;
		u->has_place = true;
	}
	return v;
}

static struct srcloc place_of(const struct undefined *u)
{
	return u->has_place ? unit_place(&u->unit, u->offset) : (struct srcloc){0};
}

static void offer_name(void *ctx, struct slice name)
{
	nearest_offer(ctx, name);
}

static int fail_name(const struct undefined *u, struct err *err)
{
	struct nearest near;
	char hint[160];
	nearest_init(&near, u->name);
	for (const struct frame *f = u->ev->frame; f; f = f->parent)
		for (uint32_t i = 0; i < f->len; i++)
			if (!slice_eq(f->at[i].symbol->name, u->name))
				nearest_offer(&near, f->at[i].symbol->name);
	if (u->ev->scope && u->ev->scope->ops && u->ev->scope->ops->each_name)
		u->ev->scope->ops->each_name(u->ev->scope->self, offer_name, &near);
	global_each(offer_name, &near);
	return err_at(err, ERR_UNDEFINED, place_of(u), "'%.*s' is undefined%s", SLICE_ARG(u->name),
		      nearest_hint(&near, hint, sizeof(hint)));
}

static void offer_keys(struct nearest *near, const struct value *owner)
{
	for (size_t i = 0; owner->type == VALUE_DICT && i < owner->dict.len; i++)
		if (owner->dict.at[i].key->type == VALUE_STRING)
			nearest_offer(near, owner->dict.at[i].key->str);
}

static int fail_member(const struct undefined *u, struct err *err)
{
	struct nearest near;
	char hint[160] = "";
	CLEANUP(strbuf_release) struct strbuf key = {0}, path = {0};
	const char *type = value_type_name(u->owner), *what = "attribute";
	value_repr(&key, u->key);
	if (u->key->type == VALUE_STRING) {
		nearest_init(&near, u->key->str);
		offer_keys(&near, u->owner);
		nearest_hint(&near, hint, sizeof(hint));
	}
	if (u->owner->type == VALUE_DICT)
		what = "key";
	else if (u->owner->type == VALUE_LIST && u->key->type == VALUE_INT)
		what = "element";
	if (u->owner->type == VALUE_OBJECT)
		type = u->owner->object.ops->type_name;
	bool has_path = u->node &&
			(u->node->kind == NODE_GETATTR || u->node->kind == NODE_GETITEM) &&
			path_of(u->node->a, &path);
	return err_at(err, ERR_UNDEFINED, place_of(u), "%s%s'%s' has no %s %.200s%s",
		      has_path ? path.ptr : "", has_path ? ": " : "", type, what,
		      key.ptr ? key.ptr : "''", hint);
}

int undefined_fail(const struct value *v, struct err *err)
{
	if (v->object.ops == &nothing_ops)
		return err_set(err, ERR_UNDEFINED, "the inline if is false and has no else");
	const struct undefined *u = v->object.self;
	if (u->cause) {
		if (err)
			*err = *u->cause;
		return u->cause->code;
	}
	if (u->hint)
		return err_set(err, ERR_UNDEFINED, "%s", u->hint);
	return u->owner ? fail_member(u, err) : fail_name(u, err);
}

int use_failed(const struct value *v, struct err *err)
{
	if (v->type == VALUE_UNKNOWN)
		return err_set(err, v->unknown.code, "%s is not known yet",
			       v->unknown.what ? v->unknown.what : "a value");
	return v->object.ops == &undefined_ops ? undefined_fail(v, err) : 0;
}

int limit_passed(struct eval *ev, struct err *err)
{
	if (ev->env->steps > ev->env->limits.steps)
		return err_set(err, ERR_LIMIT, "the template runs for more than %llu steps",
			       (unsigned long long)ev->env->limits.steps);
	return err_set(err, ERR_LIMIT, "the template needs more than %zu MiB of memory",
		       ev->env->limits.bytes >> 20);
}

int text_too_long(struct err *err)
{
	return err_set(err, ERR_LIMIT, "a string larger than %u MiB", TEXT_MAX_BYTES >> 20);
}

int limit_items(uint64_t items, struct err *err)
{
	if (items > LIST_MAX_ITEMS)
		return err_set(err, ERR_LIMIT, "a list of more than %u items", LIST_MAX_ITEMS);
	return 0;
}

int type_error(struct err *err, const char *what, const struct value *v)
{
	const char *type = v->type == VALUE_OBJECT ? v->object.ops->type_name : value_type_name(v);
	return err_set(err, ERR_INVALID, "%s, got a value of type '%s'", what, type);
}

static int use_tree(struct eval *ev, const struct value *v, unsigned depth, struct err *err)
{
	int r = eval_use(ev, v, err);
	if (r < 0 || (v->type != VALUE_LIST && v->type != VALUE_DICT))
		return r;
	if (depth > VALUE_MAX_DEPTH)
		return err_set(err, ERR_LIMIT, "a value nested deeper than %u", VALUE_MAX_DEPTH);
	size_t n = v->type == VALUE_LIST ? v->list.len : v->dict.len;
	if ((r = eval_step(ev, n, err)) < 0)
		return r;
	for (size_t i = 0; i < n && r == 0; i++) {
		if (v->type == VALUE_DICT)
			r = eval_use(ev, v->dict.at[i].key, err);
		if (r == 0)
			r = use_tree(ev,
				     v->type == VALUE_LIST ? v->list.at[i] : v->dict.at[i].value,
				     depth + 1, err);
	}
	return r;
}

int use_deep(struct eval *ev, const struct value *v, struct err *err)
{
	return use_tree(ev, v, 0, err);
}

/* Objects of the evaluator (macros, loops, methods) do not outlive it. */
static int finish_object(struct eval *ev, const struct value *v, const struct value **ret,
			 struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	if (v->object.ops == &undefined_ops)
		return undefined_fail(v, err);
	*ret = v;
	if ((v->flags & VALUE_FRESH) || v->object.ops == &nothing_ops) {
		int r = print_str(ev, &b, v, err);
		if (r < 0)
			return r;
		*ret = str_buf(ev, &b);
	}
	return 0;
}

const struct value *value_unshown(struct eval *ev, const struct value *v)
{
	struct value *plain = arena_copy(ev->arena, v, sizeof(*v));
	plain->flags &= (uint16_t) ~(VALUE_SHOWN | VALUE_HTML);
	return plain;
}

/* Only what this evaluation built can hold undefined values or its objects. */
static int finish_tree(struct eval *ev, const struct value *v, const struct value **ret,
		       struct err *err)
{
	if (v->type == VALUE_OBJECT)
		return finish_object(ev, v, ret, err);
	*ret = v;
	if (!(v->flags & VALUE_FRESH)) {
		if (v->flags & (VALUE_HTML | VALUE_SHOWN))
			*ret = value_unshown(ev, v);
		return 0;
	}
	struct value *own = (struct value *)v;
	own->flags &= (uint16_t) ~(VALUE_FRESH | VALUE_SHOWN);
	int r = 0;
	for (size_t i = 0; v->type == VALUE_LIST && i < v->list.len && r == 0; i++)
		r = finish_tree(ev, own->list.at[i], &own->list.at[i], err);
	for (size_t i = 0; v->type == VALUE_DICT && i < v->dict.len && r == 0; i++)
		r = finish_tree(ev, own->dict.at[i].value, &own->dict.at[i].value, err);
	return r;
}

/* Walks what finish_tree will, as often as it is shared: a small graph may be an endless tree. */
static int count_tree(struct eval *ev, const struct value *v, unsigned depth, bool fresh_only,
		      struct err *err)
{
	int r = 0;
	if ((v->type != VALUE_LIST && v->type != VALUE_DICT) ||
	    (fresh_only && !(v->flags & VALUE_FRESH)))
		return 0;
	if (depth > VALUE_MAX_DEPTH)
		return err_set(err, ERR_LIMIT, "a value nested deeper than %u", VALUE_MAX_DEPTH);
	size_t n = v->type == VALUE_LIST ? v->list.len : v->dict.len;
	r = eval_step(ev, n, err);
	for (size_t i = 0; i < n && r == 0; i++)
		r = count_tree(ev, v->type == VALUE_LIST ? v->list.at[i] : v->dict.at[i].value,
			       depth + 1, fresh_only, err);
	return r;
}

int eval_finish(struct eval *ev, const struct value *v, const struct value **ret, struct err *err)
{
	int r = count_tree(ev, v, 0, true, err);
	if (r < 0 || (r = finish_tree(ev, v, &v, err)) < 0)
		return r;
	unsigned flags = ev->taint & (VALUE_SECRET | VALUE_UNSAFE);
	if (v->type == VALUE_UNKNOWN || v->type == VALUE_OBJECT || (v->flags & flags) == flags) {
		*ret = v;
		return 0;
	}
	if (v->type == VALUE_LIST || v->type == VALUE_DICT) {
		if ((r = count_tree(ev, v, 0, false, err)) < 0)
			return r;
		*ret = value_copy(ev->arena, v, flags);
		return 0;
	}
	struct value *copy = arena_copy(ev->arena, v, sizeof(*v));
	copy->flags |= (uint16_t)flags;
	*ret = copy;
	return 0;
}

int check_depth(struct eval *ev, const struct value *v, struct err *err)
{
	return count_tree(ev, v, 1, true, err);
}
