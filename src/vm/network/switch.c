/*
 * The switch as a process: started by whoever needs it, ends by itself. Files in the
 * state folder: switch.lock (held as long as it lives), switch.pid, and switch.sock,
 * on which a datagram says "stay, and look for new machines".
 */
#include "../liveness.h"
#include "../project/project.h"
#include "network.h"
#include "segment.h"

#include "rollout/base/clock.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RESCAN_MS 1000
#define IDLE_MS 20000 /* without a running machine, then it ends: one may be starting */
#define ENSURE_MS 30000
#define STOP_MS 10000
#define NAP_MS 10

struct switch_process {
	struct segment *segment;
	int calls;	 /* switch.sock */
	int64_t end_ms;	 /* unless a machine runs or somebody calls */
	int64_t scan_ms; /* of the next rescan */
};

/* ---- the process ---- */

static int open_calls(void)
{
	const struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "switch.sock"};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	unlink(a.sun_path);
	if (fd >= 0 && bind(fd, (const struct sockaddr *)&a, sizeof(a)) < 0)
		fd_close(&fd);
	return fd;
}

static bool was_called(int fd)
{
	char byte;
	bool any = false;
	while (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) > 0)
		any = true;
	return any;
}

static void rescan(struct switch_process *sw)
{
	const int64_t now_ms = clock_now_ms();
	if (segment_rescan(sw->segment) > 0)
		sw->end_ms = now_ms + IDLE_MS;
	sw->scan_ms = now_ms + RESCAN_MS;
}

static void answer_calls(struct switch_process *sw)
{
	if (!was_called(sw->calls))
		return;
	rescan(sw);
	sw->end_ms = clock_now_ms() + IDLE_MS;
}

/* Who could still call was promised a switch: from the shutdown on, calls fail. */
static bool may_end(struct switch_process *sw)
{
	if (clock_now_ms() < sw->end_ms)
		return false;
	shutdown(sw->calls, SHUT_RD);
	if (!was_called(sw->calls))
		return true;
	fd_close(&sw->calls);
	sw->calls = open_calls();
	sw->end_ms = clock_now_ms() + IDLE_MS;
	return sw->calls < 0;
}

static void serve(struct switch_process *sw)
{
	struct pollfd fds[VM_MAX + 1];
	while (!may_end(sw)) {
		int64_t wait_ms = sw->scan_ms - clock_now_ms();
		size_t n = segment_watch(sw->segment, fds + 1);
		fds[0] = (struct pollfd){sw->calls, POLLIN, 0};
		int ready = poll(fds, n + 1, wait_ms > 0 ? (int)wait_ms : 0);
		if (ready > 0)
			segment_serve(sw->segment, fds + 1, n);
		if (ready > 0 && fds[0].revents)
			answer_calls(sw);
		if (clock_now_ms() >= sw->scan_ms)
			rescan(sw);
	}
}

static void close_others(int a, int b)
{
	const unsigned low = (unsigned)(a < b ? a : b), high = (unsigned)(a < b ? b : a);
	if (low > STDERR_FILENO + 1)
		close_range(STDERR_FILENO + 1, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0u, 0);
}

/* Nothing of the command that started it: no terminal, no handlers, no descriptors. */
static void detach(int lock, int tell)
{
	static const int signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGCHLD, SIGALRM, SIGPIPE};
	sigset_t none;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigemptyset(&none);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		signal(signals[i], SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	close_others(lock, tell);
	prctl(PR_SET_NAME, "rollout-switch");
}

static int set_up(struct switch_process *sw, const char *dir, struct err *err)
{
	char pid[24];
	if (chdir(dir) < 0)
		return err_sys(err, "enter %s", dir);
	sw->calls = open_calls();
	if (sw->calls < 0)
		return err_sys(err, "bind %s/switch.sock", dir);
	sw->segment = segment_new();
	sw->end_ms = clock_now_ms() + IDLE_MS;
	rescan(sw);
	int len = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	return file_write_atomic("switch.pid", pid, (size_t)len, 0600, err);
}

