/* community.hashi_vault with the real curl, against a server that plays Vault. */
#include "child.h"
#include "fake_vault.h"
#include "program_bed.h"
#include "rollout/value/json.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct fake_vault server;

static int setup(void **state)
{
	char url[64];
	fake_vault_start(&server);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", server.port);
	setenv("VAULT_ADDR", url, 1);
	setenv("VAULT_TOKEN", FAKE_VAULT_TOKEN, 1);
	unsetenv("VAULT_NAMESPACE");
	unsetenv("VAULT_CACERT");
	unsetenv("VAULT_SKIP_VERIFY");
	return file_bed_setup(state);
}

static int teardown(void **state)
{
	fake_vault_stop(&server);
	return file_bed_teardown(state);
}

static const char *text(const struct value *r, const char *key)
{
	const struct value *v = value_get(r, key);
	return v && v->type == VALUE_STRING ? v->str.ptr : "";
}

static bool is(const struct value *r, const char *key)
{
	const struct value *v = value_get(r, key);
	return v && value_truthy(v);
}

static const struct value *data(const struct value *r)
{
	return value_get(value_get(r, "data"), "data");
}

#define USER "\"auth_method\": \"userpass\", \"username\": \"me too\", "
#define FORBIDDEN "Forbidden: Permission Denied to path "

