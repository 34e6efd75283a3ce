#include "rollout/value/yaml.h"
#include "test.h"

/* What somebody types wrong, and what they are told. */
static const struct {
	const char *text, *message;
} cases[] = {
	{"a: 1\n\tb: 2\n", "f:2:1: a tab in the indentation; YAML allows spaces only"},
	{"\ta: 1", "f:1:1: a tab in the indentation; YAML allows spaces only"},
	{"a:\n\t- b", "f:2:1: a tab in the indentation; YAML allows spaces only"},
	{"a: {{ x }}", "f:1:4: a value that begins with {{ must be in quotes: \"{{ x }}\""},
	{"a: {{ x }}/foo", "f:1:4: a value that begins with {{ must be in quotes: \"{{ x }}/foo\""},
	{"a: {{ x | default('y') }}",
	 "f:1:4: a value that begins with {{ must be in quotes: \"{{ x | default('y') }}\""},
	{"- {{ x }}", "f:1:3: a value that begins with {{ must be in quotes: \"{{ x }}\""},
	{"- name: {{ a }} b",
	 "f:1:9: a value that begins with {{ must be in quotes: \"{{ a }} b\""},
	{"a\nb: c\n", "f:2:2: line 1 has no ':' after its key"},
	{"a: 'b\nc: d", "f:1:4: the quote that opens here is never closed"},
	{"a: b: c", "f:1:5: ': ' inside a value; put the whole value in quotes"},
	{"- name: foo: bar", "f:1:12: ': ' inside a value; put the whole value in quotes"},
	{"a: \"b\" c", "f:1:8: text after the closing quote; the quotes must be around the whole "
		       "value, and a ' inside of '...' is written ''"},
	{"- a\nb: c", "f:2:1: expected another '- ' here: the list begins at line 1 column 1"},
	{"a: [1, 2\nb: 3", "f:2:2: the '[' of line 1 column 4 is not closed: expected ',' or ']'"},
	{"a: @foo", "f:1:4: a value cannot begin with '@'; put it in quotes"},
	{"a: %foo", "f:1:4: a value cannot begin with '%'; put it in quotes"},
	{"a: `x`", "f:1:4: a value cannot begin with '`'; put it in quotes"},
	{"key: *none",
	 "f:1:6: no anchor &none before this *none; put the value in quotes if it is not an alias"},
	{"hosts: *", "f:1:8: a value that begins with '*' is an alias; put it in quotes"},
	{"a:\n  - b\n - c\n", "f:3:2: wrong indentation, or a key without ':'; the mapping around "
			      "it begins at line 1 column 1"},
	{"foo: bar: baz\n", "f:1:9: ': ' inside a value; put the whole value in quotes"},
	{"a: - b", "f:1:4: a list item '- ' cannot begin here; put it on a line of its own"},
	{"name: x\n  when: y\n",
	 "f:2:7: indented deeper than line 1, whose key already has a value"},
	{"a: 'it''s' ok'", "f:1:12: text after the closing quote; the quotes must be around the "
			   "whole value, and a ' inside of '...' is written ''"},
	{"a: \"\\d\"",
	 "f:1:5: unknown escape '\\d' in double quotes; write \\\\ or use single quotes"},
	{"x: !foo 1", "f:1:4: the tag !foo is not supported"},
	{"x: !vault |\n  ANSIBLE_VAULT;1.1\n",
	 "f:1:4: this !vault value does not begin with $ANSIBLE_VAULT;"},
	{"x: !vault $ANSIBLE_VAULT;2.0;AES256",
	 "f:1:4: a vault of version 2.0 is not supported, but 1.1 and 1.2"},
	{"x: !vault $ANSIBLE_VAULT;1.1;AES",
	 "f:1:4: a vault with another cipher than AES256 is not "
	 "supported"},
	{"a: \"b\nc: d\ne: \"f\"\n",
	 "f:1:4: the quote that opens here closes only at line 3 column 4, with text after it: one "
	 "of its line is missing, or must be escaped"},
	{"x: !vault [1]", "f:1:4: !vault takes a text, not a collection"},
	{"x: !unsafe\n  - !vault $ANSIBLE_VAULT;1.1;AES256", "f:1:4: !vault inside of !unsafe"},
	{"a: {b: 1", "f:2:1: the '{' of line 1 column 4 is not closed: expected ',' or '}'"},
	{"a:b\nc: d", "f:2:2: line 1 has no space after its ':'"},
	{"a: |\n x\ny", "f:3:1: no ':' after this key"},
	{"a: 1\nb: 2\na: 3", "f:3:1: the key 'a' is here twice: the first is at line 1 column 1"},
	{"a: &x [*x]", "f:1:8: the anchor &x contains itself"},
	{"[a]: 1", "f:1:1: a list or a mapping cannot be a key"},
	{"? {a: 1}\n: 2", "f:1:3: a list or a mapping cannot be a key"},
	{"a: 99999999999999999999", "f:1:4: the integer 99999999999999999999 does not fit in 64 "
				    "bits; quote it to keep it as text"},
	{"<<: 3", "f:1:5: << takes a mapping or a list of mappings, not int"},
	{"a: !!int x", "f:1:4: 'x' is not a !!int"},
	{"a: \377", "f:1:4: not text: invalid leading UTF-8 octet (value 0xff)"},
	{"a: b\n---\nc: d", "f:3:1: a second document ('---'); only one is expected in this file"},
	{"a: \001", "f:1:4: not text: control characters are not allowed (value 0x1)"},
	{"- a\n- b: c\n   d: e\n",
	 "f:3:5: indented deeper than line 2, whose key already has a value"},
	{"a: \"x", "f:1:4: the quote that opens here is never closed"},
	{"a: 'x\n---\n", "f:1:4: the quote that opens here is never closed"},
	{"%YAML 3.0\n---\na", "f:1:1: found incompatible YAML document"},
	{"a: !!binary aGk=", "f:1:4: the tag !!binary is not supported"},
	{"\303\251: {{ b", "f:1:4: a value that begins with {{ must be in quotes: \"{{ b\""},
	{"x: [a, b:]", "f:1:9: a ':' at the end of a value in [...] or {...}; put it in quotes"},
	{"tasks:\n  - name: x\n    shell: echo \"a: b\" | grep c: d\n",
	 "f:3:19: ': ' inside a value; put the whole value in quotes"},
	{"a: &\n",
	 "f:1:5: while scanning an anchor: did not find expected alphabetic or numeric character"},
	{"a: b\n c\n d: e", "f:3:3: line 2 has no ':' after its key"},
};

static void messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct arena a = {0};
		struct err e = {0};
		const struct value *v = NULL;
		char buf[sizeof(e.msg) + 100];
		assert_true(yaml_parse(&a, "f", slice_from(cases[i].text), &v, &e) < 0);
		assert_string_equal(err_format(&e, buf, sizeof(buf)), cases[i].message);
		assert_null(v);
		arena_release(&a);
	}
}

static void codes(void **state)
{
	static const struct {
		const char *text;
		enum err_code code;
	} expect[] = {
		{"a: 1\na: 2", ERR_EXISTS},   {"{1: a, 1.0: b}", ERR_EXISTS},
		{"a: !vault x", ERR_INVALID}, {"[a]: b", ERR_INVALID},
		{"a: [", ERR_SYNTAX},	      {"99999999999999999999", ERR_LIMIT},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(expect); i++) {
		struct arena a = {0};
		struct err e = {0};
		const struct value *v = NULL;
		assert_int_equal(yaml_parse(&a, "f", slice_from(expect[i].text), &v, &e),
				 expect[i].code);
		assert_int_equal(e.code, expect[i].code);
		assert_string_equal(e.at.file, "f");
		arena_release(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages),
		cmocka_unit_test(codes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
