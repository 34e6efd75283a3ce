/* The layer's functions: rendering and evaluation from outside. */
#include "eval.h"

#include "rollout/value/encrypted.h"

#include <stdlib.h>

static void omit_print(void *self, struct strbuf *out)
{
	(void)self;
	strbuf_puts(out, "__omit_place_holder__");
}
static const struct value_object_ops omit_ops = {.type_name = "omit", .print = omit_print};
static const struct value omit_value = {.type = VALUE_OBJECT, .object = {&omit_ops, NULL}};

const struct value *template_omit(void)
{
	return &omit_value;
}
bool template_is_omit(const struct value *v)
{
	return v->type == VALUE_OBJECT && v->object.ops == &omit_ops;
}

struct value *value_object(struct arena *a, const struct value_object_ops *ops, void *self)
{
	struct value *v = ARENA_NEW(a, struct value);
	v->type = VALUE_OBJECT;
	v->object.ops = ops;
	v->object.self = self;
	return v;
}

struct template_env *template_env_new(void)
{
	struct template_env *env = xcalloc(1, sizeof(*env));
	env->limits = (struct template_limits){.steps = 50000000, .bytes = (size_t)1 << 30};
	symbols_init(env);
	return env;
}

void template_env_free(struct template_env *env)
{
	if (!env)
		return;
	program_cache_clear(env);
	regex_cache_clear(env);
	symbols_release(env);
	arena_release(&env->scratch);
	free(env);
}

void template_env_limit(struct template_env *env, uint64_t steps, size_t bytes)
{
	env->limits = (struct template_limits){steps, bytes};
}

void template_env_settings(struct template_env *env, const struct value *settings)
{
	env->settings = settings;
}

bool template_has_markup(struct slice text)
{
	const char *p = text.ptr, *end = text.ptr + text.len;
	while (p && end - p >= 2 && (p = memchr(p, '{', (size_t)(end - p) - 1))) {
		if (p[1] == '{' || p[1] == '%' || p[1] == '#')
			return true;
		p++;
	}
	return false;
}

static void begin(struct eval *ev, struct template_env *env, const struct template_scope *scope,
		  struct arena *a, struct strbuf *text)
{
	*ev = (struct eval){.env = env,
			    .scope = scope,
			    .arena = a,
			    .arena_start = a->total,
			    .text = text,
			    .generation = ++env->generation};
	if (env->renders++ == 0) {
		env->steps = 0;
		regex_begin(env);
	}
}

static void end(struct eval *ev)
{
	ev->env->renders--;
}

/* For an evaluation of which no value remains; an inner one brings its own. */
static struct arena *scratch_take(struct template_env *env, struct arena *own)
{
	if (env->scratch_taken)
		return own;
	env->scratch_taken = true;
	return &env->scratch;
}

static void scratch_give(struct template_env *env, struct arena *a)
{
	if (a != &env->scratch) {
		arena_release(a);
		return;
	}
	arena_clear(a);
	env->scratch_taken = false;
}

/* The source's trailing newlines are kept, as Ansible does, where blocks swallowed some. */
static const struct value *restore_newlines(struct eval *ev, const struct value *v, unsigned wanted)
{
	unsigned have = 0;
	while (have < v->str.len && v->str.ptr[v->str.len - 1 - have] == '\n')
		have++;
	if (have >= wanted)
		return v;
	CLEANUP(strbuf_release) struct strbuf b = {0};
	strbuf_slice_append(&b, v->str);
	for (; have < wanted; have++)
		strbuf_putc(&b, '\n');
	return str_buf(ev, &b);
}

static int run_program(struct eval *ev, const struct value **ret, struct err *err)
{
	const struct program *prog = ev->unit.program;
	int r;
	frame_push(ev);
	ev->converts = true;
	if (prog->single) {
		if ((r = eval(ev, prog->single, ret, err)) < 0)
			return r;
		/* None as a result is text; a variable that is none stays none. */
		if ((*ret)->type == VALUE_NULL && prog->single->kind != NODE_NAME)
			*ret = str_lit(ev, "");
	} else {
		struct output out = output_begin(ev, true);
		if ((r = output_take(ev, &out, exec_root(ev, &out, err), ret, err)) < 0)
			return r;
	}
	*ret = literal_value(ev, *ret);
	return 0;
}