static const struct program_case cases[] = {
	{"vault_read", "{\"path\": \"/secret/data/app/\"}", .changed = false},
	{"vault_read", "{\"path\": \"none\"}", .msg = "The path 'none' doesn't seem to exist."},
	{"vault_read", "{\"path\": \"kv/app\", \"token\": \"s.bad\"}",
	 .msg = FORBIDDEN "'kv/app'."},
	{"vault_read", "{\"path\": \"kv/app\", \"token\": \"\"}", .msg = FORBIDDEN "'kv/app'."},
	{"vault_read", "{\"path\": \"kv/app\", \"auth_method\": \"none\"}",
	 .msg = FORBIDDEN "'kv/app'."},
	{"vault_read", "{\"path\": \"kv/app\", \"token\": \"s.bad\", \"token_validate\": true}",
	 .msg = "Invalid Vault Token Specified."},
	{"vault_read", "{\"path\": \"kv/app\", \"token_validate\": true}", .changed = false},
	{"vault_read", "{\"path\": \"sealed\"}", .msg = "Vault is sealed, on get http://"},
	{"vault_read", "{\"path\": \"sealed\", \"retries\": 1}", .msg = "Vault is sealed"},
	{"vault_read", "{\"path\": \"broken\"}", .msg = "oh, dear, on get"},
	{"vault_read", "{\"path\": \"page\"}",
	 .msg = "Vault returned status code 200 and an unparsable body."},
	{"vault_read", "{\"path\": \"nothing\"}", .msg = "status code 204"},
	{"vault_read", "{\"path\": \"deep\"}", .msg = "unparsable body"},
	{"vault_read", "{\"path\": \"huge\"}", .msg = "does not answer: curl: (63)"},
	{"vault_read", "{\"path\": \"endless\", \"timeout\": 1}", .msg = "does not answer: curl:"},
	{"vault_list", "{\"path\": \"secret/metadata\"}", .changed = false},
	{"vault_list", "{\"path\": \"none\"}", .msg = "The path 'none' doesn't seem to exist."},
	{"vault_kv1_get", "{\"path\": \"app\"}", .changed = false},
	{"vault_kv1_get", "{\"path\": \"odd?name\"}", .changed = false},
	{"vault_kv1_get", "{\"path\": \"none\"}", .msg = "Invalid or missing path ['none']."},
	{"vault_kv1_get", "{\"path\": \"app\", \"token\": \"s.bad\"}", .msg = FORBIDDEN "['app']."},
	{"vault_kv1_get", "{\"path\": \"versioned\"}",
	 .msg = "Invalid path for a versioned K/V secrets engine ['versioned']. If this is a KV "
		"version 2 path, use community.hashi_vault.vault_kv2_get."},
	{"vault_kv2_get", "{\"path\": \"app\"}", .changed = false},
	{"vault_kv2_get", "{\"path\": \"app\", \"engine_mount_point\": \"deep/kv/\"}",
	 .changed = false},
	{"vault_kv2_get", "{\"path\": \"app\", \"version\": 9}",
	 .msg = "Invalid or missing path ['app'] with secret version '9'. Check the path or secret "
		"version."},
	{"vault_kv2_get", "{\"path\": \"none\"}", .msg = "with secret version 'latest'"},
	{"vault_kv2_get", "{\"path\": \"app\", \"token\": \"s.bad\"}", .msg = FORBIDDEN "['app']."},
	{"vault_write", "{\"path\": \"pki/issue/web\", \"data\": {\"common_name\": \"x\"}}",
	 .changed = true, .again = true, .unknown = true},
	{"vault_login", "{" USER "\"password\": \"pass word\"}", .changed = false},
	{"vault_login", "{" USER "\"password\": \"wrong\"}",
	 .msg = "invalid username or password, on post http://"},
	{"vault_login", "{" USER "\"mount_point\": \"x\"}",
	 .msg = "Authentication method userpass requires options ('username', 'password') to be "
		"set, but these are missing: ['password']"},
	{"vault_login", "{\"auth_method\": \"approle\"}",
	 .msg = "requires options ('role_id',) to be set, but these are missing: ['role_id']"},
	{"vault_login",
	 "{\"auth_method\": \"approle\", \"role_id\": \"r\", \"secret_id\": \"sesame\"}",
	 .changed = false},
	{"vault_login", "{\"auth_method\": \"jwt\", \"role_id\": \"r\", \"jwt\": \"a.b.c\"}",
	 .changed = false},
	{"vault_login", "{\"auth_method\": \"none\"}",
	 .msg = "The 'none' auth method is not valid for this module."},
	{"vault_login", "{\"token_validate\": true}", .changed = false},
	{"vault_read",
	 "{\"path\": \"kv/app\", \"auth_method\": \"userpass\", \"mount_point\": \"other\", "
	 "\"username\": \"me\", \"password\": \"pass word\"}",
	 .changed = false},
	{"vault_kv2_write",
	 "{\"path\": \"w\", \"data\": {\"a\": [1, \"b\"]}, \"read_before_write\": true}",
	 .changed = true},
	{"vault_kv2_write", "{\"path\": \"w\", \"data\": {\"a\": 2}}", .changed = true,
	 .again = true},
	{"vault_kv2_write",
	 "{\"path\": \"w\", \"data\": {\"a\": 2}, \"token\": \"s.bad\", \"read_before_write\": "
	 "true}",
	 .msg = "Permission denied reading w"},
	{"vault_kv2_delete", "{\"path\": \"w\"}", .changed = true, .again = true},
	{"vault_kv2_delete", "{\"path\": \"w\", \"versions\": [1, 3]}", .changed = true,
	 .again = true},
	{"vault_pki_generate_certificate",
	 "{\"role_name\": \"web\", \"common_name\": \"x\", \"alt_names\": [\"y\", \"z\"]}",
	 .changed = true, .again = true, .unknown = true},
	/* Before anything is sent. */
	{"vault_read", "{\"path\": \"x\", \"url\": \"ftp://x\"}", .msg = "'ftp://x' is no http://"},
	{"vault_read", "{\"path\": \"x\", \"url\": \"http://x\\n-o /etc/passwd\"}", .msg = "url"},
	{"vault_read", "{\"path\": \"x\", \"token\": \"a\\r\\nb\"}", .msg = "the Vault token"},
	{"vault_read", "{\"path\": \"x\", \"namespace\": \"a\\nb\"}", .msg = "namespace"},
	{"vault_read", "{\"path\": \"x\", \"retries\": -1}",
	 .msg = "Number of retries must be >= 0 and at most 100 (got -1)"},
	{"vault_read", "{\"path\": \"x\", \"retries\": {\"connect\": 2}}",
	 .msg = "retries takes total, backoff_factor and status_forcelist"},
	{"vault_read", "{\"path\": \"x\", \"retries\": \"many\"}",
	 .msg = "retries must be a number or a mapping"},
	{"vault_read", "{\"path\": \"x\", \"timeout\": 0}", .msg = "timeout must be"},
	{"vault_read", "{\"path\": \"x\", \"proxies\": {\"http\": 1}}", .msg = "proxies must be"},
	{"vault_read", "{\"path\": \"x\", \"url\": \"http://127.0.0.1:1\"}",
	 .msg = "Vault at http://127.0.0.1:1 does not answer: curl: (7)"},
	{"vault_read", "{\"path\": \"kv/app\", \"proxies\": \"http://127.0.0.1:1\"}",
	 .msg = "does not answer: curl:"},
	{"vault_read", "{\"path\": \"kv/app\", \"proxies\": \"{'http'\"}",
	 .msg = "proxies must be"},
	{"vault_read", "{\"path\": \"kv/app\", \"proxies\": {\"https\": \"http://127.0.0.1:1\"}}",
	 .changed = false},
};

