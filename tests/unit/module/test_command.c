/* command, shell, raw and script, on the machine that runs the test. */
#include "fake_host.h"
#include "rollout/value/json.h"
#include "test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	const char *module, *args;
	const char *key, *text; /* of the result */
	bool failed, changed;
} cases[] = {
	{"command", "{_raw_params: echo 'a  b' c}", "stdout", "a  b c", false, true},
	{"command", "{argv: [echo, 'a b', '$X']}", "stdout", "a b $X", false, true},
	{"command", "{cmd: cat, stdin: hello}", "stdout", "hello", false, true},
	{"command", "{cmd: cat, stdin: hello, strip_empty_ends: false}", "stdout", "hello\n", false,
	 true},
	{"command", "{cmd: pwd, chdir: /usr}", "stdout", "/usr", false, true},
	{"command", "{cmd: 'false'}", "msg", "non-zero return code", true, true},
	{"command", "{cmd: /no/such/program}", "msg", "", true, false},
	{"command", "{cmd: 'echo $HOME', executable: /bin/sh}", "stdout", "/home/test", false,
	 true},
	{"command", "{cmd: echo hi, creates: /usr/bin}", "stdout", "skipped, since /usr/bin exists",
	 false, false},
	{"command", "{cmd: echo hi, creates: '/us*/bin'}", "stdout",
	 "skipped, since /us*/bin exists", false, false},
	{"command", "{cmd: echo hi, creates: bin, chdir: /usr}", "stdout",
	 "skipped, since bin exists", false, false},
	{"command", "{cmd: echo hi, creates: '/usr/none-*'}", "stdout", "hi", false, true},
	{"command", "{cmd: echo hi, removes: /no/such}", "stdout",
	 "skipped, since /no/such does not exist", false, false},
	{"shell", "{_raw_params: 'echo a | tr a b; echo err >&2'}", "stdout", "b", false, true},
	{"shell", "{_raw_params: 'echo err >&2'}", "stderr", "err", false, true},
	{"shell", "{cmd: 'echo \"$HOME\"'}", "stdout", "/home/test", false, true},
	{"shell", "{cmd: exit 3}", "msg", "non-zero return code", true, true},
	{"shell", "{cmd: 'echo ${0##*/}', executable: /bin/bash}", "stdout", "bash", false, true},
	{"raw", "{_raw_params: echo a}", "stdout", "a\n", false, true},
	{"shell", "{}", "msg",
	 "one of the following is required by module shell: a free-form command, cmd", true, false},
	{"command", "{cmd: a, argv: [a]}", "msg",
	 "parameters of module command are mutually exclusive: a free-form command, cmd, argv",
	 true, false},
};

static void commands(void **state)
{
	struct host *host = host_real_new();
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(trial_release) struct trial t = {0};
		const struct value *r = trial_run(&t, host, cases[i].module, cases[i].args, false);
		if (result_is(r, "failed") != cases[i].failed ||
		    result_is(r, "changed") != cases[i].changed ||
		    (cases[i].text[0] &&
		     strcmp(result_text(r, cases[i].key), cases[i].text) != 0)) {
			CLEANUP(strbuf_release) struct strbuf out = {0};
			json_emit(&out, r, JSON_PYTHON);
			fail_msg("%s %s: %s", cases[i].module, cases[i].args, out.ptr);
		}
	}
	host_free(host);
}

