/* The static check: syntax, names of filters, tests and lookups, counts of arguments. */
#include "../syntax/program.h"
#include "registry.h"
#include "walk.h"

#include "rollout/template/object.h"

struct check {
	const struct template_env *env;
	struct unit unit;
	struct err *err;
	int r;
};

static int fail_at(struct check *ck, const struct node *n, int r)
{
	ck->r = r;
	return err_locate(ck->err, r, unit_place(&ck->unit, n->offset));
}

static const char *kind_name(char kind)
{
	return kind == 'f' ? "filter" : kind == 't' ? "test" : "lookup";
}

static int unknown(struct check *ck, const struct node *n, char kind, struct slice name)
{
	char hint[160];
	/* roles written for Ansible before 2.9; tasks that are not done may say so still */
	if (kind == 'f' && registry_test(name))
		return fail_at(ck, n,
			       err_set(ck->err, ERR_UNSUPPORTED,
				       "'%.*s' is a test, no filter: 'is %.*s'", SLICE_ARG(name),
				       SLICE_ARG(name)));
	if (registry_is_foreign(kind, name))
		return fail_at(ck, n,
			       err_set(ck->err, ERR_UNSUPPORTED, "rollout has no %s '%.*s'",
				       kind_name(kind), SLICE_ARG(name)));
	return fail_at(ck, n,
		       err_set(ck->err, ERR_NOT_FOUND, "there is no %s '%.*s'%s", kind_name(kind),
			       SLICE_ARG(name), registry_hint(kind, name, hint, sizeof(hint))));
}

/* Positional and keyword arguments against the parameters; *args and **kwargs may bring any. */
static int check_args(struct check *ck, const struct node *n, const struct function *f, char kind)
{
	unsigned max = function_max_args(f), given = 0;
	bool stars = n->b || n->c;
	for (uint32_t i = 0; i < n->kwargs.len; i++) {
		int k = function_param(f, n->kwargs.at[i]->name);
		if (k < 0 && !(f->flags & FN_KWARGS))
			return fail_at(ck, n->kwargs.at[i],
				       err_set(ck->err, ERR_INVALID,
					       "the %s '%s' has no argument '%.*s'",
					       kind_name(kind), f->name,
					       SLICE_ARG(n->kwargs.at[i]->name)));
		given += k >= 0;
	}
	if (n->items.len > max && !(f->flags & FN_VARARGS))
		return fail_at(ck, n,
			       err_set(ck->err, ERR_INVALID,
				       "the %s '%s' takes at most %u argument%s, got %u",
				       kind_name(kind), f->name, max, max == 1 ? "" : "s",
				       n->items.len));
	if (n->items.len + given < f->required && !stars)
		return fail_at(ck, n,
			       err_set(ck->err, ERR_INVALID,
				       "the %s '%s' needs at least %u argument%s", kind_name(kind),
				       f->name, f->required, f->required == 1 ? "" : "s"));
	return 0;
}

static const struct node *constant_text(const struct node *n, uint32_t i)
{
	if (i >= n->items.len || n->items.at[i]->kind != NODE_CONST ||
	    n->items.at[i]->value->type != VALUE_STRING)
		return NULL;
	return n->items.at[i];
}

/* map('filter'), select('test'), selectattr('a', 'test'). */
static int check_named(struct check *ck, const struct node *n)
{
	bool map = slice_is(n->name, "map"), attr = slice_ends_with(n->name, "attr");
	bool select = slice_is(n->name, "select") || slice_is(n->name, "reject") ||
		      slice_is(n->name, "selectattr") || slice_is(n->name, "rejectattr");
	const struct node *name = map || select ? constant_text(n, select && attr) : NULL;
	if (!name)
		return 0;
	struct slice s = name->value->str;
	if (map ? !registry_filter(s) : !registry_test(s))
		return unknown(ck, name, map ? 'f' : 't', s);
	return 0;
}