static void test_cases(void **state)
{
	program_bed_run(*state, cases, ARRAY_LEN(cases));
}

static void test_results(void **state)
{
	struct file_bed *b = *state;
	const struct value *r = file_bed_run(b, b->real, "vault_kv2_get", "{\"path\": \"app\"}");
	assert_string_equal(text(value_get(r, "secret"), "key"), "hidden secret");
	assert_int_equal(value_get(value_get(r, "metadata"), "version")->integer, 2);
	assert_string_equal(text(value_get(value_get(r, "data"), "data"), "key"), "hidden secret");
	assert_string_equal(text(value_get(r, "raw"), "lease_id"), "");
	assert_non_null(value_get(value_get(r, "raw"), "lease_id"));
	r = file_bed_run(b, b->real, "vault_kv2_get", "{\"path\": \"app\", \"version\": 1}");
	assert_string_equal(text(value_get(r, "secret"), "key"), "old secret");
	r = file_bed_run(b, b->real, "vault_kv1_get", "{\"path\": \"app\"}");
	assert_string_equal(text(value_get(r, "secret"), "key"), "plain secret");
	assert_string_equal(text(value_get(r, "data"), "key"), "plain secret");
	assert_int_equal(value_get(r, "metadata")->dict.len, 1);
	assert_int_equal(value_get(value_get(r, "metadata"), "lease_duration")->integer, 5);
	assert_int_equal(value_get(r, "raw")->dict.len, 2);
	r = file_bed_run(b, b->real, "vault_list", "{\"path\": \"secret/metadata\"}");
	assert_int_equal(value_get(data(r), "keys")->list.len, 2);
	r = file_bed_run(b, b->real, "vault_write", "{\"path\": \"pki/issue/web\"}");
	assert_string_equal(text(data(r), "certificate"), "-----BEGIN CERTIFICATE-----");
	r = file_bed_run(b, b->real, "vault_login", "{\"token_validate\": true}");
	const struct value *auth = value_get(value_get(r, "login"), "auth");
	assert_string_equal(text(auth, "client_token"), FAKE_VAULT_TOKEN);
	assert_string_equal(text(value_get(auth, "metadata"), "a"), "b");
	assert_null(value_get(auth, "meta"));
	r = file_bed_run(b, b->real, "vault_login", "{" USER "\"password\": \"pass word\"}");
	auth = value_get(value_get(r, "login"), "auth");
	assert_string_equal(text(auth, "client_token"), FAKE_VAULT_LOGIN_TOKEN);
	r = file_bed_run(b, b->real, "vault_kv2_write",
			 "{\"path\": \"w\", \"cas\": 7, \"data\": {\"a\": 3}}");
	assert_non_null(strstr(text(r, "msg"), "InvalidRequest writing to 'w': check-and-set"));
}

