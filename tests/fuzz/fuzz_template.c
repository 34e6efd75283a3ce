/* Any bytes as a template: the first byte chooses how it is read. */
#include "rollout/template/template.h"
#include "rollout/value/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char vars_text[] = "{\"a\": 1, \"b\": 2.5, \"s\": \"Hello World\", \"e\": \"\", "
				"\"n\": null, \"t\": true, \"l\": [3, 1, 2],"
				" \"d\": {\"x\": 1, \"y\": {\"z\": [10, 20]}}, \"h\": [{\"name\": "
				"\"m1\", \"port\": 80}, {\"name\": \"w2\"}]}";

static int get(void *self, struct slice name, const struct value **ret, struct err *err)
{
	(void)err;
	*ret = value_get_slice(self, name);
	return 0;
}

static void each_name(void *self, void (*fn)(void *ctx, struct slice name), void *ctx)
{
	const struct value *vars = self;
	for (size_t i = 0; i < vars->dict.len; i++)
		fn(ctx, vars->dict.at[i].key->str);
}

static void ignore_name(void *ctx, const struct template_use *use)
{
	(void)ctx;
	(void)template_use_place(use);
}

static void run(struct template_env *env, const struct template_scope *scope, struct arena *a,
		unsigned mode, struct slice text)
{
	struct err err = {0};
	struct strbuf out = {0};
	char message[sizeof(err.msg) + 200];
	const struct value *v = value_str(a, text), *result;
	int r = 0;
	bool is;
	switch (mode % 4) {
	case 0:
		r = template_check(env, v, &err);
		r = r < 0 ? r : template_render(env, scope, a, v, &result, &err);
		if (r == 0)
			value_repr(&out, result);
		break;
	case 1:
		r = template_text(env, scope, text, "fuzz", NULL, &out, &err);
		break;
	case 2:
		r = template_eval(env, scope, a, text, (struct srcloc){"fuzz", 1, 1}, &result,
				  &err);
		break;
	default:
		r = template_condition(env, scope, v, &is, &err);
	}
	if (r < 0)
		err_format(&err, message, sizeof(message));
	template_each_name(env, v, mode & 4, ignore_name, NULL);
	strbuf_release(&out);
}

/* Nothing that runs commands or reads files. */
static bool is_harmless(struct slice s)
{
	static const char *const words[] = {"pipe",  "lines",	"file",	 "template",
					    "found", "include", "import"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (memmem(s.ptr, s.len, words[i], strlen(words[i])))
			return false;
	/* A parent is a file; without a path there is none of the name. */
	if (memmem(s.ptr, s.len, "extends", 7) && memchr(s.ptr, '/', s.len))
		return false;
	/* A name put together at run time. */
	return !memmem(s.ptr, s.len, "lookup", 6) && !memmem(s.ptr, s.len, "query", 5) &&
	       !memmem(s.ptr, s.len, "q(", 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct template_scope_ops ops = {get, each_name};
	struct arena a = {0};
	const struct value *vars;
	if (size < 1 || json_parse(&a, NULL, SLICE_LIT(vars_text), &vars, NULL) < 0)
		return 0;
	struct slice text = {(const char *)data + 1, size - 1};
	struct template_scope scope = {&ops, (void *)vars, NULL};
	struct template_env *env = template_env_new();
	template_env_limit(env, 200000, (size_t)64 << 20);
	if (is_harmless(text))
		run(env, &scope, &a, data[0], text);
	template_env_free(env);
	arena_release(&a);
	return 0;
}
