/* rollout-agent [--sha256 HEX]: serves the controller on stdin and stdout. HEX
 * is its own hash, which it reads from itself where it is not told. */
#include "rollout/agent/agent.h"
#include "rollout/base/digest.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define IN_FD 3
#define OUT_FD 4

/* The pipe moves to where commands do not inherit it; what the bootstrap left
 * open is closed. */
static int take_descriptors(void)
{
	int in = fcntl(0, F_DUPFD_CLOEXEC, OUT_FD + 1), out = fcntl(1, F_DUPFD_CLOEXEC, OUT_FD + 1);
	if (in < 0 || out < 0 || dup3(in, IN_FD, O_CLOEXEC) < 0 || dup3(out, OUT_FD, O_CLOEXEC) < 0)
		return -1;
	close_range(OUT_FD + 1, ~0u, 0);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		return -1;
	close(null);
	return fcntl(2, F_GETFD) < 0 ? dup2(1, 2) : 0;
}

static void read_own_sha256(char hex[DIGEST_HEX_MAX])
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	hex[0] = '\0';
	if (fd < 0)
		return;
	digest_fd(DIGEST_SHA256, fd, hex, NULL);
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("rollout-agent %s\n", ROLLOUT_VERSION);
		return 0;
	}
	bool told = argc == 3 && strcmp(argv[1], "--sha256") == 0 &&
		    strlen(argv[2]) == SHA256_HEX_SIZE - 1;
	char own_sha256[DIGEST_HEX_MAX] = "";
	if (argc != 1 && !told) {
		fprintf(stderr, "usage: rollout-agent [--sha256 HEX]\n");
		return 2;
	}
	if (told)
		memcpy(own_sha256, argv[2], SHA256_HEX_SIZE);
	else
		read_own_sha256(own_sha256);
	/* Passwords and keys pass through: no core file, and nobody attaches. What it
	 * starts is as always. */
	prctl(PR_SET_DUMPABLE, 0);
	if (take_descriptors() < 0) {
		perror("rollout-agent");
		return 1;
	}
	/* The bootstrap narrows it for its own files. */
	umask(022);
	return agent_serve(IN_FD, OUT_FD, own_sha256);
}
