#include "image_server.h"

#include "rollout/base/compiler.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static bool send_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		const ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static bool read_request(int fd, char *request, size_t size)
{
	size_t len = 0;
	while (len + 1 < size) {
		const ssize_t n = recv(fd, request + len, size - 1 - len, 0);
		if (n <= 0)
			return false;
		len += (size_t)n;
		request[len] = '\0';
		if (strstr(request, "\r\n\r\n"))
			return true;
	}
	return false;
}

static size_t range_of(struct image_server *s, const char *request)
{
	const char *range = strstr(request, "\r\nRange: bytes=");
	if (!range)
		return 0;
	s->ranged++;
	s->first_range = strtoul(range + strlen("\r\nRange: bytes="), NULL, 10);
	return s->no_ranges ? 0 : s->first_range;
}

static void put_head(const struct image_server *s, size_t from, struct strbuf *head)
{
	if (s->redirect)
		strbuf_printf(head, "HTTP/1.1 302 Found\r\nLocation: %s\r\n", s->redirect);
	else if (s->status)
		strbuf_printf(head, "HTTP/1.1 %d No\r\nContent-Length: 0\r\n", s->status);
	else if (from > s->file.len)
		strbuf_puts(head, "HTTP/1.1 416 No\r\nContent-Length: 0\r\n");
	else if (from)
		strbuf_printf(head,
			      "HTTP/1.1 206 Partial\r\nContent-Range: bytes %zu-%zu/%zu\r\n"
			      "Content-Length: %zu\r\n",
			      from, s->file.len - 1, s->file.len, s->file.len - from);
	else if (s->no_length)
		strbuf_puts(head, "HTTP/1.1 200 OK\r\n");
	else
		strbuf_printf(head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n", s->file.len);
	strbuf_puts(head, "Connection: close\r\n\r\n");
}

static void answer(struct image_server *s, int fd)
{
	CLEANUP(strbuf_release) struct strbuf head = {0};
	char request[4096] = "";
	if (!read_request(fd, request, sizeof(request)))
		return;
	s->requests++;
	const size_t from = range_of(s, request);
	put_head(s, from, &head);
	send_all(fd, head.ptr, head.len);
	if (s->redirect || s->status || from > s->file.len)
		return;
	size_t len = s->file.len - from;
	if (s->breaks && s->break_after && len > s->break_after) {
		s->breaks--;
		len = s->break_after;
	}
	send_all(fd, s->file.ptr + from, len);
}

static void *serve(void *ctx)
{
	struct image_server *s = ctx;
	for (;;) {
		const int fd = accept(s->fd, NULL, NULL);
		if (fd < 0)
			return NULL;
		answer(s, fd);
		shutdown(fd, SHUT_WR);
		close(fd);
	}
}

void image_server_start(struct image_server *s)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    listen(s->fd, 8) < 0 || getsockname(s->fd, (struct sockaddr *)&at, &len) < 0 ||
	    pthread_create(&s->thread, NULL, serve, s) != 0)
		abort();
	s->port = ntohs(at.sin_port);
}

void image_server_stop(struct image_server *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
}
