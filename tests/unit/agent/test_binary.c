/* The static program itself, as the bootstrap starts it. */
#include "conversation.h"
#include "rollout/base/digest.h"
#include "rollout/base/file.h"
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *program(void)
{
	const char *path = getenv("ROLLOUT_AGENT");
	if (!path || access(path, X_OK) < 0)
		skip();
	return path;
}

static void it_knows_its_own_hash(void **state)
{
	struct conversation *c = conversation_exec(program());
	const struct value *v = expect(c, WIRE_HELLO, 0);
	char hex[DIGEST_HEX_MAX];
	CLEANUP(fd_close) int fd = open(program(), O_RDONLY | O_CLOEXEC);
	(void)state;
	assert_int_equal(digest_fd(DIGEST_SHA256, fd, hex, NULL), 0);
	assert_string_equal(get_str(v, "sha256"), hex);
	conversation_end(c);
}

/* The bootstrap's umask and descriptors are its own. */
static void commands_inherit_nothing(void **state)
{
	mode_t before = umask(077);
	CLEANUP(fd_close) int leaked = open("/dev/zero", O_RDONLY);
	struct conversation *c = conversation_exec(program());
	(void)state;
	umask(before);
	assert_true(leaked >= 0);
	expect(c, WIRE_HELLO, 0);
	send_task(c, 1,
		  "{module: shell, items: [{_raw_params: 'umask; cd /proc/self/fd && echo *'}]}");
	const char *out = get_str(expect_result(c, 1, 0, true), "stdout");
	/* 3 is the folder that the shell reads for the * */
	if (strcmp(out, "0022\n0 1 2 3") != 0 && strcmp(out, "0022\n0 1 2") != 0)
		fail_msg("%s", out);
	conversation_end(c);
}

#define STRANGER 1234

/* As that user, whom the kernel asks before somebody attaches or a core file is
 * written: then what is in /proc is root's. Files are written as ever. */
static void nobody_looks_into_it(void **state)
{
	char script[] = "/tmp/agent-as.XXXXXX", path[64];
	struct stat st;
	(void)state;
	if (geteuid() != 0 || access("/usr/bin/setpriv", X_OK) < 0)
		skip();
	CLEANUP(fd_close) int fd = mkostemp(script, O_CLOEXEC);
	assert_true(fd >= 0);
	dprintf(fd, "#!/bin/sh\nexec setpriv --reuid=%d --regid=%d --clear-groups %s\n", STRANGER,
		STRANGER, program());
	assert_int_equal(fchmod(fd, 0755), 0);
	fd_close(&fd);
	struct conversation *c = conversation_exec(script);
	assert_int_equal(chown(c->dir, STRANGER, STRANGER), 0);
	const struct value *v = expect(c, WIRE_HELLO, 0);
	assert_int_equal(value_get(v, "uid")->integer, STRANGER);
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)c->agent);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, 0);
	send_task(c, 1,
		  in_dir(c, "{module: lineinfile, items: [{path: %s/a, line: b, create: true}]}"));
	assert_true(get_bool(expect_result(c, 1, 0, true), "changed"));
	conversation_end(c);
	unlink(script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_knows_its_own_hash),
		cmocka_unit_test(commands_inherit_nothing),
		cmocka_unit_test(nobody_looks_into_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