static void test_writes(void **state)
{
	struct file_bed *b = *state;
	const struct value *r =
		file_bed_run(b, b->real, "vault_write",
			     "{\"path\": \"echo\", \"data\": {\"n\": 5, \"t\": true, \"q\": "
			     "\"\\\"\\\\\\n\"}, \"namespace\": \"team\", \"wrap_ttl\": \"5m\"}");
	assert_string_equal(text(data(r), "method"), "PUT");
	assert_string_equal(text(data(r), "body"),
			    "{\"n\": 5, \"t\": true, \"q\": \"\\\"\\\\\\n\"}");
	assert_non_null(strstr(text(data(r), "head"), "X-Vault-Namespace: team\r\n"));
	assert_non_null(strstr(text(data(r), "head"), "X-Vault-Wrap-TTL: 5m\r\n"));
	assert_non_null(strstr(text(data(r), "head"), "X-Vault-Request: true\r\n"));
	/* Another server of the cluster: token and body go there. */
	r = file_bed_run(b, b->real, "vault_write", "{\"path\": \"moved\", \"data\": {\"n\": 5}}");
	assert_string_equal(text(data(r), "method"), "PUT");
	assert_string_equal(text(data(r), "body"), "{\"n\": 5}");
	r = file_bed_run(b, b->real, "vault_write", "{\"path\": \"nothing\"}");
	assert_true(is(r, "changed"));
	assert_int_equal(value_get(r, "data")->dict.len, 0);
	r = file_bed_run(b, b->real, "vault_write", "{\"path\": \"page\"}");
	assert_string_equal(text(r, "data"), "<html>");
	assert_non_null(value_get(r, "warnings"));
	r = file_bed_run(b, b->real, "vault_write", "{\"path\": \"none\"}");
	assert_string_equal(text(r, "msg"), "The path 'none' doesn't seem to exist.");
	r = file_bed_run(b, b->real, "vault_write", "{\"path\": \"x\", \"token\": \"s.bad\"}");
	assert_string_equal(text(r, "msg"), FORBIDDEN "'x'.");
	r = file_bed_run(b, b->real, "vault_write", "{\"path\": \"broken\"}");
	assert_non_null(strstr(text(r, "msg"), "Internal Server Error: oh, dear, on put http://"));
	/* A body that is longer than a line of curl's configuration may be. */
	char *large = arena_alloc(&b->arena, 60001);
	memset(large, 'x', 60000);
	r = file_bed_run(
		b, b->real, "vault_write",
		arena_printf(&b->arena, "{\"path\": \"echo\", \"data\": {\"x\": \"%s\"}}", large));
	assert_int_equal(strlen(text(data(r), "body")), 60000 + strlen("{\"x\": \"\"}"));
	file_bed_shell(b, "! ls -d /tmp/.rollout-uri-* 2>/dev/null");
}

static void test_check_mode(void **state)
{
	struct file_bed *b = *state;
	struct host *o = host_overlay_new(b->real);
	/* Nothing is asked: nobody listens there. */
	const struct value *r =
		file_bed_run(b, o, "vault_write",
			     "{\"path\": \"x\", \"url\": \"http://127.0.0.1:1\", "
			     "\"auth_method\": \"userpass\", \"username\": \"u\", \"password\": "
			     "\"p\"}");
	assert_true(is(r, "changed") && is(r, "_unknown") && !is(r, "failed"));
	assert_int_equal(value_get(r, "data")->dict.len, 0);
	/* It may have been made. */
	r = file_bed_run(b, o, "vault_kv2_get", "{\"path\": \"none\"}");
	assert_true(is(r, "_unknown") && !is(r, "failed"));
	r = file_bed_run(b, o, "vault_kv2_get", "{\"path\": \"app\"}");
	assert_string_equal(text(value_get(r, "secret"), "key"), "hidden secret");
	host_free(o);
}

