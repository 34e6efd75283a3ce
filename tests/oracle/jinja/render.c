/*
 * The oracle's other side: templates on stdin, what becomes of them on stdout.
 *
 *     oracle_jinja VARS.json FOLDER
 *
 * One JSON object a line: {"mode": "expr" | "text" | "string", "text": "…"};
 * answers {"ok": repr of the result} or {"error": message}, a line each.
 */
#include "rollout/base/file.h"
#include "rollout/template/template.h"
#include "rollout/value/json.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_FILE (4u << 20)

struct table {
	struct template_env *env;
	struct arena *arena;
	const struct value *vars;
	struct template_scope scope;
	unsigned depth; /* of variables within variables */
};

static int get(void *self, struct slice name, const struct value **ret, struct err *err)
{
	struct table *t = self;
	const struct value *v = value_get_slice(t->vars, name);
	*ret = NULL;
	if (!v)
		return 0;
	if (t->depth > 20)
		return err_set(err, ERR_LIMIT, "a variable that uses itself");
	t->depth++;
	int r = template_render(t->env, &t->scope, t->arena, v, ret, err);
	t->depth--;
	return r;
}

static void each_name(void *self, void (*fn)(void *ctx, struct slice name), void *ctx)
{
	const struct table *t = self;
	for (size_t i = 0; i < t->vars->dict.len; i++)
		fn(ctx, t->vars->dict.at[i].key->str);
}

static const struct template_scope_ops ops = {get, each_name};

static int run(struct table *t, const struct value *request, struct strbuf *out, struct err *err)
{
	const struct value *text = value_get(request, "text"), *mode = value_get(request, "mode"),
			   *result;
	struct srcloc at = {srcfile_intern("case"), 1, 1};
	struct strbuf b = {0};
	int r;
	if (value_is_str(mode, "expr")) {
		r = template_check_expression(t->env, text->str, at, err);
		r = r < 0 ? r
			  : template_eval(t->env, &t->scope, t->arena, text->str, at, &result, err);
	} else if (value_is_str(mode, "string")) {
		r = template_check(t->env, text, err);
		r = r < 0 ? r : template_render(t->env, &t->scope, t->arena, text, &result, err);
	} else {
		r = template_check_text(t->env, text->str, "case", err);
		r = r < 0 ? r : template_text(t->env, &t->scope, text->str, "case", NULL, &b, err);
		if (r == 0)
			result = value_str(t->arena, strbuf_slice(&b));
	}
	if (r == 0)
		value_repr(out, result);
	strbuf_release(&b);
	return r;
}

static void answer(struct table *t, const struct value *request)
{
	CLEANUP(strbuf_release) struct strbuf out = {0}, line = {0};
	struct err err = {0};
	char message[sizeof(err.msg) + 200];
	struct value *v = value_dict_new(t->arena);
	if (run(t, request, &out, &err) < 0)
		value_dict_put(t->arena, v, "error",
			       value_cstr(t->arena, err_format(&err, message, sizeof(message))));
	else
		value_dict_put(t->arena, v, "ok", value_str(t->arena, strbuf_slice(&out)));
	json_emit(&line, v, JSON_COMPACT);
	printf("%.*s\n", SLICE_ARG(strbuf_slice(&line)));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct arena vars = {0};
	struct strbuf text = {0};
	struct err err = {0};
	const char *dirs[] = {argc > 2 ? argv[2] : ".", NULL};
	struct table t = {.env = template_env_new(), .scope = {&ops, &t, dirs}};
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	if (argc < 3 || file_read(argv[1], MAX_FILE, &text, &err) < 0 ||
	    json_parse(&vars, argv[1], strbuf_slice(&text), &t.vars, &err) < 0) {
		fprintf(stderr, "oracle_jinja VARS.json FOLDER: %s\n", err.msg);
		return 1;
	}
	while ((n = getline(&line, &size, stdin)) > 0) {
		struct arena a = {0};
		const struct value *request;
		t.arena = &a;
		if (json_parse(&a, "stdin", (struct slice){line, (size_t)n}, &request, &err) < 0)
			return 1;
		answer(&t, request);
		arena_release(&a);
	}
	free(line);
	strbuf_release(&text);
	template_env_free(t.env);
	arena_release(&vars);
	return 0;
}
