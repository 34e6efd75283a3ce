#include "tool.h"

#include "liveness.h"
#include "rollout/base/arena.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"
#include "rollout/base/shellwords.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMEOUT_MS 30000
#define TERM_GRACE_MS 2000 /* from SIGTERM to SIGKILL */
#define POLL_MS 50
#define SAID_KEPT 4096u /* bytes of what it said for the message … */
#define SAID_SHOWN 600u /* … and of those, shown */
#define COMMAND_SHOWN 200u

/* ---- which program ---- */

static bool is_program(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static char *program_at(const char *path)
{
	CLEANUP(free_ptr) char *here = *path == '/' ? xstrdup("/") : realpath(".", NULL);
	CLEANUP(free_ptr) char *full = here ? path_join(here, path) : NULL;
	return full && is_program(full) ? xstrdup(full) : NULL;
}

char *vm_tool_find(const char *program)
{
	static const char system_dirs[] = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin";
	CLEANUP(strbuf_release) struct strbuf dirs = {0};
	const char *path = getenv("PATH");
	struct slice rest, dir;
	if (strchr(program, '/'))
		return program_at(program);
	strbuf_printf(&dirs, "%s:%s", path ? path : "", system_dirs);
	rest = strbuf_slice(&dirs);
	while (slice_split(&rest, ':', &dir)) {
		CLEANUP(strbuf_release) struct strbuf full = {0};
		strbuf_printf(&full, "%.*s/%s", SLICE_ARG(dir), program);
		if (slice_starts_with(dir, "/") && is_program(full.ptr))
			return strbuf_steal(&full);
	}
	return NULL;
}

static int find_program(const char *program, char **ret, struct err *err)
{
	char *path = vm_tool_find(program);
	if (!path) {
		err_set(err, ERR_NOT_FOUND,
			strchr(program, '/')
				? "there is no program %s"
				: "there is no program '%s' in PATH, /usr/sbin or /sbin",
			program);
		return ERR_NOT_FOUND;
	}
	*ret = path;
	return 0;
}

/* ---- starting it ---- */

struct start {
	const char *path;
	const char *const *argv;
	const char *dir;
	int in, out, err, keep; /* keep -1: none */
	bool outlives;
};

/* What the child tells when it did not come as far as the program. */
struct start_failure {
	int number;
	bool in_chdir;
};

static void default_signals(void)
{
	static const int given_back[] = {SIGPIPE, SIGINT, SIGQUIT, SIGTERM, SIGCHLD};
	sigset_t none;
	sigemptyset(&none);
	for (size_t i = 0; i < ARRAY_LEN(given_back); i++)
		signal(given_back[i], SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A worker that is killed takes its tools with it; a daemon stays. */
static void join_group(const struct start *s, pid_t parent)
{
	if (s->outlives) {
		setsid();
		return;
	}
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127);
}

/* The child of fork(): only what is async-signal-safe. Descriptors that somebody
 * left open to us end here. */
static void become_program(const struct start *s, pid_t parent, int tell)
{
	struct start_failure failure = {0};
	join_group(s, parent);
	dup2(s->in, STDIN_FILENO);
	dup2(s->out, STDOUT_FILENO);
	dup2(s->err, STDERR_FILENO);
	close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC);
	if (s->keep >= 0)
		vm_lock_keep(s->keep);
	if (s->dir && chdir(s->dir) < 0) {
		failure.in_chdir = true;
	} else {
		default_signals();
		execv(s->path, (char *const *)s->argv);
	}
	failure.number = errno;
	ssize_t written = write(tell, &failure, sizeof(failure));
	_exit(written < 0 ? 126 : 127);
}

static int start_failed(const struct start *s, const struct start_failure *f, struct err *err)
{
	errno = f->number;
	return f->in_chdir ? err_sys(err, "run %s: enter %s", s->path, s->dir)
			   : err_sys(err, "run %s", s->path);
}

/* Returns when the program runs: the pipe closes on exec. */
static int start_program(const struct start *s, pid_t *ret, struct err *err)
{
	struct start_failure failure = {0};
	const pid_t parent = getpid();
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "pipe");
	CLEANUP(fd_close) int told = ends[0];
	CLEANUP(fd_close) int tell = ends[1];
	pid_t pid = fork();
	if (pid < 0)
		return err_sys(err, "fork");
	if (pid == 0)
		become_program(s, parent, tell);
	fd_close(&tell);
	ssize_t n;
	while ((n = read(told, &failure, sizeof(failure))) < 0 && errno == EINTR)
		;
	if (n == (ssize_t)sizeof(failure)) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return start_failed(s, &failure, err);
	}
	*ret = pid;
	return 0;
}

