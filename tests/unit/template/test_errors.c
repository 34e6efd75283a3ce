/* What is refused, and what the message says. */
#include "fixture.h"
#include "test.h"

static const struct fixture_case expressions_cases[] = {
	{"d.nope", "ERROR d: 'dict' has no key 'nope'"},
	{"d.nope.more", "ERROR d: 'dict' has no key 'nope'"},
	{"nope", "ERROR 'nope' is undefined"},
	{"nope.x.y", "ERROR 'nope' is undefined"},
	{"[] | first", "ERROR there is no first item, the sequence is empty"},
	{"[] | max", "ERROR the sequence is empty"},
	{"'1.2' is version('1.x', '<')",
	 "ERROR version: '1.2' and '1.x' cannot be compared: '2' against 'x'"},
	{"'a' | extract(d)", "ERROR 'dict' has no key 'a'"},
	{"nope | mandatory", "ERROR a mandatory variable is not defined: 'nope' is undefined"},
	{"[nope]", "ERROR 'nope' is undefined"},
	{"{'a': nope}", "ERROR 'nope' is undefined"},
	{"lookup('vars', 'nope')", "ERROR 'nope' is undefined"},
	{"q('nope')", "ERROR there is no lookup 'nope'"},
	{"s | nope", "ERROR there is no filter 'nope'"},
	{"s is nope", "ERROR there is no test 'nope'; did you mean 'none'?"},
	{"l | sort(attribute='x')", "ERROR 'int' has no attribute 'x'"},
	{"[1, 'a'] | sort", "ERROR sort: 'int' and 'str' have no order"},
	{"1 + 'a'", "ERROR '+' does not work between 'int' and 'str'; '~' joins values as text"},
	{"'a' + 1", "ERROR '+' does not work between 'str' and 'int'; '~' joins values as text"},
	{"[1] + 'a'", "ERROR '+' does not work between 'list' and 'str'; '~' joins values as text"},
	{"1 < 'a'", "ERROR 'int' and 'str' have no order"},
	{"none + 1", "ERROR '+' does not work between 'NoneType' and 'int'"},
	{"l.x", "ERROR l: 'list' has no attribute 'x'"},
	{"s.x", "ERROR s: 'str' has no attribute 'x'"},
	{"1.x", "ERROR 'int' has no attribute 'x'"},
	{"d[nope]", "ERROR 'nope' is undefined"},
	{"nope[0]", "ERROR 'nope' is undefined"},
	{"l[10]", "ERROR l: 'list' has no element 10"},
	{"l['a']", "ERROR l: 'list' has no attribute 'a'"},
	{"d[[1]]", "ERROR not a key of a dict, got a value of type 'list'"},
	{"5 | length", "ERROR length: a value without a length, got a value of type 'int'"},
	{"5 | first", "ERROR first: not something to iterate over, got a value of type 'int'"},
	{"5 | join", "ERROR join: not something to iterate over, got a value of type 'int'"},
	{"1 / 0", "ERROR division by zero"},
	{"1 // 0", "ERROR division by zero"},
	{"1 % 0", "ERROR division by zero"},
	{"'%d' % 'a'", "ERROR the format needs a number, got a value of type 'str'"},
	{"'%s %s' % 1", "ERROR not enough values for the format"},
	{"'%(a)s' % 1", "ERROR the format needs a mapping"},
	{"'abc' | from_json",
	 "ERROR from_json: line 1 column 3: not JSON: invalid token near 'abc'"},
	{"not nope", "ERROR 'nope' is undefined"},
	{"nope and 1", "ERROR 'nope' is undefined"},
	{"nope or 1", "ERROR 'nope' is undefined"},
	{"nope == 1", "ERROR 'nope' is undefined"},
	{"nope ~ 'a'", "ERROR 'nope' is undefined"},
	{"1 in nope", "ERROR 'nope' is undefined"},
	{"nope in l", "ERROR 'nope' is undefined"},
	{"nope | upper", "ERROR 'nope' is undefined"},
	{"nope | list", "ERROR 'nope' is undefined"},
	{"nope | bool", "ERROR 'nope' is undefined"},
};
static void expressions(void **state)
{
	(void)state;
	fixture_check(EVAL, expressions_cases, ARRAY_LEN(expressions_cases));
}

