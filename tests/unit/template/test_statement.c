/* Statements and white space of template files; strings; conditions. Expected texts are repr() of what ansible-core 2.14's Jinja2 gives. */
#include "fixture.h"
#include "test.h"

static const struct fixture_case texts_cases[] = {
	{"{% for i in l %}{{ i }},{% endfor %}", "'3,1,2,'"},
	{"{% for i in [] %}x{% else %}none{% endfor %}", "'none'"},
	{"{% for i in l if i > 1 %}{{ loop.index }}:{{ i }} {% endfor %}", "'1:3 2:2 '"},
	{"{% for i in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 "
	 "}}{{ loop.first }}{{ loop.last }}{{ loop.length }} {% endfor %}",
	 "'1032TrueFalse3 2121FalseFalse3 3210FalseTrue3 '"},
	{"{% for i in l %}{{ loop.previtem | default('-') }}<{{ i }}>{{ loop.nextitem | "
	 "default('-') }} {% endfor %}",
	 "'-<3>1 3<1>2 1<2>- '"},
	{"{% for i in [1,1,2,2,1] %}{% if loop.changed(i) %}{{ i }}{% endif %}{% endfor %}",
	 "'121'"},
	{"{% for i in l %}{{ loop.cycle('a', 'b') }}{% endfor %}", "'aba'"},
	{"{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}",
	 "\"x=1;y={'z': [10, 20, 30]};keys=k;\""},
	{"{% for k, v in d | dictsort %}{{ k }}={{ v }};{% endfor %}",
	 "\"keys=k;x=1;y={'z': [10, 20, 30]};\""},
	{"{% for (a, b), c in [((1,2),3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "'123'"},
	{"{% for k in d %}{{ k }}{% endfor %}", "'xykeys'"},
	{"{% for c in 'abc' %}{{ c }}-{% endfor %}", "'a-b-c-'"},
	{"{% for i in [1,[2,[3]]] recursive %}{{ loop.depth }}{{ i if i is number else loop(i) "
	 "}}{% endfor %}",
	 "'11122233'"},
	{"{% for h in hosts %}{% for t in h.tags %}{{ loop.index }}{{ t }}{% endfor %}{{ "
	 "loop.index }}|{% endfor %}",
	 "'1a2b1|1b2|3|'"},
	{"{% if a == 1 %}one{% elif a == 2 %}two{% else %}other{% endif %}", "'one'"},
	{"{% if a == 2 %}one{% elif a == 1 %}two{% else %}other{% endif %}", "'two'"},
	{"{% if f %}one{% else %}other{% endif %}", "'other'"},
	{"{% if f %}one{% endif %}|", "'|'"},
	{"{% set x = 5 %}{{ x }}", "'5'"},
	{"{% set x, y = 1, 2 %}{{ x }}{{ y }}", "'12'"},
	{"{% set x = 1 %}{% for i in [1,2] %}{{ x }}{% set x = 9 %}{% endfor %}{{ x }}", "'111'"},
	{"{% set ns = namespace(n=0) %}{% for i in l %}{% set ns.n = ns.n + i %}{% endfor %}{{ "
	 "ns.n }}",
	 "'6'"},
	{"{% set x %}a{{ s }}b{% endset %}[{{ x }}]", "'[aHello Worldb]'"},
	{"{% set x | upper | trim %} abc {% endset %}[{{ x }}]", "'[ABC]'"},
	{"{% macro m(a, b=2, c='z') %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1) }} {{ m(1, 3) }} "
	 "{{ m(1, c=5) }} {{ m(b=4, a=3) }}",
	 "'12z 13z 125 34z'"},
	{"{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, x=2) }}",
	 "\"(1,){'x': 2}\""},
	{"{% macro m(x) %}<{{ caller() }}{{ x }}>{% endmacro %}{% call m(1) %}body{{ s }}{% "
	 "endcall %}",
	 "'<bodyHello World1>'"},
	{"{% macro m() %}{% for i in [1,2] %}{{ caller(i, 'q') }}{% endfor %}{% endmacro %}{% "
	 "call(i, j) m() %}[{{ i }}{{ j }}]{% endcall %}",
	 "'[1q][2q]'"},
	{"{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}",
	 "'543210'"},
	{"{% macro m(a) %}{{ a | default('D') }}{% endmacro %}{{ m() }}", "'D'"},
	{"{% set q = 3 %}{% macro m() %}{{ q }}{% endmacro %}{{ m() }}", "'3'"},
	{"{% with x = 1, y = 2 %}{{ x }}{{ y }}{% endwith %}{{ x | default('u') }}", "'12u'"},
	{"{% with %}{% set z = 3 %}{{ z }}{% endwith %}{{ z | default('u') }}", "'3u'"},
	{"{% filter upper %}abc {{ s }}{% endfilter %}", "'ABC HELLO WORLD'"},
	{"{% filter replace('a', 'b') | upper %}aaa{% endfilter %}", "'BBB'"},
	{"{% raw %}{{ not }} {% x %}{% endraw %}", "'{{ not }} {% x %}'"},
	{"{%- raw -%}  {{ x }} {%- endraw %} y", "'{{ x }} y'"},
	{"{# comment #}x{# {{ y }} #}", "'x'"},
	{"a {#- c -#} b", "'ab'"},
	{"a {{- s -}} b", "'aHello Worldb'"},
	{"a  {%- if t %} x {% endif -%}  b", "'a x b'"},
	{"  {%+ if t %}x{% endif %}", "'  x'"},
	{"x", "'x'"},
	{"y", "'y'"},
	{"{{ \"a\\nb\" }}", "'a\\nb'"},
	{"{{ 'it\\'s' }}", "\"it's\""},
	{"{{ n }}|{{ none }}|{{ [none] }}", "'||[None]'"},
	{"{{ t }}{{ f }}", "'TrueFalse'"},
	{"{{ 1.0 }}{{ 1e20 }}", "'1.01e+20'"},
	{"{{ [1, 'a', none, true] }}", "\"[1, 'a', None, True]\""},
	{"{{ {'a': [1, (2,)]} }}", "\"{'a': [1, (2,)]}\""},
	{"{{ range(3) }}", "'[0, 1, 2]'"},
	{"{{ d.keys() }}", "\"['x', 'y', 'keys']\""},
	{"{{ l | map('string') }}", "\"['3', '1', '2']\""},
	{"{{ 'x' if f }}|", "'|'"},
	{"{{ nope | default('dd') }}", "'dd'"},
	{"{% block foo %}in block{% endblock %}", "'in block'"},
	{"{% block foo %}in block{% endblock foo %}", "'in block'"},
	{"{% set x = ['a'] %}{% set _ = x.append('b') %}{{ x }}", "\"['a', 'b']\""},
	{"{% set x = {} %}{% set _ = x.update({'a': 1}) %}{% for i in l %}{% set _ = x.update({i: "
	 "2}) %}{% endfor %}{{ x }}",
	 "\"{'a': 1, 3: 2, 1: 2, 2: 2}\""},
	{"{% set x = [] %}{% for i in l %}{{ x.append(i) }}{% endfor %}{{ x | join(',') }}",
	 "'3,1,2'"},
	{"{% set x = [] %}{% for i in l %}{{ x.append(i) or '' }}{% endfor %}{{ x.pop() }}{{ "
	 "x.pop(0) }}{{ x }}",
	 "'23[1]'"},
	{"{% set x = [1] + [2] %}{% if x.extend([3]) %}{% endif %}{{ x }}{{ x.insert(1, 9) }}{{ x "
	 "}}{{ x.remove(9) }}{{ x }}{{ x.reverse() }}{{ x }}",
	 "'[1, 2, 3][1, 9, 2, 3][1, 2, 3][3, 2, 1]'"},
	{"{% set x = {'a': 1, 'b': 2} %}{{ x.pop('a') }}{{ x }}{{ x.setdefault('q', 5) }}{{ x }}",
	 "\"1{'b': 2}5{'b': 2, 'q': 5}\""},
	{"{% set j = joiner('; ') %}{% for i in l %}{{ j() }}{{ i }}{% endfor %}", "'3; 1; 2'"},
	{"{% set c = cycler('o', 'e') %}{% for i in l %}{{ c.next() }}{% endfor %}{{ c.current }}",
	 "'oeoe'"},
	{"{{ \"%s\" | format(s) }} {{ \"%d%%\" % 5 }}", "'Hello World 5%'"},
	{"{% for h in hosts | selectattr('up') %}{{ h.name }} {{ h.ip }}{% if not loop.last %}, {% "
	 "endif %}{% endfor %}",
	 "'m1 10.0.0.1, w1 10.0.0.3'"},
	{"{% for g, items in hosts | groupby('port') %}{{ g }}:{{ items | map(attribute='name') | "
	 "join('/') }} {% endfor %}",
	 "'80:m1/w1 443:w2 '"},
	{"{{ s }}", "'Hello World'"},
	{"{{ s }}", "'Hello World'"},
	{"{{ tpl }}", "'Hello World!'"},
	{"{{ uni }}", "'Größe → ñandú'"},
	{"{% if l %}yes{% endif %}{% if not e %}no{% endif %}", "'yesno'"},
	{"{{ '{{' }} {{ '}}' }}", "'{{ }}'"},
	{"{{ \"a\" \"b\" }}", "'ab'"},
	{"{{ 1, 2 }}", "'(1, 2)'"},
	{"{% for a in 1, 2, 3 %}{{ a }}{% endfor %}", "'123'"},
	{"{% if nope is defined and nope.x %}a{% else %}b{% endif %}", "'b'"},
	{"{% if 1 %}{% if 0 %}a{% else %}b{% endif %}{% endif %}", "'b'"},
	{"{{ {} }}{{ [] }}{{ () }}", "'{}[]()'"},
	{"{{ '}}' ~ \"%}\" }}", "'}}%}'"},
	{"{{ {'a': {'b': 1}}['a']['b'] }}", "'1'"},
	{"{{ {'a':{'b':1}}.a.b}}", "'1'"},
	{"{% set a = 1 %}{% set b = a + 1 %}{{ b }}", "'2'"},
	{"text only", "'text only'"},
	{"{ not a tag } {{'{'}} %} }} #}", "'{ not a tag } { %} }} #}'"},
	{"{% if t %}\nx\n{% endif %}\ny\n", "'x\\ny\\n'"},
	{"{% for i in l %}\n{{ i }}\n{% endfor %}\n", "'3\\n1\\n2\\n'"},
	{"  {% for i in l %}\n  {{ i }}\n  {% endfor %}\nend\n",
	 "'    3\\n    1\\n    2\\n  end\\n'"},
	{"a\n\n", "'a\\n\\n'"},
	{"{{ s }}\n", "'Hello World\\n'"},
	{"{{ s }}\n\n\n", "'Hello World\\n\\n\\n'"},
	{"a\r\nb\r\n{{ s }}\r\n", "'a\\nb\\nHello World\\n'"},
	{"{# c #}\nx\n", "'x\\n'"},
	{"{% raw %}\n{{ x }}\n{% endraw %}\nz\n", "'\\n{{ x }}\\nz\\n'"},
	{"x {% if t -%}\n   y\n{%- endif %} z\n", "'x y z\\n'"},
	{"{%- if t %}\n a\n{%- else -%}\n b {% endif +%}\n\n c", "' a\\n\\n c'"},
	{"{% set x = 1 %}\n\n{{ x }}\n", "'\\n1\\n'"},
	{"{% for i in l -%}\n  {{ i }}\n{% endfor %}", "'3\\n1\\n2\\n'"},
	{"  {{- s }}\n", "'Hello World\\n'"},
	{"{{ s -}}\n   x", "'Hello Worldx'"},
	{"#jinja2: trim_blocks: False\n{% if t %}\nx\n{% endif %}\n", "'\\nx\\n'"},
	{"#jinja2: lstrip_blocks: True\n  {% if t %}\n  x\n  {% endif %}\n", "'  x\\n'"},
	{"#jinja2: variable_start_string: '[[', variable_end_string: ']]'\n[[ s ]] {{ x }}\n",
	 "'Hello World {{ x }}\\n'"},
	{"{% if t +%}\nx{% endif %}\n", "'\\nx\\n'"},
	{"  {%+ if t %}x{% endif %}\n", "'  x\\n'"},
};
static void texts(void **state)
{
	(void)state;
	fixture_check(TEXT, texts_cases, ARRAY_LEN(texts_cases));
}

static const struct fixture_case strings_cases[] = {
	{"{{ \"a\\nb\" }}", "'a\\\\nb'"},
	{"{{ 'a\\nb' }}", "'a\\\\nb'"},
	{"{{ s | regex_replace('(l+)', '<\\1>') }}", "'He<ll>o Wor<l>d'"},
	{"x {{ s | regex_replace('(l+)', '<\\1>') }} y", "'x He<ll>o Wor<l>d y'"},
	{"{% if s is match('\\w+') %}{{ 'a\\tb' }}{% endif %}x", "'a\\\\tbx'"},
	{"{{ 'it\\\\s' }}x", "'it\\\\\\\\sx'"},
	{"\\1 {{ '\\1' }}", "'\\\\1 \\\\1'"},
	{"{{ 'C:\\dir' }}z", "'C:\\\\dirz'"},
};
static void strings(void **state)
{
	(void)state;
	fixture_check(RENDER, strings_cases, ARRAY_LEN(strings_cases));
}

static const struct fixture_case conditions_cases[] = {
	{"a == 1", "True"},
	{"nope is defined", "False"},
	{"nope is not defined and a", "True"},
	{"s == 'Hello World'", "True"},
	{"t", "True"},
	{"f", "False"},
	{"n", "False"},
	{"e", "False"},
	{"l", "True"},
	{"s", "True"},
	{"{{ a == 1 }}", "True"},
	{"{{ t }}", "True"},
	{"{{ f }}", "False"},
	{"'x' in s", "False"},
	{"not f", "True"},
	{"res.rc == 0", "True"},
	{"res is changed", "True"},
	{"res.rc", "False"},
	{"d.x == 1 and d.y.z[0] == 10", "True"},
	{"true", "True"},
	{"false", "False"},
	{"1", "True"},
	{"0", "False"},
	{"'False'", "True"},
	{"'a\\tb' == s", "False"},
	{"res.stdout ", "True"},
	{"{{ 'a == 1' }}", "True"},
	{"{{ e }}", "False"},
	{"'no' ", "True"},
};
static void conditions(void **state)
{
	(void)state;
	fixture_check(CONDITION, conditions_cases, ARRAY_LEN(conditions_cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(strings),
		cmocka_unit_test(conditions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