/* ---- listening to it ---- */

struct running {
	const struct tool_call *call;
	pid_t pid;
	int out, err; /* -1 at their end */
	int status;
	bool ended;
	int64_t end_ms;
	struct strbuf *output; /* standard output; NULL: it is part of `said` */
	size_t output_start;
	struct strbuf said; /* the end of it */
};

static void hear_said(struct running *t, const char *bytes, size_t len)
{
	strbuf_append(&t->said, bytes, len);
	if (t->said.len > 2 * SAID_KEPT)
		strbuf_drop_front(&t->said, t->said.len - SAID_KEPT);
}

/* One read; closes at the end. ERR_LIMIT: it talks too much. */
static int hear(struct running *t, int *fd, struct err *err)
{
	char bytes[16384];
	ssize_t n = read(*fd, bytes, sizeof(bytes));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0)
		fd_close(fd);
	else if (fd == &t->err || !t->output)
		hear_said(t, bytes, (size_t)n);
	else if (t->output->len - t->output_start + (size_t)n > TOOL_OUTPUT_MAX)
		return err_set(err, ERR_LIMIT, "it printed more than %u bytes", TOOL_OUTPUT_MAX);
	else
		strbuf_append(t->output, bytes, (size_t)n);
	return 0;
}

static int hear_ready(struct running *t, int wait_ms, bool *ret_any, struct err *err)
{
	struct pollfd fds[2] = {{t->out, POLLIN, 0}, {t->err, POLLIN, 0}};
	int n = poll(fds, 2, wait_ms), r = 0;
	*ret_any = n > 0;
	if (n > 0 && fds[0].revents)
		r = hear(t, &t->out, err);
	if (n > 0 && fds[1].revents && r == 0)
		r = hear(t, &t->err, err);
	return r;
}

static bool has_ended(struct running *t)
{
	if (!t->ended && waitpid(t->pid, &t->status, WNOHANG) == t->pid)
		t->ended = true;
	return t->ended;
}

/* A descendant that went into the background may hold the pipes open: after the
 * program's own end only what is there already is read. */
static int drain(struct running *t, struct err *err)
{
	bool any = true;
	int r = 0;
	while (r == 0 && any && (t->out >= 0 || t->err >= 0))
		r = hear_ready(t, 0, &any, err);
	return r;
}

static int listen_until_end(struct running *t, struct err *err)
{
	bool any;
	int r = 0;
	while (r == 0) {
		/* with both pipes closed poll only sleeps: the end is near */
		bool silent = t->out < 0 && t->err < 0;
		if (has_ended(t))
			return drain(t, err);
		if (clock_now_ms() >= t->end_ms)
			return err_set(err, ERR_TIMEOUT, "it had not ended after %.1f s",
				       (double)t->call->timeout_ms / 1000);
		r = hear_ready(t, silent ? 1 : POLL_MS, &any, err);
	}
	return r;
}

static void kill_group(struct running *t)
{
	const int64_t end_ms = clock_now_ms() + TERM_GRACE_MS;
	kill(-t->pid, SIGTERM);
	while (!has_ended(t) && clock_now_ms() < end_ms)
		poll(NULL, 0, 5);
	kill(-t->pid, SIGKILL);
	while (!t->ended)
		t->ended = waitpid(t->pid, &t->status, 0) == t->pid || errno != EINTR;
}

/* ---- what went wrong ---- */

static void command_text(const char *const *argv, struct strbuf *out)
{
	for (size_t i = 0; argv[i] && out->len <= COMMAND_SHOWN; i++) {
		if (i > 0)
			strbuf_putc(out, ' ');
		shellwords_quote(out, slice_from(argv[i]));
	}
	if (out->len > COMMAND_SHOWN) {
		strbuf_truncate(out, COMMAND_SHOWN);
		strbuf_puts(out, "…");
	}
}

/* The last lines, whole ones where they fit. */
static struct slice said_end(const struct running *t)
{
	struct slice all = slice_trim(strbuf_slice(&t->said));
	if (all.len <= SAID_SHOWN)
		return all;
	struct slice end = {all.ptr + all.len - SAID_SHOWN, SAID_SHOWN};
	const char *line = memchr(end.ptr, '\n', end.len);
	if (!line)
		return end;
	size_t skip = (size_t)(line - end.ptr) + 1;
	return (struct slice){end.ptr + skip, end.len - skip};
}

