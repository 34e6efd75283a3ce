/* Whom tasks run as. Most of it needs root. */
#include "conversation.h"
#include "rollout/base/str.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY 65534

#define WHOAMI                                                                                     \
	"items: [{_raw_params: 'echo $(id -u):$(id -g):$(id -G):$USER:$LOGNAME:$HOME:$SUDO_UID'}]"

static const char *whoami(struct conversation *c, uint32_t id, const char *become)
{
	struct strbuf task = {0};
	strbuf_printf(&task, "{module: shell, %s " WHOAMI "}", become);
	send_task(c, id, task.ptr);
	strbuf_release(&task);
	const struct value *r = expect_result(c, id, 0, true);
	return get_str(r, get_bool(r, "failed") ? "msg" : "stdout");
}

static void skip_unless_root(void)
{
	unsetenv("SUDO_UID");
	if (geteuid() != 0)
		skip();
}

static void root_becomes_others(void **state)
{
	(void)state;
	skip_unless_root();
	struct conversation *c = conversation_greeted();
	const char *who = whoami(c, 1, "become_user: nobody,");
	assert_true(strstr(who, "65534:65534:65534:nobody:nobody:/") == who);
	who = whoami(c, 2, "become_user: root,");
	assert_true(strstr(who, "0:0:") == who && strstr(who, ":root:root:/root:"));
	assert_true(strstr(whoami(c, 3, ""), "0:0:") != NULL);
	assert_string_equal(whoami(c, 4, "become_user: no_such,"),
			    "cannot become 'no_such': this host has no such user");
	conversation_end(c);
}

static void without_become_it_is_the_one_who_called_sudo(void **state)
{
	(void)state;
	skip_unless_root();
	setenv("SUDO_UID", "65534", 1);
	struct conversation *c = conversation_greeted();
	unsetenv("SUDO_UID");
	const char *who = whoami(c, 1, "");
	assert_true(strstr(who, "65534:65534:65534:nobody:nobody:/") == who);
	assert_int_equal(who[strlen(who) - 1], ':'); /* no SUDO_UID */
	assert_true(strstr(whoami(c, 2, "become_user: root,"), "0:0:") != NULL);
	/* content and output come through the dropped process as well */
	chmod(c->dir, 0777);
	send_task(c, 3,
		  in_dir(c, "{module: copy, items: [{dest: %s/x, _size: 2, _sha256: "
			    "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4"
			    "}]}"));
	expect(c, WIRE_BLOB_WANTED, 3);
	send_blob(c, 3, "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4", "hi");
	const struct value *r = expect_result(c, 3, 0, true);
	if (get_bool(r, "failed"))
		fail_msg("%s", get_str(r, "msg"));
	struct stat st;
	assert_int_equal(stat(in_dir(c, "%s/x"), &st), 0);
	assert_int_equal(st.st_uid, NOBODY);
	/* root's processes are out of its reach, also when it is cancelled */
	send_task(c, 4,
		  in_dir(c, "{module: shell, items: [{_raw_params: 'echo $$ > %s/pid; exec "
			    "sleep 600'}]}"));
	pid_t pid = wait_pid_file(in_dir(c, "%s/pid"));
	send_value(c, WIRE_CANCEL, 4, "{}");
	assert_true(get_bool(expect_result(c, 4, 0, true), "cancelled"));
	assert_true(is_gone(pid));
	conversation_end(c);
}

/* The check mode process stays root, with the user's environment. */
static void check_mode_keeps_one_process(void **state)
{
	(void)state;
	skip_unless_root();
	struct conversation *c = conversation_greeted();
	send_task(c, 1,
		  in_dir(c, "{module: file, check_mode: yes, become_user: nobody, items: "
			    "[{path: %s/d, state: directory}]}"));
	assert_true(get_bool(expect_result(c, 1, 0, true), "changed"));
	send_task(c, 2,
		  in_dir(c, "{module: file, check_mode: yes, items: [{path: %s/d, state: "
			    "directory}]}"));
	assert_false(get_bool(expect_result(c, 2, 0, true), "changed"));
	send_task(c, 3, "{module: ping, check_mode: yes, become_user: no_such}");
	assert_true(get_bool(expect_result(c, 3, 0, true), "failed"));
	conversation_end(c);
}

static void others_become_nobody_else(void **state)
{
	(void)state;
	unsetenv("SUDO_UID");
	if (geteuid() == 0 && seteuid(NOBODY) < 0)
		skip();
	struct conversation *c = conversation_greeted();
	const char *why = whoami(c, 1, "become_user: root,");
	assert_true(strstr(why, "cannot become 'root': the agent runs as '") == why);
	send_task(c, 2, "{module: ping}");
	assert_false(get_bool(expect_result(c, 2, 0, true), "failed"));
	conversation_end(c);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_becomes_others),
		cmocka_unit_test(without_become_it_is_the_one_who_called_sudo),
		cmocka_unit_test(check_mode_keeps_one_process),
		cmocka_unit_test(others_become_nobody_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
