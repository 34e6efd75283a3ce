/* The bytes below a session: a socket on the loop, or a channel of another. */
#include "link.h"

#include "rollout/base/clock.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

static void free_handle(uv_handle_t *h)
{
	free(h);
}

static void watch(struct ssh_link *link);

static void receive_some(struct ssh_link *link)
{
	while (!link->hangup && link->in.len - link->in_at < LINK_IN_MAX) {
		char *to = strbuf_reserve(&link->in, 32768);
		ssize_t n = recv(link->fd, to, 32768, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			link->hangup = n == 0 ? "the peer closed the connection" : strerror(errno);
			return;
		}
		strbuf_grew(&link->in, (size_t)n);
		link->heard_ms = clock_now_ms();
		if (link->state < LINK_READY)
			link->early_bytes += (size_t)n;
		if (n < 32768)
			return;
	}
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct ssh_link *link = poll->data;
	if (status < 0 || (events & UV_READABLE))
		receive_some(link);
	/* libuv says EBADF for any error on the socket, and stops */
	if (status < 0 && !link->hangup)
		link->hangup = "the connection broke";
	ssh_link_pump(link);
}

int link_io_attach(struct ssh_link *link, int fd)
{
	link->fd = fd;
	link->poll = xcalloc(1, sizeof(*link->poll));
	int r = uv_poll_init(link->loop, link->poll, fd);
	if (r < 0) {
		free(link->poll);
		link->poll = NULL;
		return r;
	}
	link->poll->data = link;
	link->heard_ms = clock_now_ms();
	watch(link);
	return 0;
}

static void watch(struct ssh_link *link)
{
	int want = 0;
	if (!link->poll)
		return;
	if (link->in.len - link->in_at < LINK_IN_MAX)
		want |= UV_READABLE;
	if (link->out.len > link->out_at)
		want |= UV_WRITABLE;
	if (want == link->poll_events)
		return;
	link->poll_events = want;
	if (want)
		uv_poll_start(link->poll, want, on_poll);
	else
		uv_poll_stop(link->poll);
}

/* libssh2 takes: -EAGAIN until more is there. A closed connection looks the
 * same to it, so that it hands out all it has; ssh_link_pump ends the link. */
static ssize_t take_in(struct ssh_link *link, void *to, size_t size)
{
	size_t have = link->in.len - link->in_at;
	if (have == 0)
		return -EAGAIN;
	if (size > have)
		size = have;
	memcpy(to, link->in.ptr + link->in_at, size);
	link->in_at += size;
	if (link->in_at == link->in.len) {
		strbuf_truncate(&link->in, 0);
		link->in_at = 0;
	}
	return (ssize_t)size;
}

static ssize_t take_from_channel(struct ssh_link *link, void *to, size_t size)
{
	ssize_t n = libssh2_channel_read(link->via_channel, to, size);
	if (n > 0) {
		link->heard_ms = clock_now_ms();
		if (link->state < LINK_READY)
			link->early_bytes += (size_t)n;
		return n;
	}
	if (n < 0 && n != LIBSSH2_ERROR_EAGAIN)
		link->hangup = "the jump host's channel failed";
	else if (libssh2_channel_eof(link->via_channel))
		link->hangup = "the peer closed the connection";
	return -EAGAIN;
}

static LIBSSH2_RECV_FUNC(on_recv)
{
	struct ssh_link *link = *abstract;
	(void)socket;
	(void)flags;
	if (link->state == LINK_DEAD) /* lets libssh2 free without waiting */
		return -ECONNRESET;
	return link->via_channel ? take_from_channel(link, buffer, length)
				 : take_in(link, buffer, length);
}

static LIBSSH2_SEND_FUNC(on_send)
{
	struct ssh_link *link = *abstract;
	(void)socket;
	(void)flags;
	if (link->state == LINK_DEAD)
		return -ECONNRESET;
	strbuf_append(&link->out, buffer, length);
	return (ssize_t)length;
}

void link_io_session(struct ssh_link *link)
{
#if LIBSSH2_VERSION_NUM >= 0x010b01
	libssh2_session_callback_set2(link->session, LIBSSH2_CALLBACK_RECV,
				      (libssh2_cb_generic *)on_recv);
	libssh2_session_callback_set2(link->session, LIBSSH2_CALLBACK_SEND,
				      (libssh2_cb_generic *)on_send);
#else
	/* its interface takes functions as data pointers */
	union {
		LIBSSH2_RECV_FUNC((*recv));
		void *p;
	} r = {.recv = on_recv};
	union {
		LIBSSH2_SEND_FUNC((*send));
		void *p;
	} s = {.send = on_send};
	libssh2_session_callback_set(link->session, LIBSSH2_CALLBACK_RECV, r.p);
	libssh2_session_callback_set(link->session, LIBSSH2_CALLBACK_SEND, s.p);
#endif
}

static ssize_t send_some(struct ssh_link *link, const char *from, size_t len)
{
	if (link->via_channel) {
		ssize_t n = libssh2_channel_write(link->via_channel, from, len);
		if (n == LIBSSH2_ERROR_EAGAIN)
			return 0;
		if (n < 0)
			link->hangup = "the jump host's channel failed";
		return n;
	}
	ssize_t n = send(link->fd, from, len, MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0 && !link->hangup)
		link->hangup = strerror(errno);
	return n;
}

void link_io_flush(struct ssh_link *link)
{
	while (link->out.len > link->out_at) {
		ssize_t n =
			send_some(link, link->out.ptr + link->out_at, link->out.len - link->out_at);
		if (n <= 0)
			break;
		link->out_at += (size_t)n;
	}
	if (link->out_at == link->out.len) {
		strbuf_truncate(&link->out, 0);
		link->out_at = 0;
	} else if (link->out_at > LINK_OUT_HIGH) {
		strbuf_drop_front(&link->out, link->out_at);
		link->out_at = 0;
	}
	if (link->via_channel && link->via)
		link_io_flush(link->via);
	watch(link);
}

void link_io_release(struct ssh_link *link)
{
	if (link->poll)
		uv_close((uv_handle_t *)link->poll, free_handle);
	link->poll = NULL;
	fd_close(&link->fd);
	strbuf_release(&link->in);
	strbuf_release(&link->out);
	link->in_at = link->out_at = 0;
}