static const struct fixture_case templates_cases[] = {
	{"{% macro m(a) %}{{ a }}{% endmacro %}{{ m() }}",
	 "ERROR 'a' is undefined; did you mean 'a'?"},
	{"{% if t +%}", "ERROR the block is not closed with {% endif %}"},
	{"x{% endif %}", "ERROR 'endif' belongs to nothing that is open here"},
	{"{% if t %}", "ERROR the block is not closed with {% endif %}"},
	{"{% endif %}", "ERROR 'endif' belongs to nothing that is open here"},
	{"{% for i in l %}", "ERROR the block is not closed with {% endfor %}"},
	{"{{ i }}", "ERROR 'i' is undefined"},
	{"{% endfor %}", "ERROR 'endfor' belongs to nothing that is open here"},
	{"  {% for i in l %}", "ERROR the block is not closed with {% endfor %}"},
	{"  {{ i }}", "ERROR 'i' is undefined"},
	{"  {% endfor %}", "ERROR 'endfor' belongs to nothing that is open here"},
	{"{{ nope }}", "ERROR 'nope' is undefined"},
	{"x {{ d.nope }} y", "ERROR d: 'dict' has no key 'nope'"},
	{"{%- for i in range(3) -%}", "ERROR the block is not closed with {% endfor %}"},
	{"  {{ i }}", "ERROR 'i' is undefined"},
	{"{%- endfor -%}", "ERROR 'endfor' belongs to nothing that is open here"},
	{"{% for i in range(3) -%}", "ERROR the block is not closed with {% endfor %}"},
	{"  {{ i }}", "ERROR 'i' is undefined"},
	{"{%- endfor %}", "ERROR 'endfor' belongs to nothing that is open here"},
	{"{{ loop }}", "ERROR 'loop' is undefined"},
	{"{% do x %}", "ERROR 'x' is undefined"},
	{"{% foo %}", "ERROR unknown tag 'foo'; did you mean 'for'?"},
	{"{% if %}", "ERROR expected an expression, got the end of the tag"},
	{"{{ }}", "ERROR expected an expression, got the end of the tag"},
	{"{{ 1 + }}", "ERROR expected an expression, got the end of the tag"},
	{"{{ a b }}", "ERROR expected the end of the tag, got 'b'"},
	{"{% for x l %}{% endfor %}", "ERROR expected 'in', got 'l'"},
	{"{% for x in l %}", "ERROR the block is not closed with {% endfor %}"},
	{"{% endif %}", "ERROR 'endif' belongs to nothing that is open here"},
	{"{{ s | }}", "ERROR expected a name, got the end of the tag"},
	{"{{ 'abc }}", "ERROR the string is not closed"},
	{"{{ 'a }}\n{{ 'b' }}", "ERROR the string is not closed"},
	{"{{ (1 }}", "ERROR unexpected '}', expected ')'"},
	{"{{ 1) }}", "ERROR unexpected ')'"},
	{"{% set %}", "ERROR expected a name, got the end of the tag"},
	{"{% macro %}{% endmacro %}", "ERROR expected a name, got the end of the tag"},
	{"{% if t %}{% else %}{% elif f %}{% endif %}",
	 "ERROR 'elif' belongs to nothing that is open here"},
	{"{{ a..b }}", "ERROR expected a name or a number, got '.'"},
	{"{{ 0123 }}", "ERROR a decimal number cannot begin with 0"},
	{"{{ s | foo }}", "ERROR there is no filter 'foo'"},
	{"{{ s is foo }}", "ERROR there is no test 'foo'"},
	{"{% call 5 %}{% endcall %}", "ERROR {% call %} needs a call, as in {% call macro() %}"},
	{"{# x", "ERROR the comment is not closed"},
	{"{{ 5.5.5 }}", "ERROR 'float' has no attribute 5"},
	{"{{ ~a }}", "ERROR expected an expression, got '~'"},
	{"{{ a ? b }}", "ERROR unexpected character '?'"},
	{"{% set x.y = 1 %}", "ERROR 'x' is undefined"},
	{"{% set true = 1 %}", "ERROR cannot assign to 'true'"},
	{"{% macro m(a=1, b) %}{% endmacro %}",
	 "ERROR a parameter without a default follows one with a default"},
	{"{{ s(1) }}", "ERROR not something to call, got a value of type 'str'"},
	{"{{ d.x() }}", "ERROR not something to call, got a value of type 'int'"},
};
static void templates(void **state)
{
	(void)state;
	fixture_check(TEXT, templates_cases, ARRAY_LEN(templates_cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expressions),
		cmocka_unit_test(templates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
