#include "peer.h"

#include "rollout/base/file.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_CHUNK_BYTES (256u << 10)

void peer_read(struct peer *p)
{
	static char buf[READ_CHUNK_BYTES];
	ssize_t n = read(p->in, buf, sizeof(buf));
	if (n > 0)
		wire_reader_feed(&p->reader, buf, (size_t)n);
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		p->ended = true;
}

/* SIGPIPE is for the commands; a worker must not die of its socket. */
static ssize_t write_some(int fd, const char *from, size_t len)
{
	ssize_t n = send(fd, from, len, MSG_NOSIGNAL);
	return n < 0 && errno == ENOTSOCK ? write(fd, from, len) : n;
}

/* When it is at least half, so that each byte is moved once on average. */
static void drop_written(struct peer *p)
{
	if (p->written < peer_queued(p))
		return;
	strbuf_drop_front(&p->queue, p->written);
	p->written = 0;
}

void peer_flush(struct peer *p)
{
	while (peer_queued(p) > 0 && !p->broken) {
		ssize_t n = write_some(p->out, p->queue.ptr + p->written, peer_queued(p));
		if (n < 0 && errno == EAGAIN) {
			drop_written(p);
			return;
		}
		if (n < 0 && errno != EINTR)
			p->broken = true;
		p->written += n > 0 ? (size_t)n : 0;
	}
	/* Nobody will read the rest. */
	strbuf_truncate(&p->queue, 0);
	p->written = 0;
}

void peer_flush_all(struct peer *p)
{
	while (peer_queued(p) > 0) {
		struct pollfd fd = {.fd = p->out, .events = POLLOUT};
		peer_flush(p);
		if (peer_queued(p) > 0)
			poll(&fd, 1, -1);
	}
}

void peer_close(struct peer *p)
{
	if (p->out != p->in)
		fd_close(&p->out);
	fd_close(&p->in);
	p->out = -1;
	wire_reader_release(&p->reader);
	strbuf_wipe(&p->queue);
	p->written = 0;
}
