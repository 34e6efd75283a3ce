/* The lookup config; values of settings are the program's affair. */
#include "fixture.h"
#include "test.h"

#include "rollout/value/json.h"

static const char settings_text[] =
	"{\"DEFAULT_FORKS\": 50, \"DEFAULT_REMOTE_USER\": null, \"DEFAULT_ROLES_PATH\": [\"/a\", "
	"\"/b\"]}";

static const struct fixture_case cases[] = {
	{"lookup('config', 'DEFAULT_FORKS')", "50"},
	{"lookup('ansible.builtin.config', 'DEFAULT_FORKS') * 2", "100"},
	{"lookup('config', 'DEFAULT_ROLES_PATH') | join(':')", "'/a:/b'"},
	{"q('config', 'DEFAULT_FORKS', 'DEFAULT_REMOTE_USER')", "[50, None]"},
	{"q('config', 'DEFAULT_FORKS', 'NOPE', on_missing='skip')", "[50]"},
	{"q('config', 'NOPE', on_missing='warn')", "[]"},
	{"lookup('config', 'DEFAULT_FORK')",
	 "ERROR t:1:1: Unable to find setting DEFAULT_FORK; did you mean 'DEFAULT_FORKS'?"},
	{"lookup('config', 'DEFAULT_' + 'FORK')",
	 "Unable to find setting DEFAULT_FORK; did you mean 'DEFAULT_FORKS'?"},
	{"lookup('config', 5)", "the name of a setting is needed"},
	{"lookup('config', 'NOPE', on_missing='x')", "on_missing is one of"},
	{"lookup('config', 'port', plugin_type='connection', plugin_name='ssh')",
	 "settings of plugins are not there"},
};

static void lookups(void **state)
{
	struct fixture f;
	struct err err = {0};
	const struct value *settings;
	(void)state;
	fixture_init(&f, NULL);
	assert_int_equal(
		json_parse(&f.arena, "settings", slice_from(settings_text), &settings, &err), 0);
	template_env_settings(f.env, settings);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *got = fixture_run(&f, EVAL, cases[i].text);
		if (strncmp(got, "ERROR", 5) == 0 ? !strstr(got, cases[i].expected)
						  : strcmp(got, cases[i].expected) != 0)
			fail_msg("%s: %s, not %s", cases[i].text, got, cases[i].expected);
	}
	/* Before the run, where the name is written out. */
	struct srcloc at = {srcfile_intern("case"), 1, 1};
	struct slice wrong = SLICE_LIT("lookup('config', 'DEFAULT_FORK')");
	struct slice maybe = SLICE_LIT("q('config', 'DEFAULT_FORK', on_missing='skip')");
	assert_int_equal(template_check_expression(f.env, wrong, at, &err), ERR_NOT_FOUND);
	assert_int_equal(err.at.column, 18);
	assert_int_equal(template_check_expression(f.env, maybe, at, &err), 0);
	fixture_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lookups),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