static int render_string(struct eval *ev, const struct value *v, const struct value **ret,
			 struct err *err)
{
	const struct value *result;
	struct source src = {.text = v->str, .syntax = syntax_string, .base = v->at};
	int r = 0;
	if (slice_starts_with(v->str, "#jinja2:"))
		r = source_header(&src, err);
	if (r == 0)
		r = program_get(ev->env, src.text, &src.syntax, src.base, &ev->unit.program, err);
	if (r < 0)
		return err_locate(err, r, v->at);
	ev->unit.base = src.base;
	ev->frame = NULL;
	ev->taint = v->flags & VALUE_SECRET;
	if ((r = run_program(ev, &result, err)) < 0)
		return err_locate(err, r, v->at);
	ev->converts = false;
	if (is_str(result) && ev->unit.program->trailing_newlines)
		result = restore_newlines(ev, result, ev->unit.program->trailing_newlines);
	r = eval_finish(ev, result, ret, err);
	return r < 0 ? err_locate(err, r,
				  eval_place(ev, ev->unit.program->single
							 ? ev->unit.program->single->offset
							 : 0))
		     : 0;
}

static int render_tree(struct eval *ev, const struct value *v, unsigned depth,
		       const struct value **ret, struct err *err);

static int render_list(struct eval *ev, const struct value *v, unsigned depth,
		       const struct value **ret, struct err *err)
{
	struct value *copy = NULL;
	for (size_t i = 0; i < v->list.len; i++) {
		const struct value *item;
		int r = render_tree(ev, v->list.at[i], depth + 1, &item, err);
		if (r < 0)
			return r;
		if (item == v->list.at[i] && !copy)
			continue;
		if (!copy) {
			copy = value_list_new(ev->arena);
			copy->at = v->at;
			copy->flags = v->flags;
			for (size_t j = 0; j < i; j++)
				value_list_push(ev->arena, copy, v->list.at[j]);
		}
		value_list_push(ev->arena, copy, item);
	}
	*ret = copy ? copy : v;
	return 0;
}

static int render_dict(struct eval *ev, const struct value *v, unsigned depth,
		       const struct value **ret, struct err *err)
{
	struct value *copy = NULL;
	for (size_t i = 0; i < v->dict.len; i++) {
		const struct value_pair *p = &v->dict.at[i];
		const struct value *key, *item;
		int r;
		if ((r = render_tree(ev, p->key, depth + 1, &key, err)) < 0 ||
		    (r = render_tree(ev, p->value, depth + 1, &item, err)) < 0)
			return r;
		if (key->type > VALUE_STRING)
			return err_at(err, ERR_INVALID, p->key->at,
				      "a key must be a string or a number");
		if (key == p->key && item == p->value && !copy)
			continue;
		if (!copy) {
			copy = value_dict_new(ev->arena);
			copy->at = v->at;
			copy->flags = v->flags;
			for (size_t j = 0; j < i; j++)
				value_dict_set(ev->arena, copy, v->dict.at[j].key,
					       v->dict.at[j].value);
		}
		value_dict_set(ev->arena, copy, key, item);
	}
	*ret = copy ? copy : v;
	return 0;
}

static int render_tree(struct eval *ev, const struct value *v, unsigned depth,
		       const struct value **ret, struct err *err)
{
	*ret = v;
	if (v->flags & VALUE_ENCRYPTED)
		return encrypted_value_open(ev->arena, v, ret, err);
	if (v->flags & VALUE_UNSAFE)
		return 0;
	if (v->type == VALUE_STRING)
		return template_has_markup(v->str) || slice_starts_with(v->str, "#jinja2:")
			       ? render_string(ev, v, ret, err)
			       : 0;
	if (v->type != VALUE_LIST && v->type != VALUE_DICT)
		return 0;
	if (depth > VALUE_MAX_DEPTH)
		return err_at(err, ERR_LIMIT, v->at, "nested deeper than %u", VALUE_MAX_DEPTH);
	return v->type == VALUE_LIST ? render_list(ev, v, depth, ret, err)
				     : render_dict(ev, v, depth, ret, err);
}

int template_render(struct template_env *env, const struct template_scope *scope, struct arena *a,
		    const struct value *v, const struct value **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct eval ev;
	const struct value *result;
	begin(&ev, env, scope, a, &text);
	int r = render_tree(&ev, v, 0, &result, err);
	end(&ev);
	if (r == 0)
		*ret = result;
	return r;
}

