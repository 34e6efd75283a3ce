#include "worker.h"

#include "../task/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_FD 3

/* Nothing of the agent's own is left open in the child, above all not the
 * controller's pipe: a daemon that a module starts would hold it open. */
_Noreturn static void child_main(int fd, bool check_mode)
{
	sigset_t none;
	if (fd != CHILD_FD)
		dup3(fd, CHILD_FD, O_CLOEXEC);
	close_range(CHILD_FD + 1, ~0u, 0);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	runner_main(CHILD_FD, check_mode);
}

int worker_start(struct worker *w, bool check_mode, struct err *err)
{
	int fds[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return err_sys(err, "socketpair");
	pid_t pid = fork();
	if (pid == 0)
		child_main(fds[1], check_mode);
	int saved = errno;
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		errno = saved;
		return err_sys(err, "fork");
	}
	fcntl(fds[0], F_SETFL, fcntl(fds[0], F_GETFL) | O_NONBLOCK);
	*w = (struct worker){
		.pid = pid, .peer = {.in = fds[0], .out = fds[0]}, .check_mode = check_mode};
	return 0;
}

void worker_end(struct worker *w, char *buf, size_t size)
{
	int status = 0;
	if (size > 0)
		buf[0] = '\0';
	if (!w->pid)
		return;
	/* One that ends by itself closes the socket in doing so. */
	if (!w->peer.ended)
		kill(w->pid, SIGKILL);
	peer_close(&w->peer);
	while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		snprintf(buf, size, "killed by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) != 0)
		snprintf(buf, size, "ended with exit code %d", WEXITSTATUS(status));
	*w = (struct worker){0};
}
