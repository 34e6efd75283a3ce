/* dpkg's database, apt-get's words, and the prediction from its simulation. */
#include "bed.h"
#include "real/real.h"

static const char status_text[] =
	"Package: nginx\nStatus: install ok installed\nArchitecture: amd64\n"
	"Version: 1.22.1-9\nProvides: httpd, nginx-abi (= 1)\nDescription: x\n more\n\n"
	"Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n"
	"Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36\n\n"
	"Package: libc6\nStatus: deinstall ok config-files\nArchitecture: i386\nVersion: 2.35\n";

static void populate(struct bed *b)
{
	struct host_real *real = real_of(b->real);
	bed_put(b, "status", status_text, 0644);
	real->paths.dpkg_status = bed_path(b, "status");
	real->paths.policy_rc_d = bed_path(b, "policy-rc.d");
	real->paths.apt_stamp = bed_path(b, "stamp");
	bed_program(b, "apt-cache",
		    "#!/bin/sh\necho \"$3:\"\necho '  Installed: (none)'\n"
		    "case $3 in httpd) echo '  Candidate: (none)';; *) echo '  Candidate: 9.9';; "
		    "esac\n");
	bed_program(
		b, "apt-get",
		arena_printf(
			&b->arena,
			"#!/bin/sh\necho \"$*\" >>%s/log\n"
			"cat %s/policy-rc.d >>%s/log 2>/dev/null\n"
			"case \"$*\" in\n"
			"*nowhere*) echo 'E: Unable to locate package nowhere' >&2; exit 100;;\n"
			"*-s*) echo 'Inst dep [0.9] (1.0 Debian:12/stable [amd64])'\n"
			"      echo 'Inst haproxy (2.6.12 Debian:12/stable [amd64])'\n"
			"      echo 'Remv nginx [1.22.1-9]';;\n"
			"esac\n",
			b->root, b->root, b->root));
}

static struct host_package package(struct bed *b, struct host *h, const char *name)
{
	struct host_package p;
	assert_ok(b, h->ops->package(h, &b->arena, name, &p, &b->err));
	return p;
}

static void test_reading(void **state)
{
	struct bed *b = *state;
	populate(b);
	assert_true(package(b, b->real, "nginx").installed);
	assert_string_equal(package(b, b->real, "nginx").version, "1.22.1-9");
	assert_true(package(b, b->real, "nginx:amd64").installed);
	assert_false(package(b, b->real, "gone").installed);
	assert_true(package(b, b->real, "gone").has_config);
	assert_false(package(b, b->real, "nginx").has_config);
	assert_false(package(b, b->real, "never").installed);
	assert_string_equal(package(b, b->real, "libc6").version, "2.36");
	assert_false(package(b, b->real, "libc6:i386").installed);
	/* httpd is provided and nothing else; nginx-abi could be a package. */
	assert_true(package(b, b->real, "httpd").installed);
	assert_false(package(b, b->real, "nginx-abi").installed);
	bed_put(b, "status", "Package: other\nStatus: install ok installed\nVersion: 2\n", 0644);
	assert_false(package(b, b->real, "nginx").installed);
	assert_true(package(b, b->real, "other").installed);
}

static void test_no_dpkg(void **state)
{
	struct bed *b = *state;
	struct host_package p;
	real_of(b->real)->paths.dpkg_status = bed_path(b, "nothing");
	assert_int_equal(b->real->ops->package(b->real, &b->arena, "x", &p, &b->err),
			 ERR_UNSUPPORTED);
}

static int change(struct bed *b, struct host *h, const char *name, int state)
{
	const char *names[] = {name, NULL};
	struct host_package_change c = {.names = names, .policy_rc_d = -1, .lock_timeout_ms = 5000};
	c.state = state;
	return h->ops->package_change(h, &c, NULL, &b->err);
}

static void test_only_what_is_needed_is_asked_for(void **state)
{
	struct bed *b = *state;
	populate(b);
	assert_ok(b, change(b, b->real, "nginx", HOST_PACKAGE_PRESENT));
	assert_ok(b, change(b, b->real, "nginx=1.22*", HOST_PACKAGE_PRESENT));
	assert_ok(b, change(b, b->real, "never", HOST_PACKAGE_ABSENT));
	assert_null(bed_text(b, b->real, "log"));
	assert_ok(b, change(b, b->real, "nginx=2.0", HOST_PACKAGE_PRESENT));
	assert_non_null(strstr(bed_text(b, b->real, "log"),
			       "--force-confold -oDPkg::Lock::Timeout=5 install -- nginx=2.0"));
	assert_int_equal(change(b, b->real, "nowhere", HOST_PACKAGE_PRESENT), ERR_INVALID);
	assert_non_null(strstr(b->err.msg, "Unable to locate package nowhere"));
}

