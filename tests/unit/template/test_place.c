/* Where errors are: in template files, in YAML scalars of every style, nested. */
#include "fixture.h"

#include "rollout/base/file.h"
#include "rollout/value/yaml.h"

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The error of checking or rendering each string of a YAML file, "line:column: message". */
static const char *error_in(struct fixture *f, const char *yaml, bool check)
{
	char path[] = "/tmp/rollout-place-XXXXXX";
	struct err err = {0};
	const struct value *v = NULL, *out;
	CLEANUP(fd_close) int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, yaml, strlen(yaml), &err), 0);
	assert_int_equal(yaml_load(&f->arena, path, &v, &err), 0);
	int r = check ? template_check(f->env, v, &err)
		      : template_render(f->env, &f->scope, &f->arena, v, &out, &err);
	unlink(path);
	if (r == 0)
		return "none";
	assert_string_equal(err.at.file, path);
	return arena_printf(&f->arena, "%u:%u: %s", err.at.line, err.at.column, err.msg);
}

static void yaml_scalars(void **state)
{
	(void)state;
	static const struct fixture_case cases[] = {
		{"x: a {{ nope }}", "1:9: 'nope' is undefined"},
		{"x: \"{{ nope }}\"", "1:8: 'nope' is undefined"},
		{"x: '{{ nope }}'", "1:8: 'nope' is undefined"},
		{"x: 'it''s {{ nope }}'", "1:14: 'nope' is undefined"},
		{"x: \"a\\tb\\u00e9 {{ nope }}\"", "1:19: 'nope' is undefined"},
		{"- x:\n    y: [1, '{{ nope }}']", "2:16: 'nope' is undefined"},
		{"x: |\n  one\n  two {{ nope }}\n", "3:10: 'nope' is undefined"},
		{"x: |-\n\n    one\n      two {{ nope }}\n", "4:14: 'nope' is undefined"},
		{"x: >\n  one\n  two {{ nope }}\n", "3:10: 'nope' is undefined"},
		{"x: >-\n  one\n\n  two {{ nope }}\n", "4:10: 'nope' is undefined"},
		{"x: one\n  two {{ nope }}\n", "2:10: 'nope' is undefined"},
		{"x: 'one\n\n  two {{ nope }}'\n", "3:10: 'nope' is undefined"},
		{"x: \"one \\\n  two {{ nope }}\"\n", "2:10: 'nope' is undefined"},
		{"x: &a \"{{ nope }}\"\n", "1:11: 'nope' is undefined"},
		{"é: \"ü {{ nope }}\"\n", "1:10: 'nope' is undefined"},
		{"x: '{{ s | uper }}'", "1:12: there is no filter 'uper'; did you mean 'upper'?"},
		{"x: '{{ d.xx }}'", "1:10: d: 'dict' has no key 'xx'; did you mean 'x'?"},
	};
	struct fixture f;
	fixture_init(&f, NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(error_in(&f, cases[i].text, false), cases[i].expected);
	fixture_release(&f);
}

static void checks(void **state)
{
	(void)state;
	static const struct fixture_case cases[] = {
		{"x: '{{ s | upper }}'", "none"},
		{"x: '{{ nope }}'", "none"},
		{"x: !unsafe '{{ s | uper }}'", "none"},
		{"x: ['{{ s | uper }}']", "1:13: there is no filter 'uper'; did you mean 'upper'?"},
		{"'{{ s | uper }}': x", "1:9: there is no filter 'uper'; did you mean 'upper'?"},
		{"x: '{{ s is strin }}'", "1:13: there is no test 'strin'; did you mean 'string'?"},
		{"x: \"{{ lookup('fille', 'x') }}\"",
		 "1:15: there is no lookup 'fille'; did you mean 'file'?"},
		{"x: \"{{ l | map('uper') }}\"",
		 "1:16: there is no filter 'uper'; did you mean 'upper'?"},
		{"x: \"{{ l | select('evn') }}\"",
		 "1:19: there is no test 'evn'; did you mean 'even'?"},
		{"x: \"{{ l | selectattr('a', 'evn') }}\"",
		 "1:28: there is no test 'evn'; did you mean 'even'?"},
		{"x: '{{ s | upper(1) }}'",
		 "1:12: the filter 'upper' takes at most 0 arguments, got 1"},
		{"x: '{{ s | replace(1) }}'",
		 "1:12: the filter 'replace' needs at least 2 arguments"},
		{"x: '{{ s | replace(*l) }}'", "none"},
		{"x: '{{ s | indent(widht=2) }}'",
		 "1:19: the filter 'indent' has no argument 'widht'"},
		{"x: '{{ s | ansible.builtin.basename }}'", "none"},
		{"x: '{{ s | foo.bar.basename }}'", "1:12: there is no filter 'foo.bar.basename'"},
		{"x: '{{ s | failed }}'", "1:12: 'failed' is a test, no filter: 'is failed'"},
		{"x: '{% if a %}'", "1:5: the block is not closed with {% endif %}"},
		{"x: '{{ a + }}'", "1:12: expected an expression, got the end of the tag"},
	};
	struct fixture f;
	fixture_init(&f, NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(error_in(&f, cases[i].text, true), cases[i].expected);
	fixture_release(&f);
}

static void template_files(void **state)
{
	(void)state;
	static const struct fixture_case cases[] = {
		{"one\ntwo {{ nope }}", "ERROR t:2:8: 'nope' is undefined"},
		{"#jinja2: lstrip_blocks: True\ntwo {{ nope }}",
		 "ERROR t:2:8: 'nope' is undefined"},
		{"#jinja2: foo: True\n", "ERROR t:1:1: #jinja2: there is no option 'foo'"},
		{"{% for h in hosts %}\n{{ h.nme }}\n{% endfor %}",
		 "ERROR t:2:6: h: 'dict' has no key 'nme'; did you mean 'name'?"},
		{"{% macro m(x) %}\n{{ x.y }}\n{% endmacro %}\n{{ m(1) }}",
		 "ERROR t:2:6: x: 'int' has no attribute 'y'"},
		{"\n{{ hosts[7] }}", "ERROR t:2:9: hosts: 'list' has no element 7"},
		{"\n{{ hsts }}", "ERROR t:2:4: 'hsts' is undefined; did you mean 'hosts'?"},
		{"\n{{ 1 +\n  'a' }}", "ERROR t:2:4: '+' does not work between 'int' and 'str'"},
	};
	fixture_check(TEXT, cases, ARRAY_LEN(cases));
}

/* The place of what is undefined inside a variable is the variable's, not its
 * user's. (There is no file "vars", so the quote is not seen.) */
static void nested_variables(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f, "a: '{{ b }}'\nb: 'x{{ nope }}'\nc: '{{ c }}'\n");
	assert_string_equal(fixture_run(&f, EVAL, "a"), "ERROR vars:2:8: 'nope' is undefined");
	assert_string_equal(fixture_run(&f, EVAL, "a is defined"), "False");
	assert_string_equal(fixture_run(&f, EVAL, "a | default('d')"), "'d'");
	assert_non_null(strstr(fixture_run(&f, EVAL, "c"), "uses itself"));
	fixture_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(yaml_scalars),
		cmocka_unit_test(checks),
		cmocka_unit_test(template_files),
		cmocka_unit_test(nested_variables),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
