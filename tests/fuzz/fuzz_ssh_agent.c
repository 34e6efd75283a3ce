/* Any bytes as what an ssh-agent answers: as its keys, then as a signature. */
#include "../../src/transport/ssh/auth/agent_client.h"
#include "rollout/transport/transport.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MAX 65536 /* fits into the socket */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[80];
static struct sockaddr_un at = {.sun_family = AF_UNIX};
static int listener = -1;

static void stop_listening(void)
{
	unlink(at.sun_path);
	rmdir(dir);
}

static void start_listening(void)
{
	const char *tmp = getenv("TMPDIR");
	snprintf(dir, sizeof(dir), "%.50s/fuzz_agent.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		abort();
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/s", dir);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(listener, 1) < 0)
		abort();
	atexit(stop_listening);
}

static void on_wake(void *ctx)
{
	++*(int *)ctx;
}

/* The answer is there, and the agent gone, before the client looks. */
static void converse(uv_loop_t *loop, struct slice answer, bool sign)
{
	int woken = 0;
	struct slice got;
	struct agent_client *a = agent_client_new(loop, at.sun_path, on_wake, &woken);
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (!a || fd < 0)
		abort();
	if (sign)
		agent_client_ask_signature(a, SLICE_LIT("blob"), SLICE_LIT("data"), 0);
	else
		agent_client_ask_identities(a);
	if (send(fd, answer.ptr, answer.len, MSG_NOSIGNAL) != (ssize_t)answer.len)
		abort();
	shutdown(fd, SHUT_WR);
	while (agent_client_status(a) == AGENT_WAITING)
		uv_run(loop, UV_RUN_ONCE);
	if (woken != 1)
		abort();
	size_t bytes = 0;
	while (!sign && agent_client_next_identity(a, &got))
		bytes += got.len;
	if (sign && agent_client_signature(a, SLICE_LIT("ssh-ed25519"), &got))
		bytes += got.len;
	if (bytes > answer.len)
		abort();
	agent_client_reset(a);
	agent_client_free(a);
	uv_run(loop, UV_RUN_DEFAULT);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uv_loop_t loop;
	struct slice answer = {(const char *)data, size < ANSWER_MAX ? size : ANSWER_MAX};
	if (listener < 0) {
		start_listening();
		uv_loop_init(&loop);
	}
	converse(&loop, answer, false);
	converse(&loop, answer, true);
	return 0;
}
