#include "rollout/base/capture.h"

#include "rollout/base/clock.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_BYTES 65536u
#define FIRST_BYTES 4096u
#define LOOK_MS 2

struct child {
	const struct capture *c;
	pid_t pid;
	int out, said, failed; /* pipes; `failed` brings the errno of exec */
	int64_t deadline_ms;
	struct strbuf text;
};

static void child_release(struct child *p)
{
	fd_close(&p->out);
	fd_close(&p->said);
	fd_close(&p->failed);
	strbuf_wipe(&p->text);
}

/* After fork: nothing that allocates. */
_Noreturn static void become_program(const struct capture *c, int out, int said, int failed)
{
	sigset_t none;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (c->own_group)
		setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if ((!c->no_input || dup2(null, STDIN_FILENO) >= 0) && dup2(out, STDOUT_FILENO) >= 0 &&
	    (said < 0 || dup2(said, STDERR_FILENO) >= 0) && (!c->cwd || chdir(c->cwd) == 0))
		execv(c->argv[0], (char *const *)c->argv);
	int error = errno;
	ssize_t n = write(failed, &error, sizeof(error));
	_exit(n == (ssize_t)sizeof(error) ? 127 : 126);
}

/* Waits for exec; its errno, or 0. */
static int exec_error(const struct child *p)
{
	int error;
	ssize_t n;
	do {
		n = read(p->failed, &error, sizeof(error));
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(error) ? error : 0;
}

static int start(struct child *p, struct err *err)
{
	const struct capture *c = p->c;
	int out[2] = {-1, -1}, said[2] = {-1, -1}, failed[2] = {-1, -1};
	p->pid = -1;
	if (pipe2(out, O_CLOEXEC) == 0 && (!c->said || pipe2(said, O_CLOEXEC) == 0) &&
	    pipe2(failed, O_CLOEXEC) == 0)
		p->pid = fork();
	if (p->pid == 0)
		become_program(c, out[1], said[1], failed[1]);
	int error = p->pid < 0 ? errno : 0;
	p->out = out[0];
	p->said = said[0];
	p->failed = failed[0];
	fd_close(&out[1]);
	fd_close(&said[1]);
	fd_close(&failed[1]);
	if (error == 0 && (error = exec_error(p)) != 0)
		waitpid(p->pid, NULL, 0);
	errno = error;
	return error ? err_sys(err, "run %s", c->argv[0]) : 0;
}

/* As strbuf_append, but what it moves away from is wiped. */
static void append_wiping(struct strbuf *to, const char *bytes, size_t n)
{
	CLEANUP(strbuf_wipe) struct strbuf old = {0};
	if (to->len + n >= to->cap) {
		size_t doubled = to->cap * 2 > FIRST_BYTES ? to->cap * 2 : FIRST_BYTES;
		old = *to;
		*to = (struct strbuf){0};
		strbuf_reserve(to, doubled > old.len + n ? doubled : old.len + n);
		strbuf_slice_append(to, strbuf_slice(&old));
	}
	strbuf_append(to, bytes, n);
}

/* One read, as far as it fits; false when there is more. */
static bool take(int *fd, struct strbuf *into, size_t limit)
{
	char buf[READ_BYTES];
	ssize_t n = read(*fd, buf, sizeof(buf));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0)
		fd_close(fd);
	size_t got = n > 0 ? (size_t)n : 0, room = limit > into->len ? limit - into->len : 0;
	append_wiping(into, buf, got < room ? got : room);
	explicit_bzero(buf, got);
	return got <= room;
}

static int too_slow(const struct capture *c, struct err *err)
{
	return err_set(err, ERR_TIMEOUT, "%s did not end within %d ms", c->argv[0], c->timeout_ms);
}

static int collect(struct child *p, struct err *err)
{
	const struct capture *c = p->c;
	while (p->out >= 0 || p->said >= 0) {
		struct pollfd fds[2] = {{p->out, POLLIN, 0}, {p->said, POLLIN, 0}};
		int64_t left = p->deadline_ms - clock_now_ms();
		if (left <= 0)
			return too_slow(c, err);
		if (poll(fds, 2, (int)left) < 0 && errno != EINTR)
			return err_sys(err, "wait for %s", c->argv[0]);
		if (p->out >= 0 && fds[0].revents && !take(&p->out, &p->text, c->max_bytes))
			return err_set(err, ERR_LIMIT, "%s printed more than %zu bytes", c->argv[0],
				       c->max_bytes);
		/* What is too much of stderr is read and forgotten. */
		if (p->said >= 0 && fds[1].revents)
			(void)take(&p->said, c->said, c->said_max_bytes);
	}
	return 0;
}

/* A child that has closed its output may live on: until the time is over. */
static int reap(const struct child *p, int *status, struct err *err)
{
	pid_t got;
	while ((got = waitpid(p->pid, status, WNOHANG)) != p->pid) {
		if (got < 0 && errno != EINTR)
			return err_sys(err, "wait for %s", p->c->argv[0]);
		if (clock_now_ms() >= p->deadline_ms)
			return too_slow(p->c, err);
		poll(NULL, 0, LOOK_MS);
	}
	return 0;
}

static void end(const struct child *p)
{
	if (p->c->own_group)
		kill(-p->pid, SIGKILL);
	kill(p->pid, SIGKILL);
	while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int capture_run(const struct capture *c, struct strbuf *out, int *ret_status, struct err *err)
{
	CLEANUP(child_release)
	struct child p = {.c = c, .out = -1, .said = -1, .failed = -1};
	int status = 0;
	p.deadline_ms = clock_now_ms() + c->timeout_ms;
	int r = start(&p, err);
	if (r < 0)
		return r;
	r = collect(&p, err);
	if (r == 0)
		r = reap(&p, &status, err);
	if (r < 0) {
		end(&p);
		return r;
	}
	strbuf_slice_append(out, strbuf_slice(&p.text));
	*ret_status = status;
	return 0;
}
