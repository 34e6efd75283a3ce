/* Objects of other layers: a mapping such as hostvars, a callable. */
#include "fixture.h"

#include "rollout/template/object.h"

#include "test.h"

static int host_get(void *self, struct arena *a, const struct value *key, const struct value **ret,
		    struct err *err)
{
	(void)self;
	*ret = NULL;
	if (value_is_str(key, "broken"))
		return err_set(err, ERR_NOT_FOUND, "host broken cannot be read");
	if (!value_is_str(key, "web1") && !value_is_str(key, "db1"))
		return 0;
	struct value *vars = value_dict_new(a);
	value_dict_put(a, vars, "ip",
		       value_cstr(a, value_is_str(key, "web1") ? "10.0.0.1" : "10.0.0.2"));
	*ret = vars;
	return 0;
}

static int host_keys(void *self, struct arena *a, const struct value **ret_list, struct err *err)
{
	(void)self, (void)err;
	struct value *list = value_list_new(a);
	value_list_push(a, list, value_cstr(a, "web1"));
	value_list_push(a, list, value_cstr(a, "db1"));
	*ret_list = list;
	return 0;
}

static int twice(void *self, struct arena *a, const struct template_args *args,
		 const struct value **ret, struct err *err)
{
	(void)self;
	if (args->npositional != 1 || args->positional[0]->type != VALUE_INT)
		return err_set(err, ERR_INVALID, "twice() takes a number");
	*ret = value_int(a, args->positional[0]->integer * 2);
	return 0;
}

static const struct value_object_ops hosts_ops = {
	.type_name = "HostVars", .get = host_get, .keys = host_keys};
static const struct value_object_ops twice_ops = {.type_name = "twice", .call = twice};

static void objects(void **state)
{
	(void)state;
	static const struct fixture_case cases[] = {
		{"hostvars['web1'].ip", "'10.0.0.1'"},
		{"hostvars.web1.ip", "'10.0.0.1'"},
		{"hostvars['nope'].ip | default('x')", "'x'"},
		{"hostvars['nope'].ip",
		 "ERROR t:1:9: hostvars: 'HostVars' has no attribute 'nope'"},
		{"hostvars.broken", "ERROR t:1:10: host broken cannot be read"},
		{"'web1' in hostvars", "True"},
		{"'nope' not in hostvars", "True"},
		{"hostvars | length", "2"},
		{"hostvars | list", "['web1', 'db1']"},
		{"hostvars.keys()", "['web1', 'db1']"},
		{"hostvars.get('db1').ip", "'10.0.0.2'"},
		{"hostvars.get('nope', 5)", "5"},
		{"hostvars.values() | map(attribute='ip') | join(' ')", "'10.0.0.1 10.0.0.2'"},
		{"hostvars.items() | list",
		 "[('web1', {'ip': '10.0.0.1'}), ('db1', {'ip': '10.0.0.2'})]"},
		{"hostvars | dict2items | map(attribute='key') | list", "['web1', 'db1']"},
		{"['db1', 'web1'] | map('extract', hostvars, 'ip') | list",
		 "['10.0.0.2', '10.0.0.1']"},
		{"hostvars is mapping", "True"},
		{"hostvars is defined", "True"},
		{"twice(4)", "8"},
		{"twice", "<twice>"},
		{"twice('a')", "ERROR t:1:1: twice() takes a number"},
		{"hostvars()",
		 "ERROR t:1:1: not something to call, got a value of type 'HostVars'"},
	};
	struct fixture f;
	fixture_init(&f, "{}");
	value_dict_put(&f.arena, (struct value *)f.vars, "hostvars",
		       value_object(&f.arena, &hosts_ops, NULL));
	value_dict_put(&f.arena, (struct value *)f.vars, "twice",
		       value_object(&f.arena, &twice_ops, NULL));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		/* The object itself is passed on; its text is the template's. */
		bool whole = !strcmp(cases[i].text, "twice");
		const char *got =
			fixture_run(&f, whole ? TEXT : EVAL, whole ? "{{ twice }}" : cases[i].text);
		assert_string_equal(got, whole ? "'<twice>'" : cases[i].expected);
	}
	fixture_release(&f);
}

