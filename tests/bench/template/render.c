/* bench_template VARS.json TEMPLATE TIMES [show]: renders, and prints the seconds of
 * processor time. */
#include "rollout/base/file.h"
#include "rollout/template/template.h"
#include "rollout/value/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int get(void *self, struct slice name, const struct value **ret, struct err *err)
{
	(void)err;
	*ret = value_get_slice(self, name);
	return 0;
}

static void each_name(void *self, void (*fn)(void *ctx, struct slice name), void *ctx)
{
	(void)self, (void)fn, (void)ctx;
}

static const struct template_scope_ops ops = {get, each_name};

static int render(struct template_env *env, const struct template_scope *scope, struct slice text,
		  long times, bool show)
{
	struct err err = {0};
	clock_t start = clock();
	for (long i = 0; i < times; i++) {
		CLEANUP(strbuf_release) struct strbuf out = {0};
		if (template_text(env, scope, text, "template", NULL, &out, &err) < 0) {
			fprintf(stderr, "%s\n", err.msg);
			return 1;
		}
		if (show && i == 0)
			fprintf(stderr, "%s", out.ptr);
	}
	printf("%.6f\n", (double)(clock() - start) / CLOCKS_PER_SEC);
	return 0;
}

int main(int argc, char **argv)
{
	struct arena a = {0};
	struct strbuf json = {0}, text = {0};
	struct err err = {0};
	const struct value *vars;
	if (argc < 4 || file_read(argv[1], 1u << 20, &json, &err) < 0 ||
	    json_parse(&a, argv[1], strbuf_slice(&json), &vars, &err) < 0 ||
	    file_read(argv[2], 1u << 20, &text, &err) < 0) {
		fprintf(stderr, "bench_template VARS.json TEMPLATE TIMES: %s\n", err.msg);
		return 1;
	}
	struct template_scope scope = {&ops, (void *)vars, NULL};
	struct template_env *env = template_env_new();
	int r = render(env, &scope, strbuf_slice(&text), strtol(argv[3], NULL, 10), argc > 4);
	template_env_free(env);
	strbuf_release(&json);
	strbuf_release(&text);
	arena_release(&a);
	return r;
}
