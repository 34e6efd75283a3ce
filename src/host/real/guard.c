/* A validator needs a file with a name. A shell waits beside, and removes it when
 * this process can do that no more. */
#include "real.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* After fork: async-signal-safe calls alone. */
static void watch(int fd, const char *path)
{
	static const char script[] = "read -r done || rm -f -- \"$1\"";
	static char shell[] = "sh", option[] = "-c";
	char *const argv[] = {shell, option, (char *)script, shell, (char *)path, NULL};
	static char *const env[] = {(char *)"PATH=/usr/bin:/bin", NULL};
	int null = open("/dev/null", O_WRONLY);
	real_child_begin();
	dup2(fd, 0);
	dup2(null, 1);
	dup2(null, 2);
	execve("/bin/sh", argv, env);
	_exit(127);
}

int guard_begin(struct guard *g, const char *path, struct err *err)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, "pipe");
	g->pid = fork();
	if (g->pid == 0)
		watch(fds[0], path);
	close(fds[0]);
	g->fd = fds[1];
	if (g->pid > 0)
		return 0;
	fd_close(&g->fd);
	return err_sys(err, "fork");
}

void guard_end(struct guard *g)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	if (g->fd < 0)
		return;
	/* Where there is no shell nobody reads. */
	sigaction(SIGPIPE, &ignore, &before);
	ssize_t ignored = write(g->fd, "\n", 1);
	(void)ignored;
	sigaction(SIGPIPE, &before, NULL);
	fd_close(&g->fd);
	while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
