/* What evaluation does with the values it is given: unknown, secret, unsafe, shared ones; names; files. */
#include "fixture.h"

#include "rollout/template/object.h"

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	fixture_init(&f, "{plain: p, l: [1, 2], creds: {user: u, password: w}, host_text: '{{ "
			 "plain }}', tpl: '{{ plain }}!', "
			 "says: \"plain == 'p'\"}");
	struct value *vars = (struct value *)f.vars;
	struct value *res = value_dict_new(&f.arena);
	value_dict_put(&f.arena, vars, "pending",
		       value_unknown(&f.arena, ERR_PENDING, "the result of task 'x'"));
	value_dict_put(&f.arena, res, "rc", value_unknown(&f.arena, ERR_UNKNOWN, "the exit code"));
	value_dict_put(&f.arena, res, "ok", value_bool(true));
	value_dict_put(&f.arena, vars, "res", res);
	((struct value *)value_get(value_get(vars, "creds"), "password"))->flags |= VALUE_SECRET;
	((struct value *)value_get(vars, "host_text"))->flags |= VALUE_UNSAFE;
	return 0;
}
static int teardown(void **state)
{
	(void)state;
	fixture_release(&f);
	return 0;
}

static const struct value *render(const char *text)
{
	const struct value *v = NULL;
	struct err err = {0};
	if (template_render(f.env, &f.scope, &f.arena, value_cstr(&f.arena, text), &v, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return v;
}

static int render_code(const char *text, struct err *err)
{
	const struct value *v;
	return template_render(f.env, &f.scope, &f.arena, value_cstr(&f.arena, text), &v, err);
}

static void unknown_values(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int code;
	} cases[] = {
		{"{{ pending }}", 0},
		{"{{ pending | default('x') }}", 0},
		{"{{ pending is defined }}", 0},
		{"{{ [pending] }}", 0},
		{"{{ {'a': pending}.a }}", 0},
		{"{{ pending if true else 1 }}", 0},
		{"{{ res }}", 0},
		{"{{ res.ok }}", 0},
		{"{{ res.rc }}", 0},
		{"{% if true %}{{ pending }}{% endif %}", 0},
		{"x {{ pending }}", ERR_PENDING},
		{"{{ pending }} x", ERR_PENDING},
		{"{{ pending.stdout }}", ERR_PENDING},
		{"{{ pending.stdout is defined }}", ERR_PENDING},
		{"{{ pending.stdout | default('') }}", ERR_PENDING},
		{"{{ pending | length }}", ERR_PENDING},
		{"{{ pending == 1 }}", ERR_PENDING},
		{"{{ 1 if pending else 2 }}", ERR_PENDING},
		{"{{ pending is changed }}", ERR_PENDING},
		{"{{ pending ~ '' }}", ERR_PENDING},
		{"{% for x in pending %}{% endfor %}", ERR_PENDING},
		{"{{ res.rc == 0 }}", ERR_UNKNOWN},
		{"{{ res | to_json }}", ERR_UNKNOWN},
		{"{{ res }} text", ERR_UNKNOWN},
		{"{{ [res] == [1] }}", 0},
		{"{{ lookup('vars', 'pending') | int }}", ERR_PENDING},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = {0};
		int r = render_code(cases[i].text, &err);
		if (r != cases[i].code)
			fail_msg("%s: %d (%s)", cases[i].text, r, err.msg);
		if (r == ERR_PENDING)
			assert_non_null(strstr(err.msg, "the result of task 'x'"));
	}
}

static void secret_values(void **state)
{
	(void)state;
	static const char *const secret[] = {
		"{{ creds.password }}",
		"x{{ creds.password }}",
		"{{ creds.password | upper }}",
		"{{ creds | to_json }}",
		"{{ creds.password ~ 'x' }}",
		"{{ [creds.password] | join }}",
		"{{ creds.password | length }}",
		"{% set x = creds.password %}{{ x[0] }}y",
		"{{ creds.values() | list | string }}",
		"{{ creds }}!",
		"{% if creds.password %}a{% endif %}",
		"{{ 'a' if creds.password == 'w' else 'b' }}",
		"{{ {'k': creds.password}.k | b64encode }}",
	};
	static const char *const open[] = {"{{ creds.user }}", "{{ creds.user }}x",
					   "{{ creds.keys() | join }}", "{{ creds | length }}"};
	for (size_t i = 0; i < ARRAY_LEN(secret); i++)
		if (!(render(secret[i])->flags & VALUE_SECRET))
			fail_msg("%s is not secret", secret[i]);
	for (size_t i = 0; i < ARRAY_LEN(open); i++)
		if (render(open[i])->flags & VALUE_SECRET)
			fail_msg("%s is secret", open[i]);
	const struct value *d = render("{{ {'u': creds.user, 'p': creds.password} }}");
	assert_false(d->flags & VALUE_SECRET);
	assert_true(value_get(d, "p")->flags & VALUE_SECRET);
	assert_false(value_get(d, "u")->flags & VALUE_SECRET);
	struct err err = {0};
	assert_int_equal(render_code("{{ creds.password | from_json }}", &err), ERR_INVALID);
	assert_null(strstr(err.msg, "'w'"));
}

static void unsafe_values(void **state)
{
	(void)state;
	const struct value *v = render("{{ host_text }}");
	assert_string_equal(v->str.ptr, "{{ plain }}");
	assert_true(v->flags & VALUE_UNSAFE);
	v = render("<{{ host_text }}>");
	assert_string_equal(v->str.ptr, "<{{ plain }}>");
	assert_true(v->flags & VALUE_UNSAFE);
	assert_string_equal(render("{{ tpl }}")->str.ptr, "p!");
}

static void text_without_markup_is_not_copied(void **state)
{
	(void)state;
	const struct value *out, *v = value_cstr(&f.arena, "no markup { % here");
	struct value *list = value_list_new(&f.arena);
	value_list_push(&f.arena, list, v);
	assert_int_equal(template_render(f.env, &f.scope, &f.arena, v, &out, NULL), 0);
	assert_ptr_equal(out, v);
	assert_int_equal(template_render(f.env, &f.scope, &f.arena, list, &out, NULL), 0);
	assert_ptr_equal(out, list);
}

static void conditions_do_not_evaluate_host_text(void **state)
{
	(void)state;
	struct err err = {0};
	bool is;
	assert_int_equal(template_condition(f.env, &f.scope,
					    value_cstr(&f.arena, "{{ host_text }}"), &is, &err),
			 ERR_INVALID);
	assert_int_equal(
		template_condition(f.env, &f.scope, value_cstr(&f.arena, "{{ says }}"), &is, &err),
		0);
	assert_true(is);
}

/* What a template appends to is its own copy. */
static void variables_are_not_changed(void **state)
{
	(void)state;
	assert_string_equal(render("{% set _ = l.append(3) %}x{{ l }}")->str.ptr, "x[1, 2, 3]");
	assert_string_equal(render("x{{ l }}")->str.ptr, "x[1, 2]");
	assert_string_equal(
		render("{% for i in [1] %}{% set _ = l.append(i) %}{% endfor %}x{{ l }}")->str.ptr,
		"x[1, 2, 1]");
	struct err err = {0};
	assert_int_equal(render_code("{{ creds.user.x.append(1) }}", &err), ERR_UNDEFINED);
	assert_int_equal(render_code("{{ {'a': l}.a.append(1) }}", &err), ERR_INVALID);
	assert_int_equal(render_code("{% set x = [] %}{{ x.append(x) }}", &err), ERR_INVALID);
	assert_int_equal(render_code("{% set x = [] %}{% set y = [x] %}{{ x.append(y) }}", &err),
			 ERR_INVALID);
}

static void omitted(void **state)
{
	(void)state;
	assert_true(template_is_omit(render("{{ omit }}")));
	assert_true(template_is_omit(render("{{ nope | default(omit) }}")));
	assert_false(template_is_omit(render("{{ plain | default(omit) }}")));
}

static void collect(void *ctx, const struct template_use *use)
{
	struct strbuf *b = ctx;
	strbuf_printf(b, "%.*s ", SLICE_ARG(use->name));
}

static void names(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool expr;
		const char *names;
	} cases[] = {
		{"{{ a.b[c] | default(d) }}", false, "a c d "},
		{"no names", false, ""},
		{"a and b is defined or x.y", true, "a b x "},
		{"{% for i in l if i > m %}{{ i }}{{ loop.index }}{{ o }}{% endfor %}{{ i }}",
		 false, "l m o i "},
		{"{% set x = y %}{{ x }}", false, "y "},
		{"{{ x }}{% set x = 1 %}{{ x }}", false, "x "},
		{"{% macro m(p, q=r) %}{{ p }}{{ q }}{{ s }}{% endmacro %}{{ m(t) }}", false,
		 "r s t "},
		{"{% with a = b %}{{ a }}{% endwith %}{{ a }}", false, "b a "},
		{"{{ lookup('vars', 'v') }}", false, "lookup v "},
		{"{{ broken", false, ""},
		{"{% set ns.x = a %}", false, "a ns "},
		{"{% call(x) m(y) %}{{ x }}{% endcall %}", false, "m y "},
		{"{{ f(a, b=c, *d, **e) }}", false, "f d e a c "},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(strbuf_release) struct strbuf b = {0};
		template_each_name(f.env, value_cstr(&f.arena, cases[i].text), cases[i].expr,
				   collect, &b);
		assert_string_equal(text_of(&b), cases[i].names);
	}
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[300];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *out = fopen(path, "we");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void files(void **state)
{
	(void)state;
	static const struct fixture_case cases[] = {
		{"{% include 'inc.j2' %}|", "'inc p [nox]|'"},
		{"{% set x = 1 %}{% include 'inc.j2' %}|", "'inc p [1]|'"},
		{"{% for x in [1, 2] %}{% include 'inc.j2' %}{% endfor %}", "'inc p [1]inc p [2]'"},
		{"{% include 'nope.j2' ignore missing %}|", "'|'"},
		{"{% include ['nope.j2', 'inc.j2'] %}|", "'inc p [nox]|'"},
		{"{% include 'nope.j2' %}",
		 "ERROR t:1:4: file 'nope.j2' was not found in the search paths"},
		{"{% include 'bad.j2' %}", "/templates/bad.j2:2:4: 'nothing' is undefined"},
		{"{% include 'self.j2' %}", "nested too deeply"},
		{"{% import 'mac.j2' as m %}{{ m.f(1) }}{{ m.v }}", "'[1p]7'"},
		{"{% from 'mac.j2' import f as g, v %}{{ g(2) }}{{ v }}", "'[2p]7'"},
		{"{% from 'mac.j2' import nope %}{{ nope }}",
		 "the imported template does not define it"},
		{"{{ lookup('file', 'data.txt') }}", "'data {{ plain }}'"},
		{"{{ lookup('file', 'data.txt', rstrip=false) }}", "'data {{ plain }}\\n'"},
		{"{{ lookup('template', 'inc.j2') }}", "'inc p [nox]\\n'"},
		{"{{ lookup('template', 'inc.j2', template_vars={'x': 5}) }}", "'inc p [5]\\n'"},
		{"{{ lookup('first_found', ['nope', 'data.txt']) | basename }}", "'data.txt'"},
		{"{{ query('first_found', ['nope'], skip=true) }}", "'[]'"},
		{"{{ lookup('first_found', ['nope']) }}",
		 "ERROR t:1:4: first_found: none of the files exists"},
		{"{{ query('fileglob', '*.txt') | map('basename') | list }}", "\"['data.txt']\""},
		{"{{ lookup('pipe', 'echo hi') }}", "'hi'"},
		{"{{ lookup('pipe', 'exit 3') }}", "failed with status 3"},
		{"{{ lookup('pipe', 'cat files/data.txt; cat; yes | head -n 1') }}",
		 "'data {{ plain }}\\ny'"},
		{"{{ query('lines', 'cat files/data.txt') }}", "\"['data {{ plain }}']\""},
		{"{{ lookup('env', 'ROLLOUT_TEST_ENV') }}", "'env value'"},
		{"{{ lookup('url', 'file://' ~ lookup('first_found', ['two.lines'])) }}",
		 "'one,two'"},
		{"{{ query('url', 'file://' ~ lookup('first_found', ['two.lines'])) }}",
		 "\"['one', 'two']\""},
		{"{{ lookup('url', 'file://' ~ lookup('first_found', ['two.lines']), "
		 "split_lines=false) }}",
		 "'one\\ntwo\\n'"},
		{"{{ lookup('url', 'http://127.0.0.1:1/', timeout=2) }}",
		 "url http://127.0.0.1:1/: "},
		{"{{ lookup('url', 'gopher://127.0.0.1/') }}", "rotocol"},
		{"{{ lookup('url', 'http://127.0.0.1:1/', headers={'a': 'b\\nc: d'}) }}",
		 "header 'a' holds a line end"},
		{"{{ lookup('url', 'http://127.0.0.1:1/', timeout=0) }}",
		 "timeout is 1 to 3600 seconds"},
	};
	char dir[] = "/tmp/rollout-files-XXXXXX", sub[300];
	assert_non_null(mkdtemp(dir));
	const char *const dirs[] = {dir, NULL};
	snprintf(sub, sizeof(sub), "%s/templates", dir);
	assert_int_equal(mkdir(sub, 0700), 0);
	write_file(sub, "inc.j2", "inc {{ plain }} [{{ x | default('nox') }}]\n");
	write_file(sub, "bad.j2", "\n{{ nothing }}\n");
	write_file(sub, "self.j2", "{% include 'self.j2' %}");
	write_file(sub, "mac.j2",
		   "{% macro f(a) %}[{{ a }}{{ plain }}]{% endmacro %}\n{% set v = 7 %}");
	snprintf(sub, sizeof(sub), "%s/files", dir);
	assert_int_equal(mkdir(sub, 0700), 0);
	write_file(sub, "data.txt", "data {{ plain }}\n");
	write_file(sub, "two.lines", "one\ntwo\n");
	setenv("ROLLOUT_TEST_ENV", "env value", 1);
	f.scope.search_dirs = dirs;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *got = fixture_run(&f, TEXT, cases[i].text), *want = cases[i].expected;
		if (*want == '\'' || *want == '"' ? strcmp(got, want) : !strstr(got, want))
			fail_msg("%s: %s", cases[i].text, got);
	}
	snprintf(sub, sizeof(sub), "rm -r %s", dir);
	assert_int_equal(system(sub), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(unknown_values, setup, teardown),
		cmocka_unit_test_setup_teardown(secret_values, setup, teardown),
		cmocka_unit_test_setup_teardown(unsafe_values, setup, teardown),
		cmocka_unit_test_setup_teardown(text_without_markup_is_not_copied, setup, teardown),
		cmocka_unit_test_setup_teardown(conditions_do_not_evaluate_host_text, setup,
						teardown),
		cmocka_unit_test_setup_teardown(variables_are_not_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(omitted, setup, teardown),
		cmocka_unit_test_setup_teardown(names, setup, teardown),
		cmocka_unit_test_setup_teardown(files, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
