#include "fake_host.h"
#include "rollout/value/json.h"
#include "rollout/value/yaml.h"
#include "test.h"

/* A module with a parameter of each kind. */
static const char *const states[] = {"present", "absent", "yes", NULL};
static const char *const aliases[] = {"destination", NULL};
static const struct module_param params[] = {
	{.name = "dest", .type = MODULE_PATH, .required = true, .aliases = aliases},
	{.name = "state", .type = MODULE_STR, .fallback = "present", .choices = states},
	{.name = "force", .type = MODULE_BOOL, .fallback = "false"},
	{.name = "count", .type = MODULE_INT},
	{.name = "ratio", .type = MODULE_FLOAT},
	{.name = "mode", .type = MODULE_MODE},
	{.name = "names", .type = MODULE_LIST, .element = MODULE_STR},
	{.name = "numbers", .type = MODULE_LIST, .element = MODULE_INT, .fallback = "[1, 2]"},
	{.name = "map", .type = MODULE_DICT},
	{.name = "any", .type = MODULE_RAW},
	{0},
};
static const char *const excludes[] = {"count|ratio", NULL};
static const struct module sample = {
	.name = "sample",
	.full_name = "test.sample",
	.params = params,
	.mutually_exclusive = excludes,
};

#define REST "\"numbers\": [1, 2]"
static const struct {
	const char *yaml, *json; /* json NULL: an error, of which `message` is a part */
	const char *message;
} cases[] = {
	{"{dest: /x}", "{\"dest\": \"/x\", \"state\": \"present\", \"force\": false, " REST "}",
	 NULL},
	{"{destination: /x, force: yes}",
	 "{\"dest\": \"/x\", \"force\": true, \"state\": \"present\", " REST "}", NULL},
	{"{dest: /x, mode: 0644, count: ' 7 '}",
	 "{\"dest\": \"/x\", \"mode\": \"0644\", \"count\": 7, \"state\": \"present\", "
	 "\"force\": false, " REST "}",
	 NULL},
	{"{dest: /x, names: 'a, b'}",
	 "{\"dest\": \"/x\", \"names\": [\"a\", \"b\"], \"state\": \"present\", \"force\": "
	 "false, " REST "}",
	 NULL},
	{"{dest: /x, names: [1, true]}",
	 "{\"dest\": \"/x\", \"names\": [\"1\", \"True\"], \"state\": \"present\", \"force\": "
	 "false, " REST "}",
	 NULL},
	{"{dest: /x, numbers: '3,4', force: 'on'}",
	 "{\"dest\": \"/x\", \"numbers\": [3, 4], \"force\": true, \"state\": \"present\"}", NULL},
	{"{dest: /x, map: 'a=1 b=2', numbers: []}",
	 "{\"dest\": \"/x\", \"map\": {\"a\": \"1\", \"b\": \"2\"}, \"numbers\": [], "
	 "\"state\": \"present\", \"force\": false}",
	 NULL},
	{"{dest: /x, map: '{\"a\": 1}', numbers: []}",
	 "{\"dest\": \"/x\", \"map\": {\"a\": 1}, \"numbers\": [], \"state\": \"present\", "
	 "\"force\": false}",
	 NULL},
	/* YAML makes a boolean of the choice. */
	{"{dest: /x, state: yes, numbers: []}",
	 "{\"dest\": \"/x\", \"state\": \"yes\", \"numbers\": [], \"force\": false}", NULL},
	/* null is as good as absent, and the controller's own names pass. */
	{"{dest: /x, count: null, _sha256: abc, numbers: []}",
	 "{\"dest\": \"/x\", \"_sha256\": \"abc\", \"numbers\": [], \"state\": \"present\", "
	 "\"force\": false}",
	 NULL},
	{"{destt: /x}", NULL,
	 "args:1:2: unsupported parameter 'destt' for module sample; did you mean 'dest'?"},
	{"{}", NULL, "args:1:1: module sample lacks the required parameter dest"},
	{"{dest: null}", NULL, "lacks the required parameter dest"},
	{"{dest: /x, state: gone}", NULL,
	 "args:1:19: parameter 'state' of module sample: 'gone' is not one of present, absent, "
	 "yes"},
	{"{dest: /x, force: maybe}", NULL,
	 "args:1:19: parameter 'force' of module sample: 'maybe' is "
	 "not a boolean"},
	{"{dest: /x, count: 1.5}", NULL, "1.5 is not an integer"},
	{"{dest: /x, count: 9x}", NULL, "'9x' is not an integer"},
	{"{dest: /x, ratio: much}", NULL, "'much' is not a number"},
	{"{dest: /x, mode: rwx}", NULL, "'rwx' is not a file mode"},
	{"{dest: /x, mode: '0999'}", NULL, "'0999' is not a file mode"},
	{"{dest: /x, numbers: [1, b]}", NULL, "'b' is not an integer"},
	{"{dest: /x, map: [1]}", NULL, "[1] is not a mapping"},
	{"{dest: /x, count: 1, ratio: 2}", NULL, "mutually exclusive: count, ratio"},
	{"[1]", NULL, "must be a mapping, this is a list"},
};

