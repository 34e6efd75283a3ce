/* The static program itself, as the bootstrap starts it. */
#include "conversation.h"
#include "rollout/base/digest.h"
#include "rollout/base/file.h"
#include "test.h"

#include <fcntl.h>
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_knows_its_own_hash),
		cmocka_unit_test(commands_inherit_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