static int check_lookup(struct check *ck, const struct node *n)
{
	struct slice fn = n->a->name;
	if (n->a->kind != NODE_NAME ||
	    !(slice_is(fn, "lookup") || slice_is(fn, "query") || slice_is(fn, "q")))
		return 0;
	const struct node *name = constant_text(n, 0);
	if (name && !registry_lookup(name->value->str))
		return unknown(ck, name, 'l', name->value->str);
	/* The names of settings are known; with arguments, others may be right. */
	bool config = name && ck->env->settings && !n->kwargs.len && !n->c &&
		      (slice_is(name->value->str, "config") ||
		       slice_is(name->value->str, "ansible.builtin.config"));
	for (uint32_t i = 1; config && i < n->items.len; i++) {
		const struct node *setting = constant_text(n, i);
		if (setting && !value_get_slice(ck->env->settings, setting->value->str))
			return fail_at(ck, setting,
				       config_missing(ck->env, setting->value->str, ck->err));
	}
	return 0;
}

static int check_node(void *ctx, const struct node *n)
{
	struct check *ck = ctx;
	char kind = n->kind == NODE_FILTER ? 'f' : 't';
	if (n->kind == NODE_CALL)
		return check_lookup(ck, n);
	if (n->kind != NODE_FILTER && n->kind != NODE_TEST)
		return 0;
	if (!n->function)
		return unknown(ck, n, kind, n->name);
	int r = check_args(ck, n, n->function, kind);
	return r < 0 || kind == 't' ? r : check_named(ck, n);
}

int walk_nodes(const struct node *n, int (*fn)(void *ctx, const struct node *n), void *ctx)
{
	const struct node *const kids[] = {n->a, n->b, n->c, n->d, n->e};
	int r = fn(ctx, n);
	for (size_t i = 0; i < ARRAY_LEN(kids) && r == 0; i++)
		if (kids[i])
			r = walk_nodes(kids[i], fn, ctx);
	for (uint32_t i = 0; i < n->items.len && r == 0; i++)
		r = walk_nodes(n->items.at[i], fn, ctx);
	for (uint32_t i = 0; i < n->kwargs.len && r == 0; i++)
		r = walk_nodes(n->kwargs.at[i], fn, ctx);
	return r;
}

static int check_text(struct template_env *env, struct slice text, const struct syntax *syn,
		      struct srcloc base, struct err *err)
{
	struct check ck = {
		.env = env,
		.unit = {.base = base, .is_file = !syn->literal_strings && syn->mode == MODE_FILE},
		.err = err};
	int r = program_get(env, text, syn, base, &ck.unit.program, err);
	return r < 0 ? r : walk_nodes(ck.unit.program->root, check_node, &ck);
}

static int check_string(struct template_env *env, const struct value *v, struct err *err)
{
	struct source src = {.text = v->str, .syntax = syntax_string, .base = v->at};
	int r = slice_starts_with(v->str, "#jinja2:") ? source_header(&src, err) : 0;
	if (r < 0 || (src.syntax.mode == MODE_STRING && !template_has_markup(v->str)))
		return r;
	return check_text(env, src.text, &src.syntax, src.base, err);
}

static int check_tree(struct template_env *env, const struct value *v, unsigned depth,
		      struct err *err)
{
	int r = 0;
	if ((v->flags & VALUE_UNSAFE) || depth > YAML_DEPTH)
		return 0;
	if (v->type == VALUE_STRING)
		return check_string(env, v, err);
	for (size_t i = 0; v->type == VALUE_LIST && i < v->list.len && r == 0; i++)
		r = check_tree(env, v->list.at[i], depth + 1, err);
	for (size_t i = 0; v->type == VALUE_DICT && i < v->dict.len && r == 0; i++) {
		r = check_tree(env, v->dict.at[i].key, depth + 1, err);
		if (r == 0)
			r = check_tree(env, v->dict.at[i].value, depth + 1, err);
	}
	return r;
}

int template_check(struct template_env *env, const struct value *v, struct err *err)
{
	return check_tree(env, v, 0, err);
}

int template_check_expression(struct template_env *env, struct slice expr, struct srcloc at,
			      struct err *err)
{
	return check_text(env, expr, &syntax_expression, at, err);
}

int template_check_text(struct template_env *env, struct slice text, const char *file,
			struct err *err)
{
	struct source src;
	int r = source_init(text, file, NULL, &src, err);
	return r < 0 ? r : check_text(env, src.text, &src.syntax, src.base, err);
}
