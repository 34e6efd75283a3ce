/* Text of playbooks that becomes a list, a dict or a bool. */
#include "fixture.h"
#include "test.h"

static const struct fixture_case cases[] = {
	{"[{% for x in l %}{{ x }},{% endfor %}]", "[3, 1, 2]"},
	{"[{% for x in ls %}'{{ x }}',{% endfor %}]", "['b', 'A', 'c']"},
	{"[{% for x in ls %}{{ x }},{% endfor %}]", "'[b,A,c,]'"},
	{"{{ jsn }}", "{'a': [1, 2, {'b': None}], 'root_token': 'hvs.x'}"},
	{"{{ '[true, null]' }}", "[True, None]"},
	{"{{ 'True' }}", "True"},
	{"{{ 'true' }}", "'true'"},
	{"{{ d.y | to_json }}", "'{\"z\": [10, 20, 30]}'"},
	{"{{ l | string }}", "'[3, 1, 2]'"},
	{"{{ d.y | to_json ~ '' }}", "{'z': [10, 20, 30]}"},
	{"{{ none }}", "''"},
	{"{{ n }}", "None"},
	{"{{ '[1, (2,), ()]' }}", "[1, (2,), ()]"},
	{"{{ \"['it' 's', u'x', r'\\\\n']\" }}", "['its', 'x', '\\\\\\\\n']"},
	{"{{ '[1_000, 0x1f, 0o17, 0b11, -1.5e3, .5, 1.]' }}",
	 "[1000, 31, 15, 3, -1500.0, 0.5, 1.0]"},
	{"{{ '[01]' }}", "'[01]'"},
	{"{{ '[1 + 1]' }}", "'[1 + 1]'"},
	{"{{ '[(,)]' }}", "'[(,)]'"},
	{"{{ '[nope]' }}", "'[nope]'"},
	{"{{ '[1' }}", "'[1'"},
	{"{{ '{1: 2, \"a\": {}}' }}", "{1: 2, 'a': {}}"},
	{"{{ '{[]: 1}' }}", "'{[]: 1}'"},
	{"{{ '[1] # one' }}", "[1]"},
	{"{% raw %}[1, 2]{% endraw %}", "[1, 2]"},
	{"{{ '[' * 400 }}{{ ']' * 400 }}", "'[[[["},
};

/* Too deep is no list, and text from a file stays text. */
static void literals(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f, NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *got = fixture_run(&f, RENDER, cases[i].text), *want = cases[i].expected;
		bool head = !strcmp(want, "'[[[[");
		if (head ? strncmp(got, want, strlen(want)) != 0 : strcmp(got, want) != 0)
			fail_msg("%s\n  expected %s\n  got      %s", cases[i].text, want, got);
	}
	assert_string_equal(fixture_run(&f, TEXT, "[{{ a }}]"), "'[1]'");
	fixture_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(literals)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