/* Tells "ok" or what is wrong, and lives on `lock`. */
static _Noreturn void run(const char *dir, int lock, int tell)
{
	struct switch_process sw = {0};
	struct err why = {0};
	detach(lock, tell);
	const char *text = set_up(&sw, dir, &why) < 0 ? why.msg : "ok";
	bool ok = strcmp(text, "ok") == 0;
	ok = fd_write_all(tell, text, strlen(text), NULL) == 0 && ok;
	close(tell);
	if (ok)
		serve(&sw);
	_exit(ok ? 0 : 1);
}

/* ---- starting it ---- */

/* Twice, so that it is nobody's child and no zombie of ours. */
static int fork_apart(const char *dir, int lock, int tell, struct err *err)
{
	pid_t pid = fork();
	if (pid < 0)
		return err_sys(err, "fork");
	if (pid == 0) {
		setsid();
		pid = fork();
		if (pid == 0)
			run(dir, lock, tell);
		_exit(pid < 0 ? 1 : 0);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

static int start(const struct vm_project *p, int lock, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf told = {0};
	CLEANUP(free_ptr) char *pid_file = path_join(p->dir, "switch.pid");
	int ends[2];
	unlink(pid_file); /* of an earlier one: it must not be killed for ours */
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "pipe");
	CLEANUP(fd_close) int hear = ends[0];
	int r = fork_apart(p->dir, lock, ends[1], err);
	close(ends[1]);
	if (r == 0)
		r = fd_read_all(hear, sizeof(err->msg), &told, err);
	if (r == 0 && !slice_is(strbuf_slice(&told), "ok"))
		r = err_set(err, ERR_SYS, "%s", told.len ? told.ptr : "it ended at once");
	return r < 0 ? err_wrap(err, r, "start the network switch") : 0;
}

/* Asks the switch to stay. false: there is none that will. */
static bool call(const struct vm_project *p)
{
	struct sockaddr_un a;
	CLEANUP(fd_close) int dir = -1;
	CLEANUP(fd_close) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || vm_socket_address(p->dir, "switch.sock", &a, &dir, NULL) < 0)
		return false;
	ssize_t n = sendto(fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&a,
			   sizeof(a));
	return n == 1 || errno == EAGAIN; /* so many calls wait that one more says nothing new */
}

static void nap(void)
{
	const struct timespec t = {0, NAP_MS * 1000000};
	nanosleep(&t, NULL);
}

int vm_switch_ensure(const struct vm_project *p, struct err *err)
{
	CLEANUP(free_ptr) char *lock_file = path_join(p->dir, "switch.lock");
	CLEANUP(fd_close) int lock = -1;
	const int64_t end_ms = clock_now_ms() + ENSURE_MS;
	/* while the lock is held and nobody answers, one is starting or ending */
	while (!call(p)) {
		int r = vm_lock_try(lock_file, &lock, err);
		if (r == 0)
			return start(p, lock, err);
		if (r != ERR_EXISTS)
			return r;
		if (clock_now_ms() >= end_ms)
			return err_wrap(err, r, "the network switch does not answer");
		nap();
	}
	return 0;
}

bool vm_switch_is_running(const struct vm_project *p)
{
	CLEANUP(free_ptr) char *lock_file = path_join(p->dir, "switch.lock");
	return vm_lock_is_held(lock_file);
}

/* ---- stopping it ---- */

static int read_pid(const struct vm_project *p)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	CLEANUP(free_ptr) char *path = path_join(p->dir, "switch.pid");
	if (file_read(path, 24, &text, NULL) < 0 || text.len == 0)
		return 0;
	return (int)strtol(text.ptr, NULL, 10);
}

void vm_switch_stop(const struct vm_project *p)
{
	static const int signals[] = {SIGTERM, SIGKILL};
	CLEANUP(free_ptr) char *lock_file = path_join(p->dir, "switch.lock");
	for (size_t i = 0; i < ARRAY_LEN(signals) && vm_lock_is_held(lock_file); i++) {
		int pid = read_pid(p);
		if (pid > 1)
			kill(pid, signals[i]);
		vm_lock_wait_free(lock_file, STOP_MS, NULL);
	}
}