static void test_retries(void **state)
{
	struct file_bed *b = *state;
	const struct value *r =
		file_bed_run(b, b->real, "vault_read", "{\"path\": \"flaky\", \"retries\": 2}");
	assert_false(is(r, "failed"));
	assert_int_equal(value_get(r, "warnings")->list.len, 2);
	r = file_bed_run(b, b->real, "vault_read",
			 "{\"path\": \"flaky\", \"retries\": {\"total\": 2, "
			 "\"status_forcelist\": [503]}, \"retry_action\": \"ignore\"}");
	assert_false(is(r, "failed") || value_get(r, "warnings"));
	r = file_bed_run(b, b->real, "vault_read",
			 "{\"path\": \"flaky\", \"retries\": {\"total\": 2}}");
	assert_true(is(r, "failed"));
}

static void test_token_file(void **state)
{
	static const char args[] = "{\"path\": \"kv/app\", \"token_path\": \"@\"}";
	struct file_bed *b = *state;
	unsetenv("VAULT_TOKEN");
	const struct value *r = file_bed_run(b, b->real, "vault_read", args);
	assert_string_equal(text(r, "msg"), "No Vault Token specified or discovered.");
	file_bed_shell(b, "mkdir .vault-token");
	r = file_bed_run(b, b->real, "vault_read", args);
	assert_non_null(strstr(text(r, "msg"), ".vault-token' was found but is not a file."));
	file_bed_shell(b, "rmdir .vault-token && echo ' " FAKE_VAULT_TOKEN "' >.vault-token");
	assert_false(is(file_bed_run(b, b->real, "vault_read", args), "failed"));
	file_bed_shell(b, "mv .vault-token mine");
	r = file_bed_run(b, b->real, "vault_read",
			 "{\"path\": \"kv/app\", \"token_path\": \"@\", \"token_file\": \"mine\"}");
	assert_false(is(r, "failed"));
}

/* Not in the list of processes, not in a message, not in a file that is left. */
static void test_secrecy(void **state)
{
	struct file_bed *b = *state;
	program_bed_fake(b, "curl", "echo \"$@\" >>$R/log; exec /usr/bin/curl \"$@\"");
	assert_false(
		is(file_bed_run(b, b->real, "vault_read", "{\"path\": \"kv/app\"}"), "failed"));
	const struct value *r =
		file_bed_run(b, b->real, "vault_login", "{" USER "\"password\": \"pass word\"}");
	assert_false(is(r, "failed"));
	file_bed_shell(b, "[ $(wc -l <log) = 2 ] && ! grep -v '^--config -$' log");
	r = file_bed_run(b, b->real, "vault_read", "{\"path\": \"tells\"}");
	assert_non_null(strstr(text(r, "msg"), "you have ********, you, on get http://"));
	file_bed_shell(b, "! grep -rF " FAKE_VAULT_TOKEN " .");
	static const char *const names[] = {"vault_read", "vault_write", "vault_kv2_get",
					    "vault_login", "vault_pki_generate_certificate"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct module *m = module_find(slice_from(names[i]));
		assert_true(module_param_find(m, SLICE_LIT("token"))->secret);
		assert_non_null(m->secret_results);
		assert_ptr_equal(m, module_find(slice_from(arena_printf(
					    &b->arena, "community.hashi_vault.%s", names[i]))));
	}
}

static void test_parameters(void **state)
{
	static const struct {
		const char *args, *says;
	} wrong[] = {
		{"{}", "path"},
		{"{\"path\": \"x\", \"auth_method\": \"aws_iam\"}", "auth_method"},
		{"{\"path\": \"x\", \"tokn\": \"x\"}", "did you mean 'token'"},
		{"{\"path\": \"x\", \"token_validate\": \"perhaps\"}", "token_validate"},
		{"{\"path\": \"x\", \"region\": \"x\"}", "region"},
	};
	struct file_bed *b = *state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct err err = {0};
		const struct value *args;
		assert_int_equal(json_parse(&b->arena, "a", slice_from(wrong[i].args), &args, &err),
				 0);
		int r = module_check_args(module_find(SLICE_LIT("vault_read")), args, false, &err);
		if (r == 0 || !strstr(err.msg, wrong[i].says))
			fail_msg("%s: %d %s", wrong[i].args, r, err.msg);
	}
}

