/* selinux on a host where it runs. */
#include "fake_host.h"

#include "test.h"

static struct fake_host *machine(const char *enforce, const char *mode)
{
	struct fake_host *f = fake_host_new();
	fake_file(f, "/sys/fs/selinux/enforce", enforce);
	fake_file(f, "/etc/selinux/config",
		  arena_printf(&f->arena, "SELINUX=%s\nSELINUXTYPE=targeted\n", mode));
	return f;
}

static const struct {
	const char *enforce, *mode, *args, *log;
	bool changed, reboot;
} cases[] = {
	{"1", "enforcing", "{state: enforcing, policy: targeted}", "", false, false},
	{"0", "enforcing", "{state: enforcing, policy: targeted}", "run setenforce 1\n", true,
	 false},
	{"1", "enforcing", "{state: permissive, policy: targeted}",
	 "write /etc/selinux/config\nrun setenforce 0\n", true, false},
	{"1", "enforcing", "{state: disabled}", "write /etc/selinux/config\nrun setenforce 0\n",
	 true, true},
	{"0", "permissive", "{state: disabled}", "write /etc/selinux/config\n", true, true},
	{"0", "disabled", "{state: disabled}", "", false, true},
};

static void check(size_t i, bool check_mode)
{
	struct fake_host *f = machine(cases[i].enforce, cases[i].mode);
	struct host *o = host_overlay_new(&f->host);
	CLEANUP(trial_release) struct trial t = {0};
	const struct value *r =
		trial_run(&t, check_mode ? o : &f->host, "selinux", cases[i].args, check_mode);
	const char *did = f->log.ptr ? f->log.ptr : "";
	if (result_is(r, "failed") || result_is(r, "changed") != cases[i].changed ||
	    result_is(r, "reboot_required") != cases[i].reboot ||
	    strcmp(did, check_mode ? "" : cases[i].log) != 0)
		fail_msg("%zu %s: changed %d, did \"%s\", said \"%s\"", i, cases[i].args,
			 result_is(r, "changed"), did, result_text(r, "msg"));
	host_free(o);
	host_free(&f->host);
}

static void test_selinux(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		check(i, true);
		check(i, false);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_selinux)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
