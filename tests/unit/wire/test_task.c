#include "hex.h"
#include "rollout/value/yaml.h"
#include "rollout/wire/task.h"
#include "test.h"

#include <stdlib.h>

static struct value *one_item(struct arena *a)
{
	struct value *items = value_list_new(a);
	value_list_push(a, items, value_dict_new(a));
	return items;
}

/* The bytes of docs/wire.md, section 11. */
static void the_documented_bytes(void **state)
{
	CLEANUP(arena_release) struct arena a = {0};
	CLEANUP(strbuf_release) struct strbuf out = {0};
	const struct wire_task ping = {
		.module = "ping", .items = one_item(&a), .strand = 7, .stop_on_failure = true};
	struct value *resume = value_dict_new(&a), *result = value_dict_new(&a),
		     *answer = value_dict_new(&a);
	(void)state;
	value_dict_put(&a, resume, "strand", value_int(&a, 7));
	value_dict_put(&a, result, "ping", value_cstr(&a, "pong"));
	value_dict_put(&a, result, "changed", value_bool(false));
	value_dict_put(&a, result, "failed", value_bool(false));
	value_dict_put(&a, answer, "item", value_int(&a, 0));
	value_dict_put(&a, answer, "last", value_bool(true));
	value_dict_put(&a, answer, "result", result);
	wire_put_value(&out, WIRE_CANCEL, 3, value_dict_new(&a));
	wire_put_value(&out, WIRE_RESUME, 0, resume);
	wire_put_value(&out, WIRE_TASK, 1, wire_task_to_value(&a, &ping));
	wire_put_value(&out, WIRE_RESULT, 1, answer);
	wire_put_bytes(&out, WIRE_BLOB, 2, SLICE_LIT("abc"));
	CLEANUP(free_ptr) char *hex = hex_text(strbuf_slice(&out));
	assert_string_equal(hex, "00000001"
				 "44"
				 "00000003"
				 "a0"
				 "00000009"
				 "43"
				 "00000000"
				 "a1"
				 "66737472616e64"
				 "07"
				 "0000004d"
				 "40"
				 "00000001"
				 "a7"
				 "666d6f64756c65"
				 "6470696e67"
				 "656974656d73"
				 "81a0"
				 "66737472616e64"
				 "07"
				 "6f73746f705f6f6e5f6661696c757265"
				 "f5"
				 "6a636865636b5f6d6f6465"
				 "f4"
				 "69646966665f6d6f6465"
				 "f4"
				 "666e6f5f6c6f67"
				 "f4"
				 "00000030"
				 "02"
				 "00000001"
				 "a3"
				 "646974656d"
				 "00"
				 "646c617374"
				 "f5"
				 "66726573756c74"
				 "a3"
				 "6470696e67"
				 "64706f6e67"
				 "676368616e676564"
				 "f4"
				 "666661696c6564"
				 "f4"
				 "00000003"
				 "41"
				 "00000002"
				 "616263");
}

static void all_fields_come_back(void **state)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct value *env = value_dict_new(&a);
	struct wire_task got;
	(void)state;
	value_dict_put(&a, env, "K", value_cstr(&a, "v"));
	const struct wire_task t = {"copy", one_item(&a), UINT32_MAX, true, true,
				    true,   true,	  "etcd",     env,  1500};
	assert_int_equal(wire_task_from_value(wire_task_to_value(&a, &t), &got, NULL), 0);
	assert_string_equal(got.module, "copy");
	assert_ptr_equal(got.items, t.items);
	assert_int_equal(got.strand, UINT32_MAX);
	assert_true(got.stop_on_failure && got.check_mode && got.diff_mode && got.no_log);
	assert_string_equal(got.become_user, "etcd");
	assert_ptr_equal(got.environment, env);
	assert_int_equal(got.timeout_ms, 1500);
	const struct wire_task plain = {.module = "ping", .items = t.items};
	assert_int_equal(wire_task_from_value(wire_task_to_value(&a, &plain), &got, NULL), 0);
	assert_null(got.become_user);
	assert_null(got.environment);
	assert_int_equal(got.timeout_ms, 0);
}

#define FLAGS "stop_on_failure: no, check_mode: no, diff_mode: no, no_log: no"
#define TASK "module: ping, items: [{}], strand: 1, " FLAGS
static const char *const wrong[] = {
	"[]",
	"null",
	"{module: ping, items: [{}], strand: 1}",
	"{items: [{}], strand: 1, " FLAGS "}",
	"{module: 1, items: [{}], strand: 1, " FLAGS "}",
	"{module: \"a\\0b\", items: [{}], strand: 1, " FLAGS "}",
	"{module: ping, items: [], strand: 1, " FLAGS "}",
	"{module: ping, items: [1], strand: 1, " FLAGS "}",
	"{module: ping, items: {}, strand: 1, " FLAGS "}",
	"{module: ping, items: [{}], strand: -1, " FLAGS "}",
	"{module: ping, items: [{}], strand: 4294967296, " FLAGS "}",
	"{module: ping, items: [{}], strand: 1.0, " FLAGS "}",
	"{" TASK ", become_user: 0}",
	"{" TASK ", become_user: null}",
	"{" TASK ", environment: [a]}",
	"{" TASK ", environment: {a: 1}}",
	"{" TASK ", environment: {1: a}}",
	"{" TASK ", environment: {a=b: c}}",
	"{" TASK ", environment: {'': c}}",
	"{" TASK ", environment: {a: \"\\0\"}}",
	"{" TASK ", timeout_ms: -1}",
	"{" TASK ", timeout_ms: 0}",
	"{" TASK ", timeout: 1}",
};

static void wrong_tasks_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		CLEANUP(arena_release) struct arena a = {0};
		const struct value *v;
		struct wire_task t = {0};
		struct err err = {0};
		assert_int_equal(yaml_parse(&a, "t", slice_from(wrong[i]), &v, &err), 0);
		if (wire_task_from_value(v, &t, &err) != ERR_PROTOCOL || t.module)
			fail_msg("%s", wrong[i]);
		assert_true(strstr(err.msg, "TASK: ") == err.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_documented_bytes),
		cmocka_unit_test(all_fields_come_back),
		cmocka_unit_test(wrong_tasks_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
