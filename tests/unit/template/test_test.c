/* Tests ("is …") and lookups. Expected texts are repr() of what ansible-core 2.14's Jinja2 gives. */
#include "test.h"
#include "fixture.h"

static const struct fixture_case is_tests_cases[] = {
	{"nope is defined", "False"},
	{"nope.x is defined", "False"},
	{"d.x is defined", "True"},
	{"d.q is defined", "False"},
	{"nope is not defined", "True"},
	{"'1.2.3' is version('1.2.10', '<')", "True"},
	{"ver is version('1.9', '>=')", "True"},
	{"'1.2' is version('1.2.0', '==')", "False"},
	{"'1.10' is version('1.9', 'gt')", "True"},
	{"'1.0.0-rc1' is version('1.0.0', '<', version_type='semver')", "True"},
	{"'1.0.0-alpha.1' is version('1.0.0-alpha.beta', '<', version_type='semver')", "True"},
	{"'2.0a1' is version('2.0', '<', strict=true)", "True"},
	{"'v1.28.3' is version('v1.28.10', '<')", "True"},
	{"'22.04' is version('20.04', '>')", "True"},
	{"'foo' is match('f')", "True"},
	{"'foo' is match('o')", "False"},
	{"'foo' is search('o')", "True"},
	{"'foo' is regex('^fo+$')", "True"},
	{"'FOO' is match('foo', ignorecase=true)", "True"},
	{"[1,2] is subset([1,2,3])", "True"},
	{"[1,2,3] is superset([1])", "True"},
	{"[1,2] is contains(2)", "True"},
	{"[true,false] is any", "True"},
	{"[true,false] is all", "False"},
	{"[] is all", "True"},
	{"[] is any", "False"},
	{"res is changed", "True"},
	{"res is failed", "False"},
	{"res is succeeded", "True"},
	{"res is success", "True"},
	{"res is skipped", "False"},
	{"skip is skipped", "True"},
	{"skip is not skipped", "False"},
	{"{'results': [{'changed': true}]} is changed", "True"},
	{"{} is changed", "False"},
	{"{} is failed", "False"},
	{"'yes' is truthy", "True"},
	{"'no' is truthy(convert_bool=true)", "False"},
	{"'' is falsy", "True"},
	{"1 is integer", "True"},
	{"1.0 is float", "True"},
	{"true is integer", "False"},
	{"true is number", "True"},
	{"1 is number", "True"},
	{"true is boolean", "True"},
	{"'a' is string", "True"},
	{"l is iterable", "True"},
	{"l is sequence", "True"},
	{"d is mapping", "True"},
	{"l is mapping", "False"},
	{"none is none", "True"},
	{"1 is odd", "True"},
	{"2 is even", "True"},
	{"4 is divisibleby 2", "True"},
	{"4 is divisibleby(3)", "False"},
	{"'a' is lower", "True"},
	{"'A' is upper", "True"},
	{"1 is eq 1", "True"},
	{"1 is lt 2", "True"},
	{"1 is in [1,2]", "True"},
	{"range is callable", "True"},
	{"1 is sameas 1", "True"},
	{"true is true", "True"},
	{"true is false", "False"},
	{"'/etc' is directory", "True"},
	{"'/etc/passwd' is file", "True"},
	{"'/nope' is exists", "False"},
	{"'/etc' is abs", "True"},
	{"'etc' is abs", "False"},
	{"'list' is filter", "True"},
	{"'defined' is test", "True"},
	{"'abc' is string and 'abc'[1] == 'b'", "True"},
	{"(1 if false) is defined", "False"},
	{"s is defined and s", "'Hello World'"},
	{"'a' if nope is defined else 'b'", "'b'"},
	{"not a is defined", "False"},
	{"a is defined and not f", "True"},
	{"a is not none", "True"},
};
static void is_tests(void **state)
{
	(void)state;
	fixture_check(EVAL, is_tests_cases, ARRAY_LEN(is_tests_cases));
}

static const struct fixture_case lookups_cases[] = {
	{"lookup('env', 'NOPE_X')", "''"},
	{"lookup('vars', 's')", "'Hello World'"},
	{"lookup('vars', 'nope', default='dd')", "'dd'"},
	{"query('sequence', 'start=1 end=5')", "['1', '2', '3', '4', '5']"},
	{"query('sequence', '5')", "['1', '2', '3', '4', '5']"},
	{"query('sequence', '2-10/3:host%02d')", "['host02', 'host05', 'host08']"},
	{"query('items', [1, [2, 3]], 4)", "[1, [2, 3], 4]"},
	{"query('list', [1, 2], 3)", "[[1, 2], 3]"},
	{"query('dict', {'a': 1})", "[{'key': 'a', 'value': 1}]"},
	{"query('nested', [1,2], ['a','b'])", "[[1, 'a'], [1, 'b'], [2, 'a'], [2, 'b']]"},
	{"query('together', [1,2], ['a'])", "[[1, 'a'], [2, None]]"},
	{"query('indexed_items', ['a','b'])", "[(0, 'a'), (1, 'b')]"},
	{"query('subelements', hosts, 'tags')",
	 "[({'name': 'm1', 'ip': '10.0.0.1', 'port': 80, 'up': True}, 'a'), ({'name': 'm1', 'ip': "
	 "'10.0.0.1', 'port': 80, 'up': True}, 'b'), ({'name': 'w2', 'ip': '10.0.0.2', 'port': "
	 "443, 'up': False}, 'b')]"},
	{"query('first_found', {'files': ['nope', 'hostname'], 'paths': ['/opt', '/etc']})",
	 "['/etc/hostname']"},
	{"lookup('dict', {'a': 1})", "{'key': 'a', 'value': 1}"},
	{"lookup('items', [1])", "1"},
	{"lookup('items', ['a', 'b'])", "'a,b'"},
};
static void lookups(void **state)
{
	(void)state;
	fixture_check(EVAL, lookups_cases, ARRAY_LEN(lookups_cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_tests),
		cmocka_unit_test(lookups),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
