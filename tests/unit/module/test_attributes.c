#include "rollout/module/attributes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* As chmod(1) with the same words and umask 022. */
static const struct {
	const char *text;
	enum host_file_type type;
	mode_t now;
	int want; /* -2: an error */
} modes[] = {
	{"0644", HOST_FILE, 0, 0644},
	{"644", HOST_FILE, 0, 0644},
	{"0o755", HOST_FILE, 0, 0755},
	{"01777", HOST_DIR, 0, 01777},
	{"u=rw,g=r,o=r", HOST_ABSENT, 0, 0644},
	{"u=rwx,go=", HOST_FILE, 0777, 0700},
	{"u+x", HOST_FILE, 0644, 0744},
	{"+x", HOST_FILE, 0644, 0755},
	{"+u", HOST_FILE, 0644, 0666},
	{"=u", HOST_DIR, 0755, 0777},
	{"a+w", HOST_FILE, 0644, 0666},
	{"go-rwx", HOST_FILE, 0755, 0700},
	{"a+X", HOST_FILE, 0644, 0644},
	{"a+X", HOST_FILE, 0744, 0755},
	{"a+X", HOST_DIR, 0600, 0711},
	{"g=u", HOST_FILE, 0640, 0660},
	{"u+s,g+s", HOST_FILE, 0755, 06755},
	{"+t", HOST_DIR, 0755, 01755},
	{"u+rw-x", HOST_FILE, 0500, 0600},
	{"preserve", HOST_FILE, 0644, -1},
	{NULL, HOST_FILE, 0644, -1},
	{"u=q", HOST_FILE, 0644, -2},
	{"9", HOST_FILE, 0644, -2},
	{"77777", HOST_FILE, 0644, -2},
	{"", HOST_FILE, 0644, -2},
	{"u", HOST_FILE, 0644, -2},
};

static void test_modes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		struct host_stat st = {.type = modes[i].type, .mode = modes[i].now};
		struct err err = {0};
		int mode = -2;
		int r = attributes_mode(modes[i].text, &st, &mode, &err);
		if (mode != modes[i].want)
			print_message("%s: %o\n", modes[i].text, (unsigned)mode);
		assert_int_equal(mode, modes[i].want);
		assert_int_equal(r < 0, modes[i].want == -2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_modes)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
