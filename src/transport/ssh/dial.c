#include "dial.h"

#include "rollout/base/file.h"
#include "rollout/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct dial_command {
	uv_process_t process; /* first: freed as the handle */
	struct dial_command **owner;
};

struct dial {
	uv_loop_t *loop;
	uv_getaddrinfo_t resolve;
	struct addrinfo *list, *next;
	uv_poll_t *poll; /* of the address being tried */
	uv_timer_t *now; /* reports what is decided at once */
	int fd;
	bool resolving, cancelled;
	struct err why; /* of the last address */
	char host[256];
	int port;
	dial_done *done;
	void *ctx;
};

static void free_handle(uv_handle_t *h)
{
	free(h);
}

static void drop_poll(struct dial *d)
{
	if (d->poll)
		uv_close((uv_handle_t *)d->poll, free_handle);
	d->poll = NULL;
}

static void dial_free(struct dial *d)
{
	drop_poll(d);
	if (d->now)
		uv_close((uv_handle_t *)d->now, free_handle);
	d->now = NULL;
	fd_close(&d->fd);
	if (d->list)
		uv_freeaddrinfo(d->list);
	d->list = NULL;
	if (!d->resolving) /* else in on_resolved */
		free(d);
}

static void report(struct dial *d)
{
	int fd = d->fd;
	struct err why = d->why;
	dial_done *done = d->done;
	void *ctx = d->ctx;
	d->fd = -1;
	dial_free(d);
	done(ctx, fd, fd < 0 ? &why : NULL);
}

static void on_now(uv_timer_t *t)
{
	report(t->data);
}

/* What is decided inside dial_tcp itself is reported from the loop. */
static void report_later(struct dial *d)
{
	d->now = xcalloc(1, sizeof(*d->now));
	uv_timer_init(d->loop, d->now);
	d->now->data = d;
	uv_timer_start(d->now, on_now, 0, 0);
}

static void address_failed(struct dial *d, const struct addrinfo *a, int sys)
{
	char text[NI_MAXHOST] = "?";
	getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST);
	err_set(&d->why, ERR_UNREACHABLE, "connect to %s%s%s%s port %d: %s", d->host,
		strcmp(text, d->host) ? " (" : "", strcmp(text, d->host) ? text : "",
		strcmp(text, d->host) ? ")" : "", d->port, strerror(sys));
	d->why.sys = sys;
	fd_close(&d->fd);
}

static void try_next(struct dial *d);

static void on_connected(uv_poll_t *poll, int status, int events UNUSED)
{
	struct dial *d = poll->data;
	int sys = 0;
	socklen_t n = sizeof(sys);
	drop_poll(d);
	if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &sys, &n) < 0)
		sys = errno;
	if (sys == 0 && status < 0)
		sys = -status;
	if (sys == 0) {
		report(d);
		return;
	}
	address_failed(d, d->next, sys);
	d->next = d->next->ai_next;
	try_next(d);
}

/* false: this address failed at once. */
static bool try_address(struct dial *d, const struct addrinfo *a)
{
	int on = 1;
	d->fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (d->fd < 0) {
		address_failed(d, a, errno);
		return false;
	}
	setsockopt(d->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(d->fd, a->ai_addr, a->ai_addrlen) < 0 && errno != EINPROGRESS) {
		address_failed(d, a, errno);
		return false;
	}
	d->poll = xcalloc(1, sizeof(*d->poll));
	d->poll->data = d;
	int r = uv_poll_init(d->loop, d->poll, d->fd);
	if (r < 0) {
		free(d->poll);
		d->poll = NULL;
		address_failed(d, a, -r);
		return false;
	}
	uv_poll_start(d->poll, UV_WRITABLE, on_connected);
	return true;
}

static void try_next(struct dial *d)
{
	for (; d->next; d->next = d->next->ai_next)
		if (try_address(d, d->next))
			return;
	report_later(d);
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
	struct dial *d = req->data;
	d->resolving = false;
	d->list = list;
	if (d->cancelled) {
		dial_free(d);
		return;
	}
	if (status < 0) {
		err_set(&d->why, ERR_UNREACHABLE, "the name %s does not resolve: %s", d->host,
			uv_strerror(status));
		report(d);
		return;
	}
	d->next = list;
	try_next(d);
}

struct dial *dial_tcp(uv_loop_t *loop, const char *host, int port, dial_done *done, void *ctx)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
	char service[16];
	struct dial *d = xcalloc(1, sizeof(*d));
	d->loop = loop;
	d->fd = -1;
	d->port = port;
	d->done = done;
	d->ctx = ctx;
	d->resolve.data = d;
	snprintf(d->host, sizeof(d->host), "%s", host);
	snprintf(service, sizeof(service), "%d", port);
	/* an address needs no thread */
	struct addrinfo *list = NULL;
	if (getaddrinfo(host, service, &hints, &list) == 0) {
		d->list = d->next = list;
		try_next(d);
		return d;
	}
	hints.ai_flags = AI_ADDRCONFIG;
	int r = uv_getaddrinfo(loop, &d->resolve, on_resolved, host, service, &hints);
	d->resolving = r == 0;
	if (r < 0) {
		err_set(&d->why, ERR_UNREACHABLE, "the name %s does not resolve: %s", d->host,
			uv_strerror(r));
		report_later(d);
	}
	return d;
}

void dial_cancel(struct dial *d)
{
	if (!d)
		return;
	d->cancelled = true;
	if (d->resolving)
		uv_cancel((uv_req_t *)&d->resolve);
	dial_free(d);
}

static void on_command_exit(uv_process_t *p, int64_t status UNUSED, int signal UNUSED)
{
	struct dial_command *c = p->data;
	if (c->owner)
		*c->owner = NULL;
	uv_close((uv_handle_t *)p, free_handle);
}

static int spawn_command(struct dial_command *c, uv_loop_t *loop, const char *text, int fd)
{
	CLEANUP(strbuf_release) struct strbuf line = {0};
	strbuf_printf(&line, "exec %s", text); /* as ssh: the shell steps aside */
	char *argv[] = {(char *)"sh", (char *)"-c", line.ptr, NULL};
	uv_stdio_container_t io[3] = {{.flags = UV_INHERIT_FD, .data.fd = fd},
				      {.flags = UV_INHERIT_FD, .data.fd = fd},
				      {.flags = UV_IGNORE}};
	uv_process_options_t options = {.exit_cb = on_command_exit,
					.file = "/bin/sh",
					.args = argv,
					.stdio = io,
					.stdio_count = 3};
	c->process.data = c;
	return uv_spawn(loop, &c->process, &options);
}

int dial_command(uv_loop_t *loop, const char *text, struct dial_command **owner, int *ret_fd,
		 struct err *err)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, "socketpair");
	fcntl(pair[0], F_SETFL, O_NONBLOCK); /* the command's end blocks */
	struct dial_command *c = xcalloc(1, sizeof(*c));
	int r = spawn_command(c, loop, text, pair[1]);
	fd_close(&pair[1]);
	if (r < 0) {
		fd_close(&pair[0]);
		uv_close((uv_handle_t *)&c->process, free_handle);
		return err_set(err, ERR_SYS, "ProxyCommand %s: %s", text, uv_strerror(r));
	}
	c->owner = owner;
	*owner = c;
	*ret_fd = pair[0];
	return 0;
}

void dial_command_end(struct dial_command *c)
{
	if (!c)
		return;
	c->owner = NULL;
	uv_process_kill(&c->process, SIGTERM);
}
