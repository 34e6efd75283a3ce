/* Running a command: fork, exec, pipes, one poll loop, a time limit. */
#include "rollout/base/clock.h"
#include "rollout/base/file.h"
#include "rollout/base/vec.h"

#include "real.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_CHUNK_BYTES 65536u
#define KILL_GRACE_MS 2000	/* between SIGTERM and SIGKILL */
#define QUIET_AFTER_EXIT_MS 200 /* a daemon may hold the pipes for ever */
#define WITHOUT_PIDFD_MS 20
#define SBIN_PATH "/usr/local/sbin:/usr/sbin:/sbin"
#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

extern char **environ;

struct child {
	pid_t pid;
	int in, out, err, pidfd;
};
struct strings {
	char **at;
	size_t len, cap;
};

static void strings_release(struct strings *s)
{
	for (size_t i = 0; i < s->len; i++)
		free(s->at[i]);
	vec_release(s);
}

/* --- what is run ------------------------------------------------------- */

static bool is_overridden(const char *entry, const char *const *env)
{
	size_t len = strcspn(entry, "=") + 1;
	for (; env && *env; env++)
		if (strncmp(*env, entry, len) == 0)
			return true;
	return false;
}

static void merge_environment(const struct host_command *cmd, struct strings *ret)
{
	for (char **e = environ; e && *e; e++)
		if (!is_overridden(*e, cmd->env))
			vec_push(ret, xstrdup(*e));
	for (const char *const *e = cmd->env; e && *e; e++)
		vec_push(ret, xstrdup(*e));
	vec_push(ret, NULL);
}

static const char *environment_get(const struct strings *env, const char *name)
{
	size_t len = strlen(name);
	for (size_t i = 0; i < env->len && env->at[i]; i++)
		if (strncmp(env->at[i], name, len) == 0 && env->at[i][len] == '=')
			return env->at[i] + len + 1;
	return NULL;
}

static bool find_in(const char *path, const char *program, struct strbuf *ret)
{
	struct slice rest = slice_from(path), dir;
	while (slice_split(&rest, ':', &dir)) {
		struct stat st;
		strbuf_truncate(ret, 0);
		strbuf_printf(ret, "%.*s/%s", dir.len ? (int)dir.len : 1, dir.len ? dir.ptr : ".",
			      program);
		if (access(ret->ptr, X_OK) == 0 && stat(ret->ptr, &st) == 0 && S_ISREG(st.st_mode))
			return true;
	}
	return false;
}

/* In the command's own PATH, then where administrators' programs are. */
static int find_program(const char *program, const struct strings *env, struct strbuf *ret,
			struct err *err)
{
	const char *path = environment_get(env, "PATH");
	if (strchr(program, '/')) {
		strbuf_puts(ret, program);
		return 0;
	}
	if (*program &&
	    (find_in(path ? path : DEFAULT_PATH, program, ret) || find_in(SBIN_PATH, program, ret)))
		return 0;
	int r = err_set(err, ERR_NOT_FOUND, "%s: no such command", program);
	if (err)
		err->sys = ENOENT;
	return r;
}

/* --- the child --------------------------------------------------------- */

struct launch {
	const struct host_command *cmd;
	const char *program, *cwd;
	char **env;
	int in, out, err, report;
	mode_t mask;
};
struct launch_failure {
	int stage; /* 0: exec, 1: chdir */
	int sys;
};

static void child_fails(const struct launch *l, int stage)
{
	struct launch_failure f = {stage, errno};
	ssize_t ignored = write(l->report, &f, sizeof(f));
	(void)ignored;
	_exit(127);
}

