/* Texts made to hang, to exhaust memory or the stack: each ends in an error. */
#include "fixture.h"

#include "test.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const hostile[] = {
	"{{ range(10**12) }}",
	"{{ range(10**9) | list | length }}",
	"{{ 'a' * 10**12 }}",
	"{{ [1] * 10**12 }}",
	"{{ 10**100000 }}",
	"{{ 10**(10**100) }}",
	"{{ (2**60000) * (2**60000) }}",
	"{% set ns = namespace(x=3) %}{% for i in range(1000) %}{% set ns.x = ns.x * ns.x %}{% "
	"endfor %}{{ ns.x }}",
	"{% for i in range(1000000) %}{{ 7**20000 }}{% endfor %}",
	"{{ [1] * 2**70 }}",
	"{{ 'a' * 2**70 }}",
	"{{ range(2**70) }}",
	"{{ [1][2**70] }}",
	"{{ {}[2**70] }}",
	"{{ {2**70: 1} }}",
	"{{ (2**70) / 2 }}",
	"{{ (2**70) + 1.5 }}",
	"{{ 2**70 // 0 }}",
	"{{ (2**70) ** -1 }}",
	"{{ range(18446744073709551616) }}",
	"{{ '%1000000000d' % 1 }}",
	"{{ '%.1000000000f' % 1 }}",
	"{{ '{:1000000000}'.format(1) }}",
	"{{ 'a'.center(10**10) }}",
	"{{ 'a'.zfill(10**10) }}",
	"{{ 'a' | center(10**10) }}",
	"{{ 'a' | indent(10**10) }}",
	"{{ 'a\\nb' | indent('x' * 10**8) }}",
	"{{ [1] | batch(10**10, 1) }}",
	"{{ [1] | slice(10**10) }}",
	"{{ range(1000) | product(range(1000), range(1000)) }}",
	"{{ range(20) | permutations }}",
	"{{ query('nested', range(10000), range(10000)) }}",
	"{{ query('sequence', 'start=0 end=9223372036854775807') }}",
	"{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
	"{% set ns = namespace(x=[]) %}{% for i in range(100000) %}{% set ns.x = [ns.x] %}{% "
	"endfor %}{{ ns.x }}",
	"{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% "
	"endfor %}{{ ns.x }}",
	"{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% "
	"endfor %}{{ ns.x | to_json }}",
	"{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% "
	"endfor %}{{ ns.x == ns.x + [] }}",
	"{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% "
	"endfor %}{{ ns.x | flatten }}",
	"{% set ns = namespace(x='ab') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% "
	"endfor %}{{ ns.x | length }}",
	"{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
	"{% macro m(x) %}{{ m([x]) }}{% endmacro %}{{ m(1) }}",
	"{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
	"{{ ('a' * 100000).replace('a', 'b' * 100000) | length }}",
	"{{ ('a' * 40) | regex_replace('(a+)+$', 'x') ~ ('a' * 40 ~ 'b') | "
	"regex_search('^(a|a)*$') ~ (('a' * 40 ~ 'b') is match('^(a+)+$')) | int // 0 }}",
	"{{ (('a' * 1000 ~ '-') * 300 ~ 'aac') | regex_search('a+a+c') }}",
	"{{ (('a' * 1000 ~ '-') * 300 ~ 'aac') | regex_replace('a+a+c', '') }}",
	"{{ 'x' | json_query('a' ~ '[*]' * 1000) }}",
	"{{ 'x' | json_query('!' * 10000 ~ 'a') }}",
	"{{ 'x' | json_query('(' * 10000 ~ 'a') }}",
	"{{ 'x' | json_query('{a:' * 10000 ~ 'a') }}",
	"{{ 1 | log(0) }}",
	"{{ '[' * 100000 | from_json }}",
	"{{ ('[' * 100000) | from_json }}",
	"{{ ('[' * 100000) | from_yaml }}",
};