static int eval_text(struct eval *ev, struct slice expr, struct srcloc at, const struct value **ret,
		     struct err *err)
{
	const struct value *v;
	int r = program_get(ev->env, expr, &syntax_expression, at, &ev->unit.program, err);
	if (r < 0)
		return r;
	ev->unit.base = at;
	ev->frame = NULL;
	frame_push(ev);
	if ((r = eval(ev, ev->unit.program->root, &v, err)) < 0)
		return r;
	r = eval_finish(ev, v, ret, err);
	return r < 0 ? err_locate(err, r, eval_place(ev, ev->unit.program->root->offset)) : 0;
}

int template_eval(struct template_env *env, const struct template_scope *scope, struct arena *a,
		  struct slice expr, struct srcloc at, const struct value **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct eval ev;
	const struct value *result;
	begin(&ev, env, scope, a, &text);
	int r = eval_text(&ev, expr, at, &result, err);
	end(&ev);
	if (r == 0)
		*ret = result;
	return r;
}

/* A text that was rendered first: its value, or what it says as an expression. */
static int rendered_condition(struct eval *ev, const struct value *cond, bool *ret, struct err *err)
{
	const struct value *v;
	int r = render_string(ev, cond, &v, err);
	if (r < 0)
		return r;
	if (!is_str(v) || v->str.len == 0)
		return eval_truth(ev, v, ret, err);
	if (v->flags & VALUE_UNSAFE) {
		if (value_to_bool(v, ret))
			return 0;
		return err_at(err, ERR_INVALID, cond->at,
			      "the condition pastes a value into its text; write the expression "
			      "without {{ }}");
	}
	if ((r = eval_text(ev, v->str, cond->at, &v, err)) < 0)
		return r;
	return eval_truth(ev, v, ret, err);
}

static int condition(struct eval *ev, const struct value *cond, bool *ret, struct err *err)
{
	const struct value *v;
	int r;
	if (cond->type == VALUE_NULL || (is_str(cond) && cond->str.len == 0)) {
		*ret = true;
		return 0;
	}
	if (!is_str(cond))
		return eval_truth(ev, cond, ret, err);
	if (template_has_markup(cond->str) && !(cond->flags & VALUE_UNSAFE))
		return rendered_condition(ev, cond, ret, err);
	if (cond->flags & VALUE_UNSAFE) {
		if (value_to_bool(cond, ret))
			return 0;
		return err_at(err, ERR_INVALID, cond->at, "a condition cannot come from a host");
	}
	if ((r = eval_text(ev, cond->str, cond->at, &v, err)) < 0)
		return r;
	return eval_truth(ev, v, ret, err);
}

int template_condition(struct template_env *env, const struct template_scope *scope,
		       const struct value *cond, bool *ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct eval ev;
	struct arena own = {0}, *a = scratch_take(env, &own);
	bool is = false;
	begin(&ev, env, scope, a, &text);
	ev.gives_text = true;
	int r = condition(&ev, cond, &is, err);
	end(&ev);
	if (r < 0)
		err_locate(err, r, cond->at);
	scratch_give(env, a);
	if (r == 0)
		*ret = is;
	return r;
}

int template_text(struct template_env *env, const struct template_scope *scope, struct slice text,
		  const char *file, const struct template_text_options *opts, struct strbuf *ret,
		  struct err *err)
{
	struct eval ev;
	struct arena own = {0}, *a = scratch_take(env, &own);
	struct source src;
	begin(&ev, env, scope, a, ret);
	ev.gives_text = true;
	struct output out = output_begin(&ev, false);
	strbuf_reserve(ret, text.len);
	frame_push(&ev);
	src.text = text;
	int r = source_init(text, file, opts, &src, err);
	if (r == 0)
		r = source_exec(&ev, &src, &out, err);
	if (r == 0)
		r = output_flush(&ev, &out, err);
	if (r == 0 && (!opts || opts->keep_trailing_newline))
		output_restore_newlines(&ev, &out, src.text, src.syntax.newline);
	if (r < 0)
		output_drop(&ev, &out);
	end(&ev);
	scratch_give(env, a);
	if (r == 0 && opts && opts->ret_secret && (ev.taint & VALUE_SECRET))
		*opts->ret_secret = true;
	return r;
}
