#include "fake_host.h"
#include "rollout/value/json.h"
#include "test.h"

/* Expectations are those of ansible.parsing.splitter.parse_kv. */
static const struct {
	const char *module, *text, *json; /* json NULL: an error */
} cases[] = {
	{"command", "echo hello", "{\"_raw_params\": \"echo hello\"}"},
	{"command", "echo  two   blanks", "{\"_raw_params\": \"echo  two   blanks\"}"},
	{"command", "chdir=/tmp creates=/x make install",
	 "{\"chdir\": \"/tmp\", \"creates\": \"/x\", \"_raw_params\": \"make install\"}"},
	/* Keys that the module does not have are its command's. */
	{"command", "dd if=/dev/zero of=/x bs=1",
	 "{\"_raw_params\": \"dd if=/dev/zero of=/x bs=1\"}"},
	{"shell", "FOO=bar env | grep FOO", "{\"_raw_params\": \"FOO=bar env | grep FOO\"}"},
	{"shell", "echo \"a b=c\" 'd e'", "{\"_raw_params\": \"echo \\\"a b=c\\\" 'd e'\"}"},
	{"shell", "echo {{ a | default('x y') }} creates={{ p }}/q",
	 "{\"_raw_params\": \"echo {{ a | default('x y') }}\", \"creates\": \"{{ p }}/q\"}"},
	{"shell", "echo a\n  echo b\n", "{\"_raw_params\": \"echo a\\n  echo b\\n\"}"},
	{"shell", "echo a \\\n  b", "{\"_raw_params\": \"echo a  b\"}"},
	{"shell", "echo \"x\ny\" z", "{\"_raw_params\": \"echo \\\"x\\ny\\\" z\"}"},
	{"shell", "{% if a == 1 %}one{% endif %} two",
	 "{\"_raw_params\": \"{% if a == 1 %}one{% endif %} two\"}"},
	{"shell", "test a\\=b", "{\"_raw_params\": \"test a=b\"}"},
	{"shell", "executable=/bin/bash echo $((1+2))",
	 "{\"executable\": \"/bin/bash\", \"_raw_params\": \"echo $((1+2))\"}"},
	{"shell", "", "{}"},
	{"include_tasks", "other.yml", "{\"_raw_params\": \"other.yml\"}"},
	{"apt", "name=nginx state=latest", "{\"name\": \"nginx\", \"state\": \"latest\"}"},
	{"user", "name=x comment='Jane Doe' shell=\"/bin/a b\"",
	 "{\"name\": \"x\", \"comment\": \"Jane Doe\", \"shell\": \"/bin/a b\"}"},
	{"debug", "msg={{ a }}", "{\"msg\": \"{{ a }}\"}"},
	{"debug", "msg=\"a\\tb\"", "{\"msg\": \"a\\tb\"}"},
	{"debug", "msg=\"{{ a }} and {{ b }}\"", "{\"msg\": \"{{ a }} and {{ b }}\"}"},
	{"set_fact", "x=1 y='{{ z }}'", "{\"x\": \"1\", \"y\": \"{{ z }}\"}"},
	{"apt", "nginx", NULL},
	{"shell", "echo 'a", NULL},
	{"shell", "echo {{ a", NULL},
};

static void parsed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(arena_release) struct arena a = {0};
		const struct value *got, *expect;
		const struct module *m = module_find(slice_from(cases[i].module));
		struct err err = {0};
		struct srcloc at = {"tasks.yml", 3, 7};
		int r = module_parse_free_form(m, &a, slice_from(cases[i].text), at, &got, &err);
		if (!cases[i].json) {
			assert_int_not_equal(r, 0);
			assert_int_equal(err.at.line, 3);
			continue;
		}
		if (r < 0)
			fail_msg("%s: %s", cases[i].text, err.msg);
		assert_int_equal(json_parse(&a, "", slice_from(cases[i].json), &expect, NULL), 0);
		if (!value_equal(got, expect)) {
			CLEANUP(strbuf_release) struct strbuf out = {0};
			json_emit(&out, got, JSON_PYTHON);
			fail_msg("%s: %s", cases[i].text, out.ptr);
		}
		assert_int_equal(got->at.column, 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(parsed)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
