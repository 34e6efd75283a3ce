/* library_module: scripts of every convention, their arguments and their results. */
#include "file_bed.h"
#include "rollout/value/json.h"
#include "test.h"

#define OLD "#!/bin/sh\n"
#define JSON "#!/bin/sh\n# WANT_JSON\n"

static const struct library_case {
	const char *script, *arguments; /* JSON */
	const char *result;		/* JSON: what the result has, among other things */
} cases[] = {
	{OLD ". \"$1\"; echo \"{\\\"told\\\": \\\"$a,$b\\\", \\\"changed\\\": true}\"",
	 "{\"a\": \"two 'words'\", \"b\": 3}",
	 "{\"told\": \"two 'words',3\", \"changed\": true, \"failed\": false}"},
	{OLD ". \"$1\"; echo \"{\\\"m\\\": \\\"$_ansible_module_name $_ansible_check_mode\\\"}\"",
	 "{}", "{\"m\": \"mine False\", \"changed\": false}"},
	{JSON "grep -q '\"l\": \\[1, \"x\"\\]' \"$1\" && echo '{\"ok\": 1}'", "{\"l\": [1, \"x\"]}",
	 "{\"ok\": 1}"},
	{OLD "printf 'noise\\n  {\"a\":\\n 1}\\n'; echo more", "{}", "{\"a\": 1}"},
	{OLD "echo '{\"failed\": true, \"msg\": \"no luck\"}'", "{}",
	 "{\"failed\": true, \"msg\": \"no luck\"}"},
	{OLD "echo '{\"rc\": 3, \"stdout\": \"x\\ny\"}' | sed 's/\\$/n/'", "{}",
	 "{\"failed\": true}"},
	{OLD "printf '%s\\n' '{\"rc\": 3, \"stdout\": \"x\\ny\"}'", "{}",
	 "{\"failed\": true, \"rc\": 3, \"stdout_lines\": [\"x\", \"y\"]}"},
	{OLD "echo nothing; echo bad >&2; exit 4", "{}",
	 "{\"failed\": true, \"rc\": 4, \"module_stdout\": \"nothing\\n\", \"module_stderr\": "
	 "\"bad\\n\", \"msg\": \"MODULE FAILURE\\nSee stdout/stderr for the exact error\"}"},
	{OLD "echo '[1]'", "{}", "{\"failed\": true, \"module_stdout\": \"[1]\\n\"}"},
	{OLD "echo '{\"a\": '", "{}", "{\"failed\": true}"},
	{OLD "true", "{}", "{\"failed\": true, \"module_stdout\": \"\"}"},
	{OLD "echo '{\"_unknown\": true, \"_async\": 1, \"b\": 2}'", "{}", "{\"b\": 2}"},
	{OLD "[ \"$(stat -c %a \"$1\" \"$(dirname \"$1\")\" | tr '\\n' ' ')\" = '600 700 ' ] && "
	     "echo '{\"x\": "
	     "1}'",
	 "{}", "{\"x\": 1}"},
	{"#!/bin/sh -e\nfalse\necho '{}'", "{}", "{\"failed\": true, \"rc\": 1}"},
	{"#!/no/such/interpreter\n", "{}", "{\"failed\": true}"},
};

static void run_case(struct file_bed *b, const struct library_case *c)
{
	struct err err = {0};
	const struct value *want;
	b->content = slice_from(c->script);
	const char *args = arena_printf(
		&b->arena, "{\"_sha256\": \"%s\", \"_module_name\": \"mine\", \"_arguments\": %s}",
		file_bed_sha256(b), c->arguments);
	struct host *o = host_overlay_new(b->real);
	const struct value *r = file_bed_run(b, o, "library_module", args);
	assert_non_null(value_get(r, "_unknown"));
	host_free(o);
	assert_int_equal(json_parse(&b->arena, "want", slice_from(c->result), &want, &err), 0);
	for (int again = 0; again < 2; again++) {
		r = file_bed_run(b, b->real, "library_module", args);
		for (size_t i = 0; i < want->dict.len; i++) {
			const char *key = want->dict.at[i].key->str.ptr;
			const struct value *have = value_get(r, key);
			if (!have || !value_equal(have, want->dict.at[i].value))
				fail_msg("%s: %s is something else", c->script, key);
		}
		assert_null(value_get(r, "_unknown"));
		assert_null(value_get(r, "_async"));
	}
}

static void conventions(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		run_case(*state, &cases[i]);
	file_bed_shell(*state, "! ls -d /tmp/.rollout-module-* 2>/dev/null");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(conventions, file_bed_setup, file_bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