static void coerced(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(arena_release) struct arena a = {0};
		const struct value *args, *got, *expect;
		struct err err = {0};
		char text[1400];
		assert_int_equal(yaml_parse(&a, "args", slice_from(cases[i].yaml), &args, NULL), 0);
		int r = module_coerce_args(&sample, &a, args, &got, &err);
		if (cases[i].json) {
			assert_int_equal(r, 0);
			assert_int_equal(
				json_parse(&a, "", slice_from(cases[i].json), &expect, NULL), 0);
			if (!value_equal(got, expect)) {
				struct strbuf out = {0};
				json_emit(&out, got, JSON_PYTHON);
				fail_msg("%s: %s", cases[i].yaml, out.ptr);
			}
			continue;
		}
		assert_int_not_equal(r, 0);
		if (!strstr(err_format(&err, text, sizeof(text)), cases[i].message))
			fail_msg("%s: %s", cases[i].yaml, text);
	}
}

static void templates_are_trusted(void **state)
{
	(void)state;
	CLEANUP(arena_release) struct arena a = {0};
	const struct value *args;
	const char *text = "{dest: '{{ x }}', state: '{{ s }}', count: '{% if a %}1{% endif %}', "
			   "numbers: [1, '{{ n }}'], names: '{{ list }}'}";
	assert_int_equal(yaml_parse(&a, "args", slice_from(text), &args, NULL), 0);
	assert_int_equal(module_check_args(&sample, args, true, NULL), 0);
	assert_int_not_equal(module_check_args(&sample, args, false, NULL), 0);
	assert_int_equal(
		yaml_parse(&a, "args", slice_from("{dest: '{{ x }}', count: y}"), &args, NULL), 0);
	assert_int_not_equal(module_check_args(&sample, args, true, NULL), 0);
}

static void found_by_names(void **state)
{
	(void)state;
	static const char *const copies[] = {"command", "ansible.builtin.command",
					     "ansible.legacy.command"};
	for (size_t i = 0; i < ARRAY_LEN(copies); i++)
		assert_string_equal(module_find(slice_from(copies[i]))->name, "command");
	assert_string_equal(module_find(SLICE_LIT("ansible.posix.sysctl"))->name, "sysctl");
	assert_string_equal(module_find(SLICE_LIT("community.general.modprobe"))->name, "modprobe");
	assert_string_equal(module_find(SLICE_LIT("ansible.builtin.systemd_service"))->name,
			    "systemd");
	assert_null(module_find(SLICE_LIT("community.general.command")));
	assert_null(module_find(SLICE_LIT("comand")));
	char hint[128];
	assert_string_equal(module_hint(SLICE_LIT("comand"), hint, sizeof(hint)),
			    "; did you mean 'command'?");
	assert_string_equal(module_hint(SLICE_LIT("community.general.sysctl"), hint, sizeof(hint)),
			    "; did you mean 'ansible.posix.sysctl'?");
}

/* Whatever a table says must hold together: defaults of their own type, groups
 * of existing parameters, a sentence for each. */
static void tables_are_sound(void **state)
{
	(void)state;
	size_t count;
	const struct module *const *all = module_all(&count);
	assert_true(count > 30);
	for (size_t i = 0; i < count; i++) {
		const struct module *m = all[i];
		assert_true(m->doc && m->name && m->full_name);
		assert_ptr_equal(module_find(slice_from(m->full_name)), m);
		assert_ptr_equal(module_find(slice_from(m->name)), m);
		assert_true((m->run == NULL) == ((m->flags & MODULE_ACTION) != 0));
		for (const struct module_param *p = m->params; p && p->name; p++) {
			struct module one = {.name = m->name};
			const struct module_param row[] = {*p, {0}};
			CLEANUP(arena_release) struct arena a = {0};
			const struct value *out;
			struct err err = {0};
			if (!p->doc)
				fail_msg("%s.%s is not documented", m->name, p->name);
			if (p->required || !p->fallback)
				continue;
			one.params = row;
			if (module_coerce_args(&one, &a, NULL, &out, &err) < 0)
				fail_msg("%s.%s: %s", m->name, p->name, err.msg);
			assert_non_null(value_get(out, p->name));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(coerced),
		cmocka_unit_test(templates_are_trusted),
		cmocka_unit_test(found_by_names),
		cmocka_unit_test(tables_are_sound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
