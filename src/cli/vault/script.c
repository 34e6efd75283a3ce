/* A program that prints a password, within a time. */
#include "source.h"

#include "rollout/base/clock.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int start(char *const argv[], int out, pid_t *ret, struct err *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t defaults;
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	int failure = posix_spawn(ret, argv[0], &actions, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	errno = failure;
	return failure ? err_sys(err,
				 "run the vault password script %s (if it is none, take its "
				 "executable bit away)",
				 argv[0])
		       : 0;
}

/* 1: there is more; 0: the end. */
static int read_some(int fd, int64_t deadline_ms, struct strbuf *out, struct err *err)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int64_t left = deadline_ms - clock_now_ms();
	char *to = strbuf_reserve(out, 512);
	if (left <= 0 || poll(&p, 1, (int)left) == 0)
		return err_set(err, ERR_TIMEOUT, "it took too long");
	ssize_t n = read(fd, to, 512);
	if (n < 0 && errno == EINTR)
		return 1;
	if (n < 0)
		return err_sys(err, "read its output");
	strbuf_grew(out, (size_t)n);
	return n > 0;
}

/* The end of the program, which may have closed its output before. */
static int wait_for(pid_t pid, int64_t deadline_ms, int *ret_status, struct err *err)
{
	for (;;) {
		pid_t done = waitpid(pid, ret_status, WNOHANG);
		if (done == pid)
			return 0;
		if (done < 0 && errno != EINTR)
			return err_sys(err, "wait for it");
		if (clock_now_ms() >= deadline_ms)
			return err_set(err, ERR_TIMEOUT, "it took too long");
		poll(NULL, 0, 10);
	}
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int vault_script_run(char *const argv[], size_t max_bytes, int timeout_ms, struct strbuf *out,
		     int *ret_status, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	int64_t deadline_ms = clock_now_ms() + timeout_ms;
	int ends[2], status = 0;
	pid_t pid = 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "pipe");
	CLEANUP(fd_close) int from = ends[0], to = ends[1];
	int r = start(argv, to, &pid, err);
	fd_close(&to);
	to = -1;
	if (r < 0)
		return r;
	strbuf_reserve(&text, max_bytes + 512); /* does not move: nothing to wipe behind it */
	while ((r = read_some(from, deadline_ms, &text, err)) > 0 && text.len <= max_bytes)
		;
	if (r >= 0 && text.len > max_bytes)
		r = err_set(err, ERR_LIMIT, "it prints more than %zu bytes", max_bytes);
	if (r == 0)
		r = wait_for(pid, deadline_ms, &status, err);
	if (r < 0) {
		end(pid);
		return err_wrap(err, r, "the vault password script %s", argv[0]);
	}
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	strbuf_slice_append(out, strbuf_slice(&text));
	return 0;
}
