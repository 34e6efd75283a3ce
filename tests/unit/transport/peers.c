#include "peers.h"

#include "child.h"
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <unistd.h>

int peers_port(int *ret_fd)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_return_code(bind(fd, (struct sockaddr *)&at, sizeof(at)), errno);
	assert_return_code(listen(fd, 16), errno);
	getsockname(fd, (struct sockaddr *)&at, &n);
	if (ret_fd)
		*ret_fd = fd;
	else
		close(fd);
	return ntohs(at.sin_port);
}

int peers_connect(int fd, int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	return connect(fd, (struct sockaddr *)&to, sizeof(to));
}

void peers_play(enum peer peer, int fd)
{
	static char junk[65536];
	const char banner[] = "SSH-2.0-x\r\n";
	memset(junk, peer == PEER_LONG_LINE ? 'x' : '\n', sizeof(junk));
	switch (peer) {
	case PEER_SILENT:
		pause();
		break;
	case PEER_CLOSES:
		break;
	case PEER_CUT_BANNER:
		(void)!write(fd, banner, 5);
		break;
	case PEER_FLOOD:
	case PEER_LONG_LINE:
		while (write(fd, junk, sizeof(junk)) > 0)
			;
		break;
	case PEER_GARBAGE:
		(void)!write(fd, banner, sizeof(banner) - 1);
		for (size_t i = 0; i < sizeof(junk); i++)
			junk[i] = (char)(i * 197 + i / 7);
		(void)!write(fd, junk, 4096);
		pause();
	}
}

static void relay(int listener, int port, size_t budget)
{
	int a = accept(listener, NULL, NULL), b = socket(AF_INET, SOCK_STREAM, 0);
	char buf[4096];
	ssize_t n;
	if (peers_connect(b, port) < 0)
		_exit(1);
	pid_t up = child_fork();
	if (up == 0) {
		while ((n = read(a, buf, sizeof(buf))) > 0)
			if (write(b, buf, (size_t)n) != n)
				break;
		_exit(0);
	}
	while (budget > 0 && (n = read(b, buf, budget < sizeof(buf) ? budget : sizeof(buf))) > 0) {
		(void)!write(a, buf, (size_t)n);
		budget -= (size_t)n;
	}
	kill(up, SIGKILL);
}

void peers_relay(int listener, int port, size_t budget)
{
	relay(listener, port, budget);
	_exit(0);
}

void peers_dead_relay(int listener, int port, size_t budget)
{
	relay(listener, port, budget);
	for (;;)
		pause();
}
