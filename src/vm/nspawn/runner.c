/*
 * The runner: a process per machine that lives until it powers off. It holds the
 * machine's lock and its mounts, in a mount namespace of its own, so that both go
 * when it goes. Its child, the keeper, is the first of a PID namespace; nspawn is
 * its child, and the machine's init is nspawn's. nspawn alone would leave the
 * machine running when it is killed: this way the kernel ends all of it with the
 * keeper, and the keeper with the runner.
 */
#include "nspawn.h"

#include "../liveness.h"
#include "../project/project.h"
#include "../tool.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_REBOOT 133 /* nspawn's status for: start me again */
#define START_MS 20000
#define POLL_MS 5
#define LOG_MAX_BYTES (64u << 20)
#define LOG_SHOWN 700u

struct runner {
	const struct vm_machine *machine;
	const char *nspawn; /* the program */
	const char *const *argv, *const *env;
	const char *group; /* name of its cgroups */
	int lock, tell;	   /* tell: where a failure to start goes */
};

/* ---- the runner's process ---- */

static void default_signals(void)
{
	sigset_t none;
	sigemptyset(&none);
	for (int s = 1; s < SIGRTMIN; s++)
		if (s != SIGKILL && s != SIGSTOP)
			signal(s, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void fail_to_start(const struct runner *run, const struct err *err)
{
	struct err none = {0};
	fd_write_all(run->tell, err, sizeof(*err), &none);
	_exit(1);
}

/* nspawn joins the cgroups, the runner does not, so that they can go with it. */
static void become_nspawn(const struct runner *run)
{
	struct err err = {0};
	default_signals();
	vm_lock_keep(run->lock);
	if (vm_nspawn_cgroups_join(run->machine, &err) < 0)
		fail_to_start(run, &err);
	execve(run->nspawn, (char *const *)run->argv, (char *const *)run->env);
	err_sys(&err, "run %s", run->nspawn);
	fail_to_start(run, &err);
}

/* As the first of its namespace it also inherits children that are not its own. */
static int wait_for(pid_t pid)
{
	int status;
	pid_t ended;
	while ((ended = waitpid(-1, &status, 0)) != pid)
		if (ended < 0 && errno != EINTR)
			return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int run_once(struct runner *run)
{
	pid_t pid = fork();
	if (pid < 0)
		return 1;
	if (pid == 0)
		become_nspawn(run);
	fd_close(&run->tell); /* the starter hears now whether nspawn could be run */
	return wait_for(pid);
}

static void be_keeper(struct runner *run)
{
	struct err err = {0};
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) {
		err_sys(&err, "mount /proc");
		fail_to_start(run, &err);
	}
	while (run_once(run) == EXIT_REBOOT)
		;
	_exit(0);
}

static int keep(struct runner *run, struct err *err)
{
	if (unshare(CLONE_NEWPID) < 0)
		return err_sys(err, "make a PID namespace");
	pid_t pid = fork();
	if (pid < 0)
		return err_sys(err, "fork");
	if (pid == 0)
		be_keeper(run);
	fd_close(&run->tell);
	wait_for(pid);
	return 0;
}

/* Keeps the lock and what it tells failures through; the order's pipes end here. */
static void close_others(const struct runner *run)
{
	unsigned low = (unsigned)(run->lock < run->tell ? run->lock : run->tell);
	unsigned high = (unsigned)(run->lock < run->tell ? run->tell : run->lock);
	if (low > 3)
		close_range(3, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0u, 0);
}

static int redirect(const struct vm_machine *m, struct err *err)
{
	CLEANUP(free_ptr) char *log = vm_machine_path(m, "serial.log");
	CLEANUP(fd_close) int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CLEANUP(fd_close) int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (in < 0 || out < 0)
		return err_sys(err, "open %s", in < 0 ? "/dev/null" : log);
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(out, STDERR_FILENO) < 0)
		return err_sys(err, "dup2");
	return 0;
}

static int write_pid(const struct vm_machine *m, struct err *err)
{
	CLEANUP(free_ptr) char *path = vm_machine_path(m, "pid");
	CLEANUP(strbuf_release) struct strbuf text = {0};
	CLEANUP(fd_close) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, "create %s", path);
	strbuf_printf(&text, "%d\n", (int)getpid());
	return fd_write_all(fd, text.ptr, text.len, err);
}

/* What this host mounts later is seen, what the runner mounts is not seen outside. */
static int take_mounts(const struct vm_machine *m, struct err *err)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return err_sys(err, "make a mount namespace");
	return vm_nspawn_disk_mount(m, err);
}

static void forget_pid(const struct vm_machine *m)
{
	CLEANUP(free_ptr) char *path = vm_machine_path(m, "pid");
	unlink(path);
}