void real_child_begin(void)
{
	sigset_t none;
	setpgid(0, 0);
	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* After fork: async-signal-safe calls alone. */
static void child_main(const struct launch *l)
{
	real_child_begin();
	dup2(l->in, 0);
	dup2(l->out, 1);
	dup2(l->err, 2);
	if (l->cmd->mode_umask >= 0)
		umask(l->mask);
	if (chdir(l->cwd) < 0)
		child_fails(l, 1);
	execve(l->program, (char *const *)l->cmd->argv, l->env);
	child_fails(l, 0);
}

struct pipes {
	int in[2], out[2], err[2], report[2];
};

static void pipes_release(struct pipes *p)
{
	for (int i = 0; i < 2; i++) {
		fd_close(&p->in[i]);
		fd_close(&p->out[i]);
		fd_close(&p->err[i]);
		fd_close(&p->report[i]);
	}
}

/* A duplicate shares its offset. */
static int file_from_start(int fd)
{
	return lseek(fd, 0, SEEK_SET) < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static int pipes_open(struct pipes *p, const struct host_command *cmd, struct err *err)
{
	*p = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
	if (cmd->stdin_fd > 0)
		p->in[0] = file_from_start(cmd->stdin_fd);
	else if (cmd->stdin_bytes.len == 0)
		p->in[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	else if (pipe2(p->in, O_CLOEXEC) < 0)
		return err_sys(err, "pipe");
	if (p->in[0] < 0)
		return err_sys(err, "open the input of %s", cmd->argv[0]);
	if (pipe2(p->out, O_CLOEXEC) < 0 || pipe2(p->err, O_CLOEXEC) < 0 ||
	    pipe2(p->report, O_CLOEXEC) < 0)
		return err_sys(err, "pipe");
	return 0;
}

static int take(int *fd)
{
	int taken = *fd;
	*fd = -1;
	if (taken >= 0)
		fcntl(taken, F_SETFL, fcntl(taken, F_GETFL) | O_NONBLOCK);
	return taken;
}

/* Whether exec has happened: the pipe is closed by it. */
static int await_exec(struct pipes *p, pid_t pid, const struct launch *l, struct err *err)
{
	struct launch_failure f;
	ssize_t n;
	fd_close(&p->report[1]);
	do {
		n = read(p->report[0], &f, sizeof(f));
	} while (n < 0 && errno == EINTR);
	if (n != sizeof(f))
		return 0;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	errno = f.sys;
	return f.stage ? err_sys(err, "chdir %s", l->cwd) : err_sys(err, "run %s", l->program);
}

static const char *working_directory(const struct host_command *cmd, const struct strings *env)
{
	const char *home = environment_get(env, "HOME");
	if (cmd->cwd)
		return cmd->cwd;
	return geteuid() != 0 && home && access(home, X_OK) == 0 ? home : "/";
}

static int spawn(const struct host_command *cmd, struct child *ret, struct err *err)
{
	CLEANUP(strings_release) struct strings env = {0};
	CLEANUP(strbuf_release) struct strbuf program = {0};
	CLEANUP(pipes_release) struct pipes p = {{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
	merge_environment(cmd, &env);
	int r = find_program(cmd->argv[0], &env, &program, err);
	if (r == 0)
		r = pipes_open(&p, cmd, err);
	if (r < 0)
		return r;
	assert(program.ptr);
	struct launch l = {cmd,	     program.ptr, working_directory(cmd, &env),
			   env.at,   p.in[0],	  p.out[1],
			   p.err[1], p.report[1], (mode_t)cmd->mode_umask};
	pid_t pid = fork();
	if (pid < 0)
		return err_sys(err, "fork");
	if (pid == 0)
		child_main(&l);
	setpgid(pid, pid); /* in both, so that it is done before either goes on */
	r = await_exec(&p, pid, &l, err);
	if (r < 0)
		return r;
	*ret = (struct child){pid, take(&p.in[1]), take(&p.out[0]), take(&p.err[0]),
			      (int)syscall(SYS_pidfd_open, pid, 0)};
	return 0;
}

/* --- the loop ---------------------------------------------------------- */

struct pump {
	struct child child;
	const struct host_command *cmd;
	struct host_command_result *result;
	size_t written;
	int64_t deadline_ms;
	int signals_sent, status;
	bool exited;
};

static void feed(struct pump *p)
{
	struct slice in = p->cmd->stdin_bytes;
	ssize_t n = write(p->child.in, in.ptr + p->written, in.len - p->written);
	if (n > 0)
		p->written += (size_t)n;
	if ((n < 0 && errno != EAGAIN && errno != EINTR) || p->written == in.len)
		fd_close(&p->child.in);
}

static void drain(struct pump *p, int *fd, int stream)
{
	char buf[READ_CHUNK_BYTES];
	struct strbuf *to = stream == 1 ? &p->result->out : &p->result->err;
	ssize_t n = read(*fd, buf, sizeof(buf));
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		fd_close(fd);
	if (n <= 0)
		return;
	size_t room = HOST_OUTPUT_MAX - to->len;
	strbuf_append(to, buf, (size_t)n < room ? (size_t)n : room);
	if ((size_t)n > room)
		p->result->truncated = true;
	if (p->cmd->on_output)
		p->cmd->on_output(p->cmd->ctx, stream, (struct slice){buf, (size_t)n});
}

static void reap(struct pump *p)
{
	pid_t got = p->exited ? 0 : waitpid(p->child.pid, &p->status, WNOHANG);
	if (got == p->child.pid || (got < 0 && errno == ECHILD))
		p->exited = true;
}

static void check_deadline(struct pump *p)
{
	if (clock_now_ms() < p->deadline_ms)
		return;
	p->result->timed_out = true;
	kill(-p->child.pid, p->signals_sent++ ? SIGKILL : SIGTERM);
	p->deadline_ms = clock_now_ms() + KILL_GRACE_MS;
}

static int wait_ms(const struct pump *p)
{
	int64_t left = p->deadline_ms - clock_now_ms();
	if (p->exited)
		left = QUIET_AFTER_EXIT_MS;
	else if (p->child.pidfd < 0 && left > WITHOUT_PIDFD_MS)
		left = WITHOUT_PIDFD_MS;
	return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

/* One wait; false when there is nothing more to wait for. */
static bool pump_once(struct pump *p)
{
	struct child *c = &p->child;
	struct pollfd fds[] = {
		{.fd = c->in, .events = POLLOUT},
		{.fd = c->out, .events = POLLIN},
		{.fd = c->err, .events = POLLIN},
		{.fd = p->exited ? -1 : c->pidfd, .events = POLLIN},
	};
	if (p->exited && ((c->out < 0 && c->err < 0) || clock_now_ms() >= p->deadline_ms))
		return false;
	int n = poll(fds, ARRAY_LEN(fds), wait_ms(p));
	if (n == 0 && p->exited)
		return false;
	if (n > 0 && fds[0].revents)
		feed(p);
	if (n > 0 && fds[1].revents)
		drain(p, &c->out, 1);
	if (n > 0 && fds[2].revents)
		drain(p, &c->err, 2);
	if (!p->exited && (c->pidfd < 0 || n <= 0 || fds[3].revents))
		reap(p);
	if (!p->exited)
		check_deadline(p);
	return true;
}

static int exit_code_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int real_run(struct host *h, const struct host_command *cmd, struct host_command_result *result,
	     struct err *err)
{
	(void)h;
	struct pump p = {.cmd = cmd, .result = result};
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	int r = spawn(cmd, &p.child, err);
	if (r < 0)
		return r;
	*result = (struct host_command_result){0};
	p.deadline_ms =
		clock_now_ms() + (cmd->timeout_ms > 0 ? cmd->timeout_ms : HOST_TIMEOUT_DEFAULT_MS);
	/* A command that does not read its input must not end the agent. */
	sigaction(SIGPIPE, &ignore, &before);
	while (pump_once(&p))
		;
	sigaction(SIGPIPE, &before, NULL);
	fd_close(&p.child.in);
	fd_close(&p.child.out);
	fd_close(&p.child.err);
	fd_close(&p.child.pidfd);
	result->exit_code = exit_code_of(p.status);
	return 0;
}
