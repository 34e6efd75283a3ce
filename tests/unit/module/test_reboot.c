/* reboot: what the host answers in each phase. The programs are scripts. */
#include "program_bed.h"
#include "test.h"

#define COMMON                                                                                     \
	"\"search_paths\": [\"@/bin\"], \"boot_time_command\": \"cat @/boot\", \"msg\": \"it's\""

static const struct value *ask(struct file_bed *b, const char *more)
{
	return file_bed_run(b, b->real, "reboot",
			    arena_printf(&b->arena, "{" COMMON ", %s}", more));
}

static const char *text(const struct value *result, const char *key)
{
	const struct value *v = value_get(result, key);
	return v && v->type == VALUE_STRING ? v->str.ptr : "";
}

static bool failed(const struct value *result)
{
	return value_truthy(value_get(result, "failed"));
}

static void phases(void **state)
{
	struct file_bed *b = *state;
	program_bed_fake(b, "shutdown", "echo \"$#:$1:$2:$3\" >>$R/log");
	program_bed_fake(b, "bad", "echo so; echo why >&2; exit 3");
	file_bed_shell(b, "echo one >boot");
	const struct value *r = ask(b, "\"_phase\": \"look\"");
	assert_string_equal(text(r, "_boot_id"), "one");
	file_bed_shell(b, "[ ! -e log ]");
	assert_false(failed(ask(b, "\"_phase\": \"reboot\", \"pre_reboot_delay\": 130")));
	file_bed_shell(b, "[ \"$(cat log)\" = \"3:-r:2:it's\" ]");
	assert_false(
		failed(ask(b, "\"_phase\": \"reboot\", \"reboot_command\": \"shutdown now\"")));
	file_bed_shell(b, "[ \"$(tail -n 1 log)\" = 1:now:: ]");
	r = ask(b, "\"_phase\": \"reboot\", \"reboot_command\": \"bad\"");
	assert_string_equal(text(r, "msg"), "Reboot command failed. Error was: 'so, why'");
	r = ask(b, "\"_phase\": \"check\", \"_boot_id\": \"one\"");
	assert_non_null(strstr(text(r, "msg"), "last boot time check (timeout=600)"));
	assert_null(value_get(r, "_booted"));
	file_bed_shell(b, "echo two >boot");
	(void)ask(b, "\"_phase\": \"check\", \"_boot_id\": \"one\"");
	r = ask(b, "\"_phase\": \"check\", \"_boot_id\": \"one\"");
	assert_false(failed(r));
	assert_non_null(value_get(r, "_booted"));
	r = ask(b, "\"_phase\": \"check\", \"_boot_id\": \"one\", \"test_command\": \"exit 7\"");
	assert_true(failed(r));
	assert_non_null(value_get(r, "_booted"));
	assert_non_null(strstr(text(r, "msg"), "post-reboot test command"));
}

static void what_is_not_there(void **state)
{
	struct file_bed *b = *state;
	const struct value *r = ask(b, "\"_phase\": \"look\"");
	assert_true(failed(r));
	assert_non_null(strstr(text(r, "msg"), "failed to get host boot time info"));
	file_bed_shell(b, "echo one >boot");
	r = ask(b, "\"_phase\": \"look\"");
	assert_non_null(strstr(text(r, "msg"), "Unable to find command \"shutdown\""));
	assert_true(failed(ask(b, "\"_phase\": \"other\"")));
}

static void prediction(void **state)
{
	struct file_bed *b = *state;
	struct host *o = host_overlay_new(b->real);
	const struct value *r = file_bed_run(b, o, "reboot", "{" COMMON "}");
	assert_true(value_truthy(value_get(r, "changed")));
	assert_true(value_truthy(value_get(r, "rebooted")));
	host_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(prediction, file_bed_setup, file_bed_teardown),
		cmocka_unit_test_setup_teardown(phases, file_bed_setup, file_bed_teardown),
		cmocka_unit_test_setup_teardown(what_is_not_there, file_bed_setup,
						file_bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