static void test_policy_comes_and_goes(void **state)
{
	struct bed *b = *state;
	const char *names[] = {"haproxy", NULL};
	struct host_package_change c = {.names = names, .policy_rc_d = 101};
	populate(b);
	bed_put(b, "policy-rc.d", "mine", 0700);
	assert_ok(b, b->real->ops->package_change(b->real, &c, NULL, &b->err));
	assert_non_null(strstr(bed_text(b, b->real, "log"), "exit 101"));
	assert_string_equal(bed_text(b, b->real, "policy-rc.d"), "mine");
	assert_null(bed_text(b, b->real, "policy-rc.d.rollout-aside"));
}

/* An agent was killed meanwhile: its script is there, and the old one aside. */
static void test_policy_of_a_killed_agent(void **state)
{
	struct bed *b = *state;
	const char *names[] = {"haproxy", NULL};
	struct host_package_change c = {.names = names, .policy_rc_d = 101};
	populate(b);
	bed_put(b, "policy-rc.d", "mine", 0700);
	assert_ok(b, b->real->ops->package_change(b->real, &c, NULL, &b->err));
	const char *log = bed_text(b, b->real, "log"), *script = strstr(log, "#!/bin/sh");
	assert_non_null(script);
	bed_put(b, "policy-rc.d", script, 0755);
	bed_put(b, "policy-rc.d.rollout-aside", "mine", 0700);
	assert_ok(b, b->real->ops->package_change(b->real, &c, NULL, &b->err));
	assert_string_equal(bed_text(b, b->real, "policy-rc.d"), "mine");
	bed_put(b, "policy-rc.d", script, 0755);
	assert_ok(b, b->real->ops->package_change(b->real, &c, NULL, &b->err));
	assert_null(bed_text(b, b->real, "policy-rc.d"));
}

static void test_purge_of_what_is_removed(void **state)
{
	struct bed *b = *state;
	const char *names[] = {"gone", NULL};
	struct host_package_change c = {.names = names, .policy_rc_d = -1, .purge = true};
	c.state = HOST_PACKAGE_ABSENT;
	populate(b);
	assert_ok(b, b->real->ops->package_change(b->real, &c, NULL, &b->err));
	assert_non_null(strstr(bed_text(b, b->real, "log"), "purge -- gone"));
}

static void test_refresh(void **state)
{
	struct bed *b = *state;
	bool updated = true;
	populate(b);
	bed_put(b, "stamp", "", 0644);
	assert_ok(b, b->real->ops->package_refresh(b->real, 3600, &updated, &b->err));
	assert_false(updated);
	assert_ok(b, b->real->ops->package_refresh(b->real, 0, &updated, &b->err));
	assert_true(updated);
	assert_non_null(strstr(bed_text(b, b->real, "log"), "update -q"));
}

static void test_prediction_is_the_simulation(void **state)
{
	struct bed *b = *state;
	struct host *o = b->overlay;
	populate(b);
	assert_int_equal(change(b, o, "nowhere", HOST_PACKAGE_PRESENT), ERR_INVALID);
	assert_ok(b, change(b, o, "haproxy", HOST_PACKAGE_PRESENT));
	assert_string_equal(package(b, o, "haproxy").version, "2.6.12");
	assert_true(package(b, o, "dep").installed);
	assert_false(package(b, o, "nginx").installed);
	assert_true(package(b, o, "nginx").has_config);
	assert_true(package(b, b->real, "nginx").installed);
	assert_non_null(host_assumes(o));
	/* What an earlier task may have made known is assumed. */
	assert_ok(b, change(b, o, "nowhere", HOST_PACKAGE_PRESENT));
	assert_true(package(b, o, "nowhere").installed);
	assert_true(package(b, o, "nowhere").assumed);
	assert_ok(b, change(b, o, "haproxy", HOST_PACKAGE_ABSENT));
	assert_null(strstr(bed_text(b, b->real, "log"), "\n-y -q -o install"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reading, bed_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_no_dpkg, bed_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_only_what_is_needed_is_asked_for, bed_setup,
						bed_teardown),
		cmocka_unit_test_setup_teardown(test_policy_comes_and_goes, bed_setup,
						bed_teardown),
		cmocka_unit_test_setup_teardown(test_policy_of_a_killed_agent, bed_setup,
						bed_teardown),
		cmocka_unit_test_setup_teardown(test_purge_of_what_is_removed, bed_setup,
						bed_teardown),
		cmocka_unit_test_setup_teardown(test_refresh, bed_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_prediction_is_the_simulation, bed_setup,
						bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
