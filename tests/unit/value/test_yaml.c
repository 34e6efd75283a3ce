#include "rollout/value/yaml.h"

#include "read_yaml.h"

#include <stdio.h>

static void assert_yaml_is(const char *text, const char *repr)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	value_repr(&out, read_yaml(text));
	assert_string_equal(out.ptr, repr);
}

/* Expected texts are repr() of what PyYAML's SafeLoader reads; timestamps are
 * strings here. */
static void scalars_resolve_as_pyyaml(void **state)
{
	static const char *const cases[][2] = {
		{"~", "None"},
		{"null", "None"},
		{"nUll", "'nUll'"},
		{"''", "''"},
		{"", "None"},
		{"yes", "True"},
		{"On", "True"},
		{"off", "False"},
		{"NO", "False"},
		{"y", "'y'"},
		{"yEs", "'yEs'"},
		{"12", "12"},
		{"-12", "-12"},
		{"+12", "12"},
		{"1_000", "1000"},
		{"0644", "420"},
		{"0o644", "'0o644'"},
		{"0x1F", "31"},
		{"-0x1f", "-31"},
		{"0b101", "5"},
		{"08", "'08'"},
		{"0_", "0"},
		{"1:30", "90"},
		{"190:20:30", "685230"},
		{"1:60", "'1:60'"},
		{"0:30", "'0:30'"},
		{"190:20:30.15", "685230.15"},
		{"1.5", "1.5"},
		{"1.", "1.0"},
		{".5", "0.5"},
		{"+.5", "'+.5'"},
		{"1e3", "'1e3'"},
		{"1.0e3", "'1.0e3'"},
		{"1.0e+3", "1000.0"},
		{".inf", "inf"},
		{"-.INF", "-inf"},
		{".nan", "nan"},
		{".NaN", "nan"},
		{"-.nan", "'-.nan'"},
		{"2001-12-14", "'2001-12-14'"},
		{"'12'", "'12'"},
		{"\"yes\"", "'yes'"},
		{"1.2.3", "'1.2.3'"},
		{"=", "'='"},
		{"-", "[None]"},
		{"9223372036854775807", "9223372036854775807"},
		{"-9223372036854775808", "-9223372036854775808"},
		{"!!str 12", "'12'"},
		{"!!int '12'", "12"},
		{"!!float 3", "3.0"},
		{"!!bool 'yes'", "True"},
		{"!!null ''", "None"},
		{"! 12", "'12'"},
		{"!unsafe 12", "'12'"},
		{"|\n a\n b\n", "'a\\nb\\n'"},
		{">-\n a\n b\n", "'a b'"},
		{"\"\\x41\\u00e9\\n\"", "'A\xC3\xA9\\n'"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_yaml_is(cases[i][0], cases[i][1]);
}

static void collections(void **state)
{
	static const char *const cases[][2] = {
		{"a: 1\nb:\n- x\n- y: 2\n", "{'a': 1, 'b': ['x', {'y': 2}]}"},
		{"{a: [], b: {}, 2: 2, ~: 3, yes: 4}",
		 "{'a': [], 'b': {}, 2: 2, None: 3, True: 4}"},
		{"a:\nb:", "{'a': None, 'b': None}"},
		{"a: &x {b: 1}\nc: *x", "{'a': {'b': 1}, 'c': {'b': 1}}"},
		{"&k a: *k", "{'a': 'a'}"},
		{"- &x 1\n- &x 2\n- *x", "[1, 2, 2]"},
		{"--- a\n", "'a'"},
		{"%YAML 1.1\n---\na: b\n...\n", "{'a': 'b'}"},
		{"\xEF\xBB\xBF"
		 "a: b",
		 "{'a': 'b'}"},
		/* Merges: earlier sources win, own keys win over all. */
		{"- &x {a: 1, b: 2}\n- {b: 3, <<: *x, c: 4}",
		 "[{'a': 1, 'b': 2}, {'a': 1, 'b': 3, 'c': 4}]"},
		{"- &x {a: 1}\n- &y {a: 2, b: 2}\n- <<: [*x, *y]\n  c: 3",
		 "[{'a': 1}, {'a': 2, 'b': 2}, {'a': 1, 'b': 2, 'c': 3}]"},
		{"- &x {a: 1}\n- &y {<<: *x, b: 1}\n- <<: *y",
		 "[{'a': 1}, {'a': 1, 'b': 1}, {'a': 1, 'b': 1}]"},
		{"'<<': 1", "{'<<': 1}"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_yaml_is(cases[i][0], cases[i][1]);
}

static void each_node_has_its_place(void **state)
{
	const struct value *v = read_yaml("a: 1\n# note\n\xC3\xA9t\xC3\xA9: [x, {k: v}]\n");
	(void)state;
	assert_int_equal(v->at.line, 1);
	assert_string_equal(v->at.file, "f");
	const struct value *list = v->dict.at[1].value;
	assert_int_equal(v->dict.at[1].key->at.line, 3);
	assert_int_equal(list->at.column, 6);
	assert_int_equal(list->list.at[0]->at.column, 7);
	assert_int_equal(list->list.at[1]->dict.at[0].value->at.column, 14);
	assert_int_equal(read_yaml("")->at.line, 1);
}

static void unsafe_marks_everything_below(void **state)
{
	const struct value *v = read_yaml("a: !unsafe '{{ x }}'\nb: !unsafe [x, {k: v}]\nc: d");
	(void)state;
	assert_int_equal(value_get(v, "a")->flags, VALUE_UNSAFE);
	const struct value *list = value_get(v, "b");
	assert_int_equal(list->list.at[0]->flags, VALUE_UNSAFE);
	assert_int_equal(value_get(list->list.at[1], "k")->flags, VALUE_UNSAFE);
	assert_int_equal(value_get(v, "c")->flags, 0);
}

static void documents(void **state)
{
	const struct value *v = NULL;
	struct err e = {0};
	(void)state;
	assert_int_equal(yaml_parse_all(&arena, "f", SLICE_LIT("--- 1\n--- [2]\n---\n"), &v, &e),
			 0);
	CLEANUP(strbuf_release) struct strbuf out = {0};
	value_repr(&out, v);
	assert_string_equal(out.ptr, "[1, [2], None]");
	assert_int_equal(yaml_parse_all(&arena, "f", SLICE_LIT(""), &v, &e), 0);
	assert_int_equal(v->list.len, 0);
	/* An anchor is its document's. */
	const struct value *untouched = v;
	assert_int_equal(yaml_parse_all(&arena, "f", SLICE_LIT("--- &x 1\n--- *x\n"), &v, &e),
			 ERR_SYNTAX);
	assert_ptr_equal(v, untouched);
}

static void files(void **state)
{
	const struct value *v = NULL;
	struct err e = {0};
	(void)state;
	assert_int_equal(yaml_load(&arena, "/nonexistent/x.yml", &v, &e), ERR_SYS);
	assert_non_null(strstr(e.msg, "/nonexistent/x.yml"));
	assert_null(v);
}

static void limits(void **state)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	const struct value *v = NULL;
	struct err e = {0};
	(void)state;
	/* A billion laughs. */
	strbuf_puts(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 10; i++) {
		strbuf_printf(&text, "a%d: &a%d [", i, i);
		for (int j = 0; j < 10; j++)
			strbuf_printf(&text, "%s*a%d", j ? ", " : "", i - 1);
		strbuf_puts(&text, "]\n");
	}
	assert_int_equal(yaml_parse(&arena, "f", strbuf_slice(&text), &v, &e), ERR_LIMIT);
	/* Depth, also through aliases. */
	strbuf_truncate(&text, 0);
	for (unsigned i = 0; i < YAML_MAX_DEPTH; i++)
		strbuf_putc(&text, '[');
	for (unsigned i = 0; i < YAML_MAX_DEPTH; i++)
		strbuf_putc(&text, ']');
	assert_int_equal(yaml_parse(&arena, "f", strbuf_slice(&text), &v, &e), 0);
	strbuf_truncate(&text, 0);
	strbuf_puts(&text, "- &a0 []\n");
	for (unsigned i = 1; i < YAML_MAX_DEPTH - 1; i++)
		strbuf_printf(&text, "- &a%u [*a%u]\n", i, i - 1);
	assert_int_equal(yaml_parse(&arena, "f", strbuf_slice(&text), &v, &e), 0);
	strbuf_printf(&text, "- [*a%u]\n", YAML_MAX_DEPTH - 2);
	assert_int_equal(yaml_parse(&arena, "f", strbuf_slice(&text), &v, &e), ERR_LIMIT);
	strbuf_truncate(&text, 0);
	char *room = strbuf_reserve(&text, YAML_MAX_BYTES + 1);
	memset(room, ' ', YAML_MAX_BYTES + 1);
	strbuf_grew(&text, YAML_MAX_BYTES + 1);
	assert_int_equal(yaml_parse(&arena, "f", strbuf_slice(&text), &v, &e), ERR_LIMIT);
}

static void emitted_as_pyyaml_dumps(void **state)
{
	static const struct {
		const char *text;
		unsigned indent;
		const char *expect;
	} cases[] = {
		{"{b: 1, a: [x, {k: v, l: []}], c: {}}", 2,
		 "a:\n- x\n- k: v\n  l: []\nb: 1\nc: {}\n"},
		{"{b: 1, a: [x, {k: v, l: []}], c: {d: e}}", 4,
		 "a:\n- x\n-   k: v\n    l: []\nb: 1\nc:\n    d: e\n"},
		{"['12', 'yes', '', '~', '2001-12-14', '<<', '0644', '1:30']", 2,
		 "- '12'\n- 'yes'\n- ''\n- '~'\n- '2001-12-14'\n- '<<'\n- '0644'\n- '1:30'\n"},
		{"[1, 1.5, 1.0e+17, .inf, yes, ~]", 2,
		 "- 1\n- 1.5\n- 1.0e+17\n- .inf\n- true\n- null\n"},
		{"['{{ x }}', 'a: b', \"it's\", '# x', \"a\\nb\\n\", \"\\e[0m\"]", 2,
		 "- '{{ x }}'\n- 'a: b'\n- it's\n- '# x'\n- 'a\n\n  b\n\n  '\n- \"\\e[0m\"\n"},
		{"plain", 2, "plain\n...\n"},
		{"'12'", 2, "'12'\n"},
		{"[]", 2, "[]\n"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(strbuf_release) struct strbuf out = {0};
		yaml_emit(&out, read_yaml(cases[i].text), cases[i].indent);
		assert_string_equal(out.ptr, cases[i].expect);
	}
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct yaml_style flow = {.indent = 2, .flow = true};
	yaml_emit_styled(&out, read_yaml("{b: 1, a: [x, 2]}"), &flow);
	assert_string_equal(out.ptr, "{b: 1, a: [x, 2]}\n");
	strbuf_truncate(&out, 0);
	yaml_emit(&out, value_cstr(&arena, "a\xFF"), 2);
	assert_string_equal(out.ptr, "a\xEF\xBF\xBD\n...\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalars_resolve_as_pyyaml),
		cmocka_unit_test(collections),
		cmocka_unit_test(each_node_has_its_place),
		cmocka_unit_test(unsafe_marks_everything_below),
		cmocka_unit_test(documents),
		cmocka_unit_test(files),
		cmocka_unit_test(limits),
		cmocka_unit_test(emitted_as_pyyaml_dumps),
	};
	return cmocka_run_group_tests(tests, NULL, release);
}
