#include "address.h"

#include "../../call.h"
#include "rollout/base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#define CONNECT_MAX_MS 3600000

static bool add_literal(struct addresses *a, const char *text, uint16_t port)
{
	struct sockaddr_storage ss = {0};
	struct sockaddr_in *in4 = (struct sockaddr_in *)&ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ss;
	if (inet_pton(AF_INET, text, &in4->sin_addr) == 1) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons(port);
	} else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
	} else {
		return false;
	}
	if (a->len < ADDRESSES_MAX)
		a->at[a->len++] = ss;
	return true;
}

static void add_from_hosts(struct module_call *call, const char *name, uint16_t port,
			   struct addresses *a)
{
	struct slice text = call_read_trimmed(call, "/etc/hosts"), line, address, word;
	while (slice_split(&text, '\n', &line)) {
		const char *hash = line.len ? memchr(line.ptr, '#', line.len) : NULL;
		if (hash)
			line.len = (size_t)(hash - line.ptr);
		if (!slice_word(&line, &address))
			continue;
		while (slice_word(&line, &word))
			if (word.len == strlen(name) && strncasecmp(word.ptr, name, word.len) == 0)
				add_literal(a, arena_slice(call->arena, address).ptr, port);
	}
}

int addresses_find(struct module_call *call, const char *name, uint16_t port, struct addresses *ret,
		   struct err *err)
{
	struct addresses a = {0};
	/* "--": a name may begin with a dash. */
	const char *const argv[] = {"getent", "--", "ahosts", name, NULL};
	struct slice out = {NULL, 0}, line, address, kind;
	int exit_code = 0;
	if (!add_literal(&a, name, port))
		add_from_hosts(call, name, port, &a);
	if (a.len == 0 && call_probe(call, argv, &exit_code, &out, NULL) == 0 && exit_code == 0)
		while (slice_split(&out, '\n', &line))
			if (slice_word(&line, &address) && slice_word(&line, &kind) &&
			    slice_is(kind, "STREAM"))
				add_literal(&a, arena_slice(call->arena, address).ptr, port);
	if (a.len == 0)
		return err_set(err, ERR_NOT_FOUND, "the name %s has no address", name);
	*ret = a;
	return 0;
}

static bool finish_connect(int fd, int64_t timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int error = 0;
	socklen_t size = sizeof(error);
	if (poll(&p, 1, (int)timeout_ms) != 1)
		return false;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

int addresses_connect(const struct addresses *a, int64_t timeout_ms)
{
	int64_t end = clock_now_ms() + timeout_ms;
	for (size_t i = 0; i < a->len; i++) {
		const struct sockaddr *to = (const struct sockaddr *)&a->at[i];
		socklen_t size = to->sa_family == AF_INET ? sizeof(struct sockaddr_in)
							  : sizeof(struct sockaddr_in6);
		int64_t left = end - clock_now_ms();
		int fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (fd < 0)
			continue;
		if (connect(fd, to, size) == 0)
			return fd;
		if (errno == EINPROGRESS &&
		    finish_connect(fd, left < 1		       ? 1
				       : left > CONNECT_MAX_MS ? CONNECT_MAX_MS
							       : left))
			return fd;
		close(fd);
	}
	return -1;
}