static void end_in_errors(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f, NULL);
	template_env_limit(f.env, 2000000, (size_t)256 << 20);
	for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
		const char *got = fixture_run(&f, RENDER, hostile[i]);
		if (strncmp(got, "ERROR ", 6) != 0)
			fail_msg("%s gave %.100s", hostile[i], got);
	}
	fixture_release(&f);
}

/* Each match costs what it costs, not as much as the whole text. */
static void many_matches(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"{{ ('a ' * 300000) | regex_findall('a') | length }}", "'300000'"},
		{"{{ ('é ' * 300000) | regex_replace('é', '') | length }}", "'300000'"},
		{"{{ ('x' * 3000000 ~ 'é') | regex_search('é') }}", "'é'"},
		{"{{ ('é' * 1000 ~ 'b') | regex_findall('[a-z]') | join }}", "'b'"},
	};
	struct fixture f;
	fixture_init(&f, NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(fixture_run(&f, TEXT, cases[i][0]), cases[i][1]);
	fixture_release(&f);
}

static void repeat(struct strbuf *b, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		strbuf_puts(b, text);
}

/* Nesting and length of the text itself. */
static void deep_texts(void **state)
{
	(void)state;
	static const struct {
		const char *head, *part, *tail;
	} cases[] = {
		{"{{ ", "(", ""},
		{"{{ ", "[", ""},
		{"{{ ", "{1:", ""},
		{"{{ ", "-", "1 }}"},
		{"{{ ", "not ", "1 }}"},
		{"{{ 1", "+1", " }}"},
		{"{{ a", ".a", " }}"},
		{"{{ a", "[0]", " }}"},
		{"{{ a", "|upper", " }}"},
		{"{{ a", " is defined", " }}"},
		{"{{ a", "()", " }}"},
		{"{{ 1", " if 1 else 1", " }}"},
		{"{{ 1", " if 1", " }}"},
		{"{{ 1", " and 1", " }}"},
		{"{{ 1", "**1", " }}"},
		{"", "{% if 1 %}", ""},
		{"", "{% for i in [1] %}", ""},
		{"", "{% filter upper %}", ""},
		{"{% set ", "(", ""},
		{"{{ a[", "a[", ""},
		{"{{ ", "f(", ""},
		{"", "{% macro m() %}", ""},
		{"", "{{", ""},
		{"", "{%", ""},
		{"", "{#", ""},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(strbuf_release) struct strbuf b = {0};
		struct fixture f;
		fixture_init(&f, NULL);
		strbuf_puts(&b, cases[i].head);
		repeat(&b, cases[i].part, 100000);
		strbuf_puts(&b, cases[i].tail);
		const char *got = fixture_run(&f, RENDER, b.ptr);
		if (strncmp(got, "ERROR ", 6) != 0)
			fail_msg("%s%s… gave %.100s", cases[i].head, cases[i].part, got);
		fixture_release(&f);
	}
}

/* Long, but flat: these work. */
static void long_texts(void **state)
{
	(void)state;
	static const char *const parts[][3] = {
		{"", "{{ a }}", ""},
		{"{{ [", "1,", "] | length }}"},
		{"{{ 'a'", " ~ 'b'", " }}"},
		{"{{ 1", " == 1", " }}"},
		{"{% if 0 %}", "{% elif 0 %}", "{% endif %}"},
		{"{{ {", "'a': 1,", "} }}"},
	};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		CLEANUP(strbuf_release) struct strbuf b = {0};
		struct fixture f;
		fixture_init(&f, NULL);
		strbuf_puts(&b, parts[i][0]);
		repeat(&b, parts[i][1], 20000);
		strbuf_puts(&b, parts[i][2]);
		const char *got = fixture_run(&f, RENDER, b.ptr);
		if (!strncmp(got, "ERROR ", 6))
			fail_msg("%s%s…: %s", parts[i][0], parts[i][1], got);
		fixture_release(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(end_in_errors),
		cmocka_unit_test(many_matches),
		cmocka_unit_test(deep_texts),
		cmocka_unit_test(long_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
