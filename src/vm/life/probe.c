#include "probe.h"

#include "rollout/base/clock.h"
#include "rollout/base/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static const char greeting[] = {'S', 'S', 'H', '-'};

void vm_probe_place(const struct vm_machine *m, const char **ret_host, unsigned *ret_port)
{
	*ret_host = m->ssh_port ? "127.0.0.1" : m->address;
	*ret_port = m->ssh_port ? m->ssh_port : 22;
}

void vm_probe_end(struct vm_probe *p)
{
	fd_close(&p->fd);
}

static enum vm_probe_result refused(struct vm_probe *p, const char *why)
{
	p->why = why;
	vm_probe_end(p);
	return PROBE_REFUSED;
}

void vm_probe_begin(struct vm_probe *p, const char *host, unsigned port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	*p = (struct vm_probe){.fd = -1, .begun_ms = clock_now_ms()};
	if (!host || inet_pton(AF_INET, host, &at.sin_addr) != 1) {
		p->why = "it has no address";
		return;
	}
	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->fd >= 0 && connect(p->fd, (struct sockaddr *)&at, sizeof(at)) < 0 &&
	    errno != EINPROGRESS)
		refused(p, strerror(errno));
}

static enum vm_probe_result hear(struct vm_probe *p)
{
	ssize_t n = recv(p->fd, p->got + p->have, sizeof(p->got) - p->have, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return PROBE_WAITING;
	if (n <= 0)
		return refused(p, "the port is open and the connection is closed at once");
	p->have += (size_t)n;
	if (memcmp(p->got, greeting, p->have) != 0)
		return refused(p, "what answers there is not an SSH server");
	if (p->have < sizeof(p->got))
		return PROBE_WAITING;
	vm_probe_end(p);
	return PROBE_ANSWERED;
}

enum vm_probe_result vm_probe_step(struct vm_probe *p, int wait_ms)
{
	struct pollfd fd = {p->fd, p->connected ? POLLIN : POLLOUT, 0};
	int sys = 0;
	socklen_t n = sizeof(sys);
	if (p->fd < 0)
		return refused(p, p->why ? p->why : "there is no socket for it");
	if (poll(&fd, 1, wait_ms) <= 0)
		return PROBE_WAITING;
	if (p->connected)
		return hear(p);
	getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &sys, &n);
	if (sys != 0)
		return refused(p, strerror(sys));
	p->connected = true;
	return PROBE_WAITING;
}

bool vm_probe_answers(const struct vm_machine *m, int64_t limit_ms)
{
	const int64_t end_ms = clock_now_ms() + limit_ms;
	enum vm_probe_result r = PROBE_WAITING;
	const char *host;
	unsigned port;
	struct vm_probe p;
	vm_probe_place(m, &host, &port);
	vm_probe_begin(&p, host, port);
	while (r == PROBE_WAITING && clock_now_ms() < end_ms)
		r = vm_probe_step(&p, (int)(end_ms - clock_now_ms()) + 1);
	vm_probe_end(&p);
	return r == PROBE_ANSWERED;
}
