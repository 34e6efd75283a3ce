/* Where downloads of the controller lie when the environment has no HOME. */
#include "player.h"
#include "test.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static char home[300];

/* In place of the system's: the account of whoever runs this. */
struct passwd *getpwuid(uid_t uid)
{
	static struct passwd own;
	own.pw_uid = uid;
	own.pw_dir = home;
	return &own;
}

static void answer(void *ctx UNUSED, struct player_host *h, const struct wire_frame *frame)
{
	if (frame->type == WIRE_TASK)
		player_say(h, WIRE_RESULT, frame->id,
			   "{item: 0, last: true, result: {changed: false}}");
}

static void download(void)
{
	const struct player_script script = {.frame = answer};
	CLEANUP(strbuf_release) struct strbuf events = {0};
	assert_int_equal(player_run("- hosts: all\n  gather_facts: false\n  tasks:\n"
				    "  - get_url: {url: 'http://127.0.0.1:1/x', dest: /x}\n",
				    "a,", &script, &events),
			 RUN_EXIT_OK);
}

static void test_without_home(void **state UNUSED)
{
	static const char *const homes[] = {NULL, ""};
	for (size_t i = 0; i < ARRAY_LEN(homes); i++) {
		char path[400];
		struct stat st;
		snprintf(home, sizeof(home), "%s/account%zu", player_folder(), i);
		if (homes[i])
			setenv("HOME", homes[i], 1);
		else
			unsetenv("HOME");
		download();
		snprintf(path, sizeof(path), "%s/.cache/rollout/downloads", home);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0700);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_home),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
