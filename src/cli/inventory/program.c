#include "program.h"

#include "rollout/base/clock.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAID_MAX_BYTES (64u << 10)
#define SAID_SHOWN 600u
#define READ_BYTES 65536u

struct program {
	const char *const *args;
	pid_t pid;
	int out, said, failed; /* pipes; `failed` brings the errno of exec */
	int64_t deadline_ms;
	struct strbuf said_text;
};

static void program_release(struct program *p)
{
	fd_close(&p->out);
	fd_close(&p->said);
	fd_close(&p->failed);
	strbuf_release(&p->said_text);
}

static struct srcloc place_of(const struct program *p)
{
	return (struct srcloc){srcfile_intern(p->args[0]), 0, 0};
}

/* After fork: nothing that allocates. */
static void become_program(const char *const *args, int out, int said, int failed)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	    dup2(said, STDERR_FILENO) >= 0)
		execv(args[0], (char *const *)args);
	int error = errno;
	ssize_t n = write(failed, &error, sizeof(error));
	_exit(n == (ssize_t)sizeof(error) ? 127 : 126);
}

static int start(struct program *p, struct err *err)
{
	int out[2] = {-1, -1}, said[2] = {-1, -1}, failed[2] = {-1, -1}, error;
	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(said, O_CLOEXEC) < 0 || pipe2(failed, O_CLOEXEC) < 0)
		p->pid = -1;
	else
		p->pid = fork();
	if (p->pid == 0)
		become_program(p->args, out[1], said[1], failed[1]);
	int r = p->pid < 0 ? err_sys(err, "start %s", p->args[0]) : 0;
	p->out = out[0];
	p->said = said[0];
	p->failed = failed[0];
	fd_close(&out[1]);
	fd_close(&said[1]);
	fd_close(&failed[1]);
	if (r == 0 && read(p->failed, &error, sizeof(error)) == (ssize_t)sizeof(error)) {
		waitpid(p->pid, NULL, 0);
		errno = error;
		r = err_sys(err, "run inventory program %s", p->args[0]);
	}
	return r;
}

/* One read; 1 when there may be more, 0 at the end. What stderr says beyond its limit is
 * read and forgotten. */
static int take(int *fd, struct strbuf *into, size_t limit, bool forget, const struct program *p,
		struct err *err)
{
	char buf[READ_BYTES];
	ssize_t n = read(*fd, buf, sizeof(buf));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 1;
	if (n <= 0) {
		fd_close(fd);
		return 0;
	}
	if (into->len + (size_t)n > limit && !forget)
		return err_at(err, ERR_LIMIT, place_of(p),
			      "the inventory program printed more than %zu bytes", limit);
	if (into->len + (size_t)n <= limit)
		strbuf_append(into, buf, (size_t)n);
	return 1;
}

static int collect(struct program *p, struct strbuf *out, struct err *err)
{
	int r = 0;
	while (r >= 0 && (p->out >= 0 || p->said >= 0)) {
		struct pollfd fds[2] = {{p->out, POLLIN, 0}, {p->said, POLLIN, 0}};
		int64_t left = p->deadline_ms - clock_now_ms();
		if (left <= 0)
			return err_at(err, ERR_TIMEOUT, place_of(p),
				      "the inventory program did not end in time (%s%s%s)",
				      p->args[1], p->args[2] ? " " : "",
				      p->args[2] ? p->args[2] : "");
		if (poll(fds, 2, (int)left) < 0 && errno != EINTR)
			return err_sys(err, "wait for %s", p->args[0]);
		if (p->out >= 0 && fds[0].revents)
			r = take(&p->out, out, INVENTORY_MAX_FILE, false, p, err);
		if (r >= 0 && p->said >= 0 && fds[1].revents)
			r = take(&p->said, &p->said_text, SAID_MAX_BYTES, true, p, err);
	}
	return r < 0 ? r : 0;
}

static int ended(const struct program *p, int status, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf how = {0};
	struct slice said = slice_trim(strbuf_slice(&p->said_text));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (said.len > SAID_SHOWN)
		said = (struct slice){said.ptr + said.len - SAID_SHOWN, SAID_SHOWN};
	if (WIFEXITED(status))
		strbuf_printf(&how, "exit code %d", WEXITSTATUS(status));
	else
		strbuf_printf(&how, "signal %d", WTERMSIG(status));
	return err_at(err, ERR_INVALID, place_of(p),
		      "the inventory program failed (%s%s%s: %s)%s%.*s", p->args[1],
		      p->args[2] ? " " : "", p->args[2] ? p->args[2] : "", how.ptr,
		      said.len ? "; it said: " : ", saying nothing", SLICE_ARG(said));
}

/* A child that has closed its output may live on: until the time is over. */
static int reap(struct program *p, int *status)
{
	pid_t got;
	while ((got = waitpid(p->pid, status, WNOHANG)) == 0 || (got < 0 && errno == EINTR)) {
		if (clock_now_ms() >= p->deadline_ms)
			return -1;
		poll(NULL, 0, 2);
	}
	return got < 0 ? -1 : 0;
}

static int run(void *self, const char *const *args, struct strbuf *out, struct err *err)
{
	const int *limit_ms = self;
	CLEANUP(program_release)
	struct program p = {.args = args, .out = -1, .said = -1, .failed = -1};
	CLEANUP(strbuf_release) struct strbuf text = {0};
	int status = 0;
	p.deadline_ms = clock_now_ms() + (limit_ms ? *limit_ms : INVENTORY_PROGRAM_TIMEOUT_MS);
	int r = start(&p, err);
	if (r < 0)
		return r;
	r = collect(&p, &text, err);
	if (r == 0 && reap(&p, &status) < 0)
		r = err_at(err, ERR_TIMEOUT, place_of(&p),
			   "the inventory program closed its output and did not end in time");
	if (r < 0) {
		kill(-p.pid, SIGKILL);
		kill(p.pid, SIGKILL);
		waitpid(p.pid, NULL, 0);
		return r;
	}
	r = ended(&p, status, err);
	if (r == 0)
		strbuf_slice_append(out, strbuf_slice(&text));
	return r;
}

const struct inventory_runner inventory_program_runner = {NULL, run};
