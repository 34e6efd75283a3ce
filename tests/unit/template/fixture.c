#include "fixture.h"

#include "rollout/value/yaml.h"

#include "test.h"

#include <stdio.h>
#include <stdlib.h>

const char fixture_vars[] =
	"{"
	"\"a\": 1,"
	"\"b\": 2.5,"
	"\"s\": \"Hello World\","
	"\"e\": \"\","
	"\"n\": null,"
	"\"t\": true,"
	"\"f\": false,"
	"\"l\": [3, 1, 2],"
	"\"ls\": [\"b\", \"A\", \"c\"],"
	"\"d\": {\"x\": 1, \"y\": {\"z\": [10, 20, 30]}, \"keys\": \"k\"},"
	"\"hosts\": [{\"name\": \"m1\", \"ip\": \"10.0.0.1\", \"port\": 80, \"up\": true, \"ta"
	"gs\": [\"a\", \"b\"]}, {\"name\": \"w2\", \"ip\": \"10.0.0.2\", \"port\": 443, \"up\": "
	"false, \"tags\": [\"b\"]}, {\"name\": \"w1\", \"ip\": \"10.0.0.3\", \"port\": 80, \"u"
	"p\": true, \"tags\": []}],"
	"\"nested\": [[1, [2, 3]], [4, [5, [6, null]]]],"
	"\"path\": \"/etc/ansible/hosts.d/file.tar.gz\","
	"\"u\": \"http://user:pw@www.Example.com:9000/dir/index.html?query=term#fr"
	"ag\","
	"\"text\": \"line one\\nline two\\n\\nline four\\n\","
	"\"res\": {\"changed\": true, \"failed\": false, \"rc\": 0, \"stdout\": \"10\\n\", \""
	"stdout_lines\": [\"a\", \"b\", \"c\", \"d\"], \"results\": [{\"item\": {\"name\": \"x\""
	"}, \"changed\": true}, {\"item\": {\"name\": \"y\"}, \"changed\": false}]},"
	"\"skip\": {\"skipped\": true, \"changed\": false},"
	"\"ver\": \"1.10.3\","
	"\"uni\": \"Größe → ñandú\","
	"\"jsn\": \"{\\\"a\\\": [1, 2, {\\\"b\\\": null}], \\\"root_token\\\": \\\"hvs.x\\\"}\","
	"\"tpl\": \"{{ s }}!\","
	"\"big\": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],"
	"\"mixed\": [1, \"a\", 2.5, true, null]"
	"}";

static int get(void *self, struct slice name, const struct value **ret, struct err *err)
{
	struct fixture *f = self;
	const struct value *v = value_get_slice(f->vars, name);
	*ret = NULL;
	if (!v)
		return 0;
	if (f->depth > 20)
		return err_set(err, ERR_LIMIT, "a variable that uses itself");
	f->depth++;
	int r = template_render(f->env, &f->scope, &f->arena, v, ret, err);
	f->depth--;
	return r;
}

static void each_name(void *self, void (*fn)(void *ctx, struct slice name), void *ctx)
{
	const struct fixture *f = self;
	for (size_t i = 0; i < f->vars->dict.len; i++)
		fn(ctx, f->vars->dict.at[i].key->str);
}

static const struct template_scope_ops ops = {get, each_name};

void fixture_init(struct fixture *f, const char *vars)
{
	struct err err = {0};
	*f = (struct fixture){0};
	f->env = template_env_new();
	if (yaml_parse(&f->arena, "vars", slice_from(vars ? vars : fixture_vars), &f->vars, &err) <
	    0)
		fail_msg("%s", err.msg);
	f->scope.ops = &ops;
	f->scope.self = f;
}

void fixture_release(struct fixture *f)
{
	template_env_free(f->env);
	arena_release(&f->arena);
}

static int run(struct fixture *f, enum fixture_mode mode, const char *text,
	       const struct value **ret, struct err *err)
{
	struct srcloc at = {srcfile_intern("t"), 1, 1};
	struct value *v = value_cstr(&f->arena, text);
	CLEANUP(strbuf_release) struct strbuf out = {0};
	bool is = false;
	int r;
	v->at = at;
	switch (mode) {
	case EVAL:
		return template_eval(f->env, &f->scope, &f->arena, v->str, at, ret, err);
	case RENDER:
		return template_render(f->env, &f->scope, &f->arena, v, ret, err);
	case CONDITION:
		r = template_condition(f->env, &f->scope, v, &is, err);
		*ret = value_bool(is);
		return r;
	default:
		r = template_text(f->env, &f->scope, v->str, "t", NULL, &out, err);
		*ret = value_str(&f->arena, strbuf_slice(&out));
		return r;
	}
}

const char *fixture_run(struct fixture *f, enum fixture_mode mode, const char *text)
{
	const struct value *v = NULL;
	struct err err = {0};
	char buf[sizeof(err.msg) + 200];
	CLEANUP(strbuf_release) struct strbuf b = {0};
	if (run(f, mode, text, &v, &err) < 0)
		return arena_printf(&f->arena, "ERROR %s", err_format(&err, buf, sizeof(buf)));
	value_repr(&b, v);
	return arena_strndup(&f->arena, b.ptr, b.len);
}

void fixture_check(enum fixture_mode mode, const struct fixture_case *cases, size_t n)
{
	struct fixture f;
	unsigned failed = 0;
	fixture_init(&f, NULL);
	for (size_t i = 0; i < n; i++) {
		const char *got = fixture_run(&f, mode, cases[i].text), *want = cases[i].expected;
		bool error = !strncmp(want, "ERROR ", 6);
		if (error ? !strncmp(got, "ERROR ", 6) && strstr(got, want + 6)
			  : !strcmp(got, want))
			continue;
		print_error("%s\n  expected %s\n  got      %s\n", cases[i].text, want, got);
		failed++;
	}
	fixture_release(&f);
	assert_int_equal(failed, 0);
}