/* Hashes by crypt(3), as Ansible's with the same salt and rounds. */
static void password_hash(void **state)
{
	(void)state;
	static const struct fixture_case cases[] = {
		{"'secret' | password_hash('sha256', 'abcdefgh', rounds=1000)",
		 "'$5$rounds=1000$abcdefgh$XIppta5rT8zJUu4vAOKQXrwq9uY4Ijlz6VjyOmkx5i4'"},
		{"'secret' | password_hash('md5', 'abcd')", "'$1$abcd$Oy8OD9LGKv7H9yIMreLNV1'"},
		{"('secret' | password_hash('sha512', rounds=1000))[:17]", "'$6$rounds=1000$' ~"},
		{"'secret' | password_hash('nope')",
		 "ERROR t:1:12: password_hash: 'nope' is not sha512"},
		{"'x' | password_hash('sha512', 'a b')", "ERROR outside of ./0-9A-Za-z"},
	};
	struct fixture f;
	fixture_init(&f, NULL);
	assert_non_null(strstr(fixture_run(&f, EVAL, cases[2].text), "$6$rounds=1000$"));
	fixture_release(&f);
	fixture_check(EVAL, cases, 2);
	fixture_check(EVAL, cases + 3, 2);
}

/* The expected results are those of jmespath.org's own examples, and of jp. */
static void json_query(void **state)
{
	(void)state;
	static const struct fixture_case cases[] = {
		{"jsn | from_json | json_query('root_token')", "'hvs.x'"},
		{"d | json_query('y.z[1]')", "20"},
		{"d | json_query('y.z[-1]')", "30"},
		{"d | json_query('y.z[9]')", "None"},
		{"d | json_query('y.z[1:]')", "[20, 30]"},
		{"d | json_query('y.z[::2]')", "[10, 30]"},
		{"d | json_query('nope.x')", "None"},
		{"d | json_query('\"keys\"')", "'k'"},
		{"hosts | json_query('[*].name')", "['m1', 'w2', 'w1']"},
		{"hosts | json_query('[].tags')", "[['a', 'b'], ['b'], []]"},
		{"hosts | json_query('[].tags[]')", "['a', 'b', 'b']"},
		{"hosts | json_query('[].tags | []')", "['a', 'b', 'b']"},
		{"hosts | json_query('[].tags[0]')", "['a', 'b']"},
		{"hosts | json_query('[*].nope')", "[]"},
		{"hosts | json_query('[?port==`80`].name')", "['m1', 'w1']"},
		{"hosts | json_query(\"[?name=='w2'].ip | [0]\")", "'10.0.0.2'"},
		{"hosts | json_query('[?up && port>`79`].name')", "['m1', 'w1']"},
		{"hosts | json_query('[?!up].name')", "['w2']"},
		{"hosts | json_query('[?port==`443` || name==`m1`].name')", "['m1', 'w2']"},
		{"hosts | json_query(\"[?starts_with(name, 'w')].name\")", "['w2', 'w1']"},
		{"hosts | json_query(\"[?contains(tags, 'b')].name\")", "['m1', 'w2']"},
		{"(hosts | json_query('[].{n: name, p: port}'))[0]", "{'n': 'm1', 'p': 80}"},
		{"hosts | json_query('[].[name, port]')", "[['m1', 80], ['w2', 443], ['w1', 80]]"},
		{"hosts | json_query('length(@)')", "3"},
		{"hosts | json_query('[].port | max(@)')", "443"},
		{"{'a': {'x': 1}, 'b': {'x': 2}} | json_query('*.x')", "[1, 2]"},
		{"d | json_query('keys(@)')", "['x', 'y', 'keys']"},
		{"d | json_query('@.x')", "1"},
		{"d | json_query('(x)')", "1"},
		{"d | json_query('x || `5`')", "1"},
		{"d | json_query('a.')", "ERROR JMESPath: a name is expected"},
		{"d | json_query('x]')", "ERROR JMESPath: something unexpected"},
		{"d | json_query('nofn(x)')", "ERROR there is no function 'nofn'"},
	};
	fixture_check(EVAL, cases, ARRAY_LEN(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects),
		cmocka_unit_test(password_hash),
		cmocka_unit_test(json_query),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
