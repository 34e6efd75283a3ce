/* Templates that extend others, and loops that are left early. Expected texts
 * are repr() of what Jinja2 gives. */
#include "fixture.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[300];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *out = fopen(path, "we");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static const struct fixture_case cases[] = {
	{"{% extends 'base' %}", "'[b:base][i:3i:1i:2]'"},
	{"{% extends 'base' %}{% block a1 %}child{% endblock %}not written",
	 "'[child][i:3i:1i:2]'"},
	{"{% extends 'base' %}{% block a1 %}{{ super() }}+{% endblock %}",
	 "'[b:base+][i:3i:1i:2]'"},
	{"{% extends 'base' %}{% block item %}<{{ x }}>{% endblock %}", "'[b:base][<3><1><2>]'"},
	{"{% extends 'mid' %}{% block a1 %}c({{ super() }}){% endblock %}",
	 "'[c(m(b:base))][i:3i:1i:2]'"},
	{"{% extends 'mid' %}{% block a1 %}{{ super.super() }}{% endblock %}",
	 "'[b:base][i:3i:1i:2]'"},
	{"{% set v = 'v' %}{% extends 'base' %}{% block a1 %}{{ v }}{% endblock %}",
	 "'[v][i:3i:1i:2]'"},
	{"before {% extends 'base' %}{{ nope }}{% block a1 %}{% endblock %}",
	 "'before [][i:3i:1i:2]'"},
	{"{% if f %}{% extends 'base' %}{% endif %}{% block a1 %}own{% endblock %}", "'own'"},
	{"{% block t1 %}T{% endblock %}{{ self.t1() }}", "'TT'"},
	{"{% for x in l %}{% block b1 %}{{ x | default('-') }}{% endblock %}{% endfor %}", "'---'"},
	{"{% block b1 %}{{ super() }}{% endblock %}", "ERROR there is no parent block"},
	{"{% extends 'base' %}{% extends 'base' %}", "ERROR the template extends two others"},
	{"{% extends 'nope' %}", "ERROR t:1:4: file 'nope' was not found"},
	{"{% extends 'self' %}", "ERROR does it extend itself?"},
	{"{% extends 'needs' %}", "ERROR the block 'must' is required and not there"},
	{"{% extends 'needs' %}{% block must %}is{% endblock %}", "'is'"},
	{"{% block a1 %}{% endblock %}{% block a1 %}{% endblock %}", "ERROR is there twice"},
	{"{% block a1 %}{% endblock b1 %}", "ERROR the block that ends here is 'a1'"},
	{"{% for i in big %}{% if i > 3 %}{% break %}{% endif %}{{ i }}{% endfor %}.", "'123.'"},
	{"{% for i in l %}{% if i == 1 %}{% continue %}{% endif %}{{ i }}{% endfor %}.", "'32.'"},
	{"{% for i in l %}{% for k in l %}{% break %}{% endfor %}{{ i }}{% endfor %}", "'312'"},
	{"{% for i in l %}{% set x %}{% break %}{% endset %}{{ i }}{% endfor %}.", "'.'"},
	{"{% for i in l %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}",
	 "ERROR 'break' belongs into a loop"},
	{"{% continue %}", "ERROR t:1:4: 'continue' belongs into a loop"},
	{"{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}", "ERROR takes at most 1 arguments"},
	{"{% macro m(a) %}{{ a }}{% endmacro %}{{ m(b=2) }}", "ERROR has no parameter 'b'"},
	{"{% set x = 1 %}{% import 'mod' as m with context %}{{ m.f() }}", "'1'"},
	{"{% set x = 1 %}{% import 'mod' as m %}{{ m.f() }}", "'-'"},
	{"{% set x = 1 %}{% include 'reads' %}{% include 'reads' without context %}", "'1-'"},
	{"{% import 'mod' as m %}{{ m._own is defined }}", "'False'"},
	{"{% from 'mod' import _own %}", "ERROR an underscore"},
	{"{% with a, b = [1, 2] %}{{ a }}{{ b }}{% endwith %}", "'12'"},
	{"{% print a, s %}", "'1Hello World'"},
};

static void inheritance(void **state)
{
	(void)state;
	struct fixture f;
	char dir[] = "/tmp/rollout-inherit-XXXXXX", command[300];
	assert_non_null(mkdtemp(dir));
	const char *const dirs[] = {dir, NULL};
	fixture_init(&f, NULL);
	f.scope.search_dirs = dirs;
	write_file(dir, "base",
		   "[{% block a1 %}b:base{% endblock %}][{% for x in l %}{% block item scoped "
		   "%}i:{{ x }}{% endblock %}{% endfor %}]");
	write_file(dir, "mid", "{% extends 'base' %}{% block a1 %}m({{ super() }}){% endblock %}");
	write_file(dir, "self", "{% extends 'self' %}");
	write_file(dir, "needs", "{% block must required %}{% endblock %}");
	write_file(dir, "reads", "{{ x | default('-') }}");
	write_file(dir, "mod",
		   "{% set _own = 1 %}{% macro f() %}{{ x | default('-') }}{% endmacro %}");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *got = fixture_run(&f, TEXT, cases[i].text), *want = cases[i].expected;
		bool error = !strncmp(want, "ERROR ", 6);
		if (error ? strncmp(got, "ERROR ", 6) || !strstr(got, want + 6) : strcmp(got, want))
			fail_msg("%s\n  expected %s\n  got      %s", cases[i].text, want, got);
	}
	fixture_release(&f);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(inheritance)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
