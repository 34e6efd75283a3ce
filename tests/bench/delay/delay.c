/* A TCP proxy that is far away: what it takes it hands on after a delay, in both
 * directions; for a kernel without netem. Its second line of standard output is
 * written at the end of standard input: bytes to the server, bytes to the client.
 *
 *     delay MILLISECONDS PORT HOST PORT      prints "ready", then the figures */
#include "rollout/base/clock.h"
#include "rollout/base/file.h"
#include "rollout/base/vec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES 65536u
#define CONNECTIONS_MAX 64

struct piece {
	int64_t due_us;
	char *bytes; /* NULL: the end */
	size_t len, sent;
};

struct direction {
	int from, to;
	bool ended;
	VEC(struct piece) pieces; /* on their way */
	uint64_t total;
};

static struct direction all[2 * CONNECTIONS_MAX];
static size_t count;
static int64_t delay_us;

static int64_t now_us(void)
{
	return clock_realtime_us();
}

/* Due, but not before the connection itself would be there. */
static void take(struct direction *d)
{
	char buf[READ_BYTES];
	struct piece p = {.due_us = now_us() + delay_us};
	ssize_t n = read(d->from, buf, sizeof(buf));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	d->ended = n <= 0;
	if (n > 0) {
		p.bytes = xmalloc((size_t)n);
		memcpy(p.bytes, buf, (size_t)n);
		p.len = (size_t)n;
		d->total += (uint64_t)n;
	}
	vec_push(&d->pieces, p);
}

/* Whether the first piece is gone. */
static bool hand_on(struct direction *d)
{
	struct piece *p = &d->pieces.at[0];
	if (p->bytes) {
		ssize_t n = send(d->to, p->bytes + p->sent, p->len - p->sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			return false;
		p->sent += n < 0 ? p->len - p->sent : (size_t)n;
		if (p->sent < p->len)
			return false;
	} else {
		shutdown(d->to, SHUT_WR);
	}
	free(p->bytes);
	vec_remove(&d->pieces, 0);
	return true;
}

static void add(int from, int to)
{
	int yes = 1;
	setsockopt(to, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	fcntl(from, F_SETFL, O_NONBLOCK);
	all[count++] = (struct direction){.from = from, .to = to};
}

/* TCP's own handshake costs a round trip too. */
static void take_client(int listener, const struct sockaddr_in *server)
{
	int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	int to = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client < 0 || to < 0 || count + 2 > ARRAY_LEN(all) ||
	    connect(to, (const struct sockaddr *)server, sizeof(*server)) < 0) {
		perror("delay");
		exit(1);
	}
	usleep((useconds_t)(2 * delay_us));
	add(client, to);
	add(to, client);
}

static int wait_ms(void)
{
	int64_t first_us = INT64_MAX;
	for (size_t i = 0; i < count; i++)
		if (all[i].pieces.len && all[i].pieces.at[0].due_us < first_us)
			first_us = all[i].pieces.at[0].due_us;
	if (first_us == INT64_MAX)
		return -1;
	int64_t left_us = first_us - now_us();
	return left_us < 0 ? 0 : (int)((left_us + 999) / 1000);
}

static void turn(int listener, const struct sockaddr_in *server, bool *ret_done)
{
	struct pollfd fds[ARRAY_LEN(all) + 2] = {{.fd = 0, .events = POLLIN},
						 {.fd = listener, .events = POLLIN}};
	size_t known = count;
	for (size_t i = 0; i < known; i++)
		fds[i + 2] =
			(struct pollfd){.fd = all[i].ended ? -1 : all[i].from, .events = POLLIN};
	poll(fds, known + 2, wait_ms());
	*ret_done = fds[0].revents != 0;
	for (size_t i = 0; i < known; i++) {
		if (fds[i + 2].revents)
			take(&all[i]);
		while (all[i].pieces.len && all[i].pieces.at[0].due_us <= now_us())
			if (!hand_on(&all[i]))
				break;
	}
	if (fds[1].revents)
		take_client(listener, server);
}

static int listen_at(const char *port)
{
	int yes = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				 .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 16) < 0) {
		perror("delay: listen");
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	struct sockaddr_in server = {.sin_family = AF_INET};
	uint64_t up = 0, down = 0;
	bool done = false;
	if (argc != 5 || inet_pton(AF_INET, argv[3], &server.sin_addr) != 1) {
		fprintf(stderr, "usage: delay MILLISECONDS PORT HOST PORT\n");
		return 2;
	}
	delay_us = (int64_t)strtoul(argv[1], NULL, 10) * 1000;
	server.sin_port = htons((uint16_t)strtoul(argv[4], NULL, 10));
	int listener = listen_at(argv[2]);
	puts("ready");
	fflush(stdout);
	while (!done)
		turn(listener, &server, &done);
	for (size_t i = 0; i < count; i += 2) {
		up += all[i].total;
		down += all[i + 1].total;
	}
	printf("%llu %llu\n", (unsigned long long)up, (unsigned long long)down);
	return 0;
}