/* A server that wants a certificate of its client, too: for auth_method cert. */
static pid_t start_tls(struct file_bed *b, int *ret_port)
{
	file_bed_shell(b, "openssl req -x509 -newkey ed25519 -nodes -subj /CN=x -addext "
			  "subjectAltName=IP:127.0.0.1 -keyout key -out cert -days 2 2>/dev/null; "
			  "mkdir -p v1/kv; printf 'HTTP/1.0 200 OK\\r\\nContent-Type: "
			  "application/json\\r\\n\\r\\n{\"data\": {\"a\": 1}}' >v1/kv/app");
	file_bed_shell(b, arena_printf(&b->arena,
				       "printf 'HTTP/1.0 307 Moved\\r\\nLocation: "
				       "http://127.0.0.1:%d/v1/kv/app\\r\\n\\r\\n' >v1/kv/clear",
				       server.port));
	struct fake_vault other; /* its port is free once it has ended */
	fake_vault_start(&other);
	fake_vault_stop(&other);
	*ret_port = other.port;
	const char *at = arena_printf(&b->arena, "127.0.0.1:%d", other.port);
	pid_t pid = child_fork();
	if (pid == 0) {
		if (chdir(b->root) == 0)
			execlp("openssl", "openssl", "s_server", "-quiet", "-HTTP", "-accept", at,
			       "-cert", "cert", "-key", "key", (char *)NULL);
		_exit(127);
	}
	file_bed_shell(
		b, arena_printf(&b->arena,
				"n=0; while curl -sk https://127.0.0.1:%d/ >/dev/null; [ $? = 7 "
				"]; do n=$((n+1)); [ $n -lt 1200 ] || exit 1; sleep 0.1; "
				"done",
				other.port));
	return pid;
}

static void test_tls(void **state)
{
	static const struct {
		const char *more, *env;
		bool works;
	} tls[] = {
		{"", NULL, false},
		{", \"ca_cert\": \"@/cert\"", NULL, true},
		{", \"cacert\": \"@/cert\"", NULL, true},
		{", \"ca_cert\": \"@/key\"", NULL, false},
		{", \"validate_certs\": false", NULL, true},
		{"", "true", true},
		{"", "nonsense", false},
		{", \"validate_certs\": true", "true", false},
	};
	struct file_bed *b = *state;
	int port;
	pid_t pid = start_tls(b, &port);
	for (size_t i = 0; i < ARRAY_LEN(tls); i++) {
		unsetenv("VAULT_SKIP_VERIFY");
		if (tls[i].env)
			setenv("VAULT_SKIP_VERIFY", tls[i].env, 1);
		const struct value *r = file_bed_run(
			b, b->real, "vault_kv1_get",
			arena_printf(&b->arena,
				     "{\"path\": \"app\", \"url\": \"https://127.0.0.1:%d\"%s}",
				     port, tls[i].more));
		if (is(r, "failed") == tls[i].works)
			fail_msg("%s: %s", tls[i].more, text(r, "msg"));
	}
	/* The token does not go into the clear. */
	const struct value *r = file_bed_run(
		b, b->real, "vault_kv1_get",
		arena_printf(&b->arena,
			     "{\"path\": \"clear\", \"url\": \"https://127.0.0.1:%d\", "
			     "\"ca_cert\": \"@/cert\"}",
			     port));
	assert_non_null(strstr(text(r, "msg"), "does not answer: curl: (1)"));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(void)
{
	if (system("command -v curl >/dev/null") != 0)
		return 77;
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cases, setup, teardown),
		cmocka_unit_test_setup_teardown(test_results, setup, teardown),
		cmocka_unit_test_setup_teardown(test_writes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_check_mode, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retries, setup, teardown),
		cmocka_unit_test_setup_teardown(test_token_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_secrecy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_parameters, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tls, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