static void ignore_signals(void)
{
	static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE};
	default_signals();
	for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
		signal(ignored[i], SIG_IGN);
}

static void be_runner(struct runner *run)
{
	struct err err = {0};
	ignore_signals();
	umask(022);
	prctl(PR_SET_NAME, "rollout-vm");
	int r = redirect(run->machine, &err);
	if (r == 0) {
		close_others(run);
		r = take_mounts(run->machine, &err);
	}
	if (r == 0)
		r = vm_nspawn_cgroups_make(run->machine, run->group, &err);
	if (r == 0)
		r = write_pid(run->machine, &err);
	if (r == 0)
		r = keep(run, &err);
	if (r < 0)
		fail_to_start(run, &err);
	vm_nspawn_cgroups_remove(run->machine);
	forget_pid(run->machine);
	_exit(0);
}

/* ---- starting it ---- */

/* Twice, so that it is nobody's child who would have to wait for it. */
static int fork_away(struct runner *run, struct err *err)
{
	pid_t pid = fork();
	if (pid < 0)
		return err_sys(err, "fork");
	if (pid == 0) {
		setsid();
		pid_t second = fork();
		if (second == 0)
			be_runner(run);
		_exit(second < 0 ? 1 : 0);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

static int hear_failure(int fd, struct err *err)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	struct err told = {0};
	ssize_t n;
	if (poll(&ready, 1, START_MS) == 0)
		return err_set(err, ERR_TIMEOUT, "its runner has not come up after %d s",
			       START_MS / 1000);
	while ((n = read(fd, &told, sizeof(told))) < 0 && errno == EINTR)
		;
	if (n != (ssize_t)sizeof(told))
		return 0;
	if (err)
		*err = told;
	return told.code;
}

static int start(struct runner *run, struct err *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "pipe");
	CLEANUP(fd_close) int hear = ends[0];
	run->tell = ends[1];
	int r = fork_away(run, err);
	fd_close(&run->tell);
	return r < 0 ? r : hear_failure(hear, err);
}

static int ended_early(const struct vm_machine *m, size_t log_before, struct err *err)
{
	CLEANUP(free_ptr) char *path = vm_machine_path(m, "serial.log");
	CLEANUP(strbuf_release) struct strbuf log = {0};
	struct err ignored = {0};
	file_read(path, LOG_MAX_BYTES, &log, &ignored);
	struct slice end = strbuf_slice(&log);
	if (end.len > log_before)
		end = (struct slice){end.ptr + log_before, end.len - log_before};
	end = slice_trim(end);
	if (end.len > LOG_SHOWN)
		end = (struct slice){end.ptr + end.len - LOG_SHOWN, LOG_SHOWN};
	return err_set(err, ERR_SYS, "systemd-nspawn ended at once; %s ends:\n%.*s", path,
		       SLICE_ARG(end));
}

static int await_init(const struct vm_machine *m, size_t log_before, struct err *err)
{
	const int64_t end_ms = clock_now_ms() + START_MS;
	while (!vm_nspawn_init_pid(m)) {
		if (!vm_nspawn_is_running(m))
			return ended_early(m, log_before, err);
		if (clock_now_ms() > end_ms)
			return err_set(err, ERR_TIMEOUT, "systemd-nspawn started no init in %d s",
				       START_MS / 1000);
		poll(NULL, 0, POLL_MS);
	}
	return 0;
}

static size_t log_size(const struct vm_machine *m)
{
	CLEANUP(free_ptr) char *path = vm_machine_path(m, "serial.log");
	struct stat st;
	return stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

int vm_nspawn_run(const struct vm_machine *m, const char *netns, struct err *err)
{
	CLEANUP(free_ptr) char *lock_path = vm_machine_path(m, VM_NSPAWN_LOCK);
	CLEANUP(free_ptr) char *nspawn = vm_tool_find("systemd-nspawn");
	CLEANUP(fd_close) int lock = -1;
	const size_t log_before = log_size(m);
	struct arena a = {0};
	struct runner run = {.machine = m, .nspawn = nspawn, .group = netns, .tell = -1};
	if (!nspawn)
		return err_set(err, ERR_NOT_FOUND,
			       "there is no systemd-nspawn; install systemd-container");
	int r = vm_nspawn_make_binds(m, err);
	if (r == 0)
		r = vm_lock_try(lock_path, &lock, err);
	if (r < 0)
		return r;
	run.lock = lock;
	run.argv = vm_nspawn_command(m, netns, &a);
	run.env = vm_nspawn_environment(m);
	r = start(&run, err);
	fd_close(&lock); /* the runner has it */
	arena_release(&a);
	return r == 0 ? await_init(m, log_before, err) : r;
}
