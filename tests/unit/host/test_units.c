/* Units: systemctl is a stand-in; what is predicted is the overlay's. */
#include "bed.h"

static void populate(struct bed *b)
{
	bed_program(
		b, "systemctl",
		arena_printf(
			&b->arena,
			"#!/bin/sh\necho \"$*\" >>%s/log\n"
			"case \"$2 $*\" in\n"
			"show*known.service) printf 'LoadState=loaded\\nActiveState=active\\n"
			"SubState=running\\nUnitFileState=enabled\\n';;\n"
			"show*masked.service) printf 'LoadState=masked\\nActiveState=inactive\\n"
			"SubState=dead\\nUnitFileState=masked\\n';;\n"
			"show*) printf 'LoadState=not-found\\nActiveState=inactive\\n"
			"SubState=dead\\nUnitFileState=\\n';;\n"
			"*broken*) echo 'Job for broken.service failed.' >&2; exit 1;;\n"
			"esac\n",
			b->root));
}

static struct host_unit unit(struct bed *b, struct host *h, const char *name)
{
	struct host_unit u;
	assert_ok(b, h->ops->unit(h, &b->arena, name, "system", &u, &b->err));
	return u;
}

static int act(struct bed *b, struct host *h, const char *name, enum host_unit_action action)
{
	return h->ops->unit_act(h, name, "system", action, false, &b->err);
}

static void test_real(void **state)
{
	struct bed *b = *state;
	populate(b);
	struct host_unit u = unit(b, b->real, "known.service");
	assert_true(u.exists);
	assert_string_equal(u.active_state, "active");
	assert_string_equal(u.unit_file_state, "enabled");
	assert_false(unit(b, b->real, "other.service").exists);
	assert_int_equal(act(b, b->real, "broken", HOST_UNIT_START), ERR_INVALID);
	assert_non_null(strstr(b->err.msg, "start broken: "));
	assert_non_null(strstr(b->err.msg, "Job for broken.service failed."));
	assert_ok(b, b->real->ops->daemon_reload(b->real, "system", &b->err));
	assert_non_null(strstr(bed_text(b, b->real, "log"), "--system daemon-reload"));
}

static int put_unit(struct bed *b, const char *path, const char *text)
{
	struct host_write w = {.content = slice_from(text), .attr = HOST_ATTR_KEEP};
	return b->overlay->ops->write(b->overlay, path, &w, &b->err);
}

static void test_a_written_unit_file_is_a_unit(void **state)
{
	struct bed *b = *state;
	struct host *o = b->overlay;
	populate(b);
	/* /run is there on every machine; the overlay writes nothing. */
	host_overlay_assume(o, "a test");
	assert_ok(b, put_unit(b, "/etc/systemd/system/etcd.service",
			      "[Service]\nExecStart=/x\n[Install]\nWantedBy=multi-user.target\n"));
	assert_ok(b, put_unit(b, "/etc/systemd/system/w@.service", "[Service]\n"));
	struct host_unit u = unit(b, o, "etcd");
	assert_true(u.exists);
	assert_false(u.assumed);
	assert_string_equal(u.active_state, "inactive");
	assert_string_equal(u.unit_file_state, "disabled");
	assert_string_equal(unit(b, o, "w@1.service").unit_file_state, "static");
	assert_ok(b, act(b, o, "etcd", HOST_UNIT_ENABLE));
	assert_ok(b, act(b, o, "etcd.service", HOST_UNIT_START));
	u = unit(b, o, "etcd.service");
	assert_string_equal(u.active_state, "active");
	assert_string_equal(u.unit_file_state, "enabled");
	assert_null(strstr(bed_text(b, b->real, "log"), "start"));
}

static void test_existing_units(void **state)
{
	struct bed *b = *state;
	struct host *o = b->overlay;
	populate(b);
	assert_ok(b, act(b, o, "known", HOST_UNIT_STOP));
	assert_string_equal(unit(b, o, "known").active_state, "inactive");
	assert_int_equal(act(b, o, "masked", HOST_UNIT_START), ERR_INVALID);
	assert_ok(b, act(b, o, "masked", HOST_UNIT_UNMASK));
	assert_ok(b, act(b, o, "masked", HOST_UNIT_START));
	assert_int_equal(act(b, o, "other", HOST_UNIT_START), ERR_NOT_FOUND);
	host_overlay_assume(o, "the command make would run");
	assert_true(unit(b, o, "other").assumed);
	assert_string_equal(unit(b, o, "other").active_state, "inactive");
	assert_ok(b, act(b, o, "other", HOST_UNIT_START));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_real, bed_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_a_written_unit_file_is_a_unit, bed_setup,
						bed_teardown),
		cmocka_unit_test_setup_teardown(test_existing_units, bed_setup, bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
