/* The guest's serial console on this terminal, until Ctrl-]. */
#include "../liveness.h"
#include "../project/project.h"
#include "args.h"
#include "machine.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define LEAVE 0x1d /* Ctrl-] */

static volatile sig_atomic_t leave_by;

static void on_signal(int number)
{
	leave_by = number;
}

static const int watched[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};

static void watch_signals(struct sigaction *before)
{
	struct sigaction sa = {.sa_handler = on_signal};
	leave_by = 0;
	for (size_t i = 0; i < ARRAY_LEN(watched); i++)
		sigaction(watched[i], &sa, &before[i]);
}

static void give_signals_back(const struct sigaction *before)
{
	for (size_t i = 0; i < ARRAY_LEN(watched); i++)
		sigaction(watched[i], &before[i], NULL);
}

/* ---- bytes ---- */

static int connect_console(const struct vm_machine *m, int *ret, struct err *err)
{
	struct sockaddr_un address;
	CLEANUP(fd_close) int dir_fd = -1;
	int r = vm_socket_address(m->dir, QEMU_CONSOLE_SOCKET, &address, &dir_fd, err);
	if (r < 0)
		return r;
	CLEANUP(fd_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(err, "socket");
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return err_sys(err, "connect to %s/%s", m->dir, QEMU_CONSOLE_SOCKET);
	*ret = fd;
	fd = -1;
	return 0;
}

/* False at its end. */
static bool console_to_terminal(int console)
{
	char bytes[4096];
	ssize_t n = recv(console, bytes, sizeof(bytes), 0);
	if (n < 0)
		return errno == EINTR;
	return n > 0 && fd_write_all(STDOUT_FILENO, bytes, (size_t)n, NULL) == 0;
}

static bool send_all(int console, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(console, bytes, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR)
			return false;
		if (n < 0 && leave_by)
			return false;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return true;
}

/* False when the user leaves. */
static bool terminal_to_console(int console)
{
	char bytes[1024];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));
	if (n < 0)
		return errno == EINTR;
	const char *leave = n > 0 ? memchr(bytes, LEAVE, (size_t)n) : NULL;
	bool sent = send_all(console, bytes, leave ? (size_t)(leave - bytes) : (size_t)n);
	return n > 0 && !leave && sent;
}

static void talk(int console)
{
	struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {console, POLLIN, 0}};
	bool on = true;
	while (on && !leave_by) {
		if (poll(fds, 2, -1) < 0) {
			on = errno == EINTR;
			continue;
		}
		if (fds[1].revents)
			on = console_to_terminal(console);
		if (on && fds[0].revents)
			on = terminal_to_console(console);
	}
}

/* ---- the terminal ---- */

static void talk_raw(int console)
{
	struct termios before, raw;
	struct sigaction signals[ARRAY_LEN(watched)];
	const bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;
	watch_signals(signals);
	if (terminal) {
		raw = before;
		cfmakeraw(&raw);
		tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	}
	talk(console);
	if (terminal)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	give_signals_back(signals);
}

/* QEMU serves one client, and lets another one wait without a word. */
int vm_qemu_console(struct vm_machine *m, struct err *err)
{
	CLEANUP(free_ptr) char *lock_path = vm_machine_path(m, "console.lock");
	CLEANUP(fd_close) int lock = -1;
	CLEANUP(fd_close) int console = -1;
	if (!vm_qemu_is_running(m))
		return err_set(err, ERR_INVALID, "%s does not run: rollout vm up %s", m->spec->name,
			       m->spec->name);
	int r = vm_lock_try(lock_path, &lock, err);
	if (r == ERR_EXISTS)
		return err_set(err, r, "the console of %s is open elsewhere", m->spec->name);
	if (r == 0)
		r = connect_console(m, &console, err);
	if (r < 0)
		return r;
	talk_raw(console);
	if (leave_by)
		return err_set(err, ERR_CANCELLED, "ended by SIG%s", sigabbrev_np(leave_by));
	return 0;
}
