/* The levels of a task's variables: the higher one wins, or with merge_hashes mappings of
 * all are merged. */
#include "test.h"

#include "rollout/inventory/vars.h"
#include "rollout/value/json.h"
#include "rollout/value/yaml.h"

static const struct value *parse(struct arena *a, const char *text)
{
	const struct value *v = NULL;
	struct err err = {0};
	assert_int_equal(yaml_parse(a, "test", slice_from(text), &v, &err), 0);
	return v;
}

static const struct {
	const char *defaults, *inventory, *extra, *loop;
	const char *replaced, *merged;
} cases[] = {
	{"v: 1", "v: 2", "{}", "{}", "2", "2"},
	{"v: {a: 1}", "v: {b: 2}", "{}", "{}", "{\"b\":2}", "{\"a\":1,\"b\":2}"},
	{"v: {a: {x: 1, l: [1]}}", "v: {a: {y: 2}}", "v: {a: {l: [2]}}", "{}",
	 "{\"a\":{\"l\":[2]}}", "{\"a\":{\"x\":1,\"l\":[2],\"y\":2}}"},
	{"v: {a: 1}", "v: plain", "v: {b: 2}", "{}", "{\"b\":2}", "{\"b\":2}"},
	{"v: {a: 1}", "{}", "{}", "v: {b: 2}", "{\"b\":2}", "{\"b\":2}"},
	{"v: {a: '{{ 1 + 1 }}'}", "v: {b: '{{ v2 }}'}", "v2: 3", "{}", "{\"b\":3}",
	 "{\"a\":2,\"b\":3}"},
};

static void check(size_t i, bool merge, const char *want)
{
	struct arena a = {0};
	struct err err = {0};
	struct vars v;
	struct strbuf got CLEANUP(strbuf_release) = {0};
	const struct value *value = NULL;
	struct template_env *env = template_env_new();
	vars_init(&v, env, &a, NULL);
	v.merge_hashes = merge;
	vars_set_level(&v, VARS_ROLE_DEFAULTS, parse(&a, cases[i].defaults));
	vars_set_level(&v, VARS_INVENTORY, parse(&a, cases[i].inventory));
	vars_set_level(&v, VARS_EXTRA, parse(&a, cases[i].extra));
	vars_set_level(&v, VARS_LOOP, parse(&a, cases[i].loop));
	assert_int_equal(vars_get(&v, "v", &value, &err), 0);
	json_emit(&got, value, JSON_COMPACT);
	assert_string_equal(text_of(&got), want);
	vars_release(&v);
	template_env_free(env);
	arena_release(&a);
}

static void test_levels(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		print_message("case %zu\n", i);
		check(i, false, cases[i].replaced);
		check(i, true, cases[i].merged);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_levels)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