static int ended_badly(const struct running *t, struct err *err)
{
	struct slice said = said_end(t);
	const char *colon = said.len ? ": " : "";
	if (WIFSIGNALED(t->status)) {
		const char *name = sigabbrev_np(WTERMSIG(t->status));
		return err_set(err, ERR_SYS, "killed by SIG%s%s%.*s", name ? name : "?", colon,
			       SLICE_ARG(said));
	}
	return err_set(err, ERR_SYS, "exit status %d%s%.*s", WEXITSTATUS(t->status), colon,
		       SLICE_ARG(said));
}

static int outcome(struct running *t, int r, struct err *err)
{
	if (r < 0) {
		kill_group(t);
		struct slice said = said_end(t);
		return said.len && err ? err_set(err, r, "%s: %.*s", err->msg, SLICE_ARG(said)) : r;
	}
	return WIFEXITED(t->status) && WEXITSTATUS(t->status) == 0 ? 0 : ended_badly(t, err);
}

/* ---- running ---- */

/* Input goes through a file: no pipe can fill, no SIGPIPE can come. */
static int open_input(struct slice input, int *ret, struct err *err)
{
	CLEANUP(fd_close)
	int fd = input.len ? memfd_create("input", MFD_CLOEXEC)
			   : open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open its input");
	int r = input.len ? fd_write_all(fd, input.ptr, input.len, err) : 0;
	if (r < 0)
		return r;
	if (input.len && lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, "rewind its input");
	*ret = fd;
	fd = -1;
	return 0;
}

static int start_piped(struct running *t, const char *path, struct err *err)
{
	CLEANUP(fd_close) int in = -1;
	int out[2], said[2];
	int r = open_input(t->call->input, &in, err);
	if (r < 0)
		return r;
	if (pipe2(out, O_CLOEXEC) < 0)
		return err_sys(err, "pipe");
	t->out = out[0];
	CLEANUP(fd_close) int out_end = out[1];
	if (pipe2(said, O_CLOEXEC) < 0)
		return err_sys(err, "pipe");
	t->err = said[0];
	CLEANUP(fd_close) int said_to = said[1];
	const struct start s = {path, t->call->argv, t->call->dir, in, out_end, said_to, -1, false};
	return start_program(&s, &t->pid, err);
}

static int run_whole(const struct tool_call *call, const char *path, struct strbuf *out,
		     struct err *err)
{
	struct running t = {.call = call, .out = -1, .err = -1, .output = out};
	t.output_start = out ? out->len : 0;
	t.end_ms = clock_now_ms() + call->timeout_ms;
	int r = start_piped(&t, path, err);
	if (r == 0)
		r = outcome(&t, listen_until_end(&t, err), err);
	fd_close(&t.out);
	fd_close(&t.err);
	strbuf_release(&t.said);
	if (r < 0 && out)
		strbuf_truncate(out, t.output_start);
	return r;
}

int vm_tool_run(const struct tool_call *call, struct strbuf *out, struct err *err)
{
	struct tool_call limited = *call;
	CLEANUP(strbuf_release) struct strbuf text = {0};
	CLEANUP(free_ptr) char *path = NULL;
	int r = find_program(call->argv[0], &path, err);
	if (r < 0)
		return r;
	if (limited.timeout_ms == 0)
		limited.timeout_ms = TIMEOUT_MS;
	r = run_whole(&limited, path, out, err);
	if (r < 0)
		command_text(call->argv, &text);
	return r < 0 ? err_wrap(err, r, "%s", text.ptr) : 0;
}

int vm_tool_daemon(const char *const *argv, const char *dir, const char *log, int keep_fd,
		   int *ret_pid, struct err *err)
{
	CLEANUP(free_ptr) char *path = NULL;
	int r = find_program(argv[0], &path, err);
	if (r < 0)
		return r;
	CLEANUP(fd_close) int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CLEANUP(fd_close) int to = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (to < 0 || in < 0)
		return err_sys(err, "open %s", to < 0 ? log : "/dev/null");
	const struct start s = {path, argv, dir, in, to, to, keep_fd, true};
	pid_t pid;
	r = start_program(&s, &pid, err);
	if (r == 0)
		*ret_pid = pid;
	return r;
}
