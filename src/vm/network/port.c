#include "network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_PORT 2200u
#define LAST_PORT 65535u

static bool is_taken(const unsigned *taken, size_t ntaken, unsigned port)
{
	for (size_t i = 0; i < ntaken; i++)
		if (taken[i] == port)
			return true;
	return false;
}

/* Binds as QEMU does for a forward: a connection that has just ended does not
 * count, a listener does. 0 or the errno. */
static int try_bind(unsigned port)
{
	const struct sockaddr_in a = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	int r = bind(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 ? errno : 0;
	close(fd);
	return r;
}

static int check_wanted(unsigned port, const unsigned *taken, size_t ntaken, struct err *err)
{
	if (port > LAST_PORT)
		return err_set(err, ERR_INVALID, "%u is not a TCP port", port);
	if (is_taken(taken, ntaken, port))
		return err_set(err, ERR_EXISTS, "two machines want port %u of 127.0.0.1", port);
	int r = try_bind(port);
	if (r == EADDRINUSE)
		return err_set(err, ERR_EXISTS, "port %u of 127.0.0.1 is in use", port);
	errno = r;
	return r ? err_sys(err, "bind port %u of 127.0.0.1", port) : 0;
}

int vm_port_choose(unsigned wanted, const unsigned *taken, size_t ntaken, unsigned *ret,
		   struct err *err)
{
	unsigned port = wanted;
	if (wanted) {
		int r = check_wanted(wanted, taken, ntaken, err);
		if (r < 0)
			return r;
	} else {
		for (port = FIRST_PORT; port <= LAST_PORT; port++)
			if (!is_taken(taken, ntaken, port) && try_bind(port) == 0)
				break;
		if (port > LAST_PORT)
			return err_set(err, ERR_NOT_FOUND,
				       "no port of 127.0.0.1 from %u to %u is free", FIRST_PORT,
				       LAST_PORT);
	}
	*ret = port;
	return 0;
}
