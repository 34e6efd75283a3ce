#include "fake_host.h"
#include "test.h"

static const struct {
	const char *module, *args;
	bool changed;
	const char *log; /* what was done to the host */
	const char *msg; /* of a failure; NULL: none */
} cases[] = {
	{"systemd", "{name: run, state: started, enabled: yes}", false, "", NULL},
	{"systemd", "{name: idle, state: started, enabled: yes}", true, "enable idle\nstart idle\n",
	 NULL},
	{"systemd", "{name: run, state: stopped, enabled: no}", true, "disable run\nstop run\n",
	 NULL},
	{"systemd", "{name: idle, state: stopped, enabled: no}", false, "", NULL},
	{"systemd", "{name: run, state: restarted}", true, "restart run\n", NULL},
	{"systemd", "{name: idle, state: restarted}", true, "start idle\n", NULL},
	{"systemd", "{name: run, state: reloaded}", true, "reload run\n", NULL},
	{"systemd", "{name: coming, state: started}", false, "", NULL},
	{"systemd", "{daemon_reload: yes}", false, "daemon-reload system\n", NULL},
	{"systemd", "{daemon_reexec: yes}", false, "run systemctl daemon-reexec\n", NULL},
	{"systemd", "{unit: idle, daemon-reload: yes, state: started}", true,
	 "daemon-reload system\nstart idle\n", NULL},
	{"systemd", "{name: idle, masked: yes}", true, "mask idle\n", NULL},
	{"systemd", "{name: hidden, masked: no, enabled: yes}", true,
	 "unmask hidden\nenable hidden\n", NULL},
	{"systemd", "{name: fixed, enabled: yes}", false, "", NULL},
	{"systemd", "{name: fixed, enabled: no}", false, "", NULL},
	{"systemd", "{name: none, state: started}", false, "",
	 "Could not find the requested service none: host"},
	{"systemd", "{state: started}", false, "",
	 "state, enabled and masked need the unit's name"},
	{"systemd", "{name: bad, state: started}", false, "",
	 "Unable to start service bad: Job for bad.service failed.\nbad[1]: no such certificate"},
	{"service", "{name: idle, state: started}", true, "start idle\n", NULL},
	{"service", "{name: none, enabled: yes}", false, "",
	 "Could not find the requested service none: host"},
	{"service", "{name: run, state: bounced}", false, "",
	 "parameter 'state' of module service: 'bounced' is not one of started, stopped, "
	 "restarted, "
	 "reloaded"},
};

static struct fake_host *machine(void)
{
	struct fake_host *f = fake_host_new();
	fake_unit(f, "run", "active", "enabled");
	fake_unit(f, "idle", "inactive", "disabled");
	fake_unit(f, "coming", "activating", "disabled");
	fake_unit(f, "fixed", "inactive", "static");
	fake_unit(f, "hidden", "inactive", "masked");
	fake_unit(f, "bad", "failed", "enabled");
	f->units[f->nunits - 1].refuses = "Job for bad.service failed.";
	fake_command(f, "journalctl -u bad -n 15 --no-pager", 0, "bad[1]: no such certificate\n");
	return f;
}

static void units(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake_host *f = machine();
		CLEANUP(trial_release) struct trial t = {0};
		const struct value *r =
			trial_run(&t, &f->host, cases[i].module, cases[i].args, false);
		if (result_is(r, "failed") != (cases[i].msg != NULL) ||
		    strcmp(text_of(&f->log), cases[i].log) != 0 ||
		    result_is(r, "changed") != cases[i].changed ||
		    (cases[i].msg && strcmp(result_text(r, "msg"), cases[i].msg) != 0))
			fail_msg("%s: changed %d, did \"%s\", said \"%s\"", cases[i].args,
				 result_is(r, "changed"), text_of(&f->log), result_text(r, "msg"));
		host_free(&f->host);
	}
}

static void result_fields(void **state)
{
	(void)state;
	struct fake_host *f = machine();
	CLEANUP(trial_release) struct trial t = {0};
	const struct value *r = trial_run(&t, &f->host, "systemd",
					  "{name: idle, state: restarted, enabled: yes}", false);
	assert_string_equal(result_text(r, "name"), "idle");
	assert_string_equal(result_text(r, "state"), "started");
	assert_true(result_is(r, "enabled"));
	/* The status is that from before, as in Ansible. */
	const struct value *status = value_get(r, "status");
	assert_string_equal(result_text(status, "ActiveState"), "inactive");
	assert_string_equal(result_text(status, "UnitFileState"), "disabled");
	host_free(&f->host);
}

/* Twice the same task: the second finds nothing to do. */
static void idempotent(void **state)
{
	(void)state;
	static const char *const args[] = {"{name: idle, state: started, enabled: yes}",
					   "{name: run, state: stopped, enabled: no}",
					   "{name: idle, masked: yes}"};
	for (size_t i = 0; i < ARRAY_LEN(args); i++) {
		struct fake_host *f = machine();
		CLEANUP(trial_release) struct trial t = {0};
		assert_true(
			result_is(trial_run(&t, &f->host, "systemd", args[i], false), "changed"));
		assert_false(
			result_is(trial_run(&t, &f->host, "systemd", args[i], false), "changed"));
		host_free(&f->host);
	}
}

static void predicted(void **state)
{
	(void)state;
	struct fake_host *f = machine();
	struct host *overlay = host_overlay_new(&f->host);
	CLEANUP(trial_release) struct trial t = {0};
	const char *args = "{name: idle, state: started, enabled: yes}";
	assert_true(result_is(trial_run(&t, overlay, "systemd", args, true), "changed"));
	assert_false(result_is(trial_run(&t, overlay, "systemd", args, true), "changed"));
	assert_string_equal(text_of(&f->log), "");
	host_free(overlay);
	host_free(&f->host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units),
		cmocka_unit_test(result_fields),
		cmocka_unit_test(idempotent),
		cmocka_unit_test(predicted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