static void result_fields(void **state)
{
	struct host *host = host_real_new();
	CLEANUP(trial_release) struct trial t = {0};
	(void)state;
	const struct value *r =
		trial_run(&t, host, "command", "{argv: [printf, 'a\\nb\\r\\n\\nc\\n\\n']}", false);
	const struct value *lines = value_get(r, "stdout_lines");
	assert_int_equal(lines->list.len, 4);
	assert_true(value_is_str(lines->list.at[1], "b"));
	assert_true(value_is_str(lines->list.at[3], "c"));
	assert_string_equal(result_text(r, "stdout"), "a\nb\r\n\nc");
	assert_int_equal(value_get(r, "cmd")->type, VALUE_LIST);
	assert_int_equal(value_get(r, "rc")->integer, 0);
	assert_int_equal(strlen(result_text(r, "start")), strlen("2024-01-01 12:00:00.000000"));
	assert_int_equal(strncmp(result_text(r, "delta"), "0:00:0", 6), 0);
	r = trial_run(&t, host, "shell", "{cmd: 'echo one; echo two >&2'}", false);
	assert_non_null(strstr(t.output.ptr, "1:one"));
	assert_non_null(strstr(t.output.ptr, "2:two"));
	host_free(host);
}

static void check_mode(void **state)
{
	struct host *real = host_real_new(), *overlay = host_overlay_new(real);
	CLEANUP(trial_release) struct trial t = {0};
	(void)state;
	const struct value *r =
		trial_run(&t, overlay, "command", "{cmd: touch /no/such/dir/x}", true);
	assert_true(result_is(r, "_unknown"));
	assert_false(result_is(r, "failed"));
	assert_null(value_get(r, "stdout"));
	assert_string_equal(result_text(r, "msg"), "would run");
	r = trial_run(&t, overlay, "command", "{cmd: x, creates: /usr/bin}", true);
	assert_false(result_is(r, "_unknown"));
	assert_false(result_is(r, "changed"));
	assert_int_equal(value_get(r, "rc")->integer, 0);
	host_free(overlay);
	host_free(real);
}

#define SCRIPT "#!/bin/sh\necho \"$PWD:$1:$2\"\nls -l \"$0\" | cut -c1-10\nexit 4\n"

static int script_piece(void *self, struct slice *ret, struct err *err)
{
	size_t *given = self;
	(void)err;
	*ret = (struct slice){SCRIPT, *given ? 0 : strlen(SCRIPT)};
	*given = strlen(SCRIPT);
	return 0;
}

static int open_script(void *self, const char *sha256, struct host_stream *ret, struct err *err)
{
	(void)sha256;
	(void)err;
	*ret = (struct host_stream){.self = self, .next = script_piece};
	return 0;
}

static void close_script(void *self)
{
	(void)self;
}

static void script(void **state)
{
	struct host *host = host_real_new();
	CLEANUP(trial_release) struct trial t = {0};
	(void)state;
	char hex[DIGEST_HEX_MAX];
	size_t given = 0;
	digest_bytes(DIGEST_SHA256, SCRIPT, strlen(SCRIPT), hex);
	struct value *args = value_dict_new(&t.arena);
	value_dict_put(&t.arena, args, "_raw_params",
		       value_cstr(&t.arena, "files/setup.sh 'a b' c"));
	value_dict_put(&t.arena, args, "_sha256", value_cstr(&t.arena, hex));
	value_dict_put(&t.arena, args, "chdir", value_cstr(&t.arena, "/usr"));
	t.services = (struct module_services){
		.self = &given, .content_open = open_script, .content_close = close_script};
	t.call = (struct module_call){.module = module_find(SLICE_LIT("script")),
				      .host = host,
				      .arena = &t.arena,
				      .args = args,
				      .services = &t.services};
	module_run(&t.call);
	assert_string_equal(result_text(t.call.result, "stdout"), "/usr:a b:c\n-rwx------\n");
	assert_int_equal(value_get(t.call.result, "rc")->integer, 4);
	assert_true(result_is(t.call.result, "failed"));
	assert_null(value_get(t.call.result, "warnings"));
	host_free(host);
}

static int prepare(void **state)
{
	(void)state;
	return setenv("HOME", "/home/test", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands),
		cmocka_unit_test(result_fields),
		cmocka_unit_test(check_mode),
		cmocka_unit_test(script),
	};
	return cmocka_run_group_tests(tests, prepare, NULL);
}
