#include "probe.h"
#include "ssh/config/ssh_options.h"

#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void reads_arguments(void **state UNUSED)
{
	struct ssh_options o = {0};
	struct err err = {0};
	const char *args = "-o UserKnownHostsFile='/a /b' -oStrictHostKeyChecking=no -o "
			   "\"Port 2222\" -i ~/.ssh/k1 -i k2 -J a@b:1,c -C -o ControlMaster=auto "
			   "-o ControlPersist=60s -l ops -o ConnectTimeout=7 -F /cfg";
	assert_int_equal(ssh_options_args(&o, args, &err), 0);
	assert_string_equal(o.user_known_hosts, "/a /b");
	assert_int_equal(o.strict, SSH_STRICT_NO);
	assert_int_equal(o.port, 2222);
	assert_int_equal(o.identities.len, 2);
	assert_string_equal(o.identities.at[1], "k2");
	assert_string_equal(o.proxy_jump, "a@b:1,c");
	assert_string_equal(o.user, "ops");
	assert_int_equal(o.connect_timeout_s, 7);
	assert_string_equal(o.config_file, "/cfg");
	assert_false(o.foreign);
	ssh_options_release(&o);
}

static void first_value_stays(void **state UNUSED)
{
	struct ssh_options o = {.port = 22};
	struct err err = {0};
	assert_int_equal(ssh_options_args(&o, "-p 2222 -o User=a -l b", &err), 0);
	ssh_options_text(&o, SLICE_LIT("user c\nport 1\nhostname h\n"));
	assert_int_equal(o.port, 22);
	assert_string_equal(o.user, "a");
	assert_string_equal(o.hostname, "h");
	ssh_options_release(&o);
}

static void knows_what_is_foreign(void **state UNUSED)
{
	static const struct {
		const char *args;
		int want;
		bool foreign;
	} table[] = {
		{"-o CanonicalizeHostname=yes", 0, true},
		{"-o CertificateFile=/x", 0, true},
		{"-o ServerAliveCountMax=3 -q -4", 0, false},
		{"-W x:1", 0, true},
		{"host", ERR_INVALID, false},
		{"-o", ERR_INVALID, false},
		{"-o 'x", ERR_SYNTAX, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct ssh_options o = {0};
		struct err err = {0};
		int r = ssh_options_args(&o, table[i].args, &err);
		if (table[i].want == 0 ? r != 0 : r >= 0)
			fail_msg("%s: %d", table[i].args, r);
		if (r == 0)
			assert_int_equal(o.foreign, table[i].foreign);
		ssh_options_release(&o);
	}
}

static void reads_ssh_g(void **state UNUSED)
{
	struct ssh_options o = {0};
	ssh_options_text(&o, SLICE_LIT("user ops\nhostname 10.0.0.1\nport 2200\n"
				       "identitiesonly yes\nidentityfile ~/.ssh/id_rsa\n"
				       "identityfile ~/.ssh/id_ed25519\nidentityagent none\n"
				       "proxyjump none\nproxycommand none\nhostkeyalias web\n"
				       "userknownhostsfile /a /b\nglobalknownhostsfile /c\n"
				       "stricthostkeychecking accept-new\nconnecttimeout none\n"
				       "serveraliveinterval 0\n"));
	assert_string_equal(o.user, "ops");
	assert_int_equal(o.port, 2200);
	assert_int_equal(o.identities_only, 1);
	assert_int_equal(o.identities.len, 2);
	assert_string_equal(o.identity_agent, "none");
	assert_null(o.proxy_jump);
	assert_null(o.proxy_command);
	assert_string_equal(o.host_key_alias, "web");
	assert_string_equal(o.user_known_hosts, "/a /b");
	assert_int_equal(o.strict, SSH_STRICT_ACCEPT_NEW);
	assert_int_equal(o.connect_timeout_s, 0);
	ssh_options_release(&o);
}

static void expands(void **state UNUSED)
{
	struct ssh_options o = {.user = "ops", .port = 23, .hostname = "h.example"};
	assert_string_equal(ssh_options_expand(&o, "~/.ssh/%n", "/home/x", "web"),
			    "/home/x/.ssh/web");
	assert_string_equal(ssh_options_expand(&o, "nc %h %p %r %% %d", "/home/x", "web"),
			    "nc h.example 23 ops % /home/x");
	assert_string_equal(ssh_options_expand(&o, "~user/x%", "/home/x", "web"), "~user/x%");
	ssh_options_release(&o);
}

static void sees_whether_the_configuration_matters(void **state UNUSED)
{
	static const struct {
		const char *text;
		bool matters;
	} table[] = {
		{"", false},
		{"# Port 1\nHost *\n  SendEnv LANG LC_*\n  HashKnownHosts yes\n", false},
		{"Host *\n GSSAPIAuthentication yes\n", false},
		{"Host web\n  User x\n", true},
		{"Include /nonexistent/*.conf\n", false},
		{"Include conf.d/*\n", true},
		{"Match host web\n", true},
		{"ProxyJump=b\n", true},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		probe_write("sys", table[i].text, 0644);
		if (ssh_config_matters(probe_folder(), probe_path("sys")) != table[i].matters)
			fail_msg("case %zu", i);
	}
	mkdir(probe_path(".ssh"), 0700);
	probe_write(".ssh/config", "Host a\n User b\n", 0600);
	assert_true(ssh_config_matters(probe_folder(), "/nonexistent"));
}

static int clean(void **state UNUSED)
{
	probe_clean();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_arguments),
		cmocka_unit_test(first_value_stays),
		cmocka_unit_test(knows_what_is_foreign),
		cmocka_unit_test(reads_ssh_g),
		cmocka_unit_test(expands),
		cmocka_unit_test(sees_whether_the_configuration_matters),
	};
	return cmocka_run_group_tests(tests, NULL, clean);
}
